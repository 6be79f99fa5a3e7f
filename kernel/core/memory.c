/* SPDX-License-Identifier: MIT
 * fmap, mprotect, munmap: what a task may do with its own addresses. Nobody but the bootstrap at
 * its start has a page that is writable and executable; everyone who asks for one gets EACCES. */
#include "kernel/core/calls.h"
#include "kernel/core/file.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

static bool prot_allowed(uint64_t prot)
{
    return (prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC);
}

/* fmap(-1, address or 0, bytes, PROT | MAP, 0): fresh zero pages. */
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
    if (!e)
        e = space_map(&task->space, at, bytes, how & PROT_ALL);
    return e ? -(long)e : (long)at;
}

void call_fmap(struct thread *t)
{
    long result = -T_EOPNOTSUPP; /* no service of today offers memory to map */

    if ((int64_t)t->rdi == -1)
        result = map_anonymous(t->task, t->rsi, t->rdx, t->r10);
    else if (!fd_file(t->task, t->rdi))
        result = -T_EBADF;
    t->rax = (uint64_t)result;
}

void call_mprotect(struct thread *t)
{
    enum err e = T_EINVAL;

    if (!prot_allowed(t->rdx))
        e = T_EACCES;
    else if (!(t->rdx & ~(uint64_t)PROT_ALL))
        e = space_protect(&t->task->space, t->rdi, t->rsi, (unsigned)t->rdx);
    t->rax = (uint64_t) - (long)e;
}

void call_munmap(struct thread *t)
{
    t->rax = (uint64_t) - (long)space_unmap(&t->task->space, t->rdi, t->rsi);
}
