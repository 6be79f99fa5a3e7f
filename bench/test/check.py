#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check.py SUITES [NAME...]: runs the test suites of a table, two at a time, and adds them up.

A row of the table: name | seconds | command. Words of the first column may be given to run a choice.
A suite passes on its own word only: its last line of the form "NAME: N passed, N failed", N passed not
0, and exit status 0 where nothing failed. One that says nothing, hangs or lies counts as one failure.
"alone" after the seconds keeps others away while it runs. Logs: build/check/NAME.log. Behind each suite
stand its seconds, and those of CPU time that it and the programs that it waited for took; behind all how
busy two CPUs were, which the order of the table decides. Last line: the sum.
"""
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

AT_A_TIME = 2
LINE = re.compile(r"^\S.*?: (\d+) passed, (\d+) failed\s*$")


def table(path):
    rows = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            cells = [cell.strip() for cell in line.split("|", 2)]
            limit = cells[1].split() if len(cells) == 3 else []
            if not limit or not limit[0].isdigit() or limit[1:] not in ([], ["alone"]):
                sys.exit(f"{path}:{number}: a row is: name | seconds [alone] | command")
            if any(cells[0] == row[0] for row in rows):
                sys.exit(f"{path}:{number}: {cells[0]} is there already")
            rows.append((cells[0], int(limit[0]), len(limit) > 1, cells[2]))
    return rows


def finish(process, seconds):
    """(exit status or None where it was not done in time, CPU seconds). Ends the suite and all that it
    started then; nothing else."""
    late = threading.Event()

    def end():
        late.set()
        os.killpg(process.pid, signal.SIGKILL)

    limit = threading.Timer(seconds, end)
    limit.start()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its number is nobody else's until wait4
    limit.cancel()
    limit.join()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return None if late.is_set() else process.returncode, usage.ru_utime + usage.ru_stime


def judge(path, status):
    """(passed, failed, why) from a log's last counting line and the exit status."""
    counts = None
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            counts = LINE.match(line) or counts
    if not counts:
        return 0, 1, f"says nothing, status {status}"
    passed, failed = int(counts[1]), int(counts[2])
    if not failed and status:
        return passed, 1, f"claims success but ends with status {status}"
    if not passed and not failed:
        return 0, 1, "tests nothing"
    return passed, failed, ""


def run(row):
    name, seconds, _, command = row
    path = f"build/check/{name}.log"
    start = time.monotonic()
    with open(path, "w", encoding="utf-8") as log:
        process = subprocess.Popen(["bash", "-c", command], stdout=log, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        status, cpu = finish(process, seconds)
    passed, failed, why = judge(path, status) if status is not None else (0, 1, f"not done after {seconds} s")
    print(f"{'ok  ' if not failed else 'FAIL'} {name}: {passed} passed, {failed} failed"
          f"{' (' + why + ')' if why else ''}, {time.monotonic() - start:.1f} s, {cpu:.1f} of CPU\n", end="",
          flush=True)
    if failed:
        show(path)
    return passed, failed, cpu


def show(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        tail = log.readlines()[-25:]
    print("".join("     | " + line for line in tail), f"     log: {path}", sep="", flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: check.py SUITES [NAME...]")
    rows = [row for row in table(sys.argv[1]) if not sys.argv[2:] or row[0] in sys.argv[2:]]
    os.makedirs("build/check", exist_ok=True)
    if not sys.argv[2:]:  # a whole run: nothing of an older one stays
        for name in os.listdir("build/check"):
            path = os.path.join("build/check", name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        results = list(pool.map(run, [row for row in rows if not row[2]]))
    results += [run(row) for row in rows if row[2]]
    took = time.monotonic() - start
    passed, failed, cpu = (sum(column) for column in zip(*results)) if results else (0, 1, 0)
    print(f"{took:.0f} s, {cpu:.0f} of CPU: {cpu / 2 / took:.0%} of two")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
