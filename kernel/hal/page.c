/* SPDX-License-Identifier: MIT
 * The page allocator: a buddy system of two orders, since pairs of roots are all that ever needs
 * neighbours. A free frame is in exactly one of: the list of singles, the list of pairs (under its
 * even frame), or a piece that was never touched yet, which is cut into pairs from below; so the
 * boot does not walk through all memory. Two free neighbours are never both singles: a pair can be
 * had as long as there is one. A frame that is no RAM of ours has PAGE_PINNED references. Everybody
 * in the kernel calls this; interrupts off. */
#include "kernel/hal/page.h"

#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"

#define PAGE_PINNED 0xFFFFu

struct piece {
    paddr_t next, end; /* whole pairs */
};

static uint16_t *refs; /* by frame number */
static uint64_t ref_count;
static struct piece pieces[BOOT_RANGES];
static unsigned piece_count, piece_now;
static struct list singles, pairs; /* nodes lie in the free frames */
static uint64_t free_count, total_count;
bool page_fails;
uint64_t page_allocs;

static uint64_t frame_of(paddr_t page)
{
    return page / PAGE_SIZE;
}

/* The loader is ours, so this catches a mismatch of versions and memory that was overwritten. */
static bool boot_valid(const struct bootinfo *boot)
{
    if (boot->magic != BOOT_MAGIC || boot->version != BOOT_VERSION ||
        boot->range_count > BOOT_RANGES)
        return false;
    paddr_t last = 0;
    for (unsigned i = 0; i < boot->range_count; i++) {
        const struct boot_range *r = &boot->range[i];
        if ((r->base | r->size) % PAGE_SIZE || r->base < last || r->size > UINT64_MAX - r->base)
            return false;
        last = r->base + r->size;
    }
    return true;
}

static bool is_ram(const struct boot_range *r)
{
    return r->type == RANGE_FREE || r->type == RANGE_INITFS || r->type == RANGE_LOADER;
}

/* Frame 0 stays out: its address means "none". */
static paddr_t start_of(const struct boot_range *r)
{
    return r->base ? r->base : PAGE_SIZE;
}

/* Not below start_of: what lies beyond the direct map is empty. */
static paddr_t end_of(const struct boot_range *r)
{
    paddr_t end = r->base + r->size;
    if (end > DIRECT_BYTES)
        end = DIRECT_BYTES;
    return end > start_of(r) ? end : start_of(r);
}

/* Room for the counts of all RAM, at the beginning of the first free range that has it. */
static enum err refs_place(const struct bootinfo *boot, paddr_t *first, paddr_t *end)
{
    paddr_t top = 0;
    for (unsigned i = 0; i < boot->range_count; i++)
        if (is_ram(&boot->range[i]) && end_of(&boot->range[i]) > top &&
            start_of(&boot->range[i]) < DIRECT_BYTES)
            top = end_of(&boot->range[i]);
    uint64_t bytes = frame_of(top) * sizeof(*refs);
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    for (unsigned i = 0; i < boot->range_count; i++) {
        const struct boot_range *r = &boot->range[i];
        if (r->type != RANGE_FREE || end_of(r) - start_of(r) < bytes)
            continue;
        *first = start_of(r);
        *end = *first + bytes;
        refs = page_pointer(*first);
        ref_count = frame_of(top);
        memset(refs, 0xFF, bytes);
        return OK;
    }
    return T_ENOMEM;
}

/* Puts a frame without references where it belongs. */
static void frame_give(paddr_t page)
{
    paddr_t buddy = page ^ PAGE_SIZE;
    free_count++;
    if (frame_of(buddy) >= ref_count || refs[frame_of(buddy)] != 0) {
        list_push_front(&singles, page_pointer(page));
        return;
    }
    list_remove(page_pointer(buddy));
    list_push_front(&pairs, page_pointer(page & ~PAGE_SIZE));
}

/* Takes over the free frames [start, end): whole pairs as a piece, the odd ones at the ends now. */
static void piece_add(paddr_t start, paddr_t end)
{
    if (start >= end)
        return;
    total_count += frame_of(end - start);
    paddr_t first = (start + PAGE_SIZE) & ~(2 * PAGE_SIZE - 1), last = end & ~(2 * PAGE_SIZE - 1);
    if (first != start) {
        refs[frame_of(start)] = 0;
        frame_give(start);
    }
    if (last != end && end - PAGE_SIZE >= first) {
        refs[frame_of(end - PAGE_SIZE)] = 0;
        frame_give(end - PAGE_SIZE);
    }
    if (first >= last)
        return;
    memset(refs + frame_of(first), 0, frame_of(last - first) * sizeof(*refs));
    pieces[piece_count++] = (struct piece){first, last};
    free_count += frame_of(last - first);
}

enum err page_init(const struct bootinfo *boot)
{
    paddr_t taken, taken_end;
    list_init(&singles);
    list_init(&pairs);
    free_count = total_count = piece_count = piece_now = 0;
    if (!boot_valid(boot))
        return T_EINVAL;
    enum err e = refs_place(boot, &taken, &taken_end);
    if (e)
        return e;
    for (unsigned i = 0; i < boot->range_count; i++) {
        const struct boot_range *r = &boot->range[i];
        if (r->type == RANGE_FREE)
            piece_add(start_of(r) == taken ? taken_end : start_of(r), end_of(r));
    }
    return OK;
}

void page_release_range(paddr_t base, uint64_t bytes)
{
    for (paddr_t page = base; page < base + bytes && frame_of(page) < ref_count;
         page += PAGE_SIZE) {
        if (refs[frame_of(page)] != PAGE_PINNED)
            panic("page %lx released twice", page);
        if (!page)
            continue;
        refs[frame_of(page)] = 0;
        total_count++;
        frame_give(page);
    }
}

static struct list *pop(struct list *head)
{
    struct list *node = head->next;
    list_remove(node);
    return node;
}

static paddr_t address_of(struct list *node)
{
    return (paddr_t)(uintptr_t)node - direct_base;
}

/* The even frame of a free pair that is in no list any more, or 0. */
static paddr_t pair_take(void)
{
    if (!list_empty(&pairs))
        return address_of(pop(&pairs));
    while (piece_now < piece_count && pieces[piece_now].next == pieces[piece_now].end)
        piece_now++;
    if (piece_now == piece_count)
        return 0;
    paddr_t first = pieces[piece_now].next;
    pieces[piece_now].next += 2 * PAGE_SIZE;
    return first;
}

static void frame_use(paddr_t page)
{
    refs[frame_of(page)] = 1;
    free_count--;
    memset(page_pointer(page), 0, PAGE_SIZE);
}

paddr_t page_alloc(void)
{
    paddr_t page;
    page_allocs++;
    if (page_fails || page_refused())
        return 0;
    if (!list_empty(&singles)) {
        page = address_of(pop(&singles));
    } else {
        page = pair_take();
        if (!page)
            return 0;
        list_push_front(&singles, page_pointer(page + PAGE_SIZE));
    }
    frame_use(page);
    return page;
}

paddr_t page_alloc_pair(void)
{
    page_allocs++;
    if (page_fails || page_refused())
        return 0;
    paddr_t first = pair_take();
    if (!first)
        return 0;
    frame_use(first);
    frame_use(first + PAGE_SIZE);
    return first;
}

void page_free_pair(paddr_t first)
{
    page_unref(first);
    page_unref(first + PAGE_SIZE);
}

/* The count of a frame that is in use, or a panic. */
static uint16_t *refs_of(paddr_t page)
{
    uint64_t frame = frame_of(page);
    if (frame >= ref_count || refs[frame] == 0 || refs[frame] == PAGE_PINNED)
        panic("page %lx is not in use", page);
    return &refs[frame];
}

void page_ref(paddr_t page)
{
    uint16_t *count = refs_of(page);
    if (*count == PAGE_PINNED - 1)
        panic("page %lx has too many references", page);
    (*count)++;
}

void page_unref(paddr_t page)
{
    uint16_t *count = refs_of(page);
    if (--*count == 0)
        frame_give(page);
}

unsigned page_refs(paddr_t page)
{
    return *refs_of(page);
}

uint64_t page_kept_count;

uint64_t page_free_count(void)
{
    return free_count;
}

uint64_t page_total_count(void)
{
    return total_count;
}
