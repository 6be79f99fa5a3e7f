#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""perf.py: what the host counts beside a boot, held against what the kernel counts itself.

The host counts from the loader to QEMU's end, the kernel from its start to the last cell. Two boots that
differ by a cell differ by that cell's CR3 writes alone, so there both counts must agree: exactly without
isolation, with it but for the two writes of each interrupt that came in user mode. Where nothing of that
is permitted it says so, and holds what is said against what is there. Last line: the sum.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from count import done, expect

AXES = "axis pti off,on\naxis trace off,on\n"
CELLS = {"one": "R0 - -\n", "two": "R0 - -\nD4 0 two\n", "many": "R0 - -\nR1 64 -\nD4 0 two\nD0 0 two\nT2 8 -\n"}
SOURCES = ("hardware", "uprobes", "software", "none")


def run(work, name, out, **more):
    """A run with --perf; (its boots, what it said)."""
    process = subprocess.run(["build/tach", "run", "--class", "icount", "--perf", "--matrix", f"{work}/{name}",
                              "--out", f"{work}/{out}"], capture_output=True, text=True, check=False,
                             timeout=100, env={**os.environ, **more})
    expect(process.returncode == 0, f"{out}: {process.returncode}: {process.stderr}")
    with open(f"{work}/{out}/machine.json", encoding="utf-8") as file:
        return json.load(file)["boots"], process.stderr


def writes(boot):
    return boot["perf"]["events"]["cr3_writes"], boot["perf"]["kernel"]["cr3_writes"]


def check_pair(boots, more):
    """Two runs, the second with further cells: the cells' writes, from outside and from inside."""
    for first, second in zip(boots, more):
        if "trace=on" not in first["boot"]:
            continue
        outside, inside = (b - a for a, b in zip(writes(first), writes(second)))
        interrupts = [boot["perf"]["events"].get("hardware_interrupts", 0) for boot in (first, second)]
        spare = outside - inside
        print(f"perf: {first['boot']}: {outside} CR3 writes from outside, {inside} by the kernel, "
              f"{interrupts[1] - interrupts[0]} interrupts more")
        expect(inside > 0, "the kernel counted nothing")
        if "pti=off" in first["boot"]:
            expect(spare == 0, f"{spare} CR3 writes that the kernel does not know of")
        else:
            expect(spare % 2 == 0 and -2 * interrupts[0] <= spare <= 2 * interrupts[1],
                   f"{spare} CR3 writes that interrupts do not explain")


def check_uprobes(work, boots):
    again, _ = run(work, "one", "again")
    for name in ("cr3_writes", "exceptions"):
        expect([b["perf"]["events"].get(name) for b in boots] == [b["perf"]["events"].get(name) for b in again],
               f"{name}: two runs differ, though instructions are counted")
    for name in ("two", "many"):
        more, _ = run(work, name, name + ".run")
        check_pair(boots, more)
    mounted = tempfile.mkdtemp(dir=work)
    expect("tach-tracing" not in open("/proc/mounts", encoding="utf-8").read(), "a tracefs is left mounted")
    if subprocess.run(["mount", "-t", "tracefs", "tracefs", mounted], check=False, capture_output=True).returncode:
        print("perf: not checked: that the probes are gone (no tracefs)")
        return
    with open(f"{mounted}/uprobe_events", encoding="utf-8") as events:
        expect("tach_" not in events.read(), "probes are left behind")
    subprocess.run(["umount", mounted], check=True)


def check_said(boots, said):
    """Each boot tells its source; what is not the best has its reason; nothing is filled in."""
    source = boots[0]["perf"]["source"]
    expect(source in SOURCES and "perf counts by " in said, f"source {source}: {said}")
    for boot in boots:
        perf = boot["perf"]
        expect(perf["source"] == source, "sources differ within a run")
        expect(source == "hardware" or "hardware events: " in perf["why"], "no reason for less than hardware")
        expect(bool(perf["events"]) == (source != "none"), f"{source}: {perf['events']}")
        expect(("kernel" in perf) == ("trace=on" in boot["boot"]), "the kernel's own totals")
    return source


def main():
    work = tempfile.mkdtemp(prefix="tach-perf-")
    try:
        for name, cells in CELLS.items():
            with open(f"{work}/{name}", "w", encoding="utf-8") as file:
                file.write(AXES + cells)
        boots, said = run(work, "one", "first")
        source = check_said(boots, said)
        if source == "uprobes":
            check_uprobes(work, boots)
        else:
            print(f"perf: not checked: CR3 writes from outside; this host has {source}: {boots[0]['perf']['why']}")
        refused, said = run(work, "one", "refused", LD_PRELOAD=os.path.realpath("build/test/no_perf.so"))
        expect(check_said(refused, said) == "none", "counters that nobody permitted")
        expect("software events: Permission denied" in refused[0]["perf"]["why"], refused[0]["perf"]["why"])
        with open(f"{work}/first/run.json", encoding="utf-8") as file:
            plan = json.load(file)
        expect(plan["perf"] and all("perf" in boot for boot in plan["boots"]), "run.json does not keep it")
    finally:
        shutil.rmtree(work)
    return done()


if __name__ == "__main__":
    sys.exit(main())
