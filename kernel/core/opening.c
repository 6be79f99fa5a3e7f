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

uint64_t opening_words[PATH_MAX_BYTES / 8 + 1];

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

/* name:rest or /scheme/name/rest in opening_path. Passed by value to what is not inlined, so that
 * its parts can stay in registers. */
struct path {
    const char *name, *rest;
    uint64_t name_length, rest_length;
    uint64_t word; /* not 0: the name, as scheme_find_word takes it, and then it stands here only */
};

#define EACH_BYTE 0x0101010101010101ull
#define ALIAS     0x2F656D656863732Full /* "/scheme/" */

/* The top bits of the bytes that are 0; above the lowest of them others may stand, too. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE) & ~word & EACH_BYTE << 7;
}

/* Whether a byte 0 is in the path from its second word on. */
static inline bool zero_behind(uint64_t length)
{
    uint64_t zeros = 0;

    for (uint64_t i = 8; i < length; i += 8)
        zeros |= zero_bytes(opening_words[i / 8]);
    return zeros;
}

/* Any path. EINVAL: a byte 0, or no separator. */
static __attribute__((noinline)) enum err path_split_any(uint64_t length, struct path *p)
{
    bool alias = length > sizeof(uint64_t) && opening_words[0] == ALIAS;
    char separator = alias ? '/' : ':';
    const char *end = opening_path + length;

    p->name = p->rest = opening_path + (alias ? sizeof(uint64_t) : 0);
    p->word = 0;
    while (p->rest < end && *p->rest != separator)
        p->rest++;
    if (zero_bytes(opening_words[0]) || zero_behind(length) || (p->rest == end && !alias))
        return T_EINVAL;
    p->name_length = (uint64_t)(p->rest - p->name);
    p->rest += p->rest < end;
    p->rest_length = (uint64_t)(end - p->rest);
    return OK;
}

/* The same, eight bytes at a time if the name is short. The bytes behind the path's end are all
 * ones, up to that of their word at least. */
static ALWAYS_INLINE enum err path_split(uint64_t length, struct path *p)
{
    uint64_t word = opening_words[0], found = zero_bytes(word ^ EACH_BYTE * ':');
    uint64_t name = word & (found ^ (found - 1)) >> 8;
    struct path any;

    if (!found || !name || zero_bytes(word) || zero_behind(length)) {
        enum err e = path_split_any(length, &any);
        *p = any;
        return e;
    }
    p->word = name;
    p->rest = opening_path + (unsigned)__builtin_ctzll(found) / 8 + 1;
    p->rest_length = length - (uint64_t)(p->rest - opening_path);
    return OK;
}

/* open(":NAME", O_CREAT | O_EXCL): the caller's task serves NAME from now on. */
static long scheme_open_root(struct thread *t, struct path p, uint32_t flags)
{
    struct scheme *s;

    if (flags & O_ADOPT)
        return place_open(t, p.rest, p.rest_length);
    if (!task_may(t->task, RIGHT_SCHEME))
        return -T_EACCES;
    if ((flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL) ||
        (flags & O_HANDOFF && !(flags & O_CLASSIC)))
        return -T_EINVAL;
    enum err e = scheme_create(p.rest, p.rest_length, t->task, &s);
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
static void open_registers(struct thread *t, struct path p, enum op op, uint32_t flags)
{
    uint64_t user_rest = t->rdi + (uint64_t)(p.rest - opening_path);

    file_regs_save(t);
    t->rsi = TAG(op, MSG_OUT, MSG_LENGTH_BUFFER, 0);
    t->r10 = flags;
    t->r8 = t->r9 = 0;
    t->r12 = user_rest;
    t->r13 = p.rest_length;
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

/* What a service in the kernel gets of an open. */
static inline void open_request(struct svc_req *req, const struct thread *t,
                                const struct file *file, const struct path *p)
{
    req->handle = 0;
    req->count = file->flags;
    req->offset = 0;
    req->words[0] = file->flags;
    req->words[1] = req->words[2] = 0;
    req->words[3] = t->rdi + (uint64_t)(p->rest - opening_path);
    req->words[4] = p->rest_length;
    req->caller = t->stamp;
    req->who = t->kind_call | OP_open;
    req->shorts = 0;
    req->flags = file->flags & O_NONBLOCK ? SVC_REQ_NONBLOCK : 0;
    req->zero = 0;
    req->buffer = req->words[3];
    req->buffer_size = p->rest_length;
    req->next = 0;
}

/* The service in the kernel did not give a handle at once: it refuses, or t has to wait, with the
 * request in its registers. */
static COLD void open_refused(struct thread *t, struct file *file, struct path p, long result)
{
    if (result == SVC_PENDING) {
        open_registers(t, p, OP_open, file->flags);
        file_request_wait(t, file, OP_open);
    } else {
        t->rax = (uint64_t)opened_install(t->task, file, request_error(result));
    }
}

/* Asks a service in the kernel, most of which answer an open at once: then t's registers need not
 * hold the request at all. */
static inline void open_linked(struct thread *t, struct file *file, const struct path *p)
{
    struct svc *svc = &file->scheme->svc;
    struct svc_req req;

    open_request(&req, t, file, p);
    long result = svc->ops->open ? svc->ops->open(svc, &req, p->rest, p->rest_length) : -T_ENOENT;
    if (result < 0)
        open_refused(t, file, *p, result);
    else
        t->rax = (uint64_t)opened_install(t->task, file, result);
}

/* Asks a server for a handle, or any service to unlink. */
static __attribute__((noinline)) void scheme_ask(struct thread *t, struct file *file, struct path p,
                                                 enum op op)
{
    open_registers(t, p, op, file->flags);
    memmove(opening_path, p.rest, p.rest_length);
    file_request(t, file, op, true);
}

/* The scheme that t's path names, if t may know of it. */
static inline struct scheme *scheme_named(const struct thread *t, const struct path *p)
{
    struct scheme *s = p->word          ? scheme_find_word(p->word)
                       : p->name_length ? scheme_find(p->name, p->name_length)
                                        : scheme_find("root", 4);

    if (!s || !names_has(t->task->names, s))
        return 0;
    return s;
}

/* A description of that scheme for that path, made before the service is asked, so that success
 * cannot fail later. 0: the error is in rax. */
static ALWAYS_INLINE struct file *file_named(struct thread *t, const struct path *p, uint32_t flags)
{
    struct scheme *s = scheme_named(t, p);
    struct file *file = s ? file_make(s, 0, flags) : 0;

    if (file && p->rest_length && !file_path_set(file, p->rest, p->rest_length)) {
        file_unref(file);
        file = 0;
    }
    if (!file)
        t->rax = (uint64_t)(s ? -T_ENOMEM : -T_ENODEV);
    return file;
}

/* The path of rdi and rsi, copied once. ENAMETOOLONG, EFAULT. */
static COLD enum err path_copy_slowly(const struct thread *t)
{
    return t->rsi > PATH_MAX_BYTES ? T_ENAMETOOLONG
                                   : space_copy_in(&t->task->space, opening_path, t->rdi, t->rsi);
}

/* The same, taken apart; EINVAL; an error is in rax. Whole words, if there are such in the page
 * that was looked at last. */
static ALWAYS_INLINE enum err path_take(struct thread *t, struct path *p)
{
    const struct space *s = &t->task->space;
    uint64_t length = t->rsi, words = (length + 7) / 8, ones = ~0ull;
    enum err e = OK;

    if (length <= PATH_MAX_BYTES && space_seen(s, t->rdi, words * 8, PROT_READ))
        mem_copy_words(opening_words, s->window + t->rdi % PAGE_SIZE, words);
    else
        e = path_copy_slowly(t);
    if (!e) {
        __builtin_memcpy(opening_path + length, &ones, sizeof(ones));
        e = path_split(length, p);
    }
    if (e)
        t->rax = (uint64_t) - (long)e;
    return e;
}

void file_open(struct thread *t)
{
    struct path p;
    uint32_t flags = (uint32_t)t->rdx;

    if (path_take(t, &p))
        return;
    if (!p.word && !p.name_length && (p.rest_length || flags & O_CREAT)) {
        t->rax = (uint64_t)scheme_open_root(t, p, flags);
        return;
    }
    struct file *file = file_named(t, &p, flags);
    if (!file)
        return;
    if (scheme_linked(file->scheme))
        open_linked(t, file, &p);
    else
        scheme_ask(t, file, p, OP_open);
}

void file_unlink(struct thread *t)
{
    struct path p;

    if (path_take(t, &p))
        return;
    if (!p.word && !p.name_length) {
        t->rax = (uint64_t)-T_EINVAL;
        return;
    }
    struct file *file = file_named(t, &p, 0);
    if (file)
        scheme_ask(t, file, p, OP_unlink);
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
