#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""test_gate.py TACH SYNTH_GUEST: tach gate in a small repository of its own, with a synthetic guest in
QEMU's place that is one instruction dearer in the head when it is told so; and on cycles of made-up
boots with known noise. Last line: the sum."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.dom.minidom

sys.dont_write_bytecode = True
import documents as d
from count import done, expect

TACH = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "build/tach")
SYNTH = os.path.realpath(sys.argv[2] if len(sys.argv) > 2 else "build/test/synth_guest")
COMPARE_PY = "/usr/share/benchmark/compare.py"
MATRIX = "axis pti off,on\naxis trace off,on\nR0 - -\nR1 8 -\nT2 8 -\nD4 0 two\n"
# The base of a change is built below results/build: only what is not from there obeys TACH_HEAD.
QEMU = f"""#!/bin/sh
case "$*" in
*results/build*) ;;
*) export TACH_SYNTH="$TACH_HEAD" ;;
esac
exec {SYNTH} "$@"
"""
MAKEFILE = "all: build/loader.elf build/kernel.elf build/initfs.img\nbuild/%:\n\t@mkdir -p build; echo $@ >$@\n"
CELLS = {f"ipc/D4/size:{i}/pti:{p}": 1000 + 37 * i for i in range(23) for p in ("off", "on")}


def run(*words, **env):
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120,
                          stdin=subprocess.DEVNULL, env=dict(os.environ, **env))


def git(*words):
    made = run("git", "-c", "user.name=T", "-c", "user.email=t@t", "-c", "commit.gpgsign=false", *words)
    expect(made.returncode == 0, f"git {words}: {made.stderr}")


def gate(*words, head="", status=0, out="out"):
    """Runs the gate into a fresh directory; (its output, its gate.json)."""
    run("rm", "-rf", out)
    made = run(TACH, "gate", "--out", out, *words, TACH_HEAD=head)
    expect(made.returncode == status,
           f"{words}: status {made.returncode} instead of {status}: {made.stdout}{made.stderr[-300:]}")
    j = json.load(open(out + "/gate.json")) if os.path.exists(out + "/gate.json") else None
    expect(status > 2 or (j and j["exit"] == status), f"{words}: gate.json says otherwise")
    return made.stdout, j


def refused(status, pattern, *words, **env):
    made = run(TACH, "gate", *words, **env)
    expect(made.returncode == status and re.search(pattern, made.stderr),
           f"{words}: {made.returncode} instead of {status}, or no {pattern}: {made.stderr[-300:]}")


def finding(j, what):
    return [f for f in j["findings"] if f["what"] == what]


def repository(work):
    os.makedirs("bin")
    for name, text in (("bin/qemu-system-x86_64", QEMU), ("repo/Makefile", MAKEFILE),
                       ("repo/matrix.cfg", MATRIX), ("repo/.gitignore", "build\nresults/run\n"
                                                                         "results/build\nout\n")):
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "w", encoding="utf-8") as out:
            out.write(text)
    os.chmod("bin/qemu-system-x86_64", 0o755)
    os.environ["PATH"] = f"{work}/bin:" + os.environ["PATH"]
    os.chdir("repo")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    expect(run("make").returncode == 0, "the small repository does not build")


def check_mirrors():
    """What a passing gate leaves, each in its form."""
    smaller = json.load(open("out/smaller.json"))
    expect(len(smaller) == 8 and all(sorted(f) == ["name", "range", "unit", "value"] and
                                     f["range"] == "\u00b1 0" and f["unit"] == "instructions"
                                     for f in smaller), str(smaller[:2]))
    bencher = json.load(open("out/bencher.json"))
    expect(bencher["ipc/R0/pti:off"]["instructions"]["value"] == 12, str(bencher)[:200])
    cases = xml.dom.minidom.parse("out/junit.xml").getElementsByTagName("testcase")
    expect(len(cases) == 8, "junit.xml")
    expect(run("/usr/bin/python3", COMPARE_PY, "benchmarks", "out/ipc.ci.json",
               "out/ipc.ci.json").returncode == 0, "compare.py cannot read ipc.ci.json")
    for name in ("report.html", "gate.md"):
        expect(os.path.getsize("out/" + name) > 300, name)


def check_baseline():
    """The life of a committed baseline: made, moved, explained."""
    text, j = gate("--baseline", "none", "--base-rev", "HEAD", "--matrix", "matrix.cfg")
    expect(finding(j, "base")[0]["gates"] and "gate: passed" in text, text)
    expect(run(TACH, "baseline", "out/exact/head", "--out", "results/baseline.json").returncode == 0, "")
    git("add", "-A")
    git("commit", "-q", "-m", "baseline", "--trailer", "Baseline: the first one")
    text, j = gate("--matrix", "matrix.cfg")
    expect("8 equal" in text, text)
    check_mirrors()
    text, j = gate("--matrix", "matrix.cfg", "--base-rev", "HEAD", head="extra", status=1)
    expect("2 of 8 figures moved" in text and "in guards +1" in text, text)
    expect("make baseline" in text and "--trailer 'Baseline: REASON'" in text, "what to do: " + text)
    expect(finding(j, "base")[0]["verdict"] == "failed" and not finding(j, "base")[0]["gates"], str(j))
    failures = xml.dom.minidom.parse("out/junit.xml").getElementsByTagName("failure")
    expect(len(failures) == 2 and failures[0].getAttribute("message") == "12 -> 13", "junit.xml")
    markdown = open("out/gate.md").read()
    expect(markdown.startswith("## tach gate: failed") and "| regressed | ipc/R0/pti:off |" in markdown,
           markdown[:300])
    run(TACH, "baseline", "out/exact/head", "--out", "results/baseline.json")
    text, _ = gate("--matrix", "matrix.cfg", "--base-rev", "HEAD", head="extra", status=1)
    expect("not committed" in text, text)
    git("commit", "-q", "-a", "-m", "dearer `x` \x1b[31m")
    text, _ = gate("--matrix", "matrix.cfg", "--base-rev", "HEAD~1", head="extra", status=1)
    expect("1 of 1 commits change the baseline without a reason" in text and "\x1b" not in text, text)
    expect("git commit --amend --trailer" in text, "what to do: " + text)
    git("commit", "-q", "--amend", "--no-edit", "--trailer", "Baseline: a guard more")
    text, j = gate("--matrix", "matrix.cfg", "--base-rev", "HEAD~1", head="extra")
    expect("each with its reason: a guard more" in text and finding(j, "reasons"), text)


def check_runs():
    """Runs that were made elsewhere, runs that are not whole, baselines of another machine."""
    run("rm", "-rf", "kept")
    os.rename("out", "kept")
    text, _ = gate("--run", "kept/exact", "--base-rev", "HEAD~1")
    expect("8 equal" in text and not os.path.exists("out/exact"), text)
    text, _ = gate("--matrix", "matrix.cfg", head="panic", status=1)
    expect("not every boot of the head passed" in text, text)
    other = json.load(open("results/baseline.json"))
    other["context"]["tach_machine"] = "icount another"
    d.write("other.json", other)
    text, _ = gate("--run", "kept/exact", "--baseline", "other.json", status=2)
    expect("not comparable" in text, text)
    text, j = gate("--run", "kept/exact", "--baseline", "none", status=1)
    expect(finding(j, "base")[0]["gates"], "without a baseline the base gates")
    refused(66, "no such|No such|no revision", "--base-rev", "nothing", "--matrix", "matrix.cfg",
            "--out", "never")
    refused(66, "No such file", "--run", "absent", "--out", "never")
    refused(66, "No such file", "--run", "kept/exact", "--baseline", "absent.json", "--out", "never")
    refused(64, "needs --base-rev", "--baseline", "none")
    refused(64, "cycles are of kvm", "--cycles", "granite")
    refused(64, "takes options only", "stray")
    refused(73, "holds a run already", "--out", "kept", "--matrix", "matrix.cfg")


def pair(path, seed, factor=None, cls="kvm"):
    """A run of two sides in cycles, with the noise of boots."""
    machine = d.Machine(seed)
    for side in ("base", "head"):
        rows = machine.rows(cls, CELLS, 10, factor if side == "head" else None)
        d.write_run(f"{path}/{side}", d.document(cls, rows))
    return path


def check_cycles():
    """3 % are found; of twenty comparisons of equal sides none fails."""
    d.write("aa.json", d.document("kvm", d.Machine(100).rows("kvm", CELLS, 20)))
    expect(run(TACH, "compare", "--aa", "aa.json", "--out", "floor.json").returncode == 0, "--aa")
    worse = pair("worse", 1, {list(CELLS)[7]: 1.03})
    words = ("--run", "kept/exact", "--cycles")
    text, j = gate(*words, worse, "--floor", "floor.json", status=1)
    expect(finding(j, "cycles")[0]["gates"] and "1 regressed" in text, text)
    expect("cycles" in {f["unit"] for f in json.load(open("out/smaller.json"))}, "no cycles for trackers")
    text, j = gate(*words, worse)
    expect("a report only: the floor of this machine is not known" in text, text)
    high = dict(json.load(open("floor.json")), floor=0.2)
    text, _ = gate(*words, worse, "--floor", d.write("high.json", high))
    expect("a report only: the floor of this machine is too high" in text, text)
    often = dict(high, floor=0.001, rate_bound=0.3)
    text, _ = gate(*words, worse, "--floor", d.write("often.json", often))
    expect("a report only: equal sides alarm too often" in text, text)
    text, _ = gate(*words, pair("tcg", 2, {list(CELLS)[7]: 1.3}, "tcg"))
    expect("only the classes kvm and metal" in text, text)
    alarms = 0
    for seed in range(20):
        made = run(TACH, "compare", pair("equal", 1000 + seed), "--floor", "floor.json")
        alarms += made.returncode == 1
    expect(alarms == 0, f"{alarms} of 20 comparisons of equal sides failed")
    _, j = gate(*words, pair("equal", 1000), "--floor", "floor.json")
    expect(finding(j, "cycles")[0]["gates"] and j["cycles"]["counts"]["regressed"] == 0, "equal sides")


def main():
    with tempfile.TemporaryDirectory(prefix="tach-gate-") as work:
        os.chdir(work)
        repository(work)
        check_baseline()
        check_runs()
        check_cycles()
        expect(not glob.glob("results/build/.*"), "a work tree stays behind")
        os.chdir("/")
    return done()


if __name__ == "__main__":
    sys.exit(main())
