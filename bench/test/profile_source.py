#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What samples, in tach profile: the option --source, and what each output says of it.

Run in the root of a build. Last line: "profile-source: N passed, N failed"."""

import json
import os
import profile  # the suite beside this one
import shutil
import struct
import sys
import tempfile


def refusals(directory):
    """By the machine's own kernel, before a cell runs: one line, and nothing is kept."""
    for name, why in (("icount", "the CPU has no counters that could interrupt (CPUID 0AH, 80000001H)"),
                      ("bochs", "the cycle counter's registers fault")):
        kept = os.path.join(directory, "refused")
        status, out, err = profile.tach("--class", name, "--source", "pmi", "--keep", kept)
        profile.check(status == 69 and not out and err == "tach profile: %s: --source pmi: %s\n" % (name, why),
                      "--source pmi: %d %s%s" % (status, out, err))
        profile.check(not os.path.exists(kept), "what was refused is kept")


def default(directory):
    """The PIT, whether it is said or not: the same boot, to the byte. Returns its capture."""
    paths = [os.path.join(directory, name) for name in ("one", "again")]
    for path, words in zip(paths, ([], ["--source", "pit"])):
        status, _, err = profile.tach(*words, "--regions", "20000", "--alone", "--keep", path)
        if not profile.check(status == 0, "boot %s: %d %s" % (words, status, err)):
            return None
    with open(paths[0], "rb") as one, open(paths[1], "rb") as two:
        data = one.read()
        profile.check(data == two.read(), "--source pit is not what it is without")
    return paths[0]


def said(directory, path):
    """By every output that has a place for it; of two sources, none."""
    with open(path, "rb") as file:
        data = file.read()
    pmi, both = os.path.join(directory, "pmi"), os.path.join(directory, "both")
    with open(pmi, "wb") as file:
        for kind, head, body in profile.frames(data):
            if kind == profile.SAMPLES:
                body = body[:36] + struct.pack("<I", 2) + body[40:]
            file.write(b"\0" + profile.frame(head, body))
    with open(pmi, "rb") as one, open(both, "wb") as file:
        file.write(data + one.read())
    for name, what, event in ((path, "the PIT's NMI", "clock"), (pmi, "the cycle counter's NMI", "cycles"),
                              (both, "several sources", "clock")):
        _, out, _ = profile.tach(name)
        profile.check(", by %s," % what in out.replace("\n  ", " "), "the table says %s: %s" % (what, out[:200]))
        _, out, _ = profile.tach(name, "--svg", "-")
        profile.check(out.count(" samples by %s fell</t" % what) == 2, "svg says %s: %s" % (what, out[:200]))
        _, out, _ = profile.tach(name, "--speedscope", "-")
        profile.check(json.loads(out)["profiles"][0]["name"] == "samples by " + what, "speedscope says " + what)
        _, out, _ = profile.tach(name, "--perf-script", "-")
        profile.check({line.rsplit(" ", 1)[1] for line in out.splitlines() if "[000]" in line} == {event + ":"},
                      "perf's events are " + event)


def main():
    directory = tempfile.mkdtemp()
    try:
        refusals(directory)
        made = default(directory)
        if made:
            said(directory, made)
    finally:
        shutil.rmtree(directory)
    print("profile-source: %d passed, %d failed" % (profile.passed, profile.failed))
    return 1 if profile.failed else 0


if __name__ == "__main__":
    sys.exit(main())
