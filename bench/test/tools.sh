#!/bin/sh
# SPDX-License-Identifier: MIT
# tools.sh [TACH [SYNTH_GUEST]]: the host's verbs as a user meets them: good runs, failed boots,
# signals, and bad input of every kind, each with its exit code and its one clear line. A synthetic
# guest stands in for QEMU, so every figure is known. Last line: the sum.
set -u
tach=$(realpath "${1:-build/tach}")
synth=$(realpath "${2:-build/test/synth_guest}")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d /tmp/tach-tools-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 1
name=tools
. bench/test/expect.sh

mkdir "$work/bin"
ln -s "$synth" "$work/bin/qemu-system-x86_64"
echo kernel >"$work/kernel"
echo loader >"$work/loader"
echo initfs >"$work/initfs"
sample=$work/sample.cfg
cat >"$sample" <<END
axis pti off,on
axis trace off,on
R0 - -
R1 8 -
R1 4096 -
T2 8 -
T2 4096 -
D4 0 two
D4 8 two
D4 4096 two
D0 0 two
END

run() {
    env PATH="$work/bin:$PATH" "$tach" run --class icount --kernel "$work/kernel" \
        --loader "$work/loader" --initfs "$work/initfs" --matrix "$sample" "$@"
}

# The command itself.
expect 64 'Usage: tach VERB' "$tach"
expect 0 '' "$tach" help
check grep -q '^  compare ' "$work/out"
expect 64 'no verb of that name' "$tach" fly
check one_line
for verb in doctor run compare baseline budget plot report; do
    expect 0 '' "$tach" "$verb" --help
    check grep -q 'Exit codes' "$work/out"
    expect 0 '' "$tach" help "$verb"
    expect 64 'tach '$verb "$tach" "$verb" --no-such-option
    [ $verb = doctor ] || expect 73 'No space left' sh -c '"$1" "$2" --help >/dev/full' - "$tach" $verb
done

# A good run, and what it leaves.
expect 0 'passed in' run --out "$work/good"
check grep -q '^R0  *12  *18  *+6$' "$work/out"
for file in boot-1.frames boot-4.frames ipc.json ipc.ci.json machine.json; do
    check test -s "$work/good/$file"
done
check jq -e '[.benchmarks[] | .name, .run_name, .run_type, .time_unit | strings] | length == 72' \
    "$work/good/ipc.json"
check jq -e '[.benchmarks[] | .iterations, .real_time, .cpu_time, .repetitions, .repetition_index,
    .threads, .family_index, .per_family_instance_index, .instructions | numbers] | length == 162' \
    "$work/good/ipc.ci.json"
check jq -e '.context | (.caches == []) and (.json_schema_version == 1) and .date and .host_name
    and .num_cpus and .mhz_per_cpu' "$work/good/ipc.json"
check jq -e '.benchmarks[] | select(.name == "ipc/D4/size:0/space:two/pti:on") |
    .instructions == 138 and .residue == 0 and .cr3_writes == 4 and .traps == 2 and
    ([to_entries[] | select(.key | startswith("phase_")) | .value] | add) == .traced_whole' \
    "$work/good/ipc.ci.json"
check jq -e '.complete and (.boots | length) == 4 and (.images[0].sha256 | length) == 64' \
    "$work/good/machine.json"
expect 0 '' /usr/bin/python3 /usr/share/benchmark/compare.py benchmarks "$work/good/ipc.json" \
    "$work/good/ipc.ci.json"
check grep -q 'ipc/T2/size:8/pti:on' "$work/out"
expect 0 '' run --json --out "$work/json"
check jq -e '.benchmarks | length == 18' "$work/out"
expect 0 '' run --boots 3 --jobs 4 --out "$work/three"
check jq -e '[.benchmarks[] | select(.name == "ipc/R0/pti:off").repetition_index] == [0, 1, 2]' \
    "$work/three/ipc.json"

# Without --out: a fresh directory each, and a name for the last one.
mkdir "$work/fresh"
for round in 1 2; do
    expect 0 'kept in results/run/' env -C "$work/fresh" PATH="$work/bin:$PATH" "$tach" run \
        --class icount --kernel "$work/kernel" --loader "$work/loader" --initfs "$work/initfs" \
        --matrix "$sample"
    expect 0 '' "$tach" compare "$work/good" "$work/fresh/results/run/latest"
    check test "$(find "$work/fresh/results/run" -name ipc.json | wc -l)" -eq $round
done

# Failed boots are named, kept, and not retried.
failing() { # FAULT REASON LIMIT...: with the first limit in which the other boots pass
    fault=$1 reason=$2
    shift 2
    export TACH_SYNTH="$fault"
    for limit; do
        rm -rf "$work/$fault"
        run --timeout "$limit" --out "$work/$fault" >"$work/out" 2>"$work/err"
        got=$?
        [ "$(grep -c 'trace=.*: FAILED: ' "$work/err")" -le 1 ] && break
    done
    unset TACH_SYNTH
    check test $got -eq 2
    check grep -q "boot-2 pti=on trace=off: FAILED: $reason" "$work/err"
    set -- "$fault"
    check test -s "$work/$1/boot-2.frames"
    check jq -e '.complete == false and .boots[1].passed == false and .boots[0].passed' \
        "$work/$1/machine.json"
    check jq -e '.benchmarks | length >= 9' "$work/$1/ipc.ci.json"
}
failing panic 'exit PANIC: kernel panic; last text: tach: the sky fell' 100
failing reset 'the guest reset without a word' 100
failing cut 'not all of it arrived: no END' 100
failing skip 'the guest did not measure R0' 100
failing deaf 'the guest ran with pti=off trace=off' 100
failing hang 'no end within [0-9]* s;' 1 5 25 100

# Ctrl-C leaves a run that the other verbs read, and no QEMU behind.
export TACH_SYNTH=hang
env PATH="$work/bin:$PATH" "$tach" run --class icount --kernel "$work/kernel" --loader \
    "$work/loader" --initfs "$work/initfs" --matrix "$sample" --out "$work/stopped" \
    >"$work/out" 2>"$work/err" &
runner=$!
unset TACH_SYNTH
n=0 # until the boot that hangs is the only one left, and has begun
until [ -s "$work/stopped/boot-2.frames" ] || [ $((n += 1)) -gt 1000 ]; do
    sleep 0.1
done
kill -TERM $runner
wait $runner
check test $? -eq 2
expect 0 '' jq -e '.boots[1].reason | startswith("stopped by")' "$work/stopped/machine.json"
expect 1 'not every boot passed' "$tach" compare "$work/good" "$work/stopped"

# So does a reader that leaves.
run --out "$work/piped" 2>&1 | head -1 >"$work/out"
check jq -e '.complete and (.boots | length) == 4' "$work/piped/machine.json"
expect 0 '' "$tach" compare "$work/good" "$work/piped"

# Bad input of run: nothing is started, nothing is touched.
expect 66 'No such file' run --matrix "$work/absent" --out "$work/never"
expect 65 'LICENSE:1:1: no rung' run --matrix LICENSE --out "$work/never"
check one_line
printf 'axis pti off\naxis trace off\nD4 12x two\n' >"$work/bad.cfg"
expect 65 'bad.cfg:3:6: a size is decimal digits' run --matrix "$work/bad.cfg" --out "$work/never"
expect 66 'No such file' run --kernel "$work/absent" --out "$work/never"
expect 64 'a class is' run --class granite
expect 64 'not a number above 0' run --timeout 0
expect 64 'not a number above 0 and up to 86400' run --timeout 86401
expect 64 'not a number above 0' run --timeout 0x10
expect 64 'not a number above 0' run --timeout inf
expect 64 'not a whole number from 1 to 1000' run --boots 1.5
expect 64 'not a whole number from 1 to 1000' "$tach" gate --boots 1001
expect 64 'not a whole number from 1 to 64' run --jobs 65
expect 64 'not a whole number from 1 to 64' "$tach" gate --jobs 65
expect 64 'not a whole number from 1 to 64' "$tach" gate --jobs 0
expect 64 'not a whole number from 0 to 4294967295' run --seed -1
expect 64 'not a whole number from 0 to 4294967295' "$tach" compare --aa --seed 1.5 x
expect 64 'not a whole number from 1 to 1000000' "$tach" compare --aa --splits 2.5 x
expect 64 'not a whole number from 1 to 999999999' "$tach" spans --call 1x x
expect 64 'not a whole number from 0 to 1000000000' "$tach" collect --boots 2.5 x y
expect 64 'not a number above 0' "$tach" collect --timeout never x y
expect 64 'takes options only' run stray
expect 73 'holds a run already; nothing was touched' run --out "$work/good"
expect 73 'Not a directory' run --out "$work/kernel/below"
expect 69 'not in PATH' env PATH=/nonexistent "$tach" run --class icount --matrix "$sample" \
    --kernel "$work/kernel" --loader "$work/loader" --initfs "$work/initfs" --out "$work/never"
check test ! -e "$work/never"
expect 69 'KVM is refused: no probe image' run --class kvm --probe "$work/absent"

# compare: exact, named, with the phase; and what it refuses.
expect 0 '' "$tach" compare "$work/good" "$work/good/ipc.json"
export TACH_SYNTH=extra
expect 0 '' run --out "$work/extra"
unset TACH_SYNTH
expect 1 '' "$tach" compare "$work/good" "$work/extra"
check grep -q '^regressed  ipc/R0/pti:off  *whole  *12 -> 13  *+1  (+8.33 %)  *in guards +1$' "$work/out"
expect 1 '' "$tach" compare --json "$work/good" "$work/extra"
check jq -e '.figures[0].metrics.whole.shift == 1 and .figures[0].cause == "in guards +1"' "$work/out"
sed 's/"tach_class": "icount"/"tach_class": "bochs"/' "$work/good/ipc.ci.json" >"$work/bochs.json"
expect 2 'different classes are never compared' "$tach" compare "$work/good" "$work/bochs.json"
check one_line
sed 's/microvm qemu64/microvm other/' "$work/good/ipc.ci.json" >"$work/other.json"
expect 2 'different machines are never compared' "$tach" compare "$work/good" "$work/other.json"
grep -v '"ipc/R0/pti:on"' "$work/good/ipc.ci.json" >"$work/less.json"
expect 1 '' "$tach" compare "$work/good" "$work/less.json"
check grep -q '^vanished  ipc/R0/pti:on  only in the first$' "$work/out"
expect 64 'two runs are needed' "$tach" compare "$work/good"

# Documents of every wrong kind, for every verb that reads one.
head -c 3000 "$work/good/ipc.ci.json" >"$work/cut.json"
echo '{"context": {}, "benchmarks": []}' >"$work/foreign.json"
echo '[1, 2]' >"$work/array.json"
sed 's/"instructions": 12,/"instructions": "12",/' "$work/good/ipc.ci.json" >"$work/typed.json"
sed 's,"ipc/R0/pti:off",5,' "$work/good/ipc.ci.json" >"$work/named.json"
printf 'a\0b' >"$work/binary.json"
: >"$work/empty.json"
for verb in 'compare '"$work/good" baseline budget plot report; do
    # shellcheck disable=SC2086
    for file in cut foreign array typed named binary empty; do
        expect 65 "$work/$file.json: " "$tach" $verb "$work/$file.json"
        check one_line
    done
    # shellcheck disable=SC2086
    expect 66 'No such file' "$tach" $verb "$work/absent"
    # shellcheck disable=SC2086
    expect 66 'No such file' "$tach" $verb "$work"
done

# baseline: reads back equal, a row a line, nothing of the host; never of half a run.
expect 0 '' "$tach" baseline "$work/good" --out "$work/baseline.json"
expect 0 '' "$tach" compare "$work/baseline.json" "$work/good"
check test "$(grep -c '"name": ' "$work/baseline.json")" -eq 18
check sh -c '! grep -q "date\|host_name\|sha256" "$1"' - "$work/baseline.json"
check jq -e . "$work/baseline.json"
expect 2 'not every boot' "$tach" baseline "$work/panic"
expect 2 'only a run of class icount' "$tach" baseline "$work/bochs.json"
expect 73 'No space left' "$tach" baseline "$work/good" --out /dev/full
expect 73 'No space left' sh -c '"$1" baseline "$2" >/dev/full' - "$tach" "$work/good"

# budget: above, not measured, from captures, and foreign captures.
expect 1 '' "$tach" budget "$work/good"
check grep -q '^D4 call + reply, 0 words  *96 / 100  *104 / 110  *!128 / 117  *!138 / 123$' "$work/out"
check grep -q '^R0 null system call  *!9 / 8 ' "$work/out"
check grep -q 'above budget, [0-9][0-9]* not measured' "$work/out"
cp "$work/out" "$work/first"
expect 1 '' "$tach" budget "$work"/good/boot-[12].frames
check cmp "$work/first" "$work/out"
cp LICENSE "$work/foreign.frames"
expect 65 'foreign.frames: ' "$tach" budget "$work/foreign.frames"
expect 66 'absent.frames: ' "$tach" budget "$work/absent.frames"
head -c 1500 "$work/good/boot-1.frames" >"$work/cut.frames"
expect 1 'did not arrive whole' "$tach" budget "$work/cut.frames"
expect 64 'which run' "$tach" budget

# plot and report.
expect 0 '' "$tach" plot "$work/good" --out "$work/plots"
for chart in answer payload ladder phases; do
    check /usr/bin/python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' \
        "$work/plots/$chart.svg"
    check sh -c 'head -c 4 "$1" | grep -q PNG' - "$work/plots/$chart.png"
done
expect 73 'Not a directory' "$tach" plot "$work/good" --out "$work/kernel/below"
expect 69 'gnuplot: is not in PATH' env PATH=/nonexistent "$tach" plot "$work/good" --out "$work/p2"
check test -z "$(ls "$work/p2")"
expect 0 '' "$tach" report "$work/good" --against "$work/baseline.json"
check /usr/bin/python3 bench/test/check_report.py "$work/good/report.html" "$work/good/ipc.ci.json"
check grep -q 'nothing moved' "$work/good/report.html"
expect 0 '' "$tach" report "$work/extra" --against "$work/baseline.json"
check grep -q '>slower</a></b>2 slower, 0 faster, 16 equal against' "$work/extra/report.html"
check sh -c '! grep -q "The other" "$1"' - "$work/extra/report.html"
check grep -q '4 of 4 boots passed' "$work/extra/report.html"

# One cell at one side only: the charts draw what there is.
jq '.benchmarks |= [.[] | select(.name == "ipc/R0/pti:off")]' "$work/good/ipc.ci.json" >"$work/lone.json"
expect 0 '' "$tach" report "$work/lone.json" --out "$work/lone.html"
expect 0 '' "$tach" plot "$work/lone.json" --out "$work/lone"
check grep -q 'payload: nothing of it was measured' "$work/out"

# Many that moved: the largest are shown, the others fold away, and none is lost.
jq '(.benchmarks[] | .instructions) += 3' "$work/good/ipc.ci.json" >"$work/many.json"
expect 0 '' "$tach" report "$work/many.json" --against "$work/good" --out "$work/many.html"
check grep -q '</b>18 slower, 0 faster, 0 equal against' "$work/many.html"
check grep -q 'the first 10 of 18' "$work/many.html"
check grep -q '<details><summary>The other 8</summary>' "$work/many.html"
check test "$(grep -c '^<tr><td>ipc/.*regressed</td>' "$work/many.html")" -eq 18
check sh -c 'grep -A3 "the first 10" "$1" | grep -q "ipc/R0/pti:off"' - "$work/many.html"

# A traced call that ran another path than the untraced: its residue is said to be no cost.
check sh -c '! grep -q "another path" "$1"' - "$work/good/report.html"
jq '(.benchmarks[] | select(.name == "ipc/D0/size:0/space:two/pti:off") | .residue) = 300' \
    "$work/good/ipc.ci.json" >"$work/paths.json"
expect 0 '' "$tach" report "$work/paths.json" --out "$work/paths.html"
check grep -q 'no cost of tracing: D0/size:0/space:two off' "$work/paths.html"
expect 0 'different classes' "$tach" report "$work/good" --against "$work/bochs.json"
expect 65 'no JSON object' "$tach" report "$work/good" --linux "$work/array.json"
sed 's/"icount/"kvm/; s/"instructions"/"cycles"/' "$work/good/ipc.ci.json" >"$work/kvm.json"
cat >"$work/linux.json" <<END
{"benchmarks": [
    {"name": "linux/null_call", "real_time": 160.5, "time_unit": "ns"},
    {"name": "linux/a'b\\"<c>", "real_time": 900, "time_unit": "ns"},
    {"name": 7}]}
END
expect 0 '' "$tach" report "$work/kvm.json" --linux "$work/linux.json" --out "$work/kvm.html"
check /usr/bin/python3 bench/test/check_report.py "$work/kvm.html" "$work/kvm.json"
check grep -q 'Linux of this host' "$work/kvm.html"
check sh -c '! grep -q "<c>" "$1"' - "$work/kvm.html"
expect 2 '' "$tach" compare "$work/kvm.json" "$work/kvm.json"
expect 2 'counts cycles' "$tach" budget "$work/kvm.json"
expect 73 'No space left' "$tach" report "$work/good" --out /dev/full
check test -c /dev/full
jq '(.benchmarks[] | select(.name | startswith("ipc/R1/size:4096")) | .name) |=
    sub("R1/size:4096"; "R1/<b>&\"/size:4096")' "$work/good/ipc.ci.json" >"$work/hostile.json"
expect 0 '' "$tach" report "$work/hostile.json" --out "$work/hostile.html"
check /usr/bin/python3 bench/test/check_report.py "$work/hostile.html" "$work/hostile.json"
check sh -c '! grep -q "<b>&" "$1"' - "$work/hostile.html"

# doctor says the same to people and programs.
expect 0 '' "$tach" doctor
check grep -q 'would measure in class' "$work/out"
expect 0 '' "$tach" doctor --json
check jq -e '(.findings | length) == 7 and (.class | strings)' "$work/out"
expect 69 '' env PATH=/nonexistent "$tach" doctor --probe "$work/absent"

finish
