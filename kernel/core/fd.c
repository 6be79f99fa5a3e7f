/* SPDX-License-Identifier: MIT
 * The descriptor table of a task: a page of 16-byte slots that the fast path reads, and beside it
 * the descriptions. A slot's `fast` bits are nothing but a summary: they are recomputed, never
 * patched. */
#include "kernel/core/file.h"

#include "kernel/core/ipc.h"
#include "kernel/core/pool.h"
#include "kernel/hal/list.h"

static struct pool file_pool = {.size = sizeof(struct file)};

uint32_t file_count(void)
{
    return file_pool.used;
}

struct file *file_make(struct scheme *s, uint32_t handle, uint32_t flags)
{
    struct file *file = pool_alloc(&file_pool);

    if (!file)
        return 0;
    list_init(&file->record);
    file->scheme = s;
    file->handle = handle;
    file->flags = flags;
    file->references = 1;
    scheme_ref(s);
    return file;
}

static void file_free(struct file *file)
{
    scheme_unref(file->scheme);
    pool_free(&file_pool, file);
}

uint64_t file_close_taken(struct list *record)
{
    struct file *file = list_entry(record, struct file, record);
    uint64_t handle = file->handle;

    file_free(file);
    return handle;
}

/* The last reference went: the service hears of it, later if it is a server. */
void file_unref(struct file *file)
{
    struct scheme *s = file->scheme;

    if (--file->references)
        return;
    if (file->root)
        scheme_kill(s);
    if (!file->opened || s->server == &task_none) {
        file_free(file);
    } else if (scheme_linked(s)) {
        struct svc_req req = {.handle = file->handle};
        if (s->svc.ops->close)
            s->svc.ops->close(&s->svc, &req);
        file_free(file);
    } else {
        ipc_close_record(s->server, &file->record);
    }
}

static uint8_t fast_bits(const struct file *file)
{
    const struct scheme *s = file->scheme;

    if (!(file->flags & O_RDONLY) || (s->flags & O_POSITIONED) || file->root)
        return 0;
    if (s->server == &task_none)
        return 0;
    return scheme_linked(s)
               ? (s->svc.ops->read && (s->svc.ops->flags & SVC_PROMPT) ? FD_FAST_LINKED : 0)
               : FD_FAST_SERVER;
}

static long fd_put(struct task *task, struct file *file, unsigned i)
{
    task->files[i] = file;
    task->fds[i] = (struct fd){.scheme = file->scheme,
                               .handle = file->handle,
                               .fast = fast_bits(file),
                               .rights = file->flags & O_RDWR};
    return (long)i;
}

long fd_install(struct task *task, struct file *file)
{
    for (unsigned i = 0; i < TASK_FDS; i++)
        if (!task->files[i])
            return fd_put(task, file, i);
    return -T_EMFILE;
}

struct file *fd_file(const struct task *task, uint64_t fd)
{
    return fd < TASK_FDS ? task->files[fd] : 0;
}

/* Requests made through that descriptor that its server has not taken: they must not reach it
 * behind the close, when the handle may be another's. Those that C finishes hold the description.
 */
static void requests_cancel(const struct task *task, const struct scheme *s, unsigned fd)
{
    struct list *next;

    if (scheme_linked(s) || s->server == &task_none)
        return;
    for (struct list *l = s->server->senders.next; l != &s->server->senders; l = next) {
        struct thread *t = list_entry(l, struct thread, link);
        next = l->next;
        if (t->task == task && t->call_op && !t->call_file && t->rdi == fd)
            ipc_complete(t, -T_EBADF);
    }
}

static void fd_clear(struct task *task, unsigned i)
{
    struct file *file = task->files[i];

    task->files[i] = 0;
    task->fds[i].fast = 0;
    task->fds[i].rights = 0;
    if (!file)
        return;
    requests_cancel(task, file->scheme, i);
    file_unref(file);
}

void fd_close_all(struct task *task)
{
    for (unsigned i = 0; i < TASK_FDS; i++)
        fd_clear(task, i);
}

void file_close(struct thread *t)
{
    uint64_t fd = t->rdi;

    t->rax = (uint64_t)(fd_file(t->task, fd) ? 0 : -T_EBADF);
    if (!t->rax)
        fd_clear(t->task, (unsigned)fd);
}

long fd_give(struct task *to, const struct task *from, uint64_t fd)
{
    struct file *file = fd_file(from, fd);

    if (!file)
        return -T_EBADF;
    long result = fd_install(to, file);
    if (result >= 0)
        file->references++;
    return result;
}

static void fds_refresh(struct task *task, const struct scheme *s)
{
    for (unsigned i = 0; task->files && i < TASK_FDS; i++)
        if (task->files[i] && task->files[i]->scheme == s)
            task->fds[i].fast = fast_bits(task->files[i]);
}

long fd_give_at(struct task *to, const struct task *from, uint64_t fd, unsigned at)
{
    struct file *file = fd_file(from, fd);

    if (!file)
        return -T_EBADF;
    file->references++;
    return fd_put(to, file, at);
}

void fd_scheme_died(const struct scheme *s)
{
    for (struct list *l = task_list.next; l != &task_list; l = l->next)
        fds_refresh(list_entry(l, struct task, link), s);
}
