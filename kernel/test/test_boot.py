#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The harness judged: boots that must fail fail for the right reason, and bad tables and arguments
are refused in one line. A fake Bochs crashes where a true one might. Last line: "boot harness: N passed, N failed"."""

import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import shows  # noqa: E402

# A row, and what boot.py must say about it.
BOOTS = [
    ("good | microvm | 64M | @image=tiny a=b | PASS | tiny: cmdline=a=b && !panic | 20", "ok good"),
    ("code | microvm | 64M | @image=tiny | FAIL | | 20",
     "FAIL code: ended with 16 PASS, expected 17 FAIL"),
    ("line | microvm | 64M | @image=tiny | PASS | ^no such line$ | 20",
     "FAIL line: missing: ^no such line$"),
    ("not | microvm | 64M | @image=tiny | PASS | !^tiny: leaves | 20",
     "FAIL not: must not be there: ^tiny: leaves"),
    ("hangs | microvm | 64M | @image=tiny @kernel=hangs | PASS | | 1",
     "FAIL hangs: no end within 3 s"),
    ("faults | microvm | 64M | @image=tiny @kernel=faults | PASS | | 20",
     "FAIL faults: no exit line on serial, emulator's status 0"),
    ("module | microvm | 64M | @modules=x @image=tiny | PASS | | 20",
     "FAIL module: no such module: 'x'"),
    ("damage | microvm | 64M | @kernel=x @image=tiny | PASS | | 20",
     "FAIL damage: no such damage: x"),
    ("tag | microvm | 64M | @image=tiny @shows=V3,T11 | PASS | | 20",
     "shows V3,T11: ok, 1 checks: tag"),
    ("untag | microvm | 64M | @image=tiny @shows=T9 | FAIL | | 20",
     "shows T9: FAIL, 1 checks: untag"),
]

# A Bochs that is none: it writes what its "guest" says and what Bochs logs, then ends as the word tells.
FAKE = r"""#!%s
import os, re, signal, sys
config = open(sys.argv[sys.argv.index("-f") + 1]).read()
iso = open(re.search("path=([^,]+),", config)[1], "rb").read()
how = re.search(rb"fake=(\w+)", iso)[1].decode()
with open(re.search("com1:.*dev=(.+)", config)[1], "w") as serial:
    serial.write("it speaks\n" + ("" if "early" in how else "tach: exit 16 PASS: all is well\n"))
with open(re.search("log: (.+)", config)[1], "w") as log:
    if "shut" in how:
        log.write("00103682759p[UNMAP ] >>PANIC<< Shutdown port: shutdown requested\n")
if "segv" in how:
    os.kill(os.getpid(), signal.SIGSEGV)
sys.exit(0 if "zero" in how else 1)
""" % sys.executable

# The end of that Bochs, and what boot.py must say about it.
CRASHES = [
    ("whole | bochs | 32M | fake=shut | PASS | speaks | 20", r"ok whole \(\d+\.\d\d s\)$"),
    ("after | bochs | 32M | fake=shut_segv | PASS | speaks | 20",
     r"ok after \(.* s\): Bochs died by SIGSEGV after the guest's end$"),
    ("after-missing | bochs | 32M | fake=shut_segv | PASS | sings | 20",
     "FAIL after-missing: missing: sings$"),
    ("after-other | bochs | 32M | fake=shut_segv | FAIL | | 20",
     "FAIL after-other: ended with 16 PASS, expected 17 FAIL$"),
    ("before-shutdown | bochs | 32M | fake=segv | PASS | | 20",
     "FAIL before-shutdown: exit line is right, emulator's status -11 is not$"),
    ("before-line | bochs | 32M | fake=early_shut_segv | PASS | | 20",
     "FAIL before-line: no exit line on serial, emulator's status -11$"),
    ("zero | bochs | 32M | fake=shut_zero | PASS | | 20",
     "FAIL zero: exit line is right, emulator's status 0 is not$"),
]

# What a guest said, whether its boot passed, and what boot.py passes on.
SHOWN = [
    ("x\nshows V1: ok, 7 checks: all of it\ny", True, "shows V1: ok, 7 checks: all of it (b)"),
    ("shows V1,T2: ok, 7 checks: it", False, "shows V1,T2: FAIL, 7 checks: it (b)"),
    ("shows V1: FAIL, 7 checks: it\n", True, "shows V1: FAIL, 7 checks: it (b)"),
    ("shows V1: ok, 0 checks: it\n", True, "shows V1: FAIL, 0 checks: it (b)"),
    ("shows V1: ok, 7 che", True, "shows V1: FAIL, 0 checks: line without an end (b)"),
    ("shows V1: ok, 7 checks: \n", True, "shows V1: FAIL, 0 checks: line without an end (b)"),
    ("shows V1", True, "shows nothing: FAIL, 0 checks: line without an end (b)"),
    ("it shows V1: ok, 7 checks: it", True, None),
]

# A table, and the line on stderr.
TABLES = [
    ("a | microvm | 64M | | PASS |", "line 1: 5 columns, not 7"),
    ("a | vax | 64M | | PASS | | 1", "line 1: no machine 'vax'"),
    ("\na | pc | 64M | | FINE | | 1", "line 2: no exit name 'FINE'"),
    ("a | pc | 64M | @x | PASS | | 1", "line 1: no harness word '@x'"),
    ("a | pc | 64M | | PASS | ( | 1", "line 1: missing ), unterminated subpattern at position 0"),
    ("a | pc | much | | PASS | | 1", "line 1: memory is a number with M or G, not 'much'"),
    ("a | pc | 8M | @shows=v | PASS | | 1", "line 1: @shows= takes rows as V3,T11"),
    ("a | pc | 8M | | PASS | | soon", "line 1: could not convert string to float: 'soon'"),
    ("a | pc | 8M | | PASS | | 1\na | pc | 8M | | PASS | | 1", "row a stands there twice"),
]

results = []


def expect(good, what):
    results.append(bool(good))
    if not good:
        print("not so: " + what)


def boot(table, arguments, directory, path=""):
    config = os.path.join(directory, "table")
    with open(config, "w", encoding="ascii") as f:
        f.write(table + "\n")
    return subprocess.run([sys.executable, os.path.join(HERE, "boot.py"), "--config", config]
                          + arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, check=False,
                          env={**os.environ, "PATH": path + os.environ["PATH"]})


def crashes_check(arguments, directory):
    """An emulator's own crash is told and forgiven after the guest's shutdown, and only then."""
    bin_directory = os.path.join(directory, "bin")
    os.mkdir(bin_directory)
    with open(os.path.join(bin_directory, "bochs"), "w", encoding="ascii") as f:
        f.write(FAKE)
    os.chmod(f.name, 0o755)
    done = boot("\n".join(row for row, _ in CRASHES), arguments, directory, bin_directory + ":")
    for _, line in CRASHES:
        expect(re.search("^" + line, done.stdout, re.MULTILINE), line + " / " + done.stdout)


def codes_count():
    """The damaged kernels of boot.cfg, and how each must end: a code of its own for each check."""
    with open(os.path.join(HERE, "boot.cfg"), encoding="utf-8") as f:
        cells = [line.split(" | ") for line in f if line.startswith("elf-") and "@kernel=" in line]
    codes = {c[4].strip() for c in cells}
    expect(len(codes) >= 12, "%d damaged kernels, %d codes" % (len(cells), len(codes)))
    print(shows.line("T11", len(codes) >= 12, 1, "%d damaged kernels, %d distinct codes" %
                     (len(cells), len(codes))))


def main(arguments):
    with tempfile.TemporaryDirectory(prefix="tach-test-") as directory:
        done = boot("\n".join(row for row, _ in BOOTS), arguments, directory)
        for _, line in BOOTS:
            expect(any(l.startswith(line) for l in done.stdout.splitlines()), line)
        expect(done.stdout.splitlines()[-1:] == ["boot: 2 passed, %d failed" % (len(BOOTS) - 2)],
               "last line " + done.stdout[-60:])
        expect(done.returncode == 1, "exit code 1")
        crashes_check(arguments, directory)
        for table, line in TABLES:
            done = boot(table, arguments, directory)
            expect(done.returncode == 65 and done.stderr.rstrip().endswith(line)
                   and done.stderr.count("\n") == 1, line + " / " + done.stderr)
        for said, passed, line in SHOWN:
            have = shows.of_boot("b", said, passed)
            expect(have == ([line] if line else []), "%r of %r" % (have, said))
        good = BOOTS[0][0]
        expect(boot(good, arguments, directory).returncode == 0, "exit code 0")
        expect(boot(good, arguments + ["--tiny", "/nowhere"], directory).returncode == 66, "66")
        expect(boot(good, arguments + ["--row", "x"], directory).returncode == 64, "no such row")
        expect(boot(good, arguments + ["--frob"], directory).returncode == 64, "no such option")
    codes_count()
    print("boot harness: %d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
