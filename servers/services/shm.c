/* SPDX-License-Identifier: MIT
 * shm: shared memory by name. The service only names memory objects, which are the kernel's: what
 * is mapped stays whatever becomes of the service. open with O_CREAT makes an object without a
 * size; FCALL_TRUNCATE or the first fmap gives it one, for good; all mappers see the same frames.
 * unlink takes the name away; the object goes with its last open file, and a mapping keeps its file
 * open. At most SHM_OBJECTS of at most SHM_BYTES each, names of 1 to SHM_NAME_MAX bytes.
 * Invariant: a place without users has no name and no memory. Called through its table only. */
#include "servers/service.h"

#define SHM_OBJECTS  64u
#define SHM_NAME_MAX 31u
#define SHM_BYTES    (64ull << 20)
#define SHM_PAGE     4096ull
#define SHM_MODE     0100666u

struct shm_object {
    char name[SHM_NAME_MAX + 1]; /* empty: unlinked, or a free place */
    uint32_t users;              /* open files; 0: a free place */
    uint32_t zero;
    long memory;    /* -1 until it has a size */
    uint64_t bytes; /* whole pages */
};

struct shm_state {
    struct shm_object object[SHM_OBJECTS];
};

_Static_assert(sizeof(struct shm_state) <= 4096, "one allocation");

struct shm_name {
    const char *text;
    uint64_t length;
};

static struct shm_object *shm_place(struct svc *self, uint64_t number)
{
    struct shm_state *state = self->state;
    return number < SHM_OBJECTS && state->object[number].users ? &state->object[number] : 0;
}

static int shm_same(const struct shm_object *o, struct shm_name name)
{
    for (uint64_t i = 0; i < name.length; i++)
        if (o->name[i] != name.text[i])
            return 0;
    return o->name[name.length] == 0;
}

/* The number of that name, or SHM_OBJECTS. */
static uint64_t shm_find(const struct shm_state *state, struct shm_name name)
{
    uint64_t i = 0;
    while (i < SHM_OBJECTS && !(state->object[i].users && shm_same(&state->object[i], name)))
        i++;
    return i;
}

static long shm_name(struct shm_name *name)
{
    uint64_t skip = name->length && name->text[0] == '/';
    name->text += skip;
    name->length -= skip;
    if (!name->length)
        return -T_EINVAL;
    if (name->length > SHM_NAME_MAX)
        return -T_ENAMETOOLONG;
    for (uint64_t i = 0; i < name->length; i++)
        if (!name->text[i])
            return -T_EINVAL;
    return 0;
}

static long shm_create(struct shm_state *state, struct shm_name name)
{
    uint64_t i = 0;
    while (i < SHM_OBJECTS && state->object[i].users)
        i++;
    if (i == SHM_OBJECTS)
        return -T_ENOSPC;
    struct shm_object *o = &state->object[i];
    for (uint64_t at = 0; at < name.length; at++)
        o->name[at] = name.text[at];
    o->name[name.length] = 0;
    o->users = 1;
    o->memory = -1;
    o->bytes = 0;
    return (long)i;
}

static long shm_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    struct shm_state *state = self->state;
    struct shm_name name = {path, length};
    long error = shm_name(&name);
    if (error < 0)
        return error;
    uint64_t number = shm_find(state, name);
    if (number == SHM_OBJECTS)
        return req->words[0] & O_CREAT ? shm_create(state, name) : -T_ENOENT;
    if ((req->words[0] & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -T_EEXIST;
    state->object[number].users++;
    return (long)number;
}

static void shm_drop(struct svc *self, struct shm_object *o)
{
    if (o->memory >= 0)
        self->host->memory_free(self, o->memory);
    o->name[0] = 0;
    o->memory = -1;
    o->bytes = 0;
}

static long shm_close(struct svc *self, struct svc_req *req)
{
    struct shm_object *o = shm_place(self, req->handle);
    if (!o)
        return -T_EBADF;
    if (--o->users == 0)
        shm_drop(self, o);
    return 0;
}

static long shm_unlink(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    struct shm_state *state = self->state;
    struct shm_name name = {path, length};
    (void)req;
    long error = shm_name(&name);
    if (error < 0)
        return error;
    uint64_t number = shm_find(state, name);
    if (number == SHM_OBJECTS)
        return -T_ENOENT;
    state->object[number].name[0] = 0;
    return 0;
}

/* Once: later it is this size or ERANGE. */
static long shm_size(struct svc *self, struct shm_object *o, uint64_t bytes)
{
    if (bytes == 0 || bytes > SHM_BYTES)
        return bytes ? -T_EFBIG : -T_EINVAL;
    bytes = (bytes + SHM_PAGE - 1) & ~(SHM_PAGE - 1);
    if (o->memory >= 0)
        return bytes == o->bytes ? 0 : -T_ERANGE;
    long memory = self->host->memory(self, bytes);
    if (memory < 0)
        return memory;
    o->memory = memory;
    o->bytes = bytes;
    return 0;
}

static long shm_fcall(struct svc *self, struct svc_req *req)
{
    struct shm_object *o = shm_place(self, req->handle);
    if (!o)
        return -T_EBADF;
    if (req->count == FCALL_STAT) {
        req->words[0] = o->bytes;
        req->words[1] = SHM_MODE;
        return 0;
    }
    return req->count == FCALL_TRUNCATE ? shm_size(self, o, req->words[1]) : -T_EOPNOTSUPP;
}

static long shm_fmap(struct svc *self, struct svc_req *req)
{
    struct shm_object *o = shm_place(self, req->handle);
    if (!o)
        return -T_EBADF;
    if (req->count > SHM_BYTES || req->offset > SHM_BYTES)
        return -T_EFBIG;
    long error = o->memory < 0 ? shm_size(self, o, req->offset + req->count) : 0;
    if (error < 0)
        return error;
    if (req->offset > o->bytes || req->count > o->bytes - req->offset)
        return -T_ERANGE;
    req->words[0] = req->offset;
    return o->memory;
}

static long shm_start(struct svc *self)
{
    self->state = self->host->alloc(self, sizeof(struct shm_state));
    return self->state ? 0 : -T_ENOMEM;
}

static void shm_stop(struct svc *self)
{
    struct shm_state *state = self->state;
    for (uint64_t i = 0; i < SHM_OBJECTS; i++)
        if (state->object[i].users)
            shm_drop(self, &state->object[i]);
    self->host->free(self, state, sizeof(*state));
    self->state = 0;
}

extern const struct service_ops service_shm;
const struct service_ops service_shm = {
    .name = "shm",
    .start = shm_start,
    .stop = shm_stop,
    .open = shm_open,
    .close = shm_close,
    .fcall = shm_fcall,
    .fmap = shm_fmap,
    .unlink = shm_unlink,
};
