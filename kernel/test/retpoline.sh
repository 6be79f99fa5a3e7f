#!/bin/bash
# SPDX-License-Identifier: MIT
# The kernel with retpolines: no indirect branch is left in it but behind an LFENCE, the same tests pass
# on it, and each crossing counts more instructions than without. Last line: the sum.
set -u
passed=0 failed=0
check() { # what, command...
    local what=$1
    shift
    if "$@" >build/retpoline.log 2>&1; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "FAIL $what"
        tail -n 15 build/retpoline.log | sed 's/^/     /'
    fi
}

bare() { # image: indirect branches that no LFENCE stands before
    objdump -d --no-show-raw-insn "$1" |
        awk '/(call|jmp) +\*|(call|jmp)q? +\*/ && before !~ /lfence/ { print; n++ } { before = $0 } END { print n + 0; exit n > 0 }'
}
more() { # the run with retpolines counts at least as many instructions a cell, and more in all
    python3 - "$@" <<'PY'
import json, sys
def figures(path):
    with open(path + "/ipc.ci.json", encoding="utf-8") as text:
        return {row["name"]: row["instructions"] for row in json.load(text)["benchmarks"]}
plain, thunks = (figures(path) for path in sys.argv[1:3])
assert plain.keys() == thunks.keys(), "cells differ"
for name in plain:
    print(name, plain[name], thunks[name])
    assert thunks[name] >= plain[name], name
assert sum(thunks.values()) > sum(plain.values())
PY
}

check "an indirect branch is left" bare build/retpoline.elf
check "boots" python3 kernel/test/boot.py --kernel build/retpoline.elf --row 'guest-(pc|trace-on|trace-off|mitig-on|mitig-off|bochs-pcid)'
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for image in kernel retpoline; do
    check "run $image" build/tach run --class icount --matrix bench/budget-matrix.cfg --kernel build/$image.elf --out "$out/$image"
done
check "figures" more "$out/kernel" "$out/retpoline"
cat build/retpoline.log
echo "shows X10: $([ $failed = 0 ] && echo ok || echo FAIL), $((passed + failed)) checks: a kernel without unprotected indirect branches"
echo "retpoline: $passed passed, $failed failed"
exit $((failed > 0))
