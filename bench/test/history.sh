#!/bin/sh
# SPDX-License-Identifier: MIT
# history.sh [TACH]: tach history on SQLite as a user meets it: runs in, series and changes out, files
# of others, round trips, damaged and foreign databases, many writers, a full disk. The last part is
# the time that a hundred thousand points take. Last line: the sum.
set -u
tach=$(realpath "${1:-build/tach}")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d /tmp/tach-history-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 1
name=history
. bench/test/expect.sh
unset TACH_HISTORY
python3 bench/test/history_data.py "$work" || exit 1
db=$work/new/history.db
history() {
    verb=$1
    shift
    "$tach" history "$verb" "$@" --db "$db"
}
# sql DB TEXT: one statement, by Python's own SQLite.
sql() {
    python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1], isolation_level=None) as c:
    rows = [c.execute(s).fetchall() for s in sys.argv[2:]][-1]
print("\n".join("|".join(map(str, row)) for row in rows))' "$@"
}

# The command and its verbs.
expect 64 'Usage: tach history' "$tach" history
expect 64 'no verb of that name' "$tach" history fly
expect 64 'behind a verb' "$tach" history --db x
expect 0 '' "$tach" history --help
for verb in add list changes show import export gc check; do
    expect 0 '' "$tach" history $verb --help
    check grep -q 'Exit codes' "$work/out"
    expect 64 "tach history $verb" "$tach" history $verb --no-such-option
done
expect 64 'which RUN' history add
expect 64 'what is to go' history gc
expect 64 'not a whole number from 0 to 1073741824' history changes --last x
expect 64 'not a whole number' history gc --keep 1.5
expect 66 'No such file' history list
check test ! -e "$db"

# Runs: added once, in the order of their commits, whatever the order of adding.
expect 0 '' history add "$work/run-3" --commit 3333cccc --time 2026-01-03
expect 0 '' history add "$work/run-1" --commit 1111aaaa --subject "$(printf 'x\033[31m')" --time 2026-01-01
expect 0 '' history add "$work/run-2" "$work/run-2/ipc.json" --commit 2222bbbb --time 2026-01-02
check grep -q '^1 added, 1 there already, 36 points' "$work/out"
expect 0 '' history list --json
check jq -e 'length == 6 and ([.[] | .segments[0].points | map(.commit)] | unique) ==
    [["1111aaaa", "2222bbbb", "3333cccc"]]' "$work/out"
check jq -e '.[0] | .name == "R0/pti:off" and .exact and .segments[0].changes == [1] and
    .segments[0].noise_pairs == 1 and [.segments[0].points[].value] == [10, 11, 11]' "$work/out"
expect 1 '' history changes --json
check jq -e '[.[] | select(.metric == "whole") | .name] == ["R0/pti:off", "R0/pti:on"]' "$work/out"
check jq -e '[.[] | select(.metric == "phase_return")] | length == 2' "$work/out"
check jq -e 'all(.[]; .at.commit == "2222bbbb" and .previous.commit == "1111aaaa" and .regression)' \
    "$work/out"
expect 0 '' history changes --last 1
expect 1 '' history changes --last 2
check grep -q '^4 changes in 36 series, 4 of them slower, 4 of these among the last 2' "$work/out"
# One image cannot have changed, whatever it counted.
for i in 3 4; do
    expect 0 '' "$tach" history add "$work/run-$i" --commit "$i$i$i$i" --time 2026-01-0$i --db "$work/same.db"
done
expect 0 '' "$tach" history changes --db "$work/same.db"
check grep -q '^0 changes in 36 series' "$work/out"
expect 0 '' history show 1111
check grep -q 'subject *x\\x1b\[31m' "$work/out"
check grep -q '^mitigations  verw$' "$work/out"
expect 66 'no run of that name' history show 9999
# git's word on the working tree, and none without one.
git init -q "$work/tree" && git -C "$work/tree" -c user.name=n -c user.email=e commit -q --allow-empty \
    -m 'area: a line' --date 2026-01-01T00:00
for word in tree/.. tree; do
    expect 0 '' env -C "$work/$word" GIT_CEILING_DIRECTORIES="$work" "$tach" history add "$work/run-1" \
        --db "$work/git-${word#tree/}.db"
done
expect 0 '' "$tach" history show latest --db "$work/git-tree.db"
check grep -q '^subject      area: a line$' "$work/out"
check grep -q "^commit       $(git -C "$work/tree" rev-parse HEAD)$" "$work/out"
expect 0 '' "$tach" history show latest --db "$work/git-...db"
check sh -c '! grep -q "^commit" "$1"' - "$work/out"
# A run that was built from a revision is of that one, whatever the tree is now.
git -C "$work/tree" -c user.name=n -c user.email=e commit -q --allow-empty -m later
first=$(git -C "$work/tree" rev-parse HEAD~1)
sed "s/\"tach_complete\"/\"revision\": \"$first\", &/" "$work/run-2/ipc.json" >"$work/built.json"
expect 0 '' env -C "$work/tree" "$tach" history add "$work/built.json" --db "$work/built.db"
expect 0 '' "$tach" history show latest --db "$work/built.db"
check grep -q "^commit       $first$" "$work/out"
expect 66 'No such file' history add "$work/absent"
mkdir -p "$work/pair/base" "$work/pair/head"
cp "$work/run-1/"* "$work/pair/base" && cp "$work/run-2/"* "$work/pair/head"
expect 64 'two sides' history add "$work/pair"
sed 's/"date": "2026-01-01/"date": "soon/' "$work/run-1/ipc.json" >"$work/dateless.json"
expect 65 'date' history add "$work/run-1" "$work/dateless.json" --commit x
check one_line
expect 65 'JSON' history add "$work/series.csv"

# Files of others: whole or not at all, each error with its line.
expect 65 "bad.csv:122: column 4 (value): no decimal number" history import "$work/bad.csv"
check one_line
expect 0 '' history list --class foreign
check grep -q '^0 segments' "$work/out"
expect 0 '' history import "$work/series.csv" "$work/archive.jsonl" "$work/benchmark.json" --unit ns
expect 0 '' history import "$work/series.csv" --unit ns
check grep -q '0 runs added, 60 there already' "$work/out"
expect 1 '' history changes --class foreign --last 40 --json
check jq -e 'length == 1 and .[0].name == "call" and .[0].at.commit == "c30" and .[0].points_since == 30
    and .[0].percent > 4.7 and .[0].percent < 5.3 and .[0].machine == "series"' "$work/out"
expect 0 '' history changes --class foreign --last 20
expect 0 '' history show c30 --json
check jq -e '.points | length == 2' "$work/out"
expect 0 '' sh -c '"$1" history import - --db "$2" --machine pipe --class kvm <"$3"' - "$tach" "$db" \
    "$work/series.csv"
expect 0 '' history list --class kvm
check grep -q '^kvm on pipe$' "$work/out"
expect 0 '' history check

# Round trips: the same history by either format.
expect 0 '' history export --out "$work/a.jsonl"
expect 0 '' history export --format csv --out "$work/a.csv"
for format in jsonl csv; do
    expect 0 '' "$tach" history import "$work/a.$format" --db "$work/$format.db"
    expect 0 '' "$tach" history export --db "$work/$format.db" --out "$work/b.jsonl"
    check cmp "$work/a.jsonl" "$work/b.jsonl"
    expect 0 '' "$tach" history check --db "$work/$format.db"
done
expect 73 'No space left' history export --out /dev/full

# Nothing that a run says of itself speaks to a terminal: no verb prints a byte that is not plain.
expect 0 '' "$tach" history import "$work/hostile.jsonl" --db "$work/hostile.db"
for verb in "list --metric *" 'changes --last 1' 'changes --json' 'list --json' 'show latest' 'show latest --json' \
    'gc --keep 1 --dry-run' 'gc --class * --dry-run' export check; do
    (set -f && "$tach" history $verb --db "$work/hostile.db" >"$work/out" 2>"$work/err")
    check test -s "$work/out"
    check sh -c '! LC_ALL=C grep -q "[^ -~]" "$1" "$2"' - "$work/out" "$work/err"
done
expect 0 '' "$tach" history show latest --db "$work/hostile.db"
check grep -q 'class *.x1b\[7m$' "$work/out"
cp "$work/hostile.db" "$work/bent.db"
sql "$work/bent.db" "DELETE FROM points" "UPDATE runs SET digest = replace(digest, '00000', char(27) || '[1mx')"
"$tach" history check --db "$work/bent.db" >"$work/out" 2>&1
check grep -q 'has no points' "$work/out"
check sh -c '! LC_ALL=C grep -q "[^ -~]" "$1"' - "$work/out"

# gc: nothing under --dry-run, then what it said.
sql "$work/csv.db" 'PRAGMA journal_mode' >/dev/null
cp "$work/csv.db" "$work/gc.db"
expect 0 '' "$tach" history gc --keep 1 --dry-run --db "$work/gc.db"
check test "$(tail -1 "$work/out" | cut -d' ' -f1)" -gt 100
expect 0 '' "$tach" history export --db "$work/gc.db" --out "$work/c.jsonl"
check cmp "$work/a.jsonl" "$work/c.jsonl"
expect 0 '' "$tach" history gc --class foreign --machine series --older-than 2025-06-16 --db "$work/gc.db"
expect 0 '' "$tach" history gc --keep 1 --db "$work/gc.db"
expect 0 '' "$tach" history export --db "$work/gc.db"
check test "$(wc -l <"$work/out")" -eq 5
check test "$(stat -c %s "$work/gc.db")" -lt "$(stat -c %s "$work/csv.db")"
expect 0 '' "$tach" history check --db "$work/gc.db"
expect 0 '' "$tach" history gc --machine '*' --db "$work/gc.db"
check test "$(sql "$work/gc.db" 'SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM series)')" -eq 0

# A history of schema 1 becomes one of this; a newer one, another program's and a damaged one are told.
python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(open("bench/test/history-v1.sql").read())' "$work/v1.db"
expect 1 '' "$tach" history changes --db "$work/v1.db"
check grep -q 'R0/pti:off whole .* 10 -> 11 .* slower .* bbbb$' "$work/out"
check test "$(sql "$work/v1.db" 'PRAGMA user_version')" = 2
expect 0 '' "$tach" history add "$work/run-1" --db "$work/v1.db"
expect 0 '' "$tach" history show aaaa --db "$work/v1.db"
check grep -q '^taken        2023-11-14T22:13:20Z$' "$work/out"
expect 0 '' "$tach" history check --db "$work/v1.db"
cp "$work/v1.db" "$work/newer.db" && sql "$work/newer.db" 'PRAGMA user_version = 3'
sql "$work/other.db" 'CREATE TABLE runs (x)'
sql "$work/app.db" 'PRAGMA application_id = 7'
cp "$work/other.db" "$work/other.copy"
echo 'no database, but long enough to be looked at as one' >"$work/text.db"
for verb in list check "add $work/run-1" "import $work/series.csv" 'gc --keep 1'; do
    expect 65 'newer tach: schema 3' "$tach" history $verb --db "$work/newer.db"
    expect 65 'no history of tach' "$tach" history $verb --db "$work/other.db"
    expect 65 'no history of tach' "$tach" history $verb --db "$work/app.db"
    expect 65 'not a database' "$tach" history $verb --db "$work/text.db"
    check one_line
done
check cmp "$work/other.db" "$work/other.copy"
: >"$work/empty.db"
expect 66 'empty database' "$tach" history list --db "$work/empty.db"
expect 0 '' "$tach" history add "$work/run-1" --db "$work/empty.db"
expect 66 'unable to open' "$tach" history list --db "$work"
size=$(stat -c %s "$work/csv.db")
for part in 2 3 5; do
    head -c $((size / part / 4096 * 4096)) "$work/csv.db" >"$work/short.db"
    expect 65 '' sh -c '"$1" history check --db "$2" || exit 65' - "$tach" "$work/short.db"
    check test -s "$work/err" -o -s "$work/out"
    "$tach" history list --db "$work/short.db" >"$work/out" 2>&1
    check test $? -lt 128
done
python3 - "$work/csv.db" "$work/torn.db" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
for at in range(4096 * 3, len(data), 4096 * 2):
    data[at:at + 64] = bytes(64)
open(sys.argv[2], "wb").write(data)
END
expect 65 '' "$tach" history check --db "$work/torn.db"
cp "$work/csv.db" "$work/loose.db"
sql "$work/loose.db" "DELETE FROM points WHERE run_id = 1" "UPDATE points SET samples = '1 x' WHERE run_id = 2"
expect 65 '' "$tach" history check --db "$work/loose.db"
check grep -q '^run [0-9a-f]* has no points$' "$work/out"
check grep -q 'boots that are no numbers' "$work/out"

# Nobody may write there: reading works, writing is told. Root may write anywhere, so not as root.
mkdir "$work/locked"
cp "$work/csv.db" "$work/locked/history.db"
chmod 755 "$work" && chmod 444 "$work/locked/history.db" && chmod 555 "$work/locked"
plain=
[ "$(id -u)" != 0 ] || plain='setpriv --reuid=65534 --regid=65534 --clear-groups'
cp "$tach" "$work/tach"
expect 0 '' $plain "$work/tach" history list --db "$work/locked/history.db"
check grep -q 'R0/pti:off' "$work/out"
expect 73 '' $plain "$work/tach" history import "$work/archive.jsonl" --db "$work/locked/history.db"
check one_line
expect 73 '' $plain "$work/tach" history import "$work/archive.jsonl" --db "$work/locked/none.db"
chmod 755 "$work/locked"

# A disk that is full while a file is taken in: an error, and nothing of the file.
cp "$work/csv.db" "$work/full.db"
expect 74 'disk I/O error' sh -c 'trap "" XFSZ; ulimit -f 3000; exec "$1" history import "$2" --db "$3"' - "$tach" \
    "$work/many.jsonl" "$work/full.db"
check one_line
"$tach" history export --db "$work/full.db" >"$work/d.jsonl"
check cmp "$work/a.jsonl" "$work/d.jsonl"
expect 0 '' "$tach" history check --db "$work/full.db"

# A fault between a file's runs and their points: nothing of what came before it.
cp "$work/csv.db" "$work/fault.db"
sql "$work/fault.db" "CREATE UNIQUE INDEX fault ON points (boots) WHERE run_id > $(sql "$work/fault.db" \
    'SELECT max(id) FROM runs')"
before=$(sql "$work/fault.db" 'SELECT count(*) FROM runs')
expect 65 'UNIQUE constraint' "$tach" history import "$work/past.jsonl" --db "$work/fault.db"
check test "$(sql "$work/fault.db" 'SELECT count(*) FROM runs')" = "$before"

# Eight at once into one store that is not there yet.
for i in 1 2 3 4 5 6 7 8; do
    sed "s/2026-01-01T10:00:00/2026-01-01T10:0$i:00/" "$work/run-1/ipc.json" >"$work/many-$i.json"
    "$tach" history add "$work/many-$i.json" --commit "c$i" --db "$work/crowd.db" >"$work/crowd-$i" 2>&1 &
done
wait
check test "$(cat "$work"/crowd-* | grep -c '^1 added')" -eq 8
expect 0 '' "$tach" history check --db "$work/crowd.db"
check grep -q '^8 runs, 36 series, 288 points, 0 faults$' "$work/out"

# A hundred thousand points: taken in, then read and judged within a second of this processor.
expect 0 '' "$tach" history import "$work/many.jsonl" --db "$work/many.db"
check grep -q '1000 runs added, 0 there already, 100000 points' "$work/out"
check python3 - "$tach" "$work/many.db" <<'END'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "history", "changes", "--db", sys.argv[2]], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{used.ru_utime + used.ru_stime:.2f} s")
sys.exit(used.ru_utime + used.ru_stime > 1)
END

finish
