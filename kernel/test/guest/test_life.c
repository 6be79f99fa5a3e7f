/* SPDX-License-Identifier: MIT
 * Tasks, threads and pipes from their making to their end, and that nothing stays behind: pages,
 * descriptions, slots. Critical servers and placed services come back by themselves. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PAGE       4096u
#define CHILD_FDS  200u
#define THREADS    64u
#define PIPE_BYTES 40000u
#define TASKS_MANY 256u
#define REGION     (1u << 20)
#define HEAVY      (256u << 10) /* fits where 8 MB hold all */

#define RESTART_TRIES 400u /* of 5 ms */

static long pages(void)
{
    return sysfile_number("sys:memory", "free_pages");
}

/* Until the services have taken what was closed; that many free pages then. */
static bool pages_back(long want)
{
    for (unsigned i = 0; i < 1000 && pages() != want; i++)
        sys_yield();
    return CHECK_EQ(pages(), want);
}

static void statuses(void)
{
    uint64_t status = 0;
    long self = sys_self(SELF_TID);

    CHECK_EQ(sys_waitpid(TID_ANY, 0, &status), -T_ECHILD);
    CHECK_EQ(sys_waitpid((uint32_t)self, 0, &status), -T_ECHILD);
    for (unsigned i = 0; i < 256; i += 51) {
        long tid = guest_child("exit", i);
        CHECK(tid > 0);
        CHECK_EQ(sys_waitpid((uint32_t)tid, 0, &status), tid);
        CHECK_EQ(status, i);
        CHECK_EQ(sys_waitpid((uint32_t)tid, 0, &status), -T_ECHILD);
    }
    long tid = guest_child("sleep", 0);
    CHECK_EQ(sys_waitpid((uint32_t)tid, 1, &status), -T_EAGAIN);
    CHECK_EQ(sys_waitpid(TID_ANY, 1, &status), -T_EAGAIN);
    CHECK_EQ(sys_kill((uint32_t)tid, 0), -T_EINVAL);
    CHECK_EQ(sys_kill((uint32_t)tid ^ 0x1000, SIGKILL), -T_ESRCH);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), -T_ESRCH);
    CHECK_EQ(sys_waitpid(TID_ANY, 0, &status), tid);
    CHECK_EQ(status, 512 + SIGKILL);
}

/* An empty task, and what its maker may do with it before and after its start. */
static void building(void)
{
    static const uint8_t code[] = {0xEB, 0xFE}; /* jmp $ */
    long tid = sys_spawn(0, 0, sys_name("building"));
    uint32_t t = (uint32_t)tid;
    uint64_t rx = PROT_READ | PROT_EXEC;

    CHECK(tid > 0);
    CHECK_EQ(sys_spawn(0, 5000, 0), -T_EINVAL);
    CHECK_EQ(sys_spawn(0, TID_NAMESERVER, 0), -T_EBUSY);
    CHECK_EQ(sys_taskctl(t, TASK_MAP, (struct taskctl){0x400000, PAGE, rx | PROT_WRITE, 0}),
             -T_EACCES);
    CHECK_EQ(sys_taskctl(t, TASK_MAP, (struct taskctl){0x400000, PAGE, rx, 0}), 0);
    CHECK_EQ(sys_taskctl(t, TASK_MAP, (struct taskctl){0x400000, PAGE, rx, 0}), -T_EEXIST);
    CHECK_EQ(sys_taskctl(t, TASK_WRITE, (struct taskctl){0x400000, 2, (uint64_t)code, 0}), 0);
    CHECK_EQ(sys_taskctl(t, TASK_WRITE, (struct taskctl){0x401000, 2, (uint64_t)code, 0}),
             -T_EFAULT);
    CHECK_EQ(sys_taskctl(t, TASK_FD, (struct taskctl){0, 1, 0, 0}), 0);
    CHECK_EQ(sys_taskctl(t, TASK_FD, (struct taskctl){0, 1, 0, 0}), -T_EBUSY);
    CHECK_EQ(sys_taskctl(t, TASK_FD, (struct taskctl){65536, 1, 0, 0}), -T_EBADF);
    CHECK_EQ(sys_taskctl(t, TASK_FD, (struct taskctl){5, 250, 0, 0}), -T_EBADF);
    CHECK_EQ(sys_taskctl(t, TASK_RXBUF, (struct taskctl){0x400000, PAGE, 0, 0}), -T_EPERM);
    CHECK_EQ(sys_taskctl(t, 99, (struct taskctl){0, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(t, TASK_START, (struct taskctl){0x400000, 0, 0, 0}), 0);
    CHECK_EQ(sys_taskctl(t, TASK_START, (struct taskctl){0x400000, 0, 0, 0}), -T_EBUSY);
    CHECK_EQ(sys_taskctl(t, TASK_WRITE, (struct taskctl){0x400000, 2, (uint64_t)code, 0}),
             -T_EBUSY);
    sys_yield();
    CHECK_EQ(sys_kill(t, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

/* Frames that two tasks see: the guest may read, never write, and they outlive their owner. */
static void sharing(void)
{
    uint64_t page = (uint64_t)guest_memory(PAGE);
    long tid = sys_spawn(0, 0, sys_name("sharing")), before = pages();
    uint32_t t = (uint32_t)tid;

    CHECK_EQ(sys_taskctl(t, TASK_SHARE, (struct taskctl){page, PAGE, page, PROT_WRITE}), -T_EACCES);
    CHECK_EQ(sys_taskctl(t, TASK_SHARE, (struct taskctl){page, PAGE, page + PAGE, PROT_READ}),
             -T_EFAULT);
    CHECK_EQ(sys_taskctl(t, TASK_SHARE, (struct taskctl){page, PAGE, page, PROT_READ}), 0);
    CHECK_EQ(sys_taskctl(t, TASK_WRITE, (struct taskctl){page, 8, page, 0}), -T_EFAULT);
    CHECK_EQ(sys_munmap(page, PAGE), 0);
    CHECK_EQ(sys_kill(t, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
    CHECK(pages() > before);
}

/* A child that dies with much in its hands; the second round must cost nothing. */
static void heavy(void)
{
    long left = 0;

    for (unsigned round = 0; round < 4; round++) {
        CHECK_EQ(guest_wait(guest_child("heavy", 0)), 7);
        clock_settle();
        if (round == 1)
            left = pages();
    }
    pages_back(left);
}

static void idle(uint64_t argument)
{
    (void)argument;
    for (;;)
        sys_sleep(~0ull);
}

__attribute__((noreturn)) static void heavy_role(void)
{
    static const char *const path[] = {"null:", "zero:", "echo:", "ram:heavy", "sys:boot"};
    int ends[2];

    for (unsigned i = 0; i < CHILD_FDS; i++)
        file_open(path[i % (i < 40 ? 5 : 4)], O_RDWR | O_CREAT);
    for (unsigned i = 0; i < 8; i++)
        sys_pipe2(0, ends);
    for (unsigned i = 0; i < THREADS; i++)
        guest_thread(idle, i);
    guest_memory(HEAVY);
    sys_yield();
    sys_exit(7);
}

/* As many tasks as fit, or many; all gone again. */
static void crowd(void)
{
    static long tid[TASKS_MANY];
    uint64_t status;
    long left = 0;

    for (unsigned round = 0; round < 3; round++) {
        unsigned n = 0;
        while (n < TASKS_MANY && (tid[n] = sys_spawn(0, 0, sys_name("crowd"))) > 0)
            n++;
        CHECK(n == TASKS_MANY || (n > TASKS_MANY / 4 && tid[n] == -T_ENOMEM));
        for (unsigned i = 0; i < n; i++) {
            CHECK_EQ(sys_kill((uint32_t)tid[i], SIGKILL), 0);
            CHECK_EQ(sys_waitpid((uint32_t)tid[i], 0, &status), tid[i]);
        }
        left = round ? left : pages();
    }
    CHECK_EQ(pages(), left);
}

/* All memory, given back. */
static void hunger(void)
{
    static uint64_t at[4096];
    unsigned n = 0;
    long got = 0, before;

    for (unsigned round = 0; round < 2; round++) {
        before = pages();
        while (n < 4096 && (got = sys_fmap(0, REGION, PROT_READ | PROT_WRITE | MAP_PRIVATE)) > 0)
            at[n++] = (uint64_t)got;
        CHECK_EQ(got, -T_ENOMEM);
        CHECK(pages() < (long)(REGION / PAGE) + 16);
        while (n)
            CHECK_EQ(sys_munmap(at[--n], REGION), 0);
        CHECK_EQ(pages(), before);
    }
}

static int pipe_ends[2];
static volatile unsigned pipe_wrong, pipe_done;

static uint8_t pipe_byte(uint64_t at)
{
    return (uint8_t)(at * 7 + (at >> 8));
}

static void pipe_writer(uint64_t bytes)
{
    static uint8_t chunk[700];

    for (uint64_t at = 0; at < bytes;) {
        uint64_t n = at % 700 + 1 < bytes - at ? at % 700 + 1 : bytes - at;
        for (uint64_t i = 0; i < n; i++)
            chunk[i] = pipe_byte(at + i);
        pipe_wrong += file_write_all(pipe_ends[1], chunk, n) != (long)n;
        at += n;
    }
    pipe_wrong += file_close(pipe_ends[1]) != 0;
    pipe_done = 1;
    idle(0);
}

static void pipes(void)
{
    static uint8_t chunk[512];
    uint64_t at = 0, word = 0;
    long n;

    CHECK_EQ(sys_pipe2(0, pipe_ends), 0);
    CHECK_EQ(file_write(pipe_ends[0], &word, 8), -T_EBADF);
    CHECK_EQ(file_read(pipe_ends[1], &word, 8), -T_EBADF);
    CHECK_EQ(file_seek(pipe_ends[0], 0, SEEK_SET), -T_ESPIPE);
    CHECK(guest_thread(pipe_writer, PIPE_BYTES) > 0);
    while ((n = file_read(pipe_ends[0], chunk, at % 512 + 1)) > 0) {
        for (long i = 0; i < n; i++)
            pipe_wrong += chunk[i] != pipe_byte(at + (uint64_t)i);
        at += (uint64_t)n;
    }
    CHECK_EQ(n, 0); /* the writer is gone, and all was read */
    CHECK_EQ(at, PIPE_BYTES);
    CHECK_EQ(pipe_wrong, 0);
    CHECK_EQ(file_read(pipe_ends[0], chunk, 8), 0);
    CHECK_EQ(file_close(pipe_ends[0]), 0);
    CHECK_EQ(sys_pipe2(0, pipe_ends), 0);
    CHECK_EQ(file_close(pipe_ends[0]), 0);
    CHECK_EQ(file_write(pipe_ends[1], &word, 8), -T_EPIPE);
    CHECK_EQ(file_close(pipe_ends[1]), 0);
}

static void pipe_closer(uint64_t end)
{
    clock_nap(2 * MS);
    pipe_wrong += file_close(pipe_ends[end]) != 0;
    idle(0);
}

/* Who waits at a pipe learns that the other end closed. */
static void pipe_waiters(void)
{
    static uint8_t chunk[512];
    long n;

    for (unsigned end = 0; end < 2; end++) {
        CHECK_EQ(sys_pipe2(0, pipe_ends), 0);
        CHECK(guest_thread(pipe_closer, end) > 0);
        while (end == 0 && (n = file_write(pipe_ends[1], chunk, sizeof(chunk))) > 0)
            ;
        if (end == 1)
            n = file_read(pipe_ends[0], chunk, 8);
        CHECK_EQ(n, end ? 0 : -T_EPIPE);
        CHECK_EQ(file_close(pipe_ends[1 - end]), 0);
    }
    CHECK_EQ(sys_pipe2(0, pipe_ends), 0);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){MS, 0, 0, 0});
    CHECK_EQ(file_read(pipe_ends[0], chunk, 8), -T_ETIMEDOUT);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){0, 0, 0, 0});
    CHECK_EQ(file_close(pipe_ends[0]), 0);
    CHECK_EQ(file_close(pipe_ends[1]), 0);
    CHECK_EQ(pipe_wrong, 0);
}

static long slot_task(const char *name, uint32_t slot)
{
    long tid = sysfile_task(name);

    return tid > 0 && ((uint32_t)tid & TID_SLOT_MASK) == slot ? tid : -1;
}

/* Killed, a critical server comes back in its slot with another generation. */
static void critical(void)
{
    long old = slot_task("nameserv", TID_NAMESERVER), now = old;

    CHECK(old > 0);
    CHECK_EQ(sys_kill((uint32_t)old, SIGKILL), 0);
    CHECK_EQ(sys_notify((uint32_t)old, 1), -T_ESRCH);
    for (unsigned i = 0; i < RESTART_TRIES && (now < 0 || now == old); i++) {
        clock_nap(5 * MS);
        now = slot_task("nameserv", TID_NAMESERVER);
    }
    CHECK(now > 0 && now != old);
    CHECK_EQ((uint64_t)now >> TID_SLOT_BITS, ((uint64_t)old >> TID_SLOT_BITS) + 1);
}

/* A service that runs as a server is started again; old descriptors stay dead. */
static void placed(void)
{
    long tid = sysfile_task("svc-ram"), fd, again = -T_ENODEV;
    uint64_t word;

    if (sysfile_number("sys:svc", "ram server running") < 0)
        return;
    CHECK(tid > 0);
    fd = file_open("ram:placed", O_RDWR | O_CREAT);
    CHECK(fd >= 0);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(file_read((int)fd, &word, 8), -T_ENODEV);
    for (unsigned i = 0; i < RESTART_TRIES && again == -T_ENODEV; i++) {
        clock_nap(5 * MS);
        again = file_open("ram:placed", O_RDWR | O_CREAT);
    }
    CHECK(again >= 0);
    CHECK_EQ(file_read((int)fd, &word, 8), -T_ENODEV);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(file_close((int)again), 0);
}

static int role(char **argv)
{
    int number = 0;

    for (const char *d = argv[2]; *d; d++)
        number = number * 10 + (*d - '0');
    if (argv[1][0] == 'h')
        heavy_role();
    if (argv[1][0] == 's')
        idle(0);
    return number;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return role(argv);
    statuses();
    building();
    sharing();
    heavy();
    crowd();
    hunger();
    pipes();
    pipe_waiters();
    critical();
    placed();
    return guest_end("life");
}
