/* SPDX-License-Identifier: MIT
 * The end of a server at each point of the protocol, and clients that want out: by a signal, by a
 * deadline, by their own end. The server is a child in one role, its clients are children and
 * threads in others; after each round everything is as it was. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define BYTES       20000u
#define POINTS      9u
#define ROUNDS_MAX  1000u
#define ROUNDS_NS   3000000000ull
#define DEADLINE_NS (300 * MS) /* a busy host may stand still before the server looks */

/* Where the server is when it ends. */
enum point {
    QUEUED,     /* it never reads */
    READ,       /* read, unanswered */
    PARTIAL,    /* one of two answered */
    CAPTURED,   /* a buffer is mapped into it */
    CANCEL,     /* a cancel is queued */
    CANCELLING, /* the cancel was taken */
    CLOSING,    /* a close is queued */
    OPENING,    /* between an open and its answer */
    ORPHAN      /* a mapped request whose caller timed out */
};

static int root;
static struct msg records[8];

/* ---- roles ---- */

static long record_next(void)
{
    return file_read(root, records, sizeof(records[0]));
}

static long answer(uint64_t caller, long result)
{
    const struct answer a = {caller, result};

    return file_write(root, &a, sizeof(a));
}

static void tell(void)
{
    sys_notify((uint32_t)sys_self(SELF_PARENT), 1);
}

/* Serves up to that point, tells, and waits for its end there. */
static int server(enum point point)
{
    unsigned clients = point == PARTIAL ? 2 : 1, opens = point == OPENING ? 0 : clients;
    unsigned want = point == QUEUED || point == CLOSING || point == OPENING ? 0 : clients,
             reads = 0;
    uint64_t from[5] = {1};

    root = (int)file_open(":victim", O_CREAT | O_EXCL | O_CLASSIC | O_MAPPED);
    if (point >= CAPTURED)
        file_call(root, FCALL_MAP_FROM, from);
    tell();
    while (opens || reads < want) {
        if (file_read(root, &records[reads], sizeof(records[0])) <= 0)
            return 8;
        if (TAG_OP(records[reads].tag) != OP_open)
            reads++;
        else if (opens--)
            answer(records[reads].caller, 1);
    }
    if (point == PARTIAL)
        answer(records[1].caller, 5);
    if (point == OPENING || point == CANCELLING)
        record_next();
    tell();
    sys_receive(records); /* for ever */
    return 9;
}

static void on_signal(uint64_t signal)
{
    (void)signal;
    sys_sigreturn(0);
}

/* Opens, and asks for BYTES: its status is the error. */
static int client(enum point point)
{
    struct msg long_read = {.tag = TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0)};
    char *buffer = guest_memory(BYTES + 100);

    sys_sigaction(SIGUSR1, (uint64_t)on_signal, 0, 0);
    long fd = file_open("victim:", O_RDWR);
    if (fd < 0)
        return (int)-fd;
    if (point == CLOSING)
        return file_close((int)fd) ? 1 : T_ENODEV;
    if (point == ORPHAN)
        sys_taskctl(0, TASK_DEADLINE, (struct taskctl){DEADLINE_NS, 0, 0, 0});
    long_read.caller = (uint64_t)fd;
    long_read.w[1] = long_read.w[5] = BYTES;
    long_read.w[4] = (uint64_t)buffer + 100;
    long result = sys_message(SYS_read, &long_read);
    result = result < 0 ? result : (long)long_read.w[0];
    return result < 0 ? (int)-result : result == 5 ? T_ENODEV : 1;
}

/* ---- rounds ---- */

static long counter(const char *name)
{
    return sysfile_number("sys:counters", name);
}

static void told(void)
{
    struct msg m = {0};

    while ((uint8_t)sys_receive(&m) != KIND_NOTIFY || !(m.w[0] & 1))
        ;
}

static bool round_run(enum point point)
{
    unsigned clients = point == PARTIAL ? 2 : 1;
    long daemon = guest_child("server", point), tid[2];
    uint64_t status;
    bool good = daemon > 0;

    told();
    for (unsigned i = 0; i < clients; i++)
        tid[i] = guest_child("client", point);
    told();
    clock_settle();
    if (point == CANCEL)
        good &= sys_kill((uint32_t)tid[0], SIGUSR1) == 0;
    if (point == ORPHAN) {
        good &= guest_wait(tid[0]) == T_ETIMEDOUT;
        good &= counter("captures_orphaned") == 1;
    }
    clock_settle();
    if (point == CLOSING)
        good &= guest_wait(tid[0]) == T_ENODEV;
    bool gone = point == ORPHAN || point == CLOSING;
    good &= gone || point == PARTIAL ||
            sys_waitpid((uint32_t)tid[0], WAIT_NO_BLOCK, &status) == -T_EAGAIN;
    good &= sys_kill((uint32_t)daemon, SIGKILL) == 0;
    good &= guest_wait(daemon) == 512 + SIGKILL; /* the supervisor hears of it */
    for (unsigned i = 0; i < clients && !gone; i++)
        good &= guest_wait(tid[i]) == T_ENODEV;
    good &= file_open("victim:", O_RDWR) == -T_ENODEV; /* the name is free */
    return good;
}

/* The second signal of the round with a cancel that is taken: the server tells twice. */
static bool round_cancelling(void)
{
    long daemon = guest_child("server", CANCELLING);

    told();
    long tid = guest_child("client", CANCELLING);
    clock_settle();
    while (counter("captures") != 1)
        sys_yield();
    bool good = sys_kill((uint32_t)tid, SIGUSR1) == 0;
    told();
    good &= sys_kill((uint32_t)daemon, SIGKILL) == 0;
    good &= guest_wait(daemon) == 512 + SIGKILL;
    return good & (guest_wait(tid) == T_ENODEV);
}

struct left {
    long pages, files, captures, orphans;
};

static struct left left_now(void)
{
    return (struct left){sysfile_number("sys:memory", "free_pages"), counter("files"),
                         counter("captures"), counter("captures_orphaned")};
}

static void deaths(void)
{
    unsigned rounds[POINTS] = {0}, total = 0;

    SHOWS("V37,X4", "a server ends at each of nine points, round after round: no client hangs, "
                    "nothing is lost");
    for (unsigned point = 0; point < POINTS; point++) /* so that pools and tables have grown */
        CHECK(point == CANCELLING ? round_cancelling() : round_run(point));
    clock_settle();
    const struct left before = left_now();
    uint64_t start = clock_now();
    while (total < POINTS || (total < ROUNDS_MAX && clock_now() - start < ROUNDS_NS)) {
        unsigned point = total % POINTS, pass = total / POINTS;
        total++;
        if (point == ORPHAN && pass % 8)
            continue; /* it waits for its deadline, most others do not */
        bool good = point == CANCELLING ? round_cancelling() : round_run(point);
        if (!CHECK(good))
            print("     point %u\n", point);
        rounds[point] += good;
    }
    clock_settle();
    const struct left after = left_now();
    for (unsigned point = 0; point < POINTS; point++)
        CHECK(rounds[point] > 0);
    CHECK_EQ(after.pages, before.pages);
    CHECK_EQ(after.files, before.files);
    CHECK_EQ(after.captures, 0);
    CHECK_EQ(after.orphans, 0);
    print("death: %u rounds\n", total);
}

/* ---- the same with the server alive: it is this task now ---- */

/* What the client's call becomes when the server answers `result` after it was told to cancel. */
static void cancel_answered(long result, long want)
{
    long tid = guest_child("client", READ);

    CHECK(record_next() > 0);
    CHECK_EQ(answer(records[0].caller, 1), 16);
    CHECK(record_next() > 0);
    uint64_t caller = records[0].caller;
    CHECK_EQ(sys_kill((uint32_t)tid, SIGUSR1), 0);
    CHECK(record_next() > 0);
    CHECK_EQ(TAG_OP(records[0].tag), OP_cancel);
    CHECK_EQ(records[0].w[0], caller);
    CHECK_EQ(answer(caller, result), 16);
    CHECK_EQ(guest_wait(tid), want);
    CHECK(record_next() > 0); /* its close */
}

static void cancels(void)
{
    SHOWS("V36,V24",
          "a signal becomes one cancel record; what the server answers then is the result");
    cancel_answered(-T_ECANCELED, T_EINTR);
    cancel_answered(-T_EINTR, T_EIO);
    cancel_answered(-T_EIO, T_EIO);
    cancel_answered(5, T_ENODEV); /* the client's word for: all is well */
}

/* A client that is killed or times out is gone at once; the server's late answer gives back what
 * the request still held. */
static void orphans(void)
{
    SHOWS("V36,X4,X11", "kill and deadline end a mapped request at once; the late answer frees it");
    for (unsigned killed = 0; killed < 2; killed++) {
        uint64_t start = clock_now();
        long tid = guest_child("client", killed ? READ : ORPHAN);
        CHECK(record_next() > 0);
        CHECK_EQ(answer(records[0].caller, 1), 16);
        CHECK(record_next() > 0);
        uint64_t caller = records[0].caller;
        uint8_t *at = (uint8_t *)records[0].w[4];
        if (killed)
            CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
        CHECK_EQ(guest_wait(tid), killed ? 512 + SIGKILL : T_ETIMEDOUT);
        CHECK(killed || clock_now() - start >= DEADLINE_NS);
        CHECK_EQ(counter("captures_orphaned"), 1);
        at[0] = at[BYTES - 1] = 1; /* still ours to write */
        CHECK(record_next() > 0);
        CHECK_EQ(TAG_OP(records[0].tag), OP_close);
        CHECK_EQ(answer(caller, BYTES), -T_EBADFD);
        CHECK_EQ(counter("captures"), 0);
        CHECK_EQ(guest_probe((uint64_t)at).vector, 14);
        CHECK_EQ(answer(caller, BYTES), -T_EBADFD);
    }
}

/* A client that dies between its open and the answer: the handle is closed by who gave it. */
static void handle_of_nobody(void)
{
    SHOWS("V36,X4",
          "an open answered to nobody is refused; the root's last close ends what waits there");
    long tid = guest_child("client", READ);
    CHECK(record_next() > 0);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
    CHECK_EQ(answer(records[0].caller, 1), -T_EBADFD); /* so the daemon knows */
    tid = guest_child("client", READ);
    CHECK(record_next() > 0);
    CHECK_EQ(answer(records[0].caller, 1), 16);
    clock_settle();
    int copy = (int)file_dup(root);
    CHECK_EQ(file_close(root), 0);
    CHECK_EQ(file_close(copy), 0);
    CHECK_EQ(guest_wait(tid), T_ENODEV);
}

int main(int argc, char **argv, char **envp)
{
    uint64_t from[5] = {1};

    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 1)
        return argv[1][0] == 's' ? server((enum point)(argv[2][0] - '0'))
                                 : client((enum point)(argv[2][0] - '0'));
    deaths();
    root = (int)file_open(":victim", O_CREAT | O_EXCL | O_CLASSIC | O_MAPPED);
    CHECK_EQ(file_call(root, FCALL_MAP_FROM, from), 0);
    cancels();
    orphans();
    handle_of_nobody();
    return guest_end("death");
}
