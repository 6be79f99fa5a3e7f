#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The exports for other programs, read back by tools that are not ours: Perfetto by protoc, CTF's
views by babeltrace2; percentiles and the rows of calls are computed again from the CSV rows.

test_exports.py [TACH [CAPTURE_MAKE]]; needs protoc (protobuf-compiler) and babeltrace2."""
import collections
import csv
import io
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import line
from line import BOUND_S, check

TACH = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/tach")
MAKE = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else "build/test/capture_make")
PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "perfetto.proto")
OK, USAGE, BADDATA, CANTCREATE = 0, 64, 65, 73
CALLS, CROSSINGS = 16, (1, 1, 2, 6, 2)  # traced calls a cell; crossings of each synthetic cell
EMPTY = b""

def export(*arguments):
    return subprocess.run([TACH, "export", *arguments], capture_output=True, timeout=BOUND_S)


def rows_of(capture, kind):
    result = export("--to", "csv", "--rows", kind, capture)
    check(result.returncode == OK and result.stderr == EMPTY, f"csv of {kind}: {result.stderr}")
    return list(csv.DictReader(io.StringIO(result.stdout.decode())))


# ---- protoc's text, as nested lists of (name, value) -------------------------------------------------
def parse(lines):
    found = []
    for line in lines:
        line = line.strip()
        if line == "}":
            return found
        if line.endswith("{"):
            found.append((line[:-1].strip(), parse(lines)))
        else:
            name, value = line.split(": ", 1)
            found.append((name, value.strip('"')))
    return found


def value(message, *path):
    for name in path:
        found = [value for key, value in message if key == name]
        if not found:
            return None
        message = found[0]
    return message


def decode(data):
    result = subprocess.run(["protoc", "--decode=tach.Trace", "-I", os.path.dirname(PROTO), PROTO],
                            input=data, capture_output=True, timeout=BOUND_S)
    check(result.returncode == 0, f"protoc decodes it: {result.stderr}")
    text = result.stdout.decode()
    check(not re.search(r"^\s*\d+(:| \{)", text, re.M), "every field is one of the format's")
    return [packet for _, packet in parse(iter(text.splitlines()))]


def tracks_of(packets):
    """uuid: (pid, tid or None), from the descriptors; each is unique and its parent is there."""
    tracks = {}
    for packet in packets:
        track = value(packet, "track_descriptor")
        if not track:
            continue
        uuid = value(track, "uuid")
        check(uuid not in tracks, f"track {uuid} is described once")
        if value(track, "process"):
            tracks[uuid] = (value(track, "process", "pid"), None)
            check("1 ns is 1 tick" in value(track, "process", "process_name"), "the unit is said")
        else:
            tracks[uuid] = (value(track, "thread", "pid"), value(track, "thread", "tid"))
            check(value(track, "parent_uuid") in tracks, "a thread's process comes before it")
    return tracks


def slices_of(packets, tracks):
    """Slices by nesting on each track: (track, depth, name, begin, end, flows out, flows in)."""
    open_slices, slices = collections.defaultdict(list), []
    last = collections.defaultdict(int)
    for packet in packets:
        event = value(packet, "track_event")
        if not event:
            continue
        stamp, track = int(value(packet, "timestamp")), value(event, "track_uuid")
        check(track in tracks, "an event's track is described before it")
        kind = value(event, "type")
        if kind == "TYPE_SLICE_BEGIN":
            flows = [[v for k, v in event if k == name]
                     for name in ("flow_ids", "terminating_flow_ids")]
            open_slices[track].append([track, len(open_slices[track]), value(event, "name"), stamp,
                                       None, *flows])
            number = int(value(event, "debug_annotations", "uint_value"))
            open_slices[track][-1].append(number)
        elif kind == "TYPE_SLICE_END":
            check(open_slices[track], "an end has a begin")
            slices.append(open_slices[track].pop())
            slices[-1][4] = stamp
        if kind != "TYPE_INSTANT":
            check(stamp >= last[track], "a track's slices are in order")
            last[track] = stamp
    check(not any(open_slices.values()), "every slice ends")
    return slices


def test_perfetto(capture):
    result = export("--to", "perfetto", "-o", "trace.pftrace", capture)
    check(result.returncode == OK and result.stderr == EMPTY, f"perfetto: {result.stderr}")
    with open("trace.pftrace", "rb") as file:
        packets = decode(file.read())
    tracks = tracks_of(packets)
    slices = slices_of(packets, tracks)
    calls = [one for one in slices if one[1] == 0 and "/" in one[2] or one[2] == "R0"]
    check(len(calls) == 2 * CALLS * len(CROSSINGS), f"a slice for each of the calls: {len(calls)}")
    for call in calls:
        within = [one for one in slices if call[3] <= one[3] and one[4] <= call[4]
                  and one is not call and tracks[one[0]][0] == tracks[call[0]][0]]
        check(sum(one[4] - one[3] for one in within) == call[4] - call[3],
              f"the phases of a call of {call[2]} add up to it")
        check(all(one[7] == one[4] - one[3] for one in within), "each says its ticks")
    names = collections.Counter(one[2] for one in slices)
    check(names["entry"] == names["return"] == 2 * CALLS * len(CROSSINGS), f"both ends: {names}")
    check(names["server"] == 2 * CALLS * sum(n - 1 for n in CROSSINGS), f"the service: {names}")
    test_flows(slices)


def test_flows(slices):
    """Each flow leaves one slice and ends in one of another track that begins where that one ends."""
    leave = {flow: one for one in slices for flow in one[5]}
    arrive = {flow: one for one in slices for flow in one[6]}
    check(leave.keys() == arrive.keys() and len(leave) > 0, f"{len(leave)} flows have two ends")
    check(sum(len(one[5]) for one in slices) == len(leave), "no flow leaves twice")
    for flow, one in leave.items():
        other = arrive.get(flow)
        check(other and other[0] != one[0] and other[3] == one[4],
              f"flow {flow} goes to another thread, at once")


def test_calls(capture):
    rows = rows_of(capture, "calls")
    events = rows_of(capture, "events")
    stamps = {(row["boot"], row["tsc"], row["thread"]): row for row in events}
    calls = collections.defaultdict(list)
    for row in rows:
        calls[row["boot"], row["call"]].append(row)
        check((row["boot"], row["begin"], row["thread"]) in stamps,
              f"a phase begins at a stamp of its thread: {row}")
    check(len(calls) == 2 * CALLS * len(CROSSINGS), f"all calls: {len(calls)}")
    threads = 0
    for legs in calls.values():
        check(legs[0]["phase"] == "entry" and legs[-1]["phase"] == "return", "from end to end")
        check(legs[0]["thread"] == legs[-1]["thread"], "a call comes back to its client")
        for one, two in zip(legs, legs[1:]):
            check(int(one["begin"]) + int(one["ticks"]) == int(two["begin"]), "phases touch")
        threads = max(threads, len({leg["thread"] for leg in legs}))
    check(threads == 2, f"client and service: {threads} threads in a call")


def levels_of(text):
    lines = text.splitlines()
    check(lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"], "the head")
    return [line.split() for line in lines[2:] if not line.startswith("#")]


def test_percentiles(capture):
    result = export("--to", "hgrm", "-o", "hgrm", capture)
    check(result.returncode == OK and result.stderr == EMPTY, f"hgrm: {result.stderr}")
    values = collections.defaultdict(list)
    for row in rows_of(capture, "hist"):
        values[row["boot"], row["cell"], row["metric"], int(row["calls"])].append(
            (int(row["value"]), int(row["count"])))
    files = [os.path.join(at, name) for at, _, names in os.walk("hgrm") for name in names]
    check(len(files) == len(values), f"a file a histogram: {len(files)} of {len(values)}")
    for (boot, cell, metric, calls), entries in values.items():
        name = urllib.parse.quote(cell, safe=":_-")
        with open(f"hgrm/boot-{boot}/{name}.{metric}.hgrm", encoding="ascii") as file:
            text = file.read()
        test_levels(levels_of(text), entries, calls, f"{cell} {metric}")
        total = sum(count for _, count in entries)
        mean = sum(value * count for value, count in entries) / calls / total
        check(f"#[Mean    = {mean:12.3f}, " in text, f"mean of {cell} {metric}")
        check(f"Total count    = {total:12d}]" in text, f"samples of {cell} {metric}")


def test_levels(levels, entries, calls, what):
    """Every line's value is the least that so many samples do not exceed."""
    total, running, sums = sum(count for _, count in entries), 0, []
    for number, count in entries:
        running += count
        sums.append((number / calls, running))
    check(levels[-1] == [f"{sums[-1][0]:.3f}", "1.000000000000", str(total)], f"{what}: the end")
    check(float(levels[0][1]) == 0 or total == 1, f"{what}: the beginning")
    last = -1.0
    for line in levels:
        level = float(line[1])
        want = next((one for one in sums if one[1] / total >= level - 1e-12), sums[-1])
        check(line[0] == f"{want[0]:.3f}" and int(line[2]) == want[1], f"{what}: {line}, {want}")
        check(level > last, f"{what}: percentiles rise")
        last = level


def test_views(capture):
    """What Trace Compass reads: one thread a CPU at a time, each crossing entered and left."""
    check(export("--to", "ctf", "-o", "ctf", capture).returncode == OK, "ctf")
    seen = subprocess.run(["babeltrace2", "--clock-cycles", "ctf/boot-3"], capture_output=True,
                          timeout=BOUND_S)
    check(seen.returncode == 0 and seen.stderr == EMPTY, f"babeltrace2: {seen.stderr}")
    lines = seen.stdout.decode().splitlines()
    names = collections.Counter(re.search(r"\) (?:\S+ )?(\w+): ", line)[1] for line in lines)
    replies = CALLS * sum(n // 2 for n in CROSSINGS)
    check(names["sys_reply_wait"] == replies and names["sys_call"] + replies == names["ph_entry"] ==
          CALLS * sum(CROSSINGS), f"entries: {names}")
    check(sum('call = ( "reply_wait" : container = 805306401 )' in line for line in lines) == replies,
          "a record's call has its name")
    check(names["exit_syscall"] == names["ph_exit"] == CALLS * sum(CROSSINGS), f"exits: {names}")
    now, switches = "0", 0
    for line in lines:
        if "sched_switch" in line:
            before, after = re.search(r"prev_tid = (\d+).*next_tid = (\d+)", line).groups()
            check(before == now and after != now, f"a switch from who ran: {line}")
            now, switches = after, switches + 1
        elif " thread = " in line:
            thread, task = map(int, re.search(r"thread = (\d+), task = (\d+)", line).groups())
            tid = 0 if task == 0xFFFFF else task << 12 | thread
            check(str(tid) == now, f"a record of who runs: {line}")
    check(switches > CALLS, f"{switches} switches")


# ---- a service that calls another, and frames that are lost in the midst of calls --------------------
def slices_written(path, capture, status):
    result = export("--to", "perfetto", "-o", path, capture)
    check(result.returncode == status, f"{path}: {result.returncode} {result.stderr}")
    with open(path, "rb") as file:
        packets = decode(file.read())
    tracks = tracks_of(packets)
    return slices_of(packets, tracks), {uuid: tid for uuid, (_, tid) in tracks.items()}


def way_of(call, slices):
    """The tracks that the flows of a call lead along, from its first slice to its last."""
    within = sorted((one for one in slices if call[3] <= one[3] and one[4] <= call[4] and one is not call),
                    key=lambda one: one[3])
    way, flow = [within[0][0]], None
    for one in within:
        if flow is not None:
            check(one[6] == [flow], f"what a flow leads to is next: {one}")
            way.append(one[0])
        flow = one[5][0] if one[5] else None
    check(flow is None and sum(one[4] - one[3] for one in within) == call[4] - call[3], f"a call ends: {call}")
    return way


def test_nested(capture):
    slices, tids = slices_written("nested.pftrace", capture, OK)
    calls = [one for one in slices if one[2].startswith("D4/")]
    check(len(calls) == 4, f"{len(calls)} nested calls")
    for call in calls:
        check([tids[track] for track in way_of(call, slices)] == ["5", "6", "7", "6", "5"],
              "client, service, its service, and back")
    test_flows(slices)
    rows = [row for row in rows_of(capture, "calls") if row["call"] == "0"]
    said = [(row["phase"], row["thread"], row["syscall"]) for row in rows if row["phase"] in ("entry", "guards", "server")]
    check(said == [("entry", "5", "call"), ("guards", "5", "call"), ("server", "6", "call"), ("guards", "6", "call"),
                   ("server", "7", "reply_wait"), ("guards", "7", "reply_wait"), ("server", "6", "reply_wait"),
                   ("guards", "6", "reply_wait")], f"the calls' names: {said}")
    check(all(not row["syscall"] for row in rows if row["phase"] == "return"), "user code is in no call")
    odd = rows_of(capture, "events")[-2:]
    check([row["syscall"] for row in odd] == ["", ""], "a number with an upper half is no call's, nor is another record's")
    text = subprocess.run([TACH, "spans", "--call", "1", capture], capture_output=True, text=True, timeout=BOUND_S).stdout
    check(text.count("ph_entry call ") == 2 and text.count("ph_entry reply_wait ") == 2, f"spans: {text}")
    check(max(map(len, text.splitlines())) <= 100, "a waterfall fits 100 columns")
    test_lost(capture)


def test_lost(capture):
    """Each frame of records taken away by itself: what is left is whole, and nothing spans the hole."""
    with open(capture, "rb") as file:
        frames = file.read().split(b"\0")[:-1]
    whole = rows_of(capture, "calls")
    records = [i for i, frame in enumerate(frames) if frame[1:2] == b"\x05"]
    check(len(records) == 13, f"{len(records)} frames of records")
    for lost in records[:-1]:
        with open("lost", "wb") as file:
            file.write(b"".join(frame + b"\0" for i, frame in enumerate(frames) if i != lost))
        slices, tids = slices_written("lost.pftrace", "lost", BADDATA)
        calls = [one for one in slices if one[2].startswith("D4/")]
        check(len(calls) == 3, f"without frame {lost}: {len(calls)} calls")
        for call in calls:
            check([tids[track] for track in way_of(call, slices)] == ["5", "6", "7", "6", "5"], "a whole call")
        test_flows(slices)
        check(export("--to", "ctf", "-o", f"lost-{lost}", "lost").returncode == BADDATA, "ctf of what is left")
        seen = subprocess.run(["babeltrace2", f"lost-{lost}/boot-1"], capture_output=True, timeout=BOUND_S)
        told = seen.stderr.decode().count("discarded 1 packet between")
        check(seen.returncode == 0 and told == (lost != records[0]), f"a reader is told of frame {lost}: {seen.stderr}")
        rows = list(csv.DictReader(io.StringIO(export("--to", "csv", "--rows", "calls", "lost").stdout.decode())))
        said = {(row["iteration"], row["begin"], row["ticks"], row["syscall"]) for row in rows}
        check(said < {(row["iteration"], row["begin"], row["ticks"], row["syscall"]) for row in whole},
              f"without frame {lost}: a leg that was not sent")


def test_failures(capture):
    check(export("--to", "perfetto", "-o", "/dev/full", capture).returncode == CANTCREATE, "no space")
    check(export("--to", "hgrm", capture).returncode == USAGE, "hgrm without a directory")
    with open(capture, "rb") as file:
        cut = file.read()[:200]
    with open("cut", "wb") as file:
        file.write(cut)
    for form in ("perfetto", "hgrm"):
        result = export("--to", form, "-o", "nothing-" + form, "cut")
        check(result.returncode == BADDATA and len(result.stderr.splitlines()) >= 1,
              f"{form} of nothing: {result.returncode} {result.stderr}")


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        capture = os.path.join(directory, "run.tach")
        subprocess.run([MAKE, capture], check=True, timeout=BOUND_S)
        test_perfetto(capture)
        test_calls(capture)
        test_percentiles(capture)
        test_views(capture)
        subprocess.run([MAKE, "nested", "nested"], check=True, timeout=BOUND_S)
        test_nested(os.path.abspath("nested"))
        test_failures(capture)
        os.chdir("/")
    return line.result("exports")


if __name__ == "__main__":
    sys.exit(main())
