#!/bin/sh
# SPDX-License-Identifier: MIT
# past.sh [TACH]: the history on a run's page: every number of it held against `tach history`, hostile
# texts, several machines, cycles with instructions below, a history that is not there or cannot be
# read. Last line: the sum.
set -u
tach=$(realpath "${1:-build/tach}")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d /tmp/tach-past-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 1
name=past
. bench/test/expect.sh
python3 bench/test/history_data.py "$work" || exit 1
page=$work/run-3/report.html

# says WORDS: the page has them, tags taken out.
says() {
    check python3 -c 'import re, sys
sys.exit(sys.argv[2] not in re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", open(sys.argv[1]).read())))' "$page" "$1"
}

lacks() {
    check sh -c '! grep -q -- "$1" "$2"' - "$1" "$page"
}

# holds DB DOCUMENT [CLASS]: the page is true to the history, of the run's class.
holds() {
    "$tach" history list --json --class "${3:-icount}" --db "$1" >"$work/list.json"
    "$tach" history changes --json --metric whole --class "${3:-icount}" --db "$1" >"$work/changes.json"
    check /usr/bin/python3 bench/test/check_report.py "$page" "$2" "$work/list.json" "$work/changes.json"
}

# None: said how one is begun. None of that name: an error, and no page.
expect 0 '' "$tach" report "$work/run-3"
says "tach history add $work/run-3 begins a history"
check grep -q 'not compared' "$page"
lacks 'data-past'
rm "$page"
expect 66 'No such file' "$tach" report "$work/run-3" --history "$work/none.db"
check one_line
check test ! -e "$page"

# The name of a run is a text as well.
odd="$work/<b>&run"
cp -r "$work/run-3" "$odd"
for store in none run; do
    [ $store = none ] || "$tach" history add "$work/run-1" --commit 1 --db "$work/run.db" >"$work/out"
    expect 0 '' env TACH_HISTORY="$work/$store.db" "$tach" report "$odd"
    check grep -q '&lt;b&gt;&amp;run</code> [ab]' "$odd/report.html"
    check python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' "$odd/report.html"
done

# Three runs, the second slower: told in the answers, and number by number.
for i in 1 2; do
    expect 0 '' "$tach" history add "$work/run-$i" --commit "$i$i$i$i" --time 2026-01-0$i --db "$work/h.db"
done
expect 0 '' "$tach" report "$work/run-3" --history "$work/h.db"
holds "$work/h.db" "$work/run-3/ipc.ci.json"
says 'slower latelyIn the history 2 of 6 figures got slower among the last 10 points, most R0/pti:off, +10.00 % at 2222.'
says "This run is none of these points: tach history add $work/run-3 appends it"
expect 0 '' "$tach" history add "$work/run-3" --commit 3333 --time 2026-01-03 --db "$work/h.db"
expect 0 '' env TACH_HISTORY="$work/h.db" "$tach" report "$work/run-3" --against "$work/run-1"
holds "$work/h.db" "$work/run-3/ipc.ci.json"
says '3333this run'
says 'In the history 2 of 6 figures got slower'
lacks 'none of these points'

# The same as pictures.
expect 0 '' "$tach" plot "$work/run-3" --history "$work/h.db" --out "$work/plots"
check python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' "$work/plots/past.svg"
check grep -q '+10 % 2222' "$work/plots/past.svg"
check sh -c 'head -c 4 "$1" | grep -q PNG' - "$work/plots/past.png"
check sh -c '! grep -q counted "$1"' - "$work/out"
expect 0 '' "$tach" plot "$work/run-3" --out "$work/plain"
check grep -q 'past: no history of it' "$work/out"
expect 66 'No such file' "$tach" plot "$work/run-3" --history "$work/none.db" --out "$work/plain"

# Many runs of two machines, hostile texts: the newest 60, parted, and nothing of the texts is markup.
expect 0 '' "$tach" history import "$work/past.jsonl" --db "$work/many.db"
expect 0 '' "$tach" report "$work/run-3" --history "$work/many.db"
holds "$work/many.db" "$work/run-3/ipc.ci.json"
check test "$(grep -o 'data-run="[0-9a-f]*"' "$page" | sort -u | wc -l)" -eq 60
says 'A20an old &lt;one&gt;'
says 'B40icount microvm qemu64 abi 2'
says 'In the history 2 of 6 figures got slower'
check grep -q '<td>-</td><td data-past="T2/size:8/pti:on"' "$page"
says 'most T2/size:8/pti:off, +1.25 % at &#39;&quot;&lt;scrip'
lacks '<script'
lacks "$(printf '\033')"
check grep -q '&#39;&quot;&lt;script&gt;alert(1)&lt;/script&gt;&amp;\\x1b\[31m' "$page"
# The chart's own: letters of the machines, and the newest change with its size and commit.
for text in '>A<' '>B<' '>R1, 8 bytes<' '>+1.25 % *scri<' '>-1.72 % 0000c0f<'; do
    check grep -q -- "$text" "$page"
done

# Points that came longer ago than ten are no news.
head -n 55 "$work/past.jsonl" >"$work/early.jsonl"
tail -n 13 "$work/past.jsonl" | head -n 8 >>"$work/early.jsonl"
expect 0 '' "$tach" history import "$work/early.jsonl" --db "$work/early.db"
expect 0 '' "$tach" report "$work/run-3" --history "$work/early.db"
says 'nothing slowerIn the history nothing got slower among the last 10 points.'

# Cycles: their own history, and instructions below.
mkdir "$work/cycles"
for document in ipc.json ipc.ci.json; do
    jq '.context.tach_class = "kvm" | .benchmarks |= [.[] | .cycles = .instructions | del(.instructions)]' \
        "$work/run-3/$document" >"$work/cycles/$document"
done
page=$work/cycles/report.html
expect 0 '' "$tach" history import "$work/cycles.jsonl" --db "$work/many.db"
expect 0 '' "$tach" report "$work/cycles" --history "$work/many.db"
says 'Counted instructions beside them'
expect 0 '' "$tach" plot "$work/cycles" --history "$work/many.db" --out "$work/cycles.plots"
check test -s "$work/cycles.plots/counted.svg"
"$tach" history list --json --db "$work/many.db" >"$work/all.json"
check jq -e 'length == 12' "$work/all.json"
python3 - "$page" "$work/one.html" <<'END2'
import re, sys
text = open(sys.argv[1]).read()
end = text.index("<h3>Counted instructions")
open(sys.argv[2], "w").write(text[:end] + text[text.index("</section>", end):])
END2
page=$work/one.html
holds "$work/many.db" "$work/cycles/ipc.ci.json" kvm

# A class is a name, never a pattern of names.
for document in ipc.json ipc.ci.json; do
    jq '.context.tach_class = "*"' "$work/cycles/$document" >"$work/cycles/part"
    mv "$work/cycles/part" "$work/cycles/$document"
done
page=$work/cycles/report.html
expect 0 '' "$tach" report "$work/cycles" --history "$work/many.db"
says 'No runs of this class are kept yet'

# One that cannot be read: the page all the same where nobody named it, else an error.
page=$work/run-3/report.html
echo 'no database, but long enough to be looked at as one' >"$work/text.db"
expect 0 '' env TACH_HISTORY="$work/text.db" "$tach" report "$work/run-3"
check grep -q 'not a database' "$work/err"
says 'The history could not be read'
lacks 'data-past'
expect 65 'not a database' "$tach" report "$work/run-3" --history "$work/text.db"
check one_line

finish
