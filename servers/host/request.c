/* SPDX-License-Identifier: MIT
 * Message to request and result to message, see request.h.
 * Invariant: an answer's inline length covers exactly the words that mean something, so nothing of
 * the server's memory travels by accident. */
#include "servers/host/request.h"

static void path_take(struct request *out, const struct msg *m)
{
    if (TAG_LENGTH(m->tag) != MSG_LENGTH_BUFFER || m->w[5] == 0)
        return;
    if (TAG_FLAGS(m->tag) & MSG_TRUNC || !m->w[4]) {
        out->error = -T_ENAMETOOLONG;
        return;
    }
    out->path = (const char *)m->w[4];
    out->length = m->w[5];
}

static void read_take(struct request *out, const struct msg *m, void *stage)
{
    for (unsigned i = 0; i < 5; i++)
        out->req.words[i] = 0;
    out->req.count = m->w[1];
    out->req.shorts = TAG_LENGTH(m->tag) != MSG_LENGTH_BUFFER;
    out->req.buffer = (uint64_t)stage;
    out->req.flags |= SVC_REQ_FLEETING;
    out->req.buffer_size = 0;
    if (out->req.shorts || !m->w[4])
        return;
    out->req.buffer = m->w[4];
    out->req.buffer_size = m->w[5];
    out->req.flags |= REQUEST_MAPPED;
    if (out->req.count > m->w[5])
        out->req.count = m->w[5];
}

/* A long write counts what the kernel has, not what the client says; buffer 0: pull it. */
static void write_take(struct request *out, const struct msg *m)
{
    uint16_t length = TAG_LENGTH(m->tag);
    out->req.shorts = length != MSG_LENGTH_BUFFER;
    out->req.count = length > 8 ? length - 8u : 0;
    if (out->req.shorts)
        return;
    out->req.count = m->w[5];
    out->req.buffer = TAG_FLAGS(m->tag) & MSG_TRUNC ? 0 : m->w[4];
    out->req.flags |= SVC_REQ_FLEETING;
    out->req.buffer_size = m->w[5];
}

void request_take(struct request *out, const struct msg *m, uint64_t status, void *stage)
{
    out->op = TAG_OP(m->tag);
    out->path = 0;
    out->length = 0;
    out->error = 0;
    out->req.handle = m->w[0];
    out->req.count = m->w[1];
    out->req.offset = TAG_HEADER(m->tag);
    for (unsigned i = 0; i < 5; i++)
        out->req.words[i] = m->w[1 + i];
    out->req.caller = m->caller;
    out->req.who = (uint32_t)status & ~0xFFu;
    out->req.op = (uint8_t)out->op;
    out->req.flags = TAG_FLAGS(m->tag) & MSG_NONBLOCK ? SVC_REQ_NONBLOCK : 0;
    out->req.zero = 0;
    out->req.shorts = 1;
    out->req.buffer = 0;
    out->req.buffer_size = 0;
    if (out->op == OP_fcall && TAG_LENGTH(m->tag) == MSG_LENGTH_BUFFER) {
        out->req.shorts = 0; /* an answer for memory: gathered like that of a read */
        out->req.buffer = (uint64_t)stage;
    }
    if (out->op == OP_open || out->op == OP_dup || out->op == OP_unlink)
        path_take(out, m);
    else if (out->op == OP_read)
        read_take(out, m, stage);
    else if (out->op == OP_write)
        write_take(out, m);
    else if (out->op == OP_fmap)
        out->req.words[0] = m->w[2];
}

void request_answer(const struct request *request, long result, struct msg *m)
{
    const struct svc_req *req = &request->req;
    m->w[0] = (uint64_t)result;
    for (unsigned i = 0; i < 5; i++)
        m->w[1 + i] = 0;
    m->tag = TAG(request->op, 0, 8, 0);
    if (result < 0)
        return;
    if (request->op == OP_fcall && !req->shorts && req->buffer && req->buffer_size) {
        m->tag = TAG(OP_fcall, MSG_OUT, MSG_LENGTH_BUFFER, 0);
        m->w[4] = req->buffer;
        m->w[5] = req->buffer_size;
    } else if (request->op == OP_fcall || (request->op == OP_read && req->shorts)) {
        m->tag = TAG(request->op, 0, request->op == OP_fcall ? MSG_INLINE_MAX : 8 + result, 0);
        for (unsigned i = 0; i < 5; i++)
            m->w[1 + i] = req->words[i];
    } else if (request->op == OP_fmap) {
        m->tag = TAG(OP_fmap, 0, 16, 0);
        m->w[1] = req->words[0];
    } else if (request->op == OP_read && req->buffer && result > 0 &&
               !(req->flags & REQUEST_MAPPED)) {
        m->tag = TAG(OP_read, MSG_OUT, MSG_LENGTH_BUFFER, 0);
        m->w[4] = req->buffer;
        m->w[5] = (uint64_t)result;
    }
}

void request_unwanted(struct svc *self, unsigned op, long result)
{
    struct svc_req req = {.handle = (uint64_t)result, .op = OP_close};
    if ((op == OP_open || op == OP_dup) && result >= 0 && self->ops->close)
        self->ops->close(self, &req);
}
