#!/bin/sh
# SPDX-License-Identifier: MIT
# real.sh: one whole run of the matrix by instruction counts, and everything that is made of it: the
# committed baseline, the budget, the report against its JSON, the exporters against those who read
# them, each boot's launch time. Last line: the sum.
set -u
run=build/check/run budget=build/check/budget page=build/check/page.html ctf=build/check/ctf
tach=build/tach passed=0 failed=0
export TACH_HISTORY=/nonexistent/history.db # not that of whoever tests
rm -rf "$run" "$budget" "$ctf"
mkdir -p build/check

step() { # name, command...: counts one step by its exit status, shows what a failed one said
    name=$1
    shift
    if "$@" >build/check/step.log 2>&1; then
        passed=$((passed + 1)) result=ok
        echo "ok   $name"
    else
        echo "FAIL $name: status $?"
        failed=$((failed + 1)) result=FAIL
        tail -n 20 build/check/step.log | sed 's/^/     | /'
    fi
}

clean_ctf() { # babeltrace2 reads all of it and has nothing to complain of
    "$tach" export --to ctf -o "$ctf" "$1" || return 1
    for boot in "$ctf"/*; do
        babeltrace2 --clock-cycles "$boot" >build/check/ctf.txt 2>build/check/ctf.err || return 1
        [ ! -s build/check/ctf.err ] || { cat build/check/ctf.err; return 1; }
        grep -q ph_commit build/check/ctf.txt || { echo "no phases in $boot"; return 1; }
    done
}

short_line() { # the matrix over a cable of 115200 baud: ten bits a byte, 180 seconds
    bytes=$(cat "$run"/boot-*.frames | wc -c)
    echo "$bytes bytes"
    [ "$bytes" -gt 0 ] && [ "$bytes" -le $((180 * 11520)) ]
}

quick_matrix() { # what the run and its boots used: the machine that runs this may be busy
    bash -c 'TIMEFORMAT="%U %S"; time "$@" 2>build/check/run.err' - \
        timeout 500 "$tach" run --class icount --out "$run" 2>build/check/run.cpu ||
        { cat build/check/run.err; return 1; }
    awk '{ print $1 + $2 " s"; exit !($1 + $2 > 0 && $1 + $2 <= 120) }' build/check/run.cpu
}

quick_launch() { # launch to the first user instruction: best of many, in milliseconds
    python3 bench/test/launch.py 60
}

step "the matrix runs, within 120 s of CPU time" quick_matrix
step "the matrix takes a line of 115200 baud at most 180 s" short_line
step "no figure moved against results/baseline.json" "$tach" compare --equal results/baseline.json "$run"
step "the run equals itself" "$tach" compare --equal "$run" "$run"
gated=$result
step "budget: the cells run" "$tach" run --matrix bench/budget-matrix.cfg --class icount --out "$budget"
step "budget: nothing above" "$tach" budget "$budget"
gated="$gated $result"
step "report" "$tach" report --against results/baseline.json --out "$page" "$run"
step "report: every figure is the JSON's" python3 bench/test/check_report.py "$page" "$run/ipc.json"
for boot in "$run"/boot-*.frames; do
    step "dump $(basename "$boot")" "$tach" dump "$boot"
done
for boot in "$run"/boot-3.frames "$run"/boot-4.frames; do
    step "spans $(basename "$boot")" "$tach" spans "$boot"
    rm -rf "$ctf"
    step "CTF of $(basename "$boot") by babeltrace2" clean_ctf "$boot"
done
step "compare.py reads the JSON" /usr/bin/python3 "$(dpkg -L libbenchmark-tools | grep '/compare.py$')" \
    benchmarks "$run/ipc.json" "$run/ipc.json"
step "launch to user mode within 60 ms" quick_launch
# The canonical operations: held against the committed figures and against their budgets.
[ "$gated" = "ok ok" ] && verdict=ok || verdict=FAIL
echo "shows V42: $verdict, $(build/tach budget "$budget" | grep -c ' / ') checks: the canonical operations" \
    "are published, equal to the baseline and within their budgets"
echo "real: $passed passed, $failed failed"
[ "$failed" = 0 ]
