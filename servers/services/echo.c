/* SPDX-License-Identifier: MIT
 * echo: a read returns what was last written to the same handle, again and again.
 * At most ECHO_BYTES are kept: a longer write is cut and its result says so. At most ECHO_HANDLES
 * are open at once; a duplicate shares its original's number and text.
 * Invariant: a buffer exists exactly while its use count is above 0. Called through its table. */
#include "servers/service.h"

#define ECHO_HANDLES 64u
#define ECHO_BYTES   4096u
#define ECHO_MODE    0020666u

struct echo_handle {
    unsigned char *buffer;
    uint32_t bytes, uses;
};

struct echo_state {
    struct echo_handle handle[ECHO_HANDLES];
};

static struct echo_handle *echo_find(struct svc *self, uint64_t number)
{
    struct echo_state *state = self->state;
    if (number >= ECHO_HANDLES || !state->handle[number].uses)
        return 0;
    return &state->handle[number];
}

static long echo_start(struct svc *self)
{
    self->state = self->host->alloc(self, sizeof(struct echo_state));
    return self->state ? 0 : -T_ENOMEM;
}

static void echo_stop(struct svc *self)
{
    struct echo_state *state = self->state;
    for (uint64_t i = 0; i < ECHO_HANDLES; i++)
        if (state->handle[i].uses)
            self->host->free(self, state->handle[i].buffer, ECHO_BYTES);
    self->host->free(self, state, sizeof(*state));
    self->state = 0;
}

static long echo_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    struct echo_state *state = self->state;
    uint64_t i = 0;
    (void)req, (void)path;
    if (length)
        return -T_ENOENT;
    while (i < ECHO_HANDLES && state->handle[i].uses)
        i++;
    if (i == ECHO_HANDLES)
        return -T_EMFILE;
    unsigned char *buffer = self->host->alloc(self, ECHO_BYTES);
    if (!buffer)
        return -T_ENOMEM;
    state->handle[i].buffer = buffer;
    state->handle[i].bytes = 0;
    state->handle[i].uses = 1;
    return (long)i;
}

static long echo_close(struct svc *self, struct svc_req *req)
{
    struct echo_handle *h = echo_find(self, req->handle);
    if (!h)
        return -T_EBADF;
    if (--h->uses == 0) {
        self->host->free(self, h->buffer, ECHO_BYTES);
        h->buffer = 0;
    }
    return 0;
}

static long echo_dup(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    struct echo_handle *h = echo_find(self, req->handle);
    (void)path;
    if (!h)
        return -T_EBADF;
    if (length)
        return -T_EOPNOTSUPP;
    h->uses++;
    return (long)req->handle;
}

static long echo_read(struct svc *self, struct svc_req *req)
{
    struct echo_handle *h = echo_find(self, req->handle);
    if (!h)
        return -T_EBADF;
    uint64_t n = req->count < h->bytes ? req->count : h->bytes;
    long error = svc_put(self, req, h->buffer, n);
    return error < 0 ? error : (long)n;
}

static long echo_write(struct svc *self, struct svc_req *req)
{
    struct echo_handle *h = echo_find(self, req->handle);
    if (!h)
        return -T_EBADF;
    uint64_t n = req->count < ECHO_BYTES ? req->count : ECHO_BYTES;
    h->bytes = 0; /* a copy that fails half-way leaves nothing to read */
    long error = svc_get(self, req, h->buffer, n);
    if (error < 0)
        return error;
    h->bytes = (uint32_t)n;
    return (long)n;
}

/* A text is cut by truncate, never made longer. */
static long echo_fcall(struct svc *self, struct svc_req *req)
{
    struct echo_handle *h = echo_find(self, req->handle);
    if (!h)
        return -T_EBADF;
    if (req->count == FCALL_STAT) {
        req->words[0] = h->bytes;
        req->words[1] = ECHO_MODE;
    } else if (req->count == FCALL_TRUNCATE) {
        if (req->words[1] > h->bytes)
            return -T_EINVAL;
        h->bytes = (uint32_t)req->words[1];
    } else if (req->count != FCALL_SYNC) {
        return -T_EOPNOTSUPP;
    }
    return 0;
}

/* A handle's state travels as one or two of these: its text in halves. */
#define ECHO_HALF (ECHO_BYTES / 2)
struct echo_piece {
    uint32_t index, uses, bytes, at; /* handle, its users, its text's bytes; which half */
    unsigned char text[ECHO_HALF];
};

static uint32_t echo_part(uint32_t bytes, uint32_t at)
{
    return bytes - at < ECHO_HALF ? bytes - at : ECHO_HALF;
}

static long echo_save(struct svc *self, uint64_t *cursor, void *to, uint64_t size)
{
    struct echo_state *state = self->state;
    struct echo_piece *piece = to;
    for (uint64_t c = *cursor; c < 2 * ECHO_HANDLES; c++) {
        const struct echo_handle *h = &state->handle[c / 2];
        uint32_t at = c % 2 ? ECHO_HALF : 0;
        if (!h->uses || (at && h->bytes <= at))
            continue;
        uint32_t n = echo_part(h->bytes, at);
        if (size < sizeof(*piece))
            return -T_EINVAL;
        piece->index = (uint32_t)(c / 2);
        piece->uses = h->uses;
        piece->bytes = h->bytes;
        piece->at = at;
        for (uint32_t i = 0; i < n; i++)
            piece->text[i] = h->buffer[at + i];
        *cursor = c + 1;
        return (long)(offsetof(struct echo_piece, text) + n);
    }
    return 0;
}

static long echo_load(struct svc *self, const void *from, uint64_t bytes)
{
    struct echo_state *state = self->state;
    const struct echo_piece *piece = from;
    if (bytes < offsetof(struct echo_piece, text) || piece->index >= ECHO_HANDLES ||
        piece->bytes > ECHO_BYTES || !piece->uses || piece->at % ECHO_HALF ||
        piece->at > piece->bytes ||
        bytes - offsetof(struct echo_piece, text) != echo_part(piece->bytes, piece->at))
        return -T_EINVAL;
    struct echo_handle *h = &state->handle[piece->index];
    if (!h->uses)
        h->buffer = self->host->alloc(self, ECHO_BYTES);
    if (!h->buffer)
        return -T_ENOMEM;
    h->uses = piece->uses;
    h->bytes = piece->bytes;
    for (uint32_t i = 0; i < echo_part(piece->bytes, piece->at); i++)
        h->buffer[piece->at + i] = piece->text[i];
    return 0;
}

extern const struct service_ops service_echo;
const struct service_ops service_echo = {
    .name = "echo",
    .flags = SVC_PROMPT,
    .start = echo_start,
    .stop = echo_stop,
    .open = echo_open,
    .close = echo_close,
    .dup = echo_dup,
    .read = echo_read,
    .write = echo_write,
    .fcall = echo_fcall,
    .save = echo_save,
    .load = echo_load,
};
