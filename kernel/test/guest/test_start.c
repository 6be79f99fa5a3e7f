/* SPDX-License-Identifier: MIT
 * How this boot began, from its own trace: the loader, the kernel, each initialiser, the critical
 * tasks in their order. What it took of the memory, and what else sys: tells a person. Needs
 * trace=off: nothing may be lost. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define RECORDS      512u
#define INIT_STEPS   12u /* at least */
#define FAILED_OPENS 300u
#define KERNEL_PAGES 512u /* 2 MiB */

static struct trace_record records[RECORDS];
static unsigned count;

static void trace_take(void)
{
    long fd = file_open("trace:", O_RDONLY), got = 0;

    CHECK(fd >= 0);
    while (count < RECORDS &&
           (got = file_read((int)fd, &records[count], 16 * sizeof(records[0]))) > 0)
        count += (unsigned)got / sizeof(records[0]);
    CHECK(got >= 0);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(sysfile_number("sys:counters", "trace_lost"), 0);
}

static void beginning(void)
{
    unsigned at = 0;

    SHOWS("T12", "the trace begins with LOADER_DONE and HAL_ENTRY");
    trace_take();
    CHECK_EQ(records[at++].event, EV_loader_done);
    CHECK_EQ(records[at++].event, EV_hal_entry);
    uint64_t last = records[1].arg;
    CHECK(records[0].arg && records[0].arg < last);
    SHOWS("T13", "each initialiser is stamped, in order");
    for (unsigned i = 0; records[at].event == EV_init_step; i++, at++) {
        CHECK_EQ(records[at].arg, i);
        CHECK(records[at].aux > last);
        last = records[at].aux;
    }
    CHECK(at >= 2 + INIT_STEPS);
    CHECK_EQ(records[at].event, EV_core_entry);
    CHECK(records[at++].tsc > last);
    while (at < count && records[at].event != EV_first_user)
        at++;
    CHECK(at < count);
    for (unsigned i = 1; i < count; i++)
        if (records[i].tsc < records[i - 1].tsc)
            CHECK_EQ(i, 0);
}

/* The slots of the first tasks as they were started, all by the bootstrap. */
static void critical_order(void)
{
    static const uint32_t want[] = {0, TID_NAMESERVER, TID_CONSOLE, 0}; /* 0: any other */
    unsigned n = 0;

    SHOWS("T14", "initfs, nameserver, console, init: started in this order by the bootstrap");
    for (unsigned i = 0; i < count && n < sizeof(want) / sizeof(want[0]); i++) {
        if (records[i].event != EV_task_start)
            continue;
        uint32_t slot = (uint32_t)records[i].arg & TID_SLOT_MASK;
        CHECK_EQ(records[i].aux, TID_BOOTSTRAP);
        CHECK(want[n] ? slot == want[n] : slot > TID_CONSOLE);
        n++;
    }
    CHECK_EQ(n, sizeof(want) / sizeof(want[0]));
    CHECK_EQ(sysfile_task("bootstrap"), TID_BOOTSTRAP);
    CHECK_EQ(sysfile_task("console") & TID_SLOT_MASK, TID_CONSOLE);
}

static void memory(void)
{
    long kernel = sysfile_number("sys:memory", "kernel_pages");
    long left = sysfile_number("sys:memory", "free_pages");
    long all = sysfile_number("sys:memory", "total_pages");

    SHOWS("T9", "the kernel's image takes less than 2 MiB, and frames are left");
    print("start: kernel %ld KiB, frames %ld, free %ld\n", kernel * 4, all, left);
    CHECK(kernel > 0 && kernel < (long)KERNEL_PAGES);
    CHECK(left > 128 && left < all);
}

/* The files of one thing each; the kernel's memory is for level 0 only. */
static void looks(void)
{
    char path[40];
    long left;

    SHOWS("T16", "mailboxes and the kernel's memory, for whom they are");
    print_to(path, sizeof(path), "sys:mbox/%ld", sys_self(SELF_TID));
    CHECK_EQ(sysfile_number(path, "receivers"), 0);
    CHECK_EQ(sysfile_number("sys:mbox/2", "receivers"), 1);
    CHECK_EQ(sysfile_number("sys:mbox/2", "senders"), 0);
    CHECK_EQ(file_open("sys:mbox/4094", O_RDONLY), -T_ESRCH);
    CHECK_EQ(file_open("sys:mbox/99999999999", O_RDONLY), -T_EINVAL);
    CHECK_EQ(file_open("sys:mbox/", O_RDONLY), -T_EINVAL);
    CHECK_EQ(file_open("sys:mboxes/2", O_RDONLY), -T_ENOENT);
    CHECK(file_text("sys:pmu", path, sizeof(path)) > 0 && !strncmp(path, "pmu ", 4));
    CHECK_EQ(file_open("sys:peek/1000", O_RDONLY), -T_EINVAL);
    CHECK_EQ(file_open("sys:peek/10000000000000000", O_RDONLY), -T_EINVAL);
    CHECK_EQ(file_open("sys:peek/ffff900000000000", O_RDONLY), -T_EFAULT);
    CHECK_EQ(file_open("sys:peek/fffffffffffffff8", O_RDONLY), -T_EFAULT);
    long fd = file_open("sys:peek/ffffffff80100000", O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQ(file_write((int)fd, "off PASS", 8), -T_EACCES);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(guest_wait(guest_child("user", 0)), 0); /* the first child makes pools grow */
    left = sysfile_number("sys:memory", "free_pages");
    CHECK_EQ(guest_wait(guest_child("user", 0)), 0);
    for (unsigned i = 0; i < FAILED_OPENS; i++)
        if (file_open("sys:mbox/4094", O_RDONLY) != -T_ESRCH)
            CHECK_EQ(i, FAILED_OPENS);
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), left);
}

static int user(void)
{
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){.a = 1}), 0);
    CHECK_EQ(file_open("sys:peek/ffffffff80100000", O_RDONLY), -T_EPERM);
    CHECK_EQ(file_open("sys:pmu", O_RDONLY), -T_EPERM);
    CHECK_EQ(sysfile_number("sys:mbox/2", "senders"), 0);
    return (int)guest_failed();
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return user();
    beginning();
    critical_order();
    memory();
    looks();
    return guest_end("start");
}
