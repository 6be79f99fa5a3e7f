#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""history_data.py DIR: the runs and files that the tests of the history feed to it, made by a fixed rule.

run-1 to run-4: directories as `tach run` leaves them; the second is 1 instruction slower in R0, the third
has its images, and the fourth too, though it claims to be slower. series.csv: 60 points with a step of 5 % at the 31st, archive.jsonl, benchmark.json, and
bad.csv, whose last line is wrong. many.jsonl: 100,000 points in 100 series of 1,000. past.jsonl: 75 runs of
the cells of run-1, the first 35 of another machine, with three steps and hostile texts; cycles.jsonl: the same
in cycles. hostile.jsonl: runs whose texts would all speak to a terminal.
"""
import json
import os
import random
import sys

MACHINE = "icount microvm qemu64 abi 2"


def run(path, number, slower, image):
    rows = []
    for cell, whole in (("R0", 10), ("R1/size:8", 83), ("T2/size:8", 400.25)):
        for pti in ("off", "on"):
            value = whole + 8 * (pti == "on") + (slower if cell == "R0" else 0)
            rows.append({"name": f"ipc/{cell}/pti:{pti}", "run_name": f"ipc/{cell}/pti:{pti}",
                         "run_type": "iteration", "repetitions": 1, "repetition_index": 0, "threads": 1,
                         "iterations": 32, "real_time": value, "cpu_time": value, "time_unit": "ns",
                         "instructions": value, "kernel": 7, "traps": 1, "cr3_writes": 2 * (pti == "on"),
                         "region_min": value, "region_p50": value, "region_p99": value + 0.1,
                         "region_p999": value + 1, "region_max": value + 2,
                         "phase_entry": 3, "phase_return": value - 3})
    context = {"date": f"2026-01-0{number}T10:00:00+0000", "host_name": "box", "tach_class": "icount",
               "tach_machine": MACHINE, "tach_complete": "yes", "cpu": "A CPU", "host_kernel": "Linux 6",
               "qemu": "QEMU 7", "loader_sha256": "aa", "kernel_sha256": image, "initfs_sha256": "cc"}
    os.makedirs(path)
    document = {"context": context, "benchmarks": rows}
    for name in ("ipc.json", "ipc.ci.json"):
        with open(os.path.join(path, name), "w", encoding="ascii") as out:
            json.dump(document, out)
    with open(os.path.join(path, "machine.json"), "w", encoding="ascii") as out:
        json.dump({"microcode": "0x1", "boots": [{"command": "qemu -append 'pti=off mitig=verw bench=R0'",
                                                  "hello": {"abi_version": 2}}]}, out)


def series(path):
    noise = random.Random(1)
    with open(path, "w", encoding="ascii") as out:
        out.write("time,commit,name,value\n")
        for i in range(60):
            for name, step in (("call", 50 if i >= 30 else 0), ("send", 0)):
                value = 1000 + step + noise.gauss(0, 2)
                out.write(f"{1750000000 + 3600 * i},c{i:02},{name},{value!r}\n")


def archive(path):
    with open(path, "w", encoding="ascii") as out:
        for i in range(5):
            out.write(json.dumps({"timestamp": f"2025-05-0{i + 1}T00:00:00Z", "sha": f"s{i}",
                                  "call": [90, 95, 100 + i, 101.5, 105, 110, 2.5, 16]}) + "\n")


def benchmark(path):
    rows = [{"name": "BM_a", "run_name": "BM_a", "run_type": "iteration", "repetition_index": i,
             "repetitions": 3, "iterations": 100, "real_time": 1.5 + i, "cpu_time": 1.25 + i,
             "time_unit": "us"} for i in range(3)]
    rows += [{"name": "BM_a_mean", "run_name": "BM_a", "run_type": "aggregate", "aggregate_name": "mean",
              "repetitions": 3, "iterations": 3, "real_time": 99, "cpu_time": 99, "time_unit": "us"}]
    with open(path, "w", encoding="ascii") as out:
        json.dump({"context": {"date": "2025-04-01T00:00:00+01:00", "host_name": "box", "num_cpus": 2},
                   "benchmarks": rows}, out, indent=1)


def many(path):
    noise = random.Random(2)
    with open(path, "w", encoding="ascii") as out:
        for i in range(1000):
            row = {"timestamp": 1700000000 + 60 * i, "sha": f"c{i:04}"}
            for k in range(100):
                row[f"series/{k:03}"] = round(1000 + noise.gauss(0, 5), 3)
            out.write(json.dumps(row) + "\n")


def past(path, unit):
    kind = "kvm" if unit == "cycles" else "icount"
    noise = random.Random(3)
    with open(path, "w", encoding="ascii") as out:
        for i in range(75):
            text = "'\"<script>alert(1)</script>&\x1b[31m" if i in (50, 70) else f"{0xc0ffee00 + i:012x}"
            levels = {"R0": 10, "R1/size:8": 83 + (i >= 50), "T2/size:8": 400 + 7 * (i < 45) + 5 * (i >= 70)}
            points = [{"suite": "ipc", "name": f"{cell}/pti:{pti}", "metric": "whole", "unit": unit, "boots": 1,
                       "value": (level + 8 * (pti == "on") + 30 * (i < 35)) * (1 if kind == "icount" else
                                                                               10 + noise.gauss(0, 0.01))}
                      for cell, level in levels.items() for pti in ("off", "on")
                      if (i, cell, pti) != (60, "T2/size:8", "off")]
            time = f"2026-{7 + i // 28:02}-{1 + i % 28:02}T10:00:00Z"
            facts = {"digest": f"{len(kind)}{i:063x}", "commit": text,
                     "subject": text, "class": kind, "machine": "an old <one>" if i < 35 else MACHINE,
                     "kernel": f"k{i}", "time": time, "taken": time, "position": 0, "complete": True}
            out.write(json.dumps({"tach_history": 1, "run": facts, "points": points}) + "\n")


def hostile(path):
    with open(path, "w", encoding="ascii") as out:
        for i, kind in enumerate(("icount", "icount", "\x1b[7m")):
            text = f"\x1b[3{i}m\r\x07"
            facts = dict.fromkeys(("subject", "branch", "machine", "cpu", "microcode", "host_kernel", "qemu",
                                   "kernel", "loader", "initfs", "abi", "mitigations", "source"), "\x1b]0;x\x07")
            facts |= {"digest": f"{i:064x}", "commit": text, "class": kind, "time": f"2026-01-0{i + 1}T00:00:00Z",
                      "taken": "2026-01-01T00:00:00Z", "position": 0, "complete": True, "kernel": text}
            points = [{"suite": suite, "name": "\x1b[1m", "metric": metric, "unit": "\x1b[4m", "value": 7 + i,
                       "boots": 1} for suite, metric in (("ipc", "whole"), ("\x1b[5m", "\x1b[6m"))]
            out.write(json.dumps({"tach_history": 1, "run": facts, "points": points}) + "\n")


def main():
    base = sys.argv[1]
    run(f"{base}/run-1", 1, 0, "k1")
    run(f"{base}/run-2", 2, 1, "k2")
    run(f"{base}/run-3", 3, 1, "k2")
    run(f"{base}/run-4", 4, 2, "k2")
    series(f"{base}/series.csv")
    archive(f"{base}/archive.jsonl")
    benchmark(f"{base}/benchmark.json")
    many(f"{base}/many.jsonl")
    hostile(f"{base}/hostile.jsonl")
    past(f"{base}/past.jsonl", "instructions")
    past(f"{base}/cycles.jsonl", "cycles")
    with open(f"{base}/series.csv", encoding="ascii") as good, \
            open(f"{base}/bad.csv", "w", encoding="ascii") as out:
        out.write(good.read() + "1760000000,c99,call,NaN\n")


if __name__ == "__main__":
    main()
