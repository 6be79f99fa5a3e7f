/* SPDX-License-Identifier: MIT
 * `memory:` as a service in the kernel: `anon` makes an object, a range's name one of that range,
 * `pt` tells what the page tables of a task hold. A description holds its object's number; mappings
 * hold the object longer. */
#include "kernel/core/memory_service.h"

#include "kernel/core/mapping.h"
#include "kernel/hal/audit.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/mem.h"

#define HANDLE_TABLES OBJECTS /* of `pt` */
#define MODE          0100600u
#define NAME_MAX      7u

static bool is(const char *name, const char *path, uint64_t length)
{
    uint64_t n = 0;

    while (name[n])
        n++;
    return n == length && !memcmp(name, path, n);
}

static long range_open(const char *path, uint64_t length, uint32_t owner)
{
    uint64_t name = 0;

    if (!length || length > NAME_MAX)
        return -T_ENOENT;
    memcpy(&name, path, length);
    const struct range *r = range_find(name);
    return r ? object_make(r, owner) : -T_ENOENT;
}

static long memory_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self;
    if (is("anon", path, length))
        return object_make(0, (uint32_t)req->caller);
    if (is("pt", path, length))
        return req->level ? -T_EPERM : (long)HANDLE_TABLES;
    if (!task_may(cpu_this()->current->task, RIGHT_SYSMEM))
        return -T_EPERM;
    return range_open(path, length, (uint32_t)req->caller);
}

static long memory_close(struct svc *self, struct svc_req *req)
{
    struct object *o = object_find(req->handle);

    (void)self;
    if (o)
        object_unref(o);
    return 0;
}

/* Facts of one task's tables: see MEMORY_LEAF and MEMORY_HALF. */
static long tables_fcall(struct svc_req *req)
{
    uint32_t tid = (uint32_t)req->words[1];
    const struct task *task = tid ? task_find(tid) : cpu_this()->current->task;

    if (!task || task == &task_kernel || task->dying)
        return -T_ESRCH;
    if (req->count == MEMORY_LEAF) {
        vaddr_t va = req->words[2];
        req->words[0] = space_leaf(&task->space, va, false);
        req->words[1] = space_leaf(&task->space, va, true);
        return 0;
    }
    if (req->count != MEMORY_HALF)
        return -T_EOPNOTSUPP;
    const struct audit half = audit_kernel_half(&task->space);
    req->words[0] = half.user_entries;
    req->words[1] = half.user_pages;
    req->words[2] = half.differences;
    return 0;
}

static long memory_fcall(struct svc *self, struct svc_req *req)
{
    struct object *o = object_find(req->handle);

    (void)self;
    if (req->handle == HANDLE_TABLES)
        return tables_fcall(req);
    if (!o)
        return -T_EBADF;
    if (req->count == FCALL_STAT) {
        req->words[0] = o->pages * PAGE_SIZE;
        req->words[1] = MODE;
        return 0;
    }
    if (req->count != FCALL_TRUNCATE)
        return -T_EOPNOTSUPP;
    if (req->words[1] > OBJECT_PAGES_MAX * PAGE_SIZE)
        return -T_EFBIG;
    return -(long)object_resize(o, (req->words[1] + PAGE_SIZE - 1) / PAGE_SIZE);
}

/* The first fmap of memory without a size gives it one. */
static long memory_fmap(struct svc *self, struct svc_req *req)
{
    struct object *o = object_find(req->handle);
    uint64_t end = req->offset + req->count, pages = (end + PAGE_SIZE - 1) / PAGE_SIZE;

    (void)self;
    if (!o)
        return -T_EACCES;
    enum err e = o->pages ? (pages > o->pages ? T_ERANGE : OK) : object_resize(o, pages);
    req->words[0] = req->offset;
    return e ? -(long)e : (long)o->number;
}

const struct service_ops memory_service = {.name = "memory",
                                           .open = memory_open,
                                           .close = memory_close,
                                           .fcall = memory_fcall,
                                           .fmap = memory_fmap};
