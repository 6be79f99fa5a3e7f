/* SPDX-License-Identifier: MIT
 * null: reads give the end of the file, writes take everything and keep nothing.
 * Invariant: no state at all; every handle is number 0. Called through its table only, by the
 * kernel where it is linked and by the server host. */
#include "servers/service.h"

#define NULL_MODE 0020666u

static long null_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)req, (void)path;
    return length ? -T_ENOENT : 0;
}

static long null_dup(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)path;
    return length ? -T_EOPNOTSUPP : (long)req->handle;
}

static long null_read(struct svc *self, struct svc_req *req)
{
    (void)self, (void)req;
    return 0;
}

static long null_write(struct svc *self, struct svc_req *req)
{
    (void)self;
    return (long)req->count;
}

static long null_fcall(struct svc *self, struct svc_req *req)
{
    (void)self;
    if (req->count == FCALL_STAT) {
        req->words[0] = 0;
        req->words[1] = NULL_MODE;
    } else if (req->count == FCALL_TRUNCATE) {
        return -T_EINVAL;
    } else if (req->count != FCALL_SYNC) {
        return -T_EOPNOTSUPP;
    }
    return 0;
}

static long null_save(struct svc *self, uint64_t *cursor, void *to, uint64_t size)
{
    (void)self, (void)cursor, (void)to, (void)size;
    return 0;
}

static long null_load(struct svc *self, const void *from, uint64_t bytes)
{
    (void)self, (void)from, (void)bytes;
    return -T_EINVAL;
}

extern const struct service_ops service_null;
const struct service_ops service_null = {
    .name = "null",
    .flags = SVC_PROMPT,
    .open = null_open,
    .dup = null_dup,
    .read = null_read,
    .write = null_write,
    .fcall = null_fcall,
    .save = null_save,
    .load = null_load,
};
