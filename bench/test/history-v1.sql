-- SPDX-License-Identifier: MIT
-- A history of schema 1 as SQLite keeps it, with two runs: what an upgrade must understand for ever.
CREATE TABLE runs (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
    time_us INTEGER NOT NULL, complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    "commit" TEXT NOT NULL DEFAULT '', subject TEXT NOT NULL DEFAULT '',
    branch TEXT NOT NULL DEFAULT '', class TEXT NOT NULL DEFAULT '',
    machine TEXT NOT NULL DEFAULT '', cpu TEXT NOT NULL DEFAULT '',
    microcode TEXT NOT NULL DEFAULT '', host_kernel TEXT NOT NULL DEFAULT '',
    qemu TEXT NOT NULL DEFAULT '', kernel TEXT NOT NULL DEFAULT '',
    loader TEXT NOT NULL DEFAULT '', initfs TEXT NOT NULL DEFAULT '',
    abi TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE series (id INTEGER PRIMARY KEY, suite TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '', metric TEXT NOT NULL DEFAULT '', unit TEXT NOT NULL DEFAULT '',
    class TEXT NOT NULL DEFAULT '', UNIQUE (class, suite, name, metric, unit)) STRICT;
CREATE TABLE points (series_id INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, value REAL NOT NULL,
    boots INTEGER NOT NULL CHECK (boots >= 0), low REAL, high REAL, min REAL, p50 REAL, p99 REAL,
    max REAL, PRIMARY KEY (series_id, run_id)) STRICT, WITHOUT ROWID;
INSERT INTO runs (id, digest, time_us, complete, "commit", class, machine, kernel) VALUES
    (1, '0000000000000000000000000000000000000000000000000000000000000001', 1700000000000000, 1,
     'aaaa', 'icount', 'm abi 1', '11'),
    (2, '0000000000000000000000000000000000000000000000000000000000000002', 1700000001000000, 1,
     'bbbb', 'icount', 'm abi 1', '22');
INSERT INTO series (id, suite, name, metric, unit, class) VALUES
    (1, 'ipc', 'R0/pti:off', 'whole', 'instructions', 'icount');
INSERT INTO points (series_id, run_id, value, boots, low, high) VALUES
    (1, 1, 10, 1, 10, 10), (1, 2, 11, 1, 11, 11);
PRAGMA application_id = 1413563208;
PRAGMA user_version = 1;
