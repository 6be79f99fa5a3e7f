#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_workflow.py: holds ci-bench.yml against its own rules.

The copy that the runner reads is the same file; nothing in it holds logic that the Makefile should
hold; the gate gates; permissions are minimal; what is fetched is named by its version; what it calls
exists; the shell of the gate does what it must in every outcome. The YAML itself is yamllint's to
judge; the rest is read as text. Last line: the sum.
"""
import os
import re
import subprocess
import sys
import tempfile
import textwrap

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


def script_of(body):
    """What a step gives to the shell."""
    text = body.split("run:", 1)[1]
    text = text.split("\n\n", 1)[0].split("\n  comment:", 1)[0]
    return textwrap.dedent(text[2:].lstrip("\n")) if text.startswith(" |") else text.strip()


def check_shell(steps):
    """Every script parses; the gate and the summary run with a tach that ends as it is told."""
    for step, body in steps.items():
        if "run:" in body:
            parsed = subprocess.run(["bash", "-n", "-c", script_of(body)], capture_output=True,
                                    text=True, check=False)
            expect(parsed.returncode == 0, f"{step}: {parsed.stderr}")
    for statuses, ends, calls in (("0", 0, 1), ("1", 1, 1), ("2", 2, 1), ("66", 66, 1), ("69 0", 0, 2),
                                  ("69 1", 1, 2)):
        with tempfile.TemporaryDirectory(prefix="tach-workflow-") as work:
            os.makedirs(work + "/build")
            with open(work + "/build/tach", "w", encoding="utf-8") as tach:
                tach.write('#!/bin/sh\necho "$*" >>calls\nset -- %s\n'
                           'test "$(wc -l <calls)" -eq 1 || shift\nmkdir -p out\n'
                           'echo verdict >out/gate.md\nexit "$1"\n' % statuses)
            os.chmod(work + "/build/tach", 0o755)
            facts = dict(os.environ, IN="", BASE="0" * 40, GITHUB_STEP_SUMMARY=work + "/summary")
            for step, status in (("Gate", ends), ("Say it in the summary of the job", 0)):
                made = subprocess.run(["bash", "-e", "-c", script_of(steps[step])], cwd=work, env=facts,
                                      capture_output=True, text=True, check=False)
                expect(made.returncode == status, f"{step} with {statuses}: {made.returncode}")
            lines = open(work + "/calls", encoding="utf-8").read().splitlines()
            expect(len(lines) == calls and "--base-rev HEAD^" in lines[0], str(lines))
            expect(calls == 1 or "--base-rev" not in lines[1], str(lines))
            expect(open(work + "/summary", encoding="utf-8").read() == "verdict\n", "no summary")


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
    order = ["Allow KVM where the runner has it", "Start Debian", "Check", "Gate",
             "Say it in the summary of the job", "Keep the reports", "Comment on the pull request"]
    expect([name for name in names if name in order] == order, "steps are missing or out of order")
    lint = subprocess.run(["yamllint", "-s", "-d", LINT, "ci-bench.yml", ".github/workflows"],
                          capture_output=True, text=True, check=False)
    expect(lint.returncode == 0, "yamllint: " + lint.stdout)
    check_commands(steps)
    expect("continue-on-error" not in text, "something that fails is let pass")
    expect(text.count(": write") == 1, "more than the comment may write")
    expect("checkout" not in text.split("  comment:", 1)[1], "what may write runs the change's code")
    expect("if: always()" in steps.get("Keep the reports", ""), "a failed job keeps no reports")
    expect("99-kvm" in steps.get("Allow KVM where the runner has it", ""), "no udev rule for KVM")
    check_shell(steps)
    return done()


if __name__ == "__main__":
    sys.exit(main())
