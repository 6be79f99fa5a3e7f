#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""features.py [--check | --readme FILE]: the feature list, each row with the tests that show it.

Rows: bench/test/features.cfg. Evidence: lines "shows ROWS: ok|FAIL, N checks: WHAT" in the logs of the
last run of each suite, build/check/*.log. A row stands if at least one test shows it and none failed.
--check prints the count as a suite does, and looks whether README.md has the table; --readme writes it
between the marks of FILE.
Exit status 1 while a row has no test, or one that failed.
"""
import glob
import os
import re
import sys

LIST = "bench/test/features.cfg"
LOGS = "build/check/*.log"
LINE = re.compile(r"^\W*shows ([VTX][0-9VTX,]*): (ok|FAIL), (\d+) checks?: (.*?)\s*$")
MARKS = ("<!-- features: made by make features-readme -->", "<!-- end of features -->")


def rows():
    """{row: concept} in the list's order."""
    table = {}
    with open(LIST, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("#") or not line.strip():
                continue
            row, bar, concept = line.partition("|")
            if not bar or not re.fullmatch(r"[VTX]\d+", row.strip()) or row.strip() in table:
                sys.exit(f"{LIST}:{number}: a row is: NUMBER | concept, each number once")
            table[row.strip()] = concept.strip()
    return table


def evidence(table):
    """{row: {(suite, what): [good, runs, checks]}}; tests that name rows that are not there are refused."""
    shown = {row: {} for row in table}
    for path in sorted(glob.glob(LOGS)):
        suite = os.path.basename(path)[:-4]
        if suite == "features":
            continue
        with open(path, encoding="utf-8", errors="replace") as log:
            for match in filter(None, map(LINE.match, log)):
                what = re.sub(r" \([^()]*\)$", "", match[4])
                for row in match[1].split(","):
                    if row not in shown:
                        sys.exit(f"{path}: shows {row}, which is not in {LIST}")
                    test = shown[row].setdefault((suite, what), [True, 0, 0])
                    test[0] &= match[2] == "ok" and int(match[3]) > 0
                    test[1] += 1
                    test[2] = max(test[2], int(match[3]))
    return shown


def state(tests):
    if not tests:
        return "none"
    return "ok" if all(good for good, _, _ in tests.values()) else "FAIL"


def show(table, shown):
    for row, concept in table.items():
        print(f"{row:<4} {state(shown[row]):<5} {concept}")
        for (suite, what), (good, runs, checks) in shown[row].items():
            print(f"           {'ok  ' if good else 'FAIL'} {suite}: {what}  ({checks} checks, {runs} run{'s' * (runs > 1)})")


def readme(path, table, shown):
    """(the text of the file, what it should be)"""
    with open(path, encoding="utf-8") as text:
        old = text.read()
    before, mark, rest = old.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not mark or not end:
        sys.exit(f"{path}: the marks of the table are not there: {MARKS[0]}")
    lines = ["", "| row | what | shown by |", "|---|---|---|"]
    for row, concept in table.items():
        whats = sorted({what for _, what in shown[row]}, key=lambda what: (len(what), what))[:3]
        lines.append(f"| {row} | {concept} | {'; '.join(whats) or '-'} |")
    return old, before + mark + "\n".join(lines) + "\n" + end + after


def check(table, shown):
    bad = [row for row in table if state(shown[row]) != "ok"]
    for row in bad:
        print(f"FAIL {row} {table[row]}: {'no test shows it' if not shown[row] else 'a test failed'}")
    old, new = readme("README.md", table, shown)
    if old != new and not bad:
        print("FAIL the table in README.md is not of this list: make features-readme")
    passed = len(table) - len(bad) + (old == new)
    print(f"features: {passed} passed, {len(bad) + (old != new)} failed")
    return not bad and old == new


def main():
    table = rows()
    shown = evidence(table)
    states = [state(shown[row]) for row in table]
    good = states.count("ok")
    if sys.argv[1:2] == ["--readme"] and len(sys.argv) == 3:
        with open(sys.argv[2], "r+", encoding="utf-8") as text:
            text.write(readme(sys.argv[2], table, shown)[1])
            text.truncate()
    elif sys.argv[1:] == ["--check"]:
        sys.exit(not check(table, shown))
    elif not sys.argv[1:]:
        show(table, shown)
        print(f"{good} of {len(table)} rows; {states.count('none')} without a test, {states.count('FAIL')} failed")
    else:
        sys.exit(__doc__)
    sys.exit(good != len(table))


if __name__ == "__main__":
    main()
