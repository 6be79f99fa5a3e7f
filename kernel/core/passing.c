/* SPDX-License-Identifier: MIT
 * See passing.h. Invariants: an entry's receiver exists; with the receiver's last descriptor the
 * entry goes. What is sent has nothing waiting for itself and is not its own receiver, so no
 * entries ever keep each other alive. In a service with pairs (SVC_PAIRS) handle h is the other end
 * of h ^ 1. */
#include "kernel/core/passing.h"

#include "kernel/core/pool.h"
#include "kernel/hal/list.h"

#define PASSED_MAX  64u /* waiting at a scheme of a task's */
#define PASSED_EACH 64u /* of one task's, at a service in the kernel, which is everybody's */
#define PASSED_ALL  (16 * PASSED_EACH) /* there */

struct passed {
    struct list link;
    struct file *file;
    uint32_t handle; /* of the file it was sent on */
    uint32_t sender; /* TID */
    uint8_t rights;
};

static struct pool passed_pool = {.size = sizeof(struct passed)};

uint32_t passing_count(void)
{
    return passed_pool.used;
}

static bool has_pairs(const struct scheme *s)
{
    return scheme_linked(s) && s->svc.ops->flags & SVC_PAIRS;
}

static bool handle_open(const struct scheme *s, uint32_t handle)
{
    for (const struct list *l = s->files.next; l != &s->files; l = l->next) {
        const struct file *file = list_entry(l, struct file, link);
        if (file->opened && file->handle == handle)
            return true;
    }
    return false;
}

/* Whether somebody could obtain what is sent on that file. */
static long send_allowed(const struct file *file)
{
    if (!scheme_linked(file->scheme))
        return 0;
    if (!has_pairs(file->scheme))
        return -T_EOPNOTSUPP;
    return handle_open(file->scheme, file->handle ^ 1) ? 0 : -T_EPIPE;
}

/* The oldest that was sent to `file`, or 0. */
static struct passed *passed_find(const struct file *file)
{
    const struct scheme *s = file->scheme;

    if (!file->root && !has_pairs(s))
        return 0;
    for (struct list *l = s->passed.next; l != &s->passed; l = l->next) {
        struct passed *passed = list_entry(l, struct passed, link);
        if (file->root || passed->handle == (file->handle ^ 1))
            return passed;
    }
    return 0;
}

/* Whether what is sent on `on` is for that file. */
static bool receives(const struct file *file, const struct file *on)
{
    if (file->scheme != on->scheme)
        return false;
    return file->root || (has_pairs(file->scheme) && file->handle == (on->handle ^ 1));
}

static bool full(const struct scheme *s, uint32_t sender)
{
    unsigned own = 0;

    if (!scheme_linked(s))
        return s->passed_count == PASSED_MAX;
    for (const struct list *l = s->passed.next; l != &s->passed; l = l->next)
        own += list_entry(l, struct passed, link)->sender == sender;
    return s->passed_count == PASSED_ALL || own == PASSED_EACH;
}

long passing_send(const struct task *task, const struct file *file, uint64_t fd)
{
    struct file *sent = fd_file(task, fd);
    struct scheme *s = file->scheme;
    long result = send_allowed(file);

    if (!sent)
        return -T_EBADF;
    if (!(fd_rights(task, fd) & FD_PASS))
        return -T_EACCES;
    if (receives(sent, file))
        return -T_EINVAL; /* it would live by its own queue */
    if (passed_find(sent))
        return -T_EBUSY; /* it might by that of what it holds */
    if (result)
        return result;
    if (full(s, task->tid))
        return -T_EAGAIN;
    struct passed *passed = pool_alloc(&passed_pool);
    if (!passed)
        return -T_ENOMEM;
    passed->file = sent;
    passed->handle = file->handle;
    passed->sender = task->tid;
    passed->rights = (uint8_t)fd_rights(task, fd);
    sent->references++;
    list_push_back(&s->passed, &passed->link);
    s->passed_count++;
    return 0;
}

static struct file *passed_take(struct scheme *s, struct passed *passed)
{
    struct file *file = passed->file;

    list_remove(&passed->link);
    s->passed_count--;
    pool_free(&passed_pool, passed);
    return file;
}

long passing_obtain(struct task *task, const struct file *file, uint64_t *handle)
{
    struct passed *passed = passed_find(file);

    if (!file->root && !has_pairs(file->scheme))
        return -T_EOPNOTSUPP;
    if (!passed)
        return -T_EAGAIN;
    long fd = fd_install(task, passed->file, passed->rights);
    if (fd < 0)
        return fd;
    *handle = file->root ? passed->handle : 0; /* a pair's is a name that only the kernel uses */
    (void)passed_take(file->scheme, passed);
    return fd;
}

/* Entries that nobody will take. What they held may hold others in turn, as deep as somebody liked
 * to nest them: they go one after the other, not one inside the other. */
static struct list dropped = {&dropped, &dropped};

static void passed_drop(struct scheme *s, struct passed *passed)
{
    list_remove(&passed->link);
    s->passed_count--;
    list_push_back(&dropped, &passed->link);
}

static void dropped_end(void)
{
    static bool under_way;

    if (under_way)
        return;
    under_way = true;
    while (!list_empty(&dropped)) {
        struct passed *passed = list_entry(dropped.next, struct passed, link);
        struct file *file = passed->file;
        list_remove(&passed->link);
        pool_free(&passed_pool, passed);
        file_unref(file);
    }
    under_way = false;
}

void passing_closed(struct scheme *s, uint32_t handle)
{
    struct list *next;

    for (struct list *l = s->passed.next; has_pairs(s) && l != &s->passed; l = next) {
        struct passed *passed = list_entry(l, struct passed, link);
        next = l->next;
        if (passed->handle == (handle ^ 1))
            passed_drop(s, passed);
    }
    dropped_end();
}

void passing_drop_all(struct scheme *s)
{
    while (!list_empty(&s->passed))
        passed_drop(s, list_entry(s->passed.next, struct passed, link));
    dropped_end();
}

long passing_move(const struct move *move)
{
    unsigned rights = fd_rights(move->from, move->fd);

    if (!(rights & FD_PASS))
        return -T_EIO;
    struct file *file = fd_remove(move->from, (unsigned)move->fd);
    long fd = fd_install(move->to, file, rights & move->rights);
    if (fd < 0)
        file_unref(file);
    return fd;
}
