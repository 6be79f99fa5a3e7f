/* SPDX-License-Identifier: MIT
 * The first user program: makes its own memory W^X, opens the console, starts the initfs daemon and
 * then the critical programs, which it supervises for as long as the machine runs.
 * Invariant: it ends only by a failure that leaves nothing to run; the kernel then stops the boot.
 * Entered by start.asm. */
#include "servers/bootstrap/bootstrap.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/syscall.h"

const struct stack_call bootstrap_stack = {
    .number = SYS_fmap,
    .fd = (uint64_t)-1,
    .address = STACK_BASE,
    .bytes = STACK_BYTES,
    .prot_flags = PROT_READ | PROT_WRITE | MAP_PRIVATE | MAP_FIXED_NOREPLACE,
    .offset = 0,
    .top = USER_END - 16,
};

struct blob_part {
    uint64_t begin, end; /* offsets, page aligned */
    uint64_t prot;
};

long blob_protect(void)
{
    const struct initfs_header *h = blob_header();
    const struct blob_part part[] = {
        {0, h->text_offset, PROT_READ},
        {h->text_offset, h->rodata_offset, PROT_READ | PROT_EXEC},
        {h->rodata_offset, h->data_offset, PROT_READ},
        {h->data_offset, h->end_offset, PROT_READ | PROT_WRITE},
        {h->end_offset, h->size, PROT_READ},
    };
    long error = 0;
    for (unsigned i = 0; i < sizeof(part) / sizeof(part[0]) && error >= 0; i++)
        if (part[i].begin < part[i].end)
            error = sys_mprotect(INITFS_BASE + part[i].begin, part[i].end - part[i].begin,
                                 part[i].prot);
    return error;
}

/* Descriptors 0, 1, 2, which every program inherits from its parent. */
static long console_open(void)
{
    for (long fd = 0; fd < 3; fd++)
        if (file_open("debug:", fd ? O_WRONLY : O_RDONLY) != fd)
            return -T_ENODEV;
    return 0;
}

void start(void)
{
    if (blob_protect() < 0 || console_open() < 0)
        __builtin_trap(); /* no console to say it on: the kernel reports the instruction */
    if (file_open("sys:boot", O_RDONLY) == -T_ENODEV)
        bare_run();
    programs_supervise();
}
