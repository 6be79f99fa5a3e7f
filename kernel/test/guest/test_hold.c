/* SPDX-License-Identifier: MIT
 * Stays in ring 3 for ever, so that a host program can look at the machine from outside: at the
 * root in force, at the tables behind it, at registers. Run by isolation.py and nmi.py only. */
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/syscall.h"

#define CALL_EVERY 100000u

/* A system call now and then: what enters the kernel is found by its symbol. */
int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    print("hold: ready\n");
    for (;;) {
        for (volatile unsigned i = 0; i < CALL_EVERY; i++)
            ;
        sys_null();
    }
}
