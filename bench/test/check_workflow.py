#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_workflow.py: holds ci-bench.yml against its own rules.

The copy that the runner reads is the same file; nothing in it holds logic that the Makefile should
hold; the icount comparison gates and the KVM one does not; permissions are minimal; what is fetched
is named by its version. Reads the file as text, a line at a time: the lint of the YAML itself is
yamllint's. Last line: the sum.
"""
import re
import sys

PASSED = FAILED = 0


def expect(good, what):
    global PASSED, FAILED
    if good:
        PASSED += 1
    else:
        FAILED += 1
        print("check_workflow: " + what)


def steps_of(text):
    """The steps as {name: text}, in order."""
    parts = re.split(r"(?m)^      - ", text.split("    steps:\n", 1)[1])
    steps = {}
    for part in parts[1:]:
        name = re.search(r'(?m)^(?:        )?name: "?(.+?)"?$', part)
        expect(name is not None, "a step without a name: " + part.splitlines()[0])
        steps[name.group(1) if name else part] = part
    return steps


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
        expect(uses is None or re.fullmatch(r"actions/[\w-]+@v\d+", uses.group(1)),
               step + ": an action without a version: " + (uses.group(1) if uses else ""))
        expect("${{ github.event" not in body.split("run:", 1)[-1] or "run:" not in body,
               step + ": text of the event within a command")
        if "run:" in body:
            expect(len(body.split("run:", 1)[1].split("env:")[0].strip().splitlines()) <= 8,
                   step + ": more than 8 lines of commands")
    order = ["Allow KVM where the runner has it", "Check", "Measure the head, exactly",
             "Measure the base, exactly", "Gate: exact figures must not move unnamed",
             "Report of the head", "Cycles under KVM, as a report", "Keep the reports"]
    expect([name for name in names if name in order] == order, "steps are missing or out of order")
    gate = steps.get(order[4], "")
    expect("tach compare" in gate and "continue-on-error" not in gate, "the gate does not gate")
    expect("continue-on-error: true" in steps.get(order[6], ""), "KVM gates")
    expect("if: always()" in steps.get(order[7], ""), "a failed job keeps no reports")
    expect("99-kvm" in steps.get(order[0], ""), "no udev rule for KVM")
    print("check_workflow: %d passed, %d failed" % (PASSED, FAILED))
    return FAILED != 0


if __name__ == "__main__":
    sys.exit(main())
