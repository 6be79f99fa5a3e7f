/* SPDX-License-Identifier: MIT
 * The cell "futex": two threads of this task wake each other by two words. Invariant: the other
 * thread lives only while the cell is measured, and waits when a region begins. Called by cells.c.
 */
#include "bench/guest/bench.h"
#include "servers/lib/syscall.h"
#include "servers/lib/thread.h"

#define LINE 64u

long region_futex(struct region *r);

/* Each word in a cache line of its own; regions.asm knows the distance. */
static struct {
    _Alignas(LINE) uint32_t asked;
    _Alignas(LINE) uint32_t answered;
} words;
static struct user_thread other;
static volatile bool running, over;

static void answer(uint64_t seen)
{
    while (!over) {
        while (__atomic_load_n(&words.asked, __ATOMIC_ACQUIRE) == (uint32_t)seen)
            sys_futex(&words.asked, FUTEX_WAIT | FUTEX_PRIVATE, seen, 0);
        seen = words.asked;
        __atomic_store_n(&words.answered, (uint32_t)seen, __ATOMIC_RELEASE);
        sys_futex(&words.answered, FUTEX_WAKE | FUTEX_PRIVATE, 1, 0);
    }
}

long futex_set_up(struct work *w)
{
    words.asked = words.answered = 0;
    over = false;
    w->body = region_futex;
    w->region.word[0] = (uint64_t)&words;
    long slot = thread_start(&other, answer, 0);
    running = slot >= 0;
    sys_yield(); /* it waits now */
    return running ? 0 : slot;
}

void futex_tear_down(void)
{
    if (!running)
        return;
    running = false;
    over = true;
    words.asked++;
    sys_futex(&words.asked, FUTEX_WAKE | FUTEX_PRIVATE, 1, 0);
    thread_join(&other);
}
