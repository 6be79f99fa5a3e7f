/* SPDX-License-Identifier: MIT
 * chan: byte streams between two ends. open "NAME" with O_CREAT makes a listener, without it
 * connects to one; dup "listen" of a listener takes the oldest connection that nobody has taken,
 * dup "connect" connects to it, also where it has no name. At most CHAN_PORTS ends and listeners,
 * 64 KiB a direction, CHAN_BACKLOG connections that wait for a listener. Invariant: a read waits
 * only while its ring is empty and its peer there, a write only while the peer's ring takes
 * nothing. Memory is bounded: who waits beyond CHAN_WAITERS makes the oldest try again. Called
 * through its table only. */
#include "servers/ring.h"
#include "servers/service.h"
#include "servers/waiting.h"

#define CHAN_PORTS   256u
#define CHAN_GROUP   8u /* ports in one allocation */
#define CHAN_BACKLOG 16u
#define CHAN_NAME    32u
#define CHAN_NOBODY  CHAN_PORTS
#define CHAN_PIECES  512u  /* of rings, beyond each one's first */
#define CHAN_DATA    4032u /* of a stream in one piece of a saved state */

enum chan_kind { CHAN_FREE, CHAN_END, CHAN_LISTENER };

/* What a move takes along. */
struct chan_port {
    uint32_t kind, peer; /* the other end, or CHAN_NOBODY */
    uint32_t watched, told;
    uint32_t waiting; /* connections in `backlog` */
    uint32_t length;  /* of the name */
    uint16_t backlog[CHAN_BACKLOG];
    char name[CHAN_NAME];
};

struct chan {
    struct chan_port port;
    uint32_t number;
    struct ring in;                       /* what this end reads */
    struct waiting_line readers, writers; /* a listener's readers are those who accept */
};
_Static_assert(sizeof(struct chan) * CHAN_GROUP <= 4096, "one allocation");

struct chan_state {
    struct chan *group[CHAN_PORTS / CHAN_GROUP];
    struct waiting_pool kept;
    uint32_t quota;
    uint32_t offered; /* the end that an acceptor is being given */
};

static struct chan *chan_at(struct svc *self, uint64_t number)
{
    struct chan_state *state = self->state;
    struct chan *group = number < CHAN_PORTS ? state->group[number / CHAN_GROUP] : 0;
    return group ? &group[number % CHAN_GROUP] : 0;
}

/* The port of that number and kind, or 0. */
static struct chan *chan_find(struct svc *self, uint64_t number, unsigned kind)
{
    struct chan *c = chan_at(self, number);
    return c && c->port.kind == kind ? c : 0;
}

/* The port of that number, with memory for it. */
static struct chan *chan_place(struct svc *self, uint32_t number)
{
    struct chan_state *state = self->state;
    struct chan **group = &state->group[number / CHAN_GROUP];
    if (!*group)
        *group = self->host->alloc(self, CHAN_GROUP * sizeof(struct chan));
    return chan_at(self, number);
}

/* A free port becomes one of that kind. EMFILE, ENOMEM. */
static long chan_make(struct svc *self, unsigned kind, struct chan **out)
{
    uint32_t i = 0;
    while (i < CHAN_PORTS && chan_at(self, i) && chan_at(self, i)->port.kind != CHAN_FREE)
        i++;
    if (i == CHAN_PORTS)
        return -T_EMFILE;
    struct chan *c = chan_place(self, i);
    if (!c || (kind == CHAN_END && ring_make(self, &c->in) < 0))
        return -T_ENOMEM;
    c->number = i;
    c->port.kind = kind;
    c->port.peer = CHAN_NOBODY;
    c->port.watched = c->port.told = c->port.waiting = c->port.length = 0;
    *out = c;
    return 0;
}

static uint32_t chan_ready(struct svc *self, const struct chan *c)
{
    if (c->port.kind == CHAN_LISTENER)
        return c->port.waiting ? EVENT_READ : 0;
    const struct chan *peer = chan_at(self, c->port.peer);
    uint32_t mask = c->in.used || !peer ? EVENT_READ : 0;
    if (!peer)
        return mask | EVENT_WRITE | EVENT_HANGUP;
    return mask | (peer->in.used < RING_BYTES ? EVENT_WRITE : 0);
}

static void chan_tell(struct svc *self, struct chan *c)
{
    if (!c || !c->port.watched)
        return;
    uint32_t now = chan_ready(self, c);
    if (now == c->port.told)
        return;
    c->port.told = now;
    self->host->post(self, c->number, now);
}

/* The oldest of the line, or another, is answered. EBADFD: its caller is gone. */
static long chan_complete(struct svc *self, struct waiting_line *line, struct svc_req *req,
                          long result)
{
    struct chan_state *state = self->state;
    waiting_take(line, req);
    long error = self->host->complete(self, req, result);
    waiting_free(&state->kept, req);
    return error;
}

static void chan_flush(struct svc *self, struct waiting_line *line, long result)
{
    while (line->first)
        chan_complete(self, line, line->first, result);
}

static long chan_wait(struct svc *self, struct waiting_line *line, const struct svc_req *req)
{
    struct chan_state *state = self->state;
    if (req->flags & SVC_REQ_NONBLOCK)
        return -T_EAGAIN;
    if (line->count == WAITING_MOST) /* a server is not told of those whose callers are gone */
        chan_complete(self, line, line->first, -T_EAGAIN);
    return waiting_add(self, &state->kept, line, req) ? SVC_PENDING : -T_ENOMEM;
}

/* ---- streams -------------------------------------------------------------------------------- */

/* Those who wait to read at this end get what there is, or its end. */
static void chan_readers(struct svc *self, struct chan *c)
{
    while (c->readers.first && (c->in.used || c->port.peer == CHAN_NOBODY)) {
        struct svc_req *req = c->readers.first;
        uint32_t n = ring_ready(&c->in, req->count);
        long error = ring_peek(self, req, &c->in, n);
        error = chan_complete(self, &c->readers, req, error < 0 ? error : (long)n) | error;
        if (error >= 0)
            ring_drop(&c->in, n);
    }
}

/* Those who wait to write to this end put what fits. Bytes of a caller that is gone are taken back.
 */
static void chan_writers(struct svc *self, struct chan *from, struct chan *to)
{
    struct chan_state *state = self->state;
    while (from->writers.first) {
        struct svc_req *req = from->writers.first;
        uint32_t n = ring_room(self, &to->in, req->count, &state->quota);
        if (!n)
            return;
        long error = ring_put(self, req, &to->in, n);
        if (error < 0)
            chan_complete(self, &from->writers, req, error);
        else if (chan_complete(self, &from->writers, req, n) < 0)
            to->in.used -= n;
    }
}

static long chan_read(struct svc *self, struct svc_req *req)
{
    struct chan *c = chan_find(self, req->handle, CHAN_END);
    if (!c)
        return chan_at(self, req->handle) ? -T_EINVAL : -T_EBADF;
    struct chan *peer = chan_at(self, c->port.peer);
    uint32_t n = ring_ready(&c->in, req->count);
    if (!n)
        return req->count && peer ? chan_wait(self, &c->readers, req) : 0;
    long error = ring_peek(self, req, &c->in, n);
    if (error < 0)
        return error;
    ring_drop(&c->in, n);
    if (peer) {
        chan_writers(self, peer, c);
        chan_tell(self, peer);
    }
    chan_tell(self, c);
    return n;
}

static long chan_write(struct svc *self, struct svc_req *req)
{
    struct chan_state *state = self->state;
    struct chan *c = chan_find(self, req->handle, CHAN_END);
    if (!c)
        return chan_at(self, req->handle) ? -T_EINVAL : -T_EBADF;
    struct chan *peer = chan_at(self, c->port.peer);
    if (!peer)
        return -T_EPIPE;
    if (!req->count)
        return 0;
    struct svc_req *reader = peer->readers.first;
    if (!c->writers.first && ring_pass(&peer->in, reader, req) &&
        chan_complete(self, &peer->readers, reader, (long)req->count) >= 0)
        return (long)req->count;
    uint32_t n = c->writers.first ? 0 : ring_room(self, &peer->in, req->count, &state->quota);
    if (!n)
        return chan_wait(self, &c->writers, req);
    long error = ring_put(self, req, &peer->in, n);
    if (error < 0)
        return error;
    chan_readers(self, peer);
    chan_tell(self, peer);
    chan_tell(self, c);
    return n;
}

/* ---- connections ---------------------------------------------------------------------------- */

static void chan_free(struct svc *self, struct chan *c)
{
    struct chan_state *state = self->state;
    chan_flush(self, &c->readers, -T_EBADF);
    chan_flush(self, &c->writers, -T_EBADF);
    ring_end(self, &c->in, &state->quota);
    c->port.kind = CHAN_FREE;
}

static void chan_end_close(struct svc *self, struct chan *c)
{
    struct chan *peer = chan_at(self, c->port.peer);
    c->port.peer = CHAN_NOBODY;
    if (peer) {
        peer->port.peer = CHAN_NOBODY;
        chan_readers(self, peer);
        chan_flush(self, &peer->writers, -T_EPIPE);
        chan_tell(self, peer);
    }
    chan_free(self, c);
}

static long chan_close(struct svc *self, struct svc_req *req)
{
    struct chan_state *state = self->state;
    struct chan *c = chan_at(self, req->handle);
    if (!c || c->port.kind == CHAN_FREE)
        return -T_EBADF;
    if (state->offered == req->handle) {
        state->offered = CHAN_NOBODY;
        return 0;
    }
    if (c->port.kind == CHAN_END) {
        chan_end_close(self, c);
        return 0;
    }
    for (uint32_t i = 0; i < c->port.waiting; i++)
        chan_end_close(self, chan_at(self, c->port.backlog[i]));
    chan_free(self, c);
    return 0;
}

/* The oldest connection that waits at the listener. */
static long chan_take(struct chan *listener)
{
    long number = listener->port.backlog[0];
    listener->port.waiting--;
    for (uint32_t i = 0; i < listener->port.waiting; i++)
        listener->port.backlog[i] = listener->port.backlog[i + 1];
    return number;
}

static long chan_accept(struct svc *self, struct svc_req *req, struct chan *listener)
{
    if (!listener->port.waiting)
        return chan_wait(self, &listener->readers, req);
    long number = chan_take(listener);
    chan_tell(self, listener);
    return number;
}

/* Those who wait at the listener get what waits there. Whom one cannot reach gives it back: the
 * host closes it, see chan_close. */
static void chan_offer(struct svc *self, struct chan *listener)
{
    struct chan_state *state = self->state;
    while (listener->readers.first && listener->port.waiting) {
        state->offered = listener->port.backlog[0];
        chan_complete(self, &listener->readers, listener->readers.first, (long)state->offered);
        if (state->offered != CHAN_NOBODY)
            chan_take(listener);
        state->offered = CHAN_NOBODY;
    }
}

/* A pair of ends; the far one waits at the listener, the near one is the result. */
static long chan_connect(struct svc *self, struct chan *listener)
{
    struct chan *near, *far;
    if (!listener || listener->port.waiting == CHAN_BACKLOG)
        return -T_ECONNREFUSED;
    long error = chan_make(self, CHAN_END, &near);
    if (error < 0)
        return error;
    error = chan_make(self, CHAN_END, &far);
    if (error < 0) {
        chan_free(self, near);
        return error;
    }
    near->port.peer = far->number;
    far->port.peer = near->number;
    listener->port.backlog[listener->port.waiting++] = (uint16_t)far->number;
    chan_offer(self, listener);
    chan_tell(self, listener);
    return (long)near->number;
}

static int chan_same(const char *a, const char *b, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

static struct chan *chan_named(struct svc *self, const char *name, uint64_t length)
{
    for (uint32_t i = 0; i < CHAN_PORTS; i++) {
        struct chan *c = chan_find(self, i, CHAN_LISTENER);
        if (c && c->port.length == length && chan_same(c->port.name, name, length))
            return c;
    }
    return 0;
}

static long chan_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    struct chan *c = 0;
    int create = (req->words[0] & O_CREAT) != 0;
    if (length > CHAN_NAME)
        return -T_ENAMETOOLONG;
    if (!length && !create)
        return -T_EINVAL;
    if (length)
        c = chan_named(self, path, length);
    if (!create)
        return chan_connect(self, c);
    long error = c ? -T_EEXIST : chan_make(self, CHAN_LISTENER, &c);
    if (error < 0)
        return error;
    c->port.length = (uint32_t)length;
    for (uint64_t i = 0; i < length; i++)
        c->port.name[i] = path[i];
    return (long)c->number;
}

static long chan_dup(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    static const char accept[6] = "listen", connect[7] = "connect";
    struct chan *c = chan_find(self, req->handle, CHAN_LISTENER);
    if (!c)
        return chan_at(self, req->handle) ? -T_EINVAL : -T_EBADF;
    if (length == sizeof(accept) && chan_same(path, accept, sizeof(accept)))
        return chan_accept(self, req, c);
    if (length == sizeof(connect) && chan_same(path, connect, sizeof(connect)))
        return chan_connect(self, c);
    return -T_EINVAL;
}

static long chan_fevent(struct svc *self, struct svc_req *req)
{
    struct chan *c = chan_at(self, req->handle);
    if (!c || c->port.kind == CHAN_FREE)
        return -T_EBADF;
    c->port.watched = 1;
    c->port.told = chan_ready(self, c);
    return (long)c->port.told;
}

static void chan_cancel(struct svc *self, uint64_t caller)
{
    for (uint32_t i = 0; i < 2 * CHAN_PORTS; i++) {
        struct chan *c = chan_at(self, i / 2);
        struct waiting_line *line = !c ? 0 : i % 2 ? &c->writers : &c->readers;
        struct svc_req *req = line ? line->first : 0;
        while (req && req->caller != caller)
            req = req->next;
        if (req) {
            chan_complete(self, line, req, -T_ECANCELED);
            return;
        }
    }
}

/* ---- a move --------------------------------------------------------------------------------- */

/* A piece: a port's number, then the port, or bytes of its stream. */
struct chan_piece {
    uint32_t number, bytes; /* bytes 0: the port follows */
};

/* *cursor: a port's number and, below, how much of its stream was said, plus 1. */
static long chan_save(struct svc *self, uint64_t *cursor, void *to, uint64_t size)
{
    struct chan_piece *piece = to;
    unsigned char *data = (unsigned char *)(piece + 1);
    for (; *cursor >> 32 < CHAN_PORTS; *cursor = ((*cursor >> 32) + 1) << 32) {
        struct chan *c = chan_at(self, *cursor >> 32);
        uint32_t said = (uint32_t)*cursor;
        if (size < sizeof(*piece) + CHAN_DATA || !c || c->port.kind == CHAN_FREE)
            continue;
        uint32_t left = said ? c->in.used - (said - 1) : 0;
        uint32_t n = left < CHAN_DATA ? left : CHAN_DATA;
        if (said && !n)
            continue;
        *piece = (struct chan_piece){c->number, n};
        for (uint32_t i = 0; i < n; i++)
            data[i] = *ring_byte(&c->in, said - 1 + i);
        for (uint32_t i = 0; !said && i < sizeof(c->port); i++)
            data[i] = ((const unsigned char *)&c->port)[i];
        *cursor += said ? n : 1;
        return (long)(sizeof(*piece) + (said ? n : sizeof(c->port)));
    }
    return 0;
}

static long chan_load_port(struct svc *self, uint32_t number, const unsigned char *from)
{
    struct chan *c = chan_place(self, number);
    if (!c)
        return -T_ENOMEM;
    for (uint32_t i = 0; i < sizeof(c->port); i++)
        ((unsigned char *)&c->port)[i] = from[i];
    c->number = number;
    return c->port.kind == CHAN_END ? ring_make(self, &c->in) : 0;
}

static long chan_load(struct svc *self, const void *from, uint64_t bytes)
{
    struct chan_state *state = self->state;
    const struct chan_piece *piece = from;
    const unsigned char *data = (const unsigned char *)(piece + 1);
    if (bytes < sizeof(*piece) || piece->number >= CHAN_PORTS ||
        bytes - sizeof(*piece) != (piece->bytes ? piece->bytes : sizeof(struct chan_port)))
        return -T_EINVAL;
    if (!piece->bytes)
        return chan_load_port(self, piece->number, data);
    struct chan *c = chan_find(self, piece->number, CHAN_END);
    if (!c || ring_room(self, &c->in, piece->bytes, &state->quota) < piece->bytes)
        return c ? -T_ENOMEM : -T_EINVAL;
    for (uint32_t i = 0; i < piece->bytes; i++)
        *ring_byte(&c->in, c->in.used++) = data[i];
    return 0;
}

/* ---- the service ---------------------------------------------------------------------------- */

static long chan_start(struct svc *self)
{
    struct chan_state *state = self->host->alloc(self, sizeof(*state));
    self->state = state;
    if (!state)
        return -T_ENOMEM;
    state->quota = CHAN_PIECES;
    state->offered = CHAN_NOBODY;
    return 0;
}

static void chan_stop(struct svc *self)
{
    struct chan_state *state = self->state;
    for (uint32_t i = 0; i < CHAN_PORTS; i++)
        if (chan_at(self, i))
            ring_end(self, &chan_at(self, i)->in, &state->quota);
    for (uint32_t i = 0; i < CHAN_PORTS / CHAN_GROUP; i++)
        if (state->group[i])
            self->host->free(self, state->group[i], CHAN_GROUP * sizeof(struct chan));
    waiting_end(self, &state->kept);
    self->host->free(self, state, sizeof(*state));
    self->state = 0;
}

extern const struct service_ops service_chan;
const struct service_ops service_chan = {.name = "chan",
                                         .start = chan_start,
                                         .stop = chan_stop,
                                         .open = chan_open,
                                         .close = chan_close,
                                         .dup = chan_dup,
                                         .read = chan_read,
                                         .write = chan_write,
                                         .fevent = chan_fevent,
                                         .cancel = chan_cancel,
                                         .save = chan_save,
                                         .load = chan_load};
