/* SPDX-License-Identifier: MIT
 * Physical ranges by name: what is on the list and how it is mapped, and that nothing else is. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PAGE      4096ull
#define RW        (PROT_READ | PROT_WRITE)
#define SHARED    (PROT_READ | MAP_SHARED)
#define VGA       0xB8000ull
#define APIC      0xFEE00000ull
#define VGA_CELLS 2000u
#define VGA_A     0x1F41u /* white on blue, 'A' */

static long map(const char *name, uint64_t bytes, uint64_t prot)
{
    return sys_req_sys_mem(sys_name(name), bytes, prot);
}

/* The list itself is what is promised; what the boot information says is not on it is refused. */
static void refused(void)
{
    long at = map("boot", PAGE, PROT_READ);
    const struct bootinfo *boot = (const struct bootinfo *)at;
    unsigned tried = 0;

    SHOWS("T35", "ranges that are not listed, or more of one than is, nobody gets");
    CHECK(at > 0);
    if (at <= 0)
        return;
    CHECK_EQ(boot->magic, BOOT_MAGIC);
    CHECK_EQ(sys_req_sys_mem(boot->kernel_phys, PAGE, PROT_READ), -T_EACCES);
    CHECK_EQ(sys_req_sys_mem(boot->root_phys, PAGE, PROT_READ), -T_EACCES);
    for (unsigned i = 0; i < boot->range_count; i++)
        if (boot->range[i].type == RANGE_FREE) {
            CHECK_EQ(sys_req_sys_mem(boot->range[i].base, PAGE, PROT_READ), -T_EACCES);
            tried++;
        }
    CHECK(tried);
    CHECK_EQ(sys_req_sys_mem(0, PAGE, PROT_READ), -T_EACCES);
    CHECK_EQ(sys_req_sys_mem(~0ull << 12, PAGE, PROT_READ), -T_EACCES);
    CHECK_EQ(map("kernel", PAGE, PROT_READ), -T_ENOENT);
    CHECK_EQ(map("bootx", PAGE, PROT_READ), -T_ENOENT);
    CHECK_EQ(map("boot", 0, PROT_READ), -T_EINVAL);
    CHECK_EQ(map("boot", ~0ull, PROT_READ), -T_EACCES);
    CHECK_EQ(map("boot", 3 * PAGE, PROT_READ), -T_EACCES);
    CHECK_EQ(map("boot", PAGE, RW), -T_EACCES);
    CHECK_EQ(map("boot", PAGE, PROT_READ | PROT_EXEC), -T_EACCES);
    CHECK_EQ(map("boot", PAGE, PROT_READ | MAP_SHARED), -T_EINVAL);
    CHECK_EQ(sys_req_sys_mem(boot->initfs_phys, PAGE, PROT_READ), -T_EACCES);
    CHECK_EQ(sys_req_sys_mem(APIC + PAGE, PAGE, PROT_READ), -T_EACCES);
    CHECK_EQ(sys_req_sys_mem(APIC, 2 * PAGE, PROT_READ), -T_EACCES);
    long part = sys_req_sys_mem(APIC, PAGE, PROT_READ);
    CHECK(part > 0);
    CHECK_EQ(sys_munmap((uint64_t)part, PAGE), 0);
    CHECK_EQ(sys_munmap((uint64_t)at, PAGE), 0);
}

/* What is lent to be read stays so, and is no memory to copy or to pass on. */
static void read_only(void)
{
    long at = map("trace", 2 * PAGE, PROT_READ);
    int fd = (int)file_open("memory:trace", O_RDWR);
    long child = sys_spawn(0, 0, sys_name("empty"));
    const struct taskctl share = {0x500000000, PAGE, (uint64_t)at, PROT_READ};

    SHOWS("T35", "the trace ring can be read, and nothing more");
    CHECK(at > 0);
    CHECK_EQ(guest_probe((uint64_t)at + 2 * PAGE - 1).vector, 0);
    CHECK_EQ(guest_probe((uint64_t)at + 2 * PAGE).vector, 14);
    CHECK_EQ(guest_probe_write((uint64_t)at).error, 7);
    CHECK_EQ(sys_mprotect((uint64_t)at, PAGE, RW), -T_EACCES);
    CHECK_EQ(file_write(1, (void *)at, 100), -T_EFAULT);
    CHECK_EQ(sys_taskctl((uint32_t)child, TASK_SHARE, share), -T_EACCES);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    CHECK_EQ(guest_wait(child), 512 + SIGKILL);
    CHECK(fd >= 0);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, PAGE, SHARED | PROT_WRITE, 0}), -T_EACCES);
    long again = sys_fmap_fd(fd, (struct fmap){0, PAGE, SHARED, 0});
    CHECK(again > 0 && *(volatile uint64_t *)again == *(volatile uint64_t *)at);
    CHECK_EQ(file_truncate(fd, 0), -T_EINVAL);
    CHECK_EQ(sys_munmap((uint64_t)again, PAGE), 0);
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(sys_munmap((uint64_t)at, 2 * PAGE), 0);
}

/* A child above level 0 is refused; one that ends leaves nothing mapped. */
static void others(void)
{
    long before = sysfile_number("sys:memory", "mappings");

    SHOWS("T35", "level 1 is refused; what a task had mapped goes with it");
    CHECK_EQ(guest_wait(guest_child("level", 1)), 0);
    CHECK_EQ(guest_wait(guest_child("leave", 0)), 0);
    CHECK_EQ(sysfile_number("sys:memory", "mappings"), before);
    CHECK_EQ(sysfile_number("sys:memory", "objects"), 0);
}

static int child(const char *role)
{
    if (!strcmp(role, "leave"))
        return map("trace", PAGE, PROT_READ) > 0 ? 0 : 1;
    CHECK_EQ(sys_taskctl(0, TASK_RIGHTS, (struct taskctl){0, 0, 0, 0}), 0);
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){1, 0, 0, 0}), 0);
    CHECK_EQ(map("boot", PAGE, PROT_READ), -T_EPERM);
    CHECK_EQ(sys_req_sys_mem(VGA, PAGE, PROT_READ), -T_EPERM);
    CHECK_EQ(file_open("memory:boot", O_RDONLY), -T_EPERM);
    CHECK_EQ(file_open("memory:pt", O_RDONLY), -T_EPERM);
    return guest_failed() ? 1 : 0;
}

/* What the boot has for a screen, by its boot information. */
static struct boot_screen screen_had(void)
{
    struct boot_screen had = {.kind = BOOT_SCREEN_NONE};
    long at = map("boot", PAGE, PROT_READ);

    CHECK(at > 0);
    if (at <= 0)
        return had;
    had = ((const struct bootinfo *)at)->screen;
    CHECK_EQ(sys_munmap((uint64_t)at, PAGE), 0);
    return had;
}

/* A page full of 'A', which whoever looks from outside can see. */
static void cells_write(long at)
{
    volatile uint16_t *cell = (volatile uint16_t *)at;

    SHOWS("T35", "the text screen is written through its mapping");
    for (unsigned i = 0; i < VGA_CELLS; i++)
        cell[i] = VGA_A;
    CHECK_EQ(cell[0], VGA_A);
    CHECK_EQ(cell[VGA_CELLS - 1], VGA_A);
    print("sysmem: screen written\n");
}

/* Text cells are for who maps them; in a mode of pixels no cells stand there, and the pixels are
 * on no list. Without either the range may be listed, with whatever is there behind it. */
static void screen(void)
{
    const struct boot_screen had = screen_had();
    long at = sys_req_sys_mem(VGA, PAGE, RW);

    CHECK(at > 0 || (at == -T_EACCES && had.kind != BOOT_SCREEN_TEXT));
    if (had.kind == BOOT_SCREEN_TEXT && at > 0) {
        CHECK_EQ(had.base, VGA);
        cells_write(at);
    }
    if (had.kind == BOOT_SCREEN_RGB) {
        SHOWS("T35", "a screen's pixels nobody gets");
        CHECK_EQ(sys_req_sys_mem(had.base & ~(PAGE - 1), PAGE, RW), -T_EACCES);
        CHECK_EQ(map("vga", 0, RW), -T_EINVAL);
        print("sysmem: pixels refused\n");
    }
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return child(argv[1]);
    refused();
    read_only();
    others();
    screen();
    return guest_end("sysmem");
}
