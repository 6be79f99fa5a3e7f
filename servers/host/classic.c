/* SPDX-License-Identifier: MIT
 * See classic.h. As many records as are there are taken at once, and their answers leave together.
 * Invariant: an answer that the kernel refuses (its caller is gone) is left out and the rest goes
 * on; a handle that nobody got is closed. */
#include "servers/host/classic.h"

#include "servers/host/dispatch.h"
#include "servers/host/request.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define RECORDS     16u
#define LEVEL_OTHER 0xFF00u /* records other than open, dup and unlink do not say who asks */

static const struct route routes[] = {
    {"t2", 0, false, 0},
    {"t0", O_CLASSIC | O_MAPPED, false, 1},
    {"t0c", O_CLASSIC, false, 0},
    {"t1", O_CLASSIC, true, 0},
    {"t1h", O_CLASSIC | O_HANDOFF, true, 0},
};

static struct msg records[RECORDS];
/* Answers of 16 or 56 bytes, one behind the other, and what each one answers. */
static unsigned char answers[RECORDS * (sizeof(struct answer) + ANSWER_WORDS * 8)];
static uint64_t answers_used;
static struct {
    uint32_t at;
    uint8_t op;
} answered[RECORDS];
static unsigned answered_count;

const struct route *route_find(const char *name)
{
    for (unsigned i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (!strcmp(routes[i].name, name))
            return &routes[i];
    return 0;
}

/* One answer at `to`: its bytes. */
static uint64_t answer_make(const struct svc_req *req, long result, unsigned char *to)
{
    bool words = req->op == OP_fcall || req->op == OP_fmap || (req->op == OP_read && req->shorts);
    struct answer a = {.caller = req->caller, .result = result};

    if (result < 0 || !words) {
        memcpy(to, &a, sizeof(a));
        return sizeof(a);
    }
    a.result |= ANSWER_INLINE;
    memcpy(to, &a, sizeof(a));
    memcpy(to + sizeof(a), req->words, ANSWER_WORDS * 8);
    return sizeof(a) + ANSWER_WORDS * 8;
}

static void record_serve(struct svc *self, const struct msg *m)
{
    struct request request;
    unsigned op = TAG_OP(m->tag);
    bool path = op == OP_open || op == OP_dup || op == OP_unlink;

    if (op == OP_cancel) {
        if (self->ops->cancel)
            self->ops->cancel(self, m->w[0]);
        return;
    }
    request_take(&request, m, path ? m->w[3] : LEVEL_OTHER, 0);
    long result = request.error;
    if (!result)
        result = svc_dispatch(self, &request.req, op, request.path, request.length);
    if (result == SVC_PENDING || !m->caller)
        return;
    answered[answered_count].at = (uint32_t)answers_used;
    answered[answered_count++].op = (uint8_t)op;
    answers_used += answer_make(&request.req, result, answers + answers_used);
}

static void records_serve(struct svc *self, long bytes)
{
    answers_used = answered_count = 0;
    for (unsigned i = 0; i < (unsigned)bytes / sizeof(records[0]); i++)
        record_serve(self, &records[i]);
}

/* The answer that begins at byte `at` was refused: where the next one begins. */
static uint64_t answer_skip(struct svc *self, uint64_t at)
{
    struct answer a;
    unsigned i = 0;

    memcpy(&a, answers + at, sizeof(a));
    while (i < answered_count && answered[i].at != at)
        i++;
    bool words = a.result >= 0 && a.result & ANSWER_INLINE;
    if (i < answered_count)
        request_unwanted(self, answered[i].op, a.result);
    return at + sizeof(a) + (words ? ANSWER_WORDS * 8 : 0);
}

/* Read, serve, write. */
static long round_plain(struct svc *self, int root)
{
    long bytes = file_read(root, records, sizeof(records));

    if (bytes <= 0)
        return bytes ? bytes : -T_ENODEV;
    records_serve(self, bytes);
    for (uint64_t at = 0; at < answers_used;) {
        long taken = file_write(root, answers + at, answers_used - at);
        if (taken == -T_ENODEV || taken == -T_EPERM)
            return taken;
        at = taken > 0 ? at + (uint64_t)taken : answer_skip(self, at);
    }
    return 0;
}

/* The answers of the last round and the records of this one in one call. */
static long round_next(struct svc *self, int root)
{
    for (uint64_t at = 0;;) {
        uint64_t words[5] = {(uint64_t)(answers + at), answers_used - at, (uint64_t)records,
                             sizeof(records)};
        long bytes = file_call(root, FCALL_NEXT, words);
        if (words[0] < answers_used - at) {
            at = answer_skip(self, at + words[0]);
            continue;
        }
        if (bytes > 0)
            records_serve(self, bytes);
        else
            answers_used = 0;
        return bytes > 0 ? 0 : bytes ? bytes : -T_ENODEV;
    }
}

void classic_serve(struct svc *self, int root, const struct route *route)
{
    uint64_t words[5] = {route->map_from};
    long error = route->map_from ? file_call(root, FCALL_MAP_FROM, words) : 0;

    while (error >= 0 || error == -T_EINTR)
        error = route->next ? round_next(self, root) : round_plain(self, root);
    print("svc-%s: cannot read requests: %s\n", self->ops->name, error_text(error));
    sys_exit(1);
}

long classic_complete(int root, const struct svc_req *req, long result)
{
    unsigned char one[sizeof(struct answer) + ANSWER_WORDS * 8];
    long taken = file_write(root, one, answer_make(req, result, one));

    return taken < 0 ? taken : 0;
}
