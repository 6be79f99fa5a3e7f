/* SPDX-License-Identifier: MIT
 * The life of a request, by hand: what an interruption does in each state, on each transport, and
 * what the caller gets for each answer. */
#include "kernel/core/request.h"
#include "kernel/core/test/kit.h"
#include "traces/test/check.h"

#define STEP (1ull << 44)

static struct thread *client, *server;

static void pair_make(void)
{
    client = kit_task(0, 7);
    server = kit_task(0, 0);
}

static void pair_end(void)
{
    CHECK_TEXT(kit_broken() ? kit_broken() : "", "");
    kit_end_all();
}

static long call(void)
{
    return sys(client, SYS_call, (struct args){.rdi = server->tid, .rsi = TAG(0, 0, 8, 0)});
}

static long reply(uint64_t word, long result)
{
    return sys(server, SYS_reply,
               (struct args){.rdi = word, .rsi = TAG(0, 0, 8, 0), .w = {(uint64_t)result}});
}

static void idle_waits_end(void)
{
    static const uint32_t calls[] = {SYS_receive, SYS_wait, SYS_reply_wait};

    for (unsigned i = 0; i < 3; i++) {
        pair_make();
        sys(client, calls[i], (struct args){0});
        CHECK(blocked(client));
        request_interrupt(client);
        CHECK(!blocked(client));
        CHECK_EQ(client->rax, -T_EINTR);
        request_interrupt(client); /* ready: nothing happens */
        CHECK_EQ(sys(client, SYS_null, (struct args){0}), 0);
        pair_end();
    }
    pair_make();
    sys(client, SYS_send, (struct args){.rdi = server->tid});
    request_interrupt(client);
    CHECK(!blocked(client) && mailbox_empty(server->task));
    CHECK_EQ(client->rax, -T_EINTR);
    pair_end();
}

static void queued_ends_taken_does_not(void)
{
    pair_make();
    call();
    request_interrupt(client);
    CHECK(!blocked(client) && mailbox_empty(server->task));
    CHECK_EQ(client->rax, -T_EINTR);
    call();
    sys(server, SYS_receive, (struct args){0});
    uint64_t word = server->rdi;
    request_interrupt(client);
    request_interrupt(client); /* told once */
    CHECK(blocked(client));
    CHECK_EQ(sys(server, SYS_wait, (struct args){0}), KIND_CANCEL);
    CHECK_EQ(sys(server, SYS_receive, (struct args){0}), KIND_CANCEL);
    CHECK_EQ(server->rdx, word);
    CHECK_EQ(server->rdi, 0);
    CHECK(mailbox_empty(server->task));
    CHECK_EQ(reply(word, -T_ECANCELED), 0);
    CHECK_EQ(client->rdx, -T_EINTR);
    CHECK_EQ(client->blockers, 0);
    pair_end();
}

/* The answers that matter, with and without a cancel: {answer, result without, with}. */
static void answers(void)
{
    static const long cases[][3] = {{5, 5, 5},
                                    {-T_ECANCELED, -T_ECANCELED, -T_EINTR},
                                    {-T_EINTR, -T_EIO, -T_EIO},
                                    {-T_ENOENT, -T_ENOENT, -T_ENOENT},
                                    {-4096, -T_EIO, -T_EIO}};

    for (unsigned i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        const long *c = cases[i / 2];
        pair_make();
        kit_open(server, ":answers", O_CREAT | O_EXCL);
        sys(server, SYS_receive, (struct args){0});
        kit_open(client, "answers:", O_RDONLY);
        CHECK_EQ((uint8_t)server->rax, KIND_SCHEME);
        if (i & 1)
            request_interrupt(client);
        reply(server->rdi, c[0]);
        long want = c[1 + (i & 1)];
        CHECK_EQ(client->rax, want == 5 ? 0 : want); /* the first descriptor */
        pair_end();
    }
}

/* A cancel that nobody took goes with its request, however that ends. */
static void cancel_ends_with_its_request(void)
{
    for (unsigned how = 0; how < 4; how++) {
        pair_make();
        call();
        sys(server, SYS_receive, (struct args){0});
        uint64_t word = server->rdi;
        request_interrupt(client);
        CHECK(!mailbox_empty(server->task));
        if (how == 0)
            CHECK_EQ(reply(word, 1), 0);
        else if (how == 1)
            ipc_timeout(client);
        else if (how == 2)
            task_kill(client->task, 0);
        else
            task_kill(server->task, 0);
        if (how < 3)
            CHECK(mailbox_empty(server->task));
        if (how == 1)
            CHECK_EQ(client->rax, -T_ETIMEDOUT);
        if (how == 3)
            CHECK_EQ(client->rax, -T_ENODEV);
        if (how == 1 || how == 2)
            CHECK_EQ(reply(word, 1), -T_EBADFD);
        pair_end();
    }
}

int main(void)
{
    kit_boot();
    idle_waits_end();
    queued_ends_taken_does_not();
    answers();
    cancel_ends_with_its_request();
    check_shows("T41", "CORE's own tests on a mock machine: requests");
    return check_end("core requests");
}
