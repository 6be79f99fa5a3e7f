/* SPDX-License-Identifier: MIT
 * See fdtable.h. The lowest free number is known after a close, else found by two looks at bitmaps:
 * which chunk has room, then which number of it. Windows are numbered; the lowest free one is
 * given, so the tables of the page tables that they need are as many as tasks lived at once. */
#include "kernel/core/fdtable.h"

#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"

#define WORD_BITS   64u
#define SIDE_OFFSET (FDS_STRIDE / 2)

_Static_assert(FDS_MAX * sizeof(struct fd) == SIDE_OFFSET, "the slots fill half of a window");
_Static_assert(FDS_CHUNKS * sizeof(struct fd_side) == SIDE_OFFSET, "so do the sides");
_Static_assert(FDS_CHUNK / WORD_BITS == 4, "number_use");
_Static_assert(FDS_CHUNK * sizeof(struct fd) == PAGE_SIZE, "a chunk is a page");

static uint64_t windows[TID_SLOTS / WORD_BITS]; /* in use */

/* As many windows as tasks: there is one. */
static unsigned window_take(void)
{
    unsigned word = 0;

    while (!~windows[word])
        word++;
    unsigned bit = (unsigned)__builtin_ctzll(~windows[word]);
    windows[word] |= 1ull << bit;
    return word * WORD_BITS + bit;
}

static vaddr_t window_base(const struct task *task)
{
    return FDS_BASE + task->fd.window * FDS_STRIDE;
}

static enum err page_map(vaddr_t at)
{
    paddr_t frame = page_alloc();
    enum err e = frame ? paging_map(at, frame, PROT_READ | PROT_WRITE) : T_ENOMEM;

    if (e && frame)
        page_unref(frame);
    return e;
}

static void page_unmap(vaddr_t at)
{
    page_unref(paging_unmap(at));
}

/* One chunk more, and every thread may use it. */
static enum err chunk_add(struct task *task)
{
    vaddr_t slots = window_base(task) + task->fd.chunks * PAGE_SIZE;
    enum err e = page_map(slots);

    if (e)
        return e;
    e = page_map(slots + SIDE_OFFSET);
    if (e) {
        page_unmap(slots);
        return e;
    }
    task->fd.chunks++;
    for (struct list *l = task->threads.next; l != &task->threads; l = l->next)
        list_entry(l, struct thread, siblings)->fd_limit = fds_limit(task);
    return OK;
}

static enum err chunks_reach(struct task *task, unsigned chunk)
{
    enum err e = OK;

    while (!e && task->fd.chunks <= chunk)
        e = chunk_add(task);
    return e;
}

enum err fds_create(struct task *task)
{
    task->fd.window = window_take();
    task->fd.slots = window_pointer(window_base(task));
    task->fd.sides = window_pointer(window_base(task) + SIDE_OFFSET);
    enum err e = chunk_add(task);
    if (e)
        fds_destroy(task);
    return e;
}

void fds_destroy(struct task *task)
{
    for (; task->fd.chunks; task->fd.chunks--) {
        vaddr_t slots = window_base(task) + (task->fd.chunks - 1) * PAGE_SIZE;
        page_unmap(slots);
        page_unmap(slots + SIDE_OFFSET);
    }
    windows[task->fd.window / WORD_BITS] &= ~(1ull << task->fd.window % WORD_BITS);
    task->fd.slots = 0;
    task->fd.sides = 0;
}

/* The first zero bit, or `words` * 64. */
static unsigned bit_free(const uint64_t *bits, unsigned words)
{
    unsigned word = 0;

    while (word < words && !~bits[word])
        word++;
    return word * WORD_BITS + (word < words ? (unsigned)__builtin_ctzll(~bits[word]) : 0);
}

static void number_use(struct task *task, unsigned fd)
{
    struct fd_side *side = &task->fd.sides[fd / FDS_CHUNK];
    unsigned at = fd % FDS_CHUNK, chunk = fd / FDS_CHUNK;

    side->used[at / WORD_BITS] |= 1ull << at % WORD_BITS;
    task->fd.used++;
    if (!~(side->used[0] & side->used[1] & side->used[2] & side->used[3]))
        task->fd.full[chunk / WORD_BITS] |= 1ull << chunk % WORD_BITS;
}

static bool number_used(const struct task *task, unsigned fd)
{
    unsigned at = fd % FDS_CHUNK;

    return task->fd.sides[fd / FDS_CHUNK].used[at / WORD_BITS] >> at % WORD_BITS & 1;
}

/* The lowest free number, whose chunk is mapped then. */
static long number_find(struct task *task)
{
    unsigned chunk = bit_free(task->fd.full, FDS_CHUNKS / WORD_BITS);
    enum err e = chunk < FDS_CHUNKS ? chunks_reach(task, chunk) : T_EMFILE;

    if (e)
        return -(long)e;
    unsigned at = bit_free(task->fd.sides[chunk].used, FDS_CHUNK / WORD_BITS);
    return (long)(chunk * FDS_CHUNK + at);
}

long fds_take(struct task *task)
{
    unsigned next = task->fd.next;
    bool known = next < fds_limit(task) && !number_used(task, next);
    long fd = known ? next : number_find(task);

    if (fd < 0)
        return fd;
    number_use(task, (unsigned)fd);
    task->fd.next = (uint32_t)fd + 1;
    return fd;
}

long fds_take_at(struct task *task, uint64_t fd)
{
    if (fd >= FDS_MAX)
        return -T_EBADF;
    enum err e = chunks_reach(task, (unsigned)fd / FDS_CHUNK);
    if (e)
        return -(long)e;
    if (number_used(task, (unsigned)fd))
        return -T_EBUSY;
    number_use(task, (unsigned)fd);
    return (long)fd;
}

void fds_release(struct task *task, unsigned fd)
{
    unsigned at = fd % FDS_CHUNK, chunk = fd / FDS_CHUNK;

    task->fd.sides[chunk].used[at / WORD_BITS] &= ~(1ull << at % WORD_BITS);
    task->fd.full[chunk / WORD_BITS] &= ~(1ull << chunk % WORD_BITS);
    task->fd.used--;
    if (fd < task->fd.next)
        task->fd.next = fd;
}

unsigned fds_next(const struct task *task, unsigned fd)
{
    while (fd < fds_limit(task)) {
        unsigned at = fd % FDS_CHUNK;
        uint64_t rest = task->fd.sides[fd / FDS_CHUNK].used[at / WORD_BITS] >> at % WORD_BITS;
        if (rest)
            return fd + (unsigned)__builtin_ctzll(rest);
        fd = (fd / WORD_BITS + 1) * WORD_BITS;
    }
    return FDS_MAX;
}
