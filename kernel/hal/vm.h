/* SPDX-License-Identifier: MIT
 * Address spaces: a pair of roots, adjacent frames. The even one is the kernel's (user half, no
 * execute there when isolation is on, and the whole kernel half), the odd one is the user's (user
 * half and the trampoline). With isolation off only the even one is used. The page tables are the
 * only record of what is mapped: a leaf owns one reference to its frame, unless the frame is none
 * of the page allocator's. Everything is mapped at once, but for what was asked for as lazy: a page
 * of that kind is filled at its first use, by whoever uses it, user mode or kernel. */
#ifndef TACH_HAL_VM_H
#define TACH_HAL_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/errors.h"
#include "kernel/abi/msg.h"
#include "kernel/hal/mem.h"

#define PAGE_SIZE   4096ull
#define WARN_UNUSED __attribute__((warn_unused_result))

/* The seldom part of a function, apart: what is left needs no registers saved for it, and the
 * compiler takes the way there for unlikely. */
#define COLD __attribute__((noinline, cold))

/* The often part, in its caller's text though there is more than one. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

typedef uint64_t paddr_t;
typedef uint64_t vaddr_t;

/* A page number that no address has: 0 would be that of a null pointer. */
#define SEEN_NONE (~0ull)

struct space {
    paddr_t kernel_root; /* even frame */
    uint64_t exit_root;  /* what user-mode exit writes to CR3: PCID and no-flush bits included */
    uint64_t pages;      /* leaves mapped, for accounting; unfilled ones too */
    uint64_t lazy;       /* of them, those that came as lazy, filled or not */
    vaddr_t brk;         /* where the next unfixed mapping is looked for */
    uint16_t pcid;       /* 0: none */
    /* The page that the kernel looked at last: its number, the same again if it may be written, and
     * where it is in the direct map. SEEN_NONE when that may have changed: dropped where the TLB
     * is. See vm_copy.c. */
    uint64_t seen, seen_write;
    char *window;
};

/* Makes an empty space with the kernel half in place. ENOMEM. */
WARN_UNUSED enum err space_init(struct space *s);

/* Unmaps everything, frees tables and roots. Must not be the active space: switches to the boot
 * root. */
void space_destroy(struct space *s);

/* Makes the space follow hal_config.pti after that changed: its roots' user halves and what a
 * thread of it leaves with. */
void space_isolate(struct space *s);

/* Maps fresh zeroed pages at va (page aligned, inside [USER_MIN, USER_END)); prot is PROT_*.
 * EINVAL range or alignment, EEXIST if any page is mapped, ENOMEM; nothing is mapped on failure. */
WARN_UNUSED enum err space_map(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot);

/* The same, but each page comes at its first use. The tables are made now, or ENOMEM. */
WARN_UNUSED enum err space_map_lazy(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot);

/* Gives the unfilled lazy page at va its frame. EFAULT: there is none that has the rights of prot;
 * ENOMEM. */
WARN_UNUSED enum err space_fill(const struct space *s, vaddr_t va, unsigned prot);

/* Maps one frame at va with prot, which may later be changed up to `ceiling`. A frame of the page
 * allocator gets a reference more; a foreign one is left alone, and the kernel copies neither from
 * nor to it. EINVAL, EEXIST, ENOMEM. */
struct page_grant {
    paddr_t frame;
    unsigned prot, ceiling;
    bool foreign, uncached;
};
WARN_UNUSED enum err space_map_frame(struct space *s, vaddr_t va, const struct page_grant *grant);

/* Finds a free range of that size. ENOMEM. */
WARN_UNUSED enum err space_find(struct space *s, uint64_t bytes, vaddr_t *va);

/* Maps the frames of src [from, from+bytes) at to in dst with prot, never more than src has
 * (EACCES), all pages present (EFAULT). */
struct share {
    struct space *dst, *src;
    vaddr_t to, from;
    uint64_t bytes;
    unsigned prot;
};
WARN_UNUSED enum err space_share(const struct share *share);

/* Changes the protection of mapped pages. EFAULT if one is not mapped, EINVAL. */
WARN_UNUSED enum err space_protect(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot);

/* Unmaps; absent pages are skipped. EINVAL. Flushes the TLB where s is active. */
WARN_UNUSED enum err space_unmap(struct space *s, vaddr_t va, uint64_t bytes);

/* The leaf of any address, a kernel one too, in the kernel's root or the user's: its entry, of
 * whatever size the page is, or 0 if nothing is present there. */
uint64_t space_leaf(const struct space *s, vaddr_t va, bool user_root);

/* Pages that are writable and executable at once. */
uint64_t space_count_wx(const struct space *s);

/* The kernel's view of the byte at user address va of any space, through the direct map, if it is
 * mapped for user mode with at least prot; else 0. Good until the end of that page. */
void *space_pointer(const struct space *s, vaddr_t va, unsigned prot);

/* Whether [va, va+bytes) lies in the page that was looked at last, with at least prot (not
 * PROT_EXEC): then it is at s->window + va % PAGE_SIZE. */
static inline bool space_seen(const struct space *s, vaddr_t va, uint64_t bytes, unsigned prot)
{
    return va / PAGE_SIZE == (prot & PROT_WRITE ? s->seen_write : s->seen) &&
           bytes <= PAGE_SIZE - va % PAGE_SIZE;
}

/* space_pointer in the caller's own text, for a byte that is likely in that page; not PROT_EXEC. */
static inline void *space_look(const struct space *s, vaddr_t va, unsigned prot)
{
    return space_seen(s, va, 1, prot) ? s->window + va % PAGE_SIZE : space_pointer(s, va, prot);
}

/* Copies between kernel memory and any space. EFAULT: nothing else said, some bytes may have moved.
 * Most lie in the page that was looked at last: those are made in the caller's own text. */
WARN_UNUSED enum err space_copy_in_pages(const struct space *s, void *to, vaddr_t from,
                                         uint64_t bytes);
WARN_UNUSED enum err space_copy_out_pages(const struct space *s, vaddr_t to, const void *from,
                                          uint64_t bytes);

WARN_UNUSED static inline enum err space_copy_in(const struct space *s, void *to, vaddr_t from,
                                                 uint64_t bytes)
{
    if (!space_seen(s, from, bytes, PROT_READ))
        return space_copy_in_pages(s, to, from, bytes);
    mem_copy(to, s->window + from % PAGE_SIZE, bytes);
    return OK;
}

WARN_UNUSED static inline enum err space_copy_out(const struct space *s, vaddr_t to,
                                                  const void *from, uint64_t bytes)
{
    if (!space_seen(s, to, bytes, PROT_WRITE))
        return space_copy_out_pages(s, to, from, bytes);
    mem_copy(s->window + to % PAGE_SIZE, from, bytes);
    return OK;
}

/* One copy from user memory of one space to that of another. */
struct space_copy {
    const struct space *dst, *src;
    vaddr_t to, from;
    uint64_t bytes;
};
WARN_UNUSED enum err space_copy(const struct space_copy *copy);

/* True if [a, a+bytes) lies in user addresses. */
bool user_range(vaddr_t a, uint64_t bytes);

#endif
