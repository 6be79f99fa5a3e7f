/* SPDX-License-Identifier: MIT
 * Futex in long runs: two threads wake each other a million times, and 64 do so in
 * pairs under each other's slices. A waking that got lost leaves its thread waiting for ever, which
 * the boot's time limit tells. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/thread.h"

#define ROUNDS  500000u /* of one pair: 2 wake-ups each */
#define PAIRS   32u
#define EACH    3200u /* rounds of each of the pairs: 10^5 in all */
#define PRIVATE FUTEX_PRIVATE

static struct ball {
    uint32_t turn; /* 0: the left one's */
    uint32_t rounds, hits[2];
} balls[PAIRS];

static void play(struct ball *b, uint32_t side)
{
    for (uint32_t i = 0; i < b->rounds; i++) {
        while (__atomic_load_n(&b->turn, __ATOMIC_ACQUIRE) != side)
            sys_futex(&b->turn, FUTEX_WAIT | PRIVATE, 1 - side, 0);
        b->hits[side]++;
        __atomic_store_n(&b->turn, 1 - side, __ATOMIC_RELEASE);
        sys_futex(&b->turn, FUTEX_WAKE | PRIVATE, 1, 0);
    }
}

static void player(uint64_t argument)
{
    play(&balls[argument / 2], argument & 1);
}

static void pairs(unsigned n, uint32_t rounds)
{
    static struct user_thread u[2 * PAIRS];

    for (unsigned i = 0; i < n; i++)
        balls[i] = (struct ball){.rounds = rounds};
    for (unsigned i = 0; i < 2 * n; i++)
        CHECK(thread_start(&u[i], player, i) > 0);
    for (unsigned i = 0; i < 2 * n; i++)
        thread_join(&u[i]);
    for (unsigned i = 0; i < n; i++)
        CHECK(balls[i].hits[0] == rounds && balls[i].hits[1] == rounds);
}

int main(int argc, char **argv, char **envp)
{
    uint32_t rounds = ROUNDS;

    (void)argc, (void)argv, (void)envp;
    if (sysfile_line("sys:mitig", "pti on"))
        rounds /= 10; /* an emulator pays dearly for each change of root */
    SHOWS("T4", "64 threads in pairs, 10^5 futex round trips in all");
    pairs(PAIRS, EACH);
    SHOWS("T8", "no wake-up of 10^6 is lost (10^5 with isolation)");
    uint64_t begin = sys_clock(CLOCK_NS);
    pairs(1, rounds);
    print("futex: %lu ns a round trip\n", (unsigned long)((sys_clock(CLOCK_NS) - begin) / rounds));
    CHECK_EQ(sysfile_number("sys:counters", "futex_waiters"), 0);
    return guest_end("futex");
}
