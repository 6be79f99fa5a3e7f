/* SPDX-License-Identifier: MIT
 * See registers.h. What has 32 bits gets garbage in the upper half as often as not; lengths crowd
 * around each border; TIDs and tokens miss by one bit. */
#include "fastpath/test/registers.h"

#include <string.h>

struct service_plan service_plan;

static bool one_in(unsigned n)
{
    return !world_random(n);
}

static uint64_t dirty(uint32_t low)
{
    return one_in(2) ? low : low | (world_random64() << 32);
}

/* Those of the system calls; a fault has none. */
static const uint32_t numbers[DO_FAULT] = {SYS_call,   SYS_reply_wait, SYS_read,
                                           SYS_notify, SYS_null,       SYS_sigreturn};

static uint64_t number_make(enum operation op)
{
    uint32_t number = numbers[op];

    if (one_in(24))
        number ^= 1u << world_random(32);
    else if (one_in(24))
        number = one_in(2) ? numbers[world_random(DO_FAULT)] : (uint32_t)world_random64();
    return dirty(number);
}

/* A task in which somebody waits, if there is one; in the slot of another TID, nobody's, anybody.
 */
static uint64_t tid_make(void)
{
    unsigned first = (unsigned)world_random(W_TASKS - 1);
    uint32_t tid = world.task[first].tid;

    for (unsigned i = 0; i < W_TASKS - 1; i++) {
        const struct task *task = &world.task[(first + i) % (W_TASKS - 1)];
        if (task->waiter != &thread_none && task->waiter != &thread_slow && !one_in(8))
            tid = task->tid;
    }
    if (one_in(8))
        tid ^= 1u << world_random(32);
    if (one_in(24)) {
        const uint32_t odd[] = {0, TID_ANY, 0xFFF, 0xFFE, 0x1000, (uint32_t)world_random64()};
        tid = odd[world_random(6)];
    }
    return dirty(tid);
}

static uint64_t tag_make(void)
{
    static const uint16_t borders[] = {0,  1,  7,  8,  9,   16,  24,     32,     40,
                                       41, 47, 48, 49, 255, 256, 0x7FFF, 0x8000, 0xFFFF};
    uint64_t length = world_random(MSG_INLINE_MAX + 1);

    if (one_in(4))
        length = 0;
    else if (one_in(4))
        length = borders[world_random(sizeof(borders) / sizeof(borders[0]))];
    return (world_random64() & 0xFFFFFFFF0000FFFFull & (one_in(2) ? ~0ull : ~0xFF00ull)) |
           length << 16;
}

/* A call with its payload in memory: within, at a border, nowhere. */
static void buffer_make(struct host_regs *r)
{
    r->rsi |= (uint64_t)MSG_LENGTH_BUFFER << 16 | (one_in(8) ? 0 : MSG_OUT << 8);
    r->r12 = one_in(16) ? world_random64() : W_MEMORY + world_random(W_MEMORY_BYTES);
    r->r13 = one_in(16) ? world_random64() : world_random(one_in(4) ? 5000 : 1000);
}

/* Whom the caller may answer, and no client of its. */
static const struct thread *taken(void)
{
    const struct thread *found = &thread_none;

    for (unsigned i = 1; i < W_THREADS - 1; i++)
        if (world.thread[i].buffer_flags && world.thread[i].wait_task == world.thread[0].task)
            found = &world.thread[i];
    return found;
}

static uint64_t token_make(void)
{
    const struct thread *client = world.thread[0].client;

    if (client == &thread_none || one_in(4))
        client = taken();
    uint64_t token = client->stamp;

    if (client == &thread_none || one_in(12))
        token = world.thread[world_random(W_THREADS)].stamp;
    if (one_in(12))
        token ^= 1ull << world_random(64);
    if (one_in(16))
        token += one_in(2) ? 1ull << 44 : -(1ull << 44);
    return one_in(24) ? 0 : token;
}

static uint64_t fd_make(void)
{
    static const uint64_t some[] = {0,   0,   0,   0,          0,        1, 1,  1, 2, 255, 255,
                                    255, 256, 257, 0x10000000, 1u << 28, 3, 17, 4, 4, 4,   1};
    uint64_t fd = some[world_random(sizeof(some) / sizeof(some[0]))];

    return one_in(12) ? fd | (1 + world_random(0xFFFF)) << 32 : fd;
}

static void service_make(uint64_t count)
{
    static const long odd[] = {0, -T_EIO, -T_EBADF, -5000, 41, 1L << 32, 1L << 62, -(1L << 62)};

    memset(&service_plan, 0, sizeof(service_plan));
    service_plan.result = one_in(4) ? odd[world_random(8)] : (long)world_random(count % 42 + 1);
    for (unsigned i = 0; i < 5; i++)
        service_plan.words[i] = world_random64();
}

static void read_long_make(struct host_regs *r)
{
    r->rsi = TAG_READ_LONG;
    if (one_in(8))
        r->rsi ^= 1ull << world_random(64);
    r->r10 = one_in(4) ? world_random64() : world_random(5000);
    r->r12 = one_in(4) ? world_random64() : world_random(USER_END);
    r->r13 = one_in(4) ? MSG_SIZE_MAX - 2 + world_random(4) : world_random(5000);
    if (one_in(12))
        r->r13 |= world_random64() << 32;
    service_make(r->r10);
}

static void read_make(struct host_regs *r)
{
    r->rdi = fd_make();
    if (one_in(3)) {
        read_long_make(r);
        return;
    }
    r->rsi = TAG_READ_SHORT;
    if (one_in(12))
        r->rsi ^= 1ull << world_random(64);
    if (!one_in(8))
        r->r10 = world_random(FILE_INLINE_MAX + 2);
    else if (one_in(2))
        r->r10 = world_random(41) | world_random64() << 32;
    service_make(r->r10);
}

void registers_make(enum operation op)
{
    struct host_regs *r = &host_in;

    for (unsigned i = 0; i < sizeof(*r) / 8; i++)
        ((uint64_t *)r)[i] = world_random64();
    if (op < DO_FAULT)
        r->rax = number_make(op);
    r->rcx = world_random(USER_END);
    r->rsi = tag_make();
    r->rdi = tid_make();
    service_make(r->r10);
    if (op == DO_CALL ? one_in(3) : one_in(6))
        buffer_make(r);
    if (op == DO_REPLY_WAIT)
        r->rdi = token_make();
    if (op == DO_READ)
        read_make(r);
    if (op == DO_NOTIFY)
        r->rsi = one_in(8) ? 1ull << world_random(64) : one_in(8) ? 0 : world_random64();
}
