/* SPDX-License-Identifier: MIT
 * Thread blocks: every slot once, all zero, never a stamp that was seen before, memory kept for
 * ever, and no leak of what the last owner had in its registers. */
#include <stdlib.h>
#include <string.h>

#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/test/mock.h"
#include "traces/test/check.h"

#define SLOTS  (THREAD_SLOTS - 1)
#define FRAMES THREAD_SLOTS /* room for every block, though each took a page */

static struct thread *all[THREAD_SLOTS];
static bool seen[THREAD_SLOTS];

static struct list self_linked(const struct list *l)
{
    return (struct list){(struct list *)l, (struct list *)l};
}

/* A new block: nothing set but what thread.h promises. */
static void fresh_check(const struct thread *t)
{
    struct thread want;
    memset(&want, 0, sizeof(want));
    want.slot = t->slot;
    want.stamp = t->stamp;
    want.client = &thread_none;
    want.state = t->state;
    want.frame = FRAME_FULL;
    want.link = self_linked(&t->link);
    want.siblings = self_linked(&t->siblings);
    want.timer = self_linked(&t->timer);
    want.cancel = self_linked(&t->cancel);
    want.donors = self_linked(&t->donors);
    want.donor = self_linked(&t->donor);
    CHECK(memcmp(&want, t, sizeof(want)) == 0);
    CHECK(t->state != THREAD_FREE && t->state != THREAD_READY);
    CHECK_EQ(t->stamp >> 32 & 0xFFF, t->slot);
    CHECK_EQ((uint32_t)t->stamp, 0);
    CHECK_EQ((uintptr_t)t % 64, 0);
    CHECK((uintptr_t)t / PAGE_SIZE == (uintptr_t)(t + 1) / PAGE_SIZE ||
          (uintptr_t)(t + 1) % PAGE_SIZE == 0);
    CHECK(threads[t->slot] == t);
}

static void soil(struct thread *t)
{
    struct thread kept = *t;
    memset(t, 0xEE, sizeof(*t));
    t->stamp = kept.stamp | 0x1234;
    t->slot = kept.slot;
    t->link = kept.link;
    t->siblings = kept.siblings;
    t->timer = kept.timer;
    t->cancel = kept.cancel;
    t->donors = kept.donors;
    t->donor = kept.donor;
    t->priority = 7;
}

static void test_all(void)
{
    for (unsigned i = 0; i < THREAD_SLOTS; i++)
        CHECK(threads[i] == &thread_none);
    for (unsigned i = 0; i < SLOTS; i++) {
        CHECK_EQ(thread_alloc(&all[i]), OK);
        CHECK(all[i]->slot > 0 && all[i]->slot < THREAD_SLOTS && !seen[all[i]->slot]);
        seen[all[i]->slot] = true;
        fresh_check(all[i]);
        soil(all[i]);
    }
    uint64_t free_before = page_free_count();
    struct thread *none;
    CHECK_EQ(thread_alloc(&none), T_ENOMEM);
    for (unsigned life = 0; life < 3; life++) {
        for (unsigned i = 0; i < SLOTS; i++) {
            uint64_t stamp = all[i]->stamp, slot = all[i]->slot;
            thread_free(all[i]);
            CHECK(threads[slot] == &thread_none);
            CHECK_EQ(all[i]->fast_prio, 0);
            CHECK_EQ(all[i]->state, THREAD_FREE);
            CHECK_EQ(all[i]->stamp, (stamp & ~0xFFFFFFFFull) + (1ull << 44));
            CHECK_EQ(all[i]->rax | all[i]->rsp | all[i]->r15 | all[i]->fault_regs[17], 0);
        }
        for (unsigned i = 0; i < SLOTS; i++) {
            CHECK_EQ(thread_alloc(&all[i]), OK);
            CHECK_EQ(all[i]->stamp >> 44, life + 1);
            fresh_check(all[i]);
            soil(all[i]);
        }
    }
    CHECK_EQ(page_free_count(), free_before); /* blocks are kept */
    for (unsigned i = 0; i < SLOTS; i++)
        thread_free(all[i]);
}

/* Freed threads rest: the slot of the last is not the next. */
static void test_rest(void)
{
    struct thread *a, *b;
    CHECK_EQ(thread_alloc(&a), OK);
    unsigned slot = a->slot;
    thread_free(a);
    CHECK_EQ(thread_alloc(&b), OK);
    CHECK(b->slot != slot);
    thread_free(b);
}

/* The call counter wraps at 20 bits without touching the slot. */
static void test_wrap(void)
{
    struct thread *t;
    CHECK_EQ(thread_alloc(&t), OK);
    t->stamp |= ~0ull << 44;
    thread_free(t);
    CHECK_EQ(t->stamp, (uint64_t)t->slot << 32);
}

static void test_none(void)
{
    CHECK_EQ(thread_none.stamp, 0);
    CHECK_EQ(thread_none.fast_prio, 0);
    CHECK(thread_none.client == &thread_none);
    CHECK_EQ(thread_none.slot, 0);
}

static void test_no_memory(void)
{
    struct thread *t;
    mock_asked = 0;
    mock_refuse = 1;
    CHECK_EQ(thread_alloc(&t), T_ENOMEM);
    mock_refuse = 0;
}

int main(void)
{
    CHECK_EQ(page_init(mock_memory(FRAMES)), OK);
    sched_init();
    test_none();
    test_no_memory();
    test_all();
    test_rest();
    test_wrap();
    return check_end("hal_thread");
}
