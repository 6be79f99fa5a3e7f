/* SPDX-License-Identifier: MIT
 * Cells over byte streams: 8 bytes go to the other side and 8 come back, each side blocked in read
 * while the other works. Two pipes, or one channel. Invariant: the descriptors that a cell made are
 * closed when it ends; those of the other side go with it. Called by cells.c and servers.c. */
#include "bench/guest/bench.h"
#include "servers/lib/file.h"
#include "servers/lib/syscall.h"

#define THEIRS_READ  10u /* descriptors there: nothing else opens that many */
#define THEIRS_WRITE 11u
#define WORD_BYTES   8u

long region_stream(struct region *r);
long server_stream(uint64_t read_fd, uint64_t write_fd);

static int open_here[2] = {-1, -1};

long stream_serve(void *unused)
{
    struct msg m = {0};
    (void)unused;
    long error = sys_receive(&m); /* the descriptors are here */
    return error < 0 ? error : server_stream(THEIRS_READ, THEIRS_WRITE);
}

/* The pair: what the other side reads from and writes to. They are that side's from now on. */
static long stream_give(struct work *w, int read_fd, int write_fd)
{
    long tid = server_use("stream");
    if (tid < 0)
        return tid;
    long error = sys_taskctl((uint32_t)tid, TASK_FD,
                             (struct taskctl){.a = THEIRS_READ, .b = (uint64_t)read_fd});
    if (error >= 0)
        error = sys_taskctl((uint32_t)tid, TASK_FD,
                            (struct taskctl){.a = THEIRS_WRITE, .b = (uint64_t)write_fd});
    if (error >= 0)
        error = sys_notify((uint32_t)tid, 1);
    w->body = region_stream;
    w->region.target = (uint64_t)open_here[1];
    w->region.tag = TAG(OP_write, 0, 8 + WORD_BYTES, 0);
    w->region.word[1] = WORD_BYTES;
    w->region.word[2] = (uint64_t)open_here[0];
    return error < 0 ? error : 0;
}

long pipe_set_up(struct work *w)
{
    int there[2], back[2];
    server_end();
    long error = sys_pipe2(0, there);
    if (error >= 0)
        error = sys_pipe2(0, back);
    if (error < 0)
        return error;
    open_here[0] = back[0];
    open_here[1] = there[1];
    error = stream_give(w, there[0], back[1]);
    file_close(there[0]);
    file_close(back[1]);
    return error;
}

static long path_dup(long fd, const char *path, uint64_t length)
{
    struct msg m = {.tag = TAG(OP_dup, MSG_OUT, MSG_LENGTH_BUFFER, 0),
                    .w = {[4] = (uint64_t)path, [5] = length},
                    .caller = (uint64_t)fd};
    long rax = sys_message(SYS_dup, &m);
    return rax < 0 ? rax : (long)m.w[0];
}

long chan_set_up(struct work *w)
{
    server_end();
    long listener = file_open("chan:", O_RDWR | O_CREAT);
    long near = listener < 0 ? listener : path_dup(listener, "connect", 7);
    long far = near < 0 ? near : path_dup(listener, "listen", 6);
    if (far < 0)
        return far;
    open_here[0] = open_here[1] = (int)near;
    long error = stream_give(w, (int)far, (int)far);
    file_close((int)far);
    file_close((int)listener);
    return error;
}

void stream_tear_down(void)
{
    for (unsigned i = 0; i < 2; i++) {
        if (open_here[i] >= 0)
            file_close(open_here[i]);
        open_here[i] = -1;
    }
}
