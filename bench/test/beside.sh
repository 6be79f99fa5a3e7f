#!/bin/sh
# SPDX-License-Identifier: MIT
# beside.sh [TACH [SYNTH_GUEST]]: two machines on one page: a run beside one of another class that counts,
# named or found, where both differ and why, and what may not stand there. A synthetic guest stands in for
# QEMU, and the figures of the other machine are made of its own. Last line: the sum.
set -u
tach=$(realpath "${1:-build/tach}")
synth=$(realpath "${2:-build/test/synth_guest}")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d /tmp/tach-beside-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 1
name=beside
. bench/test/expect.sh
export TACH_HISTORY="$work/none.db" # not that of whoever tests

mkdir "$work/bin" "$work/runs"
ln -s "$synth" "$work/bin/qemu-system-x86_64"
for image in kernel loader initfs; do
    echo $image >"$work/$image"
done
printf 'axis pti off,on\naxis trace off\nR0 - -\nR1 8 -\nT2 8 -\nT2 64 -\nD4 8 two\nD4 64 two\nR1 64 -\n' \
    >"$work/sample.cfg"
qemu=$work/runs/qemu
expect 0 '' env PATH="$work/bin:$PATH" "$tach" run --class icount --kernel "$work/kernel" --loader \
    "$work/loader" --initfs "$work/initfs" --matrix "$work/sample.cfg" --out "$qemu"

# bochs NAME FILTER: a run of class bochs that counts as it must, with PCID, then changed by the filter.
bochs() {
    mkdir -p "$work/runs/$1"
    for file in ipc.json ipc.ci.json; do
        jq --arg date "$3" "def less(n): .instructions -= n | .region_min -= n | .region_max -= n;
            .context.tach_class = \"bochs\" | .context.tach_machine = \"bochs tigerlake abi 6\" |
            .context.date = \$date |
            .benchmarks |= map(if .name | test(\"[DR][14]/size:64\") then less(1)
                elif .name | test(\"T2/size:64\") then less(2) else . end) |
            .benchmarks += [.benchmarks[] | select(.name | test(\"pti:on\")) |
                .name |= sub(\"/pti:on\"; \"/pcid/pti:on\") | .instructions += 1] | $2" \
            "$qemu/$file" >"$work/runs/$1/$file"
    done
}

holds() {
    check /usr/bin/python3 bench/test/check_report.py "$@"
}

lacks() {
    check sh -c '! grep -q -- "$1" "$2"' - "$1" "$2"
}

# Alone there is nothing beside it.
page=$qemu/report.html
expect 0 '' "$tach" report "$qemu"
lacks 'id="machines"' "$page"
lacks '#machines' "$page"
lacks 'data-beside' "$page"

# Named: every figure and difference of both, each with its cause.
bochs plain . 2026-01-01
expect 0 '' "$tach" report "$qemu" --beside "$work/runs/plain"
holds "$page" "$qemu/ipc.ci.json" "$work/runs/plain/ipc.ci.json"
check grep -q ' bochs <a href="#machines">agrees</a>: of 14 figures of both 8 are equal, 6 differ as documented\.' "$page"
check grep -q '<tr><td>T2/size:64</td>.*>-2</td>.*>-2</td>.*>+1</td><td class="text">2 REP instructions</td>' "$page"
check grep -q '<tr><td>R0</td>.*>0</td>.*>0</td>.*>+1</td><td class="text"></td>' "$page"
check grep -q 'QEMU counts n + 1 for n turns' "$page"
check grep -q 'only cycles of hardware show them' "$page"
check grep -q 'the same kernel and programs' "$page"
lacks 'Bochs counts it, QEMU does not' "$page"
lacks 'unexplained' "$page"

# The other way round, and of a document alone.
expect 0 '' "$tach" report "$work/runs/plain" --beside "$qemu/ipc.ci.json"
holds "$work/runs/plain/report.html" "$work/runs/plain/ipc.ci.json" "$qemu/ipc.ci.json"
check grep -q ' icount <a href="#machines">agrees</a>' "$work/runs/plain/report.html"
check grep -q '<tr><td>T2/size:64</td>.*>+2</td>.*2 REP instructions' "$work/runs/plain/report.html"

# Found: the newest whole run of the same images; a damaged one beside it is nobody's matter.
bochs newest '(.benchmarks[] | select(.name == "ipc/R0/pti:on") |
    (.instructions, .region_min)) += 3' 2026-03-01
bochs other '.context.kernel_sha256 = "0" |
    (.benchmarks[0] | (.instructions, .region_min)) += 9' 2026-04-01
bochs half '.context.tach_complete = "no"' 2026-05-01
mkdir "$work/runs/broken"
echo '{' >"$work/runs/broken/ipc.ci.json"
ln -s plain "$work/runs/latest"
expect 0 '' "$tach" report "$qemu/"
holds "$page" "$qemu/ipc.ci.json" "$work/runs/newest/ipc.ci.json"
check grep -q 'class="alarm">disagrees</a>: of 14 figures of both 7 are equal, 6 differ.*1 unexplained</span>\.' "$page"
check grep -q '<tr><td>R0</td>.*class="alarm">+3</td>.*<td class="text alarm">off: the same; on: unexplained' "$page"
check grep -q 'No cause is known' "$page"
bochs newest '(.benchmarks[] | select(.name == "ipc/R0/pti:on") | (.instructions, .region_min)) += 3' 2025-12-01
expect 0 '' "$tach" report "$qemu"
check grep -q ' bochs <a href="#machines">agrees</a>' "$page"

# Of another build: shown where it was named, and said.
expect 0 '' "$tach" report "$qemu" --beside "$work/runs/other"
check grep -q 'It ran other images' "$page"
check grep -q '1 unexplained</span>; it ran other images' "$page"

# Off by one where a cause is known is unexplained.
bochs less '.benchmarks |= map(if .name | test("T2/size:64/pti") then
    (.instructions, .region_min) -= 1 else . end)' 2026-01-01
expect 0 '' "$tach" report "$qemu" --beside "$work/runs/less"
check grep -q '2 unexplained' "$page"
check grep -q 'unexplained: 2 less would be' "$page"

# Nothing in common; hostile names; many cells, of which those that agree fold away.
bochs none '.benchmarks |= map(.name |= sub("ipc/"; "ipc/X"))' 2026-01-01
expect 0 '' "$tach" report "$qemu" --beside "$work/runs/none"
check grep -q 'bochs beside it has no cell of this run' "$page"
bochs 'h<b>' '.context.tach_machine = "<script>"' 2026-01-01
expect 0 '' "$tach" report "$qemu" --beside "$work/runs/h<b>"
holds "$page" "$qemu/ipc.ci.json" "$work/runs/h<b>/ipc.ci.json"
lacks '<script>' "$page"
many='.benchmarks += [range(60) as $n | .benchmarks[0] | .name = "ipc/R0/size:\($n)/pti:off"]'
mkdir "$work/many"
jq "$many" "$qemu/ipc.ci.json" >"$work/many/qemu.json"
jq "$many" "$work/runs/plain/ipc.ci.json" >"$work/many/bochs.json"
expect 0 '' "$tach" report "$work/many/qemu.json" --beside "$work/many/bochs.json" --out "$work/many.html"
holds "$work/many.html" "$work/many/qemu.json" "$work/many/bochs.json"
check grep -q 'The cells without a difference' "$work/many.html"

jq '.context.tach_class = "kvm" | .benchmarks |= [.[] | .cycles = .instructions | del(.instructions)]' \
    "$qemu/ipc.ci.json" >"$work/cycles.json"

# Figures of two classes are no comparison; who tries is told where they stand together.
expect 2 'different classes are never compared: icount | bochs; tach report --beside' "$tach" compare "$qemu" \
    "$work/runs/plain"
check one_line
expect 2 'different classes are never compared: icount | kvm$' "$tach" compare "$qemu" "$work/cycles.json"
expect 2 'boots with trace=on send them' "$tach" model "$work/runs/plain"
check one_line

# A run that has PCID shows it without a second machine too.
mkdir "$work/lone"
cp -r "$work/runs/plain" "$work/lone/plain"
expect 0 '' "$tach" report "$work/lone/plain"
holds "$work/lone/plain/report.html" "$work/lone/plain/ipc.ci.json"
check grep -q 'Isolation with PCID</h2>' "$work/lone/plain/report.html"
check grep -q '<title>Isolation off, on, and on with PCID</title>' "$work/lone/plain/report.html"

# Nowhere does a figure with PCID stand for one without, in whatever order they come.
jq '.benchmarks |= reverse' "$work/runs/plain/ipc.ci.json" >"$work/turned.json"
expect 0 '' "$tach" report "$work/turned.json" --out "$work/turned.html"
check grep -q 'data-name="ipc/T2/size:8/pti:on" data-member="kernel"' "$work/turned.html"
lacks 'pcid/pti:on" data-member="kernel"' "$work/turned.html"

# And draws it: the other machine's figures are marks, and where there is no PCID there is no picture.
check grep -q 'marks: the other one' "$page"
expect 0 '' "$tach" plot "$work/lone/plain" --out "$work/plots"
check grep -q 'isolation on, PCID' "$work/plots/pcid.svg"
expect 0 '' "$tach" plot "$qemu" --out "$work/without"
check test ! -e "$work/without/pcid.svg"

# What may not stand there: one line each.
expect 65 'both must count instructions: the run is of class icount, this of kvm' "$tach" report "$qemu" \
    --beside "$work/cycles.json"
check one_line
expect 65 'both must count instructions' "$tach" report "$work/cycles.json" --beside "$qemu" --out "$work/x.html"
expect 65 '.*--against compares such runs' "$tach" report "$qemu" --beside "$qemu"
check one_line
expect 66 'No such file' "$tach" report "$qemu" --beside "$work/absent"
expect 65 '' "$tach" report "$qemu" --beside "$work/runs/broken"
mkdir "$work/pair"
cp -r "$qemu" "$work/pair/base"
cp -r "$qemu" "$work/pair/head"
expect 65 'holds two sides' "$tach" report "$qemu" --beside "$work/pair"
check test ! -e "$work/x.html"

finish
