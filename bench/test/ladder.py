#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ladder.py: measures both ladders at every payload of bench/matrix.cfg, with isolation off and on, and
demands that each rung costs less than the one above it. Every step has its reason: fewer traps, fewer
CR3 writes, a copy less, the assembly in place of C, or a way of its own in C for what does not fit the
registers; traps and CR3 writes of short payloads are those of README's table. The measuring program itself
fails a run whose counts differ. Last line: the sum.
"""
import sys

sys.dont_write_bytecode = True
from count import COUNTS, done, expect, measured

PLAN = "build/check/ladder.cfg"
LADDERS = (("D0", "D1", "D2", "D3", "D4"), ("T0", "T0c", "T1", "T1h", "T2"))
# traps, CR3 writes with isolation off and on, of a payload that needs no calls of its own
ROUND = {"D0": (6, 2, 12), "D1": (4, 2, 8), "D2": (3, 2, 6), "D3": (2, 2, 4), "D4": (2, 2, 4),
         "T0": (3, 2, 6), "T0c": (3, 2, 6), "T1": (2, 2, 4), "T1h": (2, 2, 4), "T2": (2, 2, 4)}
INLINE_MAX = {"D": 48, "T": 40}
# why a rung costs less than the one before, where its counts are the same
REASON = {"T0c": "no mapping", "T1h": "hands over, no queue", "D4": "assembly", "T2": "registers, no record",
          "D1": "fewer calls", "D2": "fewer calls", "D3": "fewer calls", "T1": "fewer calls"}


def plan():
    """The cells of the matrix that are of a ladder, without mitigations."""
    with open("bench/matrix.cfg", encoding="utf-8") as matrix, open(PLAN, "w", encoding="utf-8") as out:
        out.write("axis pti off,on\naxis trace off,on\n")
        cells = [line.split() for line in matrix if line[:1] in "DT" and "mitig:" not in line]
        out.writelines(" ".join(cell) + "\n" for cell in cells)
    return cells


def counts(cell):
    return cell["traps"], cell["cr3_writes"]


def step(above, below, rung, size, where):
    """One step down: cheaper, and by what."""
    gain = above["instructions"] - below["instructions"]
    expect(gain > 0, f"{where}: {above['instructions']} to {below['instructions']}")
    fewer = [f"{a - b:g} {what} fewer" for a, b, what in
             zip(counts(above), counts(below), ("traps", "CR3 writes")) if a > b]
    if rung == "D4" and size > INLINE_MAX["D"]:
        expect(counts(above) == counts(below), f"{where}: traps and CR3 writes of D4 are D3's")
        return "a way of its own"
    return ", ".join(fewer) or REASON[rung]


def ladder(rungs, cell, rows, pti):
    """All rungs of one payload; a line that explains them."""
    size, space = cell
    spaces = f"/space:{space}" if rungs[0] == "D0" else ""
    names = [f"ipc/{rung}/size:{size}{spaces}/pti:{pti}" for rung in rungs]
    if any(name not in rows for name in names): # a size of some rungs, for where mapping pays
        return
    line = f"{rows[names[0]]['instructions']:.0f}"
    for before, rung, above, below in zip(rungs, rungs[1:], names, names[1:]):
        why = step(rows[above], rows[below], rung, size, f"{before} > {below}")
        line += f" > {rows[below]['instructions']:.0f} ({why})"
    print(f"{names[0][4:]}: {line}")
    if size <= INLINE_MAX[rungs[0][0]] and space != "one":
        for rung, name in zip(rungs, names):
            want = (ROUND[rung][0], ROUND[rung][1 + (pti == "on")])
            expect(counts(rows[name]) == want, f"{name}: {counts(rows[name])}")


def main():
    cells = plan()
    rows = measured(PLAN, "build/check/ladder")
    if not rows:
        return done()
    for pti in ("off", "on"):
        for rungs in LADDERS:
            for cell in [(int(c[1]), c[2]) for c in cells if c[0] == rungs[0]]:
                ladder(rungs, cell, rows, pti)
    verdict = "FAIL" if COUNTS[False] else "ok"
    print(f"shows V18,V40: {verdict}, {COUNTS[True]} checks: T0 > T0c > T1 > T1h > T2 and D0 > D1 > D2 > D3 > D4 "
          "in every cell, each step by traps, CR3 writes, copies or the shorter way")
    return done()


if __name__ == "__main__":
    sys.exit(main())
