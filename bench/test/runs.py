#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""runs.py: runs as a whole, with a synthetic guest for QEMU: two sides, order, resuming.

A run is killed at 200 of its points and goes on each time; at the end its figures are those of a run
that nobody killed, byte by byte, and no boot was made twice. A full disk ends a run with an error and
harms nothing. Last line: the sum.
"""
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from count import done, expect

TACH = os.path.realpath("build/tach")
SYNTH = os.path.realpath("build/test/synth_guest")
KILLER = os.path.realpath("build/test/kill_at.so")
KILLS, STEP, SPAN = 200, 37, 500 # points of a process: step and span have no common divisor
MATRIX = "axis pti off,on\naxis trace off,on\nR0 - -\nR1 8 -\nT2 8 -\nD4 0 two\n"
DOCUMENTS = ("ipc.json", "ipc.ci.json")


def environment(work, **more):
    return {**os.environ, "PATH": f"{work}/bin:{os.environ['PATH']}", **more}


def tach(work, *words, before=None, **more):
    """Runs the command in the work directory; (status, errors)."""
    process = subprocess.run([TACH, *words], cwd=work, env=environment(work, **more), text=True,
                             capture_output=True, stdin=subprocess.DEVNULL, timeout=300, check=False,
                             preexec_fn=before)
    return process.returncode, process.stderr


def run(work, *words, **more):
    return tach(work, "run", "--class", "icount", "--matrix", "m.cfg", *words, **more)


def load(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return json.load(file)


def figures(*parts):
    return json.dumps(load(*parts)["benchmarks"])


def images(work):
    for build in ("build", "old"):
        os.makedirs(f"{work}/{build}", exist_ok=True)
        for name in ("kernel.elf", "loader.elf", "initfs.img"):
            with open(f"{work}/{build}/{name}", "w", encoding="utf-8") as image:
                image.write(f"{build} {name}\n")


def prepare(work):
    os.makedirs(f"{work}/bin")
    os.symlink(SYNTH, f"{work}/bin/qemu-system-x86_64")
    images(work)
    with open(f"{work}/m.cfg", "w", encoding="utf-8") as matrix:
        matrix.write(MATRIX)


def sound(directory):
    """Whether what a killed run left can be believed: (boots by (side, number), what is wrong)."""
    plan = load(directory, "run.json")
    passed = {}
    for boot in plan["boots"]:
        if boot["state"] == "pending":
            continue
        path = os.path.join(directory, boot["side"], f"boot-{boot['number']}.frames")
        with open(path, "rb") as frames:
            if hashlib.sha256(frames.read()).hexdigest() != boot["frames_sha256"]:
                return passed, path + " is not what run.json says"
        passed[boot["side"], boot["number"]] = (os.stat(path).st_ino, os.stat(path).st_mtime_ns)
    for where, _, names in os.walk(directory):
        for name in names:
            if name.endswith(".json"):
                load(where, name)
    return passed, ""


def test_sides(work):
    status, errors = run(work, "--base", "old", "--boots", "3", "--seed", "5", "--out", "pair")
    expect(status == 0, f"a run of two sides: {status}: {errors}")
    plan = load(work, "pair", "run.json")
    expect(plan["seed"] == 5 and plan["complete"] and plan["repetitions"] == 3, "the plan is not kept")
    expect("24 boots, seed 5" in errors, "the seed is not said")
    expect([s["images"][1]["path"] for s in plan["sides"]] == ["old/kernel.elf", "build/kernel.elf"],
           "the sides are not of the images named")
    order = [(boot["side"], boot["number"]) for boot in plan["boots"]]
    expect(len(set(order)) == 24 and [n for _, n in order[::2]] == [n for _, n in order[1::2]],
           "the sides of a boot do not follow each other")
    for side in ("base", "head"):
        rows = load(work, "pair", side, "ipc.json")["benchmarks"]
        expect([r["repetition_index"] for r in rows if r["name"] == "ipc/R0/pti:off"] == [0, 1, 2],
               f"{side}: not a row a boot")
        machine = load(work, "pair", side, "machine.json")
        expect(len(machine["boots"]) == 12 and machine["complete"], f"{side}: machine.json")
        image = plan["sides"][side == "head"]["images"][1]["sha256"]
        expect(machine["images"][1]["sha256"] == image, f"{side}: images")
        words = [boot["command"] for boot in machine["boots"]]
        own = "old/kernel.elf" if side == "base" else "build/kernel.elf"
        expect(all(own in text for text in words), f"{side}: boots another image")
    status, _ = tach(work, "compare", "pair/base", "pair/head")
    expect(status == 0, "compare does not read the sides")
    again, _ = run(work, "--base", "old", "--boots", "3", "--seed", "5", "--out", "again")
    same = load(work, "again", "run.json")
    expect(again == 0 and [(b["side"], b["number"]) for b in same["boots"]] == order,
           "the same seed gives another order")
    status, _ = run(work, "--base", "old", "--boots", "3", "--seed", "6", "--out", "other")
    other = load(work, "other", "run.json")
    expect([(b["side"], b["number"]) for b in other["boots"]] != order, "another seed, the same order")
    for words, wanted, text in ((("--head", "old"), 64, "needs --base"),
                                (("--base", "old", "--base-rev", "x"), 64, "the same side"),
                                (("--base", "nowhere"), 66, "nowhere: No such file"),
                                (("--seed", "4294967296"), 64, "not a whole number from 0 to 4294967295"),
                                (("--resume", "pair", "--boots", "2"), 64, "as it began"),
                                (("--base-rev", "HEAD"), 66, "no revision that git knows here")):
        status, errors = run(work, *words, "--out", "never") if "--resume" not in words else \
            tach(work, "run", *words)
        expect(status == wanted and text in errors, f"{words}: {status}: {errors}")
    expect(not os.path.exists(f"{work}/never"), "a refused run left a directory")


def test_excluded(work):
    status, errors = run(work, "--boots", "2", "--out", "wild", TACH_SYNTH="wild")
    expect(status == 2 and "FAILED: refused: 1000 turns took 18002 ticks" in errors, errors)
    expect("2 in no figure, but in ipc.excluded.json" in errors, "what is excluded is not said")
    rows = load(work, "wild", "ipc.json")
    names = {row["name"] for row in rows["benchmarks"]}
    expect("ipc/R0/pti:off" in names and "ipc/R0/pti:on" not in names,
           "a boot that failed its calibration gives figures")
    expect(rows["context"]["tach_complete"] == "no" and
           "boot-2 pti=on trace=off: refused" in rows["context"]["tach_excluded"][0],
           "the document does not say what it excludes")
    excluded = load(work, "wild", "ipc.excluded.json")
    expect({row["name"] for row in excluded["benchmarks"]} == {name.replace("off", "on") for name in names},
           "what was excluded is not visible")
    boots = load(work, "wild", "machine.json")["boots"]
    expect(boots[1].get("excluded") and "refused" in boots[1]["reason"] and "excluded" not in boots[0],
           "machine.json does not mark the boot")
    expect(os.path.getsize(f"{work}/wild/boot-2.frames") > 0, "its frames are gone")
    status, errors = tach(work, "run", "--resume", "wild")
    expect(status == 2 and "8 of 8 boots are there" in errors, "a failed boot is made again")
    expect(not os.path.exists(f"{work}/pair/base/ipc.excluded.json"), "nothing excluded, yet a document")


def test_kills(work):
    """One run, killed at KILLS points in all, each a call further than the last."""
    words = ("--base", "old", "--boots", "5", "--seed", "9")
    status, errors = run(work, *words, "--out", "whole", TACH_SYNTH="slow")
    expect(status == 0, f"the run to compare with: {status}: {errors}")
    kills = ends = 0
    repeated = damaged = 0
    seen = {}
    while kills < KILLS:
        point = 1 + (kills + ends) * STEP % SPAN
        begun = os.path.exists(f"{work}/killed/run.json")
        more = {"LD_PRELOAD": KILLER, "TACH_KILL_AT": str(point), "TACH_SYNTH": "slow"}
        status, errors = tach(work, "run", "--resume", "killed", **more) if begun else \
            run(work, *words, "--out", "killed", **more)
        if status == -signal.SIGKILL:
            kills += 1
        else: # it came to its end before that point: from the beginning, with further points
            ends += 1
            expect(status == 0 and all(figures(work, "killed", side, name) == figures(work, "whole", side, name)
                                       for side in ("base", "head") for name in DOCUMENTS),
                   f"resumed to the end: {status}: {errors}")
            shutil.rmtree(f"{work}/killed")
            seen = {}
            continue
        if not os.path.exists(f"{work}/killed/run.json"):
            continue
        passed, wrong = sound(f"{work}/killed")
        damaged += bool(wrong)
        repeated += any(passed.get(boot) != facts for boot, facts in seen.items())
        seen = passed
    expect(damaged == 0, f"{damaged} of {kills} kills left a damaged run")
    expect(repeated == 0, f"after {repeated} of {kills} kills a boot was made twice")
    status, errors = tach(work, "run", "--resume", "killed")
    expect(status == 0, f"the last resume: {status}: {errors}")
    for side in ("base", "head"):
        for name in DOCUMENTS:
            expect(figures(work, "killed", side, name) == figures(work, "whole", side, name),
                   f"{side}/{name} differs from the run that nobody killed")
    passed, wrong = sound(f"{work}/killed")
    expect(not wrong and len(passed) == len(load(work, "whole", "run.json")["boots"]), wrong or "boots lack")
    expect(load(work, "killed", "run.json")["complete"], "not complete")
    expect(ends > 0, "no run came to its end between the kills")
    print(f"runs: killed {kills} times, {ends} runs came to their end in between")


def test_refusals(work):
    """A run is resumed as it began, or not at all."""
    run(work, "--out", "mine")

    def resumed(text, status=65):
        got, errors = tach(work, "run", "--resume", "mine")
        expect(got == status and text in errors and errors.count("\n") == 1, f"{text}: {got}: {errors}")

    plan = load(work, "mine", "run.json")
    with open(f"{work}/build/kernel.elf", "a", encoding="utf-8") as image:
        image.write("changed\n")
    resumed("build/kernel.elf: is not the image that the run began with")
    with open(f"{work}/build/kernel.elf", "w", encoding="utf-8") as image:
        image.write("build kernel.elf\n")
    for member, value, text, status in (
            ("tach_run", 99, "another version", 65), ("seed", "x", "seed, repetitions", 65),
            ("repetitions", 2, "not of this plan", 65),
            ("boots", plan["boots"][:1] * 4, "boot 2 of run.json is not of this plan", 65),
            ("boots", [{**boot, "pti": not boot["pti"]} for boot in plan["boots"]], "boot 1 of run.json", 65),
            ("matrix_sha256", "0", "not the matrix", 65), ("sides", [1, 2, 3], "sides", 65),
            ("boots", {}, "not of this plan", 65), ("class", "granite", "", 0),
            ("machine", {"qemu": "another"}, "began on another machine: qemu differs", 69)):
        if text:
            with open(f"{work}/mine/run.json", "w", encoding="utf-8") as file:
                json.dump({**plan, member: value}, file)
            resumed(text, status)
    with open(f"{work}/mine/run.json", "w", encoding="utf-8") as file:
        file.write(json.dumps(plan)[:700])
    resumed("no JSON")
    ordered = plan["boots"][::-1] # as another version of tach would have dealt the same seed
    with open(f"{work}/mine/run.json", "w", encoding="utf-8") as file:
        json.dump({**plan, "boots": ordered}, file)
    with open(f"{work}/mine/boot-2.frames", "ab") as frames:
        frames.write(b"torn")
    status, errors = tach(work, "run", "--resume", "mine")
    expect(status == 0 and "3 of 4 boots are there" in errors, f"a torn boot is made again: {errors}")
    expect([boot["number"] for boot in load(work, "mine", "run.json")["boots"]] ==
           [boot["number"] for boot in ordered], "a resumed run forgets the order that it began with")
    run(work, "--base", "old", "--out", "two")
    plan = load(work, "two", "run.json")
    for boot in plan["boots"]: # each side has 4
        if (boot["side"], boot["number"]) == ("head", 1):
            boot.update(side="base", number=5)
    with open(f"{work}/two/run.json", "w", encoding="utf-8") as file:
        json.dump(plan, file)
    status, errors = tach(work, "run", "--resume", "two")
    expect(status == 65 and "not of this plan" in errors, f"a fifth boot of four: {status}: {errors}")
    status, errors = tach(work, "run", "--resume", "nowhere")
    expect(status == 66 and "No such file" in errors, "a run that is not there")


def test_rebuilt(work):
    """An image that changes while a run goes on: no boot of the other one is believed."""
    os.makedirs(f"{work}/meanwhile")
    with open(f"{work}/meanwhile/qemu-system-x86_64", "w", encoding="utf-8") as script:
        script.write(f'#!/bin/sh\ncase "$*" in *boot-2.frames*) eval "$MEANWHILE" ;; esac\nexec {SYNTH} "$@"\n')
    os.chmod(f"{work}/meanwhile/qemu-system-x86_64", 0o755)
    path = f"{work}/meanwhile:{os.environ['PATH']}"
    for name, meanwhile, wanted, text in (
            ("added", "echo changed >>build/kernel.elf", 65, "build/kernel.elf: is not the image that the run began"),
            ("gone", "rm build/initfs.img", 66, "build/initfs.img: No such file"),
            ("swapped", "cp -p old/loader.elf x; mv x build/loader.elf", 65,
             "build/loader.elf: is not the image")):
        status, errors = run(work, "--jobs", "1", "--out", name, PATH=path, MEANWHILE=meanwhile)
        expect(status == wanted and errors.count(text) == 1 and "go on with" in errors, f"{name}: {status}: {errors}")
        boots = {boot["number"]: boot["state"] for boot in load(work, name, "run.json")["boots"]}
        expect(boots[2] == "pending", f"{name}: a boot of two images counts: {boots}")
        expect(not os.path.exists(f"{work}/{name}/ipc.json"), f"{name}: figures of a mixed run")
        images(work)
        status, errors = tach(work, "run", "--resume", name)
        expect(status == 0 and figures(work, name, "ipc.json") == figures(work, "mine", "ipc.json"),
               f"{name}: resumed with the images back: {status}: {errors}")
    status, errors = run(work, "--jobs", "1", "--out", "same", PATH=path,
                         MEANWHILE="cp build/kernel.elf x; mv x build/kernel.elf; touch build/loader.elf")
    expect(status == 0, f"the same bytes are the same image: {status}: {errors}")


def test_two_at_once(work):
    """A run belongs to one process."""
    first = subprocess.Popen([TACH, "run", "--class", "icount", "--matrix", "m.cfg", "--out", "busy"],
                             cwd=work, env=environment(work, TACH_SYNTH="hang"), stderr=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, text=True)
    for line in first.stderr:
        if "passed" in line:
            break
    status, errors = tach(work, "run", "--resume", "busy")
    expect(status == 73 and "another process is at work there" in errors, f"two at once: {errors}")
    first.send_signal(signal.SIGINT)
    text = first.stderr.read()
    expect(first.wait() == 2 and "go on with: tach run --resume busy" in text, f"Ctrl-C: {text}")
    plan = load(work, "busy", "run.json")
    states = [boot["state"] for boot in plan["boots"]]
    expect("pending" in states and "passed" in states and not plan["complete"], "states after Ctrl-C")
    expect(load(work, "busy", "ipc.ci.json")["context"]["tach_complete"] == "no", "complete after Ctrl-C")
    status, errors = tach(work, "run", "--resume", "busy")
    expect(status == 0 and figures(work, "busy", "ipc.json") == figures(work, "mine", "ipc.json"),
           f"resumed after Ctrl-C: {status}: {errors}")


def test_full(work):
    """Nothing more can be written: an error, and a run that goes on where there is space again."""
    for limit in (300, 1500, 4000, 6000, 9000):
        def small(limit=limit):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        out = f"full{limit}"
        status, errors = run(work, "--boots", "2", "--seed", "1", "--out", out, before=small)
        expect(status == 73 and ("space" in errors or "large" in errors), f"{limit} bytes: {status}: {errors}")
        if not os.path.exists(f"{work}/{out}/run.json"):
            status, errors = run(work, "--boots", "2", "--seed", "1", "--out", out)
        else:
            _, wrong = sound(f"{work}/{out}")
            expect(not wrong, wrong)
            status, errors = tach(work, "run", "--resume", out)
        expect(status == 0 and load(work, out, "run.json")["complete"], f"{limit} bytes, then more: {errors}")


def main():
    work = tempfile.mkdtemp(prefix="tach-runs-")
    try:
        prepare(work)
        for test in (test_sides, test_excluded, test_kills, test_refusals, test_rebuilt, test_two_at_once, test_full):
            test(work)
    finally:
        shutil.rmtree(work)
    return done()


if __name__ == "__main__":
    sys.exit(main())
