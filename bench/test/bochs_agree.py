#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two emulators that share no code count the same instructions: a small matrix in class icount (QEMU)
and in class bochs, cell by cell. Where they differ they do so by what is listed here, with its reason.

bochs_agree.py [TACH]; three boots of Bochs, some ten seconds each."""
import json
import os
import subprocess
import sys
import tempfile

import count

TACH = sys.argv[1] if len(sys.argv) > 1 else "build/tach"
MATRIX = """axis pti off,on
axis trace off
R0 - -
R1 8 -
T2 8 -
D4 0 two
D4 48 two
D4 64 two
D4 256 two
fault - -
"""
# Cell: what Bochs counts less than QEMU, and why.
EXCEPTIONS = {
    "D4/size:64/space:two": (1, "one REP MOVSB: n + 1 instructions in QEMU, n in Bochs"),
    "D4/size:256/space:two": (1, "one REP MOVSB: n + 1 instructions in QEMU, n in Bochs"),
    "fault": (-1, "the access that takes the fault counts in Bochs, not in QEMU"),
}

def measure(kind, matrix, out):
    """Instructions by the name of a figure, and the table."""
    made = subprocess.run([TACH, "run", "--class", kind, "--matrix", matrix, "--out", out, "--jobs",
                           "2", "--timeout", "280"], capture_output=True, text=True, check=False)
    count.expect(made.returncode == 0, f"class {kind}: exit {made.returncode}: {made.stderr[-600:]}")
    if made.returncode:
        return {}, ""
    with open(os.path.join(out, "ipc.ci.json"), encoding="utf-8") as file:
        document = json.load(file)
    return ({row["name"].removeprefix("ipc/"): row["instructions"]
             for row in document["benchmarks"]}, made.stdout)


def pcid_compare(figures, table):
    """Isolation with PCID stands beside both others, and pays one instruction a crossing: what keeps the
    TLB is a bit of the user's root, set on the way out."""
    for name, number in figures.items():
        if not name.endswith("/pti:on") or "/pcid/" in name:
            continue
        other = figures.get(name.replace("/pti:on", "/pcid/pti:on"))
        crossings = 1 if name.startswith("R") else 2
        count.expect(other == number + crossings, f"{name}: {number}, with PCID {other}")
    count.expect("pti on, PCID" in table, "the table has a column for it")


def main():
    with tempfile.TemporaryDirectory(prefix="tach-agree-") as directory:
        matrix = os.path.join(directory, "matrix.cfg")
        with open(matrix, "w", encoding="ascii") as file:
            file.write(MATRIX)
        qemu, _ = measure("icount", matrix, os.path.join(directory, "icount"))
        bochs, table = measure("bochs", matrix, os.path.join(directory, "bochs"))
    count.expect(len(qemu) == 16, f"{len(qemu)} figures of QEMU")
    for name, number in qemu.items():
        less, why = EXCEPTIONS.get(name.rsplit("/", 1)[0], (0, "the same path"))
        count.expect(bochs.get(name) == number - less,
              f"{name}: QEMU {number}, Bochs {bochs.get(name)}, expected {less} less: {why}")
    pcid_compare(bochs, table)
    if "-v" in sys.argv:
        print(table)
    return count.done()


if __name__ == "__main__":
    sys.exit(main())
