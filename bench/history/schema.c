/* SPDX-License-Identifier: MIT
 * The tables of the history, one text for both kinds of store, and how a store of an older version
 * becomes one of this. Invariant: a step is never changed once it was released; a new store goes
 * through all of them, so each start tests them all. Called by db_open.
 *
 * runs: a row a run, its name is the digest of its document. series: what is measured. points: one
 * number a run and series, with the boots that it is made of as text, exact. */
#include <stdio.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/backend.h"
#include "traces/say.h"

#define FINITE(column)                                                                             \
    "CHECK (" column " BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)"
#define TEXT(column) column " TEXT NOT NULL DEFAULT '', "

/* KEY: of a row's own number; INT, REAL: 64 bits each; END, CLUSTERED: behind a table. */
#define STEP_1(KEY, INT, REAL, END, CLUSTERED)                                                             \
    "CREATE TABLE runs (id " KEY ", digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64), "             \
    "time_us " INT " NOT NULL, complete " INT " NOT NULL CHECK (complete IN (0, 1)), " TEXT(               \
        "\"commit\"") TEXT("subject") TEXT("branch") TEXT("class") TEXT("machine") TEXT("cpu")             \
        TEXT("microcode") TEXT("host_kernel") TEXT("qemu") TEXT("kernel") TEXT("loader") TEXT(             \
            "initfs") "abi TEXT NOT NULL DEFAULT ''"                                                       \
                      ") " END ";"                                                                         \
                      "CREATE TABLE series (id " KEY                                                       \
                      ", " TEXT("suite") TEXT("name") TEXT("metric") TEXT("unit") TEXT(                    \
                          "class") "UNIQUE (class, suite, name, metric, unit)) " END ";"                   \
                                   "CREATE TABLE points ("                                                 \
                                   "series_id " INT                                                        \
                                   " NOT NULL REFERENCES series (id) ON DELETE CASCADE, "                  \
                                   "run_id " INT                                                           \
                                   " NOT NULL REFERENCES runs (id) ON DELETE CASCADE, "                    \
                                   "value " REAL " NOT NULL " FINITE(                                      \
                                       "value") ", boots " INT " NOT NULL CHECK (boots >= 0), "            \
                                                "low " REAL                                                \
                                                " " FINITE("low") ", high " REAL " " FINITE(               \
                                                    "high") ", "                                           \
                                                            "min " REAL                                    \
                                                            " " FINITE("min") ", p50 " REAL " " FINITE(    \
                                                                "p50") ", "                                \
                                                                       "p99 " REAL " " FINITE(             \
                                                                           "p99") ", max " REAL            \
                                                                                  " " FINITE(              \
                                                                                      "max") ", "          \
                                                                                             "PRI"         \
                                                                                             "MAR"         \
                                                                                             "Y "          \
                                                                                             "KEY"         \
                                                                                             " ("          \
                                                                                             "ser"         \
                                                                                             "ies"         \
                                                                                             "_id"         \
                                                                                             ", "          \
                                                                                             "run"         \
                                                                                             "_id"         \
                                                                                             "))"          \
                                                                                             " " CLUSTERED \
                                                                                             ";"

/* Where a run is from, its order among runs of one time, throughput, the boots' own numbers. */
#define STEP_2(KEY, INT, REAL, END, CLUSTERED)                                                     \
    "ALTER TABLE runs ADD COLUMN taken_us " INT " NOT NULL DEFAULT 0;"                             \
    "UPDATE runs SET taken_us = time_us;"                                                          \
    "ALTER TABLE runs ADD COLUMN position " INT " NOT NULL DEFAULT 0;"                             \
    "ALTER TABLE runs ADD COLUMN mitigations TEXT NOT NULL DEFAULT '';"                            \
    "ALTER TABLE runs ADD COLUMN source TEXT NOT NULL DEFAULT '';"                                 \
    "ALTER TABLE series ADD COLUMN larger_better " INT " NOT NULL DEFAULT 0;"                      \
    "ALTER TABLE points ADD COLUMN p999 " REAL                                                     \
    " " FINITE("p999") ";"                                                                         \
                       "ALTER TABLE points ADD COLUMN samples TEXT NOT NULL DEFAULT '';"           \
                       "CREATE INDEX points_of_run ON points (run_id);"                            \
                       "CREATE INDEX runs_by_time ON runs (time_us);"

#define SQLITE(STEP)                                                                               \
    STEP("INTEGER PRIMARY KEY", "INTEGER", "REAL", "STRICT", "STRICT, WITHOUT ROWID")
#define POSTGRES(STEP)                                                                             \
    STEP("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "BIGINT", "DOUBLE PRECISION", "",  \
         "")

const char *const schema_sqlite[] = {SQLITE(STEP_1), SQLITE(STEP_2), NULL};
const char *const schema_postgres[] = {POSTGRES(STEP_1), POSTGRES(STEP_2), NULL};

static int64_t version_known(const struct db *db)
{
    int64_t version = 0;

    while (db->backend->schema[version])
        version++;
    return version;
}

/* Looks again within the transaction: another process may have been first. */
static int upgrade(struct db *db, void *unused)
{
    int64_t version;

    (void)unused;
    int status = db->backend->version_get(db, &version);
    for (; !status && version >= 0 && version < version_known(db); version++)
        status = db->backend->script(db, db->backend->schema[version]);
    return status ? status : db->backend->version_set(db, version);
}

int schema_check(struct db *db, enum db_mode mode)
{
    int64_t version;
    const int status = db->backend->version_get(db, &version);

    if (status)
        return say_error(status, db->verb, db->label, "%s", db->error);
    if (version < 0)
        return say_error(TACH_BADDATA, db->verb, db->label, "a database, but no history of tach");
    if (version > version_known(db))
        return say_error(TACH_BADDATA, db->verb, db->label,
                         "made by a newer tach: schema %lld, this one knows %lld",
                         (long long)version, (long long)version_known(db));
    if (version == version_known(db))
        return TACH_OK;
    if (mode == DB_READ && !version)
        return say_error(TACH_NOINPUT, db->verb, db->label, "an empty database");
    if (db->backend->before && !version && mode != DB_READ)
        (void)db->backend->script(db, db->backend->before); /* others may be doing it: no matter */
    return db_transaction(db, upgrade, NULL);
}
