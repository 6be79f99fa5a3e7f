/* SPDX-License-Identifier: MIT
 * The one place where init waits: for deaths (by notice), pings that come back, requests to init:,
 * and the next thing that is due. With nothing due there is no timer, so a measured machine is left
 * alone.
 * Invariant: children are reaped here only. Called by init.c. */
#include "servers/host/serve.h"
#include "servers/init/init.h"
#include "servers/lib/print.h"

/* Takes the dead; true when `tid` was among them, whose status is *status then. */
static bool dead_take(long tid, uint64_t *status)
{
    uint64_t taken;
    long dead;
    while ((dead = sys_waitpid(TID_ANY, WAIT_NO_BLOCK, &taken)) > 0) {
        if (dead == tid) {
            *status = taken;
            return true;
        }
        servers_died(dead, taken);
    }
    return false;
}

/* reply_wait until the clock shows `until_ns` (0: without end); a time that is over still takes
 * what is there. */
static long message_wait(struct msg *m, uint64_t until_ns)
{
    if (!until_ns)
        return sys_reply_wait(m);
    uint64_t now = sys_clock(CLOCK_NS);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = until_ns > now ? until_ns - now : 1});
    long status = sys_reply_wait(m);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 0});
    return status;
}

/* Afterwards *m is what the next reply_wait takes. */
static void message_take(struct msg *m, long status)
{
    static struct svc self = {&init_service, 0, 0};
    static unsigned char stage[INIT_STAGE_BYTES];
    if (status >= 0 && (uint8_t)status == KIND_SCHEME) {
        request_serve(&self, m, (uint64_t)status, stage);
        return;
    }
    if (status >= 0 && (uint8_t)status == KIND_NOTIFY && m->w[0] & PING)
        servers_pong(m->w[0]);
    /* A message to init means nothing: an empty answer frees its sender. */
    *m = (struct msg){.caller = status >= 0 && (uint8_t)status == KIND_CALL ? m->caller : 0};
}

uint64_t loop_until(long tid)
{
    struct msg m = {0};
    uint64_t status = 1;
    bool quiet = false;
    while (!dead_take(tid, &status)) {
        long got = message_wait(&m, servers_tick(quiet));
        quiet = got == -T_ETIMEDOUT;
        if (got < 0 && !quiet && got != -T_EINTR && !m.caller) {
            print("init: cannot receive: %s\n", error_text(got));
            sys_exit(1);
        }
        message_take(&m, got);
    }
    if (m.caller)
        sys_reply(&m);
    return status;
}
