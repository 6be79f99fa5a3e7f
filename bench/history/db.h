/* SPDX-License-Identifier: MIT
 * The seam below the history: SQLite and PostgreSQL behind one handful of functions, so that all
 * logic is written once. SQL is the common part of both, with ? for values. Invariant: what a
 * transaction's body did is in the database as a whole or not at all, however the process ends.
 * Errors are said here, in one line, under the verb's name; all functions return an enum tach_exit.
 * Called by bench/history only. */
#ifndef TACH_BENCH_HISTORY_DB_H
#define TACH_BENCH_HISTORY_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_VALUES_MAX 4096u /* of one statement */

struct db;
struct db_row;

/* What is bound to a ?. */
enum db_kind { DB_NULL, DB_INT, DB_REAL, DB_TEXT };
struct db_value {
    enum db_kind kind;
    int64_t number;
    double real;
    const char *text;
};
#define DB_OF_INT(value)  ((struct db_value){.kind = DB_INT, .number = (value)})
#define DB_OF_REAL(value) ((struct db_value){.kind = DB_REAL, .real = (value)})
#define DB_OF_TEXT(value) ((struct db_value){.kind = DB_TEXT, .text = (value)})

struct db_query {
    const char *sql;
    const struct db_value *values;
    size_t count;
    int (*each)(void *context, const struct db_row *row); /* NULL: rows are not wanted */
    void *context;
};

/* DB_CREATE makes what is not there; DB_WRITE demands it; DB_READ does with a store that cannot be
 * written. The schema is brought up to date by the first two. */
enum db_mode { DB_READ, DB_WRITE, DB_CREATE };

/* Opens a path or a postgresql:// URL and checks that it is a history of a schema known here. */
int db_open(const char *verb, const char *where, enum db_mode mode, struct db **out);
void db_close(struct db *db);

/* Runs one statement; stops at the first status of `each` that is not 0 and returns it. No other
 * statement may be run by `each`. */
int db_run(struct db *db, const struct db_query *query);

/* The same without values and rows. */
int db_do(struct db *db, const char *sql);

/* One whole number out of one row; 0 where there is no row. */
int db_number(struct db *db, const char *sql, int64_t *out);

/* Runs body within a transaction that no other writer shares; again, a few times, where others were
 * in the way. */
int db_transaction(struct db *db, int (*body)(struct db *db, void *context), void *context);

/* Rebuilds the store without what was deleted. */
int db_vacuum(struct db *db);

/* Asks the store whether it is sound; hands over a line a fault. */
int db_examine(struct db *db, int (*fault)(void *context, const char *text), void *context);

/* Columns count from 0. Texts live until `each` returns. */
bool db_is_null(const struct db_row *row, int column);
int64_t db_int(const struct db_row *row, int column);
double db_real(const struct db_row *row, int column);
const char *db_text(const struct db_row *row, int column);

/* For messages: the path, or the URL without its password. */
const char *db_label(const struct db *db);
const char *db_verb(const struct db *db);

#endif
