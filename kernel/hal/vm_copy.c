/* SPDX-License-Identifier: MIT
 * User memory as the kernel sees it: through the direct map, by the rights of the space's own
 * tables, page by page. No user pointer is ever dereferenced, so SMAP stays on and no copy can
 * fault. A lazy page is filled here as by a fault. Frames that the page allocator does not know may
 * lie outside of the direct map: they are no memory to copy. Called by CORE; interrupts off. */
#include "kernel/abi/msg.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"
#include "kernel/hal/ptwalk.h"
#include "kernel/hal/vm.h"

/* A space is never a constant: only those who look at it may not change it. */
static void seen_set(const struct space *s, vaddr_t va, uint64_t leaf)
{
    struct space *own = (struct space *)(uintptr_t)s;
    own->seen = va / PAGE_SIZE;
    own->seen_write = leaf & PT_WRITE ? own->seen : SEEN_NONE;
    own->window = page_pointer(leaf & PT_FRAME);
}

void *space_pointer(const struct space *s, vaddr_t va, unsigned prot)
{
    if (!(prot & PROT_EXEC) && space_seen(s, va, 1, prot))
        return s->window + va % PAGE_SIZE;
    uint64_t *path[PT_LEVELS];
    if (va < USER_MIN || va >= USER_END || pt_walk(s->kernel_root, va, path) != 0)
        return 0;
    if (*path[0] & PT_LAZY && !(*path[0] & PT_PRESENT) && space_fill(s, va, prot))
        return 0;
    uint64_t leaf = *path[0];
    if (!(leaf & PT_PRESENT) || leaf & PT_FOREIGN || (prot & PROT_WRITE && !(leaf & PT_WRITE)) ||
        (prot & PROT_EXEC && leaf & PT_NX))
        return 0;
    seen_set(s, va, leaf);
    return s->window + va % PAGE_SIZE;
}

/* How much of `bytes` lies in the page of va. */
static uint64_t page_part(vaddr_t va, uint64_t bytes)
{
    uint64_t left = PAGE_SIZE - va % PAGE_SIZE;
    return bytes < left ? bytes : left;
}

enum err space_copy_in_pages(const struct space *s, void *to, vaddr_t from, uint64_t bytes)
{
    if (!user_range(from, bytes))
        return T_EFAULT;
    for (char *at = to; bytes;) {
        uint64_t part = page_part(from, bytes);
        const void *page = space_pointer(s, from, PROT_READ);
        if (!page)
            return T_EFAULT;
        memcpy(at, page, part);
        at += part;
        from += part;
        bytes -= part;
    }
    return OK;
}

enum err space_copy_out_pages(const struct space *s, vaddr_t to, const void *from, uint64_t bytes)
{
    if (!user_range(to, bytes))
        return T_EFAULT;
    for (const char *at = from; bytes;) {
        uint64_t part = page_part(to, bytes);
        void *page = space_pointer(s, to, PROT_WRITE);
        if (!page)
            return T_EFAULT;
        memcpy(page, at, part);
        at += part;
        to += part;
        bytes -= part;
    }
    return OK;
}

enum err space_copy(const struct space_copy *copy)
{
    vaddr_t to = copy->to, from = copy->from;
    uint64_t bytes = copy->bytes;
    if (!user_range(to, bytes) || !user_range(from, bytes))
        return T_EFAULT;
    while (bytes) {
        uint64_t part = page_part(to, page_part(from, bytes));
        void *target = space_pointer(copy->dst, to, PROT_WRITE);
        const void *source = space_pointer(copy->src, from, PROT_READ);
        if (!target || !source)
            return T_EFAULT;
        memmove(target, source, part); /* a task may name overlapping buffers, or share a frame */
        to += part;
        from += part;
        bytes -= part;
    }
    return OK;
}
