/* SPDX-License-Identifier: MIT
 * zero: reads give zeros without end, writes take everything and keep nothing.
 * Invariant: no state at all; every handle is number 0. A short read moves nothing: the words of a
 * request are zero on arrival. Called through its table only. */
#include "servers/service.h"

#define ZERO_MODE  0020666u
#define ZERO_PIECE 4096u

static const unsigned char zeros[ZERO_PIECE];

static long zero_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)req, (void)path;
    return length ? -T_ENOENT : 0;
}

static long zero_dup(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)path;
    return length ? -T_EOPNOTSUPP : (long)req->handle;
}

static __attribute__((noinline)) long zero_long(struct svc *self, struct svc_req *req)
{
    for (uint64_t at = 0; at < req->count; at += ZERO_PIECE) {
        uint64_t left = req->count - at;
        long error = self->host->put(req, at, zeros, left < ZERO_PIECE ? left : ZERO_PIECE);
        if (error < 0)
            return error;
    }
    return (long)req->count;
}

static long zero_read(struct svc *self, struct svc_req *req)
{
    return req->shorts ? (long)req->count : zero_long(self, req);
}

static long zero_write(struct svc *self, struct svc_req *req)
{
    (void)self;
    return (long)req->count;
}

static long zero_fcall(struct svc *self, struct svc_req *req)
{
    (void)self;
    if (req->count == FCALL_STAT) {
        req->words[0] = 0;
        req->words[1] = ZERO_MODE;
    } else if (req->count == FCALL_TRUNCATE) {
        return -T_EINVAL;
    } else if (req->count != FCALL_SYNC) {
        return -T_EOPNOTSUPP;
    }
    return 0;
}

static long zero_save(struct svc *self, uint64_t *cursor, void *to, uint64_t size)
{
    (void)self, (void)cursor, (void)to, (void)size;
    return 0;
}

static long zero_load(struct svc *self, const void *from, uint64_t bytes)
{
    (void)self, (void)from, (void)bytes;
    return -T_EINVAL;
}

extern const struct service_ops service_zero;
const struct service_ops service_zero = {
    .name = "zero",
    .flags = SVC_PROMPT,
    .open = zero_open,
    .dup = zero_dup,
    .read = zero_read,
    .write = zero_write,
    .fcall = zero_fcall,
    .save = zero_save,
    .load = zero_load,
};
