# SPDX-License-Identifier: MIT
"""Which rows of the feature list a boot has shown: lines "shows ROWS: ok|FAIL, N checks: WHAT".

Guest programs print them on the serial line; boot.py passes them on with the boot's name. A line is
good only if it is whole, counts at least one check, and the boot that it comes from passed."""

import re

ROWS = re.compile(r"[A-Z]\d+(?:,[A-Z]\d+)*")
BEGIN = re.compile(r"^shows\b(?: (%s):)?(.*)$" % ROWS.pattern, re.MULTILINE)
WHOLE = re.compile(r" (ok|FAIL), (\d+) checks: (.*\S)\s*")


def line(rows, good, checks, what):
    return "shows %s: %s, %d checks: %s" % (rows, "ok" if good else "FAIL", checks, what)


def of_boot(name, serial, passed, own=None):
    """Lines for what the guests said in one boot; own: rows that the boot itself is evidence for."""
    lines = []
    for rows, rest in BEGIN.findall(serial):
        whole = WHOLE.fullmatch(rest)
        if not rows or not whole:
            lines.append(line(rows or "nothing", False, 0, "line without an end (%s)" % name))
            continue
        good, checks = whole[1] == "ok" and passed, int(whole[2])
        lines.append(line(rows, good and checks > 0, checks, "%s (%s)" % (whole[3], name)))
    if own:
        lines.append(line(own, passed, 1, name))
    return lines
