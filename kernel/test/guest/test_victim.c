/* SPDX-License-Identifier: MIT
 * A server that dies or hangs where its scheme's name says: HOW-PHASE, HOW die, hang or spin, PHASE
 * open, read, write, fcall, close or reply (once it has answered). "crash" ends before it is
 * ready, "mute" never says that it is. A file named "lethal"
 * triggers it; any other is well, and its reads give the TID. Started by init from
 * kernel/test/rc/supervise. */
#include "kernel/test/guest/lib/guest.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/ping.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define LETHAL_PATH "lethal"

static const char *phases[] = {"reply", "open", "close", "", "read", "write", "fcall"};
static unsigned lethal_op; /* OP_*, or 0: reply */
static char how;           /* 'd', 'h', 's' */
static unsigned char path[4096] __attribute__((aligned(4096)));

static void end(void)
{
    volatile bool forever = true;
    if (how == 'd')
        sys_exit(3);
    while (how == 's' && forever)
        ;
    for (;;)
        sys_sleep(~0ull);
}

static long open_answer(const struct msg *m)
{
    bool lethal = m->w[5] == sizeof(LETHAL_PATH) - 1 &&
                  !memcmp((const void *)m->w[4], LETHAL_PATH, sizeof(LETHAL_PATH) - 1);
    if (lethal && lethal_op == OP_open)
        end();
    return lethal;
}

/* Handle 1 is the lethal file, 0 any other. The answer of a read is the TID. */
static void answer(struct msg *m)
{
    unsigned op = TAG_OP(m->tag);
    bool lethal = op != OP_open && m->w[0] == 1;
    long result = op == OP_open ? open_answer(m) : 8;
    if (lethal && op == lethal_op)
        end();
    *m = (struct msg){.tag = TAG(op, 0, 16, 0), .caller = m->caller};
    m->w[0] = (uint64_t)result;
    m->w[1] = (uint64_t)sys_self(SELF_TID);
    if (lethal && op == OP_read && lethal_op == 0) {
        sys_reply(m);
        end();
    }
}

static void mode_take(const char *scheme)
{
    const char *phase = strchr(scheme, '-');
    if (!strcmp(scheme, "crash"))
        sys_exit(3);
    how = scheme[0] == 'm' ? 'h' : scheme[0];
    if (!phase)
        end();
    for (unsigned i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
        if (!strcmp(phase + 1, phases[i]))
            lethal_op = i == 1 ? OP_open : i == 2 ? OP_close : i;
}

int main(int argc, char **argv, char **envp)
{
    char name[40];
    struct msg m = {0};
    (void)envp;
    if (argc < 2)
        return 1;
    mode_take(argv[1]);
    sys_taskctl(0, TASK_RXBUF, (struct taskctl){.a = (uint64_t)path, .b = sizeof(path)});
    print_to(name, sizeof(name), ":%s", argv[1]);
    if (file_open(name, O_RDWR | O_CREAT | O_EXCL) < 0)
        return 2;
    exec_ready();
    for (;;) {
        long status = sys_reply_wait(&m);
        if (status >= 0 && (uint8_t)status == KIND_NOTIFY)
            ping_answer(m.w[0]);
        if (status >= 0 && (uint8_t)status == KIND_SCHEME)
            answer(&m);
        else
            m.caller = 0;
    }
}
