/* SPDX-License-Identifier: MIT
 * PostgreSQL below the history; see bench/history/backend.h. All tables live in the schema "tach"
 * of the database that the URL names. Numbers travel in binary, so that each arrives as it was
 * sent. No message shows the URL: it may hold a password. */
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/backend.h"

/* Types by their number in pg_type, which never changes. */
#define OID_INT8   20u
#define OID_INT4   23u
#define OID_TEXT   25u
#define OID_FLOAT8 701u

static int status_of(const char *code)
{
    if (!code || !strncmp(code, "08", 2) || !strncmp(code, "57", 2))
        return TACH_IOERR;
    if (!strncmp(code, "53", 2) || !strcmp(code, "25006") || !strcmp(code, "42501"))
        return TACH_CANTCREATE; /* a full disk, read only, no right */
    return TACH_BADDATA;
}

static int failed(struct db *db, const PGresult *result)
{
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    /* Serialisation, deadlock, a lock that was not had in time. */
    db->busy = code && (!strncmp(code, "40", 2) || !strcmp(code, "55P03"));
    return db_fail(db, status_of(code), text ? text : PQerrorMessage(db->handle));
}

/* ? becomes $1, $2, ...; no statement of the history holds one in a text. NULL: out of memory. */
static char *placeholders(const char *sql)
{
    size_t marks = 0, used = 0;

    for (const char *at = sql; *at; at++)
        marks += *at == '?';
    const size_t size = strlen(sql) + marks * 5 + 1;
    char *out = malloc(size);
    for (marks = 0; out && *sql; sql++) {
        if (*sql == '?')
            used += (size_t)snprintf(out + used, size - used, "$%zu", ++marks);
        else
            out[used++] = *sql;
    }
    if (out)
        out[used] = 0;
    return out;
}

struct bound {
    Oid types[DB_VALUES_MAX];
    const char *texts[DB_VALUES_MAX];
    int lengths[DB_VALUES_MAX], formats[DB_VALUES_MAX];
    uint64_t wire[DB_VALUES_MAX];
};

static void bind(struct bound *bound, size_t at, const struct db_value *value)
{
    static const Oid types[] = {
        [DB_NULL] = 0, [DB_INT] = OID_INT8, [DB_REAL] = OID_FLOAT8, [DB_TEXT] = OID_TEXT};
    const bool number = value->kind == DB_INT || value->kind == DB_REAL;
    uint64_t bits = (uint64_t)value->number;

    if (value->kind == DB_REAL)
        memcpy(&bits, &value->real, sizeof(bits));
    bound->wire[at] = htobe64(bits);
    bound->types[at] = types[value->kind];
    bound->formats[at] = number;
    bound->lengths[at] = sizeof(bits);
    bound->texts[at] = number                   ? (const char *)&bound->wire[at]
                       : value->kind == DB_TEXT ? value->text
                                                : NULL;
}

static PGresult *send(struct db *db, const struct db_query *query)
{
    struct bound *bound = query->count <= DB_VALUES_MAX ? malloc(sizeof(*bound)) : NULL;
    char *sql = placeholders(query->sql);
    PGresult *result = NULL;

    for (size_t i = 0; bound && i < query->count; i++)
        bind(bound, i, &query->values[i]);
    if (bound && sql)
        result = PQexecParams(db->handle, sql, (int)query->count, bound->types, bound->texts,
                              bound->lengths, bound->formats, 1);
    free(bound);
    free(sql);
    return result;
}

static int postgres_run(struct db *db, const struct db_query *query)
{
    PGresult *result = send(db, query);
    const ExecStatusType got = PQresultStatus(result);
    int status = TACH_OK;

    if (got == PGRES_TUPLES_OK) {
        struct db_row row = {.db = db, .of = result};
        for (; !status && query->each && row.at < PQntuples(result); row.at++)
            status = query->each(query->context, &row);
    } else if (got != PGRES_COMMAND_OK) {
        status = failed(db, result);
    }
    PQclear(result);
    return status;
}

static int postgres_script(struct db *db, const char *sql)
{
    PGresult *result = PQexec(db->handle, sql);
    const ExecStatusType got = PQresultStatus(result);
    const int status =
        got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK ? TACH_OK : failed(db, result);

    PQclear(result);
    return status;
}

static void notice_drop(void *unused, const char *text)
{
    (void)unused;
    (void)text;
}

static int postgres_open(struct db *db, const char *where, enum db_mode mode)
{
    const char *const keys[] = {"fallback_application_name", "connect_timeout", "client_encoding",
                                "dbname", NULL};
    const char *const values[] = {"tach", "10", "UTF8", where, NULL};

    db->handle = PQconnectdbParams(keys, values, 1);
    if (!db->handle)
        return db_fail(db, TACH_INTERNAL, "out of memory");
    const char *host = PQhost(db->handle), *name = PQdb(db->handle);
    snprintf(db->label, sizeof(db->label), "postgresql %s/%s", host ? host : "", name ? name : "");
    if (PQstatus(db->handle) != CONNECTION_OK)
        return db_fail(db, TACH_NOINPUT, PQerrorMessage(db->handle));
    PQsetNoticeProcessor(db->handle, notice_drop, NULL);
    if (mode == DB_READ)
        return postgres_script(db, "SET search_path TO tach");
    return postgres_script(db, "SET search_path TO tach; SET lock_timeout TO '30s'");
}

static void postgres_close(struct db *db)
{
    PQfinish(db->handle);
}

static bool is_null(const struct db_row *row, int column)
{
    return PQgetisnull(row->of, row->at, column);
}

static int64_t get_int(const struct db_row *row, int column)
{
    uint64_t wide;
    uint32_t narrow;

    if (is_null(row, column))
        return 0;
    const char *bytes = PQgetvalue(row->of, row->at, column);
    if (PQftype(row->of, column) == OID_INT4) {
        memcpy(&narrow, bytes, sizeof(narrow));
        return (int32_t)be32toh(narrow);
    }
    memcpy(&wide, bytes, sizeof(wide));
    return (int64_t)be64toh(wide);
}

static double get_real(const struct db_row *row, int column)
{
    uint64_t bits;
    double real;

    if (PQftype(row->of, column) != OID_FLOAT8)
        return (double)get_int(row, column);
    if (is_null(row, column))
        return 0;
    memcpy(&bits, PQgetvalue(row->of, row->at, column), sizeof(bits));
    bits = be64toh(bits);
    memcpy(&real, &bits, sizeof(real));
    return real;
}

static const char *get_text(const struct db_row *row, int column)
{
    return PQgetvalue(row->of, row->at, column); /* "" where it is NULL */
}

static int number_take(void *context, const struct db_row *row)
{
    *(int64_t *)context = db_int(row, 0);
    return TACH_OK;
}

static int version_get(struct db *db, int64_t *version)
{
    const struct db_query state = {
        .sql = "SELECT CASE WHEN to_regclass('tach.meta') IS NOT NULL THEN 1 WHEN EXISTS (SELECT 1 "
               "FROM pg_tables WHERE schemaname = 'tach') THEN -1 ELSE 0 END",
        .each = number_take,
        .context = version};
    const struct db_query number = {.sql = "SELECT max(version) FROM meta "
                                           "WHERE application = 'tach history'",
                                    .each = number_take,
                                    .context = version};
    int status = postgres_run(db, &state);

    if (!status && *version == 1)
        status = postgres_run(db, &number);
    return status;
}

static int version_set(struct db *db, int64_t version)
{
    char sql[128];

    snprintf(sql, sizeof(sql), "DELETE FROM meta; INSERT INTO meta VALUES ('tach history', %d)",
             (int)version);
    return postgres_script(db, sql);
}

/* The server guards its own pages; what it cannot know, the verb check asks by SQL. */
static int postgres_examine(struct db *db, int (*fault)(void *context, const char *text),
                            void *context)
{
    (void)db;
    (void)fault;
    (void)context;
    return TACH_OK;
}

const struct db_backend db_postgres = {
    .open = postgres_open,
    .close = postgres_close,
    .run = postgres_run,
    .script = postgres_script,
    .version_get = version_get,
    .version_set = version_set,
    .examine = postgres_examine,
    .is_null = is_null,
    .get_int = get_int,
    .get_real = get_real,
    .get_text = get_text,
    .before = "CREATE SCHEMA IF NOT EXISTS tach;"
              "CREATE TABLE IF NOT EXISTS tach.meta (application TEXT NOT NULL, "
              "version BIGINT NOT NULL)",
    .begin = "BEGIN; SELECT pg_advisory_xact_lock(1413563208)",
    .schema = schema_postgres,
};
