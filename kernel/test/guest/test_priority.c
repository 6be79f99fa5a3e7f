/* SPDX-License-Identifier: MIT
 * Who runs when: slices among equals, better ones first, halting when nobody is there; priorities
 * that are lent to passive servers, through chains, and taken back; mailboxes in the order of
 * priority. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/thread.h"

#define CHAIN    8u /* servers behind each other */
#define LOW      6u
#define MIDDLE   10u
#define HIGH     PRIORITY_DEFAULT
#define OWN      4u /* a server's own priority */
#define ACTIVE   8u /* roles of a server: bit 3, and the number in the chain */
#define OP_WORK  1u
#define OP_NEXT  2u
#define OP_NAP   3u
#define WORK     (20 * MS)
#define SPIN     (60 * MS)
#define LONG     (80 * MS)
#define SLICE    (4 * MS)
#define SPINNERS (400 * MS)
#define AWAY     (2 * MS) /* between two looks at the clock: the host ran somebody else */
#define TRIES    50u      /* of what a host that stands still in the middle of it undoes */

static void priority(uint64_t p)
{
    CHECK_EQ(sys_taskctl(0, TASK_PRIORITY, (struct taskctl){p, 0, 0, 0}), 0);
}

/* Some microseconds without a call: emulators are slow at those, not at loops. */
static void work_on(void)
{
    for (volatile unsigned n = 0; n < 1000; n++)
        ;
}

static void spin(uint64_t ns)
{
    for (uint64_t end = clock_now() + ns; clock_now() < end;)
        work_on();
}

/* ---- T3 -------------------------------------------------------------------------------------- */

static volatile bool stop;
static volatile uint64_t turns[2], shares[2], between, last_seen;
static volatile unsigned runner, switches, away;

/* Counts its turns, and the time between two looks at the clock while nobody else looked. What the
 * host took is nobody's; a slice may have ended meanwhile. */
static void spinner(uint64_t me)
{
    priority(LOW);
    while (!stop) {
        uint64_t t = clock_now();
        if (t - last_seen > AWAY)
            away++;
        else
            *(runner == me ? &shares[me] : &between) += t - last_seen;
        switches += runner != me;
        runner = (unsigned)me;
        last_seen = t;
        turns[me]++;
        work_on();
    }
}

static void slices(void)
{
    struct user_thread u[2];
    uint64_t percent = clock_exact() ? 2 : 20;

    SHOWS("T3", percent == 2 ? "two spinners share the CPU to 2 %, by slices of 4 ms"
                             : "two spinners share the CPU, by slices of 4 ms");
    stop = false;
    shares[0] = shares[1] = 0;
    for (unsigned i = 0; i < 2; i++)
        CHECK(thread_start(&u[i], spinner, i) > 0);
    for (unsigned i = 0; i < 100 * TRIES && shares[0] + shares[1] < SPINNERS - SLICE; i++)
        clock_nap(i ? SLICE : SPINNERS);
    stop = true;
    for (unsigned i = 0; i < 2; i++)
        thread_join(&u[i]);
    uint64_t all = shares[0] + shares[1];
    uint64_t apart = shares[0] > shares[1] ? shares[0] - shares[1] : shares[1] - shares[0];
    CHECK(all >= SPINNERS - SLICE);
    CHECK(apart * 100 <= all * percent);
    CHECK(switches >= (percent == 2 ? SPINNERS / SLICE - 8 : 20));
    CHECK(switches <= (all + between) / SLICE + 8 + away);
    print("priority: %u switches, %u times away\n", switches, away);
}

/* Until the spinner has run: it does while we sleep, unless the host slept as long. */
static bool spinner_ran(uint64_t before)
{
    for (unsigned i = 0; i < TRIES && turns[0] == before; i++)
        clock_nap(6 * MS);
    return turns[0] > before;
}

static void better_first(void)
{
    struct user_thread u;

    SHOWS("T3", "while a better thread runs no other does; it runs as soon as it may");
    stop = false;
    turns[0] = 0;
    CHECK(thread_start(&u, spinner, 0) > 0);
    CHECK(spinner_ran(0));
    for (unsigned i = 0; i < 5; i++) {
        uint64_t before = turns[0];
        spin(6 * MS);
        sys_yield();
        CHECK_EQ(turns[0], before);
        CHECK(spinner_ran(before));
    }
    stop = true;
    thread_join(&u);
}

static long halts(void)
{
    return sysfile_number("sys:counters", "halts");
}

static void idle_halts(void)
{
    SHOWS("T3", "a CPU without a ready thread halts, and only then");
    long before = halts();
    spin(10 * MS);
    long spun = halts();
    CHECK_EQ(spun, before);
    for (unsigned i = 0; i < 5 || (i < TRIES && halts() < spun + 5); i++)
        clock_nap(MS);
    CHECK(halts() >= spun + 5);
}

/* ---- X3 -------------------------------------------------------------------------------------- */

static uint32_t servers[CHAIN];

static void woken(uint64_t signal)
{
    (void)signal;
    sys_sigreturn(0);
}

/* OP_WORK computes W0 ns; OP_NAP sleeps until SIGUSR1; OP_NEXT hands the request down the chain,
 * whose TIDs follow in W1.. as pairs. Answers the priority at the end of the work in W0, at its
 * beginning in W1, and which request it was in W2. */
static void serve(uint64_t how)
{
    struct msg m = {0};
    uint64_t count = 0;

    sys_sigaction(SIGUSR1, (uint64_t)woken, 0, 0);
    sys_taskctl(0, TASK_PRIORITY, (struct taskctl){OWN, 0, 0, 0});
    if (!(how & ACTIVE))
        sys_taskctl(0, TASK_PASSIVE, (struct taskctl){1, 0, 0, 0});
    for (;;) {
        if (sys_reply_wait(&m) < 0)
            sys_exit(1);
        uint64_t caller = m.caller, before = (uint64_t)sys_self(SELF_PRIORITY), next = m.w[1];
        if (TAG_OP(m.tag) == OP_NEXT && next) {
            struct msg down = {.tag = TAG(OP_NEXT, 0, 48, 0)};
            down.w[0] = m.w[0];
            for (unsigned i = 1; i < 5; i++)
                down.w[i] = m.w[i] >> 32 | (i < 4 ? m.w[i + 1] << 32 : 0);
            sys_call(&down, (uint32_t)next);
            before = down.w[1];
        } else if (TAG_OP(m.tag) == OP_NAP) {
            sys_sleep(~0ull);
        } else if (m.caller) {
            spin(m.w[0]);
        }
        m = (struct msg){.caller = caller,
                         .tag = TAG(0, 0, 24, 0),
                         .w = {(uint64_t)sys_self(SELF_PRIORITY), before, count++}};
    }
}

static void work_message(struct msg *m, uint64_t ns, unsigned chain)
{
    *m = (struct msg){.tag = TAG(chain > 1 ? OP_NEXT : OP_WORK, 0, 48, 0), .w = {ns}};
    for (unsigned i = 1; i < chain; i++)
        m->w[1 + (i - 1) / 2] |= (uint64_t)servers[i] << (32 * ((i - 1) % 2));
}

static struct msg low_answer;
static unsigned low_chain;
static volatile bool low_done, middle_done;
static volatile long low_result;
static volatile uint64_t middle_begin, middle_turns;

static void low(uint64_t ns)
{
    struct msg m;

    low_done = false;
    priority(LOW);
    work_message(&m, ns, low_chain);
    low_result = sys_call(&m, servers[0]);
    low_answer = m;
    low_done = true;
}

static void middle(uint64_t ns)
{
    priority(MIDDLE);
    sys_sleep(middle_begin);
    for (uint64_t end = clock_now() + ns; clock_now() < end; middle_turns++)
        work_on();
    middle_done = true;
}

/* What high saw of one call. */
struct seen {
    bool low_first; /* the server worked for low, down to the end of the chain, when it called */
    bool middle_ran, middle_done;
};

/* The classic: low has the server, high wants it, middle computes. */
static struct seen inversion(unsigned chain)
{
    struct user_thread l, m;
    struct msg call;
    struct seen seen;

    low_chain = chain;
    middle_begin = clock_now() + 6 * MS;
    middle_turns = 0, middle_done = false;
    CHECK(thread_start(&l, low, WORK) > 0);
    CHECK(thread_start(&m, middle, SPIN) > 0);
    for (unsigned i = 0; i < TRIES && !middle_turns; i++)
        clock_nap(i ? MS : 10 * MS);
    work_message(&call, 0, 1);
    const uint64_t before = middle_turns;
    seen.low_first = !low_done && before && !middle_done;
    CHECK_EQ(sys_call(&call, servers[0]), 0);
    seen.middle_ran = middle_turns != before;
    seen.middle_done = middle_done;
    thread_join(&l);
    thread_join(&m);
    CHECK_EQ(low_result, 0);
    seen.low_first &= call.w[2] == low_answer.w[2] + 1;
    return seen;
}

/* The same until low was first, and served at those priorities: a host that stands still before
 * high has called lets all come at once. */
static struct seen inversion_true(unsigned chain, uint64_t first, uint64_t last)
{
    struct seen seen = inversion(chain);

    for (unsigned i = 0; i < TRIES; i++)
        if (!seen.low_first || low_answer.w[1] != first || low_answer.w[0] != last)
            seen = inversion(chain);
    CHECK(seen.low_first);
    CHECK_EQ(low_answer.w[1], first);
    CHECK_EQ(low_answer.w[0], last);
    return seen;
}

static void servers_start(unsigned n, unsigned how)
{
    for (unsigned i = 0; i < n; i++) {
        servers[i] = (uint32_t)guest_child("serve", how);
        CHECK((int32_t)servers[i] > 0);
    }
    clock_nap(5 * MS), clock_settle(); /* they wait now */
}

static void servers_end(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        CHECK_EQ(sys_kill(servers[i], SIGKILL), 0);
        CHECK_EQ(guest_wait((long)servers[i]), 512 + SIGKILL);
    }
}

static void inversions(void)
{
    SHOWS("X3",
          "a passive server answers its best caller within its own work; an active one of low "
          "priority makes it wait for whoever computes");
    servers_start(1, 0);
    struct seen lent = inversion_true(1, LOW, HIGH); /* raised while it worked for low */
    CHECK(!lent.middle_ran);
    servers_end(1);
    servers_start(1, ACTIVE);
    struct seen bare = inversion_true(1, OWN, OWN);
    CHECK(bare.middle_done);
    servers_end(1);
    SHOWS("X3", "the same through a chain of 8 servers");
    servers_start(CHAIN, 0);
    lent = inversion_true(CHAIN, LOW, HIGH); /* of the last, of the first */
    CHECK(!lent.middle_ran);
    servers_end(CHAIN);
}

static volatile long impatient_result;

static void impatient(uint64_t ns)
{
    struct msg m;

    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){ns, 0, 0, 0});
    work_message(&m, 0, 1);
    impatient_result = sys_call(&m, servers[0]);
}

/* Whether a lender gave up, or died, while the server worked for low. */
static bool lender_went(bool dies)
{
    struct user_thread h;

    if (!dies) {
        CHECK(thread_start(&h, impatient, 3 * MS) > 0);
        thread_join(&h);
        return impatient_result == -T_ETIMEDOUT && !low_done;
    }
    long child = guest_child("call", servers[0]);
    clock_nap(4 * MS);
    bool waits = !low_done && !sys_kill((uint32_t)child, SIGKILL);
    return (guest_wait(child) == 512 + SIGKILL) & waits;
}

/* What was lent goes back when the lender gives up, dies, or is answered. */
static void taken_back(void)
{
    struct user_thread l;
    struct msg m;

    SHOWS("X3", "what was lent is taken back at the answer, the time-out and the death");
    servers_start(1, 0);
    low_chain = 1;
    for (unsigned dies = 0; dies < 2; dies++) {
        bool went = false;
        for (unsigned i = 0; i < TRIES && !went; i++) { /* the host may sleep over all of it */
            CHECK(thread_start(&l, low, dies ? LONG : WORK) > 0);
            clock_nap(4 * MS);
            went = lender_went(dies);
            thread_join(&l);
            CHECK_EQ(low_result, 0);
        }
        CHECK(went);
        CHECK_EQ(low_answer.w[0], LOW);
    }
    work_message(&m, 0, 1);
    CHECK_EQ(sys_call(&m, servers[0]), 0);
    CHECK_EQ(m.w[0], HIGH);
    CHECK(thread_start(&l, low, MS) > 0);
    thread_join(&l);
    CHECK_EQ(low_answer.w[0], LOW); /* nothing is left of ours */
    servers_end(1);
}

static const uint8_t queue_priorities[5] = {4, 12, 8, 12, 4};
static volatile uint64_t served[5];

static void queued(uint64_t i)
{
    struct msg m;

    priority(queue_priorities[i]);
    work_message(&m, 0, 1);
    if (!sys_call(&m, servers[0]))
        served[i] = m.w[2];
}

static void napping(uint64_t unused)
{
    struct msg m = {.tag = TAG(OP_NAP, 0, 8, 0)};

    (void)unused;
    low_result = sys_call(&m, servers[0]);
}

static void queue(void)
{
    static const unsigned want[5] = {3, 0, 2, 1, 4};
    struct user_thread u[5], l;

    SHOWS("X3", "a mailbox gives the best caller first, and of equals the oldest");
    servers_start(1, 0);
    CHECK(thread_start(&l, napping, 0) > 0);
    clock_settle();
    for (unsigned i = 0; i < 5; i++) {
        CHECK(thread_start(&u[i], queued, i) > 0);
        clock_settle(); /* it waits behind those before */
    }
    CHECK_EQ(sys_kill(servers[0], SIGUSR1), 0);
    for (unsigned i = 0; i < 5; i++)
        thread_join(&u[i]);
    thread_join(&l);
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(served[i], want[i] + 1);
    servers_end(1);
}

#define PAYLOAD 64u

static uint8_t payload[PAYLOAD];
static volatile uint64_t taken; /* the caller word of the call that the passive thread has */
static volatile uint64_t left;  /* its priority after the answer */
static volatile bool again;     /* the second call has come, so the first is over */

/* Not passive: answers what the other thread took, from memory, and then the second call. */
static void answer_for(uint64_t unused)
{
    (void)unused;
    while (!taken)
        clock_nap(MS);
    struct msg m = {.tag = TAG(0, MSG_OUT, MSG_LENGTH_BUFFER, 0),
                    .w = {[4] = (uint64_t)payload, [5] = PAYLOAD},
                    .caller = taken};
    sys_reply_wait(&m);
    again = true;
    while (!left)
        clock_nap(MS);
    sys_reply_wait(&(struct msg){.tag = TAG(0, 0, 8, 0), .w = {left}, .caller = m.caller});
}

static int serve_by_two(void)
{
    struct user_thread u;
    struct msg m = {0};

    sys_taskctl(0, TASK_PRIORITY, (struct taskctl){OWN, 0, 0, 0});
    sys_taskctl(0, TASK_PASSIVE, (struct taskctl){1, 0, 0, 0});
    if (thread_start(&u, answer_for, 0) < 0 || sys_reply_wait(&m) < 0)
        return 1;
    taken = m.caller;
    while (!again)
        clock_nap(MS);
    left = (uint64_t)sys_self(SELF_PRIORITY);
    thread_join(&u);
    return 0;
}

static void by_another(void)
{
    struct msg m = {.tag = TAG(OP_WORK, MSG_IN, MSG_LENGTH_BUFFER, 0),
                    .w = {[4] = (uint64_t)payload, [5] = PAYLOAD}};

    SHOWS("X3", "what was lent is taken back although another thread answers, from memory");
    uint32_t server = (uint32_t)guest_child("two", 0);
    clock_nap(5 * MS), clock_settle(); /* it has started, and waits */
    CHECK_EQ(sys_call(&m, server), 0);
    CHECK_EQ(m.w[5], PAYLOAD);
    m = (struct msg){.tag = TAG(OP_WORK, 0, 8, 0)};
    CHECK_EQ(sys_call(&m, server), 0);
    CHECK_EQ(m.w[0], OWN);
    CHECK_EQ(sys_kill(server, SIGKILL), 0);
    CHECK_EQ(guest_wait((long)server), 512 + SIGKILL);
}

static int role(const char *name, const char *number)
{
    uint64_t n = 0;
    struct msg m;

    for (; *number; number++)
        n = n * 10 + (uint64_t)(*number - '0');
    if (name[0] == 's')
        serve(n);
    if (name[0] == 't')
        return serve_by_two();
    servers[0] = (uint32_t)n;
    work_message(&m, 0, 1);
    return sys_call(&m, servers[0]) != 0;
}

int main(int argc, char **argv, char **envp)
{
    long threads, timers;

    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return role(argv[1], argv[2]);
    threads = sysfile_number("sys:counters", "threads");
    timers = sysfile_number("sys:counters", "timers");
    slices();
    better_first();
    idle_halts();
    inversions();
    taken_back();
    queue();
    by_another();
    SHOWS("T3,X3", "no thread or timer is left");
    CHECK_EQ(sysfile_number("sys:counters", "threads"), threads);
    CHECK_EQ(sysfile_number("sys:counters", "timers"), timers);
    return guest_end("priority");
}
