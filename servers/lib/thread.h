/* SPDX-License-Identifier: MIT
 * Threads of this task with a stack of their own. Each ends by coming back from `run`, or by
 * sys_exit_thread with its word; whoever made it joins it, which gives its stack back. */
#ifndef TACH_SERVERS_LIB_THREAD_H
#define TACH_SERVERS_LIB_THREAD_H

#include <stdint.h>

#define THREAD_STACK 16384u

/* Lives until the thread is joined. */
struct user_thread {
    void (*run)(uint64_t argument);
    uint64_t argument;
    uint64_t stack; /* its lowest address */
    uint32_t ended; /* the kernel makes it 1 */
};

/* Makes and starts it. Its slot, EAGAIN, ENOMEM. */
long thread_start(struct user_thread *u, void (*run)(uint64_t argument), uint64_t argument);

/* Waits until it has ended. */
void thread_join(struct user_thread *u);

#endif
