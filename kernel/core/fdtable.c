/* SPDX-License-Identifier: MIT
 * See fdtable.h. Numbers in line are given by the caller's own text (fds_take_next); else the
 * lowest free one is found by three looks at bitmaps: which chunk has room, which word of it, which
 * bit. Windows are numbered; the lowest free one is given, so the tables of the page tables that
 * they need are as many as tasks lived at once. */
#include "kernel/core/fdtable.h"

#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"

#define SIDE_OFFSET (FDS_STRIDE / 2)
#define CHUNK_WORDS (FDS_CHUNK / FDS_WORD)

_Static_assert(FDS_MAX * sizeof(struct fd) == SIDE_OFFSET, "the slots fill half of a window");
_Static_assert(FDS_MAX * sizeof(struct fd_side) == SIDE_OFFSET, "so do the sides");
_Static_assert(FDS_CHUNK * sizeof(struct fd) == PAGE_SIZE, "a chunk is a page");

static uint64_t windows[TID_SLOTS / FDS_WORD]; /* in use */

/* As many windows as tasks: there is one. */
static unsigned window_take(void)
{
    unsigned word = 0;

    while (!~windows[word])
        word++;
    unsigned bit = (unsigned)__builtin_ctzll(~windows[word]);
    windows[word] |= 1ull << bit;
    return word * FDS_WORD + bit;
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
    vaddr_t slots = window_base(task) + task->fd.limit * sizeof(struct fd);
    enum err e = page_map(slots);

    if (e)
        return e;
    e = page_map(slots + SIDE_OFFSET);
    if (e) {
        page_unmap(slots);
        return e;
    }
    task->fd.limit += FDS_CHUNK;
    for (struct list *l = task->threads.next; l != &task->threads; l = l->next)
        list_entry(l, struct thread, siblings)->fd_limit = fds_limit(task);
    return OK;
}

static enum err chunks_reach(struct task *task, unsigned chunk)
{
    enum err e = OK;

    while (!e && fds_limit(task) <= chunk * FDS_CHUNK)
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
    while (task->fd.limit) {
        task->fd.limit -= FDS_CHUNK;
        vaddr_t slots = window_base(task) + task->fd.limit * sizeof(struct fd);
        page_unmap(slots);
        page_unmap(slots + SIDE_OFFSET);
    }
    windows[task->fd.window / FDS_WORD] &= ~(1ull << task->fd.window % FDS_WORD);
    task->fd.slots = 0;
    task->fd.sides = 0;
}

/* The first zero bit, or `words` * 64. */
static unsigned bit_free(const uint64_t *bits, unsigned words)
{
    unsigned word = 0;

    while (word < words && !~bits[word])
        word++;
    return word * FDS_WORD + (word < words ? (unsigned)__builtin_ctzll(~bits[word]) : 0);
}

/* Bit by bit, which words of the chunk have no free number. */
static unsigned words_full(const struct task *task, unsigned chunk)
{
    unsigned full = 0;

    for (unsigned word = 0; word < CHUNK_WORDS; word++)
        full |= (unsigned)!~*fds_word(task, chunk * FDS_CHUNK + word * FDS_WORD) << word;
    return full;
}

static void number_use(struct task *task, unsigned fd)
{
    unsigned chunk = fd / FDS_CHUNK;

    *fds_word(task, fd) |= fds_bit(fd);
    task->fd.used++;
    if (words_full(task, chunk) == (1u << CHUNK_WORDS) - 1)
        task->fd.full[chunk / FDS_WORD] |= fds_bit(chunk);
}

/* The lowest free number, whose chunk is mapped then. */
static long number_find(struct task *task)
{
    unsigned chunk = bit_free(task->fd.full, FDS_CHUNKS / FDS_WORD);
    enum err e = chunk < FDS_CHUNKS ? chunks_reach(task, chunk) : T_EMFILE;

    if (e)
        return -(long)e;
    unsigned fd = chunk * FDS_CHUNK + FDS_WORD * (unsigned)__builtin_ctz(~words_full(task, chunk));
    return (long)(fd + (unsigned)__builtin_ctzll(~*fds_word(task, fd)));
}

long fds_take(struct task *task)
{
    long fd = number_find(task);

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
    if (*fds_file(task, fd))
        return -T_EBUSY;
    number_use(task, (unsigned)fd);
    return (long)fd;
}

unsigned fds_next(const struct task *task, unsigned fd)
{
    while (fd < fds_limit(task)) {
        uint64_t rest = *fds_word(task, fd) >> fd % FDS_WORD;
        if (rest)
            return fd + (unsigned)__builtin_ctzll(rest);
        fd = (fd / FDS_WORD + 1) * FDS_WORD;
    }
    return FDS_MAX;
}
