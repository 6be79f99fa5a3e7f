/* SPDX-License-Identifier: MIT
 * SQLite below the history; see bench/history/backend.h. The file is hostile: it may be damaged,
 * another program's, or made to be read. WAL with synchronous FULL: what `add` reported is on the
 * disk, and readers do not wait for writers. */
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "bench/history/backend.h"

#define APPLICATION     0x54414348 /* "TACH", in the header of the file */
#define APPLICATION_SQL "PRAGMA application_id = 1413563208"
#define BUSY_MS         30000 /* as lock_timeout of PostgreSQL */

static int status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR: /* no such table: no history, whatever its header says */
        return TACH_BADDATA;
    case SQLITE_CANTOPEN:
        return TACH_NOINPUT;
    case SQLITE_FULL:
    case SQLITE_READONLY:
        return TACH_CANTCREATE;
    case SQLITE_NOMEM:
        return TACH_INTERNAL;
    default:
        return TACH_IOERR;
    }
}

static int failed(struct db *db, int code)
{
    const int base = code & 0xff;

    db->busy = base == SQLITE_BUSY || base == SQLITE_LOCKED;
    return db_fail(db, status_of(code),
                   db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code));
}

static int sqlite_script(struct db *db, const char *sql)
{
    const int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return code ? failed(db, code) : TACH_OK;
}

/* A store that only root may write, on a medium that nobody may: without a log beside it, it can be
 * read as it is. */
static int open_fixed(struct db *db, const char *where)
{
    char *uri = sqlite3_mprintf("%s-wal", where);
    const bool log = uri && !access(uri, F_OK);

    sqlite3_free(uri);
    if (log)
        return SQLITE_CANTOPEN;
    sqlite3_close(db->handle);
    sqlite3_str *text = sqlite3_str_new(NULL);
    sqlite3_str_appendall(text, "file:");
    for (const char *at = where; *at; at++)
        sqlite3_str_appendf(text, strchr("%?#", *at) ? "%%%02x" : "%c", *at);
    sqlite3_str_appendall(text, "?immutable=1");
    uri = sqlite3_str_finish(text);
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    const int code =
        uri ? sqlite3_open_v2(uri, (sqlite3 **)&db->handle, flags, NULL) : SQLITE_NOMEM;
    sqlite3_free(uri);
    return code;
}

/* Nothing in the file may run code or reach other files. */
static int guard(struct db *db)
{
    static const int off[] = {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
                              SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION};

    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
        sqlite3_db_config(db->handle, off[i], 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return sqlite_script(db, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;"
                             "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON");
}

static int directory_make(struct db *db, const char *where)
{
    const char *slash = strrchr(where, '/');
    char *above = slash && slash != where ? strndup(where, (size_t)(slash - where)) : NULL;
    const int status = above ? file_directory(db->verb, above) : TACH_OK;

    free(above);
    return status;
}

static int sqlite_open(struct db *db, const char *where, enum db_mode mode)
{
    int flags = SQLITE_OPEN_READWRITE;

    if (mode == DB_CREATE && directory_make(db, where))
        return TACH_CANTCREATE;
    if (mode != DB_CREATE && access(where, F_OK))
        return db_fail(db, TACH_NOINPUT, strerror(errno));
    if (mode == DB_CREATE)
        flags |= SQLITE_OPEN_CREATE;
    if (mode == DB_READ && access(where, W_OK))
        flags = SQLITE_OPEN_READONLY;
    int code = sqlite3_open_v2(where, (sqlite3 **)&db->handle, flags, NULL);
    if (code)
        return mode == DB_CREATE ? db_fail(db, TACH_CANTCREATE, sqlite3_errmsg(db->handle))
                                 : failed(db, code);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    code = sqlite3_exec(db->handle, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL);
    const int base = code & 0xff;
    if (mode == DB_READ && (base == SQLITE_CANTOPEN || base == SQLITE_READONLY))
        code = open_fixed(db, where);
    return code ? failed(db, code) : guard(db);
}

static void sqlite_close(struct db *db)
{
    sqlite3_finalize(db->statement);
    sqlite3_close(db->handle);
}

/* The statement of a query: the last one again where the text is the same. */
static int prepare(struct db *db, const char *sql)
{
    if (db->sql && !strcmp(db->sql, sql))
        return sqlite3_reset(db->statement), SQLITE_OK;
    sqlite3_finalize(db->statement);
    db->statement = NULL;
    free(db->sql);
    db->sql = strdup(sql);
    if (!db->sql)
        return SQLITE_NOMEM;
    const int code = sqlite3_prepare_v2(db->handle, sql, -1, (sqlite3_stmt **)&db->statement, NULL);
    if (code) {
        free(db->sql);
        db->sql = NULL;
    }
    return code;
}

static int bind(sqlite3_stmt *statement, int at, const struct db_value *value)
{
    switch (value->kind) {
    case DB_INT:
        return sqlite3_bind_int64(statement, at, value->number);
    case DB_REAL:
        return sqlite3_bind_double(statement, at, value->real);
    case DB_TEXT:
        return sqlite3_bind_text(statement, at, value->text, -1, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(statement, at);
    }
}

static int sqlite_run(struct db *db, const struct db_query *query)
{
    int code = prepare(db, query->sql), status = TACH_OK;
    const struct db_row row = {.db = db, .of = db->statement};

    for (size_t i = 0; !code && i < query->count; i++)
        code = bind(db->statement, (int)i + 1, &query->values[i]);
    if (code)
        return failed(db, code);
    while (!status && (code = sqlite3_step(db->statement)) == SQLITE_ROW)
        if (query->each)
            status = query->each(query->context, &row);
    if (!status && code != SQLITE_DONE)
        status = failed(db, code);
    sqlite3_reset(db->statement);
    return status;
}

static int sqlite_number(struct db *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

    if (!code && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        *out = sqlite3_column_int64(statement, 0);
        code = SQLITE_OK;
    }
    const int status = code && code != SQLITE_DONE ? failed(db, code) : TACH_OK;
    sqlite3_finalize(statement);
    return status;
}

/* Tables and application_id come with one commit. Another process may make it between these reads:
 * with the id read last, tables without an id are somebody else's for sure. */
static int version_get(struct db *db, int64_t *version)
{
    int64_t application = 0, tables = 0;
    int status = sqlite_number(db, "SELECT count(*) FROM sqlite_master", &tables);

    if (!status)
        status = sqlite_number(db, "PRAGMA user_version", version);
    if (!status)
        status = sqlite_number(db, "PRAGMA application_id", &application);
    if (!status && application != APPLICATION)
        *version = !application && !tables && !*version ? 0 : -1;
    return status;
}

static int version_set(struct db *db, int64_t version)
{
    char sql[128];

    snprintf(sql, sizeof(sql), APPLICATION_SQL "; PRAGMA user_version = %d", (int)version);
    return sqlite_script(db, sql);
}

static int fault_hand(struct db *db, const char *sql, int (*fault)(void *context, const char *text),
                      void *context)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), status = TACH_OK;

    while (!code && !status && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        code = SQLITE_OK;
        if (text && strcmp(text, "ok"))
            status = fault(context, text);
    }
    if (code && code != SQLITE_DONE)
        status = failed(db, code);
    sqlite3_finalize(statement);
    return status;
}

static int sqlite_examine(struct db *db, int (*fault)(void *context, const char *text),
                          void *context)
{
    int status = fault_hand(db, "PRAGMA integrity_check", fault, context);

    if (!status)
        status = fault_hand(db,
                            "SELECT 'a row of ' || \"table\" || ' belongs to no ' || parent "
                            "FROM pragma_foreign_key_check()",
                            fault, context);
    return status;
}

static bool is_null(const struct db_row *row, int column)
{
    return sqlite3_column_type(row->of, column) == SQLITE_NULL;
}

static int64_t get_int(const struct db_row *row, int column)
{
    return sqlite3_column_int64(row->of, column);
}

static double get_real(const struct db_row *row, int column)
{
    return sqlite3_column_double(row->of, column);
}

static const char *get_text(const struct db_row *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row->of, column);

    return text ? text : "";
}

const struct db_backend db_sqlite = {
    .open = sqlite_open,
    .close = sqlite_close,
    .run = sqlite_run,
    .script = sqlite_script,
    .version_get = version_get,
    .version_set = version_set,
    .examine = sqlite_examine,
    .is_null = is_null,
    .get_int = get_int,
    .get_real = get_real,
    .get_text = get_text,
    .before = "PRAGMA journal_mode = WAL",
    .begin = "BEGIN IMMEDIATE",
    .schema = schema_sqlite,
};
