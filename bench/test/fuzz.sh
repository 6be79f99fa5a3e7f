#!/bin/sh
# SPDX-License-Identifier: MIT
# fuzz.sh NAME CORPUS [RUNS [BYTES]]: build/fuzz/NAME over the corpus of the tree, a million executions
# with inputs of at most 1100 bytes. What it finds goes to build/, never into the tree. Last line: the sum.
set -u
name=$1 corpus=$2 runs=${3:-1000000} bytes=${4:-1100}
scratch=build/fuzz/corpus-$name
rm -rf "$scratch"
mkdir -p "$scratch"
set -- "$scratch"
[ -d "$corpus" ] && set -- "$@" "$corpus"
if "build/fuzz/$name" -runs="$runs" -seed=1 -max_len="$bytes" -artifact_prefix="$scratch/" -print_final_stats=1 \
    "$@" >"$scratch.log" 2>&1; then
    done=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch.log")
    if [ "${done:-0}" -ge "$runs" ]; then
        echo "fuzz $name: $done executions, no finding"
        echo "fuzz-$name: 1 passed, 0 failed"
        exit 0
    fi
fi
tail -n 30 "$scratch.log"
echo "fuzz-$name: 0 passed, 1 failed"
exit 1
