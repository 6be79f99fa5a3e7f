/* SPDX-License-Identifier: MIT
 * See thread.h. The word of the end is the kernel's to write: when it is 1 nobody runs on the stack
 * any more. */
#include "servers/lib/thread.h"

#include "servers/lib/syscall.h"

__attribute__((noreturn)) static void thread_main(struct user_thread *u)
{
    u->run(u->argument);
    sys_exit_thread(0, &u->ended);
}

long thread_start(struct user_thread *u, void (*run)(uint64_t argument), uint64_t argument)
{
    long stack = sys_fmap(0, THREAD_STACK, PROT_READ | PROT_WRITE | MAP_PRIVATE);

    if (stack < 0)
        return stack;
    *u = (struct user_thread){.run = run, .argument = argument, .stack = (uint64_t)stack};
    uint64_t top = u->stack + THREAD_STACK - 8; /* as after a CALL */
    long slot = sys_thread_create((uint64_t)thread_main, top, (uint64_t)u);
    if (slot < 0)
        sys_munmap(u->stack, THREAD_STACK);
    return slot;
}

void thread_join(struct user_thread *u)
{
    while (!__atomic_load_n(&u->ended, __ATOMIC_ACQUIRE))
        sys_futex(&u->ended, FUTEX_WAIT | FUTEX_PRIVATE, 0, 0);
    sys_munmap(u->stack, THREAD_STACK);
}
