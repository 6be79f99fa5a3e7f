/* SPDX-License-Identifier: MIT
 * What a kind of store does for bench/history/db.c. Invariant: a backend says nothing itself; it
 * leaves a text in db->error and returns an enum tach_exit, and db->busy tells whether trying again
 * may help. Included by db.c, schema.c and the backends only. */
#ifndef TACH_BENCH_HISTORY_BACKEND_H
#define TACH_BENCH_HISTORY_BACKEND_H

#include "bench/history/db.h"

struct db_backend {
    int (*open)(struct db *db, const char *where, enum db_mode mode);
    void (*close)(struct db *db);
    int (*run)(struct db *db, const struct db_query *query);
    int (*script)(struct db *db, const char *sql); /* several statements, no values */
    /* The version of the schema: 0 for an empty store, -1 for one that others made. */
    int (*version_get)(struct db *db, int64_t *version);
    int (*version_set)(struct db *db, int64_t version);
    int (*examine)(struct db *db, int (*fault)(void *context, const char *text), void *context);
    bool (*is_null)(const struct db_row *row, int column);
    int64_t (*get_int)(const struct db_row *row, int column);
    double (*get_real)(const struct db_row *row, int column);
    const char *(*get_text)(const struct db_row *row, int column);
    const char *before;        /* done to an empty store, outside of a transaction; or NULL */
    const char *begin;         /* of a transaction that keeps other writers out */
    const char *const *schema; /* schema[v]: from version v to v + 1; NULL behind the last */
};
extern const struct db_backend db_sqlite, db_postgres;

struct db {
    const struct db_backend *backend;
    const char *verb;
    char label[512], error[512];
    void *handle;    /* the library's connection */
    void *statement; /* SQLite: the last one, kept for the next */
    char *sql;       /* its text */
    bool busy;       /* the last failure may not happen again */
};

/* What `each` sees of the row that a backend stands on. */
struct db_row {
    const struct db *db;
    void *of; /* the statement, the result */
    int at;   /* row of a result */
};

/* Leaves an error's first line; returns status. */
int db_fail(struct db *db, int status, const char *text);

/* Brings the store to this program's schema, or says why it cannot be read. */
int schema_check(struct db *db, enum db_mode mode);

extern const char *const schema_sqlite[], *const schema_postgres[];

#endif
