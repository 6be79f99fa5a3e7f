/* SPDX-License-Identifier: MIT
 * How a signal reaches a thread: at an interrupt while it runs, by EINTR while it waits, and what
 * becomes of a request that its server has taken. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/start.h"
#include "servers/lib/thread.h"

#define WAITS   9u
#define REQUEST 1u

static volatile unsigned told[SIGNALS];
static uint32_t word;

static void count(uint64_t signal)
{
    told[signal]++;
    sys_sigreturn(0);
}

static void on(uint64_t signal)
{
    told[signal] = 0;
    CHECK_EQ(sys_sigaction(signal, (uint64_t)count, 0, 0), 0);
}

static void off(uint64_t signal)
{
    CHECK_EQ(sys_sigaction(signal, SIG_DFL, 0, 0), 0);
}

/* When the other thread waits. */
static void sender(uint64_t signal)
{
    clock_settle();
    sys_kill(0, signal);
}

static void sender_soon(uint64_t signal)
{
    sys_sleep(clock_in(MS));
    sys_kill(0, signal);
}

/* A thread that only computes is told by way of an interrupt. */
static void running(void)
{
    struct user_thread u;
    uint64_t sum = 0, n = 0;

    SHOWS("T6", "a thread that runs is told at an interrupt, without a trace in its registers");
    on(SIGUSR2);
    CHECK(thread_start(&u, sender_soon, SIGUSR2) > 0);
    while (!told[SIGUSR2])
        sum += ++n;
    CHECK_EQ(sum, n * (n + 1) / 2);
    thread_join(&u);
    off(SIGUSR2);
}

static long a_wait(unsigned which, long child, const int *pipe)
{
    uint64_t status;
    struct msg m = {0};
    char byte[64];

    switch (which) {
    case 0:
        return sys_sleep(~0ull);
    case 1:
        return sys_receive(&m);
    case 2:
        return sys_wait();
    case 3:
        return sys_reply_wait(&m);
    case 4:
        return sys_waitpid((uint32_t)child, 0, &status);
    case 5:
        return sys_futex(&word, FUTEX_WAIT, 0, 0);
    case 6:
        return sys_futex(&word, FUTEX_WAIT | FUTEX_PRIVATE, 0, clock_in(1000 * MS));
    case 7:
        return file_read(pipe[0], byte, sizeof(byte));
    default:
        m.tag = TAG(REQUEST, 0, 0, 0); /* the child sleeps: nobody takes it */
        return sys_call(&m, (uint32_t)child);
    }
}

static void waits(void)
{
    struct user_thread u;
    int pipe[2];
    long child = guest_child("sleep", 0);

    SHOWS("T6", "each kind of wait ends with EINTR once the handler has run");
    CHECK_EQ(sys_pipe2(0, pipe), 0);
    on(SIGUSR1);
    for (unsigned i = 0; i < WAITS; i++) {
        told[SIGUSR1] = 0;
        CHECK(thread_start(&u, sender, SIGUSR1) > 0);
        CHECK_EQ(a_wait(i, child, pipe), -T_EINTR);
        CHECK_EQ(told[SIGUSR1], 1);
        thread_join(&u);
    }
    CHECK_EQ(file_close(pipe[0]), 0);
    CHECK_EQ(file_close(pipe[1]), 0);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    CHECK_EQ(guest_wait(child), 512 + SIGKILL);
    off(SIGUSR1);
}

/* A request that was taken: its server hears of the cancel, and decides. */
static void taken(void)
{
    struct user_thread u;
    long child = guest_child("serve", 0);
    struct msg m = {.tag = TAG(REQUEST, 0, 0, 0)};

    SHOWS("T6", "a call that was taken is cancelled by message; its answer ends the wait, then the "
                "handler runs");
    on(SIGUSR1);
    CHECK(thread_start(&u, sender, SIGUSR1) > 0);
    CHECK_EQ(sys_call(&m, (uint32_t)child), 0);
    CHECK_EQ(m.w[0], 77);
    CHECK_EQ(told[SIGUSR1], 1);
    thread_join(&u);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    CHECK_EQ(guest_wait(child), 512 + SIGKILL);
    off(SIGUSR1);
}

/* The scheme of that child: reads are answered with ECANCELED when they are cancelled. */
static void taken_file(void)
{
    struct user_thread u;
    long child = guest_child("scheme", 0), fd = -T_ENODEV;
    char byte[8];

    SHOWS("T6", "signal during a call: EINTR after the server acknowledged the cancel");
    for (unsigned i = 0; i < 200 && fd == -T_ENODEV; i++) {
        sys_sleep(clock_in(MS));
        fd = file_open("sigtest:", O_RDONLY);
    }
    CHECK(fd >= 0);
    on(SIGUSR1);
    CHECK(thread_start(&u, sender, SIGUSR1) > 0);
    CHECK_EQ(file_read((int)fd, byte, sizeof(byte)), -T_EINTR);
    CHECK_EQ(told[SIGUSR1], 1);
    thread_join(&u);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    CHECK_EQ(guest_wait(child), 512 + SIGKILL);
    off(SIGUSR1);
}

__attribute__((noreturn)) static void serve_role(void)
{
    struct msg m = {0};
    uint64_t held = 0;

    for (;;) {
        long kind = sys_receive(&m);
        if (kind < 0)
            sys_exit(1);
        if ((uint8_t)kind == KIND_CALL)
            held = m.caller;
        if ((uint8_t)kind == KIND_CANCEL && m.w[0] == held) {
            sys_sleep(clock_in(2 * MS));
            m = (struct msg){.caller = held, .tag = TAG(0, 0, 8, 0), .w = {77}};
            sys_reply(&m);
        }
    }
}

__attribute__((noreturn)) static void scheme_role(void)
{
    struct msg m = {0};

    if (file_open(":sigtest", O_RDWR | O_CREAT | O_EXCL) < 0)
        sys_exit(1);
    for (;;) {
        long kind = sys_receive(&m);
        long answer = TAG_OP(m.tag) == OP_open ? 1 : 0;
        if ((uint8_t)kind == KIND_CANCEL) {
            m.caller = m.w[0];
            answer = -T_ECANCELED;
        } else if (TAG_OP(m.tag) == OP_read) {
            continue;
        }
        if (!m.caller)
            continue;
        m = (struct msg){.caller = m.caller, .tag = TAG(0, 0, 8, 0), .w = {(uint64_t)answer}};
        sys_reply(&m);
    }
}

static int role(const char *name)
{
    if (name[1] == 'e')
        serve_role();
    if (name[1] == 'c')
        scheme_role();
    return sys_sleep(~0ull) != 0;
}

int main(int argc, char **argv, char **envp)
{
    static const char *const names[] = {"threads", "timers", "files", "futex_waiters"};
    long before[4] = {0}, free = 0;

    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return role(argv[1]);
    for (unsigned round = 0; round < 2; round++) { /* the first fills the pools of the kernel */
        for (unsigned i = 0; i < 4; i++)
            before[i] = sysfile_number("sys:counters", names[i]);
        free = sysfile_number("sys:memory", "free_pages");
        running();
        waits();
        taken();
        taken_file();
    }
    SHOWS("T6", "no thread, timer, file or page is left");
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(sysfile_number("sys:counters", names[i]), before[i]);
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), free);
    return guest_end("interrupt");
}
