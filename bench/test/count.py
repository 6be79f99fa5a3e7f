# SPDX-License-Identifier: MIT
"""What the checks in Python share: they count, say what is wrong, and end with the sum; some measure."""
import json
import os
import shutil
import subprocess
import sys

NAME = os.path.basename(sys.argv[0]).removesuffix(".py")
COUNTS = {True: 0, False: 0}
os.environ["TACH_HISTORY"] = "/nonexistent/history.db" # not that of whoever tests


def expect(good, what):
    COUNTS[bool(good)] += 1
    if not good:
        print(f"{NAME}: {what}")


def done():
    """Prints the sum as the last line; the exit status."""
    print(f"{NAME}: {COUNTS[True]} passed, {COUNTS[False]} failed")
    return int(COUNTS[False] != 0 or COUNTS[True] == 0)


def measured(matrix, out):
    """The cells of that matrix by name, measured by instructions into the directory out; {}: it failed,
    and that is counted."""
    shutil.rmtree(out, ignore_errors=True)
    run = subprocess.run(["build/tach", "run", "--matrix", matrix, "--class", "icount", "--out", out],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    expect(run.returncode == 0, run.stdout)
    if run.returncode:
        return {}
    with open(f"{out}/ipc.json", encoding="utf-8") as document:
        return {row["name"]: row for row in json.load(document)["benchmarks"]}
