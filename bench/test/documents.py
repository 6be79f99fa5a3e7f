# SPDX-License-Identifier: MIT
"""Documents of made-up figures, for the tests of compare and gate: what tach run would have left, with
known shifts and known noise. Its numbers are of no machine."""
import json
import os
import random

MACHINE = "%s synthetic machine abi 1"
KERNEL = "ab" * 32


def context(cls, **more):
    facts = {"num_cpus": 1, "mhz_per_cpu": 1000, "caches": [], "json_schema_version": 1,
             "tach_class": cls, "tach_machine": MACHINE % cls, "tach_complete": "yes",
             "kernel_sha256": KERNEL}
    facts.update(more)
    return facts


def row(name, cls, whole, boot=0, boots=1, **more):
    unit = "instructions" if cls in ("icount", "bochs") else "cycles"
    fields = {"name": name, "run_name": name, "run_type": "iteration", "family_index": 0,
              "per_family_instance_index": 0, "repetitions": boots, "repetition_index": boot,
              "threads": 1, "iterations": 100, "real_time": whole, "cpu_time": whole,
              "time_unit": "ns", unit: whole, "traps": 2, "cr3_writes": 2, "copied_bytes": 0}
    fields.update(more)
    return fields


class Machine:
    """Boots of one machine: each has a level of its own, `noise` wide, and each cell a little more."""

    def __init__(self, seed, noise=0.003):
        self.random = random.Random(seed)
        self.noise = noise

    def rows(self, cls, cells, boots, factor=None):
        """cells: {name: whole}; factor: {name: by how much it is dearer}."""
        made = []
        for boot in range(boots):
            level = self.random.gauss(0, self.noise / 2)
            for name, whole in cells.items():
                noise = 1 + level + self.random.gauss(0, self.noise)
                value = round(whole * noise * (factor or {}).get(name, 1), 2)
                made.append(row(name, cls, value, boot, boots))
        return made


def document(cls, rows, **more):
    return {"context": context(cls, **more), "benchmarks": rows}


def write(path, made):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        json.dump(made, out)
    return path


def write_run(path, made):
    """A run's directory: both of its documents, here the same."""
    write(os.path.join(path, "ipc.json"), made)
    write(os.path.join(path, "ipc.ci.json"), made)
    return path
