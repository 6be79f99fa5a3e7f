#!/bin/sh
# SPDX-License-Identifier: MIT
# page.sh [TACH [SYNTH_GUEST]]: the report as a reader gets it: pages of runs, of two sides, of a bare
# document; the index of runs; how a page is shown; hostile names. A synthetic guest stands in for
# QEMU, so every figure is known. Last line: the sum.
set -u
tach=$(realpath "${1:-build/tach}")
synth=$(realpath "${2:-build/test/synth_guest}")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d /tmp/tach-page-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 1
name=page
. bench/test/expect.sh

mkdir "$work/bin" "$work/runs"
ln -s "$synth" "$work/bin/qemu-system-x86_64"
for image in kernel loader initfs; do
    echo $image >"$work/$image"
done
cat >"$work/sample.cfg" <<END
axis pti off,on
axis trace off,on
R0 - -
R1 8 -
R1 4096 -
T2 8 -
T2 4096 -
D4 8 two
D4 4096 two
D3 8 two
D0 8 two
END

run() {
    env PATH="$work/bin:$PATH" "$tach" run --class icount --kernel "$work/kernel" \
        --loader "$work/loader" --initfs "$work/initfs" --matrix "$work/sample.cfg" "$@"
}

holds() {
    check /usr/bin/python3 bench/test/check_report.py "$1" "$2"
}

lacks() {
    check sh -c '! grep -q -- "$1" "$2"' - "$1" "$2"
}

# A run: every figure from its documents and its frames.
good=$work/runs/good
expect 0 '' run --out "$good"
expect 0 '' "$tach" report "$good"
holds "$good/report.html" "$good/ipc.ci.json"
for section in answers spread payload rungs phases waterfall provenance; do
    check grep -q "<section id=\"$section\"" "$good/report.html"
done
check grep -q 'isolation off: [0-9]* in 11 intervals; 5 calls were traced' "$good/report.html"
check grep -q 'not compared' "$good/report.html"
check grep -q 'A/A floor 0' "$good/report.html"
lacks 'A fraction of an instruction' "$good/report.html"
lacks 'Less with isolation' "$good/report.html"

# The same document alone: what needs frames says that they are not there.
cp "$good/ipc.ci.json" "$work/alone.json"
expect 0 '' "$tach" report "$work/alone.json" --out "$work/alone.html"
holds "$work/alone.html" "$work/alone.json"
check grep -q 'has no histograms' "$work/alone.html"
check grep -q 'has no traced calls' "$work/alone.html"

jq '.benchmarks |= .[:4]' "$work/alone.json" >"$work/few.json"

# Without its frames a run is still a page; with damaged ones too.
cp -r "$good" "$work/thin"
rm "$work"/thin/boot-[12].frames
head -c 100 "$good/boot-3.frames" >"$work/thin/boot-3.frames"
head -c 700 LICENSE >"$work/thin/boot-4.frames"
expect 0 '' "$tach" report "$work/thin"
holds "$work/thin/report.html" "$work/thin/ipc.ci.json"

# Fractions, and less with isolation, are explained where they are, and nowhere else.
jq '(.benchmarks[] | select(.name == "ipc/R1/size:8/pti:off") | .instructions) = 91.5 |
    (.benchmarks[] | select(.name == "ipc/R0/pti:on") | .instructions) = 3' \
    "$good/ipc.ci.json" >"$work/odd.json"
expect 0 '' "$tach" report "$work/odd.json" --out "$work/odd.html"
holds "$work/odd.html" "$work/odd.json"
check grep -q 'mean of their central 90 %.*R1/size:8 off (32 regions of 4 calls' "$work/odd.html"
check grep -q 'Less with isolation is no gain.*: R0' "$work/odd.html"

# The crossing model: the same numbers on the page, for a terminal and for programs.
expect 2 'too few cells' "$tach" model "$work/few.json"
expect 0 '' "$tach" model results/baseline.json
check grep -q '^traps ' "$work/out"
expect 0 '' "$tach" model --json results/baseline.json
check jq -e '(.terms | length) == 11 and .r2 > 0.99 and .cells == (.figures | length) and
    ([.figures[] | (.model + .residual - .measured) | fabs] | max) < 1e-6' "$work/out"
jq -r '.terms[] | select(.used) | "<td data-judged=\"\(.name)\">" + (.value * 100 | round / 100 | tostring)' \
    "$work/out" >"$work/terms"
expect 0 '' "$tach" report results/baseline.json --out "$work/baseline.html"
check test "$(wc -l <"$work/terms")" -ge 8
while read -r term; do
    check grep -qF -- "$term" "$work/baseline.html"
done <"$work/terms"
expect 65 '' "$tach" model LICENSE
expect 66 '' "$tach" model "$work/absent"
expect 0 '' "$tach" help model

# A step that goes up is named as what it is where its reason is known, and as unknown where not.
jq '(.benchmarks[] | select(.name == "ipc/D4/size:8/space:two/pti:off") | .instructions) = 1000' \
    "$good/ipc.ci.json" >"$work/up.json"
jq '.benchmarks[] | select(.name == "ipc/D3/size:8/space:two/pti:off")' "$work/up.json" >"$work/d3"
for rung in D1 D2; do # the ladder's other rungs, so that no step is missing
    jq --arg rung $rung --slurpfile row "$work/d3" '.benchmarks += [$row[0] |
        .name = "ipc/\($rung)/size:8/space:two/pti:off"]' "$work/up.json" >"$work/up.part"
    mv "$work/up.part" "$work/up.json"
done
expect 0 '' "$tach" report "$work/up.json" --out "$work/up.html"
check grep -q 'class="alarm">+94</span><small> dearer, and no count says why' "$work/up.html"
lacks 'no count says why' "$good/report.html"

# Two sides: the head, with its base as what it is held against.
mkdir "$work/runs/pair"
cp -r "$good" "$work/runs/pair/base"
expect 0 '' env TACH_SYNTH=extra PATH="$work/bin:$PATH" "$tach" run --class icount --kernel \
    "$work/kernel" --loader "$work/loader" --initfs "$work/initfs" --matrix "$work/sample.cfg" \
    --out "$work/runs/pair/head"
expect 0 '' "$tach" report "$work/runs/pair"
holds "$work/runs/pair/report.html" "$work/runs/pair/head/ipc.ci.json"
check grep -q '>slower</a></b>2 slower, 0 faster, 16 equal against' "$work/runs/pair/report.html"
expect 0 '' "$tach" report "$work/runs/pair" --against "$work/runs/pair/head" --out "$work/same.html"
check grep -q 'nothing moved' "$work/same.html"
expect 64 'is for a comparison' "$tach" report "$good" --floor "$work/none"

# Cycles: an interval over boots where there are five or more, and no verdict of a few.
jq '.context.tach_class = "kvm" |
    .benchmarks |= [.[] | .cycles = .instructions | del(.instructions)]' \
    "$good/ipc.ci.json" >"$work/cycles.json"
mkdir "$work/many"
cp "$work/cycles.json" "$work/many/ipc.ci.json"
jq '.benchmarks |= [.[] as $row | range(6) | . as $boot | $row | .repetition_index = $boot |
    .repetitions = 6 | .cycles += $boot]' "$work/cycles.json" >"$work/many/ipc.json"
expect 0 '' "$tach" report "$work/many"
holds "$work/many/report.html" "$work/many/ipc.ci.json"
check grep -q 'data-minus="ipc/R0/pti:off" data-member="cycles">+6<small>[0-9]* to [0-9]*</small>' \
    "$work/many/report.html"
check grep -q 'A/A floor not known' "$work/many/report.html"
expect 0 '' "$tach" report "$work/many" --against "$work/many" --out "$work/twice.html"
holds "$work/twice.html" "$work/many/ipc.ci.json"
check grep -q '0 slower, 0 faster' "$work/twice.html"
jq '.benchmarks |= [.[] | select(.repetition_index < 4)]' "$work/many/ipc.json" >"$work/few.json"
mv "$work/few.json" "$work/many/ipc.json"
expect 0 '' "$tach" report "$work/many"
lacks 'data-member="cycles">+6<small>' "$work/many/report.html"

# The index: newest first, each against the one before it, whatever the names are.
hostile="$work/runs/<script>alert(1)<"
cp -r "$good" "$hostile"
sed -i 's/"date": "[0-9]*/"date": "2001/; s/"kernel_sha256": "/&<script>/; s/"revision": "/&<script>/' \
    "$hostile/ipc.ci.json"
mkdir "$work/runs/broken" "$work/runs/nothing"
echo '{' >"$work/runs/broken/ipc.ci.json"
ln -s good "$work/runs/latest"
expect 0 '' "$tach" report --index "$work/runs"
index=$work/runs/index.html
check /usr/bin/python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' "$index"
check grep -q 'the newest first: 4' "$index"
check grep -q 'href="good/report.html">good</a>.*0 slower, 0 faster, 18 equal' "$index"
check grep -q '2 slower, 0 faster, 16 equal, head against base' "$index"
check grep -q 'href="%3Cscript%3Ealert%281%29%3C/report.html">&lt;script&gt;' "$index"
check grep -q 'first of its machine' "$index"
check grep -q '<td>&lt;script&gt;[0-9a-f]*</td></tr>' "$index"
check grep -q 'its document cannot be read' "$index"
lacks '<script' "$index"
lacks 'latest' "$index"
expect 66 'No such file' "$tach" report --index "$work/absent"
expect 73 'No space left' "$tach" report --index "$work/runs" --out /dev/full

# What is of another machine is no reason to have no page.
sed 's/"tach_machine": *"/&other /' "$good/ipc.ci.json" >"$work/other.json"
expect 0 'different machines are never compared' "$tach" report "$good" --against "$work/other.json"
check grep -q 'Figures of different machines or classes are never compared, so' "$good/report.html"

# A page is shown by $BROWSER; where there is nothing to show it with, its path is said.
printf '#!/bin/sh\necho "$1" >"%s/seen.part"\nmv "%s/seen.part" "%s/seen"\n' "$work" "$work" "$work" \
    >"$work/bin/browser"
chmod +x "$work/bin/browser"
expect 0 '' env BROWSER="$work/bin/browser" "$tach" report "$good" --open
n=0 # tach does not wait for it
while [ ! -e "$work/seen" ] && [ $((n += 1)) -le 600 ]; do
    sleep 0.1
done
check grep -q "^$good/report.html\$" "$work/seen"
mkdir "$work/only"
ln -s "$(command -v gnuplot)" "$work/only/gnuplot"
expect 69 "$good/report.html: no .BROWSER and no xdg-open" env -u BROWSER PATH="$work/only" "$tach" \
    report "$good" --open
check one_line

finish
