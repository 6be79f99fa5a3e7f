#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One measured boot on each of many CPU models: what the kernel reads of a CPU is gated by what that
CPU says it has, so none of them may fault, loop or be told of what it lacks.

Each boot measures one cell and sends frames; `tach dump` decodes them, and what its two MACHINE frames say is
held against what the model is known to have. Bochs runs with ignore_bad_msrs=0: an MSR that it lacks
faults, as in a real CPU. Last line: "cpus: N passed, N failed". Exit: 0, 1, 66 an image is missing, 69
no QEMU."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/test")]
sys.dont_write_bytecode = True

import machines  # noqa: E402
import monitor  # noqa: E402

SECONDS = 180  # a busy host may be slow
TACH = os.path.join(ROOT, "build/tach")
QEMU = ("Broadwell Cascadelake-Server Conroe Cooperlake Denverton Dhyana EPYC EPYC-Milan EPYC-Rome Haswell "
        "Icelake-Server IvyBridge KnightsMill Nehalem Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 "
        "Penryn SandyBridge Skylake-Client Skylake-Server Snowridge Westmere core2duo kvm64 max phenom "
        "qemu64").split()
# with a local APIC's deadline timer or not, and whether they are said to have architectural counters
BOCHS = {"core2_penryn_t9600": (False, True), "phenom_8650_toliman": (False, False),
         "corei7_sandy_bridge_2600k": (True, True), "tigerlake": (True, True), "ryzen": (False, False)}
OLD = "Conroe Nehalem Opteron_G1 Opteron_G2 Penryn Westmere core2duo kvm64 qemu64 core2_penryn_t9600".split()
BOTH = re.compile(r"^  beginning:(.*) pmu (\d+): (\d+) counters.*\n(?:.*\n)*?^  end:(.*) pmu", re.MULTILINE)


def dumped(directory, name, machine, images):
    """What `tach dump` says of one boot's frames, or raises Trouble."""
    place = os.path.join(directory, machine + "-" + name)
    os.makedirs(place)
    made = machines.Boot(place, images[0], list(images[1:]), "64M", "pti=on wire=frames bench=R0", name)
    make, _, from_iso = machines.MACHINES[machine]
    if from_iso:
        made.iso_template = os.path.join(directory, "template.iso")
    command = make(made)
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=SECONDS, check=False, cwd=place)
    except subprocess.TimeoutExpired:
        raise monitor.Trouble("no end within %d s" % SECONDS) from None
    if not os.path.exists(made.serial):
        raise monitor.Trouble("nothing came over the line")
    out = subprocess.run([TACH, "dump", made.serial], capture_output=True, text=True, check=False)
    return out.stdout + out.stderr


def judged(text, machine, name):
    """What is wrong with that boot, or None."""
    found = BOTH.search(text)
    machine_frames = re.findall(r" MACHINE 56 bytes", text)
    wanted = "this CPU lacks RDTSCP" if name in OLD else "exit 16 PASS"
    if wanted not in text:
        return "not %r: %s" % (wanted, text[-300:])
    if "MALFORMED" in text or not found or len(machine_frames) != 2:
        return "no sound MACHINE frames"
    said, pmu, counters, at_end = found.groups()
    if re.sub(r"\d", "", said) != re.sub(r"\d", "", at_end):
        return "beginning and end differ: %s, %s" % (said, at_end)
    if machine != "bochs":  # TCG has neither counters nor those registers, and says that it is one
        return None if "guest" in said and pmu == "0" and "SMIs" not in said and "APERF" not in said else said
    deadline, has_pmu = BOCHS[name]
    if ("tsc-deadline" in said) != deadline or "guest" in said:
        return "CPUID's bits are not told: " + said
    if "SMIs" in said or (pmu != "0") != (has_pmu and counters != "0"):
        return "read what is not there: %s, pmu %s" % (said, pmu)
    return None


def one(directory, images, machine, name):
    try:
        why = judged(dumped(directory, name, machine, images), machine, name)
    except (monitor.Trouble, machines.Unavailable, OSError) as bad:
        why = str(bad)
    print("ok %s %s" % (machine, name) if why is None else "FAIL %s %s: %s" % (machine, name, why), flush=True)
    return why is None


def main(arguments):
    images, status = monitor.images_read("cpus.py", "Boots many CPU models.", arguments)
    if status:
        return status
    directory = tempfile.mkdtemp(prefix="tach-cpus-")
    work = [("bochs", name) for name in BOCHS] + [("microvm", name) for name in QEMU]
    try:
        template = machines.Boot(directory, images[0], list(images[1:]), "64M", "")
        machines.iso_make(template, os.path.join(directory, "template.iso"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            good = sum(pool.map(lambda w: one(directory, images, *w), work))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("cpus: %d passed, %d failed" % (good, len(work) - good))
    return 0 if good == len(work) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
