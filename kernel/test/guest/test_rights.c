/* SPDX-License-Identifier: MIT
 * Authority: each gated call with each right, levels that only fall, the cookie of a request, and a
 * service of level 0 that a client of level 1 tries to use for what it may not do itself. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define COOKIE  0xC00Bu
#define GIFT_FD 40 /* where a child finds what it was given */

static const char *own;

static long child_start(const char *role, unsigned level, uint32_t rights, uint32_t cookie)
{
    char number[12];
    const char *argv[] = {own, role, number, 0};
    const struct exec what = {.path = own,
                              .args = {argv, 0},
                              .level = level,
                              .rights = rights,
                              .cookie = cookie,
                              .ready_write = -1};

    print_to(number, sizeof(number), "%u", rights);
    return exec_spawn(&what);
}

/* ---- what each right is for ---- */

static void mitig_try(bool may)
{
    char now[16];

    file_text("sys:path", now, sizeof(now));
    CHECK_EQ(file_put("sys:path", now), may ? 0 : -T_EPERM);
    file_text("sys:trace", now, sizeof(now));
    CHECK_EQ(file_put("sys:trace", now), may ? 0 : -T_EPERM);
    CHECK_EQ(file_put("sys:mitig", "nothing on"), may ? -T_EINVAL : -T_EPERM);
}

static void spawn_try(bool may)
{
    long child = sys_spawn(0, 0, sys_name("zero"));

    CHECK_EQ(child > 0 ? 0 : child, may ? 0 : -T_EPERM);
    if (child > 0)
        CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    child = sys_spawn(1 << 8, 15, sys_name("slot"));
    CHECK_EQ(child > 0 ? 0 : child, may ? 0 : -T_EPERM);
    if (child > 0)
        CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    child = sys_spawn(1 << 8, 0, sys_name("high"));
    CHECK(child > 0);
    CHECK_EQ(sys_taskctl((uint32_t)child, TASK_PRIORITY, (struct taskctl){PRIORITIES - 1, 0, 0, 0}),
             may ? 0 : -T_EPERM);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
}

static int right_role(uint32_t rights)
{
    bool irq = rights & RIGHT_IRQ, memory = rights & RIGHT_SYSMEM, scheme = rights & RIGHT_SCHEME;
    long root = file_open(":rights-own", O_CREAT | O_EXCL);

    CHECK_EQ(root >= 0 ? 0 : root, scheme ? 0 : -T_EACCES);
    spawn_try(rights & RIGHT_SPAWN0);
    mitig_try(rights & RIGHT_MITIG);
    CHECK_EQ(file_put("sys:place", "nobody linked") == -T_EPERM, !(rights & RIGHT_PLACE));
    CHECK_EQ(file_open("irq:pit", O_WRONLY) == -T_EPERM, !irq);
    CHECK_EQ(sys_req_sys_mem(0x1000, 4096, PROT_READ) == -T_EPERM, !memory);
    CHECK_EQ(file_put("sys:power", "off PASS"), -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_RIGHTS, (struct taskctl){RIGHT_ALL, 0, 0, 0}), -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_RIGHTS, (struct taskctl){RIGHT_ALL + 1, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_RIGHTS, (struct taskctl){0, 0, 0, 0}), 0);
    CHECK_EQ(sys_taskctl(0, TASK_RIGHTS, (struct taskctl){rights, 0, 0, 0}), rights ? -T_EPERM : 0);
    CHECK_EQ(file_open(":rights-more", O_CREAT | O_EXCL), -T_EACCES);
    return guest_failed() != 0;
}

static void each_right(void)
{
    SHOWS("T36", "each gated call with each right alone, and with none");
    CHECK_EQ(guest_wait(child_start("right", 1, 0, 0)), 0);
    for (uint32_t right = 1; right <= RIGHT_ALL; right <<= 1)
        CHECK_EQ(guest_wait(child_start("right", 1, right, 0)), 0);
}

/* ---- levels ---- */

static volatile uint64_t drop_now, drop_allowed, drop_refused;

static void squat(uint64_t unused)
{
    (void)unused;
    for (unsigned i = 0; i < 2000; i++) {
        bool dropped = drop_now;
        long fd = file_open(":squat", O_CREAT | O_EXCL);
        if (fd >= 0) {
            drop_allowed += dropped;
            file_close((int)fd);
        } else {
            drop_refused++;
        }
        if (i % 64 == 0)
            sys_yield();
    }
    drop_now = 2;
    for (;;)
        sys_sleep(~0ull >> 2);
}

/* The level falls in one thread while another one uses what it gave. */
static int drop_role(void)
{
    CHECK(guest_thread(squat, 0) > 0);
    for (unsigned i = 0; i < 10; i++)
        sys_yield();
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){3, 0, 0, 0}), 0);
    drop_now = 1;
    while (drop_now != 2)
        sys_yield();
    CHECK_EQ(drop_allowed, 0);
    CHECK(drop_refused > 0);
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){2, 0, 0, 0}), -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){0, 0, 0, 0}), -T_EPERM);
    CHECK_EQ(sys_self(SELF_LEVEL), 3);
    long same = sys_spawn(3 << 8, 0, sys_name("same")), above = sys_spawn(2 << 8, 0, 0);
    CHECK(same > 0);
    CHECK_EQ(above, -T_EPERM);
    CHECK_EQ(sys_spawn(0, 0, 0), -T_EPERM);
    CHECK_EQ(sys_taskctl((uint32_t)same, TASK_COOKIE, (struct taskctl){1, 0, 0, 0}), -T_EPERM);
    return guest_failed() != 0;
}

static void levels(void)
{
    SHOWS("T37,T39", "rights go with the level, whoever is using them; it never rises");
    CHECK_EQ(guest_wait(child_start("drop", 0, 0, 0)), 0);
    SHOWS("T38", "children are never above their maker: all four pairs");
    long zero = sys_spawn(0, 0, sys_name("zero")), one = sys_spawn(1 << 8, 0, sys_name("one"));
    CHECK(zero > 0 && one > 0);
    CHECK_EQ(sys_kill((uint32_t)zero, SIGKILL), 0);
    CHECK_EQ(sys_kill((uint32_t)one, SIGKILL), 0);
    CHECK_EQ(guest_wait(child_start("right", 1, 0, 0)), 0); /* 1 -> 0 refused, 1 -> 1 made */
}

/* ---- who asks ---- */

static int cookie_role(void)
{
    struct msg m = {.tag = TAG(1, 0, 0, 0)};
    long parent = sys_self(SELF_PARENT);

    CHECK_EQ(sys_call(&m, (uint32_t)parent), 0);
    CHECK(file_open("rights-ask:x", O_RDONLY) >= 0);
    return guest_failed() != 0;
}

static void cookies(void)
{
    int root = (int)file_open(":rights-ask", O_CREAT | O_EXCL);
    static uint8_t path[4096] __attribute__((aligned(4096)));
    struct msg m = {0};

    SHOWS("T40", "level and cookie come with messages and with requests, stamped by the kernel");
    sys_taskctl(0, TASK_RXBUF, (struct taskctl){(uint64_t)path, sizeof(path), 0, 0});
    long tid = child_start("cookie", 5, 0, COOKIE);
    CHECK_EQ(sys_reply_wait(&m), (long)COOKIE << 16 | 5 << 8 | KIND_CALL);
    CHECK_EQ((uint32_t)m.caller, tid);
    m.tag = TAG(0, 0, 0, 0);
    CHECK_EQ(sys_reply_wait(&m), (long)COOKIE << 16 | 5 << 8 | KIND_SCHEME);
    CHECK_EQ((uint32_t)m.caller, tid);
    m.tag = TAG(OP_open, 0, 8, 0), m.w[0] = 1;
    CHECK_EQ(sys_reply(&m), 0);
    CHECK_EQ(guest_wait(tid), 0);
    CHECK_EQ((uint8_t)sys_recv(&m), KIND_SCHEME); /* its close */
    sys_taskctl(0, TASK_RXBUF, (struct taskctl){0, 0, 0, 0});
    file_close(root);
    SHOWS("T17", "one identifier everywhere; stale by one use, it names nobody");
    long first = sys_spawn(0, 15, sys_name("first"));
    CHECK_EQ((uint32_t)first & TID_SLOT_MASK, 15);
    CHECK_EQ(sys_kill((uint32_t)first, SIGKILL), 0);
    (void)guest_wait(first);
    long second = sys_spawn(0, 15, sys_name("second"));
    CHECK_EQ(second, first + TID_SLOTS);
    CHECK_EQ(sys_kill((uint32_t)first, SIGKILL), -T_ESRCH);
    CHECK_EQ(sys_notify((uint32_t)first, 1), -T_ESRCH);
    CHECK_EQ(sys_kill((uint32_t)second, SIGKILL), 0);
    (void)guest_wait(second);
}

/* ---- the deputy ---- */

static int deputy_role(void)
{
    CHECK_EQ(file_open("log:debug", O_WRONLY), -T_EACCES);
    CHECK_EQ(file_open("/scheme/log/debug", O_WRONLY), -T_EACCES);
    CHECK_EQ(file_write(GIFT_FD, "a line by a passed descriptor", 29), 29);
    CHECK_EQ(file_write(GIFT_FD + 1, "x", 1), -T_EBADF); /* it lost the right on its way */
    int own_file = (int)file_open("log:rights", O_WRONLY | O_CREAT);
    CHECK_EQ(file_write(own_file, "mine\nand another", 16), 16);
    CHECK_EQ(file_truncate(own_file, 0), -T_EACCES);
    file_close(own_file);
    return guest_failed() != 0;
}

static void give(int fd)
{
    CHECK_EQ(sys_dup2(fd, GIFT_FD), GIFT_FD);
}

static void deputy(void)
{
    char text[64] = {0};
    int debug = (int)file_open("log:debug", O_WRONLY);
    uint64_t words[5] = {FD_PASS};

    SHOWS("X5", "a client of level 1 gets at a file of level 0 by a descriptor, never by a name");
    CHECK(debug >= 0);
    give(debug);
    file_close(debug);
    CHECK_EQ(sys_dup2(GIFT_FD, GIFT_FD + 1), GIFT_FD + 1);
    CHECK_EQ(file_call(GIFT_FD + 1, FCALL_RIGHTS, words), FD_PASS);
    int ready[2];
    CHECK_EQ(sys_pipe2(0, ready), 0);
    const char *argv[] = {own, "wait", "0", 0};
    const struct exec what = {.path = own, .args = {argv, 0}, .level = 1, .ready_write = ready[0]};
    long tid = exec_spawn(&what); /* waits for a byte on READY_FD */
    CHECK_EQ(sys_taskctl((uint32_t)tid, TASK_FD, (struct taskctl){GIFT_FD, GIFT_FD, 0, 0}),
             GIFT_FD);
    CHECK_EQ(sys_taskctl((uint32_t)tid, TASK_FD, (struct taskctl){GIFT_FD + 1, GIFT_FD + 1, 0, 0}),
             GIFT_FD + 1);
    CHECK_EQ(file_write(ready[1], "g", 1), 1);
    CHECK_EQ(guest_wait(tid), 0);
    file_close(ready[0]), file_close(ready[1]);
    file_close(GIFT_FD), file_close(GIFT_FD + 1);
    int log = (int)file_open("log:rights", O_RDONLY);
    CHECK_EQ(file_read_all(log, text, sizeof(text)), 17);
    CHECK(strcmp(text, "mine.and another\n") == 0); /* one write, one line */
    file_close(log);
}

int main(int argc, char **argv, char **envp)
{
    char byte;

    (void)envp;
    own = argv[0];
    guest_path_set(argv[0]);
    if (argc > 2) {
        switch (argv[1][0]) {
        case 'r':
            return right_role((uint32_t)(argv[2][0] - '0') * (argv[2][1] ? 10 : 1) +
                              (argv[2][1] ? (uint32_t)(argv[2][1] - '0') : 0));
        case 'd':
            return drop_role();
        case 'c':
            return cookie_role();
        default:
            file_read(READY_FD, &byte, 1);
            return deputy_role();
        }
    }
    long files = sysfile_number("sys:counters", "files");
    each_right();
    levels();
    cookies();
    deputy();
    clock_settle();
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
    return guest_end("rights");
}
