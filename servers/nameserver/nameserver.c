/* SPDX-License-Identifier: MIT
 * The nameserver, TID 2: turns names into TIDs, by message and as the scheme name:. A critical
 * task, started and restarted by the bootstrap; a restart forgets all names, and their owners
 * register again. The kernel notifies it of every death, upon which it forgets the names of the
 * dead. Invariant: one call, one answer; everything else is dropped. */
#include "servers/host/serve.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/syscall.h"
#include "servers/nameserver/files.h"

#define NOTIFY_DEATH 1u

/* Signal 0 does nothing to a task that lives. */
static bool task_alive(uint32_t tid)
{
    return sys_kill(tid, 0) != -T_ESRCH;
}

static struct names names = {.alive = task_alive};
static unsigned char path[4096] __attribute__((aligned(4096)));
static unsigned char stage[NAMES_STAGE_BYTES];

/* Without the scheme or the notices names still work by message, so neither is fatal. */
static void scheme_serve(void)
{
    long error =
        sys_taskctl(0, TASK_RXBUF, (struct taskctl){.a = (uint64_t)path, .b = sizeof(path)});
    if (error >= 0)
        error = file_open(":name", O_RDWR | O_CREAT | O_EXCL | O_POSITIONED);
    if (error >= 0)
        error = sys_taskctl(0, TASK_DEATHS, (struct taskctl){.a = NOTIFY_DEATH, .b = 1});
    if (error < 0)
        print("nameserver: cannot serve name: %s\n", error_text(error));
}

static void message_take(struct svc *self, struct msg *m, uint64_t status)
{
    switch ((uint8_t)status) {
    case KIND_CALL:
        names_answer(&names, m, (uint8_t)(status >> 8));
        return;
    case KIND_SCHEME:
        request_serve(self, m, status, stage);
        return;
    case KIND_NOTIFY:
        names_sweep(&names);
        break;
    default:
        break;
    }
    m->caller = 0;
}

int main(int argc, char **argv, char **envp)
{
    struct svc self = {&name_service, 0, &names};
    struct msg m = {0};
    (void)argc, (void)argv, (void)envp;
    scheme_serve();
    for (;;) {
        long status = sys_reply_wait(&m);
        if (status < 0 && !m.caller) {
            print("nameserver: cannot receive: %s\n", error_text(status));
            return 1;
        }
        if (status >= 0)
            message_take(&self, &m, (uint64_t)status);
        else
            m.caller = 0;
    }
}
