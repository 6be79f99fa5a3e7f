/* SPDX-License-Identifier: MIT
 * The nameserver, TID 2: turns names into TIDs. A critical task, started and restarted by the
 * bootstrap; a restart forgets all names, and their owners register again.
 * Invariant: one call, one answer; everything else is dropped. */
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/syscall.h"
#include "servers/nameserver/names.h"

/* Signal 0 does nothing to a task that lives. */
static bool task_alive(uint32_t tid)
{
    return sys_kill(tid, 0) != -T_ESRCH;
}

static struct names names = {.alive = task_alive};

int main(int argc, char **argv, char **envp)
{
    struct msg m = {0};
    (void)argc, (void)argv, (void)envp;
    for (;;) {
        long status = sys_reply_wait(&m);
        if (status < 0 && !m.caller) {
            print("nameserver: cannot receive: %s\n", error_text(status));
            return 1;
        }
        if (status >= 0 && (uint8_t)status == KIND_CALL)
            names_answer(&names, &m, (uint8_t)(status >> 8));
        else
            m.caller = 0;
    }
}
