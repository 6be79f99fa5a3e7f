/* SPDX-License-Identifier: MIT
 * The page tables of every task as memory:pt shows them: one kernel half for all, next to nothing
 * of it where user mode runs, the bootstrap's pages as it left them; and that no address of another
 * thread or of a dead task is remembered. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PAGE        4096ull
#define RW          (PROT_READ | PROT_WRITE)
#define LEAF_WRITE  2ull
#define LEAF_USER   4ull
#define LEAF_NX     (1ull << 63)
#define LEAF_FRAME  0x000FFFFFFFFFF000ull
#define TRAMP_PAGES 8u /* text and tables of the entry 4, the CPU's area 4 */
#define IMAGE_START (KERNEL_BASE + 0x100000)
#define IMAGE_MAX   1024u /* pages of the kernel's image that are looked at */
#define DIRECT_MAX  512u  /* pieces of 2 MiB */
#define DEVICE_BASE (KERNEL_BASE - (1ull << 30))
#define SPAWNS      2100u /* more than there are PCIDs */
#define FIXED       0x600000000ull

static int tables;
static char text[4096];

struct leaves {
    uint64_t kernel, user;
};

static struct leaves leaves_at(uint32_t tid, uint64_t address)
{
    uint64_t words[5] = {tid, address};

    CHECK_EQ(file_call(tables, MEMORY_LEAF, words), 0);
    return (struct leaves){words[0], words[1]};
}

struct half {
    uint64_t entries, pages, differences;
};

static struct half half_of(uint32_t tid)
{
    uint64_t words[5] = {tid};

    CHECK_EQ(file_call(tables, MEMORY_HALF, words), 0);
    return (struct half){words[0], words[1], words[2]};
}

/* Each living task of sys:tasks. */
static void every_task(bool pti, uint64_t pages)
{
    unsigned seen = 0;

    CHECK(file_text("sys:tasks", text, sizeof(text)) > 0);
    CHECK(!strchr(text, '+')); /* W+X */
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        uint32_t tid = 0;
        for (const char *digit = line; *digit >= '0' && *digit <= '9'; digit++)
            tid = tid * 10 + (uint32_t)(*digit - '0');
        struct half half = half_of(tid);
        CHECK_EQ(half.differences, 0);
        CHECK(pti ? half.entries == 1 : half.entries <= 1);
        CHECK_EQ(half.pages, pages);
        seen++;
    }
    CHECK(seen >= 4);
}

/* How many of `count` addresses the user's root has; each as the kernel has it, and not for users.
 */
static uint64_t present(uint64_t start, uint64_t step, uint64_t count)
{
    uint64_t found = 0, absent = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct leaves l = leaves_at(0, start + i * step);
        bool good = !l.user || ((l.user ^ l.kernel) & LEAF_FRAME) == 0;
        if (!good || (l.user & LEAF_USER) || (l.kernel & LEAF_USER))
            CHECK_EQ(start + i * step, 0);
        found += l.user != 0;
        absent += l.kernel && !l.user;
    }
    CHECK(absent); /* there is something to hide */
    return found;
}

static void kernel_half(void)
{
    bool pti = sysfile_line("sys:mitig", "pti on");
    uint64_t pages = half_of(0).pages, found;
    uint64_t words[5] = {0x12345};

    SHOWS("V41,T32", "one kernel half for all tasks; user mode has one entry and N pages of it");
    every_task(pti, pages);
    found = present(IMAGE_START, PAGE, IMAGE_MAX);
    found += present(DIRECT_BASE, PAGE << 9, DIRECT_MAX);
    found += present(PERCPU_BASE, PAGE, 16);
    found += present(DEVICE_BASE, PAGE, 16);
    CHECK_EQ(found, pages);
    CHECK(pti ? pages == TRAMP_PAGES : pages <= TRAMP_PAGES);
    print("tables: %lu kernel pages in user tables\n", pages);
    CHECK_EQ(file_call(tables, MEMORY_HALF, words), -T_ESRCH);
    words[0] = 0;
    CHECK_EQ(file_call(tables, FCALL_STAT, words), -T_EOPNOTSUPP);
}

/* What the kernel gave to the bootstrap, as its records have it. */
static uint64_t entry_rip;

static void entry_state(void)
{
    uint64_t bytes = TRACE_RING_RECORDS * sizeof(struct trace_record);
    long ring = sys_req_sys_mem(sys_name("trace"), bytes, PROT_READ);
    const struct trace_record *r = (const struct trace_record *)ring;
    unsigned found = 0;

    CHECK(ring > 0);
    for (unsigned i = 0; ring > 0 && i < TRACE_RING_RECORDS; i++) {
        if (r[i].event != EV_first_user)
            continue;
        entry_rip = r[i].arg;
        CHECK_EQ(r[i].aux, 0); /* rsp; the stub itself refuses registers that are not zero */
        found++;
    }
    CHECK_EQ(found, 1);
    CHECK_EQ(sys_munmap((uint64_t)ring, bytes), 0);
}

static void bootstrap_start(void)
{
    uint64_t wx = RW | PROT_EXEC;
    const struct taskctl map = {FIXED, PAGE, wx, 0};
    long child = sys_spawn(0, 0, sys_name("wx"));
    long boot = sys_req_sys_mem(sys_name("boot"), PAGE, PROT_READ);

    SHOWS("V5",
          "the blob is copied, page 0 absent, rsp 0; nobody else gets a page to write and run");
    entry_state();
    CHECK_EQ(leaves_at(TID_BOOTSTRAP, 0).user, 0);
    CHECK(boot > 0 && leaves_at(TID_BOOTSTRAP, INITFS_BASE).user);
    if (boot > 0)
        CHECK((leaves_at(TID_BOOTSTRAP, INITFS_BASE).user & LEAF_FRAME) !=
              ((const struct bootinfo *)boot)->initfs_phys);
    CHECK_EQ(sys_munmap((uint64_t)boot, PAGE), 0);
    CHECK_EQ(sys_fmap(0, PAGE, wx | MAP_PRIVATE), -T_EACCES);
    CHECK_EQ(sys_mprotect(FIXED, PAGE, wx), -T_EACCES);
    CHECK_EQ(sys_taskctl((uint32_t)child, TASK_MAP, map), -T_EACCES);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    CHECK_EQ(guest_wait(child), 512 + SIGKILL);
}

/* 'r', 'w' (and read), 'x' (and read), '!' for both, '-' for absent. */
static char rights_at(uint64_t address)
{
    uint64_t leaf = leaves_at(TID_BOOTSTRAP, address).user;

    if (!leaf)
        return '-';
    if (leaf & LEAF_WRITE)
        return leaf & LEAF_NX ? 'w' : '!';
    return leaf & LEAF_NX ? 'r' : 'x';
}

static void bootstrap_protected(void)
{
    static uint64_t data = 0xC3;
    char runs[16] = {rights_at(INITFS_BASE)};
    uint64_t at = INITFS_BASE;

    SHOWS("V7", "the bootstrap's header, text, rodata, data and the rest: rights of their own");
    for (unsigned n = 0; n < sizeof(runs) - 2 && runs[n] != '-'; at += PAGE)
        if (rights_at(at) != runs[n])
            runs[++n] = rights_at(at);
    CHECK(!strcmp(runs, "rxrwr-"));
    CHECK_EQ(rights_at(entry_rip), 'x');
    CHECK_EQ(guest_probe_write((uint64_t)bootstrap_protected).error, 7);
    CHECK_EQ(guest_probe_jump((uint64_t)&data).error, 0x15);
    CHECK_EQ(guest_probe((uint64_t)bootstrap_protected).vector, 0);
}

/* One thread unmaps what another uses. */
static volatile uint64_t turn;

static void reader(uint64_t address)
{
    CHECK_EQ(guest_probe(address).vector, 0);
    turn = 1;
    while (turn == 1)
        sys_yield();
    CHECK_EQ(guest_probe(address).vector, 14);
    turn = 3;
    for (;;)
        sys_sleep(~0ull);
}

static void forgotten(void)
{
    long at = sys_fmap(0, PAGE, RW | MAP_PRIVATE);

    SHOWS("T34",
          "a page that one thread unmaps faults in another; no PCID brings back a dead task's");
    CHECK(at > 0);
    CHECK(guest_thread(reader, (uint64_t)at) >= 0);
    while (turn != 1)
        sys_yield();
    CHECK_EQ(sys_munmap((uint64_t)at, PAGE), 0);
    turn = 2;
    while (turn != 3)
        sys_yield();
    CHECK_EQ(guest_wait(guest_child("fixed", 1)), 0);
    for (unsigned i = 0; i < SPAWNS; i++) {
        long tid = sys_spawn(0, 0, sys_name("pcid"));
        uint64_t status;
        if (tid < 0 || sys_kill((uint32_t)tid, SIGKILL) ||
            sys_waitpid((uint32_t)tid, 0, &status) < 0)
            CHECK_EQ(i, SPAWNS);
        if (i % 500 == 0)
            CHECK_EQ(guest_wait(guest_child("fixed", 2)), 0);
    }
    CHECK_EQ(guest_wait(guest_child("fixed", 3)), 0);
}

/* A page at an address that every child of this role uses: absent, then zero, then its own. */
static int fixed(void)
{
    guest_probe(FIXED);
    CHECK_EQ(guest_probe(FIXED).vector, 14);
    CHECK_EQ(sys_fmap(FIXED, PAGE, RW | MAP_PRIVATE | MAP_FIXED_NOREPLACE), FIXED);
    CHECK_EQ(*(volatile uint64_t *)FIXED, 0);
    *(volatile uint64_t *)FIXED = (uint64_t)sys_self(SELF_TID);
    return guest_failed() ? 1 : 0;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return fixed();
    tables = (int)file_open("memory:pt", O_RDWR);
    long before = sysfile_number("sys:memory", "mappings");
    CHECK(tables >= 0);
    bootstrap_start();
    bootstrap_protected();
    kernel_half();
    forgotten();
    CHECK_EQ(sysfile_number("sys:memory", "mappings"), before);
    return guest_end("tables");
}
