#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tach profile from a boot to each of its outputs, and against files that are damaged or another's.

Run in the root of a build. Last line: "profile: N passed, N failed"."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
import zlib

TACH = os.path.abspath("build/tach")
PATH = "entry_fast_off"
HEAD, SAMPLE = struct.Struct("<QQQQII"), struct.Struct("<QQIBBBB16s6Q")
SAMPLES, HELLO, END = 9, 1, 7
passed = failed = 0


def check(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("FAIL " + what)
    return good


def tach(*words):
    run = subprocess.run([TACH, "profile", *words], capture_output=True, text=True, timeout=700, check=False)
    return run.returncode, run.stdout, run.stderr


def cobs(data):
    out, group = bytearray(), bytearray()
    for byte in data:
        if byte:
            group.append(byte)
        if not byte or len(group) == 254:
            out += bytes([len(group) + 1]) + group
            group = bytearray()
    return bytes(out + bytes([len(group) + 1]) + group + b"\0")


def frames(data):
    """Type and body of each frame; groups of 254 do not come in what is looked at here."""
    for part in data.split(b"\0"):
        out, at = bytearray(), 0
        if part.startswith(b"loader:"):
            part = part[part.index(b"\r\n") + 2:]
        while at < len(part):
            size = part[at]
            out += part[at + 1:at + size]
            at += size
            if size < 255 and at < len(part):
                out.append(0)
        if len(out) > 12 and zlib.crc32(out[:-4]) == int.from_bytes(out[-4:], "little"):
            yield out[0], bytes(out[:8]), bytes(out[8:-4])


def samples(data):
    found = []
    for kind, _, body in frames(data):
        if kind == SAMPLES:
            found += [SAMPLE.unpack_from(body, at) for at in range(HEAD.size, len(body), SAMPLE.size)]
    return found


def frame(header, body):
    data = header + body
    return cobs(data + struct.pack("<I", zlib.crc32(data)))


def boot(directory):
    """The same boot twice: the same bytes, so the second capture stands for both."""
    paths = [os.path.join(directory, name) for name in ("one", "two")]
    for path in paths:
        status, out, err = tach("--regions", "20000", "--alone", "--keep", path)
        if not check(status == 0, "boot: %d %s" % (status, err)):
            return None
        check(PATH in out.split("\n\n")[2], "the table names the path:\n" + out)
    with open(paths[0], "rb") as one, open(paths[1], "rb") as two:
        data = one.read()
        check(data == two.read(), "two boots under icount differ")
    found = samples(data)
    check(len(found) > 400, "%d samples are few" % len(found))
    check(all(s[3] in (0, 3) and (s[1] >> 63 == 0) == (s[3] == 3) for s in found), "ring and address disagree")
    check(any(s[4] and s[5] for s in found), "no stack was scanned")
    check({s[7].rstrip(b"\0") for s in found} >= {b"bench"}, "no sample is the benchmark's")
    return paths[0], found


def isolated():
    """With isolation the path is in two places, and both have its name."""
    status, out, err = tach("--pti", "--regions", "10000", "--alone", "--rows", "4")
    parts = out.split("\n\n") if check(status == 0, err) else [""] * 4
    names = [line.split()[5] for line in parts[2].splitlines()[1:]]
    check(names and names[0] == "entry_fast_on.body" and "entry_fast_on" in names, "with isolation: %s" % names)
    phases = {line.split()[3]: float(line.split()[1]) for line in parts[1].splitlines()[1:]}
    check(all(phases.get(name, 0) > 1 for name in ("entry", "guards", "commit", "transfer", "exit", "client", "server")),
          "with isolation: %s" % phases)


def placed():
    """The same service in the kernel and at a server, whose loop is seen by its source."""
    status, out, err = tach("--cells", "R1/size:8,T2/size:8", "--regions", "5000", "--alone", "--folded", "-")
    lines = [line.rsplit(" ", 1)[0] for line in out.splitlines()]
    check(status == 0, "placed: " + err)
    check("svc-zero;[user];[service];zero_read" in lines and "svc-zero;[user];[server];server_loop" in lines, "at a server: " + out)
    check("svc-zero;[user];[other];server_loop" not in lines, "all of the loop is the server's: " + out)
    check([line for line in lines if line.startswith("bench;[kernel];[service];") and line.endswith(";zero_read")],
          "in the kernel: " + out)


def tables(path, found):
    status, out, _ = tach(path, "--rows", "1000")
    parts = out.split("\n\n")
    check(status == 0 and len(parts) == 4, "tables: %d\n%s" % (status, out))
    check(max(map(len, out.splitlines())) <= 100, "a line above 100 columns")
    for part in parts[1:]:
        rows = [line.split() for line in part.splitlines()[1:]]
        check(sum(int(row[0]) for row in rows) == len(found), "the rows sum to all samples")
        check(all(float(row[2].split("-")[0]) <= float(row[1]) for row in rows), "an interval above its share")
    first = parts[2].splitlines()[1].split()
    check(first[3:6] == ["several", "kernel", PATH] and float(first[1]) > 40, "hottest function: %s" % first)
    n, k, z2 = len(found), int(first[0]), 1.959964 ** 2
    low = (k / n + z2 / 2 / n - (z2 * (k / n * (1 - k / n) / n + z2 / 4 / n / n)) ** .5) / (1 + z2 / n)
    check(abs(float(first[2].split("-")[0]) - 100 * low) < .006, "Wilson's bound: %s, %f" % (first, 100 * low))
    grouped(path, out, found)
    idle = [line.split()[5] for line in parts[3].splitlines()[1:] if line.split()[3] == "idle"]
    check(idle and all(re.match("(leave_slowly|sched_leave|idle)", name) for name in idle), "idle: %s" % idle)
    return int(first[0])


def grouped(path, whole, found):
    """--by: one table, and of phases the very one that stands in front of the others."""
    status, out, _ = tach(path, "--by", "phase")
    check(status == 0 and out.rstrip("\n") == "\n\n".join(whole.split("\n\n")[:2]), "--by phase:\n" + out)
    status, out, _ = tach(path, "--by", "function", "--rows", "1000")
    check(status == 0 and out.split("\n\n")[1].rstrip("\n") == whole.split("\n\n")[2], "--by function:\n" + out)
    status, out, _ = tach(path, "--by", "task", "--rows", "1000")
    rows = [line.split() for line in out.split("\n\n")[1].splitlines()[1:]]
    want = {}
    for sample in found:
        name = sample[7].rstrip(b"\0").decode() or ("gone" if sample[2] else "nobody")
        kernel, user = want.get(name, (0, 0))
        want[name] = (kernel + (sample[3] == 0), user + (sample[3] == 3))
    check(status == 0 and {row[5]: (int(row[3]), int(row[4])) for row in rows} == want, "--by task:\n" + out)
    check(all(int(row[0]) == int(row[3]) + int(row[4]) for row in rows), "kernel and user are all of a task's")


PHASES = ("client", "entry", "guards", "commit", "transfer", "exit", "slow", "server", "service", "idle", "other")
# labels that stand within a phase
INSIDE = re.compile(r"(same|known|kept|clean|table_\w+|w\d_(call|reply))$")


def labels():
    """Each label of the assembled path begins a phase, or is known to begin none: a new one must be one or
    the other, or samples behind it would count for what stands before it."""
    nm = subprocess.run(["nm", "build/kernel.elf"], capture_output=True, text=True, check=True).stdout
    names = {line.split()[2] for line in nm.splitlines()}
    names = {name for name in names if re.match(r"(entry_fast|entry_plain|fault_entry)_\w+\.|\.\.@\d+\.", name)}
    with open("bench/profile/phase.c") as file:
        words = dict(re.findall(r'\{"(\w+)", SAMPLE_(\w+)\}', file.read()))
    check(len(names) > 500 and set(words.values()) < set(PHASES), "%d labels, %s" % (len(names), words))
    used = set()
    for name in names:
        word = name.rsplit(".", 1)[1]
        known = word if word in words else word.rsplit("_", 1)[-1]
        check(INSIDE.match(word) or known in words, "a label without a phase: " + name)
        used.add(known)
    check(set(words) <= used, "words that no label has: %s" % (set(words) - used))


def phases(path):
    """The D4 path by its labels, in the order of the text: which phase each instruction has."""
    _, out, _ = tach(path, "--annotate", PATH)
    way, label = {}, ""
    for line in out.split("%s of kernel" % PATH)[-1].splitlines()[2:]:
        row = re.match(r"(?:\s*\d+\s+[\d.]+)?\s+(\w+)\s+\+0x[0-9a-f]+\s+(\S+)", line)
        if row:
            way.setdefault(label, []).append((row[1], row[2]))
        else:
            label = line.strip()
    first = way.get("", [("", "")])
    check({one[0] for one in first} == {"entry"} and first[0][1] == "cmp", "it begins with the entry: %s" % first)
    check(not [one for one in way if re.match(r"\.w\d_", one)] and "xor" in {one[1] for one in way.get(".transfer", [])},
          "words are cleared by the transfer: %s" % list(way))
    _, plain, _ = tach(path, "--annotate", "entry_plain_off")
    check(re.search(r"instruction\n +entry +\+0x0 +swapgs\n", plain), "a function has no labels of the one before: " + plain[-300:])
    for label, phase, last in ((".call_guards", "guards", "jne"), (".call_commit", "commit", None),
                               (".exit", "exit", "sysretq"), (".call_slow", "slow", "jmp"), (".reply_guards", "guards", None),
                               (".linked_transfer", "transfer", None), (".null_exit", "exit", "sysretq")):
        part = way.get(label, [])
        check(part and {one[0] for one in part} == {phase}, "%s: %s" % (label, part))
        check(not last or part[-1][1] == last or part[-1][1] == last[:-1], "%s ends with %s" % (label, part[-1:]))


def annotated(path, found, samples_of_path):
    """Each instruction of the path runs once a call, so under icount each is met equally often: a
    period in step with the loop would not do that."""
    status, out, _ = tach(path, "--annotate", PATH)
    lines = out.split("%s of kernel" % PATH)[-1].splitlines()[2:]
    rows = [re.match(r"(?:\s*(\d+)\s+[\d.]+)?\s+(?:%s)\s+\+0x([0-9a-f]+)\s+(\S.*)$" % "|".join(PHASES), line)
            for line in lines if not re.fullmatch(r"\s{27}\.\w+", line)]
    check(status == 0 and all(rows), "annotate: %d" % status)
    check(max(map(len, lines)) <= 100, "a line above 100 columns")
    counts = [int(row[1]) for row in rows if row and row[1]]
    check(sum(counts) == samples_of_path, "the instructions sum to %d, not %d" % (sum(counts), samples_of_path))
    check(any(row[3].startswith("sysret") and row[1] for row in rows), "no sample at the exit")
    mean = sum(counts) / len(counts)
    spread = sum((count - mean) ** 2 for count in counts) / mean / (len(counts) - 1)
    check(len(counts) > 80 and spread < 2, "%d instructions, spread %.2f" % (len(counts), spread))
    status, out, _ = tach(path, "--annotate", "memset")
    images = [name for name in ("kernel", "bench", "init") if "\nmemset of %s\n" % name in out]
    check(status == 0 and "kernel" in images and re.search(r"(?m)^ +\d+ +[\d.]+  slow +\+0x", out), "memset of %s" % images)
    status, _, err = tach(path, "--annotate", "no_such")
    check(status == 66 and "no_such" in err, "annotate of nothing: %d %s" % (status, err))


def outputs(directory, path, found):
    names = {kind: os.path.join(directory, kind) for kind in ("folded", "svg", "speedscope", "perf-script")}
    status, _, err = tach(path, *[word for kind, name in names.items() for word in ("--" + kind, name)])
    if not check(status == 0, "outputs: %s" % err):
        return
    text = {kind: open(name, encoding="ascii").read() for kind, name in names.items()}
    lines = text["folded"].splitlines()
    check(all(re.fullmatch(r"[^;\s]+(;[^;\s]+)+ [1-9]\d*", line) for line in lines), "folded: a bad line")
    folded = {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in lines}
    check(sum(folded.values()) == len(found) and len(folded) == len(lines), "folded: sums, and each stack once")
    check(sum(count for line, count in folded.items() if line.startswith("bench;[kernel];[") and line.endswith("];" + PATH)) >
          len(found) * .4, "folded: the path")
    by_phase(path, folded)
    speedscope(text["speedscope"], folded)
    check(perf(text["perf-script"]) == folded, "perf script and folded stacks differ")
    root = xml.etree.ElementTree.fromstring(text["svg"])
    space = "{http://www.w3.org/2000/svg}"
    titles = [title.text for title in root.iter(space + "title")]
    check(any(t.startswith(PATH + ":") for t in titles), "svg: no title of the path")
    check(any(t == "all: %d samples, 100.00 %%" % len(found) for t in titles), "svg: no root")
    check("prefers-color-scheme:dark" in text["svg"] and "http" not in text["svg"].replace(space[1:-1], ""),
          "svg: dark colours, nothing from outside")
    status, out, _ = tach(path, "--folded", "-")
    check(status == 0 and out == text["folded"], "- is standard output, and that alone")
    status, _, err = tach(path, "--svg", "/dev/full")
    check(status == 73, "a full disk: %d %s" % (status, err))


def by_phase(path, folded):
    """The frames of modes and phases say what the tables say."""
    _, out, _ = tach(path, "--by", "phase")
    table = {line.split()[3]: int(line.split()[0]) for line in out.split("\n\n")[1].splitlines()[1:]}
    summed = {}
    for line, count in folded.items():
        _, mode, phase = line.split(";")[:3]
        check(mode in ("[kernel]", "[user]") and phase[1:-1] in PHASES, "folded: " + line)
        check(phase[1:-1] not in ("entry", "guards", "commit", "transfer", "exit", "slow", "idle") or mode == "[kernel]", line)
        summed[phase[1:-1]] = summed.get(phase[1:-1], 0) + count
    check(summed == table, "phases: %s, %s" % (summed, table))


def speedscope(text, folded):
    """What its schema demands of a sampled profile, and the same stacks."""
    root = json.loads(text)
    check(root["$schema"] == "https://www.speedscope.app/file-format-schema.json", "speedscope: schema")
    names = [item["name"] for item in root["shared"]["frames"]]
    check(all(isinstance(item.get("line", 1), int) for item in root["shared"]["frames"]), "speedscope: lines")
    profile = root["profiles"][root["activeProfileIndex"]]
    check(profile["type"] == "sampled" and profile["unit"] == "none", "speedscope: type and unit")
    check(len(profile["samples"]) == len(profile["weights"]) == profile["endValue"] and
          profile["startValue"] == 0, "speedscope: lengths")
    stacks = {}
    for stack, weight in zip(profile["samples"], profile["weights"]):
        name = ";".join(names[index] for index in stack)
        stacks[name] = stacks.get(name, 0) + weight
    check(stacks == folded, "speedscope and folded stacks differ")
    jq = subprocess.run(["jq", "-e", ".profiles[0].samples | length > 0"], input=text, text=True,
                        stdout=subprocess.DEVNULL, check=False)
    check(jq.returncode == 0, "jq does not read it")


def perf(text):
    """As stackcollapse-perf.pl reads it: its own expressions."""
    stacks, name, stack = {}, None, []
    for line in text.splitlines() + [""]:
        if not line:
            if name:
                key = ";".join([name, *reversed(stack)])
                stacks[key] = stacks.get(key, 0) + 1
            name, stack = None, []
        elif re.match(r"^(\S.+?)\s+(\d+)/*(\d+)*\s+", line):
            name = re.match(r"^(\S.+?)\s+(\d+)/*(\d+)*\s+", line)[1]
            check(re.search(r":\s*(\d+)*\s+(\S+):\s*$", line), "perf: no event in " + line) if not stacks else None
        else:
            found = re.match(r"^\s*(\w+)\s*(.+) \((.*)\)", line)
            stack.append(re.sub(r"\+0x[\da-f]+$", "", found[2]) if found else "?")
    return stacks


def foreign(directory, path):
    """Kernels that are none, and captures that have nothing."""
    with open("build/kernel.elf", "rb") as file:
        kernel = file.read()
    bad = {"cut": kernel[:len(kernel) // 2], "head": kernel[:40], "text": b"not an ELF file\n", "empty": b"",
           "id": kernel.replace(build_id(path), bytes(20))}
    for name, data in bad.items():
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)
        status, out, err = tach(path, "--kernel", os.path.join(directory, name))
        check(status == 65 and not out and err.count("\n") == 1, "kernel %s: %d %s" % (name, status, err))
    check("build ids differ" in err, "another kernel: " + err)
    for name, code in (("build/loader.elf", 65), ("build/user/bench.elf", 65), ("no/such", 66), ("bench", 65)):
        status, _, err = tach(path, "--kernel", name)
        check(status == code and err.count("\n") == 1, "kernel %s: %d %s" % (name, status, err))
    status, out, err = tach(path, "--users", directory)
    check(status == 0 and "have no names" in err and re.search(r"bench\s+0x[0-9a-f]+", out), "programs without files")
    plain = os.path.join(directory, "plain")
    with open(path, "rb") as file, open(plain, "wb") as to:
        to.write(b"\0" + b"".join(frame(head, body) for kind, head, body in frames(file.read()) if kind == HELLO))
    aged = os.path.join(directory, "aged")
    with open(path, "rb") as file, open(aged, "wb") as to:
        head, body = next((head, body) for kind, head, body in frames(file.read()) if kind == HELLO)
        to.write(b"\0" + frame(head, struct.pack("<I", 1) + body[4:]))
    for name, code, why in ((plain, 65, "END"), ("no/such", 66, "No such file"), ("README.md", 65, "no frame"),
                            (aged, 65, "made for another ABI version")):
        status, _, err = tach(name)
        check(status == code and why in err and err.count("\n") == 1, "capture %s: %d %s" % (name, status, err))


def bare(head, hello, end):
    """A boot that was not sampled: HELLO and END, whole."""
    return b"\0" + frame(head, hello) + frame(bytes([END, 0, 1, 0]) + head[4:], struct.pack("<I", 1) + end[4:])


def several(directory, path, found):
    """A run's directory, and the same boots in one capture: summed up, or one of them; others are named."""
    with open(path, "rb") as file:
        whole = file.read()
    parts = [part for part in frames(whole)]
    head, hello = next((head, body) for kind, head, body in parts if kind == HELLO)
    end = next(body for kind, _, body in parts if kind == END)
    other = b"\0" + b"".join(frame(head[:4] + b"\x21\x43\x65\x07", body) for _, head, body in parts)
    foreign_build = hello[:96] + bytes(20) + hello[116:]
    boots = {1: whole, 2: bare(head[:4] + b"\2\0\0\1", hello, end), 3: other,
             10: b"\0" + b"".join(frame(head[:4] + b"\3\0\0\1", foreign_build if kind == HELLO else body)
                                 for kind, head, body in parts)}
    run, one = os.path.join(directory, "run"), os.path.join(directory, "all")
    os.mkdir(run)
    with open(one, "wb") as everything:
        for number, data in boots.items():
            everything.write(data)
            with open(os.path.join(run, "boot-%d.frames" % number), "wb") as file:
                file.write(data)
    _, single, _ = tach(path, "--rows", "1000")
    check(single.startswith("%d samples of 1 boot," % len(found)), "a single boot has no note: " + single[:80])
    for where, last in ((run, 10), (one, 4)):
        status, out, err = tach(where, "--rows", "1000")
        check(status == 0 and not err and out.startswith(
            "boots 1, 3: in this profile\nboot 2: without samples (the boot word profile=HZ makes some)\n"
            "boot %d: of another build than the kernel's file, left out\n%d samples of 2 boots," % (last, 2 * len(found))),
            "%s: %d %s %s" % (where, status, err, out[:300]))
        doubled = re.sub(r"(?m)^ *(\d+) .*?(  [a-z].*)$", lambda row: "%d%s" % (int(row[1]) // 2, row[2]), out.split("\n\n")[2])
        check(doubled == re.sub(r"(?m)^ *(\d+) .*?(  [a-z].*)$", r"\1\2", single.split("\n\n")[2]), "twice the samples of one")
        for name in ("3", "0x07654321", "07654321"):
            status, out, err = tach(where, "--boot", name, "--rows", "1000")
            check(status == 0 and out[out.index("samples"):] == single[single.index("samples"):], "--boot %s: %d %s" % (name, status, err))
        for name, code, why in (("2", 65, "no samples"), (str(last), 65, "build ids differ"), ("9", 66, "no boot 9"),
                                ("1x", 66, "no boot 1x"), ("-1", 66, "no boot -1")):
            status, out, err = tach(where, "--boot", name)
            check(status == code and why in err and err.count("\n") == 1 and not out, "--boot %s: %d %s" % (name, status, err))
    times = [float(line.split()[3].rstrip(":")) for line in tach(run, "--perf-script", "-")[1].splitlines() if "[000]" in line]
    check(len(times) == 2 * len(found) and times == sorted(times), "one clock for all boots")
    status, _, err = tach(directory)
    check(status == 66 and "not a run" in err, "no run: %d %s" % (status, err))
    os.mkdir(os.path.join(directory, "base"))
    status, _, err = tach(directory)
    check(status == 66 and "two sides" in err, "two sides: %d %s" % (status, err))
    with open(os.path.join(run, "boot-4.frames"), "wb") as file:
        file.write(whole[:len(whole) // 2])
    status, out, err = tach(run)
    check(status == 65 and "boot-4.frames: not whole" in err and out.startswith("boots 1, 3-4: "), "half a boot: %d %s" % (status, err))


def bochs():
    """Another emulator, the same path: each instruction that was met is of the same function and phase."""
    status, out, err = tach("--class", "bochs", "--regions", "4000", "--alone")
    if not check(status == 0, "bochs: %d %s" % (status, err)):
        return
    rows = [line.split()[3:6] for line in out.split("\n\n")[2].splitlines()[1:4]]
    check(["several", "kernel", PATH] in rows, "bochs, hottest functions: %s" % rows)
    names = {line.split()[3] for line in out.split("\n\n")[1].splitlines()[1:]}
    check(names >= {"entry", "guards", "commit", "transfer", "exit"}, "bochs, phases: %s" % names)


def build_id(path):
    with open(path, "rb") as file:
        return next(body[96:116] for kind, _, body in frames(file.read()) if kind == HELLO)


def hostile(directory, path):
    """A task's name comes from the guest: it stays inside of its place in every output."""
    with open(path, "rb") as file:
        head, body = next((head, body) for kind, head, body in frames(file.read()) if kind == HELLO)
    record = SAMPLE.pack(5, 0x401000, 7, 3, 0, 0, 0, b"../<b>;x y&\"", *[0] * 6)
    data = frame(head, body) + frame(bytes([SAMPLES, 0, 1, 0]) + head[4:], HEAD.pack(1, 0, 0, 0, 50, 1) + record)
    name = os.path.join(directory, "hostile")
    with open(name, "wb") as file:
        file.write(b"\0" + data)
    svg = os.path.join(directory, "hostile.svg")
    status, out, err = tach(name, "--svg", svg)
    check(status == 65 and "0x401000" in out, "hostile: %d %s %s" % (status, out, err))
    with open(svg, encoding="ascii") as file:
        text = file.read()
    xml.etree.ElementTree.fromstring(text)
    check("<b>" not in text and ".._&lt;b&gt;_x_y&amp;" in text, "svg: the name is markup")
    _, out, _ = tach(name, "--folded", "-")
    check(out == '.._<b>_x_y&";[user];[other];0x401000 1\n', "folded: " + out)


def clock_line():
    """The sampler's line is nobody else's."""
    for words, there in (("", True), (" profile=1000", False)):
        run = subprocess.run(["qemu-system-x86_64", "-M", "microvm,acpi=off", "-m", "64M", "-nodefaults", "-display", "none",
                              "-no-reboot", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                              "-cpu", "max", "-kernel", "build/loader.elf", "-initrd",
                              "build/kernel.elf,build/initfs.img", "-append", "pti=on" + words],
                             input=b"\r" * 24 + b"irq\roff\r", capture_output=True, timeout=90, check=False)
        check(b"line 1 edge" in run.stdout and (b"line 0 edge" in run.stdout) == there,
              "sys:irq with%s: %r" % (words, run.stdout))


def usage():
    for words in (["--hz", "29"], ["--source", "tsc"], ["--source", ""], ["a", "--source", "pit"], ["--hz", "100001"], ["--hz", "x"], ["--class", "vax"], ["--cells", ","], ["--by", "size"], ["--boot", "1"],
                  ["--cells", "D4 pti=on"], ["--rows", "0"], ["a", "b"], ["a", "--cells", "R0"]):
        status, _, _ = tach(*words)
        check(status == 64, "%s: %d" % (words, status))
    status, out, err = tach("--cells", "D9/size:1", "--alone")
    check(status == 65 and err.count("\n") == 1, "a cell that is none: %d %s" % (status, err))


def main():
    directory = tempfile.mkdtemp()
    try:
        usage()
        clock_line()
        isolated()
        placed()
        made = boot(directory)
        labels()
        bochs()
        if made:
            annotated(*made, tables(*made))
            phases(made[0])
            several(directory, *made)
            outputs(directory, *made)
            foreign(directory, made[0])
            hostile(directory, made[0])
    finally:
        shutil.rmtree(directory)
    print("profile: %d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
