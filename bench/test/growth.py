#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""growth.py: demands that each crowded cell costs what the lonely one does, in instructions and within
2 % or 3 of them, isolation off and on, with the same traps and CR3 writes. Last line: the sum.
"""
import sys

sys.dont_write_bytecode = True
from count import COUNTS, done, expect, measured

CELLS = ("D4/size:0/space:two", "T2/size:8", "R1/size:8", "open", "notify")
CROWDS = ("tasks", "schemes", "fds")
SHARE, LEAST = 0.02, 3


def pair_check(lonely, crowded):
    for member in ("instructions", "kernel"):
        if member not in crowded:
            expect(member == "kernel", f"{crowded['name']} has no {member}")
            continue
        most = lonely[member] + max(LEAST, SHARE * lonely[member])
        expect(crowded[member] <= most, f"{crowded['name']}: {member} {crowded[member]}, {lonely[member]} "
               "where it is alone")
    for member in ("traps", "cr3_writes"):
        expect(crowded[member] == lonely[member], f"{crowded['name']}: {member} {crowded[member]}")


def main():
    rows = measured("bench/test/growth-matrix.cfg", "build/check/growth")
    if not rows:
        return done()
    for cell in CELLS:
        for pti in ("off", "on"):
            lonely = rows[f"ipc/{cell}/pti:{pti}"]
            for crowd in CROWDS:
                pair_check(lonely, rows[f"ipc/{cell}/crowd:{crowd}/pti:{pti}"])
    verdict = "FAIL" if COUNTS[False] else "ok"
    print(f"growth: {verdict}, {COUNTS[True]} checks: a path costs the same with 1 and 4,000 tasks, 1 and "
          "1,000 schemes, 1 and 60,000 descriptors")
    return done()


if __name__ == "__main__":
    sys.exit(main())
