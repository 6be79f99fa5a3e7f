/* SPDX-License-Identifier: MIT
 * Messages, rung by rung: rendezvous, what a receiver sees, who may answer, what each wrong
 * argument costs, payloads of every size, deaths. The C code alone; the assembly is held to it by
 * fastpath/test. */
#include "kernel/core/request.h"
#include "kernel/core/test/kit.h"
#include "traces/test/check.h"

#include <stdlib.h>

#define STEP (1ull << 44)
#define W                                                                                          \
    {                                                                                              \
        1, 2, 3, 4, 5, 6                                                                           \
    }

static struct thread *client, *server;

static void pair_make(void)
{
    client = kit_task(0, 7);
    server = kit_task(0, 0);
}

static void pair_end(void)
{
    CHECK_TEXT(kit_broken(), 0);
    kit_end_all();
    CHECK(list_empty(&task_list));
}

static struct args to(const struct thread *t, uint64_t length)
{
    return (struct args){.rdi = t->tid, .rsi = TAG(9, 0, length, 0xCAFE), .w = W};
}

static void words_of_each_length(void)
{
    pair_make();
    for (uint64_t length = 0; length <= MSG_INLINE_MAX; length++) {
        CHECK_EQ(sys(server, SYS_receive, (struct args){.rdi = ~0ull, .w = {9, 9, 9, 9, 9, 9}}),
                 SYS_receive);
        CHECK(blocked(server));
        sys(client, SYS_call, to(server, length));
        CHECK(blocked(client) && !blocked(server));
        CHECK_EQ(server->rax, 7 << 8 | KIND_CALL);
        CHECK_EQ((uint32_t)server->rdi, client->tid);
        CHECK_EQ(server->rsi, TAG(9, 0, length, 0xCAFE));
        for (unsigned i = 0; i < 6; i++)
            CHECK_EQ(word_of(server, i), i * 8 < length ? i + 1 : 0);
        struct args answer = {
            .rdi = server->rdi, .rsi = TAG(1, 0, length, 5), .w = {11, 12, 13, 14, 15, 16}};
        CHECK_EQ(sys(server, SYS_reply, answer), 0);
        CHECK_EQ(client->rax, 0);
        CHECK_EQ(client->rdi, answer.rdi);
        for (unsigned i = 0; i < 6; i++)
            CHECK_EQ(word_of(client, i), i * 8 < length ? i + 11 : 0);
    }
    pair_end();
}

static void flags_are_the_users(void)
{
    pair_make();
    sys(server, SYS_receive, (struct args){0});
    sys(client, SYS_call, (struct args){.rdi = server->tid, .rsi = TAG(1, 0xFF, 8, 0)});
    CHECK_EQ(TAG_FLAGS(server->rsi), 0xFF);
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = server->rdi, .rsi = TAG(1, 0xFF, 8, 0)}),
             0);
    CHECK_EQ(TAG_FLAGS(client->rsi), 0xFF);
    pair_end();
}

static void send_waits_until_taken(void)
{
    pair_make();
    sys(client, SYS_send, to(server, 48));
    CHECK(blocked(client));
    CHECK_EQ(sys(server, SYS_wait, (struct args){0}), KIND_CALL);
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), KIND_CALL | 7 << 8);
    CHECK_EQ(server->rdi, client->tid); /* no token: nothing to answer */
    CHECK(!blocked(client));
    CHECK_EQ(client->rax, 0);
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), -T_EAGAIN);
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = client->tid}), -T_EBADFD);
    sys(server, SYS_receive, (struct args){0});
    CHECK_EQ(sys(client, SYS_send, to(server, 8)), 0); /* taken at once */
    CHECK(!blocked(client) && !blocked(server));
    pair_end();
}

static void wait_takes_nothing_and_wakes_one(void)
{
    pair_make();
    struct thread *second = kit_thread(server->task);
    sys(server, SYS_wait, (struct args){0});
    sys(second, SYS_wait, (struct args){0});
    CHECK(blocked(server) && blocked(second));
    sys(client, SYS_send, to(server, 0));
    CHECK(!blocked(server) && blocked(second));
    CHECK_EQ(server->rax, KIND_CALL);
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), KIND_CALL | 7 << 8);
    pair_end();
}

static void fifo_order(void)
{
    pair_make();
    struct thread *third = kit_task(0, 0);
    sys(client, SYS_call, to(server, 8));
    sys(third, SYS_send, to(server, 8));
    sys(server, SYS_receive, (struct args){0});
    CHECK_EQ((uint32_t)server->rdi, client->tid);
    sys(server, SYS_receive, (struct args){0});
    CHECK_EQ(server->rdi, third->tid);
    pair_end();
}

static void bad_targets(void)
{
    pair_make();
    const uint32_t calls[] = {SYS_call, SYS_send, SYS_notify, SYS_post};
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t bad[] = {0, TID_ANY, 0xFFF, server->tid ^ 0x1000, server->tid ^ 0x80000000};
        for (unsigned k = 0; k < 5; k++)
            CHECK_EQ(sys(client, calls[i], (struct args){.rdi = bad[k], .rsi = 1}), -T_ESRCH);
        CHECK(!blocked(client));
    }
    uint32_t stale = server->tid;
    task_kill(server->task, 0);
    CHECK_EQ(sys(client, SYS_call, (struct args){.rdi = stale}), -T_ESRCH);
    pair_end();
}

static void bad_lengths(void)
{
    pair_make();
    const struct {
        uint64_t length, flags, address, size;
        long want;
    } rows[] = {
        {49, 0, 0, 0, -T_EINVAL},
        {0x7FFF, 0, 0, 0, -T_EINVAL},
        {0xFFFE, 0, 0, 0, -T_EINVAL},
        {0xFFFF, MSG_OUT, KIT_MEMORY, 1ull << 63, -T_EINVAL},
        {0xFFFF, MSG_OUT, KIT_MEMORY, ~0ull, -T_EINVAL},
        {0xFFFF, MSG_OUT, KIT_MEMORY, MSG_SIZE_MAX + 1, -T_E2BIG},
        {0xFFFF, MSG_OUT, KIT_MEMORY, MSG_SIZE_MAX, -T_EFAULT},
        {0xFFFF, MSG_OUT, KIT_MEMORY + KIT_BYTES - 1, 2, -T_EFAULT},
        {0xFFFF, MSG_OUT, USER_END - 1, 2, -T_EFAULT},
        {0xFFFF, MSG_OUT, ~0ull, 1, -T_EFAULT},
        {0xFFFF, MSG_OUT, 1ull << 63, 8, -T_EFAULT},
        {0xFFFF, MSG_IN, USER_END, 1, -T_EFAULT},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct args a = {.rdi = server->tid, .rsi = TAG(0, rows[i].flags, rows[i].length, 0)};
        a.w[4] = rows[i].address, a.w[5] = rows[i].size;
        CHECK_EQ(sys(client, SYS_call, a), rows[i].want);
        CHECK_EQ(sys(client, SYS_send, a), rows[i].want);
        CHECK(!blocked(client));
    }
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), -T_EAGAIN); /* nobody heard of it */
    pair_end();
}

static void tokens(void)
{
    pair_make();
    struct thread *stranger = kit_task(0, 0);
    sys(client, SYS_call, to(server, 8));
    CHECK_EQ(sys(stranger, SYS_reply, (struct args){.rdi = client->stamp}), -T_EBADFD);
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = client->stamp}),
             -T_EBADFD); /* not taken */
    sys(server, SYS_receive, (struct args){0});
    uint64_t token = server->rdi;
    for (unsigned bit = 0; bit < 64; bit++)
        CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = token ^ 1ull << bit}), -T_EBADFD);
    CHECK_EQ(sys(stranger, SYS_reply, (struct args){.rdi = token}), -T_EBADFD);
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = token, .rsi = TAG(0, 0, 49, 0)}),
             -T_EINVAL);
    CHECK(blocked(client)); /* a bad answer is none */
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = token}), 0);
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = token}), -T_EBADFD);
    sys(client, SYS_call, to(server, 8));
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = token}),
             -T_EBADFD); /* of the call before */
    CHECK_EQ(sys(server, SYS_reply_wait, (struct args){.rdi = token}), -T_EBADFD);
    CHECK(!blocked(server) && blocked(client));
    pair_end();
}

/* One thread of the server answers what another took: the other must keep no claim. */
static void answered_by_another_thread(void)
{
    pair_make();
    struct thread *second = kit_thread(server->task);
    sys(server, SYS_receive, (struct args){0});
    sys(client, SYS_call, to(server, 8));
    CHECK(server->client == client);
    CHECK_EQ(sys(second, SYS_reply, (struct args){.rdi = server->rdi}), 0);
    CHECK(!blocked(client));
    CHECK(server->client == &thread_none);
    CHECK_TEXT(kit_broken(), 0);
    pair_end();
}

/* A client that dies while its request is open leaves no claim on its block. */
static void client_dies(void)
{
    pair_make();
    sys(server, SYS_receive, (struct args){0});
    sys(client, SYS_call, to(server, 8));
    uint64_t token = server->rdi;
    task_kill(client->task, 0);
    CHECK_TEXT(kit_broken(), 0);
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = token}), -T_EBADFD);
    client = kit_task(0, 0);
    sys(client, SYS_send, to(server, 8));
    task_kill(client->task, 0);
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), -T_EAGAIN);
    pair_end();
}

static void server_dies(void)
{
    pair_make();
    struct thread *taken = kit_task(0, 0), *sender = kit_task(0, 0);
    sys(taken, SYS_call, to(server, 8));
    sys(server, SYS_receive, (struct args){0});
    sys(client, SYS_call, to(server, 8));
    sys(sender, SYS_send, to(server, 8));
    sys(server, SYS_exit, (struct args){.rdi = 3});
    CHECK_EQ(taken->rax, (uint64_t)-T_ENODEV);
    CHECK_EQ(client->rax, (uint64_t)-T_ENODEV);
    CHECK_EQ(sender->rax, (uint64_t)-T_ESRCH);
    CHECK(!blocked(taken) && !blocked(client) && !blocked(sender));
    pair_end();
}

static void notifications_and_posts(void)
{
    pair_make();
    CHECK_EQ(sys(client, SYS_notify, (struct args){.rdi = server->tid, .rsi = 5}), 0);
    CHECK_EQ(sys(client, SYS_notify, (struct args){.rdi = server->tid, .rsi = 2}), 0);
    CHECK_EQ(sys(client, SYS_notify, (struct args){.rdi = server->tid, .rsi = 0}), 0);
    for (unsigned i = 0; i < POST_SLOTS; i++)
        CHECK_EQ(sys(client, SYS_post, (struct args){.rdi = server->tid, .rsi = (uint64_t)i << 32}),
                 0);
    CHECK_EQ(sys(client, SYS_post, (struct args){.rdi = server->tid}), -T_EAGAIN);
    CHECK_EQ(sys(server, SYS_receive, (struct args){.w = W}), KIND_NOTIFY);
    CHECK_EQ(server->rdx, 7);
    CHECK_EQ(server->rdi | server->rsi | server->r10 | server->r8 | server->r9 | server->r12 |
                 server->r13,
             0);
    for (unsigned i = 0; i < POST_SLOTS; i++) {
        CHECK_EQ(sys(server, SYS_recv, (struct args){.w = W}), KIND_POST);
        CHECK_EQ(server->rsi, (uint64_t)i << 32);
        CHECK_EQ(server->rdi, client->tid);
        CHECK_EQ(server->rdx | server->r13, 0);
    }
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), -T_EAGAIN);
    sys(server, SYS_reply_wait, (struct args){0});
    CHECK(blocked(server));
    CHECK_EQ(sys(client, SYS_notify, (struct args){.rdi = server->tid, .rsi = 1ull << 63}), 0);
    CHECK_EQ(server->rdx, 1ull << 63);
    CHECK(!blocked(server));
    pair_end();
}

#define PAYLOAD_MAX 20000u
static uint8_t sent[PAYLOAD_MAX], seen[PAYLOAD_MAX];

static void payload_one(uint64_t size, uint64_t skew)
{
    vaddr_t from = KIT_MEMORY + 4096 + skew, at = KIT_MEMORY + 4096 + (skew * 7) % 4096;
    struct args call = {.rdi = server->tid, .rsi = TAG(1, MSG_OUT | MSG_IN, 0xFFFF, 0)};

    sys(server, SYS_taskctl, (struct args){.rsi = TASK_RXBUF, .w = {at, MSG_COPY_MAX}});
    CHECK_EQ(server->rax, 0);
    for (uint64_t i = 0; i < size; i++)
        sent[i] = (uint8_t)(i * 31 + size);
    poke(client, from, sent, size);
    sys(server, SYS_receive, (struct args){0});
    call.w[4] = from, call.w[5] = size;
    sys(client, SYS_call, call);
    CHECK_EQ(server->r13, size);
    bool fits = size <= MSG_COPY_MAX;
    CHECK_EQ(server->r12, fits ? at : 0);
    CHECK_EQ(TAG_FLAGS(server->rsi) & MSG_TRUNC, fits ? 0 : MSG_TRUNC);
    uint64_t token = server->rdi;
    for (uint64_t done = 0; !fits && done < size;) {
        struct args pull = {
            .rdi = token, .rsi = 0, .w = {done, KIT_MEMORY + 40960 + done, size - done}};
        long n = sys(server, SYS_xfer, pull);
        if (!CHECK(n > 0 && n <= (long)MSG_COPY_MAX))
            break;
        done += (uint64_t)n;
    }
    memset(seen, 0, size);
    peek(server, fits ? at : KIT_MEMORY + 40960, seen, size);
    CHECK(!memcmp(sent, seen, size));
    struct args reply = {.rdi = token, .rsi = TAG(0, MSG_OUT, 0xFFFF, 0)};
    reply.w[4] = fits ? at : KIT_MEMORY + 40960, reply.w[5] = size / 2;
    memset(seen, 0xAA, size);
    poke(client, from, seen, size);
    CHECK_EQ(sys(server, SYS_reply, reply), 0);
    CHECK_EQ(client->r12, from);
    CHECK_EQ(client->r13, size / 2);
    peek(client, from, seen, size / 2);
    CHECK(!memcmp(sent, seen, size / 2));
    peek(client, from + size / 2, seen, size - size / 2);
    CHECK(size - size / 2 == 0 || seen[0] == 0xAA);
}

static void payloads(void)
{
    pair_make();
    for (uint64_t size = 0; size <= PAYLOAD_MAX; size += size < 200 ? 1 : 97)
        payload_one(size, size % 4096);
    for (uint64_t size = MSG_COPY_MAX - 2; size <= MSG_COPY_MAX + 2; size++)
        payload_one(size, 4095);
    pair_end();
}

/* The payload goes away between send and take: the sender hears of it, the receiver of nothing. */
static void payload_vanishes(void)
{
    pair_make();
    struct thread *third = kit_task(0, 0);
    struct args send = {.rdi = server->tid, .rsi = TAG(0, MSG_OUT, 0xFFFF, 0)};
    send.w[4] = KIT_MEMORY + 4090, send.w[5] = 100;
    sys(client, SYS_send, send);
    sys(third, SYS_send, to(server, 8));
    CHECK(!space_unmap(&client->task->space, KIT_MEMORY + 4096, 4096));
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), KIND_CALL);
    CHECK_EQ(server->rdi, third->tid);
    CHECK_EQ(client->rax, (uint64_t)-T_EFAULT);
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), -T_EAGAIN);
    pair_end();
}

static void xfer_borders(void)
{
    pair_make();
    struct args call = {.rdi = server->tid, .rsi = TAG(1, MSG_OUT, 0xFFFF, 0)};
    call.w[4] = KIT_MEMORY, call.w[5] = 1000;
    sys(server, SYS_receive, (struct args){0});
    sys(client, SYS_call, call);
    uint64_t token = server->rdi;
    const struct {
        uint64_t rdi, rsi, at, own, bytes;
        long want;
    } rows[] = {
        {token, 0, 0, KIT_MEMORY, 1000, 1000},
        {token, 0, 1000, KIT_MEMORY, 0, 0},
        {token, 0, 1000, KIT_MEMORY, 1, -T_ERANGE},
        {token, 0, 1, KIT_MEMORY, 1000, -T_ERANGE},
        {token, 0, ~0ull, KIT_MEMORY, 2, -T_ERANGE},
        {token, 0, 2, KIT_MEMORY, ~0ull, -T_ERANGE},
        {token, 1, 0, KIT_MEMORY, 10, -T_EACCES},
        {token + STEP, 0, 0, KIT_MEMORY, 10, -T_EBADFD},
        {token, 0, 0, KIT_MEMORY + KIT_BYTES - 5, 10, -T_EFAULT},
        {token, 0, 0, USER_END, 10, -T_EFAULT},
        {token, 0, 0, ~0ull, 10, -T_EFAULT},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct args a = {.rdi = rows[i].rdi, .rsi = rows[i].rsi};
        a.w[0] = rows[i].at, a.w[1] = rows[i].own, a.w[2] = rows[i].bytes;
        CHECK_EQ(sys(server, SYS_xfer, a), rows[i].want);
    }
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = token}), 0);
    CHECK_EQ(sys(server, SYS_xfer, (struct args){.rdi = token}), -T_EBADFD);
    pair_end();
}

static void one_space_passes_the_pointer(void)
{
    pair_make();
    struct thread *second = kit_thread(server->task);
    struct args call = {.rdi = server->tid, .rsi = TAG(1, MSG_OUT, 0xFFFF, 0)};
    call.w[4] = KIT_MEMORY + 77, call.w[5] = 5000;
    sys(server, SYS_receive, (struct args){0});
    sys(second, SYS_call, call);
    CHECK_EQ(server->r12, KIT_MEMORY + 77);
    CHECK_EQ(server->r13, 5000);
    CHECK_EQ(TAG_FLAGS(server->rsi) & MSG_TRUNC, 0);
    pair_end();
}

static void deadlines(void)
{
    pair_make();
    mock_tick = ipc_timeout;
    sys(client, SYS_taskctl, (struct args){.rsi = TASK_DEADLINE, .w = {1000}});
    sys(server, SYS_receive, (struct args){0});
    sys(client, SYS_call, to(server, 8));
    CHECK(server->client != client); /* a caller with a deadline is C's */
    uint64_t token = server->rdi;
    ipc_timeout(client);
    CHECK_EQ(client->rax, (uint64_t)-T_ETIMEDOUT);
    CHECK_EQ(sys(server, SYS_reply, (struct args){.rdi = token}), -T_EBADFD);
    CHECK(!blocked(client));
    sys(client, SYS_receive, (struct args){0});
    ipc_timeout(client);
    CHECK_EQ(client->rax, (uint64_t)-T_ETIMEDOUT);
    sys(client, SYS_send, to(server, 8));
    ipc_timeout(client);
    CHECK_EQ(client->rax, (uint64_t)-T_ETIMEDOUT);
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), -T_EAGAIN);
    pair_end();
}

/* The same three round trips on each rung of the ladder: equal results. */
static void ladder(void)
{
    for (unsigned rung = 1; rung <= 3; rung++) {
        pair_make();
        uint64_t token = 0;
        sys(server, SYS_receive, (struct args){0});
        for (unsigned i = 0; i < 3; i++) {
            sys(client, SYS_call,
                (struct args){.rdi = server->tid, .rsi = TAG(1, 0, 8, 0), .w = {i}});
            token = server->rdi;
            struct args answer = {.rdi = token, .rsi = TAG(1, 0, 8, 0), .w = {server->rdx * 2}};
            if (rung == 1) {
                sys(server, SYS_reply, answer);
                while (sys(server, SYS_recv, (struct args){0}) != -T_EAGAIN)
                    ;
                sys(server, SYS_receive, (struct args){0});
            } else if (rung == 2) {
                sys(server, SYS_reply, answer);
                sys(server, SYS_receive, (struct args){0});
            } else {
                sys(server, SYS_reply_wait, answer);
            }
            CHECK_EQ(client->rdx, i * 2);
            CHECK(blocked(server) && !blocked(client));
        }
        pair_end();
    }
}

int main(void)
{
    kit_boot();
    words_of_each_length();
    flags_are_the_users();
    send_waits_until_taken();
    wait_takes_nothing_and_wakes_one();
    fifo_order();
    bad_targets();
    bad_lengths();
    tokens();
    answered_by_another_thread();
    client_dies();
    server_dies();
    notifications_and_posts();
    payloads();
    payload_vanishes();
    xfer_borders();
    one_space_passes_the_pointer();
    deadlines();
    ladder();
    check_shows("T41", "CORE's own tests on a mock machine: messages");
    return check_end("core messages");
}
