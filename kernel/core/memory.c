/* SPDX-License-Identifier: MIT
 * fmap, mprotect, munmap, req_sys_mem: what a task may do with its own addresses. Nobody but the
 * bootstrap at its start has a page that is writable and executable; everyone who asks for one gets
 * EACCES. */
#include "kernel/core/calls.h"
#include "kernel/core/capture.h"
#include "kernel/core/mapping.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

static bool prot_allowed(uint64_t prot)
{
    return (prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC);
}

/* fmap(-1, address or 0, bytes, PROT | MAP, 0): fresh zero pages, now or at their first use. */
static long map_anonymous(struct task *task, vaddr_t at, uint64_t bytes, uint64_t how)
{
    enum err e = OK;

    if (!bytes || bytes > USER_END || !(how & MAP_PRIVATE) || (how & MAP_SHARED))
        return -T_EINVAL;
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    if (!prot_allowed(how))
        return -T_EACCES;
    if (!(how & MAP_FIXED_NOREPLACE))
        e = space_find(&task->space, bytes, &at);
    if (!e && how & MAP_LAZY)
        e = space_map_lazy(&task->space, at, bytes, how & PROT_ALL);
    else if (!e)
        e = space_map(&task->space, at, bytes, how & PROT_ALL);
    fault_refresh(task);
    return e ? -(long)e : (long)at;
}

void call_fmap(struct thread *t)
{
    if ((int64_t)t->rdi == -1)
        t->rax = (uint64_t)map_anonymous(t->task, t->rsi, t->rdx, t->r10);
    else
        file_fmap(t);
}

void call_mprotect(struct thread *t)
{
    enum err e = T_EINVAL;

    if (!prot_allowed(t->rdx))
        e = T_EACCES;
    else if (capture_overlaps(t->task, t->rdi, t->rsi))
        e = T_EBUSY;
    else if (!(t->rdx & ~(uint64_t)PROT_ALL))
        e = space_protect(&t->task->space, t->rdi, t->rsi, (unsigned)t->rdx);
    t->rax = (uint64_t) - (long)e;
}

void call_munmap(struct thread *t)
{
    enum err e = T_EBUSY; /* what a client lends is not the server's to take away */

    if (!capture_overlaps(t->task, t->rdi, t->rsi))
        e = mapping_cut(t->task, t->rdi, t->rsi);
    t->rax = (uint64_t) - (long)e;
    fault_refresh(t->task);
}

/* The listed range that the caller means, all of it or what begins at its address. */
static long range_map(struct task *task, const struct range *r, struct mapping_wish *wish)
{
    long number = object_make(r, task->tid);

    if (number < 0)
        return number;
    wish->object = object_find((uint64_t)number);
    wish->ceiling = r->prot;
    long result = mapping_make(task, wish);
    object_unref(wish->object);
    return result;
}

void call_req_sys_mem(struct thread *t)
{
    const struct range *r = range_find(t->rdi);
    bool named = t->rdi % PAGE_SIZE != 0;
    uint64_t bytes = (t->rsi + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    struct mapping_wish wish = {.bytes = bytes, .how = t->rdx | MAP_SHARED};
    long result;

    if (r && !named)
        wish.offset = t->rdi - r->base;
    if (!task_may(t->task, RIGHT_SYSMEM))
        result = -T_EPERM;
    else if (!r)
        result = named ? -T_ENOENT : -T_EACCES;
    else if (!t->rsi || t->rdx & ~(uint64_t)PROT_ALL)
        result = -T_EINVAL;
    else if (t->rdx & ~(uint64_t)r->prot || bytes < t->rsi || bytes > r->bytes - wish.offset)
        result = -T_EACCES;
    else
        result = range_map(t->task, r, &wish);
    t->rax = (uint64_t)result;
}
