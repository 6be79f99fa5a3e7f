/* SPDX-License-Identifier: MIT
 * One request to one service: which op it is, and what an op that the service lacks answers. Used
 * by both placements, so that no caller can tell them apart by an answer.
 * What a host fills in, by op: open and dup: words[0] the flags; read: count, offset, words zero;
 * write: count, offset, short data in words; fcall: count the kind, words[1..4] the arguments, and
 * words[0..4] come back as results.
 * Invariant: a result is never above what was asked for. */
#ifndef TACH_SERVERS_HOST_DISPATCH_H
#define TACH_SERVERS_HOST_DISPATCH_H

#include "servers/service.h"

/* A transfer's result as the client may see it: a service's miscount must not pass for data. */
static inline long svc_moved(const struct svc_req *req, long result)
{
    return result > 0 && (uint64_t)result > req->count ? -T_EIO : result;
}

static inline long svc_dispatch_read(struct svc *self, struct svc_req *req)
{
    if (!self->ops->read)
        return -T_EBADF;
    if (req->shorts && req->count > FILE_INLINE_MAX)
        req->count = FILE_INLINE_MAX;
    return svc_moved(req, self->ops->read(self, req));
}

static inline long svc_dispatch_write(struct svc *self, struct svc_req *req)
{
    if (!self->ops->write)
        return -T_EBADF;
    if (req->shorts && req->count > FILE_INLINE_MAX)
        return -T_EINVAL;
    return svc_moved(req, self->ops->write(self, req));
}

/* Runs the op OP_* of the request; path[length] for open, dup and unlink, without a NUL, else 0, 0.
 * The op's result, a negated error, or SVC_PENDING. Does not block. */
static inline long svc_dispatch(struct svc *self, struct svc_req *req, unsigned op,
                                const char *path, uint64_t length)
{
    const struct service_ops *ops = self->ops;
    switch (op) {
    case OP_open:
        return ops->open ? ops->open(self, req, path, length) : -T_ENOENT;
    case OP_close:
        return ops->close ? ops->close(self, req) : 0;
    case OP_dup:
        return ops->dup ? ops->dup(self, req, path, length) : -T_EOPNOTSUPP;
    case OP_read:
        return svc_dispatch_read(self, req);
    case OP_write:
        return svc_dispatch_write(self, req);
    case OP_fcall:
        return ops->fcall ? ops->fcall(self, req) : -T_EOPNOTSUPP;
    case OP_unlink:
        return ops->unlink ? ops->unlink(self, req, path, length) : -T_EACCES;
    case OP_fmap:
        return ops->fmap ? ops->fmap(self, req) : -T_EOPNOTSUPP;
    case OP_fevent:
        return ops->fevent ? ops->fevent(self, req) : -T_EOPNOTSUPP;
    default:
        return -T_EOPNOTSUPP;
    }
}

#endif
