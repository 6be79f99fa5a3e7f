#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""test_one.py TACH: one instruction more among the guards of the fast path is found, named and placed.

The kernel is built in a copy of the tree with a NOP behind the guards of a call, booted beside
the true one under icount, and compared. Last line: the sum."""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../kernel/test/mutants"))
from count import done, expect
from mutants import Mutant, Tree

TACH = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "build/tach")
MATRIX = "axis pti off\naxis trace off,on\nR0 - -\nD4 0 two\n"
BEFORE, AFTER = "\n.call_commit:\n", "\n            nop\n.call_commit:\n"


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=100)


def main():
    with tempfile.TemporaryDirectory(prefix="tach-one-") as work:
        tree, mutant = Tree(work, None), Mutant("nop none none", 0)
        mutant.edits.append(["fastpath/path.inc", BEFORE, AFTER])
        tree.edit(mutant)
        status, out = tree.run(["make", "-s", "build/kernel.elf"], 100)
        expect(status == 0, "the mutant does not build: " + out[-300:])
        with open(work + "/matrix.cfg", "w", encoding="utf-8") as matrix:
            matrix.write(MATRIX)
        made = run(TACH, "run", "--class", "icount", "--matrix", work + "/matrix.cfg", "--base", "build",
                   "--head", work + "/build/kernel.elf", "--out", work + "/run")
        expect(made.returncode == 0, "the run: " + made.stderr[-300:])
        made = run(TACH, "compare", work + "/run", "--json")
        expect(made.returncode == 1, f"status {made.returncode}: {made.stderr}")
        figures = {f["cell"]: f for f in json.loads(made.stdout)["figures"]}
        call = figures["D4/size:0/space:two"]
        expect(call["metrics"]["whole"]["shift"] == 1, str(call["metrics"]["whole"]))
        expect(call["cause"] == "in guards +1", "placed: " + call["cause"])
        expect(not figures["R0"]["moved"], "a path without that guard moved")
    return done()


if __name__ == "__main__":
    sys.exit(main())
