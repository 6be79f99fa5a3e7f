/* SPDX-License-Identifier: MIT
 * What a program that means harm could make of descriptors in transit, of threads that wait in two
 * ways, and of a service that moves under those who wait in it. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/place.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PIPES  60u
#define ROOTS  300u
#define STRAND 100u /* of descriptors that live by each other */

static long send(int on, int fd)
{
    uint64_t words[5] = {(uint64_t)fd};

    return file_call(on, FCALL_SEND, words);
}

static long obtain(int on)
{
    uint64_t words[5] = {0};

    return file_call(on, FCALL_OBTAIN, words);
}

/* ---- descriptors in transit ---- */

/* Each pipe's read end waits in the one before: they all go with the first. */
static void chain_of_pipes(void)
{
    int ends[PIPES][2];
    long pipes = sysfile_number("sys:counters", "pipes");

    for (unsigned i = 0; i < PIPES; i++)
        CHECK_EQ(sys_pipe2(0, ends[i]), 0);
    for (unsigned i = 1; i < PIPES; i++)
        CHECK_EQ(send(ends[i - 1][1], ends[i][0]), 0);
    for (unsigned i = 0; i < PIPES; i++) {
        CHECK_EQ(file_close(ends[i][1]), 0);
        if (i)
            CHECK_EQ(file_close(ends[i][0]), 0);
    }
    CHECK_EQ(sysfile_number("sys:counters", "passing"), PIPES - 1);
    CHECK_EQ(file_close(ends[0][0]), 0);
    CHECK_EQ(sysfile_number("sys:counters", "passing"), 0);
    CHECK_EQ(sysfile_number("sys:counters", "pipes"), pipes);
}

/* The same with roots of schemes, which die one by the other. */
static void chain_of_roots(void)
{
    static int root[ROOTS];
    char name[24];
    long files = sysfile_number("sys:counters", "files");

    for (unsigned i = 0; i < ROOTS; i++) {
        print_to(name, sizeof(name), ":audit-chain%u", i);
        root[i] = (int)file_open(name, O_RDWR | O_CREAT | O_EXCL);
        CHECK(root[i] >= 0);
    }
    for (unsigned i = 1; i < ROOTS; i++)
        CHECK_EQ(send(root[i - 1], root[i]), 0);
    for (unsigned i = 1; i < ROOTS; i++)
        CHECK_EQ(file_close(root[i]), 0);
    CHECK_EQ(file_close(root[0]), 0);
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
    CHECK_EQ(sysfile_number("sys:counters", "passing"), 0);
}

/* What would keep itself alive is refused. */
static void strands(void)
{
    int a[2], b[2];

    for (unsigned i = 0; i < STRAND; i++) {
        CHECK_EQ(sys_pipe2(0, a), 0);
        CHECK_EQ(sys_pipe2(0, b), 0);
        CHECK_EQ(send(a[1], a[0]), -T_EINVAL);
        CHECK_EQ(send(a[1], b[0]), 0);
        CHECK_EQ(send(b[1], a[0]), -T_EBUSY);
        for (unsigned end = 0; end < 2; end++) {
            CHECK_EQ(file_close(a[end]), 0);
            CHECK_EQ(file_close(b[end]), 0);
        }
    }
    CHECK_EQ(sysfile_number("sys:counters", "passing"), 0);
    CHECK_EQ(sys_pipe2(0, a), 0);
    CHECK_EQ(sys_pipe2(0, b), 0);
    CHECK_EQ(send(a[1], b[0]), 0); /* once it was taken there is nothing against it */
    CHECK_EQ(file_close((int)obtain(a[0])), 0);
    CHECK_EQ(send(b[1], a[0]), 0);
    for (unsigned end = 0; end < 2; end++) {
        CHECK_EQ(file_close(a[end]), 0);
        CHECK_EQ(file_close(b[end]), 0);
    }
    CHECK_EQ(sysfile_number("sys:counters", "passing"), 0);
}

/* ---- addresses below all user memory
 * -------------------------------------------------------------- */

/* The kernel remembers which page it looked at last. When it has forgotten, no address is in that
 * page; those of the first page least of all, which nobody has. */
static void first_page(void)
{
    char *page = guest_memory(4096);
    int fds[2];

    memcpy(page + 16, "zero:", 5);
    CHECK_EQ(file_close((int)sys_open(page + 16, 5, O_RDWR)), 0); /* it is the one looked at last */
    CHECK_EQ(sys_munmap((uint64_t)page, 4096), 0);
    CHECK_EQ(sys_open(page + 16, 5, O_RDWR), -T_EFAULT);
    CHECK_EQ(sys_open((const char *)16, 5, O_RDWR), -T_EFAULT);
    CHECK_EQ(sys_pipe2(0, fds), 0);
    page = guest_memory(4096);
    CHECK_EQ(sys_munmap((uint64_t)page, 4096), 0);
    struct msg m = {.tag = TAG(OP_write, MSG_OUT, MSG_LENGTH_BUFFER, 0),
                    .caller = (uint64_t)fds[1]};
    m.w[1] = m.w[5] = 64;
    m.w[4] = 16;
    CHECK(sys_message(SYS_write, &m) == -T_EFAULT || (int64_t)m.w[0] == -T_EFAULT);
    file_close(fds[0]);
    file_close(fds[1]);
}

/* ---- a service that moves under those who wait in it
 * --------------------------------------------- */

#define WAITERS 4u

static volatile long taken[WAITERS];
static volatile bool awake[WAITERS];
static int near_end[WAITERS], far_end[WAITERS];

static long chan_accept(int listener)
{
    struct msg m = {.tag = TAG(OP_dup, MSG_OUT, MSG_LENGTH_BUFFER, 0),
                    .w = {0, 0, 0, 0, (uint64_t) "listen", 6},
                    .caller = (uint64_t)listener};
    long rax = sys_message(SYS_dup, &m);

    return rax < 0 ? rax : (long)m.w[0];
}

static void done(uint64_t who, long result)
{
    taken[who] = result;
    awake[who] = true;
    for (;;)
        sys_sleep(~0ull);
}

static void reads_word(uint64_t who)
{
    uint64_t word = 0;
    long n = file_read(near_end[who], &word, sizeof(word));

    done(who, n == sizeof(word) ? (long)word : n);
}

static void reads_page(uint64_t who)
{
    static uint64_t page[512];
    long n = file_read(near_end[who], page, sizeof(page));

    done(who, n == sizeof(*page) ? (long)*page : n);
}

static void accepts(uint64_t listener)
{
    done(WAITERS - 1, chan_accept((int)listener));
}

static void yield_until(volatile bool *flag)
{
    for (unsigned i = 0; i < 10000 && !*flag; i++)
        sys_yield();
}

static void answered(uint64_t who)
{
    uint64_t word = 1000 + who;

    CHECK(!awake[who]);
    CHECK_EQ(file_write(far_end[who], &word, sizeof(word)), sizeof(word));
    yield_until(&awake[who]);
    CHECK(awake[who]);
    CHECK_EQ(taken[who], word);
}

static void waiter(void (*run)(uint64_t), uint64_t argument, uint64_t who)
{
    awake[who] = false;
    taken[who] = 0;
    CHECK(guest_thread(run, argument) > 0);
    for (unsigned i = 0; i < 20; i++)
        sys_yield();
    CHECK(!awake[who]);
}

/* From the kernel to a server and back, and to a module: who waits goes along. */
static void move_waiting(void)
{
    uint64_t status = 1;
    int listener = (int)file_open("chan:audit2", O_RDWR | O_CREAT);

    SHOWS("T1", "who waits in a service that moves waits on where it is then");
    for (unsigned i = 0; i < WAITERS - 1; i++) {
        near_end[i] = (int)file_open("chan:audit2", O_RDWR);
        far_end[i] = (int)chan_accept(listener);
        CHECK(near_end[i] >= 0 && far_end[i] >= 0);
    }
    waiter(reads_word, 0, 0);
    waiter(reads_page, 1, 1);
    waiter(accepts, (uint64_t)listener, WAITERS - 1);
    long server = place_move("chan", PLACE_SERVER);
    CHECK(server > 0);
    answered(0);
    waiter(reads_page, 2, 2);
    CHECK_EQ(place_move("chan", PLACE_LINKED), 0);
    CHECK_EQ(sys_waitpid((uint32_t)server, 0, &status), server);
    answered(1);
    answered(2);
    CHECK(!awake[WAITERS - 1]);
    waiter(reads_word, 0, 0);
    CHECK_EQ(place_move("chan", PLACE_MODULE), 0);
    answered(0);
    CHECK(!awake[WAITERS - 1]);
    long again = file_open("chan:audit2", O_RDWR);
    yield_until(&awake[WAITERS - 1]);
    CHECK(taken[WAITERS - 1] >= 0);
    CHECK_EQ(file_write((int)again, "to whom", 7), 7);
    CHECK_EQ(file_close((int)taken[WAITERS - 1]), 0);
    CHECK_EQ(file_close((int)again), 0);
    for (unsigned i = 0; i < WAITERS - 1; i++) {
        CHECK_EQ(file_close(near_end[i]), 0);
        CHECK_EQ(file_close(far_end[i]), 0);
    }
    CHECK_EQ(file_close(listener), 0);
    CHECK_EQ(place_move("chan", PLACE_LINKED), 0); /* the module goes */
}

/* ---- who waits in two ways ---- */

#define DEADLINE (300 * MS)
#define ANSWER   77u

static void deaf(uint64_t ms)
{
    clock_nap(ms * MS);
    sys_taskctl(0, TASK_ALLOW, (struct taskctl){.a = LEVELS - 2});
    for (;;)
        sys_sleep(~0ull);
}

/* Calls W0 before it answers, if that is a task. A wait that ends in an error is its end. */
static int relay(uint64_t deaf_after)
{
    struct msg m = {0};

    if (deaf_after)
        guest_thread(deaf, deaf_after);
    for (;;) {
        long kind = sys_reply_wait(&m);
        uint64_t caller = m.caller, next = m.w[0];
        if (kind < 0)
            return 1;
        m = (struct msg){.tag = TAG(0, 0, 8, 0)};
        if (next)
            sys_call(&m, (uint32_t)next);
        m.w[0] = ANSWER;
        m.caller = caller;
    }
}

/* A task that called another and waits for mail since then does not wait for the other: its death
 * is nothing to it, also when the mailbox has changed meanwhile. */
static void waits_for_mail(void)
{
    long inner = guest_child("relay", 0), outer = guest_child("relay", 100);
    struct msg m = {.tag = TAG(0, 0, 8, 0), .w = {(uint64_t)inner}};

    clock_nap(50 * MS);
    CHECK_EQ(sys_call(&m, (uint32_t)outer), 0);
    CHECK_EQ(m.w[0], ANSWER);
    clock_nap(100 * MS);
    CHECK_EQ(sys_kill((uint32_t)inner, SIGKILL), 0);
    CHECK_EQ(guest_wait(inner), 512 + SIGKILL);
    m = (struct msg){.tag = TAG(0, 0, 8, 0)};
    CHECK_EQ(sys_call(&m, (uint32_t)outer), 0);
    CHECK_EQ(m.w[0], ANSWER);
    CHECK_EQ(sys_kill((uint32_t)outer, SIGKILL), 0);
    CHECK_EQ(guest_wait(outer), 512 + SIGKILL);
}

static void thaws(uint64_t fd)
{
    clock_nap(DEADLINE * 2 / 3);
    file_close((int)fd);
    for (;;)
        sys_sleep(~0ull);
}

static volatile bool late;

/* Wakes when the reader must have, and before one would whose time began anew. */
static void witness(uint64_t at)
{
    sys_sleep(at);
    late = true;
    for (;;)
        sys_sleep(~0ull);
}

/* What a move holds up keeps the deadline that it had. */
static void held_deadline(void)
{
    uint64_t word;
    int listener = (int)file_open("chan:audit2", O_RDWR | O_CREAT);
    int end = (int)file_open("chan:audit2", O_RDWR);
    long move = file_open(":chan", O_CREAT | O_ADOPT);

    CHECK(end >= 0 && move >= 0);
    CHECK(guest_thread(thaws, (uint64_t)move) > 0);
    uint64_t before = clock_now();
    CHECK(guest_thread(witness, before + DEADLINE * 3 / 2) > 0);
    CHECK_EQ(sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = DEADLINE}), 0);
    CHECK_EQ(file_read(end, &word, sizeof(word)), -T_ETIMEDOUT);
    CHECK(!late);
    CHECK_EQ(sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 0}), 0);
    CHECK(clock_now() - before >= DEADLINE);
    CHECK_EQ(file_close(end), 0);
    CHECK_EQ(file_close(listener), 0);
}

static uint64_t number(const char *text)
{
    uint64_t value = 0;

    while (*text)
        value = value * 10 + (uint64_t)(*text++ - '0');
    return value;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return relay(number(argv[2]));
    first_page();
    waits_for_mail();
    held_deadline();
    strands();
    chain_of_pipes();
    chain_of_roots();
    move_waiting();
    return guest_end("audit2");
}
