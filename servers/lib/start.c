/* SPDX-License-Identifier: MIT
 * From the entry stub to main and from main to the end of the task.
 * Invariant: main's result is the exit status. Called by start.asm only. */
#include "servers/lib/start.h"
#include "servers/lib/args.h"
#include "servers/lib/syscall.h"

/* Main's argv and envp lie in the block itself: argc, argv..., 0, envp..., 0. */
void start_main(struct args_block *block)
{
    char **argv = block->pointers;
    char **envp = argv + block->argc + 1;
    sys_exit((uint64_t)main((int)block->argc, argv, envp));
}
