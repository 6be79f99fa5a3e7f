#!/bin/sh
# SPDX-License-Identifier: MIT
# history_talk.sh TACH DB DATA: what a user does with a history, and all that it answers, as one
# text: the same for every kind of store, so that two of them can be held against each other. DATA
# is a directory that history_data.py made. DB is empty or absent.
tach=$1 db=$2 data=$3
unset TACH_HISTORY

talk() {
    printf '$ tach history %s\n' "$*"
    "$tach" history "$@" --db "$db" 2>&1 </dev/null |
        sed -e "s|postgresql [^ ]*|DB|g" -e "s|$db|DB|g" -e "s|$data|DATA|g"
    "$tach" history "$@" --db "$db" >/dev/null 2>&1 </dev/null
    echo "= $?"
}
# What changes the store is done once.
once() {
    printf '$ tach history %s\n' "$*"
    "$tach" history "$@" --db "$db" >"$data/once" 2>&1 </dev/null
    status=$?
    sed -e "s|postgresql [^ ]*|DB|g" -e "s|$db|DB|g" -e "s|$data|DATA|g" "$data/once"
    echo "= $status"
}

once add "$data/run-1" --commit 1111aaaa --subject 'first' --time 2026-01-01
talk list
once add "$data/run-2" --commit 2222bbbb --subject 'a line
of two, \and an escape: [31m' --time 2026-01-02T12:00:00.5
once add "$data/run-1" --commit 3333cccc
once add "$data/run-3" "$data/run-1" --commit 4444dddd --time 2026-01-03
talk list
talk list --json
talk list --name 'R0/*' --metric '*'
talk list --regex '^ipc/T2'
talk list --since 2026-01-02 --last 1
talk changes
talk changes --metric 'phase_*'
talk changes --last 1 --json
talk show latest
talk show 2222 --metric '*' --json
talk show nothing
once import "$data/series.csv" --machine box --unit cycles
once import "$data/series.csv" --machine box --unit cycles
once import "$data/bad.csv"
once import "$data/archive.jsonl" --unit cycles
once import "$data/benchmark.json" --commit 5555
talk list --class foreign
talk changes --class foreign --last 100
talk export
talk export --format csv
talk check
once gc --keep 1 --class icount --dry-run
once gc --keep 1 --class icount
once gc --older-than 2026-01-01 --machine box
once gc --orphans
talk list
talk check
talk export
