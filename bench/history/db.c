/* SPDX-License-Identifier: MIT
 * What both kinds of store share: opening, errors, transactions with their repetition; see
 * bench/history/db.h. */
#include "bench/history/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/exits.h"
#include "bench/history/backend.h"
#include "bench/history/print.h"
#include "traces/say.h"

#define TRIES_MAX    5u
#define TRY_PAUSE_NS 20000000L

int db_fail(struct db *db, int status, const char *text)
{
    snprintf(db->error, sizeof(db->error), "%.*s", (int)strcspn(text, "\n"), text);
    return status;
}

/* Says the error that a backend left, once; a store that is in use by others is worth a retry. */
static int failure_say(struct db *db, int status)
{
    if (status && db->error[0] && !db->busy) {
        char escaped[2 * sizeof(db->error)];
        say_copy(db->error, escaped, sizeof(escaped));
        say_error(status, db->verb, db->label, "%s", escaped);
        db->error[0] = 0;
    }
    return status;
}

static bool is_url(const char *where)
{
    return !strncmp(where, "postgresql://", 13) || !strncmp(where, "postgres://", 11);
}

int db_open(const char *verb, const char *where, enum db_mode mode, struct db **out)
{
    struct db *db = calloc(1, sizeof(*db));

    *out = NULL;
    if (!db)
        return TACH_INTERNAL;
    db->verb = verb;
    db->backend = is_url(where) ? &db_postgres : &db_sqlite;
    snprintf(db->label, sizeof(db->label), "%s", is_url(where) ? "postgresql" : where);
    int status = failure_say(db, db->backend->open(db, where, mode));
    if (!status)
        status = schema_check(db, mode);
    if (status) {
        db_close(db);
        return status;
    }
    *out = db;
    return TACH_OK;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db->backend->close(db);
    free(db->sql);
    free(db);
}

int db_run(struct db *db, const struct db_query *query)
{
    db->busy = false;
    db->error[0] = 0;
    return failure_say(db, db->backend->run(db, query));
}

int db_do(struct db *db, const char *sql)
{
    const struct db_query query = {.sql = sql};

    return db_run(db, &query);
}

static int number_take(void *context, const struct db_row *row)
{
    *(int64_t *)context = db_int(row, 0);
    return TACH_OK;
}

int db_number(struct db *db, const char *sql, int64_t *out)
{
    const struct db_query query = {.sql = sql, .each = number_take, .context = out};

    *out = 0;
    return db_run(db, &query);
}

static int transaction_try(struct db *db, int (*body)(struct db *db, void *context), void *context)
{
    db->busy = false;
    int status = failure_say(db, db->backend->script(db, db->backend->begin));
    if (status)
        return status;
    status = body(db, context);
    if (!status)
        status = db_do(db, "COMMIT");
    if (status) {
        const struct db_query back = {.sql = "ROLLBACK"};
        char error[sizeof(db->error)];
        const bool busy = db->busy;
        memcpy(error, db->error, sizeof(error));
        (void)db->backend->run(db, &back); /* a lost connection has rolled back by itself */
        memcpy(db->error, error, sizeof(error));
        db->busy = busy;
    }
    return status;
}

int db_transaction(struct db *db, int (*body)(struct db *db, void *context), void *context)
{
    int status = TACH_OK;

    for (unsigned attempt = 1; attempt <= TRIES_MAX; attempt++) {
        status = transaction_try(db, body, context);
        if (!status || !db->busy)
            return status;
        nanosleep(&(struct timespec){.tv_nsec = TRY_PAUSE_NS * (long)attempt}, NULL);
    }
    db->busy = false;
    return failure_say(db, status);
}

int db_vacuum(struct db *db)
{
    return db_do(db, "VACUUM");
}

int db_examine(struct db *db, int (*fault)(void *context, const char *text), void *context)
{
    db->error[0] = 0;
    return failure_say(db, db->backend->examine(db, fault, context));
}

bool db_is_null(const struct db_row *row, int column)
{
    return row->db->backend->is_null(row, column);
}

int64_t db_int(const struct db_row *row, int column)
{
    return row->db->backend->get_int(row, column);
}

double db_real(const struct db_row *row, int column)
{
    return row->db->backend->get_real(row, column);
}

const char *db_text(const struct db_row *row, int column)
{
    return row->db->backend->get_text(row, column);
}

const char *db_label(const struct db *db)
{
    return db->label;
}

const char *db_verb(const struct db *db)
{
    return db->verb;
}
