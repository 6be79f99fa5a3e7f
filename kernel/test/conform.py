#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One conformance program, every placement: boots test=conform with the neutral services linked, as
modules and as servers, isolation off and on, on QEMU and on Bochs, and demands that the lines that
begin with "conform " are the same, byte for byte. Last line: the sum. Exit: 0 all equal, 1 not."""

import concurrent.futures
import sys
import tempfile

import boot

SERVICES = ("null", "zero", "echo", "ram", "log", "shm", "chan")
LEAST = 300
MACHINES = (("microvm", "64M", 40), ("bochs", "32M", 170))
SUM = r"^conform: [1-9]\d* passed, 0 failed$"


def rows():
    """One row of boot.cfg for each combination; the first is what the others are held against."""
    exits, number = boot.exits_read(), 0
    for machine, memory, seconds in MACHINES:
        for pti in ("off", "on"):
            for place in ("linked", "module", "server"):
                number += 1
                words = " ".join(f"place.{s}={place}" for s in SERVICES)
                yield boot.Row(f"{place}-{pti}-{machine} | {machine} | {memory} | pti={pti} {words} "
                               f"test=conform | PASS | {SUM} | {seconds}", number, exits)


def log_of(serial):
    return [line for line in serial.splitlines() if line.startswith("conform ")]


def difference(first, log):
    for number, (a, b) in enumerate(zip(first, log)):
        if a != b:
            return f"line {number}: {b!r}, not {a!r}"
    return f"{len(log)} lines, not {len(first)}"


def main(arguments):
    options = boot.options_read(arguments)
    wanted = [row for row in rows() if not options.machine or row.machine in options.machine]
    with tempfile.TemporaryDirectory(prefix="tach-conform-") as directory:
        harness = boot.Harness(options, directory)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            results = list(pool.map(harness.run, wanted))
    first, passed, lines = log_of(results[0].serial), 0, 0
    for row, result in zip(wanted, results):
        why, log = result.why, log_of(result.serial)
        if not why and (log != first or len(log) < LEAST):
            why = difference(first, log)
        passed += not why
        lines += len(log)
        ok = f"ok {row.name} {len(log)} lines ({result.seconds:.1f} s){result.note and ': ' + result.note}"
        print(f"FAIL {row.name}: {why}" if why else ok)
    good = "ok" if passed == len(wanted) else "FAIL"
    print(f"shows V10,T1: {good}, {lines} checks: {', '.join(SERVICES)} answer the same, byte for byte, "
          "linked, as modules and as servers")
    print(f"conform: {passed} passed, {len(wanted) - passed} failed")
    return passed != len(wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
