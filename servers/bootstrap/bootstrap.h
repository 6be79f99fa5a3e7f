/* SPDX-License-Identifier: MIT
 * What the parts of the bootstrap share: entry points, the blob, and starting the initfs daemon.
 * Invariant: after blob_protect no page of the blob is writable and executable. */
#ifndef TACH_SERVERS_BOOTSTRAP_H
#define TACH_SERVERS_BOOTSTRAP_H

#include <stdint.h>

#include "kernel/abi/boot.h"

/* The arguments of the stack's fmap and the stack pointer after it, as start.asm reads them. */
struct stack_call {
    uint64_t number, fd, address, bytes, prot_flags, offset, top;
};
extern const struct stack_call bootstrap_stack;

/* The bootstrap, entered once by start.asm. */
__attribute__((noreturn)) void start(void);

/* The daemon task: its entry stub and the C function behind it. */
void daemon_entry(void);
__attribute__((noreturn)) void daemon_main(void);

/* Gives each part of the blob its final rights: 0 or the kernel's error. */
long blob_protect(void);

/* Starts the daemon and waits until initfs: is served: its TID, or an error. */
long daemon_start(void);

/* With schemes off: runs the message test out of the blob; the boot ends with its status. */
__attribute__((noreturn)) void bare_run(void);

/* Starts the critical programs, then restarts those that die; never comes back. */
__attribute__((noreturn)) void programs_supervise(void);

static inline const struct initfs_header *blob_header(void)
{
    return (const struct initfs_header *)INITFS_BASE;
}

#endif
