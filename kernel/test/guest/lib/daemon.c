/* SPDX-License-Identifier: MIT
 * See daemon.h. The header of a request is where a positioned read begins. */
#include "kernel/test/guest/lib/daemon.h"

#include <stdbool.h>

#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define RXBUF 8192u

static uint8_t in[RXBUF], out[RXBUF];
static uint64_t handles, closes;

static void data(struct msg *m)
{
    uint64_t handle = m->w[0], count = m->w[1], from = TAG_HEADER(m->tag);
    bool buffer = TAG_LENGTH(m->tag) == MSG_LENGTH_BUFFER;

    count = count > RXBUF ? RXBUF : count;
    for (uint64_t i = 0; i < count; i++)
        out[i] = daemon_byte(handle, from + i);
    m->w[0] = count;
    if (buffer) {
        m->tag = TAG(OP_read, MSG_OUT, MSG_LENGTH_BUFFER, 0);
        m->w[4] = (uint64_t)out, m->w[5] = count;
        return;
    }
    m->tag = TAG(OP_read, 0, 8 + count, 0);
    memcpy(&m->w[1], out, FILE_INLINE_MAX);
}

static void control(struct msg *m, long kind)
{
    uint64_t caller = m->caller;

    switch (m->w[1]) {
    case DAEMON_CLOSES:
        m->w[0] = closes;
        break;
    case DAEMON_RETURN:
        m->w[0] = m->w[2];
        break;
    case DAEMON_CALLER:
        m->w[0] = 0, m->w[1] = caller, m->w[2] = (uint64_t)kind;
        break;
    default:
        sys_exit(3);
    }
}

static void answer(struct msg *m, long kind)
{
    unsigned op = TAG_OP(m->tag);

    if (op == OP_open || op == OP_dup) {
        char first = m->w[5] ? *(const char *)m->w[4] : 0;
        if (first == 'x')
            sys_exit(3);
        m->w[0] = first == 'e' ? (uint64_t)-T_ENOENT : ++handles;
    } else if (op == OP_read) {
        data(m);
        return;
    } else if (op == OP_write) {
        m->w[0] = TAG_LENGTH(m->tag) == MSG_LENGTH_BUFFER ? m->w[5] : TAG_LENGTH(m->tag) - 8u;
    } else if (op == OP_fcall) {
        control(m, kind);
    } else {
        m->w[0] = (uint64_t)-T_EOPNOTSUPP;
    }
    m->tag = TAG(op, 0, MSG_INLINE_MAX, 0);
}

void daemon_serve(uint64_t flags)
{
    static const char name[] = ":" DAEMON;
    struct msg m;

    sys_taskctl(0, TASK_RXBUF, (struct taskctl){(uint64_t)in, RXBUF, 0, 0});
    if (sys_open(name, sizeof(name) - 1, O_CREAT | O_EXCL | flags) < 0)
        sys_exit(4);
    for (;;) {
        long kind = sys_receive(&m);
        if ((uint8_t)kind != KIND_SCHEME)
            continue;
        closes += TAG_OP(m.tag) == OP_close;
        if (TAG_OP(m.tag) == OP_close)
            continue;
        answer(&m, kind);
        sys_reply(&m);
    }
}
