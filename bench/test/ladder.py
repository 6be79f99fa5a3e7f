#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ladder.py: measures the routes to a user server, and demands that each rung costs less than the one
above it, at every payload, with isolation off and on; traps and CR3 writes as the table of rungs says.
The measuring program itself fails a run whose counts differ. Last line: the sum.
"""
import json
import subprocess
import sys

sys.dont_write_bytecode = True
from count import COUNTS, done, expect

OUT = "build/check/ladder"
RUNGS = ("T0", "T0c", "T1", "T1h", "T2")
SIZES = (8, 40, 64, 256, 1024, 4096, 16384)
ROUND = {"T0": (3, 2, 6), "T0c": (3, 2, 6), "T1": (2, 2, 4), "T1h": (2, 2, 4), "T2": (2, 2, 4)}


def main():
    subprocess.run(["rm", "-rf", OUT], check=True)
    run = subprocess.run(["build/tach", "run", "--matrix", "bench/test/ladder-matrix.cfg", "--class",
                          "icount", "--out", OUT], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=120)
    expect(run.returncode == 0, run.stdout)
    if run.returncode:
        return done()
    with open(f"{OUT}/ipc.json", encoding="utf-8") as document:
        rows = {row["name"]: row for row in json.load(document)["benchmarks"]}
    for pti in ("off", "on"):
        for size in SIZES:
            cells = [rows[f"ipc/{rung}/size:{size}/pti:{pti}"] for rung in RUNGS]
            costs = [cell["instructions"] for cell in cells]
            expect(all(a > b for a, b in zip(costs, costs[1:])), f"{size} bytes, {pti}: {costs}")
            for rung, cell in zip(RUNGS, cells):
                want = ROUND[rung]
                if size <= 40: # a longer payload may need calls of its own
                    have = (cell["traps"], cell["cr3_writes"])
                    expect(have == (want[0], want[1 + (pti == "on")]), f"{rung} {size} {pti}: {have}")
    verdict = "FAIL" if COUNTS[False] else "ok"
    print(f"shows V18,V40: {verdict}, {COUNTS[True]} checks: T0 > T0c > T1 > T1h > T2 in instructions "
          "at every payload, traps and CR3 writes as the table says")
    return done()


if __name__ == "__main__":
    sys.exit(main())
