#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The verbs collect, dump, spans and export as a user meets them: every source and every failure
with its exit code, what is kept after it, and the CTF export through babeltrace2.

test_verbs.py [TACH [CAPTURE_MAKE]]; needs Python's standard library and babeltrace2."""
import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import line
from line import check, read, write

TACH = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/tach")
MAKE = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else "build/test/capture_make")
VIEWS = re.compile(rb" (sched_switch|sys_\w+|exit_syscall):")  # beside the records
OK, USAGE, BADDATA, NOINPUT, CANTCREATE = 0, 64, 65, 66, 73
CELLS, CALLS, STAMPS = 5, 16, (5, 5, 10, 30, 10)


def run(*arguments, **options):
    options.setdefault("timeout", line.BOUND_S)
    return subprocess.run([TACH, *arguments], capture_output=True, **options)


def expect(result, code, said, what):
    """The exit code, and exactly one error line that holds `said` (none: no line at all)."""
    lines = result.stderr.decode().splitlines()
    check(result.returncode == code, f"{what}: exit {result.returncode}, want {code}: {lines}")
    if said is None:
        check(lines == [], f"{what}: said {lines}")
    else:
        check(len(lines) == 1 and said in lines[0], f"{what}: said {lines}, want {said}")


def test_collect_files(data, capture):
    expect(run("collect", capture, "file.out"), OK, None, "a file")
    check(read("file.out") == data, "a file is kept byte for byte")
    with open(capture, "rb") as source:
        expect(run("collect", "-", "stdin.out", stdin=source), OK, None, "standard input")
    check(read("stdin.out") == data, "standard input is kept")
    expect(run("collect", "-", "pipe.out", input=data), OK, None, "a pipe")
    check(read("pipe.out") == data, "a pipe is kept")
    expect(run("collect", "-n", "2", capture, "two.out"), OK, None, "two boots of a file")
    kept = read("two.out")
    check(data.startswith(kept) and kept.count(b"SeaBIOS") == 2 and kept.endswith(b"\0"),
          "a file is cut where the boot after those wanted begins")
    expect(run("collect", "-n", "4", capture, "four.out"), OK, None, "all boots of a file")
    check(read("four.out") == data, "the text behind the last END stays")
    expect(run("collect", capture, "file.out"), CANTCREATE, "is there already", "an old output")
    check(read("file.out") == data, "an old output stays")
    expect(run("collect", "--append", capture, "file.out"), OK, None, "append")
    check(read("file.out") == 2 * data, "append adds")
    expect(run("collect", "--force", capture, "file.out"), OK, None, "force")
    check(read("file.out") == data, "force replaces")


def test_collect_failures(data, capture):
    expect(run("collect", "missing", "x.out"), NOINPUT, "No such file", "a missing source")
    expect(run("collect", ".", "x.out"), NOINPUT, "Is a directory", "a directory as source")
    check(not os.path.exists("x.out"), "no output without a source")
    expect(run("collect", capture, "no/such/x.out"), CANTCREATE, "No such file", "a bad output")
    expect(run("collect", capture, "/dev/full"), CANTCREATE, "No space left", "a full disk")
    expect(run("collect", capture, capture), USAGE, "source itself", "source as output")
    check(read(capture) == data, "a source given as output stays")
    check(run("collect", capture).returncode == USAGE, "no output named")
    check(run("collect", "-n", "x", capture, "x.out").returncode == USAGE, "a bad number")
    if os.geteuid() != 0:
        os.chmod(write("secret", data), 0)
        expect(run("collect", "secret", "x.out"), NOINPUT, "Permission denied", "unreadable")
    cut = data[:len(data) // 2]
    expect(run("collect", write("cut", cut), "cut.out"), BADDATA, "before END", "a cut file")
    check(read("cut.out") == cut, "what came of a cut file is kept")
    expect(run("collect", "/dev/null", "null.out"), BADDATA, "no frame came", "an empty device")
    hurt = bytearray(data)
    hurt[5000] ^= 4
    expect(run("collect", write("hurt", hurt), "hurt.out"), BADDATA, "damaged", "a flipped bit")
    check(read("hurt.out") == hurt, "damaged bytes are kept as they came")
    expect(run("collect", "a\x1b[2Jb", "x.out"), NOINPUT, "a\\x1b[2Jb", "a name with an escape")


def kept_after_limit(data, capture):
    """A real short disk: a file size limit, after which writes fail."""
    limit = 4096
    shell = f"ulimit -f 4; trap '' XFSZ; exec '{TACH}' collect '{capture}' limited.out"
    result = subprocess.run(["bash", "-c", shell], capture_output=True, timeout=line.BOUND_S)
    expect(result, CANTCREATE, "File too large; the 4096 bytes", "a disk that fills up")
    check(read("limited.out") == data[:limit], "what came before the disk was full is kept")


def test_collect_pty(boots):
    plug = line.Line("whole.pty")
    tool = line.Collector("--timeout", "9999", "whole.pty", "pty.out")  # it ends before the bound of all waits
    plug.ready()
    plug.send(boots[0])
    tool.ends(OK, None, "a pty until END")
    check(read("pty.out") == boots[0], "a pty is kept, the line after END too")
    plug = line.Line("hangup.pty")
    tool = line.Collector("hangup.pty", "hangup.out")
    plug.ready()
    plug.send(boots[0][:3000])
    tool.keeps(3000)
    plug.unplug()
    tool.ends(BADDATA, "ended before END of boot 1", "a pty that hangs up")
    check(len(read("hangup.out")) == 3000, "what came before the hang-up is kept")


def serve(path, parts, over):
    """Answers one connection with the parts, and keeps it until that event."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    return line.serve(server, [b"".join(parts)], over.wait)


def timed_out(part):
    """Whether the tool, in whose time limit a silent socket gave this, has all of it; else it was
    too early for a busy host."""
    for limit in (0.3, 3, 30):
        over = threading.Event()
        thread = serve(f"slow{limit}.sock", [part], over)
        made = run("collect", "--force", "--timeout", str(limit), f"slow{limit}.sock", "slow.out")
        over.set()
        thread.join()
        expect(made, BADDATA, "timed out before END", "a silent socket")
        if read("slow.out") == part:
            return True
    return False


def test_collect_socket(data, boots):
    over = threading.Event()
    over.set()
    thread = serve("serial.sock", boots, over)
    expect(run("collect", "--boots", "4", "serial.sock", "socket.out"), OK, None, "a socket")
    check(read("socket.out") == data, "a socket is kept")
    thread.join()
    expect(run("collect", "serial.sock", "x.out"), NOINPUT, "refused", "a socket without a server")
    check(timed_out(boots[0][:3000]), "what came before the time-out is kept")
    over = threading.Event()
    thread = serve("stop.sock", [boots[0][:3000]], over)
    tool = line.Collector("stop.sock", "stop.out")
    tool.keeps(3000)
    tool.process.send_signal(signal.SIGINT)
    tool.ends(BADDATA, "interrupted before END", "an interrupt")
    check(read("stop.out") == boots[0][:3000], "what came before the interrupt is kept")
    over.set()
    thread.join()


def test_dump(data, capture):
    result = run("dump", capture)
    text = result.stdout.decode()
    expect(result, OK, None, "dump")
    check(text.count(" HELLO ") == 4 and text.count(" END ") == 4, "dump shows every boot")
    check(text.splitlines()[-1].startswith("frames ") and "0 missing" in text, "dump ends in losses")
    check("ph_commit" in text and "exit 16 PASS" in text, "dump names by the tables")
    check(all(byte == 10 or 32 <= byte < 127 for byte in result.stdout), "dump is plain text")
    expect(run("dump", "-", input=data), OK, None, "dump of standard input")
    result = run("dump", "--type", "end", capture)
    check(result.stdout.decode().count("boot ") == 4, "dump of one type")
    expect(run("dump", "missing"), NOINPUT, "No such file", "dump of nothing")
    expect(run("dump", "/dev/null"), BADDATA, "empty", "dump of an empty file")
    expect(run("dump", TACH), BADDATA, "foreign", "dump of a foreign file")
    result = run("dump", write("cut", data[:len(data) - 3000]))
    expect(result, BADDATA, "1 boots without END", "dump of a cut capture")
    check(result.stdout.decode().count(" END ") == 3, "dump shows what a cut capture has")
    check(run("dump", "--type", "nonsense", capture).returncode == USAGE, "dump of no type")


def test_spans(data, boots, capture):
    result = run("spans", "--json", capture)
    expect(result, OK, None, "spans")
    rows = json.loads(result.stdout)
    check(len(rows) == 2 * CELLS, "spans has a row a cell and boot")
    for index, row in enumerate(rows):
        check(sum(row["typical_call"].values()) == row["whole_median"], "phases add up")
        check(row["calls"] == CALLS and row["stamps"] == STAMPS[index % CELLS], "calls and stamps")
        # The typical call is 1 longer than the shortest, which the untraced figure is made of,
        # the central 90 % of 1, 2 and 3 samples, 0, 1 and 2 above the least. R0 is too short to take
        # its stamps away.
        check(row["pti"] != 0 or row["cell"] == "R0" or abs(row["residue"] - 1 + 7.4 / 5.4) < 1e-9,
              f"residue of {row['cell']}: {row['residue']}")
    table = run("spans", "--cell", "R0", capture).stdout.decode()
    check(table.count("R0 ") == 2 and "D4" not in table, "spans of one cell")
    fall = run("spans", "--cell", "D4/size:0/space:two", "--call", "2", capture)
    expect(fall, OK, None, "a waterfall")
    check("iteration 1: 117 ticks, 2 crossings" in fall.stdout.decode(), "a waterfall's call")
    expect(run("spans", "--call", "999", capture), BADDATA, "no such traced call", "no such call")
    expect(run("spans", write("untraced", boots[0])), BADDATA, "trace=on", "an untraced boot")
    expect(run("spans", "missing"), NOINPUT, "No such file", "spans of nothing")
    result = run("spans", write("cut", data[:-3000]))
    expect(result, BADDATA, "not whole", "spans of a cut capture")
    check(b"boot 3" in result.stdout, "spans shows what a cut capture has")
    check(run("spans", "--call", "0", capture).returncode == USAGE, "call numbers begin at 1")


def test_export_text(capture):
    result = run("export", "--to", "csv", capture)
    expect(result, OK, None, "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout.decode())))
    warmup = [row for row in rows if row["metric"] == "warmup" and row["boot"] == "1"]
    check(len(warmup) == 300 and warmup[299]["count"] == "300", "csv has every value")
    result = run("export", "--to", "csv", "--rows", "events", capture, "-o", "events.csv")
    expect(result, OK, None, "csv of events")
    with open("events.csv", encoding="ascii") as file:
        events = list(csv.DictReader(file))
    traced = sum(CALLS * (stamps + 2) for stamps in STAMPS)
    check(len(events) == 4 * 2 + 2 * traced, "csv has every record")
    result = run("export", "--to", "csv", "--rows", "counts", capture)
    check(result.stdout.decode().count("\n") == 1 + 2 * CELLS, "csv has every count")
    result = run("export", "--to", "json", capture)
    expect(result, OK, None, "json")
    document = json.loads(result.stdout)
    check([boot["whole"] for boot in document["boots"]] == 4 * [True], "json has whole boots")
    check(len(document["boots"][2]["events"]) == 2 + traced, "json has every record")
    check(document["foreign"].count("SeaBIOS") == 4, "json has the foreign text")
    expect(run("export", "--to", "json", capture, "-o", "/dev/full"), CANTCREATE,
           "No space left", "json on a full disk")
    check(run("export", capture).returncode == USAGE, "export without --to")
    check(run("export", "--to", "xml", capture).returncode == USAGE, "export to nonsense")


def babeltrace(directory):
    return subprocess.run(["babeltrace2", "--clock-cycles", directory], capture_output=True,
                          timeout=line.BOUND_S)


def test_ctf_names(metadata):
    """Every name of the metadata is a TSDL identifier, whatever the table says of a meaning."""
    events = re.findall(r'name = "([^"]*)";\n\tfields := struct \{(.*)\};', metadata)
    check(len(events) > 15, "the metadata names the events")
    for name, body in events:
        fields = [field.split(None, 1)[1] for field in body.split(";") if field.strip()]
        check(fields[-3:] == ["thread", "task", "flags"] or name == "sched_switch",
              f"fields of {name}: {fields}")
        check(all(re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", word) for word in fields + [name]),
              f"identifiers of {name}: {fields}")
        check(len(set(fields)) == len(fields), f"fields of {name} are different")


def test_export_ctf(capture):
    expect(run("export", "--to", "ctf", "-o", "ctf", capture), OK, None, "ctf")
    test_ctf_names(read("ctf/boot-1/metadata").decode())
    for boot in (1, 2, 3, 4):
        seen = babeltrace(f"ctf/boot-{boot}")
        check(seen.returncode == 0 and seen.stderr == b"", f"babeltrace2 is content: {seen.stderr}")
        want = 2 + (sum(CALLS * (stamps + 2) for stamps in STAMPS) if boot > 2 else 0)
        own = [line for line in seen.stdout.splitlines() if not VIEWS.search(line)]
        check(len(own) == want, f"babeltrace2 sees all {want} records")
    check(b"user_begin: { cpu_id = 0 }, { cell = 4, iteration = 15, thread = 5" in seen.stdout,
          "names and numbers of a record")
    whole = subprocess.run(["babeltrace2", "ctf"], capture_output=True, timeout=line.BOUND_S)
    check(whole.returncode == 0 and whole.stderr == b"", f"all boots at once: {whole.stderr}")
    expect(run("export", "--to", "ctf", "-o", "ctf", capture), CANTCREATE, "File exists", "ctf twice")
    check(run("export", "--to", "ctf", capture).returncode == USAGE, "ctf without a directory")


def test_export_lost():
    """Lost records, told by a record first, in the middle, and by END only, reach the reader."""
    before = line.passed, line.failed
    for kind, lost in (("first", 5), ("middle", 7), ("end", 9)):
        made = subprocess.run([MAKE, f"{kind}.tach", kind], timeout=line.BOUND_S)
        check(made.returncode == 0, f"a capture with losses: {kind}")
        expect(run("export", "--to", "ctf", "-o", f"ctf-{kind}", f"{kind}.tach"), BADDATA,
               f"{lost} events lost", f"ctf with losses: {kind}")
        seen = babeltrace(f"ctf-{kind}/boot-1")
        check(seen.returncode == 0 and f"discarded {lost} events".encode() in seen.stderr,
              f"babeltrace2 tells of {lost} lost: {seen.stderr}")
        check(seen.stderr.count(b"WARNING") == 1, "once")
    print(f"shows X12: {'FAIL' if line.failed > before[1] else 'ok'}, {line.passed - before[0]} checks: "
          "records that were dropped are counted and told as gaps")


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        data, boots = line.capture()
        capture = os.path.join(directory, "made.tach")
        test_collect_files(data, capture)
        test_collect_failures(data, capture)
        kept_after_limit(data, capture)
        test_collect_pty(boots)
        test_collect_socket(data, boots)
        test_dump(data, capture)
        test_spans(data, boots, capture)
        test_export_text(capture)
        test_export_ctf(capture)
        test_export_lost()
        os.chdir("/")
    return line.result("test_verbs")


if __name__ == "__main__":
    sys.exit(main())
