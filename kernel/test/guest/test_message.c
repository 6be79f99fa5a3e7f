/* SPDX-License-Identifier: MIT
 * Messages between two tasks, over every rung of the ladder: words, headers, sizes, payloads by
 * copy and by xfer, tokens. All rungs must give the same. Signals, queues and deaths are
 * test_mailbox.c's. */
#include "kernel/test/guest/lib/peer.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define LONG_TAG(op, flags) TAG(op, flags, MSG_LENGTH_BUFFER, 0)
#define STEP                97u
#define HEADERS             4096u
#define NOISE               1000u
#define PAGE                4096u

static uint8_t *memory;
static unsigned step = 1; /* of the sizes that are tried on D3 */

/* Six words out, as many as the length says must arrive; the answer's likewise. */
static void words(enum peer_rung rung, long tid, unsigned length)
{
    struct guest_regs r = {.rsi = TAG(PEER_SEEN, 0, length, 0x12345678 + length)};
    unsigned count = (length + 7) / 8;

    for (unsigned i = 0; i < MSG_WORDS; i++)
        WORDS(&r)[i] = PEER_POISON + 16 * length + i;
    CHECK_EQ(peer_call(rung, tid, &r), 0);
    CHECK_EQ(TAG_HEADER(r.rsi), 0x12345678 + length);
    for (unsigned i = 0; i < MSG_WORDS; i++)
        CHECK_EQ(WORDS(&r)[i], i < count ? PEER_POISON + 16 * length + i : 0);

    r = (struct guest_regs){.rsi = TAG(PEER_SHORT, 0, 0, length)};
    for (unsigned i = 0; i < MSG_WORDS; i++)
        WORDS(&r)[i] = PEER_POISON * 5 + i;
    CHECK_EQ(peer_call(rung, tid, &r), 0);
    CHECK_EQ(TAG_LENGTH(r.rsi), length);
    for (unsigned i = 0; i < MSG_WORDS; i++)
        CHECK_EQ(WORDS(&r)[i], i < count ? PEER_POISON + i : 0);
}

/* The header is the user's: any pattern passes. */
static void headers(enum peer_rung rung, long tid)
{
    uint32_t pattern = 1;

    for (unsigned i = 0; i < HEADERS; i++, pattern = pattern * 1664525u + 1013904223u) {
        uint32_t header = i < 32 ? 1u << i : i < 34 ? i - 33u : pattern;
        struct guest_regs r = {.rsi = TAG(PEER_SEEN, 0, 0, header)};
        CHECK_EQ(peer_call(rung, tid, &r), 0);
        CHECK_EQ(TAG_HEADER(r.rsi), header);
        CHECK_EQ(TAG_OP(r.rsi), PEER_SEEN);
    }
}

/* Six random words under a random header come back as they went. */
static void noise(enum peer_rung rung, long tid)
{
    uint64_t x = 88172645463325252ull, wrong = 0;

    for (unsigned n = 0; n < NOISE; n++) {
        uint64_t sent[MSG_WORDS];
        struct guest_regs r = {.rsi = TAG(PEER_SEEN, 0, MSG_INLINE_MAX, 0)};
        for (unsigned i = 0; i < MSG_WORDS; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            WORDS(&r)[i] = sent[i] = x;
        }
        r.rsi |= x << 32;
        wrong += peer_call(rung, tid, &r) != 0 || TAG_HEADER(r.rsi) != (uint32_t)x;
        for (unsigned i = 0; i < MSG_WORDS; i++)
            wrong += WORDS(&r)[i] != sent[i];
    }
    CHECK_EQ(wrong, 0);
}

/* The kernel says who sent and with which level; what rdi held above the TID is nobody's. */
static void stamps(enum peer_rung rung, long tid)
{
    struct guest_regs r = {.rsi = TAG(PEER_STAMP, 0, 0, 0)};
    uint64_t own = (uint64_t)sys_self(SELF_TID);

    CHECK_EQ(peer_call(rung, tid, &r), 0);
    CHECK_EQ((uint32_t)r.rdx, own);
    CHECK_EQ(r.rdx >> 32 != 0, rung >= RUNG_D2); /* a send has no token */
    CHECK_EQ(r.r10, (uint64_t)sys_self(SELF_LEVEL) << 8 | KIND_CALL);
    if (rung >= RUNG_D2)
        CHECK_EQ((uint32_t)r.rdi, own);
    else
        CHECK_EQ(r.rdi, tid);
    r = (struct guest_regs){.rsi = TAG(PEER_STAMP, 0, 0, 0)};
    CHECK_EQ(peer_call(rung, (long)((uint64_t)tid | PEER_POISON), &r), 0);
    CHECK_EQ((uint32_t)r.rdx, own);
}

/* One payload to the server: in its receive buffer if it fits, else by xfer. */
static void payload(enum peer_rung rung, long tid, uint64_t size, unsigned odd)
{
    uint8_t *at = memory + PAGE + odd;
    bool fits = size <= PEER_RXBUF;
    enum peer_op op = fits ? PEER_SUM : PEER_PULL;
    struct guest_regs r = {.rsi = LONG_TAG(op, MSG_OUT), .r12 = (uint64_t)at, .r13 = size};

    if (rung < RUNG_D2 && !fits)
        return; /* a sender does not wait: nothing can be pulled */
    at[0] = (uint8_t)size;
    CHECK_EQ(peer_call(rung, tid, &r), 0);
    CHECK_EQ(r.rdx, peer_sum(at, size));
    CHECK_EQ(r.r10, size);
    CHECK_EQ(r.r8 & MSG_TRUNC, fits ? 0 : MSG_TRUNC);
    if (fits)
        CHECK_EQ(r.r9, 0);
}

static void payloads(enum peer_rung rung, long tid)
{
    static const uint64_t edges[] = {0,     1,     7,     8,     9,        40,   41,
                                     48,    49,    64,    4095,  4096,     4097, 8191,
                                     16383, 16384, 16385, 19999, PEER_SIZE};

    for (unsigned i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        payload(rung, tid, edges[i], i % 9);
    for (uint64_t size = 0; size <= PEER_SIZE; size += rung == RUNG_D3 ? step : STEP * 7)
        payload(rung, tid, size, (unsigned)(size % 13));
}

/* One answer into our buffer; nothing around it changes. */
static void answer(long tid, enum peer_op op, uint64_t room, uint64_t size)
{
    uint8_t *at = memory + PAGE + size % 11;
    struct guest_regs r = {.rsi = LONG_TAG(op, MSG_IN), .r10 = size, .r8 = size + 1};
    uint64_t wrong = 0;

    memset(memory + PAGE - 64, 0xA5, room + 192);
    r.r12 = (uint64_t)at, r.r13 = room;
    CHECK_EQ(peer_call(RUNG_D3, tid, &r), 0);
    bool fits = size <= room;
    if (op == PEER_PUSH)
        CHECK_EQ(r.rdx, fits ? (int64_t)size : -T_ERANGE);
    else
        CHECK(r.r13 == size && r.r12 == (fits ? (uint64_t)at : 0) &&
              !(TAG_FLAGS(r.rsi) & MSG_TRUNC) == fits);
    for (uint64_t i = 0; i < size && fits; i++)
        wrong += at[i] != peer_byte(size + 1, i);
    for (uint64_t i = 0; i < 64; i++)
        wrong += at[-1 - (long)i] != 0xA5 || at[room + i] != 0xA5;
    CHECK_EQ(wrong, 0);
}

static void answers(long tid)
{
    static const uint64_t sizes[] = {0, 1, 8, 41, 4095, 4096, 4097, 16384, 16385, PEER_SIZE};

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        answer(tid, PEER_FILL, sizes[i], sizes[i]);
        answer(tid, PEER_PUSH, sizes[i], sizes[i]);
        if (sizes[i] && sizes[i] < 4096)
            answer(tid, PEER_FILL, sizes[i] - 1, sizes[i]);
    }
    answer(tid, PEER_PUSH, 4096, 8192);
}

/* Arguments at their borders: the sender's error, and nothing reaches the server. */
static void borders(long tid)
{
    static const struct {
        uint64_t number, tag, at, size;
        long want;
    } bad[] = {{SYS_call, TAG(PEER_SEEN, 0, 49, 0), 0, 0, -T_EINVAL},
               {SYS_send, TAG(PEER_SEEN, 0, 49, 0), 0, 0, -T_EINVAL},
               {SYS_call, TAG(PEER_SEEN, 0, 0xFFFE, 0), 0, 0, -T_EINVAL},
               {SYS_call, LONG_TAG(PEER_SUM, MSG_OUT), 0x400000, ~0ull, -T_EINVAL},
               {SYS_call, LONG_TAG(PEER_SUM, MSG_OUT), 0x400000, 1ull << 63, -T_EINVAL},
               {SYS_call, LONG_TAG(PEER_SUM, MSG_OUT), 0x400000, MSG_SIZE_MAX + 1, -T_E2BIG},
               {SYS_send, LONG_TAG(PEER_SUM, MSG_OUT), 0x400000, MSG_SIZE_MAX + 1, -T_E2BIG},
               {SYS_call, LONG_TAG(PEER_SUM, MSG_IN), 0x400000, MSG_SIZE_MAX + 1, -T_E2BIG},
               {SYS_call, LONG_TAG(PEER_SUM, MSG_OUT), 0, 8, -T_EFAULT},
               {SYS_send, LONG_TAG(PEER_SUM, MSG_OUT), 0, 8, -T_EFAULT},
               {SYS_call, LONG_TAG(PEER_SUM, MSG_OUT), USER_END - 8, 9, -T_EFAULT},
               {SYS_call, LONG_TAG(PEER_SUM, MSG_OUT), DIRECT_BASE, 8, -T_EFAULT}};
    uint64_t before = peer_ask(tid, PEER_COUNT, 0, 0).rdx;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct guest_regs r = {.rax = bad[i].number,
                               .rdi = (uint64_t)tid,
                               .rsi = bad[i].tag,
                               .r12 = bad[i].at,
                               .r13 = bad[i].size};
        CHECK_EQ(peer_syscall(&r), bad[i].want);
    }
    /* A hole behind the first page. */
    uint8_t *hole = guest_memory(3 * PAGE);
    CHECK_EQ(sys_munmap((uint64_t)hole + PAGE, PAGE), 0);
    struct guest_regs r = {.rsi = LONG_TAG(PEER_SUM, MSG_OUT), .r12 = (uint64_t)hole, .r13 = 8192};
    CHECK_EQ(peer_call(RUNG_D3, tid, &r), -T_EFAULT);
    CHECK_EQ(peer_ask(tid, PEER_COUNT, 0, 0).rdx, before + 1);
    CHECK_EQ(sys_munmap((uint64_t)hole, 3 * PAGE), 0);
}

/* A mebibyte is the most; the server reads one end of it. */
static void largest(long tid)
{
    uint8_t *big = guest_memory(MSG_SIZE_MAX);
    struct guest_regs r = {
        .rsi = LONG_TAG(PEER_BOUNDS, MSG_OUT), .r12 = (uint64_t)big, .r13 = MSG_SIZE_MAX};

    CHECK_EQ(peer_call(RUNG_D3, tid, &r), 0);
    CHECK_EQ(r.rdx, 0);
    CHECK_EQ(sys_munmap((uint64_t)big, MSG_SIZE_MAX), 0);
}

static void tokens(long tid)
{
    CHECK_EQ(peer_ask(tid, PEER_FORGE, 0, 0).rdx, 0);
    CHECK_EQ(peer_ask(tid, PEER_BROKEN, 0, 0).rdx, 0);
    CHECK_EQ(peer_ask(tid, PEER_FORGE, 0, 0).rdx, 0);
}

static void rung(enum peer_rung rung)
{
    long tid = guest_child("peer", rung);

    if (!CHECK(tid > 0))
        return;
    SHOWS("T23,X9", "a rung of the ladder: words within the length arrive, those beyond are zero, "
                    "whatever the sender had in its registers");
    for (unsigned length = 0; length <= MSG_INLINE_MAX; length++)
        words(rung, tid, length);
    SHOWS("T24,T25", "4096 patterns of the header pass unchanged, in messages without a payload");
    headers(rung, tid);
    SHOWS("T21", "the sender is whom the kernel says, not whom the message says");
    stamps(rung, tid);
    SHOWS("T28", "messages of random words and headers: nothing in them means anything");
    noise(rung, tid);
    SHOWS("T26", rung == RUNG_D3
                     ? "payloads of every size from 0 to 20000, misaligned on both sides"
                     : "payloads of sizes from 0 to 20000, misaligned on both sides");
    payloads(rung, tid);
    if (rung == RUNG_D2 || rung == RUNG_D3) {
        SHOWS("T27",
              "answers by buffer and by xfer, sizes and addresses at their borders, forged tokens");
        answers(tid);
        borders(tid);
        largest(tid);
        tokens(tid);
    }
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        peer_serve((enum peer_rung)(argv[2][0] - '0'));
    if (argc > 1) /* "short": with all others, on slow machines */
        step = STEP;
    memory = guest_memory(3 * PAGE + PEER_SIZE);
    for (unsigned i = 0; i < 2 * PAGE + PEER_SIZE; i++)
        memory[i] = peer_byte(7, i);
    for (unsigned i = 0; i < RUNG_COUNT; i++)
        rung((enum peer_rung)i);
    return guest_end("message");
}
