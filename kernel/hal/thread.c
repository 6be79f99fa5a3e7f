/* SPDX-License-Identifier: MIT
 * Thread blocks. They are cut from pages that are never given back, and a block keeps its slot for
 * ever, so whoever holds a stale pointer reads a thread block, though maybe another thread's. The
 * call counter in the stamp goes on across lives: a token of an earlier life does not match. Slot 0
 * is nobody's, so no token is 0. Called by CORE; interrupts off. */
#include "kernel/hal/thread.h"

#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"

#define STAMP_SLOT_SHIFT 32
#define STAMP_TID        0xFFFFFFFFull
#define LINE             64u
#define BLOCK_BYTES      ((sizeof(struct thread) + LINE - 1) / LINE * LINE)

struct thread thread_none = {.client = &thread_none,
                             .link = {&thread_none.link, &thread_none.link},
                             .siblings = {&thread_none.siblings, &thread_none.siblings},
                             .timer = {&thread_none.timer, &thread_none.timer},
                             .cancel = {&thread_none.cancel, &thread_none.cancel}};

struct thread *threads[THREAD_SLOTS] = {[0 ... THREAD_SLOTS - 1] = &thread_none};

static struct list free_blocks = {&free_blocks, &free_blocks};
static uint16_t next_slot = 1; /* slots below have a block */

/* Everything zero but what outlives the thread. */
static void block_reset(struct thread *t)
{
    uint16_t slot = t->slot;
    uint64_t stamp = t->stamp & ~STAMP_TID;
    *t = (struct thread){.slot = slot, .stamp = stamp, .client = &thread_none};
    list_init(&t->link);
    list_init(&t->siblings);
    list_init(&t->timer);
    list_init(&t->cancel);
    list_init(&t->donors);
    list_init(&t->donor);
}

/* One page more of blocks. */
static void blocks_add(void)
{
    paddr_t page = page_alloc();
    if (!page)
        return;
    page_kept_count++;
    char *block = page_pointer(page);
    for (unsigned i = 0; i < PAGE_SIZE / BLOCK_BYTES && next_slot < THREAD_SLOTS; i++) {
        struct thread *t = (struct thread *)(void *)(block + i * BLOCK_BYTES);
        t->slot = next_slot++;
        t->stamp = (uint64_t)t->slot << STAMP_SLOT_SHIFT;
        block_reset(t);
        list_push_back(&free_blocks, &t->link);
    }
}

enum err thread_alloc(struct thread **result)
{
    if (list_empty(&free_blocks) && next_slot < THREAD_SLOTS)
        blocks_add();
    if (list_empty(&free_blocks))
        return T_ENOMEM;
    struct thread *t = list_entry(free_blocks.next, struct thread, link);
    list_remove(&t->link);
    t->state = THREAD_SLEEPING; /* until somebody makes it ready */
    t->frame = FRAME_FULL;      /* SYSRET would show rip in rcx */
    threads[t->slot] = t;
    *result = t;
    return OK;
}

void thread_free(struct thread *t)
{
    sched_forget(t);
    threads[t->slot] = &thread_none;
    t->stamp += STAMP_STEP;
    block_reset(t);
    /* First in, first out: a slot rests as long as possible. */
    list_push_back(&free_blocks, &t->link);
}
