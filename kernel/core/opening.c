/* SPDX-License-Identifier: MIT
 * open, unlink, dup: paths, taken from the caller once, and what comes of their answers. The
 * description is made before the service is asked, so success cannot fail later for want of memory;
 * it remembers the path behind the scheme's name in a block of the size that it needs. */
#include "kernel/core/opening.h"

#include "kernel/core/names.h"
#include "kernel/core/passing.h"
#include "kernel/core/place.h"
#include "kernel/core/pool.h"
#include "kernel/core/request.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/mem.h"

char opening_path[PATH_MAX_BYTES];

#define SHORT_BYTES 64u

static struct pool short_pool = {.size = SHORT_BYTES};
static struct pool long_pool = {.size = PATH_MAX_BYTES};

static struct pool *pool_of(uint64_t length)
{
    return length <= SHORT_BYTES ? &short_pool : &long_pool;
}

bool file_path_set(struct file *file, const char *path, uint64_t length)
{
    if (!length)
        return true;
    file->path = pool_alloc(pool_of(length));
    if (!file->path)
        return false;
    memcpy(file->path, path, length);
    file->path_length = (uint16_t)length;
    return true;
}

void file_path_free(struct file *file)
{
    if (file->path)
        pool_free(pool_of(file->path_length), file->path);
}

unsigned file_where(const struct file *file)
{
    const struct scheme *s = file->scheme;

    if (s->server == &task_none)
        return WHERE_DEAD;
    if (scheme_linked(s))
        return WHERE_KERNEL;
    return s->flags & O_MAPPED ? WHERE_MAPPED : s->flags & O_CLASSIC ? WHERE_CLASSIC : WHERE_SERVER;
}

/* A duplicate without a path shares the description; with one the service makes a new handle. */
void file_dup(struct thread *t)
{
    struct file *file = file_checked(t, 0);

    if (!file)
        return;
    if (TAG_LENGTH(t->rsi) != MSG_LENGTH_BUFFER) {
        t->rdx = (uint64_t)fd_dup(t->task, t->rdi);
        return;
    }
    enum err e = t->r13 > PATH_MAX_BYTES ? T_ENAMETOOLONG : OK;
    if (!e)
        e = space_copy_in(&t->task->space, opening_path, t->r12, t->r13);
    if (e) {
        t->rax = (uint64_t) - (long)e;
        return;
    }
    t->rsi = TAG(OP_dup, MSG_OUT, MSG_LENGTH_BUFFER, 0);
    file_request(t, file, OP_dup, true);
}

/* name:rest or /scheme/name/rest in opening_path. EINVAL. */
struct path {
    const char *name, *rest;
    uint64_t name_length, rest_length;
};

static enum err path_split(uint64_t length, struct path *p)
{
    static const char prefix[] = "/scheme/";
    uint64_t at = 0, skip = sizeof(prefix) - 1;
    bool alias = length > skip && opening_path[0] == '/' && !memcmp(opening_path, prefix, skip);
    char separator = alias ? '/' : ':';

    skip = alias ? skip : 0;
    p->name = opening_path + skip;
    for (at = skip; at < length && opening_path[at] != separator; at++)
        if (!opening_path[at])
            return T_EINVAL;
    for (uint64_t i = at; i < length; i++)
        if (!opening_path[i])
            return T_EINVAL;
    if (at == length && !alias)
        return T_EINVAL;
    p->name_length = at - skip;
    p->rest = opening_path + (at < length ? at + 1 : at);
    p->rest_length = length - (uint64_t)(p->rest - opening_path);
    return OK;
}

/* open(":NAME", O_CREAT | O_EXCL): the caller's task serves NAME from now on. */
static long scheme_open_root(struct thread *t, const struct path *p, uint32_t flags)
{
    struct scheme *s;

    if (flags & O_ADOPT)
        return place_open(t, p->rest, p->rest_length);
    if (!task_may(t->task, RIGHT_SCHEME))
        return -T_EACCES;
    if ((flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL) ||
        (flags & O_HANDOFF && !(flags & O_CLASSIC)))
        return -T_EINVAL;
    enum err e = scheme_create(p->rest, p->rest_length, t->task, &s);
    if (e)
        return -(long)e;
    s->flags = flags & (O_POSITIONED | O_CLASSIC | O_MAPPED | O_HANDOFF);
    uint32_t rights = flags & O_CLASSIC ? O_RDWR | (flags & O_NONBLOCK) : 0;
    struct file *file = file_make(s, ~0u, rights); /* no handle: none that another has */
    if (!file) {
        scheme_kill(s);
        return -T_ENOMEM;
    }
    file->root = true;
    s->root = file;
    long fd = fd_install(t->task, file, file_rights(file));
    if (fd < 0)
        file_unref(file);
    return fd;
}

/* The request in t's registers, as a server gets it; what they held is saved. */
static void open_registers(struct thread *t, const struct path *p, enum op op, uint32_t flags)
{
    uint64_t user_rest = t->rdi + (uint64_t)(p->rest - opening_path);

    file_regs_save(t);
    t->rsi = TAG(op, MSG_OUT, MSG_LENGTH_BUFFER, 0);
    t->r10 = flags;
    t->r8 = t->r9 = 0;
    t->r12 = user_rest;
    t->r13 = p->rest_length;
}

/* A descriptor of the description, whose handle the service gave: its number, or what went wrong;
 * then the description is gone. */
static long opened_install(struct task *task, struct file *file, long handle)
{
    long fd = handle;

    if (handle >= 0) {
        file->handle = (uint32_t)handle;
        file->opened = true;
        fd = fd_install(task, file, file_rights(file));
    }
    if (fd < 0)
        file_unref(file);
    return fd;
}

/* Asks a service in the kernel, most of which answer an open at once: then t's registers need not
 * hold the request at all. What open returns, or SVC_PENDING: t has to wait, with the request in
 * its registers. */
static long open_linked(struct thread *t, struct file *file, const struct path *p)
{
    struct svc *svc = &file->scheme->svc;
    struct svc_req req = {.count = file->flags,
                          .words = {file->flags, 0, 0, 0, p->rest_length},
                          .caller = t->stamp,
                          .who = t->kind_call | OP_open,
                          .flags = file->flags & O_NONBLOCK ? SVC_REQ_NONBLOCK : 0,
                          .buffer = t->rdi + (uint64_t)(p->rest - opening_path),
                          .buffer_size = p->rest_length};

    req.words[3] = req.buffer;
    long result = svc->ops->open ? svc->ops->open(svc, &req, p->rest, p->rest_length) : -T_ENOENT;
    if (result == SVC_PENDING)
        return result;
    return opened_install(t->task, file, request_error(result));
}

/* Asks the scheme for a handle, or to unlink; the description is made before, so that success
 * cannot fail later. */
static long scheme_open(struct thread *t, const struct path *p, enum op op, uint32_t flags)
{
    struct scheme *s =
        p->name_length ? scheme_find(p->name, p->name_length) : scheme_find("root", 4);

    if (!s || !names_has(t->task->names, s))
        return -T_ENODEV;
    struct file *file = file_make(s, 0, flags);
    if (!file)
        return -T_ENOMEM;
    if (!file_path_set(file, p->rest, p->rest_length)) {
        file_unref(file);
        return -T_ENOMEM;
    }
    if (op == OP_open && scheme_linked(s)) {
        long result = open_linked(t, file, p);
        if (result != SVC_PENDING) {
            t->rax = (uint64_t)result;
            return 0;
        }
        open_registers(t, p, op, flags);
        file_request_wait(t, file, op);
        return 0;
    }
    open_registers(t, p, op, flags);
    memmove(opening_path, p->rest, p->rest_length);
    file_request(t, file, op, true);
    return 0;
}

/* The path of rdi and rsi, copied once. ENAMETOOLONG, EFAULT, EINVAL. */
static long path_take(const struct thread *t, struct path *p)
{
    uint64_t length = t->rsi;

    if (length > PATH_MAX_BYTES)
        return -T_ENAMETOOLONG;
    enum err e = space_copy_in(&t->task->space, opening_path, t->rdi, length);
    if (!e)
        e = path_split(length, p);
    return -(long)e;
}

void file_open(struct thread *t)
{
    struct path p;
    uint32_t flags = (uint32_t)t->rdx;
    long result = path_take(t, &p);

    if (result) {
        t->rax = (uint64_t)result;
        return;
    }
    bool root = !p.name_length && (p.rest_length || (flags & O_CREAT));
    result = root ? scheme_open_root(t, &p, flags) : scheme_open(t, &p, OP_open, flags);
    if (root || result)
        t->rax = (uint64_t)result;
}

void file_unlink(struct thread *t)
{
    struct path p;
    long result = path_take(t, &p);

    if (!result)
        result = p.name_length ? scheme_open(t, &p, OP_unlink, 0) : -T_EINVAL;
    if (result)
        t->rax = (uint64_t)result;
}

void unlink_finish(struct thread *c, struct file *file)
{
    long result = request_result(c);

    file_unref(file); /* no descriptor came of it */
    file_unref(file); /* the request's */
    file_regs_restore(c, result);
}

/* Whether c's open or dup was answered by its server with a descriptor, *fd: then it is the
 * client's, or what happened to it. */
static bool answer_moved(const struct thread *c, const struct file *file, long *fd)
{
    struct task *server = cpu_this()->current->task;
    const struct move move = {server, c->task, c->rdx, ~(unsigned)O_RDWR | file->flags};

    if (!(TAG_FLAGS(c->rsi) & MSG_MOVED) || *fd < 0)
        return false;
    *fd = server == file->scheme->server ? passing_move(&move) : -T_EIO;
    return true;
}

/* open was answered: rdx is the handle. One reference is the request's, one is for the descriptor.
 */
void open_finish(struct thread *c, struct file *file)
{
    long result = request_result(c);

    if (answer_moved(c, file, &result)) {
        file_unref(file); /* the descriptor is another's */
    } else {
        result = opened_install(c->task, file, result);
    }
    file_unref(file); /* the request's */
    file_regs_restore(c, result);
}

/* The service made a new handle of the file: a description of its own. */
static long copy_install(const struct thread *c, const struct file *file, uint32_t handle)
{
    struct file *copy = file_make(file->scheme, handle, file->flags);

    if (!copy)
        return -T_ENOMEM;
    copy->opened = true;
    long fd = file_path_set(copy, file->path, file->path_length)
                  ? fd_install(c->task, copy, file_rights(copy))
                  : -T_ENOMEM;
    if (fd < 0)
        file_unref(copy);
    return fd;
}

void dup_finish(struct thread *c, struct file *file)
{
    long result = request_result(c);

    if (!answer_moved(c, file, &result) && result >= 0)
        result = copy_install(c, file, (uint32_t)result);
    c->rdx = (uint64_t)result;
    file_unref(file);
}
