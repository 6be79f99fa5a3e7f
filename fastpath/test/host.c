/* SPDX-License-Identifier: MIT
 * The process around the path: the GS base, and a stack of its own for the one signal that a wrong
 * path earns, since RSP then is whatever the path made of it. Knows nothing of the kernel. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fastpath/test/host.h"

#define ARCH_SET_GS 0x1001
#define SECONDS_MAX 600u

static void crashed(int number)
{
    static const char text[] = "the path faulted, or hangs\nfastpath: 0 passed, 1 failed\n";

    (void)number;
    if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
        _exit(2);
    _exit(1);
}

void host_prepare(void *gs)
{
    static char crash_stack[65536];
    const stack_t own = {.ss_sp = crash_stack, .ss_size = sizeof(crash_stack)};
    const struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};
    const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGALRM};

    sigaltstack(&own, 0);
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, 0);
    alarm(SECONDS_MAX);
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, gs)) {
        perror("arch_prctl");
        exit(1);
    }
}
