#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two emulators that share no code count the same instructions: bench/bochs-matrix.cfg in class icount (QEMU)
and in class bochs, cell by cell. QEMU counts a string instruction of n turns n + 1 times and Bochs n times
(1 for none), so each cell must differ by as many as have turns on its path, to the instruction: QEMU's own log
of what it executed says how many those are. The report must find all that explained, by bench/agree.c.

bochs_agree.py [TACH]; three boots of Bochs, some ten seconds each, and one of QEMU that is logged."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import count
import reps

TACH = sys.argv[1] if len(sys.argv) > 1 else "build/tach"
MATRIX = "bench/bochs-matrix.cfg"
# Cell: what Bochs counts less than QEMU beside that, and why.
OTHERS = {
    "fault": (-1, "the access that takes the fault counts in Bochs, not in QEMU"),
    "T2/size:8/mitig:all": (-8, "IBPB, which QEMU's CPU lacks: four instructions a switch"),
}
# User's page tables are loaded so often a call; each costs an instruction more with PCID.
LOADS = {"R0": 1, "R1": 1, "R1m": 1, "T0c/size:8": 3, "T1/size:8": 2, "T1h": 2, "T2/size:8": 2, "D0": 6, "D1": 4,
         "D2": 3, "D3": 2, "D4": 2}


def measure(kind, out):
    """Instructions by the name of a figure; what was printed. None where the run failed, which is counted."""
    made = subprocess.run([TACH, "run", "--class", kind, "--matrix", MATRIX, "--out", out, "--jobs", "2",
                           "--timeout", "280"], capture_output=True, text=True, check=False)
    count.expect(made.returncode == 0, f"class {kind}: exit {made.returncode}: {made.stderr[-600:]}")
    if made.returncode:
        return None, ""
    with open(os.path.join(out, "ipc.ci.json"), encoding="utf-8") as file:
        document = json.load(file)
    return ({row["name"].removeprefix("ipc/"): row["instructions"]
             for row in document["benchmarks"]}, made.stdout)


def turns_counted(directory):
    """By cell: the turns of each string instruction of its commonest region."""
    with open(os.path.join(directory, "machine.json"), encoding="utf-8") as file:
        boots = json.load(file)["boots"]
    return reps.counted(TACH, next(boot["command"] for boot in boots if " pti=off " in boot["boot"]))


def emulators_compare(qemu, bochs, turns):
    for name, number in qemu.items():
        cell = name.rsplit("/", 1)[0]
        more, why = OTHERS.get(cell, (0, "no more is known"))
        if cell in turns:
            more += sum(n > 0 for n in turns[cell])
        count.expect(bochs.get(name) == number - more, f"{name}: QEMU {number}, Bochs {bochs.get(name)}, expected "
                     f"{more} less: turns of its string instructions {turns.get(cell)}; {why}")
    seen = {n for of_cell in turns.values() for n in of_cell}
    count.expect({0, 1, 8, 512} <= seen, f"of string instructions no cell has 0, 1, 8 and 512 turns: {sorted(seen)}")
    count.expect(sum(n > 0 for n in turns.get("T0/size:8", ())) >= 8, "T0 without its copies")


def pcid_compare(bochs, table):
    """Isolation with PCID stands beside both others."""
    compared = 0
    for name, number in bochs.items():
        if not name.endswith("/pti:on") or "/pcid/" in name:
            continue
        loads = next((n for cell, n in LOADS.items() if re.match(re.escape(cell) + "/", name)), None)
        if loads is None or "mitig" in name or re.match(r"T1h/size:[^8]", name):
            continue
        other = bochs.get(name.replace("/pti:on", "/pcid/pti:on"))
        count.expect(other == number + loads, f"{name}: {number}, with PCID {other}, {loads} loads")
        compared += 1
    count.expect(compared >= 20, f"{compared} cells with PCID")
    count.expect("pti on, PCID" in table, "the table has a column for it")


def page_check(directory):
    """The report finds the other run by itself, explains every difference, and has the runs' numbers."""
    page = os.path.join(directory, "icount/report.html")
    made = subprocess.run([TACH, "report", os.path.join(directory, "icount")], capture_output=True, text=True,
                          check=False, env={**os.environ, "TACH_HISTORY": os.path.join(directory, "none.db")})
    count.expect(made.returncode == 0, f"report: exit {made.returncode}: {made.stderr}")
    held = subprocess.run(["/usr/bin/python3", "bench/test/check_report.py", page, f"{directory}/icount/ipc.ci.json",
                           f"{directory}/bochs/ipc.ci.json"], capture_output=True, text=True, check=False)
    count.expect(held.returncode == 0, held.stdout[-600:])
    with open(page, encoding="utf-8") as file:
        text = file.read()
    count.expect("bochs <a href=\"#machines\">agrees</a>" in text, "the page does not say that both agree: " + ", ".join(
        re.findall(r"<tr><td>(\S+)</td>(?:(?!</tr>).)*unexplained", text)))


def received_check(directory, bochs):
    """What a PC's unattended loop sends, the three points of isolation over one line, has the same rows."""
    capture, out = os.path.join(directory, "line.tach"), os.path.join(directory, "received")
    with open(capture, "wb") as file:
        for number in (3, 1, 2):
            with open(os.path.join(directory, f"bochs/boot-{number}.frames"), "rb") as frames:
                file.write(frames.read())
    made = subprocess.run([TACH, "run", "--from", capture, "--out", out], capture_output=True, text=True, check=False)
    count.expect(made.returncode == 0 and "class bochs" in made.stderr, f"received: {made.stderr[-600:]}")
    count.expect("3 of 3 boots passed" in made.stderr and "not measured" not in made.stderr, made.stderr[-600:])
    with open(os.path.join(out, "ipc.ci.json"), encoding="utf-8") as file:
        rows = {row["name"].removeprefix("ipc/"): row["instructions"] for row in json.load(file)["benchmarks"]}
    count.expect(rows == bochs and sum("/pcid/" in name for name in rows) >= 35, f"received: {len(rows)} rows of {len(bochs)}")


def main():
    with tempfile.TemporaryDirectory(prefix="tach-agree-") as directory:
        qemu, _ = measure("icount", os.path.join(directory, "icount"))
        if qemu is None:
            return count.done()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            counted = pool.submit(turns_counted, os.path.join(directory, "icount"))
            bochs, table = measure("bochs", os.path.join(directory, "bochs"))
            turns = counted.result()
        if bochs is not None:
            count.expect(len(qemu) >= 80 and len(turns) >= 35, f"{len(qemu)} figures, {len(turns)} cells logged")
            emulators_compare(qemu, bochs, turns)
            pcid_compare(bochs, table)
            received_check(directory, bochs)
            page_check(directory)
    if "-v" in sys.argv:
        print(table)
    return count.done()


if __name__ == "__main__":
    sys.exit(main())
