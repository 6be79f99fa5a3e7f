/* SPDX-License-Identifier: MIT
 * The classic transport, register by register: what a record holds, which answers are taken, where
 * payloads lie, what is left when either side goes. */
#include "kernel/core/capture.h"
#include "kernel/core/classic.h"
#include "kernel/core/ipc.h"
#include "kernel/core/request.h"
#include "kernel/core/test/kit.h"
#include "kernel/hal/page.h"
#include "traces/test/check.h"

#include <string.h>

#define RECORDS      (KIT_MEMORY + 0x1000)
#define ANSWERS      (KIT_MEMORY + 0x2000)
#define RXBUF        (KIT_MEMORY + 0x3000)
#define DATA         (KIT_MEMORY + 0x1000) /* of the client */
#define LONG_IN(op)  TAG(op, MSG_IN, MSG_LENGTH_BUFFER, 0)
#define LONG_OUT(op) TAG(op, MSG_OUT, MSG_LENGTH_BUFFER, 0)

static struct thread *client, *server;
static uint64_t root, fd;
static struct msg record[8];

static long root_read(uint64_t bytes)
{
    return sys(server, SYS_read,
               (struct args){root, LONG_IN(OP_read), {0, bytes, 0, 0, RECORDS, bytes}});
}

static long take(unsigned count)
{
    memset(record, 0xA5, sizeof(record));
    long error = root_read(count * sizeof(struct msg));
    if (!error)
        peek(server, RECORDS, record, count * sizeof(struct msg));
    return error ? error : (long)server->rdx;
}

static long answer(uint64_t word, long result)
{
    const struct answer a = {word, result};

    poke(server, ANSWERS, &a, sizeof(a));
    long error =
        sys(server, SYS_write, (struct args){root, LONG_OUT(OP_write), {0, 16, 0, 0, ANSWERS, 16}});
    return error ? error : (long)server->rdx;
}

static void pair_make(uint64_t flags)
{
    client = kit_task(0, 7);
    server = kit_task(0, 0);
    sys(server, SYS_taskctl, (struct args){0, TASK_RXBUF, {RXBUF, 0x1000}});
    root = (uint64_t)kit_open(server, ":classic", O_CREAT | O_EXCL | O_CLASSIC | flags);
    kit_open(client, "classic:some", O_RDWR);
    CHECK_EQ(take(4), 64);
    CHECK_EQ(TAG_OP(record[0].tag), OP_open);
    CHECK_EQ(record[0].w[1], O_RDWR);
    CHECK_EQ(record[0].w[3], 7 << 8 | KIND_SCHEME);
    CHECK_EQ(record[0].w[4], RXBUF);
    CHECK_EQ(record[0].w[5], 4);
    char path[4];
    peek(server, RXBUF, path, 4);
    CHECK(!memcmp(path, "some", 4));
    CHECK(blocked(client));
    CHECK_EQ(answer(record[0].caller, 0x77), 16);
    CHECK(!blocked(client));
    fd = client->rax;
}

static void pair_end(void)
{
    CHECK_TEXT(kit_broken() ? kit_broken() : "", "");
    kit_end_all();
    CHECK_EQ(capture_counts.open, 0);
    CHECK_EQ(capture_counts.orphans, 0);
}

static void read_short(struct thread *t, uint64_t bytes)
{
    sys(t, SYS_read, (struct args){fd, TAG_READ_SHORT, {0, bytes}});
}

static void records_and_answers(void)
{
    pair_make(O_NONBLOCK);
    CHECK_EQ(take(1), -T_EAGAIN + 0);
    struct thread *more[3];
    for (unsigned i = 0; i < 3; i++) {
        more[i] = kit_thread(client->task);
        read_short(more[i], i + 1);
    }
    CHECK_EQ(root_read(63), -T_EINVAL);
    CHECK_EQ(take(2), 128);
    CHECK_EQ(record[0].tag, TAG_READ_SHORT);
    CHECK_EQ(record[0].w[0], 0x77);
    CHECK_EQ(record[0].w[1], 1);
    CHECK_EQ(record[1].w[1], 2);
    CHECK_EQ(record[1].w[2] | record[1].w[3] | record[1].w[4] | record[1].w[5], 0);
    uint64_t first = record[0].caller, second = record[1].caller;
    CHECK_EQ(answer(more[2]->stamp, 1), -T_EBADFD); /* not taken yet */
    CHECK_EQ(take(8), 64);
    CHECK_EQ(answer(second + STAMP_STEP, 1), -T_EBADFD);
    CHECK_EQ(answer(second, -T_EIO), 16); /* in any order */
    CHECK_EQ(answer(second, 1), -T_EBADFD);
    CHECK(!blocked(more[1]) && blocked(more[0]));
    CHECK_EQ(more[1]->rdx, -T_EIO);
    struct {
        struct answer a;
        uint64_t words[ANSWER_WORDS];
        struct answer b, c;
    } many = {
        {first, ANSWER_INLINE | 1}, {0x11, ~0ull, 3, 4, 5}, {first, 0}, {record[0].caller, 3}};
    poke(server, ANSWERS, &many, sizeof(many));
    sys(server, SYS_write,
        (struct args){root, LONG_OUT(OP_write), {0, sizeof(many), 0, 0, ANSWERS, sizeof(many)}});
    CHECK_EQ(server->rdx, 56); /* up to the double one */
    CHECK_EQ(more[0]->rdx, 1);
    CHECK_EQ(more[0]->r10, 0x11);
    CHECK_EQ(more[0]->r8, 0);
    CHECK(blocked(more[2]));
    sys(server, SYS_close, (struct args){.rdi = root}); /* the scheme dies */
    CHECK_EQ(more[2]->rax, -T_ENODEV);
    pair_end();
}

static void reply_and_next(void)
{
    pair_make(0);
    sys(server, SYS_fcall,
        (struct args){root, TAG(OP_fcall, 0, 48, 0), {0, FCALL_NEXT, 0, 0, RECORDS, 512}});
    CHECK(blocked(server));
    read_short(client, 8);
    CHECK(!blocked(server) && blocked(client));
    CHECK_EQ(server->rdx, 64);
    CHECK_EQ(server->r10, 0);
    peek(server, RECORDS, record, 64);
    const struct answer two[2] = {{record[0].caller, 8}, {record[0].caller, 8}};
    poke(server, ANSWERS, two, sizeof(two));
    sys(server, SYS_fcall,
        (struct args){root, TAG(OP_fcall, 0, 48, 0), {0, FCALL_NEXT, ANSWERS, 32, RECORDS, 512}});
    CHECK(!blocked(client) && !blocked(server));
    CHECK_EQ(server->rdx, -T_EBADFD);
    CHECK_EQ(server->r10, 16);
    read_short(client, 8);
    CHECK_EQ(take(8), 64);
    request_interrupt(client);
    CHECK(blocked(client));
    CHECK_EQ(take(8), 64);
    CHECK_EQ(TAG_OP(record[0].tag), OP_cancel);
    CHECK_EQ(record[0].w[0], client->stamp);
    CHECK_EQ(answer(client->stamp, -T_ECANCELED), 16);
    CHECK_EQ(client->rdx, -T_EINTR);
    sys(client, SYS_close, (struct args){.rdi = fd});
    CHECK_EQ(take(8), 64);
    CHECK_EQ(TAG_OP(record[0].tag), OP_close);
    CHECK_EQ(record[0].w[0], 0x77);
    pair_end();
}

static void payloads_share_the_buffer(void)
{
    char text[0x1000];

    pair_make(0);
    struct thread *second = kit_thread(client->task), *third = kit_thread(client->task);
    memset(text, 'x', sizeof(text));
    poke(client, DATA, text, sizeof(text));
    const struct args write = {fd, LONG_OUT(OP_write), {0, 0x7F1, 0, 0, DATA, 0x7F1}};
    sys(client, SYS_write, write);
    sys(second, SYS_write, write);
    sys(third, SYS_write, write);
    CHECK_EQ(take(3), 192);
    CHECK_EQ(record[0].w[4], RXBUF);
    CHECK_EQ(record[1].w[4], RXBUF + 0x7F8);
    CHECK_EQ(record[2].w[4], 0);
    CHECK(TAG_FLAGS(record[2].tag) & MSG_TRUNC);
    CHECK_EQ(sys(server, SYS_xfer, (struct args){record[2].caller, 0, {0, RXBUF, 0x7F1}}), 0x7F1);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(answer(record[i].caller, 0x7F1), 16);
    CHECK_EQ(client->rdx, 0x7F1);
    pair_end();
}

/* A read into a buffer that lies askew over three pages. */
static void captures(void)
{
    enum { AT = 0x1900, BYTES = 0x2300 };
    uint8_t was[0x3000], now[0x3000];
    uint64_t free_pages;

    pair_make(O_MAPPED);
    sys(server, SYS_fcall, (struct args){root, TAG(OP_fcall, 0, 48, 0), {0, FCALL_MAP_FROM, 1}});
    memset(was, 0x5A, sizeof(was));
    poke(client, DATA, was, sizeof(was));
    for (unsigned how = 0; how < 4; how++) {
        free_pages = page_free_count();
        uint64_t to = DATA + AT - 0x1000;
        sys(client, SYS_read, (struct args){fd, LONG_IN(OP_read), {0, BYTES, 0, 0, to, BYTES}});
        CHECK_EQ(take(8), 64);
        uint64_t at = record[0].w[4], word = record[0].caller;
        CHECK(at && at % PAGE_SIZE == to % PAGE_SIZE);
        CHECK_EQ(capture_counts.open, 1);
        memset(now, 0, sizeof(now));
        peek(server, at & ~0xFFFull, now, 0x3000);
        for (unsigned i = 0; i < 0x900; i++)
            HOLD_EQ(now[i], 0);
        CHECK_EQ(now[0x1000], how ? 0xC3 : 0x5A); /* a whole page of the client's */
        CHECK_EQ(sys(server, SYS_munmap, (struct args){.rdi = at & ~0xFFFull, .rsi = 0x1000}),
                 -T_EBUSY);
        CHECK_EQ(sys(server, SYS_mprotect, (struct args){at & ~0xFFFull, 0x1000, {PROT_READ}}),
                 -T_EBUSY);
        CHECK_EQ(sys(server, SYS_xfer, (struct args){word, 1, {0, RXBUF, 8}}), -T_EACCES);
        memset(now, 0xC3, sizeof(now));
        poke(server, at & ~0xFFFull, now, 0x3000); /* beyond the payload too */
        if (how == 0) {
            CHECK_EQ(answer(word, 0x2201), 16);
            CHECK_EQ(client->rdx, 0x2201);
            peek(client, DATA, now, sizeof(now));
            CHECK(now[0x8FF] == 0x5A && now[0x900] == 0xC3 && now[0x2B00] == 0xC3);
            CHECK(now[0x2B01] == 0x5A && now[0x2C00] == 0x5A);
        } else if (how == 1) {
            ipc_timeout(client);
            CHECK(!blocked(client));
            CHECK_EQ(client->rax, -T_ETIMEDOUT);
            CHECK_EQ(capture_counts.orphans, 1);
            peek(server, at, now, 1); /* still there */
            CHECK_EQ(answer(word, 1), -T_EBADFD);
        } else if (how == 2) {
            page_fails = true; /* then it is copied */
            CHECK_EQ(answer(word, 1), 16);
            sys(client, SYS_read, (struct args){fd, LONG_IN(OP_read), {0, 64, 0, 0, to, 64}});
            CHECK_EQ(take(8), 64);
            CHECK_EQ(record[0].w[4], 0);
            CHECK_EQ(answer(record[0].caller, 0), 16);
            page_fails = false;
        } else {
            task_kill(client->task, 0);
            CHECK_EQ(capture_counts.orphans, 1);
            sys(server, SYS_close, (struct args){.rdi = root});
        }
        CHECK_EQ(capture_counts.open, 0);
        if (how == 1 || how == 2) /* the first one takes a page of blocks, which stays */
            CHECK_EQ(page_free_count(), free_pages);
    }
    pair_end();
}

/* The same by message: the reply's W0 says how much of the mapped buffer counts. */
static void captures_by_message(void)
{
    uint8_t bytes[0x2000];

    client = kit_task(0, 7);
    server = kit_task(0, 0);
    root = (uint64_t)kit_open(server, ":mapped", O_CREAT | O_EXCL | O_MAPPED);
    sys(server, SYS_fcall, (struct args){root, TAG(OP_fcall, 0, 48, 0), {0, FCALL_MAP_FROM, 64}});
    kit_open(client, "mapped:", O_RDWR);
    sys(server, SYS_receive, (struct args){0});
    sys(server, SYS_reply, (struct args){.rdi = server->rdi, .rsi = TAG(OP_open, 0, 8, 0)});
    fd = client->rax;
    memset(bytes, 0x5A, sizeof(bytes));
    poke(client, DATA, bytes, sizeof(bytes));
    for (unsigned round = 0; round < 3; round++) {
        unsigned size = round ? 64 : 63;
        enum op op = round == 1 ? OP_fcall : OP_read; /* a call holds no description */
        const struct args ask = {fd, LONG_IN(op), {0, size, 0, 0, DATA + 0x10, size}};
        sys(client, op == OP_read ? SYS_read : SYS_fcall, ask);
        sys(server, SYS_receive, (struct args){0});
        CHECK_EQ(server->r12 != 0, size == 64);
        CHECK_EQ(capture_counts.open, size == 64);
        uint64_t at = server->r12, word = server->rdi;
        memset(bytes, 0xC3, sizeof(bytes));
        if (at)
            poke(server, at & ~0xFFFull, bytes, 0x1000);
        const struct args reply = {.rdi = word, .rsi = TAG(op, 0, 8, 0), .w = {at ? 40 : 0}};
        server->rax = SYS_reply_wait, server->rdi = word, server->rsi = reply.rsi;
        CHECK(!ipc_memory(server)); /* what is mapped is brought home by ipc.c alone */
        CHECK_EQ(sys(server, SYS_reply, reply), 0);
        CHECK_EQ(client->rdx, at ? 40 : 0);
        CHECK_EQ(capture_counts.open, 0);
    }
    peek(client, DATA, bytes, sizeof(bytes));
    CHECK(bytes[0xF] == 0x5A && bytes[0x10] == 0xC3 && bytes[0x37] == 0xC3 && bytes[0x38] == 0x5A);
    pair_end();
}

int main(void)
{
    kit_boot();
    captures_by_message();
    records_and_answers();
    reply_and_next();
    payloads_share_the_buffer();
    captures();
    check_shows("T41", "CORE's own tests on a mock machine: classic");
    return check_end("core classic");
}
