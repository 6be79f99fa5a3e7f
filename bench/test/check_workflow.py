#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_workflow.py: holds ci-bench.yml against its own rules.

The copy that the runner reads is the same file; nothing in it holds logic that the Makefile should
hold; the icount comparison gates and the KVM one does not; permissions are minimal; what is fetched
is named by its version; what it calls exists. The YAML itself is yamllint's to judge; the rest is read
as text. Last line: the sum.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from count import done, expect

LINT = "{extends: default, rules: {line-length: {max: 100}}}"


def steps_of(text):
    """The steps as {name: text}, in order."""
    parts = re.split(r"(?m)^      - ", text.split("    steps:\n", 1)[1])
    steps = {}
    for part in parts[1:]:
        name = re.search(r'(?m)^(?:        )?name: "?(.+?)"?$', part)
        expect(name is not None, "a step without a name: " + part.splitlines()[0])
        steps[name.group(1) if name else part] = part
    return steps


def check_commands(steps):
    """What the steps call exists: make's targets, tach's verbs and their options, the files."""
    makefile = open("Makefile", encoding="utf-8").read()
    commands = " ".join(body.split("run:", 1)[1] for body in steps.values() if "run:" in body)
    commands = re.sub(r"\\\n\s*", " ", commands)
    for target in re.findall(r"\$IN make (?!-)(\w+)", commands):
        expect(re.search(rf"(?m)^{target}:", makefile), "no target of that name: " + target)
    for verb, rest in re.findall(r"build/tach (\w+)([^\n|]*)", commands):
        usage = subprocess.run(["build/tach", verb, "--help"], capture_output=True, text=True,
                               check=False)
        expect(usage.returncode == 0, "no verb of that name: " + verb)
        for option in re.findall(r"--[a-z-]+", rest):
            expect(re.search(rf"{option}\b", usage.stdout), f"tach {verb} has no {option}")
        for path in re.findall(r"results/\S+\.json", rest):
            expect(os.path.exists(path), "no such file: " + path)


def main():
    text = open("ci-bench.yml", encoding="utf-8").read()
    copy = open(".github/workflows/ci-bench.yml", encoding="utf-8").read()
    steps = steps_of(text)
    names = list(steps)

    expect(text == copy, ".github/workflows/ci-bench.yml differs from ci-bench.yml")
    expect("permissions:\n  contents: read\n" in text, "permissions are not contents: read")
    expect("timeout-minutes:" in text, "the job has no bound")
    expect("pull_request_target" not in text, "runs with the secrets of the base")
    for step, body in steps.items():
        uses = re.search(r"uses: (\S+)", body)
        expect(uses is None or re.fullmatch(r"actions/[\w-]+@v\d+\.\d+\.\d+", uses.group(1)),
               step + ": an action without a version: " + (uses.group(1) if uses else ""))
        expect("${{ github.event" not in body.split("run:", 1)[-1] or "run:" not in body,
               step + ": text of the event within a command")
        if "run:" in body:
            expect(len(body.split("run:", 1)[1].split("env:")[0].strip().splitlines()) <= 8,
                   step + ": more than 8 lines of commands")
    order = ["Allow KVM where the runner has it", "Start Debian", "Check", "Measure the head, exactly",
             "Measure the base, exactly", "Gate: exact figures must not move unnamed",
             "Report of the head", "Cycles under KVM, as a report", "Keep the reports"]
    expect([name for name in names if name in order] == order, "steps are missing or out of order")
    lint = subprocess.run(["yamllint", "-s", "-d", LINT, "ci-bench.yml", ".github/workflows"],
                          capture_output=True, text=True, check=False)
    expect(lint.returncode == 0, "yamllint: " + lint.stdout)
    check_commands(steps)
    gate = steps.get("Gate: exact figures must not move unnamed", "")
    expect("tach compare" in gate and "continue-on-error" not in gate, "the gate does not gate")
    expect("continue-on-error: true" in steps.get("Cycles under KVM, as a report", ""), "KVM gates")
    expect("if: always()" in steps.get("Keep the reports", ""), "a failed job keeps no reports")
    expect("99-kvm" in steps.get("Allow KVM where the runner has it", ""), "no udev rule for KVM")
    return done()


if __name__ == "__main__":
    sys.exit(main())
