#!/bin/sh
# SPDX-License-Identifier: MIT
# counters.sh [TACH [SYNTH_GUEST]]: the CPU's event counters as a user meets them: in the table of a
# run, its documents, its page, its captures and their exports; and nowhere where a run has none. A
# synthetic guest stands in for QEMU, so every figure is known. Last line: the sum.
set -u
tach=$(realpath "${1:-build/tach}")
synth=$(realpath "${2:-build/test/synth_guest}")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d /tmp/tach-counters-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 1
name=counters-page
. bench/test/expect.sh

mkdir "$work/bin"
ln -s "$synth" "$work/bin/qemu-system-x86_64"
for image in kernel loader initfs; do
    echo $image >"$work/$image"
done
printf 'axis pti off,on\naxis trace off,on\nR0 - -\nR1 8 -\nT2 8 -\nD4 8 two\nirq-thread - -\n' >"$work/sample.cfg"

run() {
    env PATH="$work/bin:$PATH" "$tach" run --class icount --kernel "$work/kernel" \
        --loader "$work/loader" --initfs "$work/initfs" --matrix "$work/sample.cfg" "$@"
}

# R0 with isolation is 18 ticks; the walks are those of loads and of stores, (24 - 4 + 5 - 10) / 10.
export TACH_SYNTH=counters
expect 0 '' run --boots 2 --out "$work/with"
unset TACH_SYNTH
check grep -q "^the CPU's own counters, a call$" "$work/out"
check grep -q '^cell  *pti  *TSC ticks  *cycles  *instructions  *DTLB walks  *L1D misses$' "$work/out"
check grep -q '^R0  *on  *18  *9  *36  *1.50  *-$' "$work/out"
check sh -c '[ "$(wc -L <"$1")" -le 100 ]' - "$work/out"
for document in ipc.json ipc.ci.json; do
    check jq -e '.benchmarks | map(select(.name | contains("irq-") | not)) | length % 8 == 0 and length > 0 and all(.pmu_ticks == .instructions and .pmu_cycles * 2 == .pmu_ticks and
        .pmu_instructions == .pmu_ticks * 2 and .pmu_dtlb_walks == 1.5 and
        (has("pmu_l1d_misses") | not))' "$work/with/$document"
    check jq -e '[.benchmarks[] | select(.name | contains("irq-")) | keys[] | select(startswith("pmu_"))] == []' "$work/with/$document"
done
expect 0 '' "$tach" report "$work/with"
check /usr/bin/python3 bench/test/check_report.py "$work/with/report.html" "$work/with/ipc.ci.json"
check grep -q '<section id="counters"' "$work/with/report.html"
check grep -q 'No L1D misses: no event of this CPU model is known for it.' "$work/with/report.html"
check sh -c '! grep -q "No DTLB walks" "$1"' - "$work/with/report.html"
check grep -q 'The cells of interrupts have no pass' "$work/with/report.html"
check sh -c '! sed -n "/id=.counters./,/<.section>/p" "$1" | grep -q irq-thread' - "$work/with/report.html"

# The capture, by dump and by exports.
expect 0 '' "$tach" dump --type counters "$work/with/boot-1.frames"
check sh -c '[ "$(grep -c " COUNTERS 232 bytes$" "$1")" = 4 ]' - "$work/out"
check grep -q '^  R0: 10 calls, 150 ticks, empty 30; counters of version 5, 48 bits$' "$work/out"
check grep -q '^  cycles: 69, empty 9, fixed counter 1$' "$work/out"
check grep -q '^  DTLB walks: 5, empty 10, event 0x430e49$' "$work/out"
check grep -q '^  L1D misses: no event of this CPU model is known for it$' "$work/out"
expect 0 '' "$tach" export --to csv --rows counters "$work/with/boot-1.frames"
check grep -q ',cell,calls,kind,state,event,count,empty$' "$work/out"
check grep -q ',"R0",10,"DTLB walks","counted",4394569,5,10$' "$work/out"
check grep -q ',"R0",10,"L1D misses","no event of this CPU model is known for it",0,0,0$' "$work/out"
expect 0 '' "$tach" export --to json "$work/with/boot-1.frames"
check jq -e '.boots[0].counters | length == 4 and .[0].cell == "R0" and .[0].ticks_empty == 30 and
    .[0].entries[4].state == 1 and .[0].entries[0].name == "cycles" and
    .[0].entries[0].count - .[0].entries[0].empty == 60' "$work/out"

# A figure alone of a document shows them too; a run without counters has no word of them.
expect 0 '' "$tach" report "$work/with/ipc.ci.json" --out "$work/alone.html"
check grep -q '<section id="counters"' "$work/alone.html"
expect 0 '' run --out "$work/without"
check sh -c '! grep -q "own counters" "$1"' - "$work/out"
check sh -c '! grep -q pmu_ "$1"' - "$work/without/ipc.json"
expect 0 '' "$tach" report "$work/without"
check sh -c '! grep -q "id=\"counters\"" "$1"' - "$work/without/report.html"
expect 0 '' "$tach" compare "$work/without" "$work/with"
expect 0 '' "$tach" export --to csv --rows counters "$work/without/boot-1.frames"
check sh -c '[ "$(wc -l <"$1")" -eq 1 ]' - "$work/out"
finish
