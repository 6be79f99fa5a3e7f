/* SPDX-License-Identifier: MIT
 * What a task may do with memory, seen from ring 3: the fault matrix, W^X, ranges at the borders,
 * fault handlers and their way back. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/start.h"

#define PAGE 4096u
/* Behind the entry code, with which the image begins and which every table has. */
#define KERNEL_TEXT (KERNEL_BASE + 0x100000 + 8 * PAGE)
#define ERROR_P     1u /* the page was present */
#define ERROR_WRITE 2u
#define ERROR_USER  4u
#define ERROR_FETCH 16u

static void check_fault(struct guest_fault f, uint64_t error, uint64_t address)
{
    CHECK_EQ(f.vector, 14);
    CHECK_EQ(f.error, error);
    CHECK_EQ(f.address, address);
}

/* R, W, X on mapped and unmapped pages. */
static void matrix(void)
{
    uint64_t page = (uint64_t)guest_memory(PAGE);

    CHECK_EQ(guest_probe(page).vector, 0);
    CHECK_EQ(guest_probe_write(page).vector, 0);
    check_fault(guest_probe_jump(page), ERROR_P | ERROR_USER | ERROR_FETCH, page);
    CHECK_EQ(sys_mprotect(page, PAGE, PROT_READ), 0);
    CHECK_EQ(guest_probe(page).vector, 0);
    check_fault(guest_probe_write(page), ERROR_P | ERROR_USER | ERROR_WRITE, page);
    CHECK_EQ(sys_munmap(page, PAGE), 0);
    check_fault(guest_probe(page), ERROR_USER, page);
    check_fault(guest_probe_write(page), ERROR_USER | ERROR_WRITE, page);
    check_fault(guest_probe_jump(page), ERROR_USER | ERROR_FETCH, page);
}

/* R, W, X on addresses of the kernel, mapped there or not, and on those that are none. What ring 3
 * learns of either must be the same when its tables have nothing of the kernel: no page present. */
static void matrix_kernel(void)
{
    static const uint64_t hidden[] = {DIRECT_BASE, KERNEL_TEXT, KERNEL_BASE - PAGE,
                                      DIRECT_BASE + (1ull << 46)};
    bool pti = sysfile_line("sys:mitig", "pti on");

    for (unsigned i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        uint64_t at = hidden[i];
        struct guest_fault read = guest_probe(at), write = guest_probe_write(at),
                           jump = guest_probe_jump(at);
        CHECK_EQ(read.vector, 14);
        CHECK_EQ(write.vector, 14);
        CHECK_EQ(jump.vector, 14);
        CHECK_EQ(read.address, at);
        CHECK_EQ(read.error & ~ERROR_P, ERROR_USER);
        CHECK_EQ(write.error & ~ERROR_P, ERROR_USER | ERROR_WRITE);
        CHECK_EQ(jump.error & ~ERROR_P, ERROR_USER | ERROR_FETCH);
        if (pti)
            CHECK_EQ((read.error | write.error | jump.error) & ERROR_P, 0);
    }
    CHECK_EQ(guest_probe(1ull << 47).vector, 13);
    CHECK_EQ(guest_probe_write(1ull << 62).vector, 13);
}

static void write_and_execute(void)
{
    uint64_t page = (uint64_t)guest_memory(PAGE);
    uint64_t wx = PROT_READ | PROT_WRITE | PROT_EXEC;

    CHECK_EQ(sys_fmap(0, PAGE, wx | MAP_PRIVATE), -T_EACCES);
    CHECK_EQ(sys_mprotect(page, PAGE, wx), -T_EACCES);
    *(volatile uint8_t *)page = 0xC3; /* ret */
    CHECK_EQ(sys_mprotect(page, PAGE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(guest_probe_jump(page).vector, 0);
    check_fault(guest_probe_write(page), ERROR_P | ERROR_USER | ERROR_WRITE, page);
}

static void borders(void)
{
    uint64_t how = PROT_READ | PROT_WRITE | MAP_PRIVATE | MAP_FIXED_NOREPLACE;

    CHECK_EQ(sys_fmap(USER_END, PAGE, how), -T_EINVAL);
    CHECK_EQ(sys_fmap(USER_END - PAGE, 2 * PAGE, how), -T_EINVAL);
    CHECK_EQ(sys_fmap(0, PAGE, how), -T_EINVAL);
    CHECK_EQ(sys_fmap(~0ull - PAGE + 1, PAGE, how), -T_EINVAL);
    CHECK_EQ(sys_fmap(0x10000000, 0, how), -T_EINVAL);
    CHECK_EQ(sys_fmap(0x10000000, ~0ull, how), -T_EINVAL);
    CHECK_EQ(sys_fmap(0x10000000, PAGE, how), 0x10000000);
    CHECK_EQ(sys_fmap(0x10000000, PAGE, how), -T_EEXIST);
    CHECK_EQ(sys_mprotect(0x20000000, PAGE, PROT_READ), -T_EFAULT);
    CHECK_EQ(sys_munmap(USER_END, PAGE), -T_EINVAL);
    CHECK_EQ(guest_probe(0).vector, 14);
    CHECK_EQ(guest_probe(USER_END).vector, 14);
}

/* Every page that a task gets is zero, also one that was somebody's before. */
static void zeroed(void)
{
    for (unsigned round = 0; round < 4; round++) {
        uint64_t *page = guest_memory(16 * PAGE), sum = 0;
        for (unsigned i = 0; i < 16 * PAGE / 8; i++)
            sum |= page[i];
        CHECK_EQ(sum, 0);
        for (unsigned i = 0; i < 16 * PAGE / 8; i++)
            page[i] = ~0ull;
        CHECK_EQ(sys_munmap((uint64_t)page, 16 * PAGE), 0);
    }
}

/* What the kernel copied to and from a moment ago says nothing of what it may now. */
static void remembered(void)
{
    uint64_t page = (uint64_t)guest_memory(PAGE);
    uint32_t *word = (uint32_t *)page;
    int fd = (int)file_open("zero:", O_RDONLY);

    CHECK_EQ(file_read(fd, word, 64), 64);
    CHECK_EQ(sys_mprotect(page, PAGE, PROT_READ), 0);
    CHECK_EQ(sys_futex(word, FUTEX_WAIT, 1, 0), -T_EAGAIN); /* it is read, and remembered */
    CHECK_EQ(file_read(fd, word, 64), -T_EFAULT);
    CHECK_EQ(sys_mprotect(page, PAGE, PROT_NONE), 0);
    CHECK_EQ(sys_futex(word, FUTEX_WAIT, 1, 0), -T_EFAULT);
    CHECK_EQ(sys_munmap(page, PAGE), 0); /* nothing is remembered: nor is a null pointer */
    CHECK_EQ(sys_futex((uint32_t *)8, FUTEX_WAIT, 1, 0), -T_EFAULT);
    CHECK_EQ(sys_futex((uint32_t *)0, FUTEX_WAIT, 1, 0), -T_EFAULT);
    file_close(fd);
}

static void handlers(void)
{
    CHECK_EQ(sys_sigreturn(0), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_FAULT, (struct taskctl){USER_END, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_FAULT, (struct taskctl){1ull << 63, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_FAULT, (struct taskctl){0x400000, ~0ull, 0, 0}), -T_EINVAL);
    for (unsigned i = 0; i < 100; i++)
        check_fault(guest_probe(0x30000000 + 8 * i), ERROR_USER, 0x30000000 + 8 * i);
}

/* A fault without a handler ends the task, and says so. */
static void fatal(char *path)
{
    long tid = guest_child("fault", 0);

    (void)path;
    CHECK(tid > 0);
    CHECK_EQ(guest_wait(tid), 256 + 14);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 1) {
        *(volatile uint8_t *)0x40000000 = 1;
        return 1;
    }
    SHOWS("T5", "reads, writes and jumps fault as the rights of user and kernel addresses say");
    matrix();
    matrix_kernel();
    SHOWS("T5", "no page is writable and executable, ranges end at the borders, pages are zero");
    write_and_execute();
    borders();
    zeroed();
    remembered();
    handlers();
    fatal(argv[0]);
    return guest_end("memory");
}
