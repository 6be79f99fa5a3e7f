/* SPDX-License-Identifier: MIT
 * What a program that means harm, or dies at the wrong moment, could make of the kernel: each check
 * is a state that some path left behind and another misread. Roles: the server of the scheme
 * test-audit, a server of calls, and tasks that leave a mess. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PAGE     4096u
#define SCHEME   "test-audit"
#define HANDLES  64u
#define NO_XFER  (-T_EACCES)
#define ANSWER   77u
#define BUSY_MS  400u /* longer than a busy host stands still */
#define RW       (PROT_READ | PROT_WRITE)
#define MESSAGES (TAG(0, MSG_OUT | MSG_IN, MSG_LENGTH_BUFFER, 0))

/* fcall kinds of the server. */
#define KIND_SLEEP  100u /* answers W2 ms later */
#define KIND_ZOMBIE 101u /* result: reads of closed handles until now */

/* ---- the server ---- */
static uint8_t closed[HANDLES];
static uint64_t opened, zombies;

static uint64_t file_call_serve(const struct msg *m)
{
    if (m->w[1] == KIND_SLEEP)
        clock_nap(m->w[2] * MS);
    return m->w[1] == KIND_ZOMBIE ? zombies : 0;
}

static uint64_t scheme_serve(const struct msg *m)
{
    switch (TAG_OP(m->tag)) {
    case OP_open:
        return opened++ % HANDLES;
    case OP_close:
        closed[m->w[0] % HANDLES] = 1;
        return 0;
    case OP_read:
        zombies += closed[m->w[0] % HANDLES];
        return 0;
    case OP_write: /* where the kernel says that the data is */
        return TAG_FLAGS(m->tag) & MSG_TRUNC ? 0 : m->w[4] >> 12;
    case OP_fcall:
        return file_call_serve(m);
    default:
        return 0;
    }
}

/* A call: what the caller lets us have of its memory. Answered by reply, never by reply_wait. */
static void call_serve(struct msg *m)
{
    uint64_t stolen = 0;
    const struct xfer x = {m->caller, XFER_PULL, 0, (uint64_t)&stolen, sizeof(stolen)};
    struct msg answer = {.tag = TAG(0, 0, 16, 0), .caller = m->caller};

    answer.w[0] = ANSWER;
    answer.w[1] = (uint64_t)sys_xfer(&x);
    sys_reply(&answer);
}

__attribute__((noreturn)) static void serve(void)
{
    sys_taskctl(0, TASK_RXBUF, (struct taskctl){.a = (uint64_t)guest_memory(PAGE), .b = PAGE});
    if (file_open(":" SCHEME, O_RDWR | O_CREAT | O_EXCL) < 0)
        sys_exit(1);
    for (;;) {
        struct msg m = {0};
        long kind = sys_receive(&m);
        if ((uint8_t)kind == KIND_CALL) {
            call_serve(&m);
        } else if ((uint8_t)kind == KIND_SCHEME) {
            struct msg answer = {.tag = TAG(TAG_OP(m.tag), 0, 8, 0), .caller = m.caller};
            answer.w[0] = scheme_serve(&m);
            if (m.caller)
                sys_reply(&answer);
        }
    }
}

static long server_start(void)
{
    long tid = guest_child("server", 0);

    while (tid > 0) {
        int fd = (int)file_open(SCHEME ":wait", O_RDWR);
        if (fd >= 0) {
            file_close(fd);
            break;
        }
        clock_nap(MS);
    }
    return tid;
}

static void task_end(long tid)
{
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

/* ---- threads of the test ---- */
static volatile long thread_result;
static volatile uint64_t thread_word, threads_done;

__attribute__((noreturn)) static void thread_over(void)
{
    threads_done++;
    for (;;)
        sys_sleep(~0ull);
}

static void threads_wait(uint64_t count)
{
    for (unsigned i = 0; i < 1000 && threads_done < count; i++)
        clock_nap(MS);
    CHECK_EQ(threads_done, count);
    threads_done = 0;
}

static void occupy(uint64_t fd)
{
    uint64_t words[5] = {BUSY_MS, 0, 0, 0, 0};

    file_call((int)fd, KIND_SLEEP, words);
    thread_over();
}

static void open_vanishing(uint64_t page)
{
    struct msg m = {.tag = TAG(0, 0, 8, 0)};
    long fd = sys_open((const char *)page, sizeof(SCHEME) + 1, O_RDWR);

    thread_result = fd;
    long rax = sys_call(&m, (uint32_t)thread_word);
    thread_word = rax ? 0 : m.w[0];
    thread_over();
}

static void read_closing(uint64_t fd)
{
    uint8_t byte;

    thread_result = file_read((int)fd, &byte, 1);
    thread_over();
}

/* The path goes away while the open waits for the busy server, which gets the kernel's copy of it:
 * nothing of the open may be left. */
static void vanishing_path(uint32_t server)
{
    char *page = guest_memory(PAGE);
    int fd = (int)file_open(SCHEME ":busy", O_RDWR);

    memcpy(page, SCHEME ":x", sizeof(SCHEME) + 1);
    CHECK(guest_thread(occupy, (uint64_t)fd) > 0);
    clock_settle();
    long files = sysfile_number("sys:counters", "files");
    thread_word = server;
    CHECK(guest_thread(open_vanishing, (uint64_t)page) > 0);
    clock_settle();
    CHECK_EQ(sys_munmap((uint64_t)page, PAGE), 0);
    threads_wait(2);
    CHECK(thread_result >= 0);
    CHECK_EQ(thread_word, ANSWER); /* the call's own answer, not an open's end */
    file_close((int)thread_result);
    clock_settle();
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
    file_close(fd);
}

/* A close must not overtake a read of the same descriptor: the handle may be another's by then. */
static void overtaking_close(void)
{
    int busy = (int)file_open(SCHEME ":busy", O_RDWR), fd = (int)file_open(SCHEME ":x", O_RDWR);
    uint64_t words[5] = {0};

    CHECK(guest_thread(occupy, (uint64_t)busy) > 0);
    clock_settle();
    CHECK(guest_thread(read_closing, (uint64_t)fd) > 0);
    clock_settle();
    CHECK_EQ(file_close(fd), 0);
    threads_wait(2);
    CHECK_EQ(thread_result, -T_EBADF);
    CHECK_EQ(file_call(busy, KIND_ZOMBIE, words), 0);
    file_close(busy);
}

static int64_t stolen_by(uint32_t server)
{
    struct msg m = {.tag = TAG(0, 0, 8, 0)};

    clock_settle(); /* the server waits again: the call goes the fast way */
    CHECK_EQ(sys_call(&m, server), 0);
    CHECK_EQ(m.w[0], ANSWER);
    return (int64_t)m.w[1];
}

/* A call without a buffer gives the server nothing, whatever calls before it had given to whom. */
static void stale_buffers(uint32_t server)
{
    uint64_t *secret = guest_memory(PAGE);
    int null = (int)file_open("null:", O_RDWR), file = (int)file_open(SCHEME ":x", O_RDWR);
    struct msg m = {.tag = MESSAGES, .w = {0, 0, 0, 0, (uint64_t)secret, PAGE}};

    CHECK_EQ(stolen_by(server), NO_XFER);
    CHECK_EQ(sys_send(&m, server), 0);
    CHECK_EQ(stolen_by(server), NO_XFER);
    CHECK_EQ(file_write(null, secret, PAGE), PAGE);
    CHECK_EQ(stolen_by(server), NO_XFER);
    (void)file_write(file, secret, PAGE);
    CHECK_EQ(stolen_by(server), NO_XFER);
    file_close(null);
    file_close(file);
}

/* A long write that gives nothing: its address is ours and must not look like the server's. */
static void borrowed_address(void)
{
    int fd = (int)file_open(SCHEME ":x", O_RDWR);
    struct msg m = {.tag = TAG(OP_write, 0, MSG_LENGTH_BUFFER, 0), .caller = (uint64_t)fd};

    m.w[1] = m.w[5] = 64;
    m.w[4] = 0x400000;
    CHECK_EQ(sys_message(SYS_write, &m), 0);
    CHECK_EQ(m.w[0], 0);
    file_close(fd);
}

/* ---- a task that was called, called another itself, and waits: then the other is gone ---- */
__attribute__((noreturn)) static void relay(void)
{
    struct msg m = {0};

    for (;;) {
        long kind = sys_reply_wait(&m);
        uint64_t caller = m.caller, next = m.w[0];
        m = (struct msg){.tag = TAG(0, 0, 8, 0)};
        if ((uint8_t)kind != KIND_CALL)
            clock_nap(1000 * MS); /* busy when the end comes */
        else if (next)
            sys_call(&m, (uint32_t)next);
        m.caller = caller;
    }
}

static void stale_peer(void)
{
    for (unsigned round = 0; round < 6; round++) {
        long inner = guest_child("relay", 0), outer = guest_child("relay", 0);
        struct msg m = {.tag = TAG(0, 0, 8, 0), .w = {(uint64_t)inner, 0, 0, 0, 0, 0}};
        clock_settle();
        CHECK_EQ(sys_call(&m, (uint32_t)outer), 0);
        CHECK_EQ(sys_notify((uint32_t)inner, 1), 0);
        clock_settle();
        CHECK_EQ(sys_post((uint32_t)inner, 0), 0);
        task_end(inner);
        task_end(outer);
        long fillers[4]; /* the blocks of both are somebody's again */
        for (unsigned i = 0; i < 4; i++)
            fillers[i] = sys_spawn(0, 0, sys_name("filler"));
        for (unsigned i = 0; i < 4; i++)
            task_end(fillers[i]);
    }
}

/* ---- memory ---- */
static void alias(void)
{
    uint64_t page = (uint64_t)guest_memory(PAGE), other = page + (64ull << 20);

    *(volatile uint8_t *)page = 0xC3;
    CHECK_EQ(sys_taskctl(0, TASK_SHARE, (struct taskctl){other, PAGE, page, PROT_EXEC}), -T_EACCES);
    CHECK_EQ(sys_mprotect(page, PAGE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(sys_taskctl(0, TASK_SHARE, (struct taskctl){other, PAGE, page, PROT_EXEC}), 0);
    CHECK_EQ(sys_mprotect(page, PAGE, RW), -T_EACCES); /* it would be writable here, code there */
    CHECK_EQ(guest_probe_jump(other).vector, 0);
    CHECK_EQ(sys_munmap(other, PAGE), 0);
}

/* With no memory left every call fails and nothing stays behind. */
static int glutton(void)
{
    uint64_t how = RW | MAP_PRIVATE, last = 0;
    int fds[2];

    for (uint64_t bytes = 1ull << 46; bytes >= PAGE; bytes /= 2)
        for (long at; (at = sys_fmap(0, bytes, how)) >= 0;)
            last = last ? last : (uint64_t)at; /* of the largest: its page's table stays */
    for (unsigned i = 0; i < 100; i++)
        if (!last || sys_spawn(0, 0, 0) >= 0)
            return 2;
    while (file_open("zero:", O_RDWR) >= 0)
        ;
    for (unsigned i = 0; i < 70; i++) { /* a page for the ring, nothing for its two ends */
        if (sys_munmap(last, PAGE) || sys_pipe2(0, fds) != -T_ENOMEM)
            return 3;
        if (sys_fmap(last, PAGE, how | MAP_FIXED_NOREPLACE) != (long)last)
            return 4;
    }
    return 0;
}

static void exhaustion(char *path)
{
    const char *argv[] = {path, "glutton", 0};
    const struct exec what = {.path = path, .args = {argv, 0}, .level = 1, .ready_write = -1};
    int fds[2];

    guest_wait(guest_child("nothing", 0));
    long before = sysfile_number("sys:memory", "free_pages");
    CHECK_EQ(guest_wait(exec_spawn(&what)), 0);
    CHECK(sysfile_number("sys:memory", "free_pages") >= before - 4); /* blocks are kept */
    CHECK_EQ(sys_pipe2(0, fds), 0);
    file_close(fds[0]);
    file_close(fds[1]);
}

/* ---- families ---- */
static int litter(void)
{
    for (unsigned i = 0; i < 8; i++)
        if (sys_spawn(1u << 8, 0, sys_name("litter")) < 0)
            return 1;
    return 0;
}

/* Tasks that were made and never started go with who made them. */
static void abandoned(void)
{
    CHECK_EQ(guest_wait(guest_child("litter", 0)), 0);
    CHECK_EQ(sysfile_task("litter"), -1);
}

static void wait_for(uint64_t tid)
{
    uint64_t status;

    long who = sys_waitpid((uint32_t)tid, 0, &status);
    thread_result = thread_result + who;
    thread_over();
}

/* Two wait for one child: one gets it, the other hears that there is none. */
static void two_parents(void)
{
    long tid = sys_spawn(0, 0, sys_name("child"));

    thread_result = 0;
    CHECK(guest_thread(wait_for, (uint64_t)tid) > 0);
    CHECK(guest_thread(wait_for, (uint64_t)tid) > 0);
    clock_settle();
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    threads_wait(2);
    CHECK_EQ(thread_result, tid - T_ECHILD);
}

static void tell(uint64_t tid)
{
    clock_nap(5 * MS);
    sys_notify((uint32_t)tid, 1);
    thread_over();
}

/* The longest deadline is far, not in the past. */
static void far_deadline(void)
{
    struct msg m = {0};

    CHECK(guest_thread(tell, (uint64_t)sys_self(SELF_TID)) > 0);
    CHECK_EQ(sys_taskctl(0, TASK_DEADLINE, (struct taskctl){~0ull, 0, 0, 0}), 0);
    CHECK_EQ((uint8_t)sys_receive(&m), KIND_NOTIFY);
    CHECK_EQ(sys_taskctl(0, TASK_DEADLINE, (struct taskctl){0, 0, 0, 0}), 0);
    threads_wait(1);
}

/* A name cannot make lines of its own in the files of sys:. */
static void names(void)
{
    long tid = sys_spawn(0, 0, sys_name("a\nbad\n"));

    CHECK(!sysfile_line("sys:tasks", "bad"));
    task_end(tid);
}

static void call_root(uint64_t fd)
{
    uint64_t words[5] = {0};

    thread_result = file_call((int)fd, KIND_ZOMBIE, words);
    thread_over();
}

/* Through a scheme's root nobody reaches the file that has its first handle. */
static void root_handle(void)
{
    int fd = (int)file_open(":audit-root", O_RDWR | O_CREAT | O_EXCL);
    struct msg m = {0};

    CHECK(guest_thread(call_root, (uint64_t)fd) > 0);
    CHECK_EQ((uint8_t)sys_receive(&m), KIND_SCHEME);
    CHECK_EQ(m.w[0], ~0u);
    m.tag = TAG(OP_fcall, 0, 8, 0);
    CHECK_EQ(sys_reply(&m), 0);
    threads_wait(1);
    CHECK_EQ(file_close(fd), 0);
}

static int role(const char *name)
{
    if (!strcmp(name, "server"))
        serve();
    if (!strcmp(name, "relay"))
        relay();
    if (!strcmp(name, "glutton"))
        return glutton();
    return strcmp(name, "litter") ? 0 : litter();
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 1)
        return role(argv[1]);
    long server = server_start();
    borrowed_address();
    stale_buffers((uint32_t)server);
    vanishing_path((uint32_t)server);
    overtaking_close();
    task_end(server);
    alias();
    abandoned();
    two_parents();
    far_deadline();
    names();
    root_handle();
    stale_peer();
    exhaustion(argv[0]);
    return guest_end("audit");
}
