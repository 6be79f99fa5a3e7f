/* SPDX-License-Identifier: MIT
 * Mailboxes: what lies in them and who waits for it. Posts, notifications, deadlines, several
 * threads on one mailbox, stale names, and the death of either side at every point of a call. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/peer.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"

#define LONG_TAG(op, flags) TAG(op, flags, MSG_LENGTH_BUFFER, 0)
#define PAGE                4096u
#define DEATHS              8u
#define LOW                 8u

static long own(void)
{
    return sys_self(SELF_TID);
}

static void deadline(uint64_t ns)
{
    CHECK_EQ(sys_taskctl(0, TASK_DEADLINE, (struct taskctl){ns, 0, 0, 0}), 0);
}

static void end(long tid)
{
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

/* One call without payload that must give exactly that. */
static long raw(uint64_t number, uint64_t rdi, uint64_t rsi)
{
    struct guest_regs r = {.rax = number, .rdi = rdi, .rsi = rsi};

    return peer_syscall(&r);
}

/* A task that never ran has a mailbox: T18; 32 posts are kept, no more. */
static void fresh(void)
{
    long tid = sys_spawn(0, 0, sys_name("fresh"));

    CHECK(tid > 0);
    for (unsigned i = 0; i < POST_SLOTS; i++)
        CHECK_EQ(sys_post((uint32_t)tid, TAG(0, 0, 0, i)), 0);
    CHECK_EQ(sys_post((uint32_t)tid, 0), -T_EAGAIN);
    deadline(MS);
    CHECK_EQ(raw(SYS_send, (uint64_t)tid, 0), -T_ETIMEDOUT);
    CHECK_EQ(raw(SYS_call, (uint64_t)tid, 0), -T_ETIMEDOUT);
    deadline(0);
    end(tid);
}

/* Our own mailbox: order of taking, what recv and wait do, what arrives in the registers. */
static void own_mailbox(void)
{
    struct guest_regs r = {.rax = SYS_recv};

    CHECK_EQ(peer_syscall(&r), -T_EAGAIN);
    for (unsigned i = 0; i < POST_SLOTS; i++)
        CHECK_EQ(sys_post((uint32_t)own(), TAG(9, 0, 0, 100 + i)), 0);
    CHECK_EQ(sys_post((uint32_t)own(), 0), -T_EAGAIN);
    CHECK_EQ(sys_notify((uint32_t)own(), 0), 0);
    CHECK_EQ(sys_wait(), KIND_POST);
    CHECK_EQ(sys_notify((uint32_t)own(), 1), 0);
    CHECK_EQ(sys_notify((uint32_t)own(), 1ull << 62), 0);
    CHECK_EQ(sys_wait(), KIND_NOTIFY);
    for (unsigned i = 0; i < MSG_WORDS; i++)
        WORDS(&r)[i] = PEER_POISON + i;
    r.rax = SYS_recv, r.rdi = r.rsi = PEER_POISON;
    CHECK_EQ(peer_syscall(&r), KIND_NOTIFY);
    CHECK_EQ(r.rdx, 1 | 1ull << 62);
    CHECK_EQ(r.rdi | r.rsi | r.r10 | r.r8 | r.r9 | r.r12 | r.r13, 0);
    for (unsigned i = 0; i < POST_SLOTS; i++) {
        r = (struct guest_regs){.rax = i & 1 ? SYS_recv : SYS_receive, .r9 = PEER_POISON};
        CHECK_EQ(peer_syscall(&r), KIND_POST);
        CHECK_EQ(r.rsi, TAG(9, 0, 0, 100 + i));
        CHECK_EQ(r.rdi, own());
        CHECK_EQ(r.rdx | r.r10 | r.r8 | r.r9 | r.r12 | r.r13, 0);
    }
    CHECK_EQ(raw(SYS_recv, 0, 0), -T_EAGAIN);
}

static void deadlines(void)
{
    static const uint64_t blocking[] = {SYS_wait, SYS_receive, SYS_reply_wait};
    long tid = guest_child("peer", RUNG_D2);

    deadline(MS);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t before = sys_clock(CLOCK_NS);
        CHECK_EQ(raw(blocking[i], 0, 0), -T_ETIMEDOUT);
        CHECK(sys_clock(CLOCK_NS) - before >= MS);
    }
    /* The server keeps the request; what it says later is nobody's. */
    CHECK_EQ(raw(SYS_call, (uint64_t)tid, TAG(PEER_KEEP, 0, 0, 0)), -T_ETIMEDOUT);
    deadline(0);
    CHECK_EQ(peer_ask(tid, PEER_LATE, 0, 0).rdx, -T_EBADFD);
    CHECK_EQ(sys_post((uint32_t)tid, TAG(PEER_NAP, 0, 0, 0)), 0);
    clock_settle();
    deadline(MS);
    CHECK_EQ(raw(SYS_call, (uint64_t)tid, TAG(PEER_SEEN, 0, 0, 0)), -T_ETIMEDOUT);
    CHECK_EQ(raw(SYS_send, (uint64_t)tid, TAG(PEER_SEEN, 0, 0, 0)), -T_ETIMEDOUT);
    deadline(0);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGUSR1), 0);
    CHECK_EQ(peer_ask(tid, PEER_BITS, 0, 0).r10, 1);
    end(tid);
}

static void stale(void)
{
    static const uint64_t number[] = {SYS_call, SYS_send, SYS_notify, SYS_post};
    long tid = guest_child("peer", RUNG_D2);

    end(tid);
    const uint64_t names[] = {(uint64_t)tid,
                              (uint64_t)own() + 0x1000,
                              (uint64_t)own() ^ 0x80000000,
                              TID_KERNEL,
                              TID_ANY,
                              0xFFF,
                              0x7FFFFFFF};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (unsigned k = 0; k < 4; k++)
            CHECK_EQ(raw(number[k], names[i], 1), -T_ESRCH);
}

/* A notification to a better thread runs it at once and changes nothing here. */
static void notify(void)
{
    long tid = guest_child("peer", RUNG_D3);
    uint64_t want = 0;

    peer_ask(tid, PEER_BITS, 0, 0);
    for (unsigned priority = 0; priority < 2; priority++) {
        CHECK_EQ(sys_taskctl(0, TASK_PRIORITY,
                             (struct taskctl){priority ? LOW : PRIORITY_DEFAULT, 0, 0, 0}),
                 0);
        for (unsigned bit = 0; bit < 64; bit += 3) {
            struct guest_regs r = {.rax = SYS_notify, .rdi = (uint64_t)tid, .rsi = 1ull << bit};
            for (unsigned i = 0; i < MSG_WORDS; i++)
                WORDS(&r)[i] = PEER_POISON + bit + i;
            CHECK_EQ(peer_syscall(&r), 0);
            CHECK_EQ(r.rsi, 1ull << bit);
            for (unsigned i = 0; i < MSG_WORDS; i++)
                CHECK_EQ(WORDS(&r)[i], PEER_POISON + bit + i);
            want |= 1ull << bit;
        }
        CHECK_EQ(peer_ask(tid, PEER_BITS, 0, 0).rdx, want);
        want = 0;
    }
    CHECK_EQ(sys_taskctl(0, TASK_PRIORITY, (struct taskctl){PRIORITY_DEFAULT + 1, 0, 0, 0}),
             -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_PRIORITY, (struct taskctl){PRIORITIES, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_PRIORITY, (struct taskctl){PRIORITY_DEFAULT, 0, 0, 0}), 0);
    end(tid);
}

static volatile uint64_t seen_sum, seen_count, seen_pointer;

__attribute__((noreturn)) static void sleep_on(void)
{
    for (;;)
        sys_sleep(~0ull);
}

static void receiver(uint64_t times)
{
    for (uint64_t i = 0; i < times; i++) {
        struct guest_regs r = {.rax = SYS_receive};
        if (peer_syscall(&r) != KIND_CALL)
            break;
        seen_sum += r.rdx;
        seen_pointer = r.r12;
        seen_count++;
        raw(SYS_reply, r.rdi, TAG(1, 0, 8, 0));
    }
    sleep_on();
}

/* Threads of one task: each message goes to one of them; payloads stay where they are. */
static void threads(void)
{
    static uint8_t bytes[100];
    unsigned before = 3;

    for (unsigned i = 0; i < before; i++)
        CHECK(guest_thread(receiver, 4) > 0);
    sys_yield();
    for (unsigned i = 1; i <= 12; i++) {
        struct guest_regs r = {.rax = SYS_call, .rdi = (uint64_t)own(), .rdx = i};
        r.rsi = i & 1 ? TAG(1, 0, 8, 0) : LONG_TAG(1, MSG_OUT);
        r.r12 = (uint64_t)bytes, r.r13 = sizeof(bytes);
        CHECK_EQ(peer_syscall(&r), 0);
        CHECK_EQ(seen_pointer, i & 1 ? 0 : (uint64_t)bytes);
    }
    CHECK_EQ(seen_count, 12);
    CHECK_EQ(seen_sum, 78);
}

static uint8_t *going;
static volatile long caller_result = 1;

static void caller(uint64_t tid)
{
    struct guest_regs r = {.rax = SYS_call, .rdi = tid, .rsi = LONG_TAG(PEER_SUM, MSG_OUT)};

    r.r12 = (uint64_t)going, r.r13 = PAGE;
    caller_result = peer_syscall(&r);
    sleep_on();
}

/* The payload goes away while its sender is queued: the sender's fault, nobody else's. */
static void unmapped_midway(void)
{
    long tid = guest_child("peer", RUNG_D2);
    uint64_t before = peer_ask(tid, PEER_COUNT, 0, 0).rdx;

    going = guest_memory(PAGE);
    CHECK_EQ(sys_post((uint32_t)tid, TAG(PEER_NAP, 0, 0, 0)), 0);
    clock_settle();
    CHECK(guest_thread(caller, (uint64_t)tid) > 0);
    clock_settle();
    CHECK_EQ(caller_result, 1);
    CHECK_EQ(sys_munmap((uint64_t)going, PAGE), 0);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGUSR1), 0);
    CHECK_EQ(peer_ask(tid, PEER_COUNT, 0, 0).rdx, before + 1);
    clock_settle();
    CHECK_EQ(caller_result, -T_EFAULT);
    end(tid);
}

/* Runs on when nobody else can: we wait for the server then, and it does what it does. */
static void killer(uint64_t tid)
{
    sys_taskctl(0, TASK_PRIORITY, (struct taskctl){LOW, 0, 0, 0});
    sys_kill((uint32_t)tid, SIGKILL);
    sleep_on();
}

/* One server, dead at that point of our call. */
static void death(unsigned point)
{
    static uint8_t payload[8 * PAGE];
    long tid = guest_child("peer", RUNG_D2 + (point & 1));
    struct guest_regs r = {.rdi = (uint64_t)tid};
    bool kill = true;

    peer_ask(tid, PEER_COUNT, 0, 0); /* it waits in receive from now on */
    switch (point / 2) {
    case 0: /* taken, and it ends by itself */
        r.rax = SYS_call, r.rsi = TAG(PEER_EXIT, 0, 0, 0), kill = false;
        break;
    case 1: /* taken, never answered */
        r.rax = SYS_call, r.rsi = TAG(PEER_KEEP, 0, 0, 0);
        break;
    case 2: /* queued, not taken */
        sys_post((uint32_t)tid, TAG(PEER_NAP, 0, 0, 0)), clock_settle();
        r.rax = SYS_call;
        break;
    default: /* half of the payload pulled */
        r.rax = SYS_call, r.rsi = LONG_TAG(PEER_HALF, MSG_OUT), kill = false;
        r.r12 = (uint64_t)payload, r.r13 = sizeof(payload);
        break;
    }
    if (kill)
        CHECK(guest_thread(killer, (uint64_t)tid) > 0);
    CHECK_EQ(peer_syscall(&r), -T_ENODEV);
    CHECK_EQ(guest_wait(tid), kill ? 512 + SIGKILL : 3);
    CHECK_EQ(raw(SYS_call, (uint64_t)tid, 0), -T_ESRCH);
}

/* A sender that is queued learns it too, by another name. */
static void death_of_send(void)
{
    long tid = guest_child("peer", RUNG_D2);

    peer_ask(tid, PEER_COUNT, 0, 0);
    sys_post((uint32_t)tid, TAG(PEER_NAP, 0, 0, 0));
    clock_settle();
    CHECK(guest_thread(killer, (uint64_t)tid) > 0);
    CHECK_EQ(raw(SYS_send, (uint64_t)tid, 0), -T_ESRCH);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

/* A client dies while we hold its call: our answer is refused, we live. */
static void death_of_client(void)
{
    long tid = guest_child("client", (uint64_t)own());
    struct guest_regs r = {.rax = SYS_receive};

    CHECK_EQ(peer_syscall(&r), KIND_CALL);
    CHECK_EQ((uint32_t)r.rdi, tid);
    end(tid);
    const struct xfer x = {r.rdi, XFER_PULL, 0, (uint64_t)going, 1};
    CHECK_EQ(sys_xfer(&x), -T_EBADFD);
    CHECK_EQ(raw(SYS_reply, r.rdi, 0), -T_EBADFD);
    CHECK_EQ(raw(SYS_reply_wait, r.rdi, 0), -T_EBADFD);
}

/* Posts that nobody reads: the ring is full, then each is refused, and nothing is lost of the 32.
 */
static void flood(uint64_t posts)
{
    long tid = sys_spawn(0, 0, sys_name("flood"));
    uint64_t kept = 0, refused = 0;

    for (uint64_t i = 0; i < posts; i++) {
        long e = sys_post((uint32_t)tid, TAG(0, 0, 0, i));
        kept += e == 0;
        refused += e == -T_EAGAIN;
    }
    CHECK_EQ(kept, POST_SLOTS);
    CHECK_EQ(refused, posts - POST_SLOTS);
    end(tid);
}

static volatile long taker_kind;

/* Naps, so that the sender has changed its buffer when this looks at what it got. */
static void taker(uint64_t argument)
{
    static uint8_t room[PAGE] __attribute__((aligned(8)));
    struct guest_regs r = {.rax = SYS_recv};

    (void)argument;
    sys_taskctl(0, TASK_RXBUF, (struct taskctl){(uint64_t)room, PAGE, 0, 0});
    taker_kind = peer_syscall(&r);
    sleep_on();
}

/* Our own thread takes what we were told of: then there is nothing, and a loop waits again. And a
 * child's buffer, changed as soon as its send came back, has changed nothing here. */
static void rendezvous(void)
{
    static uint8_t room[PAGE] __attribute__((aligned(8)));

    CHECK_EQ(sys_post((uint32_t)own(), TAG(5, 0, 0, 1)), 0);
    CHECK_EQ(sys_wait(), KIND_POST);
    CHECK(guest_thread(taker, 0) > 0);
    clock_settle();
    CHECK_EQ(taker_kind, KIND_POST);
    CHECK_EQ(raw(SYS_recv, 0, 0), -T_EAGAIN);
    CHECK_EQ(sys_taskctl(0, TASK_RXBUF, (struct taskctl){(uint64_t)room, PAGE, 0, 0}), 0);
    long tid = guest_child("send", (uint64_t)own());
    clock_settle(); /* the child has sent: it waits to be taken */
    struct guest_regs r = {.rax = SYS_receive};
    CHECK_EQ(peer_syscall(&r), KIND_CALL);
    CHECK_EQ(guest_wait(tid), 6); /* it has overwritten its buffer and ended */
    uint64_t wrong = 0;
    for (unsigned i = 0; i < r.r13; i++)
        wrong += room[i] != peer_byte(3, i);
    CHECK_EQ(r.r13, 1000);
    CHECK_EQ(wrong, 0);
}

__attribute__((noreturn)) static void send_role(uint64_t tid)
{
    static uint8_t bytes[1000];
    struct guest_regs r = {.rax = SYS_send, .rdi = tid, .rsi = LONG_TAG(1, MSG_OUT)};

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = peer_byte(3, i);
    r.r12 = (uint64_t)bytes, r.r13 = sizeof(bytes);
    long e = peer_syscall(&r);
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = 0xEE;
    sys_exit(e ? 1 : 6);
}

static uint64_t number_of(const char *digits)
{
    uint64_t n = 0;

    for (; *digits; digits++)
        n = n * 10 + (uint64_t)(*digits - '0');
    return n;
}

static void role(char **argv)
{
    if (argv[1][0] == 'p')
        peer_serve((enum peer_rung)number_of(argv[2]));
    if (argv[1][0] == 's')
        send_role(number_of(argv[2]));
    raw(SYS_call, number_of(argv[2]), TAG(1, 0, 0, 0));
    sys_exit(5);
}

/* Threads stay asleep until the task ends, so a round is counted from the second time on. */
static void deaths(void)
{
    long pages = 0, files = 0;

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned point = 0; point < DEATHS; point++)
            if (point / 2 == 0 || point / 2 == 3 || !round)
                death(point);
        death_of_client();
        if (!round)
            death_of_send();
        if (round == 1) {
            pages = sysfile_number("sys:memory", "free_pages");
            files = sysfile_number("sys:counters", "files");
        }
    }
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), pages);
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        role(argv);
    SHOWS("T18,X2",
          "a task has a mailbox before it ever ran: 32 posts are kept, the next is refused");
    fresh();
    SHOWS("X2", "a million posts without a reader (a tenth with isolation)");
    flood(argc > 1 ? 10000 : sysfile_line("sys:mitig", "pti on") ? 100000 : 1000000);
    SHOWS("T21,T22", "recv never blocks, wait takes nothing, and each kind arrives as it was sent");
    own_mailbox();
    SHOWS("T20", "sends, calls and receptions end at their deadlines");
    deadlines();
    SHOWS("T19", "a name of the past is nobody's");
    stale();
    SHOWS("X2", "notifications add up, and wake a better thread at once");
    notify();
    SHOWS("T20,T22", "a taken message is the receiver's own; what another thread took is gone");
    rendezvous();
    SHOWS("T26", "a sender that unmaps its payload midway gets EFAULT, its receiver sees nothing");
    unmapped_midway();
    SHOWS("T20", "who waits for a task learns of its death at every point of a call");
    deaths();
    SHOWS("T22", "several threads on one mailbox: each message goes to one of them");
    threads();
    return guest_end("mailbox");
}
