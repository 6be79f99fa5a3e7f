#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""test_compare.py TACH: tach compare on documents whose every figure is known: each verdict, each exit
code, families of verdicts, the reading beside icount, equal sides, every form of output, and bad
input of every kind. Last line: the sum."""
import json
import math
import os
import pty
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import documents as d
from count import done, expect

TACH = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "build/tach")
CELLS = {f"ipc/D4/size:{i}/pti:{p}": 1000 + 37 * i for i in range(23) for p in ("off", "on")}


def tach(*words, env=None):
    made = subprocess.run([TACH, "compare", *words], capture_output=True, text=True, check=False,
                          env=dict(os.environ, **(env or {})), errors="replace", timeout=120)
    return made.returncode, made.stdout, made.stderr


def refused(status, pattern, *words):
    """One clear line, one exit code, nothing on standard output."""
    code, out, err = tach(*words)
    expect(code == status and re.search(pattern, err) and err.count("\n") == 1 and not out,
           f"status {code} instead of {status}, or no one line with {pattern}: {err[:200]}")


def compared(old, new, *words):
    code, out, _ = tach(old, new, "--json", *words)
    return code, json.loads(out, parse_constant=lambda c: expect(False, "JSON holds " + c))


def check_verdicts():
    machine = d.Machine(1, 0.002)
    names = list(CELLS)
    base = d.write("base.json", d.document("kvm", machine.rows("kvm", CELLS, 10)))
    same = d.write("same.json", d.document("kvm", machine.rows("kvm", CELLS, 10)))
    worse = d.write("worse.json", d.document("kvm", machine.rows("kvm", CELLS, 10, {names[3]: 1.03})))
    better = d.write("better.json", d.document("kvm", machine.rows("kvm", CELLS, 10,
                                                                   {names[3]: 0.97})))
    code, j = compared(base, same)
    expect(code == 0 and j["verdict"] == "equivalent" and j["counts"]["equivalent"] == 46, j["counts"])
    code, j = compared(base, worse)
    expect(code == 1 and j["verdict"] == "regressed" and j["counts"]["regressed"] == 1, j["counts"])
    one = [f for f in j["figures"] if f["verdict"] == "regressed"][0]
    whole = one["metrics"]["whole"]
    expect(one["name"] == names[3] and 2 < whole["percent"] < 4, str(whole))
    expect(whole["percent_low"] <= whole["percent"] <= whole["percent_high"], "interval")
    expect(whole["boots"] == [10, 10] and whole["p"] < 0.01 and whole["detectable"] > 0, str(whole))
    code, j = compared(base, better)
    expect(code == 0 and j["verdict"] == "improved" and j["counts"]["improved"] == 1, j["counts"])
    code, _, _ = tach(base, better, "--equal")
    expect(code == 1, "--equal lets an improvement pass")
    noisy = d.Machine(2, 0.05)
    old = d.write("noisy1.json", d.document("kvm", noisy.rows("kvm", CELLS, 5)))
    new = d.write("noisy2.json", d.document("kvm", noisy.rows("kvm", CELLS, 5)))
    code, j = compared(old, new)
    expect(code == 2 and j["verdict"] == "inconclusive", j["counts"])
    expect(any(f["metrics"]["whole"]["boots_more"] > 0 for f in j["figures"]), "no advice")
    _, out, _ = tach(old, new)
    expect(re.search(r"5 \+ 5 boots find [\d.e+]+ %", out), "what these boots find is not said")
    code, j = compared(d.write("one1.json", d.document("kvm", machine.rows("kvm", CELLS, 1))),
                       d.write("one2.json", d.document("kvm", machine.rows("kvm", CELLS, 1))))
    expect(code == 2 and j["counts"]["inconclusive"] == 46, "one boot of cycles has a verdict")


def check_family():
    """Seven against seven, wholly apart: p is 0.00058. Alone that is a verdict, among 120 it is none."""
    name = "ipc/R0/pti:off"
    apart = ([d.row(name, "kvm", 1000 + i, i, 7) for i in range(7)],
             [d.row(name, "kvm", 1100 + i, i, 7) for i in range(7)])
    code, j = compared(d.write("f1.json", d.document("kvm", apart[0])),
                       d.write("f2.json", d.document("kvm", apart[1])))
    expect(code == 1, f"alone: {j['counts']}")
    rest = [d.row(f"ipc/D4/size:{n}/pti:off", "kvm", 1000 + i % 3, i, 7) for n in range(119)
            for i in range(7)]
    code, j = compared(d.write("f1.json", d.document("kvm", apart[0] + rest)),
                       d.write("f2.json", d.document("kvm", apart[1] + rest)))
    whole = [f for f in j["figures"] if f["name"] == name][0]["metrics"]["whole"]
    expect(whole["p"] < 0.001 < 0.05 < whole["p_holm"] and whole["verdict"] == "inconclusive",
           f"among 120: {whole}")
    expect(code == 2, "a family that is open passes")


def exact(path, wholes, **more):
    phases = {"phase_entry": 10, "phase_guards": 20}
    rows = [d.row(n, "icount", w, **dict(phases, **more.get(n, {}))) for n, w in wholes.items()]
    return d.write(path, d.document("icount", rows))


def check_exact():
    names = list(CELLS)
    base = exact("e0.json", CELLS)
    moved = dict(CELLS, **{names[0]: CELLS[names[0]] + 1})
    head = exact("e1.json", moved, **{names[0]: {"phase_guards": 21}})
    code, out, _ = tach(base, head)
    expect(code == 1 and re.search(r"whole +1000 -> 1001 +\+1 +\(\+0\.10 %\) +in guards \+1$", out,
                                   re.M), out)
    expect(out.count("\n") == 3, "more than the one line, and the sum")
    expect("45 equal" in out, "equal ones are not counted")
    _, out, _ = tach(base, head, "--all")
    expect(out.count("whole") == 46, "--all names not all")
    alone = exact("e2.json", CELLS, **{names[0]: {"phase_guards": 21, "phase_entry": 9}})
    code, out, _ = tach(base, alone)
    expect(code == 0 and "in entry -1, guards +1" in out, "phases alone: " + out)
    expect(tach(base, alone, "--equal")[0] == 1, "phases alone are equal")
    traps = exact("e3.json", CELLS, **{names[0]: {"traps": 3}})
    code, j = compared(base, traps)
    expect(code == 1 and j["figures"][0]["cause"] == "traps +1", "a trap more is no regression")
    less = exact("e4.json", {n: w for n, w in CELLS.items() if n != names[0]})
    code, j = compared(base, less)
    expect(code == 1 and j["counts"]["only_base"] == 1, "a figure vanishes in silence")
    code, j = compared(less, base)
    expect(code == 0 and j["counts"]["only_head"] == 1 and j["counts"]["moved"] == 1, "a new figure")
    code, j = compared(d.write("none.json", d.document("icount", [])), base)
    expect(code == 2, "nothing was compared, and it passes")


def check_counts_of_cycles():
    """Counts are exact in every class."""
    name = list(CELLS)[0]
    boots = lambda traps: [d.row(name, "kvm", 1000 + i % 2, i, 10, traps=traps) for i in range(10)]
    code, j = compared(d.write("c1.json", d.document("kvm", boots(2))),
                       d.write("c2.json", d.document("kvm", boots(3))))
    metrics = j["figures"][0]["metrics"]
    expect(code == 1 and metrics["whole"]["verdict"] == "equivalent" and metrics["traps"]["exact"] and
           metrics["traps"]["verdict"] == "regressed", str(j["counts"]))


def check_reading():
    names = [f"ipc/{n}/pti:off" for n in ("both", "icount", "cycles", "neither")]
    cells = dict.fromkeys(names, 2000)
    machine = d.Machine(4, 0.001)
    old = d.write("r1.json", d.document("kvm", machine.rows("kvm", cells, 10)))
    new = d.write("r2.json", d.document("kvm", machine.rows(
        "kvm", cells, 10, {names[0]: 1.05, names[2]: 1.05})))
    old_exact = exact("r3.json", dict.fromkeys(names, 100))
    new_exact = exact("r4.json", dict(dict.fromkeys(names, 100), **{names[0]: 104, names[1]: 104}))
    _, j = compared(old, new, "--exact", old_exact, new_exact)
    for figure in j["figures"]:
        expect(figure["reading"] == figure["cell"], f"{figure['cell']} reads {figure['reading']}")
        expect("instructions" in figure, "the companion is not in the JSON")
    _, out, _ = tach(old, new, "--exact", old_exact, new_exact)
    expect("more boots before blame" in out and "free here" in out, "no reading on the terminal")
    refused(2, "only one that counts instructions is exact", old, new, "--exact", old, new)


def check_terms():
    """A trap costs 300 cycles, a CR3 write 200 and a byte 0.25: one trap more is given its price."""
    shapes = {f"ipc/c{t}{c}{b}/pti:off": (t, c, b) for t in (1, 2, 3) for c in (0, 2, 4) for b in (0, 64)}
    first = list(shapes)[0]

    def made(path, change):
        rows = []
        for name, (traps, writes, size) in shapes.items():
            traps += change * (name == first)
            for boot in range(10):
                whole = 1000 + 300 * traps + 200 * writes + size / 4 + boot % 2 / 10
                rows.append(d.row(name, "kvm", whole, boot, 10, traps=traps, cr3_writes=writes,
                                  copied_bytes=size))
        return d.write(path, d.document("kvm", rows))
    code, j = compared(made("t1.json", 0), made("t2.json", 1))
    moved = [f for f in j["figures"] if f["moved"]]
    expect(code == 1 and len(moved) == 1 and moved[0]["cause"] == "traps +1 (about +300)",
           str([f["cause"] for f in moved]))


def keys(j):
    return sorted(j)


def check_json():
    base, head = "base.json", "worse.json"
    _, j = compared(base, head)
    expect(keys(j) == ["class", "counts", "exact", "exit", "figures", "machine", "rule", "sides",
                       "tach_compare", "unit", "verdict"], str(keys(j)))
    expect(keys(j["figures"][0]) == ["cause", "cell", "floor", "metrics", "moved", "name", "on", "pti",
                                     "reading", "verdict"], str(keys(j["figures"][0])))
    expect(keys(j["figures"][0]["metrics"]["whole"]) == [
        "base", "boots", "boots_more", "detectable", "exact", "head", "high", "low", "noise", "p",
        "p_holm", "percent", "percent_high", "percent_low", "shift", "verdict"], "metric")
    expect(keys(j["sides"][0]) == ["boots", "complete", "excluded", "kernel", "path", "revision"], "side")
    expect(tach(base, head, "--json", "--out", "kept.json")[0] == 1 and json.load(open("kept.json")),
           "--out")


def check_hostile():
    """Names, machines and paths from outside are text wherever they are printed."""
    bad = "ipc/D4|`x`<b>*_[a](h)@al\x1b[31m\u00e9/pti:off"
    old = d.write("h|1`.json", d.document("icount", [d.row(bad, "icount", 10)], tach_machine="m|<i>`@me"))
    new = d.write("h2.json", d.document("icount", [d.row(bad, "icount", 12)], tach_machine="m|<i>`@me"))
    _, out, _ = tach(old, new)
    expect("\x1b" not in out and "\\x1b" in out and "\u00e9" not in out, "terminal: " + repr(out))
    _, text, _ = tach(old, new, "--markdown")
    expect(not re.search(r"[`@\x1b\u00e9]|&#64;|<b>|<i>|\*_|\[a\]", text), "Markdown: " + repr(text))
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    expect(widths == {8}, f"cells of a row: {widths}")
    expect("### tach: regressed" in text and "made by: tach compare" in text, text)
    _, j = compared(old, new)
    expect("\\x1b" in j["figures"][0]["name"], "JSON")


def check_huge():
    """The largest numbers overflow into nothing worse than a verdict."""
    rows = lambda w: [d.row("ipc/D4/pti:off", "kvm", w * (1 + i / 1000), i, 10) for i in range(10)]
    for old, new in ((1.7e308 / 2, 1.0), (1.0, 1.7e308 / 2), (1e-320, 1e300), (-1e290, 1e290), (0, 5)):
        for cls in ("kvm", "icount"):
            made = [d.write(f"huge{i}.json", d.document(cls, [dict(r, **{
                "instructions": r["cycles"]}) for r in rows(w)])) for i, w in enumerate((old, new))]
            code, j = compared(*made)
            expect(code in (0, 1, 2), f"{old} {new}: {code}")
            for form in ([], ["--markdown"]):
                out = tach(*made, *form)[1]
                expect(not re.search(r"\b(nan|inf)\b", out), out)


def check_bad():
    base, text = "base.json", open("base.json", encoding="utf-8").read()
    for name, content, pattern in (
            ("nan.json", text.replace('"cycles": 1', '"cycles": NaN, "x": 1', 1), "line 1 column"),
            ("inf.json", text.replace('"cycles": 1', '"cycles": 1e999, "x": 1', 1), "line 1 column"),
            ("cut.json", text[:len(text) // 2], "no JSON: line"),
            ("empty.json", "", "no JSON"),
            ("escape.json", '{"\u009b31m": 1, "\u009b31m": 2}', r"duplicate .*\\xc2\\x9b31m"),
            ("bell.json", "\a", r"no JSON: line 1 column 1: .*\\x07"),
            ("foreign.json", '{"context": {}, "benchmarks": []}', "not of tach"),
            ("array.json", "[]", "no Google Benchmark document"),
            ("newer.json", text.replace('"json_schema_version": 1', '"json_schema_version": 2'),
             "newer version"),
            ("twice.json", text.replace('"threads": 1', '"threads": 1, "threads": 1', 1), "duplicate")):
        with open(name, "w", encoding="utf-8") as out:
            out.write(content)
        refused(65, name + ".*" + pattern, base, name)
        refused(65, name + ".*" + pattern, name, base)
    refused(66, "No such file", base, "absent.json")
    other = d.write("other.json", d.document("kvm", [], tach_machine="another"))
    refused(2, "different machines are never compared", base, other)
    refused(2, "different classes are never compared", base, "e0.json")
    expect(tach()[0] == 64 and tach(base, base, base)[0] == 64, "wrong arguments")
    expect(tach(base, base, "--json", "--markdown")[0] == 64, "two forms at once")
    expect(tach(base, base, "--matters", "nan")[0] == 64, "--matters nan")


def check_floors():
    machine = d.Machine(7, 0.001)
    name = list(CELLS)[0]
    old = d.write("l1.json", d.document("kvm", machine.rows("kvm", CELLS, 10)))
    new = d.write("l2.json", d.document("kvm", machine.rows("kvm", CELLS, 10, {name: 1.015})))
    floors = {"tach_floor": 1, "class": "kvm", "machine": d.MACHINE % "kvm", "floor": 0.001,
              "rate_bound": 0.01, "cells": [{"name": name, "floor": 0.02}]}
    expect(tach(old, new)[0] == 1, "1.5 % is not seen")
    expect(tach(old, new, "--floor", d.write("fl.json", floors))[0] != 1, "below its floor it alarms")
    low = dict(floors, cells=[{"name": name, "floor": 0.005}])
    code, j = compared(old, new, "--floor", d.write("fl.json", low))
    expect(code == 1 and j["figures"][0]["floor"] == 0.005 and j["rule"]["floor"] == 0.001, "floors")
    for change, pattern in (({"tach_floor": 2}, "another version"), ({"tach_floor": "1"}, "no file of"),
                            ({"floor": -1}, "out of range"), ({"floor": 1e9}, "out of range"),
                            ({"cells": {}}, "cells"), ({"cells": [{"name": name}]}, "without a name"),
                            ({"cells": floors["cells"] * 2}, "stands there twice")):
        refused(65, "fl.json.*" + pattern, old, new, "--floor",
                d.write("fl.json", dict(floors, **change)))
    refused(2, "another machine or class", old, new, "--floor",
            d.write("fl.json", dict(floors, machine="other")))


def check_sides():
    machine = d.Machine(9, 0.002)
    for side, factor in (("base", {}), ("head", {list(CELLS)[5]: 1.05})):
        d.write_run("pair/" + side, d.document("kvm", machine.rows("kvm", CELLS, 10, factor)))
    expect(tach("pair")[0] == 1 and "1 regressed" in tach("pair")[1], "a run of two sides")
    refused(64, "holds two sides", "pair", "base.json")
    refused(64, "holds one side", "base.json")
    half = d.document("kvm", machine.rows("kvm", CELLS, 10), tach_complete="no",
                      tach_excluded=["boot-3 pti=on trace=off: panic"])
    code, j = compared("base.json", d.write("half.json", half))
    expect(j["sides"][1]["excluded"] == 1 and not j["sides"][1]["complete"], "excluded boots")
    expect("not every boot passed: 1 are left out" in tach("base.json", "half.json")[2], "not said")


def check_aa():
    from scipy.stats import beta
    machine = d.Machine(11, 0.003)
    run = d.write("aa.json", d.document("kvm", machine.rows("kvm", dict(list(CELLS.items())[:12]), 20)))
    code, out, _ = tach("--aa", run, "--out", "floor.json", "--splits", "400")
    made = json.load(open("floor.json"))
    expect(code == 0 and "false alarms" in out, out)
    k, n = made["alarms"], made["splits"]
    expect(n == 400 and not made["all_splits"] and made["rate"] == k / n, "rate")
    bound = beta.ppf(0.95, k + 1, n - k)
    expect(math.isclose(made["rate_bound"], bound, rel_tol=1e-6), f"{made['rate_bound']} is not {bound}")
    expect(made["rate_bound"] < 0.05, f"alarms: {k} of {n}")
    expect(0.0005 < made["floor"] < 0.01, f"floor {made['floor']}")
    for cell in made["cells"]:
        finds = cell["detectable"]
        expect(0.0015 < cell["noise_boot"] < 0.007, f"noise {cell['noise_boot']}")
        expect(finds["5"] >= finds["10"] >= finds["20"] > 0, str(finds))
    tach("--aa", run, "--out", "again.json", "--splits", "400")
    expect(open("floor.json").read() == open("again.json").read(), "the same seed, other numbers")
    expect(tach("base.json", "same.json", "--floor", "floor.json")[0] == 0, "compare cannot read it")
    few = d.write("few.json", d.document("kvm", machine.rows("kvm", {"ipc/R0/pti:off": 100}, 14)))
    tach("--aa", few, "--out", "few.out", "--splits", "2000")
    made = json.load(open("few.out"))
    expect(made["all_splits"] and made["splits"] == 1716, "not all splits of 14")
    expect(made["rate_bound"] == made["rate"], "a bound on what is known")
    ten = d.write("ten.json", d.document("kvm", machine.rows("kvm", CELLS, 10)))
    refused(2, "10 boots of one image; 14", "--aa", ten)
    refused(2, "exact, so there is no noise", "--aa", "e0.json")
    refused(2, "another kernel", "--aa", few, d.write("k.json", d.document(
        "kvm", machine.rows("kvm", CELLS, 10), kernel_sha256="cd" * 32)))


def on_terminal(columns, *words, **env):
    """What a terminal of so many columns shows."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "50"], stdin=slave, check=True)
    child = subprocess.Popen([TACH, "compare", *words], stdin=slave, stdout=slave, stderr=slave,
                             env=dict(os.environ, TERM="xterm", **env))
    os.close(slave)
    out = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    child.wait()
    os.close(master)
    return out.decode()


def check_terminal():
    plain = dict(NO_COLOR="1")
    for columns in (60, 80, 200):
        out = on_terminal(columns, "base.json", "worse.json", **plain)
        widest = max(len(line) for line in out.splitlines())
        expect(widest <= columns and "\x1b" not in out, f"{columns} columns: {widest}")
        expect("regressed" in out, out)
    expect("\x1b[31m" in on_terminal(200, "base.json", "worse.json", NO_COLOR=""), "no colours")
    expect("\x1b" not in tach("base.json", "worse.json")[1], "colours in a pipe")


def main():
    with tempfile.TemporaryDirectory(prefix="tach-compare-") as work:
        os.chdir(work)
        for check in (check_verdicts, check_family, check_exact, check_counts_of_cycles, check_reading, check_terms,
                      check_json, check_hostile, check_huge, check_bad, check_floors, check_sides,
                      check_aa, check_terminal):
            check()
        os.chdir("/")
    return done()


if __name__ == "__main__":
    sys.exit(main())
