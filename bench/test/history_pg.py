#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""history_pg.py [TACH]: tach history on PostgreSQL, on a server of its own: a fresh directory, a Unix socket,
no port, ended by its own process. The talk of history_talk.sh must be the same, byte for byte, as on SQLite;
then what only a server has: writers at once, a lost connection, a store of others, an upgrade.
Last line: the sum.
"""
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TACH = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "build/tach")
HERE = os.path.dirname(os.path.realpath(__file__))
results = []


def check(good, what):
    results.append(bool(good))
    if not good:
        print(f"history-pg: failed: {what}", flush=True)


def end(status=None):
    print(f"history-pg: {sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(status if status is not None else 0 if all(results) else 1)


class Server:
    """PostgreSQL refuses to run as root: then it runs as its own user."""

    def __init__(self, base):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]))
        self.bin = found[-1] if found else os.path.dirname(shutil.which("initdb") or "")
        if not os.path.exists(os.path.join(self.bin, "initdb")):
            check(False, "no initdb: the package postgresql is missing")
            end(1)
        self.base = os.path.join(base, "pg")
        os.mkdir(self.base)
        self.user = {}
        if os.getuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chmod(base, 0o755)
            os.chown(self.base, entry.pw_uid, entry.pw_gid)
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self.log = open(os.path.join(base, "pg.log"), "wb")
        self.run("initdb", "-D", self.base + "/data", "-A", "trust", "-N", "-U", "tach", "--locale=C.UTF-8",
                 "--encoding=UTF8", "--no-instructions")
        self.start()

    def run(self, program, *args):
        subprocess.run([os.path.join(self.bin, program), *args], check=True, stdout=self.log, stderr=self.log,
                       cwd="/", env={"PATH": "/usr/bin:/bin"}, **self.user)

    def start(self):
        self.process = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.base + "/data", "-k", self.base,
             "-c", "listen_addresses=", "-c", "shared_buffers=16MB", "-c", "max_connections=20", "-c", "fsync=off"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd="/", env={"PATH": "/usr/bin:/bin"},
            **self.user)
        for _ in range(2400):
            if subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.base],
                              check=False).returncode == 0:
                return
            time.sleep(0.05)
        check(False, "the server does not come up")
        end(1)

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def url(self, database):
        return f"postgresql://tach:secret@/{database}?host={self.base}"

    def sql(self, database, text):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url(database), "-c", text],
                              check=True, capture_output=True, text=True).stdout.strip()

    def database(self, name):
        self.sql("postgres", f"CREATE DATABASE {name}")
        return self.url(name)


def tach(*args, limit=240):
    done = subprocess.run([TACH, "history", *args], capture_output=True, text=True, timeout=limit, check=False,
                          stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
    check("secret" not in done.stdout + done.stderr, f"the password is shown by {args[0]}")
    return done.returncode, done.stdout, done.stderr


def told(got, status, text, what):
    """One line of errors, that status, that text."""
    check(got[0] == status and text in got[2] and got[2].count("\n") == 1, f"{what}: {got}")


def talks(server, work):
    """The same words to both, the same answers."""
    data = os.path.join(work, "data")
    texts = []
    for url in (os.path.join(work, "talk.db"), server.database("talk")):
        texts.append(subprocess.run(["sh", os.path.join(HERE, "history_talk.sh"), TACH, url, data], check=False,
                                    capture_output=True, text=True).stdout)
    check(texts[0].count("\n$ tach") > 30 and " changes in " in texts[0], "the talk is too short to show anything")
    check(texts[0] == texts[1], "PostgreSQL answers other than SQLite")
    for a, b in zip(*(text.split("\n") for text in texts)):
        if a != b:
            print(f"    SQLite: {a[:150]}\n    server: {b[:150]}")
            break


def crowd(server, work):
    """Ten writers at once, into a database without any table."""
    url = server.database("crowd")
    with open(f"{work}/data/run-1/ipc.json", encoding="ascii") as text:
        document = text.read()
    writers = []
    for i in range(10):
        path = f"{work}/crowd-{i}.json"
        with open(path, "w", encoding="ascii") as out:
            out.write(document.replace("T10:00:00", f"T10:{i:02}:00"))
        writers.append(subprocess.Popen([TACH, "history", "add", path, f"{work}/data/run-2", "--commit", f"c{i}", "--db",
                                         url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    outputs = [writer.communicate()[0] for writer in writers]
    check(all(writer.returncode == 0 for writer in writers), f"writers failed: {outputs}")
    check(sum(int(re.match(r"(\d+) added", text)[1]) for text in outputs) == 11, f"runs twice or lost: {outputs}")
    check(tach("check", "--db", url)[1] == "11 runs, 36 series, 396 points, 0 faults\n", "the crowd left a mess")


# The import stands behind so many points, until nobody holds the lock.
STOP = """CREATE SEQUENCE stop_points; CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF nextval('stop_points') %% %d = 0 THEN PERFORM pg_advisory_lock(4711); END IF; RETURN NEW; END $$;
CREATE TRIGGER stop AFTER INSERT ON tach.points FOR EACH ROW EXECUTE FUNCTION stop()"""
STOP_POINTS = 1000


def waits(server, state):
    """Until so many have the lock, and so many wait for it."""
    query = ("SELECT count(*) FILTER (WHERE granted), count(*) FILTER (WHERE NOT granted) FROM pg_locks "
             "WHERE locktype = 'advisory' AND objid = 4711")
    limit = time.monotonic() + 120
    while server.sql("killed", query) != state and time.monotonic() < limit:
        time.sleep(0.01)
    check(time.monotonic() < limit, f"not {state}")


def killed(server, work):
    """A client that dies, then a server that dies, while a large file is taken in: nothing of it is there."""
    url = server.database("killed")
    check(tach("add", f"{work}/data/run-1", "--db", url)[0] == 0, "add before the kill")
    before = tach("export", "--db", url)[1]
    server.sql("killed", STOP % STOP_POINTS)
    for victim in ("client", "server"):
        waits(server, "0|0")
        other = subprocess.Popen(["psql", "-X", "-q", url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, text=True)
        other.stdin.write("SELECT pg_advisory_lock(4711);\n")
        other.stdin.flush()
        waits(server, "1|0")
        client = subprocess.Popen([TACH, "history", "import", f"{work}/data/many.jsonl", "--db", url],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        waits(server, "1|1")
        if victim == "client":
            client.kill()
        else:
            server.stop(signal.SIGQUIT)
        errors = client.communicate()[1]
        other.communicate()  # its end gives the lock back
        if victim == "server":
            check(client.returncode == 74 and errors.count("\n") == 1, f"lost server: {client.returncode} {errors}")
            told(tach("list", "--db", url), 66, "", "no server")
            server.start()
        check(tach("export", "--db", url)[1] == before, f"a killed {victim} left something")
        check(tach("check", "--db", url)[0] == 0, f"a killed {victim} left a mess")


def foreign(server, work):
    """Stores of others, newer ones, older ones, and URLs that lead nowhere."""
    url = server.database("others")
    told(tach("list", "--db", url), 66, "an empty database", "empty")
    server.sql("others", "CREATE SCHEMA tach; CREATE TABLE tach.runs (x INT)")
    for verb in (["list"], ["check"], ["add", f"{work}/data/run-1"]):
        told(tach(*verb, "--db", url), 65, "no history of tach", f"foreign {verb[0]}")
    check(server.sql("others", "SELECT count(*) FROM pg_tables WHERE schemaname = 'tach'") == "1", "others' schema touched")
    url = server.database("newer")
    check(tach("add", f"{work}/data/run-1", "--db", url)[0] == 0, "add")
    server.sql("newer", "UPDATE tach.meta SET version = 3")
    told(tach("list", "--db", url), 65, "newer tach: schema 3", "newer")
    told(tach("list", "--db", server.url("nowhere")), 66, "does not exist", "no database")
    told(tach("list", "--db", "postgresql:///x?host=/nonexistent"), 66, "", "no server")
    told(tach("list", "--db", "postgresql://%"), 66, "", "no URL")


def upgrade(server):
    """The rows of a store of version 1, in the types of this server."""
    url = server.database("upgrade")
    with open(os.path.join(HERE, "history-v1.sql"), encoding="ascii") as text:
        script = text.read()
    script = re.sub(r"PRAGMA.*\n", "", script).replace(" STRICT, WITHOUT ROWID", "").replace(" STRICT", "")
    script = script.replace(" REAL", " DOUBLE PRECISION").replace("INTEGER", "BIGINT").replace(
        "BIGINT PRIMARY KEY", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
    server.sql("upgrade", "CREATE SCHEMA tach; SET search_path TO tach; CREATE TABLE meta (application TEXT, version "
                          "BIGINT); INSERT INTO meta VALUES ('tach history', 1); " + script)
    got = tach("changes", "--db", url)
    check(got[0] == 1 and "10 -> 11" in got[1], f"changes of version 1: {got}")
    check(server.sql("upgrade", "SELECT version FROM tach.meta") == "2", "the version stays")
    check(tach("check", "--db", url)[0] == 0, "check of an upgraded store")


def main():
    with tempfile.TemporaryDirectory(prefix="tach-pg-") as work:
        os.mkdir(os.path.join(work, "data"))
        subprocess.run([sys.executable, os.path.join(HERE, "history_data.py"), os.path.join(work, "data")], check=True)
        server = Server(work)
        try:
            talks(server, work)
            crowd(server, work)
            killed(server, work)
            foreign(server, work)
            upgrade(server)
        finally:
            server.stop()
    end()


if __name__ == "__main__":
    main()
