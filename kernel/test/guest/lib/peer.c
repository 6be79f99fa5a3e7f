/* SPDX-License-Identifier: MIT
 * See peer.h. */
#include "kernel/test/guest/lib/peer.h"

#include "servers/lib/string.h"

#define PIECE               4096u
#define LONG_TAG(op, flags) TAG(op, flags, MSG_LENGTH_BUFFER, 0)

static uint8_t buffer[PEER_RXBUF + PEER_ODD + 8] __attribute__((aligned(4096)));
static uint8_t work[PEER_SIZE + PIECE];
static uint64_t taken, kept, bits, posts;
static bool serving; /* a server whose registers are wrong ends, which its client notices */

uint64_t peer_sum(const uint8_t *bytes, uint64_t count)
{
    uint64_t sum = count, i = 0, eight;

    for (; i + 8 <= count; i += 8) {
        memcpy(&eight, bytes + i, 8);
        sum = (sum << 5 | sum >> 59) ^ eight;
    }
    for (; i < count; i++)
        sum = (sum << 5 | sum >> 59) ^ bytes[i];
    return sum;
}

long peer_syscall(struct guest_regs *r)
{
    static uint64_t back;
    uint64_t number = r->rax;

    r->rbx = PEER_POISON + 1, r->rbp = PEER_POISON + 2;
    r->r14 = PEER_POISON + 3, r->r15 = PEER_POISON + 4;
    r->rcx = r->r11 = PEER_POISON;
    guest_syscall(r);
    back = back ? back : r->rcx;
    bool kept_ones = r->rbx == PEER_POISON + 1 && r->rbp == PEER_POISON + 2 &&
                     r->r14 == PEER_POISON + 3 && r->r15 == PEER_POISON + 4;
    bool good = kept_ones && r->rcx == back && r->r11 == 0x202;
    if (!good && serving)
        sys_exit(4);
    if (!good)
        guest_check_equal((int64_t)number, -1, "registers after call", __LINE__);
    return (long)r->rax;
}

static long xfer(uint64_t caller, uint64_t direction, uint64_t offset, void *at, uint64_t bytes)
{
    const struct xfer x = {caller, direction, offset, (uint64_t)at, bytes};

    return sys_xfer(&x);
}

/* The whole buffer of the caller into work, or out of it, in pieces of odd sizes. */
static long move(const struct guest_regs *r, uint64_t direction, uint64_t size)
{
    uint64_t at = 0;

    while (at < size) {
        uint64_t part = size - at < PIECE - 1 ? size - at : PIECE - 1;
        long moved = xfer(r->rdi, direction, at, work + at, part);
        if (moved <= 0)
            return moved ? moved : -T_EIO;
        at += (uint64_t)moved;
    }
    return (long)at;
}

static uint64_t bounds(const struct guest_regs *r)
{
    uint64_t size = r->r13, wrong = 0;

    wrong += xfer(r->rdi, XFER_PULL, size + 1, work, 0) != -T_ERANGE;
    wrong += xfer(r->rdi, XFER_PULL, 0, work, size + 1) != -T_ERANGE;
    wrong += xfer(r->rdi, XFER_PULL, 1, work, size) != -T_ERANGE;
    wrong += xfer(r->rdi, XFER_PULL, 1, work, ~0ull) != -T_ERANGE;
    wrong += xfer(r->rdi, XFER_PULL, ~0ull, work, 1) != -T_ERANGE;
    wrong += xfer(r->rdi, XFER_PUSH, 0, work, 1) != -T_EACCES;
    wrong += xfer(r->rdi, XFER_PULL, 0, (void *)USER_END, 1) != -T_EFAULT;
    wrong += xfer(r->rdi, XFER_PULL, 0, (void *)DIRECT_BASE, 8) != -T_EFAULT;
    wrong += xfer(r->rdi, XFER_PULL, 0, (void *)(KERNEL_BASE + 0x100000), 8) != -T_EFAULT;
    wrong += xfer(r->rdi, XFER_PULL, 0, (void *)0x400000, 8) != -T_EFAULT; /* our own text */
    wrong += xfer(r->rdi + (1ull << 44), XFER_PULL, 0, work, 1) != -T_EBADFD;
    wrong += xfer(r->rdi ^ 1ull << 32, XFER_PULL, 0, work, 1) != -T_EBADFD;
    wrong += xfer(0, XFER_PULL, 0, work, 1) != -T_EBADFD;
    wrong += xfer(r->rdi, XFER_PULL, size, work, 0) != 0;
    return wrong;
}

static long answer(uint64_t number, uint64_t caller, uint64_t tag)
{
    struct guest_regs r = {.rax = number, .rdi = caller, .rsi = tag};

    return peer_syscall(&r);
}

/* Replies to everything but the true token. */
static uint64_t forge(uint64_t caller)
{
    uint64_t wrong = 0;

    for (unsigned bit = 0; bit < 64; bit++)
        wrong += answer(SYS_reply, caller ^ 1ull << bit, 0) != -T_EBADFD;
    wrong += answer(SYS_reply, caller - (1ull << 44), 0) != -T_EBADFD;
    wrong += answer(SYS_reply, 0, 0) != -T_EBADFD;
    wrong += answer(SYS_reply_wait, ~0ull, 0) != -T_EBADFD;
    wrong += answer(SYS_reply_wait, caller ^ 1ull << 50, 0) != -T_EBADFD;
    return wrong;
}

/* Payloads that cannot be; the caller goes on waiting. */
static uint64_t broken(uint64_t caller)
{
    static const struct {
        uint64_t tag, at, size;
        long want;
    } bad[] = {{TAG(0, 0, 49, 0), 0, 0, -T_EINVAL},
               {TAG(0, 0, 0xFFFE, 0), 0, 0, -T_EINVAL},
               {LONG_TAG(0, MSG_OUT), 0, 8, -T_EFAULT},
               {LONG_TAG(0, MSG_OUT), USER_END, 8, -T_EFAULT},
               {LONG_TAG(0, MSG_OUT), DIRECT_BASE, 8, -T_EFAULT},
               {LONG_TAG(0, MSG_OUT), 0x400000, MSG_SIZE_MAX + 1, -T_E2BIG},
               {LONG_TAG(0, MSG_OUT), 0x400000, ~0ull, -T_EINVAL}};
    uint64_t wrong = 0;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct guest_regs r = {.rax = i & 1 ? SYS_reply_wait : SYS_reply,
                               .rdi = caller,
                               .rsi = bad[i].tag,
                               .r12 = bad[i].at,
                               .r13 = bad[i].size};
        wrong += peer_syscall(&r) != bad[i].want;
    }
    return wrong;
}

static void sum(struct guest_regs *r, const struct guest_regs *in)
{
    bool pulled = TAG_OP(in->rsi) == PEER_PULL;
    const uint8_t *at = pulled ? work : (const uint8_t *)in->r12;
    uint64_t *w = WORDS(r);
    long moved = pulled ? move(in, XFER_PULL, in->r13) : 0;

    w[0] = at && moved >= 0 ? peer_sum(at, in->r13) : 0;
    w[1] = in->r13;
    w[2] = TAG_FLAGS(in->rsi);
    w[3] = in->r12 - (uint64_t)(buffer + PEER_ODD);
}

static void fill(struct guest_regs *r, const struct guest_regs *in)
{
    uint64_t size = in->r10, seed = in->r8;

    for (uint64_t i = 0; i < size; i++)
        work[i] = peer_byte(seed, i);
    if (TAG_OP(in->rsi) == PEER_PUSH) {
        WORDS(r)[0] = (uint64_t)move(in, XFER_PUSH, size);
        return;
    }
    r->rsi = LONG_TAG(PEER_FILL, MSG_OUT);
    r->r12 = (uint64_t)work;
    r->r13 = size;
}

__attribute__((noreturn)) static void half(const struct guest_regs *in)
{
    move(in, XFER_PULL, in->r13 / 2);
    sys_exit(3);
}

/* Makes the answer to *in in *r; false: there is none. */
static bool serve(struct guest_regs *r, const struct guest_regs *in)
{
    uint64_t *w = WORDS(r);
    enum peer_op op = (enum peer_op)TAG_OP(in->rsi);

    *r = (struct guest_regs){.rdi = in->rdi};
    r->rsi = TAG(op, 0, MSG_INLINE_MAX, TAG_HEADER(in->rsi));
    switch (op) {
    case PEER_SEEN:
        memcpy(w, &in->rdx, MSG_WORDS * 8);
        break;
    case PEER_SHORT:
        r->rsi = TAG(op, 0, TAG_HEADER(in->rsi), TAG_HEADER(in->rsi));
        for (unsigned i = 0; i < MSG_WORDS; i++)
            w[i] = PEER_POISON + i;
        break;
    case PEER_STAMP:
        w[0] = in->rdi, w[1] = in->rax;
        break;
    case PEER_SUM:
    case PEER_PULL:
        sum(r, in);
        break;
    case PEER_FILL:
    case PEER_PUSH:
        fill(r, in);
        break;
    case PEER_BOUNDS:
        w[0] = bounds(in);
        break;
    case PEER_FORGE:
        w[0] = forge(in->rdi);
        break;
    case PEER_BROKEN:
        w[0] = broken(in->rdi);
        break;
    case PEER_KEEP:
        kept = in->rdi;
        return false;
    case PEER_LATE:
        w[0] = (uint64_t)answer(SYS_reply, kept, 0);
        break;
    case PEER_COUNT:
        w[0] = taken;
        break;
    case PEER_BITS:
        w[0] = bits, w[1] = posts;
        bits = posts = 0;
        break;
    case PEER_HALF:
        half(in);
    default:
        sys_exit(3);
    }
    return true;
}

static void woken(uint64_t signal)
{
    (void)signal;
    sys_sigreturn(0);
}

static void nap(void)
{
    sys_sigaction(SIGUSR1, (uint64_t)woken, 0, 0);
    sys_sleep(~0ull);
}

/* What needs no answer: notifications and posts. */
static bool aside(const struct guest_regs *in)
{
    unsigned kind = (uint8_t)in->rax;

    if (kind == KIND_NOTIFY)
        bits |= in->rdx;
    posts += kind == KIND_POST;
    if (kind == KIND_POST && TAG_OP(in->rsi) == PEER_NAP)
        nap();
    return kind == KIND_NOTIFY || kind == KIND_POST;
}

/* Registers that a message must overwrite, all of them. */
static void dirty(struct guest_regs *r)
{
    for (unsigned i = 0; i < MSG_WORDS; i++)
        WORDS(r)[i] = PEER_POISON * 3 + i;
}

static void take(enum peer_rung rung, struct guest_regs *r)
{
    for (;;) {
        if (rung == RUNG_D0)
            sys_wait();
        *r = (struct guest_regs){.rax = rung == RUNG_D0 ? SYS_recv : SYS_receive};
        dirty(r);
        long kind = peer_syscall(r);
        if (kind >= 0 && !aside(r))
            return;
    }
}

void peer_serve(enum peer_rung rung)
{
    struct guest_regs in, out;

    serving = true;
    sys_taskctl(0, TASK_RXBUF, (struct taskctl){(uint64_t)buffer + PEER_ODD, PEER_RXBUF, 0, 0});
    take(rung, &in);
    for (;;) {
        taken++;
        bool answered = serve(&out, &in);
        if (rung == RUNG_D3 && answered) {
            out.rax = SYS_reply_wait;
            long kind = peer_syscall(&out);
            in = out;
            if (kind < 0 || aside(&in))
                take(rung, &in);
            continue;
        }
        out.rax = rung < RUNG_D2 ? SYS_send : SYS_reply;
        if (answered)
            peer_syscall(&out);
        take(rung, &in);
    }
}

long peer_call(enum peer_rung rung, long tid, struct guest_regs *r)
{
    r->rdi = (uint64_t)tid;
    if (rung >= RUNG_D2) {
        r->rax = SYS_call;
        return peer_syscall(r);
    }
    r->rax = SYS_send;
    long e = peer_syscall(r);
    if (e)
        return e;
    if (rung == RUNG_D0)
        sys_wait();
    r->rax = rung == RUNG_D0 ? SYS_recv : SYS_receive;
    dirty(r);
    e = peer_syscall(r);
    return e < 0 ? e : 0;
}

struct guest_regs peer_ask(long tid, enum peer_op op, uint64_t w1, uint64_t w2)
{
    struct guest_regs r = {.rsi = TAG(op, 0, MSG_INLINE_MAX, 0), .r10 = w1, .r8 = w2};

    long e = peer_call(RUNG_D3, tid, &r);
    guest_check_equal(e, 0, "peer_ask", (int)op);
    return r;
}
