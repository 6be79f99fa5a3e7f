/* SPDX-License-Identifier: MIT
 * Starting programs: the ELF64 loader lives here, in user space; the kernel never parses one.
 * Invariant: an image is checked whole before a task is made for it, and a task that cannot be
 * finished is killed and reaped. Called by the bootstrap, init and tests. */
#ifndef TACH_SERVERS_LIB_EXEC_H
#define TACH_SERVERS_LIB_EXEC_H

#include <stdint.h>

#include "servers/lib/args.h"

#define STACK_BYTES (64u << 10)
#define STACK_BASE  (USER_END - STACK_BYTES)
/* The descriptor on which a started program says that it is ready: see exec_spawn_ready. */
#define READY_FD       3
#define READY_BYTE     'R'
#define READY_LIMIT_NS 5000000000ull
#define EXEC_FILE_MAX  (16u << 20)

struct exec {
    const char *path;        /* of the program, "scheme:rest" */
    struct args_source args; /* argv[0] by convention the path */
    uint32_t flags;          /* SPAWN_* */
    uint32_t level;
    uint32_t slot;     /* wanted TID slot or 0 */
    uint32_t rights;   /* RIGHT_*: what a child above level 0 gets of them */
    uint32_t cookie;   /* not 0: that the child is known by */
    int ready_write;   /* a descriptor here that becomes READY_FD there, or -1 */
    uint64_t ready_ns; /* exec_spawn_ready: how long it may take; 0: READY_LIMIT_NS */
};

/* Loads and starts: the TID of a child, or an error (ENOEXEC: not a good ELF64 program; the reason
 * is printed). The child has descriptors 0, 1, 2 of the caller. */
long exec_spawn(const struct exec *what);

/* The same of a program whose file lies at bytes[size]; what->path only names it. */
long exec_memory(const struct exec *what, const void *bytes, uint64_t size);

/* The same, then waits until the child has said that it is ready. EIO when it ended without that
 * or took longer than it may; then *tid, if not 0, is a child still to be reaped. */
long exec_spawn_ready(const struct exec *what, long *tid);

/* The child's side: says ready and closes READY_FD. */
void exec_ready(void);

/* The parent's side: 0 when the byte came, EIO when the pipe ended or limit_ns ran out first. */
long exec_ready_wait(int fd, uint64_t limit_ns);

/* Gives the task its stack: 0 or an error. Nothing below STACK_BASE is mapped. */
long exec_stack(uint32_t tid);

/* Descriptors 0, 1, 2 of the caller and, as READY_FD, ready_write unless it is -1. */
long exec_descriptors(uint32_t tid, int ready_write);

/* Kills and reaps a child. */
void exec_kill(uint32_t tid);

#endif
