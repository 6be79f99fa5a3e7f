#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""quiet.py: a quiet host for QEMU, and what the doctor says of hosts, by looking from outside.

A stand-in for QEMU has threads by QEMU's names and writes down where Linux put each of them; the frames
are a synthetic guest's. Machines that this one is not are made in a mount namespace: another
/proc/cpuinfo, another /dev, as nobody. What needs root is skipped by name where there is none.
Last line: the sum."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from count import done, expect

TACH = os.path.realpath("build/tach")
SYNTH = os.path.realpath("build/test/synth_guest")
PROBE = os.path.realpath("build/probe.elf")
MATRIX = "axis pti off,on\naxis trace off\nR0 - -\nD4 8 two\n"
# Answers --version and the probe, in sh as both have little time; else goes on as the machine below.
ANSWERS = """#!/bin/sh
case " $* " in
*" --version "*) exec %(synth)s --version;;
*" stdio "*) echo "probe: ring0=00004e20${TACH_TEST_PROBE- ring3=00004e20}"; exit ${TACH_TEST_STATUS-33};;
esac
exec /usr/bin/python3 %(work)s/machine.py "$@"
"""
# A machine with threads by QEMU's names. It lets tach look at them: that started it, and sleeps between its looks. Then
# it says where they are, and sends frames. With TACH_TEST_HOLD all boots after the first hang.
MACHINE = """import ctypes, os, subprocess, sys, threading, time
def name(text):
    ctypes.CDLL(None).prctl(15, text.encode(), 0, 0, 0)
stop = threading.Event()
def guest(text):
    name(text)
    begun.append(threading.get_native_id())
    while not stop.wait(0.01 if idle else 0):
        pass
def looks():
    for line in open("/proc/%%s/status" %% os.getppid()):
        if line.startswith("voluntary_ctxt_switches"):
            return int(line.split()[1])
def ran():
    return int(open("/proc/self/task/%%s/schedstat" %% begun[0]).read().split()[0])
begun, idle = [], os.environ.get("TACH_TEST_THREADS") == "idle"
threads = [threading.Thread(target=guest, args=("CPU 0/KVM",), daemon=True)]
if os.environ.get("TACH_TEST_THREADS"):
    threads[0].start()
    while not begun or not idle and ran() < 100e6:
        time.sleep(0.01)
    seen = looks() + 25
    while looks() < seen:
        time.sleep(0.01)
def word(tid, field):
    for line in open("/proc/self/task/%%s/status" %% tid):
        if line.startswith(field):
            return line.split()[1]
with open(os.environ["TACH_TEST_OUT"], "a") as out:
    for tid in os.listdir("/proc/self/task"):
        comm = open("/proc/self/task/%%s/comm" %% tid).read().strip()
        print(comm.replace(" ", "_"), word(tid, "Cpus_allowed_list:"), os.sched_getscheduler(int(tid)),
              os.getpriority(os.PRIO_PROCESS, int(tid)), file=out)
stop.set()
hold = os.environ.get("TACH_TEST_HOLD")
while hold and os.path.exists(hold):
    time.sleep(1)
if hold:
    open(hold, "w").close()
if os.environ.get("TACH_TEST_STAT"):
    rows = [line.split() for line in open("/proc/stat")]
    with open("/proc/stat", "w") as out:
        for row in rows:
            if row[0][3:]:
                row[7:11] = [int(row[7]) + 3, int(row[8]) + 500 * (int(row[0][3:]) + 1), 7, 7]
            print(*row, file=out)
sys.exit(subprocess.call([%(synth)r] + sys.argv[1:]))
"""
MOUNTS = """set -e
dev=$1 cpuinfo=$2 kvm=$3 governor=$4 pages=$5 stat=$6; shift 6
if [ -n "$kvm" ]; then
    mount -t tmpfs none "$dev"
    for name in null zero full random urandom tty; do touch "$dev/$name"; mount --bind "/dev/$name" "$dev/$name"; done
    mkdir "$dev/shm" && chmod 1777 "$dev/shm"
    ln -s /proc/self/fd "$dev/fd"
    case $kvm in
    opens) touch "$dev/kvm"; mount --bind /dev/null "$dev/kvm";;
    closed) touch "$dev/kvm"; chmod 0600 "$dev/kvm";;
    group) touch "$dev/kvm"; chgrp daemon "$dev/kvm"; chmod 0660 "$dev/kvm";;
    esac
    mount --rbind "$dev" /dev
fi
[ -z "$cpuinfo" ] || mount --bind "$cpuinfo" /proc/cpuinfo
[ -z "$governor" ] || mount --bind "$governor" /sys/devices/system/cpu/cpufreq
[ -z "$pages" ] || mount --bind "$pages" /sys/kernel/mm/hugepages/hugepages-2048kB
[ -z "$stat" ] || mount --bind "$stat" /proc/stat
exec "$@"
"""
# The guest printed its ring 0 and was gone.
DEAD = {"TACH_TEST_PROBE": "", "TACH_TEST_STATUS": "0"}
NATIVE = "fpu vmx constant_tsc nonstop_tsc"
LIMIT_S = 120 # a bound for what hangs


def until(condition):
    """Waits for a condition, which the test then demands."""
    limit = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < limit:
        time.sleep(0.02)


def root():
    """Whether this test may make mount namespaces."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True,
                                                check=False).returncode == 0


def host(work, *command, flags="", kvm="", governor="", pages="", stat="", nobody=False, **more):
    """Runs a command on a host of that make: (status, output, errors)."""
    words = list(command)
    if nobody:
        words = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *words]
    cpuinfo = os.path.join(work, "cpuinfo") if flags else ""
    if flags:
        with open(cpuinfo, "w", encoding="ascii") as file:
            file.write(f"processor\t: 0\nmodel name\t: made up\nflags\t\t: {flags}\n")
    if flags or kvm or governor or pages or stat:
        words = ["unshare", "-m", "sh", "-c", MOUNTS, "mounts", f"{work}/dev", cpuinfo, kvm, governor, pages, stat,
                 *words]
    run = subprocess.run(words, cwd=work, env={**os.environ, **more}, text=True, capture_output=True,
                         stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    return run.returncode, run.stdout, run.stderr


def faked(work, **more):
    return {"PATH": f"{work}/bin:{os.environ['PATH']}", "TACH_TEST_OUT": f"{work}/threads",
            "TACH_TEST_THREADS": "1", **more}


def arguments(work, kind, out, *more):
    return (TACH, "run", "--class", kind, "--matrix", f"{work}/m.cfg", "--probe", PROBE, "--jobs", "1",
            "--kernel", f"{work}/image", "--loader", f"{work}/image", "--initfs", f"{work}/image",
            "--out", f"{work}/{out}", *more)


def load(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return json.load(file)


def doctor(work, **more):
    """What the doctor says of KVM, and which class it would take."""
    status, out, errors = host(work, TACH, "doctor", "--json", "--probe", PROBE, **more)
    try:
        found = json.loads(out)
    except ValueError:
        expect(False, f"doctor: {status}: {errors}")
        return "", ""
    return next(f["why"] for f in found["findings"] if f["what"].startswith("kvm")), found["class"]


def prepare(work):
    os.chmod(work, 0o755)
    for name in ("bin", "dev", "real"):
        os.makedirs(f"{work}/{name}")
    for name, text in (("image", "image\n"), ("m.cfg", MATRIX), ("machine.py", MACHINE % {"synth": SYNTH}),
                       ("bin/qemu-system-x86_64", ANSWERS % {"synth": SYNTH, "work": work})):
        with open(f"{work}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    os.chmod(f"{work}/bin/qemu-system-x86_64", 0o755)


def threads_of(work):
    """What the stand-ins wrote of themselves: a list a boot of (name, CPUs, policy, nice)."""
    with open(f"{work}/threads", encoding="ascii") as file:
        rows = [line.split() for line in file]
    os.unlink(f"{work}/threads")
    return [(name, cpus, int(policy), int(nice)) for name, cpus, policy, nice in rows]


def test_places(work):
    """The guest's thread has a CPU, the others have the rest; Linux says so, and machine.json too."""
    own = os.sched_getaffinity(0)
    status, _, errors = host(work, *arguments(work, "tcg", "places", "--boots", "1", "--tune", "pin,priority"),
                             **faked(work))
    expect(status == 0, f"places: {status}: {errors}")
    rows, boots = threads_of(work), load(work, "places", "machine.json")["boots"]
    guests = [row for row in rows if row[0] == "CPU_0/KVM"]
    others = [row for row in rows if row[0] != "CPU_0/KVM"]
    cpu = boots[0]["host"]["cpu"]
    expect(len(guests) == 2 and all(row[1] == str(cpu) for row in guests), f"the guest is elsewhere: {rows}")
    expect(cpu in own and {boot["host"]["cpu"] for boot in boots} == {cpu}, "boots on several CPUs, or a foreign one")
    if len(own) > 1:
        expect(others and all(str(cpu) not in re.split("[,-]", row[1]) for row in others), f"not apart: {rows}")
        expect("the rest of QEMU on" in boots[0]["host"]["pin"]["what"], "who went where is not said")
    policy = boots[0]["host"]["priority"]["what"]
    if policy.startswith("SCHED_FIFO 1"):
        expect(len(own) > 1 and all(row[2] == os.SCHED_FIFO for row in guests), f"not real-time: {rows}")
    else:
        nice = int(policy.split()[1].rstrip(","))
        expect(all(row[2:] == (os.SCHED_OTHER, nice) for row in guests), f"not nice {nice}: {rows}")
    expect(boots[0]["host"]["ran_ms"] > 0 and boots[0]["host"]["pin"]["got"], "its time was not watched")
    expect(errors.count("host tuned by pin,priority; pin: CPU") == 1, f"not one line: {errors}")
    expect("boot by" not in errors, "QEMU's command without a wish")


def test_off(work):
    """Off is off: no option more, no word more; and a command that a shell takes, where it is asked for."""
    status, _, errors = host(work, *arguments(work, "tcg", "off", "--boots", "1", "--verbose"), **faked(work))
    machine = load(work, "off", "machine.json")
    rows = threads_of(work)
    expect(status == 0 and "tune" not in machine and "host" not in machine["boots"][0], f"off: {errors}")
    expect({row[1] for row in rows} == {rows[0][1]} and all(row[2] == os.SCHED_OTHER for row in rows),
           f"touched: {rows}")
    said = [line for line in errors.splitlines() if line.startswith("tach run: boot by: ")]
    commands = [boot["command"] for boot in machine["boots"]]
    expect(len(said) == 1 and said[0].split(": ", 2)[2] in commands, f"the command is not that of a boot: {said}")
    expect("debug-threads" not in commands[0], "an option that nobody asked for")
    words = subprocess.run(["sh", "-c", "printf '%s\\n' " + commands[0]], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    expect(words[0] == "qemu-system-x86_64" and any("bench=R0,D4/size:8/space:two" in w for w in words),
           "no shell reads it back")


def test_alone(work):
    """On one CPU nothing is real-time, and all threads share it."""
    cpu = min(os.sched_getaffinity(0))
    status, _, errors = host(work, "taskset", "-c", str(cpu),
                             *arguments(work, "tcg", "alone", "--boots", "1", "--tune", "all"), **faked(work))
    expect(status == 0, f"alone: {status}: {errors}")
    rows, boots = threads_of(work), load(work, "alone", "machine.json")["boots"]
    expect(all(row[1] == str(cpu) and row[2] == os.SCHED_OTHER for row in rows), f"not as it must be: {rows}")
    expect("no CPU would be left for the host" in boots[0]["host"]["priority"]["what"], "why is not said")
    expect("the rest of QEMU there too" in boots[0]["host"]["pin"]["what"], "sharing is not said")


def test_wishes(work):
    for words, text in ((("--tune", "pining"), "pining: all, off, or some of pin,priority,hugepages"),
                        (("--tune", ""), "all, off, or some of"),
                        (("--governor", "../x"), "no name of a governor"),
                        (("--governor", ""), "no name of a governor")):
        status, _, errors = host(work, *arguments(work, "tcg", "never", *words))
        expect(status == 64 and text in errors, f"{words}: {status}: {errors}")
    for word in ("--tune=off", "--governor=performance"):
        status, _, errors = host(work, TACH, "run", "--resume", f"{work}/places", word)
        expect(status == 64 and "as it began" in errors, f"resumed with {word}: {errors}")
    plan = load(work, "places", "run.json")
    for tune in ({"asked": "pining"}, {"asked": "pin", "governor": "../x"}, {}, [], {"asked": 7}):
        with open(f"{work}/places/run.json", "w", encoding="utf-8") as file:
            json.dump({**plan, "tune": tune}, file)
        status, _, errors = host(work, TACH, "run", "--resume", f"{work}/places")
        expect(status == 65 and "tune asks for" in errors, f"{tune}: {status}: {errors}")
    expect(not os.path.exists(f"{work}/never"), "a refused run left a directory")


def test_resume(work):
    """A run that was stopped goes on with what it was planned with, on the CPU that it had."""
    command = arguments(work, "tcg", "stopped", "--boots", "2", "--tune", "pin")
    run = subprocess.Popen(command, cwd=work, env={**os.environ, **faked(work, TACH_TEST_HOLD=f"{work}/hold")},
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    state = f"{work}/stopped/run.json"
    until(lambda: os.path.exists(state) and any(b["state"] == "passed" for b in load(state)["boots"]))
    run.send_signal(signal.SIGTERM)
    errors = run.communicate(timeout=LIMIT_S)[1]
    plan = load(state)
    expect(run.returncode == 2 and plan["tune"]["asked"] == "pin" and "--resume" in errors, f"stopped: {errors}")
    cpu, first = plan["tune"]["cpu"], [b for b in plan["boots"] if b["state"] == "passed"]
    expect(cpu >= 0 and first and all(b["host"]["cpu"] == cpu for b in first), "the CPU is not kept")
    status, _, errors = host(work, TACH, "run", "--resume", f"{work}/stopped", "--probe", PROBE, **faked(work))
    expect(status == 0, f"resumed: {status}: {errors}")
    after = load(work, "stopped", "machine.json")["boots"]
    expect(all(b["host"]["cpu"] == cpu and b["host"]["pin"]["wanted"] and not b["host"]["priority"]["wanted"]
               for b in after), "resumed otherwise than planned")
    expect("as the run began" in json.dumps(after), "the later boots chose anew")
    expect(all(b["command"] for b in after), "a command is lost")
    os.unlink(f"{work}/threads")


def test_kvm(work):
    """Class kvm on a machine that is made up: probed, tuned by itself, printed, judged; and its page."""
    made = {"flags": NATIVE, "kvm": "opens", **faked(work, TACH_TEST_THREADS="idle")} # a busy one could be kept waiting
    why, kind = doctor(work, **made)
    expect(kind == "kvm" and "arrived in ring 0" in why and "nested" not in why, f"passes: {why}")
    status, _, errors = host(work, *arguments(work, "kvm", "cycles", "--boots", "2"), **made)
    expect(status == 0 and errors.count("host tuned by pin,priority,hugepages; ") == 1, f"kvm: {status}: {errors}")
    command = load(work, "cycles", "machine.json")["boots"][0]["command"]
    expect(errors.count("boot by: qemu-system-x86_64") == 1 and "-accel kvm,kernel-irqchip=on" in command and
           "-cpu host,migratable=no,+invtsc" in command and "debug-threads=on" in command, command)
    expect(("cpu-pm=on" in command) == (len(os.sched_getaffinity(0)) > 1), "HLT on a CPU that is shared")
    os.unlink(f"{work}/threads")
    status, _, errors = host(work, *arguments(work, "kvm", "away", "--boots", "1"), **made, TACH_SYNTH="away")
    expect(status == 2 and "FAILED: disturbed: the guest stood still for 50000 us" in errors, errors)
    figures = {row["name"] for row in load(work, "away", "ipc.json")["benchmarks"]}
    expect("ipc/R0/pti:off" in figures and "ipc/R0/pti:on" not in figures, "a disturbed boot gives figures")
    os.unlink(f"{work}/threads")
    status, _, errors = host(work, *arguments(work, "kvm", "plain", "--boots", "1", "--tune", "off"), **made)
    plain = load(work, "plain", "machine.json")["boots"][0]["host"]
    expect(status == 0 and not plain["pin"]["wanted"] and plain["ran_ms"] > 0, f"not watched: {plain}: {errors}")
    os.unlink(f"{work}/threads")


def test_pages(work):
    """Large pages are asked for where enough are free; what the process holds of them is read, not assumed."""
    if not os.path.isdir("/sys/kernel/mm/hugepages/hugepages-2048kB"):
        print("quiet: skipped, not counted: large pages, of which this kernel has none of 2 MiB")
        return
    os.makedirs(f"{work}/pages")
    for free, kept, asked in ((128, 0, True), (127, 0, False), (128, 1, False)):
        for name, count in (("free", free), ("resv", kept)):
            with open(f"{work}/pages/{name}_hugepages", "w", encoding="ascii") as file:
                file.write(f"{count}\n")
        shutil.rmtree(f"{work}/large", ignore_errors=True)
        status, _, errors = host(work, *arguments(work, "tcg", "large", "--boots", "1", "--tune", "hugepages"),
                                 pages=f"{work}/pages", **faked(work))
        boot = load(work, "large", "machine.json")["boots"][0]
        expect(status == 0 and ("hugetlb=on" in boot["command"]) == asked, f"pages {free} {kept}: {status}: {errors}")
        expect(not boot["host"]["hugepages"]["got"] and not boot["host"]["pin"]["wanted"] and
               ("0 pages of 2 MiB" if asked else f"{free - kept} of 128 pages") in boot["host"]["hugepages"]["what"],
               f"the stand-in holds none: {boot['host']}")
    os.unlink(f"{work}/threads")


def test_steal(work):
    """What an outer host takes of the guest's CPU is read in its column, and a boot that lost much is refused."""
    hz, cpus = os.sysconf("SC_CLK_TCK"), max(os.sched_getaffinity(0)) + 1
    made = {"flags": NATIVE, "kvm": "opens", "stat": f"{work}/stat", **faked(work, TACH_TEST_STAT="1")}
    with open(f"{work}/stat", "w", encoding="ascii") as file:
        for cpu in ("", *range(cpus)):
            file.write(f"cpu{cpu} 100 10 20 1000 5 0 0 40 0 0\n")
    for name, words in (("stolen", ()), ("shared", ("--tune", "off"))):
        status, _, errors = host(work, *arguments(work, "kvm", name, "--boots", "1", *words), **made)
        boot = load(work, name, "machine.json")["boots"][0]["host"]
        ticks = 500 * (boot["cpu"] + 1) if "cpu" in boot else 500 * (cpus + 1) / 2
        expect(abs(boot["stolen_ms"] - 1000 * ticks / hz) < 1e-6, f"{name}: {boot}, not {ticks} ticks")
        expect(status == 2 and f"and an outer host took {1000 * ticks / hz:.0f} ms" in errors, f"{name}: {errors}")
    os.unlink(f"{work}/threads")


def page(work, run):
    status, _, errors = host(work, TACH, "report", f"{work}/{run}", PATH=os.environ["PATH"])
    expect(status == 0, f"report {run}: {errors}")
    with open(f"{work}/{run}/report.html", encoding="utf-8") as file:
        return file.read()


def test_page(work):
    text = page(work, "cycles")
    belief = text[text.index("cycles of hardware that passed"):]
    belief = belief[:belief.index("</li>")]
    machine = load(work, "cycles", "machine.json")
    expect("Doubts:" in belief and ("turbo" in belief) == (machine["turbo"] != "off"), belief)
    expect('id="host"' in text and "What the boots were given" in text, "no section of the host")
    expect("<td>governor</td><td>no</td><td class=\"text\">not asked for</td>" in text, "the governor's row")
    # Each doubt by itself, from a host without any; and a text of the host's is no markup.
    calm = {"governor": "performance", "turbo": "off", "smt": "off", "guest": False, "load": [0.1, 0, 0],
            "cpus": 8}
    for changed, wanted in (({}, "Nothing of the host is in doubt"), ({"governor": "powersave"}, "governor powersave"),
                            ({"turbo": "on"}, "turbo on"), ({"smt": "on"}, "SMT on"), ({"guest": True}, "nested"),
                            ({"load": [3.5, 0, 0]}, "load 3.5 on 8 CPUs"), ("pin", "not pinned: &lt;b&gt;"),
                            ("priority", "no priority: &lt;b&gt;")):
        facts = {**machine, **calm, **(changed if isinstance(changed, dict) else {})}
        for boot in facts["boots"]:
            for item in ("pin", "priority"):
                boot["host"][item] = {"wanted": True, "got": item != changed, "what": "<b>"}
        with open(f"{work}/cycles/machine.json", "w", encoding="utf-8") as file:
            json.dump(facts, file)
        text = page(work, "cycles")
        expect(wanted in text and "<b>&" not in text and text.count("Doubts:") == bool(changed), f"{changed}: {wanted}")
        expect("<td class=\"text\"><b>" not in text, "a text of the host's is markup")
    text = page(work, "plain")
    expect("not pinned" in text and "not asked for" in text, "what was not asked for is no doubt")


def test_refusals(work):
    """Each refusal in its words, by the doctor and by the run, which ends with 69 and leaves nothing."""
    cases = [("closed", "kvm", "MODE=\"0660\"", {"nobody": True}),
             ("group", "kvm", "usermod -aG daemon USER", {"nobody": True}),
             ("absent", NATIVE, "modprobe kvm_intel or kvm_amd", {}),
             ("absent", "fpu hypervisor", "its host lends it neither vmx nor svm", {}),
             ("absent", "fpu", "the firmware hides it", {}),
             ("opens", "fpu hypervisor constant_tsc nonstop_tsc", "KVM without hardware behind it",
              {**DEAD}),
             ("opens", NATIVE + " hypervisor", "nested KVM, as this machine is a guest", {**DEAD}),
             ("opens", NATIVE, "the guest died at its first SYSCALL", {**DEAD}),
             ("opens", NATIVE, "run at different speeds: 20000 against 9 ticks",
              {"TACH_TEST_PROBE": " ring3=00000009", "TACH_TEST_STATUS": "35"}),
             ("opens", NATIVE, "did not say that it passed (QEMU's status 0)", {"TACH_TEST_STATUS": "0"}),
             ("opens", "fpu svm constant_tsc", "not invariant", {})]
    for kvm, flags, wanted, more in cases:
        made = {"flags": flags if flags != "kvm" else NATIVE, "kvm": kvm, **faked(work), **more}
        why, kind = doctor(work, **made)
        expect(wanted in why and kind != "kvm" and "\n" not in why, f"{kvm} {flags}: {kind}: {why}")
        status, out, errors = host(work, *arguments(work, "kvm", "never"), **made)
        expect(status == 69 and errors.startswith("tach run: kvm: KVM is refused: ") and errors.count("\n") == 1 and
               wanted in errors and not out, f"run {kvm} {flags}: {status}: {errors}")
    expect(not os.path.exists(f"{work}/never"), "a refused run left something")
    why, kind = doctor(work, flags=NATIVE + " hypervisor", kvm="opens", **faked(work))
    expect(kind == "kvm" and "nested, as this machine is a guest" in why, f"nested that passes: {why}")


def test_fallback(work):
    """Without a wish a refused KVM gives counted instructions, and the page says why there are no cycles."""
    words = [word for word in arguments(work, "kvm", "fallen", "--boots", "1") if word not in ("--class", "kvm")]
    status, _, errors = host(work, *words, flags="fpu", kvm="absent", **faked(work, TACH_TEST_THREADS=""))
    expect(status == 0 and "class icount: KVM is refused: /dev/kvm: No such file" in errors, f"fallen: {errors}")
    expect("No cycles: KVM is refused: /dev/kvm: No such file or directory; the CPU shows neither" in
           page(work, "fallen"), "the page does not say why")
    os.unlink(f"{work}/threads")


def test_governor(work):
    """Changed on a wish, in force while boots are made, put back at the end and at a signal."""
    policies = [f"{work}/freq/policy{i}" for i in range(2)]
    for policy in policies:
        os.makedirs(policy)
    seen = f"{work}/seen"

    def now():
        return [open(policy + "/scaling_governor", encoding="ascii").read().strip() for policy in policies]

    def fresh():
        for policy in policies:
            with open(policy + "/scaling_governor", "w", encoding="ascii") as file:
                file.write("powersave\n")
    watch = f"{work}/watch"
    os.makedirs(watch)
    with open(f"{watch}/qemu-system-x86_64", "w", encoding="ascii") as file:
        file.write(f"#!/bin/sh\n[ \"$1\" != --version ] || exec {SYNTH} --version\ncat /sys/devices/system/cpu/cpufreq/policy*/scaling_governor >>{seen}\n"
                   f"sleep ${{TACH_TEST_SLEEP:-0}}\nexec {SYNTH} \"$@\"\n")
    os.chmod(f"{watch}/qemu-system-x86_64", 0o755)
    path = {"PATH": f"{watch}:{os.environ['PATH']}", "governor": f"{work}/freq"}
    fresh()
    status, _, errors = host(work, *arguments(work, "tcg", "fast", "--governor", "performance"), **path)
    expect(status == 0 and "governor: performance, was powersave" in errors and "governor powersave again" in errors,
           f"governor: {status}: {errors}")
    with open(seen, encoding="ascii") as file:
        expect(file.read().count("performance") >= 4, "not in force while a boot ran")
    expect(now() == ["powersave"] * 2, f"not put back: {now()}")
    expect(load(work, "fast", "machine.json")["tune"]["governor"]["got"], "not in machine.json")
    fresh()
    run = subprocess.Popen(["unshare", "-m", "sh", "-c", MOUNTS, "mounts", "", "", "", f"{work}/freq", "", "",
                            *arguments(work, "tcg", "cut", "--governor", "performance")],
                           cwd=work, env={**os.environ, "PATH": path["PATH"], "TACH_TEST_SLEEP": str(2 * LIMIT_S)},
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until(lambda: now() == ["performance"] * 2)
    expect(now() == ["performance"] * 2, "not set")
    run.send_signal(signal.SIGINT)
    errors = run.communicate(timeout=LIMIT_S)[1]
    expect(run.returncode == 2 and "governor powersave again" in errors and now() == ["powersave"] * 2,
           f"after SIGINT: {run.returncode}: {errors}: {now()}")
    status, _, errors = host(work, TACH, "run", "--resume", f"{work}/cut", **path)
    plan = load(work, "cut", "run.json")
    expect(status == 0 and plan["machine"]["governor"] == "performance" and now() == ["powersave"] * 2,
           f"resumed: {status}: {errors}: {now()}")
    os.chmod(f"{work}/real", 0o777)
    status, _, errors = host(work, *arguments(work, "tcg", "real/refused", "--governor", "performance"), **path,
                             nobody=True)
    fallen = load(work, "real/refused", "machine.json")["tune"]["governor"]
    expect(status == 0 and not fallen["got"] and "Permission denied (root only)" in fallen["what"] and
           "governor not got: " in errors and now() == ["powersave"] * 2, f"refused: {status}: {errors}")


def main():
    work = tempfile.mkdtemp(prefix="tach-quiet-")
    try:
        prepare(work)
        for test in (test_places, test_off, test_alone, test_wishes, test_resume):
            test(work)
        if root():
            for test in (test_kvm, test_page, test_refusals, test_fallback, test_pages, test_steal):
                test(work)
            if os.path.isdir("/sys/devices/system/cpu/cpufreq"):
                test_governor(work)
            else:
                print("quiet: skipped, not counted: the governor, as there is no cpufreq directory to stand for one")
        else:
            print("quiet: skipped, not counted: other hosts and the governor need root and mount namespaces")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done()


if __name__ == "__main__":
    sys.exit(main())
