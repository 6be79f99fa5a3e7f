/* SPDX-License-Identifier: MIT
 * null: reads give the end of the file, writes take everything and keep nothing.
 * Invariant: no state at all; every handle is number 0. Called through its table only, by the
 * kernel where it is linked and by the server host. */
#include "servers/service.h"

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

extern const struct service_ops service_null;
const struct service_ops service_null = {
    .name = "null",
    .flags = SVC_PROMPT,
    .open = null_open,
    .dup = null_dup,
    .read = null_read,
    .write = null_write,
};
