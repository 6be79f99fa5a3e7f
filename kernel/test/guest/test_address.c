/* SPDX-License-Identifier: MIT
 * Who may address whom, and who may wait for whom: a mailbox that does not hear everyone
 * (TASK_ALLOW), and calls that would wait for themselves. */
#include "kernel/test/guest/lib/guest.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define TAG_HELLO 0x5EED00000000ull
#define DENIED    7
#define HEARD     8
#define MIXED     9

static long allow(uint64_t level)
{
    return sys_taskctl(0, TASK_ALLOW, (struct taskctl){level, 0, 0, 0});
}

/* Every way to address a mailbox that does not wait for an answer. */
static int address(uint32_t tid)
{
    long posted = sys_post(tid, TAG_HELLO), notified = sys_notify(tid, 2);

    if (posted == -T_EPERM && notified == -T_EPERM && sys_call0(tid) == -T_EPERM &&
        sys_header(SYS_send, tid, 0) == -T_EPERM)
        return DENIED;
    return !posted && !notified ? HEARD : MIXED;
}

/* Takes what HEARD left. False: something else is there. */
static bool hello_taken(void)
{
    struct msg m = {0};

    if ((uint8_t)sys_recv(&m) != KIND_NOTIFY || m.w[0] != 2)
        return false;
    return (uint8_t)sys_recv(&m) == KIND_POST && m.tag == TAG_HELLO;
}

/* A stranger of level 1 is a grandchild; a child is family. */
static void levels(void)
{
    struct msg m = {0};
    uint64_t own = (uint64_t)sys_self(SELF_TID);

    CHECK_EQ(allow(LEVELS), -T_EINVAL);
    CHECK_EQ(guest_wait(guest_child("middle", own)), HEARD);
    CHECK(hello_taken());
    CHECK_EQ(allow(0), 0);
    CHECK_EQ(guest_wait(guest_child("middle", own)), DENIED);
    CHECK_EQ(sys_recv(&m), -T_EAGAIN);
    CHECK_EQ(guest_wait(guest_child("outer", own)), HEARD);
    CHECK(hello_taken());
    CHECK_EQ(allow(1), 0);
    CHECK_EQ(guest_wait(guest_child("middle", own)), HEARD);
    CHECK(hello_taken());
    CHECK_EQ(allow(LEVELS - 1), 0);
}

/* A calls B, B calls A: the second call can never be answered. */
static void cycle(void)
{
    long tid = guest_child("caller", (uint64_t)sys_self(SELF_TID));
    struct msg m = {.tag = TAG(1, 0, 8, 0)};

    CHECK_EQ(sys_call(&m, (uint32_t)tid), 0);
    CHECK_EQ(m.w[0], -T_EDEADLK);
    CHECK_EQ(guest_wait(tid), 0);
    CHECK_EQ(sys_call0((uint32_t)sys_self(SELF_TID)), -T_EDEADLK);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){1000000, 0, 0, 0});
    CHECK_EQ(sys_call0((uint32_t)sys_self(SELF_TID)), -T_ETIMEDOUT);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){0, 0, 0, 0});
}

/* The same through seven servers, each of which calls the next: the last one us. */
static void chain(void)
{
    long tid[7], next = sys_self(SELF_TID);
    struct msg m = {.tag = TAG(1, 0, 8, 0)};

    for (unsigned i = 0; i < 7; i++) {
        tid[i] = next = guest_child("link", (uint64_t)next);
        CHECK(next > 0);
    }
    CHECK_EQ(sys_call(&m, (uint32_t)next), 0);
    CHECK_EQ(m.w[0], -T_EDEADLK);
    for (unsigned i = 0; i < 7; i++)
        CHECK_EQ(guest_wait(tid[i]), 0);
}

/* Hands its request on, and the answer back. */
static int role_link(uint32_t next)
{
    struct msg m = {0}, on = {.tag = TAG(1, 0, 8, 0)};

    sys_receive(&m);
    long e = sys_call(&on, next);
    m.w[0] = e < 0 ? (uint64_t)e : on.w[0];
    m.tag = TAG(1, 0, 8, 0);
    return sys_reply(&m) != 0;
}

/* A thread that waits for its own task is no deadlock while another thread can answer. */
static void answer_one(uint64_t argument)
{
    struct msg m = {0};

    (void)argument;
    sys_receive(&m);
    m.tag = TAG(1, 0, 8, 0);
    m.w[0] = 42;
    sys_reply(&m);
    for (;;)
        sys_receive(&m);
}

static void threads(void)
{
    struct msg m = {.tag = TAG(1, 0, 8, 0)};

    CHECK(guest_thread(answer_one, 0) > 0);
    CHECK_EQ(sys_call(&m, (uint32_t)sys_self(SELF_TID)), 0);
    CHECK_EQ(m.w[0], 42);
}

/* Calls its own caller before it answers with what came of that. */
static int role_caller(uint32_t caller)
{
    struct msg m = {0};

    sys_receive(&m);
    m.w[0] = (uint64_t)sys_call0(caller);
    m.tag = TAG(1, 0, 8, 0);
    return sys_reply(&m) != 0;
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
    uint32_t tid = argc > 2 ? (uint32_t)number(argv[2]) : 0;

    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2 && !strcmp(argv[1], "middle"))
        return (int)guest_wait(guest_child("outer", tid));
    if (argc > 2 && !strcmp(argv[1], "caller"))
        return role_caller(tid);
    if (argc > 2 && !strcmp(argv[1], "link"))
        return role_link(tid);
    if (argc > 2) {
        sys_taskctl(0, TASK_LEVEL, (struct taskctl){1, 0, 0, 0});
        return address(tid);
    }
    SHOWS("T19",
          "a mailbox hears whom it is told to hear: others get EPERM, and it is not disturbed");
    levels();
    SHOWS("X6", "A calls B calls A: EDEADLK at once, unless there is a deadline");
    cycle();
    SHOWS("X6", "a circle of 8 tasks is seen, by the call that would close it");
    chain();
    SHOWS("X6", "no deadlock while another thread can answer");
    threads();
    return guest_end("address");
}
