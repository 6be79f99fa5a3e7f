/* SPDX-License-Identifier: MIT
 * Descriptors and descriptions. A slot's `fast` bits are nothing but a summary: they are
 * recomputed, never patched. A slot needs no generation: a request that waits holds the
 * description, not the number, and one that holds only the number is in its server's queue, where
 * the close finds it. */
#include "kernel/core/file.h"

#include "kernel/core/classic.h"
#include "kernel/core/event.h"
#include "kernel/core/fdtable.h"
#include "kernel/core/ipc.h"
#include "kernel/core/names.h"
#include "kernel/core/passing.h"
#include "kernel/core/place.h"
#include "kernel/core/pool.h"
#include "kernel/hal/list.h"

static struct pool file_pool = {.size = sizeof(struct file)};

uint32_t file_count(void)
{
    return file_pool.used;
}

/* `record` needs no value: it is in a list or looked at by nobody. */
static inline struct file *file_init(struct file *file, struct scheme *s, uint32_t handle,
                                     uint32_t flags)
{
    file->scheme = s;
    file->names = 0;
    file->path = 0;
    file->offset = 0;
    file->handle = handle;
    file->references = 1;
    file->flags = flags;
    file->watches = 0;
    file->path_length = 0;
    file->opened = file->root = false;
    list_push_back(&s->files, &file->link);
    scheme_ref(s);
    return file;
}

static COLD struct file *file_make_slowly(struct scheme *s, uint32_t handle, uint32_t flags)
{
    return pool_fill(&file_pool) ? file_init(pool_take(&file_pool), s, handle, flags) : 0;
}

struct file *file_make(struct scheme *s, uint32_t handle, uint32_t flags)
{
    if (!pool_ready(&file_pool))
        return file_make_slowly(s, handle, flags);
    return file_init(pool_take(&file_pool), s, handle, flags);
}

/* Of a description with neither namespace nor path. */
static inline void file_free_bare(struct file *file)
{
    struct scheme *s = file->scheme;

    list_drop(&file->link);
    pool_free(&file_pool, file);
    scheme_unref(s);
}

static void file_free(struct file *file)
{
    if (file->names)
        names_unref(file->names);
    file_path_free(file);
    file_free_bare(file);
}

uint64_t file_close_taken(struct list *record)
{
    struct file *file = list_entry(record, struct file, record);
    uint64_t handle = file->handle;

    file_free(file);
    return handle;
}

/* The last reference went: the service hears of it, later if it is a server. */
static __attribute__((noinline)) void file_end(struct file *file)
{
    struct scheme *s = file->scheme;

    if (file->root)
        place_root_gone(file);
    if (!file->opened || s->server == &task_none) {
        file_free(file);
    } else if (scheme_linked(s)) {
        struct svc_req req = {.handle = file->handle};
        if (s->svc.ops->close)
            s->svc.ops->close(&s->svc, &req);
        if (!list_empty(&s->passed))
            passing_closed(s, file->handle);
        file_free(file);
    } else if (s->flags & O_CLASSIC) {
        classic_close(s, &file->record);
    } else {
        ipc_close_record(s->server, &file->record);
    }
}

/* Nobody has to hear of the end: the service is in the kernel and does not ask, and there is
 * nothing else behind the description. */
static inline bool file_bare(const struct file *file)
{
    const struct scheme *s = file->scheme;

    return scheme_linked(s) && !s->svc.ops->close && list_empty(&s->passed) && !file->root &&
           !file->names && !file->path;
}

void file_unref(struct file *file)
{
    if (--file->references)
        return;
    if (file_bare(file))
        file_free_bare(file);
    else
        file_end(file);
}

/* Of a service in the kernel. */
static inline uint8_t linked_bits(const struct file *file, unsigned rights)
{
    const struct scheme *s = file->scheme;
    const struct service_ops *ops = s->svc.ops;
    bool prompt = rights & FD_READ && ops->read && ops->flags & SVC_PROMPT;

    if (s->flags & O_POSITIONED)
        return prompt ? FD_FAST_LONG : 0;
    uint8_t bits = file->flags & O_NONBLOCK ? 0 : FD_FAST_DIRECT;
    return prompt ? bits | FD_FAST_LONG | FD_FAST_LINKED : bits;
}

static inline uint8_t fast_bits(const struct file *file, unsigned rights)
{
    const struct scheme *s = file->scheme;

    if (s->shorts)
        return file->flags & O_NONBLOCK ? 0 : FD_FAST_SHORT;
    if (file->root)
        return 0;
    if (scheme_linked(s))
        return linked_bits(file, rights);
    if (s->server == &task_none || !(rights & FD_READ) || s->flags & O_POSITIONED)
        return 0;
    return s->flags & O_CLASSIC || file->flags & O_NONBLOCK
               ? 0
               : FD_FAST_SERVER; /* a fast request carries no flags */
}

static inline void fd_put(struct task *task, uint64_t fd, struct file *file, unsigned rights)
{
    *fds_file(task, fd) = file;
    task->fd.slots[fd] = (struct fd){.scheme = file->scheme,
                                     .handle = file->handle,
                                     .fast = fast_bits(file, rights),
                                     .rights = (uint8_t)rights};
}

static COLD long fd_install_slowly(struct task *task, struct file *file, unsigned rights)
{
    long fd = fds_take(task);

    if (fd >= 0)
        fd_put(task, (uint64_t)fd, file, rights);
    return fd;
}

long fd_install(struct task *task, struct file *file, unsigned rights)
{
    uint64_t fd = task->fd.next;

    if (!fds_take_next(task, fd))
        return fd_install_slowly(task, file, rights);
    fd_put(task, fd, file, rights);
    return (long)fd;
}

struct file *fd_file(const struct task *task, uint64_t fd)
{
    return fd < fds_limit(task) ? *fds_file(task, fd) : 0;
}

unsigned fd_rights(const struct task *task, uint64_t fd)
{
    return fd_file(task, fd) ? task->fd.slots[fd].rights : 0;
}

void fd_rights_keep(struct task *task, uint64_t fd, unsigned rights)
{
    const struct file *file = fd_file(task, fd);
    struct fd *slot = &task->fd.slots[fd];

    slot->rights &= (uint8_t)rights;
    slot->fast = fast_bits(file, slot->rights);
}

/* Requests made through that descriptor that its server has not taken: they must not reach it
 * behind the close, when the handle may be another's. Those that C finishes hold the description.
 */
static void requests_cancel(const struct task *task, struct scheme *s, unsigned fd)
{
    struct list *next, *head = s->flags & O_CLASSIC ? &s->requests : &s->server->senders;

    if (scheme_linked(s) || s->server == &task_none)
        return;
    for (struct list *l = head->next; l != head; l = next) {
        struct thread *t = list_entry(l, struct thread, link);
        next = l->next;
        if (t->task == task && t->call_op && !t->call_file && t->rdi == fd)
            ipc_complete(t, -T_EBADF);
    }
}

static inline void fd_clear(struct task *task, uint64_t fd)
{
    *fds_file(task, fd) = 0;
    task->fd.slots[fd].fast = 0;
    task->fd.slots[fd].rights = 0;
    fds_release(task, fd);
}

struct file *fd_remove(struct task *task, unsigned fd)
{
    struct file *file = *fds_file(task, fd);

    fd_clear(task, fd);
    requests_cancel(task, file->scheme, fd);
    if (file->watches)
        event_forget(file, task, fd);
    return file;
}

void fd_close_all(struct task *task)
{
    for (unsigned fd = fds_next(task, 0); fd < FDS_MAX; fd = fds_next(task, fd + 1))
        file_unref(fd_remove(task, fd));
}

static __attribute__((noinline)) void close_slowly(struct thread *t)
{
    bool there = fd_file(t->task, t->rdi);

    t->rax = (uint64_t)(there ? 0 : -T_EBADF);
    if (there)
        file_unref(fd_remove(t->task, (unsigned)t->rdi));
}

void file_close(struct thread *t)
{
    struct task *task = t->task;
    struct file *file = fd_file(task, t->rdi);

    if (!file || !scheme_linked(file->scheme) || file->watches) {
        close_slowly(t);
        return;
    }
    t->rax = 0;
    fd_clear(task, t->rdi); /* no server has a request of it, no queue watches it */
    file_unref(file);
}

long fd_dup(struct task *task, uint64_t fd)
{
    struct file *file = fd_file(task, fd);
    long copy = file ? fd_install(task, file, fd_rights(task, fd)) : -T_EBADF;

    if (copy >= 0)
        file->references++;
    return copy;
}

long fd_give_at(struct task *to, const struct task *from, uint64_t fd, uint64_t at)
{
    struct file *file = fd_file(from, fd);

    if (!file)
        return -T_EBADF;
    if (!(fd_rights(from, fd) & FD_PASS))
        return -T_EACCES;
    long result = fds_take_at(to, at);
    if (result < 0)
        return result;
    file->references++;
    fd_put(to, (unsigned)at, file, fd_rights(from, fd));
    return result;
}

/* dup2(fd, at): `at` is what `fd` is, and what it was before is closed. */
void file_dup2(struct thread *t)
{
    struct task *task = t->task;
    struct file *file = fd_file(task, t->rdi);
    uint64_t fd = t->rdi, at = t->rsi;

    t->rax = (uint64_t)-T_EBADF;
    if (!file || at >= FDS_MAX)
        return;
    t->rax = at;
    if (at == fd)
        return;
    struct file *old = fd_file(task, at) ? fd_remove(task, (unsigned)at) : 0;
    long result = fds_take_at(task, at);
    if (result >= 0) {
        file->references++;
        fd_put(task, (unsigned)at, file, fd_rights(task, fd));
    }
    if (old)
        file_unref(old);
    t->rax = (uint64_t)result;
}

static void scheme_refresh(struct task *task, const struct scheme *s)
{
    for (unsigned fd = fds_next(task, 0); fd < FDS_MAX; fd = fds_next(task, fd + 1)) {
        struct fd *slot = &task->fd.slots[fd];
        if (slot->scheme == s)
            slot->fast = fast_bits(*fds_file(task, fd), slot->rights);
    }
}

void fd_scheme_refresh(const struct scheme *s)
{
    for (struct list *l = task_list.next; l != &task_list; l = l->next)
        scheme_refresh(list_entry(l, struct task, link), s);
}

/* fcntl(fd, FCNTL_*, flags) */
void file_fcntl(struct thread *t)
{
    struct file *file = fd_file(t->task, t->rdi);
    uint64_t flags = t->rdx;

    if (!file || t->rsi > FCNTL_SET_FLAGS || flags & ~(uint64_t)O_NONBLOCK) {
        t->rax = (uint64_t)(file ? -T_EINVAL : -T_EBADF);
        return;
    }
    t->rax = file->flags;
    if (t->rsi == FCNTL_GET_FLAGS || (file->flags & O_NONBLOCK) == flags)
        return;
    file->flags ^= O_NONBLOCK;
    fd_scheme_refresh(file->scheme);
}
