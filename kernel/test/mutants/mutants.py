#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that each guard is guarded: removes it, builds, and demands that its test fails.

Every mutant of a table is a small edit of the source. It is made in a copy of the tree, what its
test needs is built there, and the test is run there: a row of boot.cfg, or a suite of make check. A
mutant passes when the test fails. Before that the same tests must pass without any edit. Last line:
"TABLE: N passed, N failed". Exit: 0 all were killed, 1 not, 64 wrong arguments, 65 bad table, 70 the
tree does not build or its tests do not pass as they are."""

import argparse
import concurrent.futures
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
LEFT_OUT = ("results", ".git", "README.md")
IMAGES = ("build/kernel.elf", "build/initfs.img", "build/loader.elf")
KEPT = ("k", "l", "u", "svc", "user", "h", "san", "sanl", "sanm", "flags", "abi_hash.h", "linked_services.c", "font.c", "mkinitfs",
        "kernel.elf", "loader.elf", "initfs.img")
BOOTS, SUITES = "kernel/test/mutants/boot.cfg", "bench/test/suites.cfg"
TABLES = ("mutants", "host")
NOT_RUN = (126, 127)   # the shell's words for a suite that did not begin
BUILD_FIRST_S = 1200   # of everything, with the sanitizers
BUILD_S, TEST_S = 300, 240
ROW_S = 20             # the least limit of a row of mutants/boot.cfg, which boot.py multiplies:
PATIENCE_FIRST = 3     # without an edit;
PATIENCE_LEAST = 0.5   # with one, which often hangs: this, or
SLOWER = 4             # so many times what the test took without


class BadTable(Exception):
    """The table cannot be used as it is written."""


class Mutant:
    """name, hazard, test, edits [(file, before, after)], whether it is of the sample."""

    def __init__(self, head, number):
        words = head.split()
        if len(words) not in (3, 4) or words[3:] not in ([], ["sample"]):
            raise BadTable("line %d: not NAME HAZARD TEST [sample]" % number)
        self.name, self.hazard, self.test = words[:3]
        self.sample = len(words) == 4
        self.edits = []


def table_read(name):
    """Blocks: a line NAME HAZARD TEST [sample], then FILE, "- before", "+ after", repeated."""
    mutants, file = [], None
    with open(name, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            text = line.rstrip("\n")
            if not text.strip() or text.startswith("#"):
                continue
            if not text.startswith("    "):
                mutants.append(Mutant(text, number))
                file = None
                continue
            if not mutants:
                raise BadTable("line %d: no mutant yet" % number)
            text = text.strip()
            if text.startswith("- ") and file:
                mutants[-1].edits.append([file, text[2:].replace("\\n", "\n"), None])
            elif (text.startswith("+ ") or text == "+") and mutants[-1].edits and \
                    mutants[-1].edits[-1][2] is None:
                mutants[-1].edits[-1][2] = text[2:].replace("\\n", "\n")
            elif re.fullmatch(r"[\w./-]+", text):
                file = text
            else:
                raise BadTable("line %d: %r" % (number, text))
    for m in mutants:
        if not m.edits or any(e[2] is None for e in m.edits):
            raise BadTable("%s: an edit is not whole" % m.name)
    names = [m.name for m in mutants]
    if len(set(names)) != len(names):
        raise BadTable("a name stands there twice")
    return mutants


def ignored(directory, names):
    """Of build/ only what the images are made of."""
    if directory != os.path.join(ROOT, "build"):
        return []
    return [n for n in names if n not in KEPT and not n.startswith("offsets")]


def rows_read(name):
    """The rows of a table of boots or of suites: first column to last."""
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        cells = [line.split("|") for line in f if line.strip() and not line.startswith("#")]
    return {c[0].strip(): "|".join(c[2:]).strip() for c in cells}


class Tests:
    """What the names of tests mean."""

    def __init__(self):
        self.boots, self.suites = rows_read(BOOTS), rows_read(SUITES)

    def check(self, mutants):
        for m in mutants:
            if (m.test in self.boots) == (m.test in self.suites):
                raise BadTable("%s: %s is no test, or two" % (m.name, m.test))

    def targets(self, name):
        """What is to be built for it: what a suite's command and its script name, else the images."""
        text = self.suites.get(name, "")
        for script in re.findall(r"\S+\.(?:py|sh)\b", text):
            with open(os.path.join(ROOT, script), encoding="utf-8") as f:
                text += f.read()
        return re.findall(r"\bbuild/[\w./-]+\w", text) or list(IMAGES)

    def command(self, name, patience):
        if name in self.suites:
            return ["bash", "-c", self.suites[name]]
        return [sys.executable, "kernel/test/boot.py", "--config", BOOTS, "--patience", str(patience), "--row", name]

    def killed(self, name, status):
        """Whether this exit status (None: it took too long) says that the test ran and failed."""
        return status is None or status == 1 or (name in self.suites and status not in (0, *NOT_RUN))


def fits(mutant):
    """Why an edit of it has no place in this tree, or None."""
    for file, old, _ in mutant.edits:
        try:
            with open(os.path.join(ROOT, file), encoding="utf-8") as f:
                count = f.read().count(old)
        except OSError as bad:
            return "%s: %s" % (file, bad.strerror)
        if count != 1:
            return "%s holds %r %d times" % (file, old, count)
    return None


class Tree:
    """A copy of the source with a build directory of its own."""

    def __init__(self, directory, tests):
        self.root, self.tests = directory, tests
        for name in os.listdir(ROOT):
            if name in LEFT_OUT or name.startswith("."):
                continue
            source, target = os.path.join(ROOT, name), os.path.join(directory, name)
            if os.path.isdir(source):
                shutil.copytree(source, target, ignore=ignored)
            else:
                shutil.copy2(source, target)

    def run(self, command, limit):
        """(exit status or None when it took too long, output)"""
        child = subprocess.Popen(command, cwd=self.root, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            out, _ = child.communicate(timeout=limit)
            return child.returncode, out.decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # with its QEMU, which may hang, and holds the pipe
            return None, child.communicate()[0].decode(errors="replace")

    def build(self, names, limit=BUILD_S):
        """What these tests need."""
        return self.run(["make", "-s", *sorted({t for n in names for t in self.tests.targets(n)})], limit)

    def test(self, name, patience=PATIENCE_FIRST):
        limit = min(TEST_S, patience * ROW_S) if name in self.tests.suites else TEST_S
        return self.run(self.tests.command(name, patience), limit)

    def edit(self, mutant):
        """Applies the edits; what the files were, for undo."""
        before = {}
        for file, old, new in mutant.edits:
            path = os.path.join(self.root, file)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            before.setdefault(path, text)
            if text.count(old) != 1:
                self.undo(before)
                raise BadTable("%s: %s holds %r %d times" % (mutant.name, file, old,
                                                             text.count(old)))
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.replace(old, new))
        return before

    @staticmethod
    def undo(before):
        for path, text in before.items():
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)


def try_mutant(tree, mutant, seconds):
    """Why the mutant lives, or None: it was killed. Its test takes so many seconds without it."""
    before = tree.edit(mutant)
    try:
        status, out = tree.build([mutant.test])
        if status != 0:
            return "does not build: " + out[-400:]
        status, out = tree.test(mutant.test, max(PATIENCE_LEAST, SLOWER * seconds / ROW_S))
        if status == 0:
            return "survived " + mutant.test
        if not tree.tests.killed(mutant.test, status):
            return "%s did not run: status %d: %s" % (mutant.test, status, out[-200:])
        return None
    finally:
        tree.undo(before)


def baseline(tree, tests):
    """All tests on the tree as it is: (why not or "", seconds of each)."""
    status, out = tree.build(tests, BUILD_FIRST_S)
    if status != 0:
        return "the tree does not build: " + out[-400:], {}
    seconds = {}
    for name in sorted(tests):
        start = time.monotonic()
        status, out = tree.test(name, TEST_S / ROW_S if name in tree.tests.suites else PATIENCE_FIRST)
        seconds[name] = time.monotonic() - start
        if status != 0:
            return "%s fails without any edit:\n%s" % (name, out[-600:]), {}
    return "", seconds


def run_all(mutants, jobs, directory, tests):
    first = Tree(os.path.join(directory, "0"), tests)
    trouble, took = baseline(first, {m.test for m in mutants})
    if trouble:
        print("mutants.py: " + trouble, file=sys.stderr)
        return None
    trees = queue.Queue()
    trees.put(first)
    for n in range(1, jobs):  # copied with its build, so nothing is built twice
        copy = os.path.join(directory, str(n))
        shutil.copytree(first.root, copy)
        other = object.__new__(Tree)
        other.root, other.tests = copy, tests
        trees.put(other)

    def one(mutant):
        tree, start = trees.get(), time.monotonic()
        try:
            return mutant, try_mutant(tree, mutant, took[mutant.test]), time.monotonic() - start
        except BadTable as bad:
            return mutant, str(bad), 0
        finally:
            trees.put(tree)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for mutant, why, seconds in pool.map(one, mutants):
            failed += why is not None
            if why is None:
                print("ok %s: hazard %s, killed by %s (%.1f s)" % (mutant.name, mutant.hazard,
                                                                   mutant.test, seconds))
            else:
                print("FAIL %s: hazard %s: %s" % (mutant.name, mutant.hazard, why))
            sys.stdout.flush()
    return failed


def fit_all():
    """Looks at every table, in no time: which mutants have no place in this tree."""
    good, bad = 0, []
    for table in TABLES:
        try:
            mutants = table_read(os.path.join(HERE, table + ".cfg"))
            Tests().check(mutants)
        except (BadTable, OSError) as why:
            bad.append("%s.cfg: %s" % (table, why))
            continue
        lost = ["%s: %s" % (m.name, fits(m)) for m in mutants if fits(m)]
        good += len(mutants) - len(lost)
        bad += lost
    for line in bad:
        print("FAIL " + line)
    print("mutants-fit: %d passed, %d failed" % (good, len(bad)))
    return 1 if bad else 0


def main(arguments):
    p = argparse.ArgumentParser(description="Removes guards and demands that their tests fail.",
                                epilog="example: mutants.py --only 'fmask-.*'")
    p.error = lambda message: p.exit(64, "mutants.py: %s\n" % message)
    p.add_argument("--sample", metavar="N", type=int, help="only the first N marked as sample")
    p.add_argument("--only", metavar="REGEX", help="only mutants whose whole name matches")
    p.add_argument("--jobs", type=int, default=2, help="mutants at a time (default 2)")
    p.add_argument("--table", default=TABLES[0], choices=TABLES,
                   help="mutants.cfg: what boots kill (the default); host.cfg: what suites of the host kill")
    p.add_argument("--list", action="store_true", help="print the table and try none")
    p.add_argument("--fit", action="store_true", help="try none of any table, but say which no longer fit the source")
    o = p.parse_args(arguments)
    if o.fit:
        return fit_all()
    try:
        mutants, tests = table_read(os.path.join(HERE, o.table + ".cfg")), Tests()
        tests.check(mutants)
    except (BadTable, OSError) as bad:
        print("mutants.py: %s.cfg: %s" % (o.table, bad), file=sys.stderr)
        return 65
    if o.sample is not None:
        mutants = [m for m in mutants if m.sample][:o.sample]
    mutants = [m for m in mutants if not o.only or re.fullmatch(o.only, m.name)]
    if not mutants:
        print("mutants.py: no such mutant", file=sys.stderr)
        return 64
    if o.list:
        for m in mutants:
            print("%-24s %-10s %s%s" % (m.name, m.hazard, m.test, " (sample)" if m.sample else ""))
        return 0
    directory = tempfile.mkdtemp(prefix="tach-mutants-")
    os.chmod(directory, 0o755)  # the suite `quiet` is also run as nobody
    try:
        failed = run_all(mutants, max(1, o.jobs), directory, tests)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if failed is None:
        return 70
    print("%s: %d passed, %d failed" % (o.table, len(mutants) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
