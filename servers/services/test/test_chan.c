/* SPDX-License-Identifier: MIT
 * chan: on the host, under the sanitizers: a host that counts memory and remembers what was
 * completed and posted; streams at random against a model, callers that are gone, a move. */
#include "servers/host/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"

#define STREAM 300000u
#define GONE   99u /* a caller that does not wait any more */

extern const struct service_ops service_chan;

static uint64_t out_bytes;
static struct svc_req done;
static long done_result;
static unsigned dones, posts;
static uint32_t posted;

static long get(struct svc_req *req, uint64_t at, void *to, uint64_t n)
{
    memcpy(to, (const void *)(req->buffer + at), n);
    return 0;
}

static long put(struct svc_req *req, uint64_t at, const void *from, uint64_t n)
{
    memcpy((void *)(req->buffer + at), from, n);
    return 0;
}

static void *memory(struct svc *self, uint64_t bytes)
{
    (void)self;
    out_bytes += bytes;
    return bytes <= 4096 ? calloc(1, bytes) : 0;
}

static void give_back(struct svc *self, void *at, uint64_t bytes)
{
    (void)self;
    out_bytes -= bytes;
    free(at);
}

static long complete(struct svc *self, struct svc_req *req, long result)
{
    const struct svc_req handle = {.handle = (uint64_t)result};
    done = *req;
    done_result = result;
    dones++;
    if (req->caller != GONE)
        return 0;
    if (req->op == OP_dup && result >= 0)
        self->ops->close(self, &(struct svc_req){.handle = handle.handle});
    return -T_EBADFD;
}

static void post(struct svc *self, uint64_t handle, uint32_t mask)
{
    (void)self, (void)handle;
    posts++;
    posted = mask;
}

static const struct svc_host host = {
    .get = get, .put = put, .alloc = memory, .free = give_back, .complete = complete, .post = post};
static struct svc chan;

static long call(unsigned op, uint64_t handle, const char *path, uint64_t flags)
{
    struct svc_req req = {.handle = handle, .op = (uint8_t)op, .words = {flags}, .shorts = 1};
    return svc_dispatch(&chan, &req, op, path, strlen(path));
}

/* A long read or write of n bytes at `at` by that caller. */
static long move(unsigned op, uint64_t handle, void *at, uint64_t n)
{
    struct svc_req req = {.handle = handle,
                          .count = n,
                          .op = (uint8_t)op,
                          .caller = 7,
                          .buffer = (uint64_t)at,
                          .buffer_size = n};
    return svc_dispatch(&chan, &req, op, 0, 0);
}

static long wait_as(unsigned op, uint64_t handle, uint64_t caller)
{
    struct svc_req req = {
        .handle = handle, .count = 8, .op = (uint8_t)op, .caller = caller, .shorts = 1};
    return svc_dispatch(&chan, &req, op, "listen", op == OP_dup ? 6 : 0);
}

static void start(long end[2])
{
    chan = (struct svc){&service_chan, &host, 0};
    EXPECT(service_chan.start(&chan) == 0);
    long listener = call(OP_open, 0, "", O_CREAT);
    end[0] = call(OP_dup, (uint64_t)listener, "connect", 0);
    end[1] = call(OP_dup, (uint64_t)listener, "listen", 0);
    EXPECT(listener >= 0 && end[0] >= 0 && end[1] >= 0);
}

static void stop(void)
{
    service_chan.stop(&chan);
    EXPECT(out_bytes == 0);
}

/* Everything into a fresh instance, piece by piece. */
static void move_house(void)
{
    struct svc fresh = {&service_chan, &host, 0};
    unsigned char piece[4096];
    uint64_t cursor = 0;
    long n;
    EXPECT(service_chan.start(&fresh) == 0);
    while ((n = service_chan.save(&chan, &cursor, piece, sizeof(piece))) > 0)
        EXPECT(n <= 4096 && service_chan.load(&fresh, piece, (uint64_t)n) == 0);
    EXPECT(n == 0);
    service_chan.stop(&chan);
    chan = fresh;
}

static void test_stream(void)
{
    static unsigned char in[20000], out[20000];
    uint64_t sent[2] = {0, 0}, got[2] = {0, 0};
    unsigned wrong = 0;
    long end[2];
    start(end);
    srand(1);
    while (got[0] < STREAM || got[1] < STREAM) {
        unsigned side = (unsigned)rand() & 1;
        uint64_t n = (uint64_t)(rand() % 19000 + 41);
        for (uint64_t i = 0; i < n; i++)
            in[i] = (unsigned char)((sent[side] + i) * 7 + ((sent[side] + i) >> 8));
        if (sent[side] - got[side] + n <= 65536) {
            long put_bytes = move(OP_write, (uint64_t)end[side], in, n);
            wrong += put_bytes <= 0;
            sent[side] += put_bytes > 0 ? (uint64_t)put_bytes : 0;
        }
        side = (unsigned)rand() & 1;
        if (sent[side] == got[side])
            continue;
        long back = move(OP_read, (uint64_t)end[!side], out, n);
        for (long i = 0; i < back; i++, got[side]++)
            wrong += out[i] != (unsigned char)(got[side] * 7 + (got[side] >> 8));
        wrong += back <= 0;
        if (rand() % 20 == 0)
            move_house();
    }
    EXPECT(wrong == 0);
    stop();
}

static void test_waits(void)
{
    static unsigned char bytes[70000];
    long end[2];
    start(end);
    dones = 0;
    EXPECT(wait_as(OP_read, (uint64_t)end[0], GONE) == SVC_PENDING);
    EXPECT(wait_as(OP_read, (uint64_t)end[0], 5) == SVC_PENDING);
    EXPECT(wait_as(OP_write, (uint64_t)end[1], 6) == 8);
    EXPECT(dones == 2 && done.caller == 5 && done_result == 8); /* the gone one took nothing */
    EXPECT(wait_as(OP_read, (uint64_t)end[0], 5) == SVC_PENDING);
    service_chan.cancel(&chan, 4);
    EXPECT(dones == 2);
    service_chan.cancel(&chan, 5);
    EXPECT(dones == 3 && done_result == -T_ECANCELED);
    for (unsigned i = 0; i < 17; i++) /* more than may wait: the oldest tries again */
        EXPECT(wait_as(OP_read, (uint64_t)end[0], 100 + i) == SVC_PENDING);
    EXPECT(dones == 4 && done.caller == 100 && done_result == -T_EAGAIN);
    EXPECT(call(OP_close, (uint64_t)end[0], "", 0) == 0);
    EXPECT(dones == 20 && done_result == -T_EBADF);
    EXPECT(move(OP_write, (uint64_t)end[1], bytes, 100) == -T_EPIPE);
    long listener = call(OP_open, 0, "name", O_CREAT), near;
    EXPECT(wait_as(OP_dup, (uint64_t)listener, GONE) == SVC_PENDING);
    EXPECT((near = call(OP_open, 0, "name", 0)) >= 0);
    EXPECT(dones == 21); /* the connection waits for the next */
    EXPECT(wait_as(OP_dup, (uint64_t)listener, 9) >= 0);
    EXPECT(wait_as(OP_write, (uint64_t)near, 9) == 8);
    /* A writer that is gone leaves no byte behind. */
    long far[2] = {call(OP_open, 0, "name", 0), wait_as(OP_dup, (uint64_t)listener, 9)};
    for (unsigned i = 0; i < 4; i++)
        EXPECT(move(OP_write, (uint64_t)far[0], bytes, 16384) == 16384);
    EXPECT(wait_as(OP_write, (uint64_t)far[0], GONE) == SVC_PENDING);
    for (uint64_t left = 65536; left;)
        left -= (uint64_t)move(OP_read, (uint64_t)far[1], bytes, left < 9000 ? left : 9000);
    EXPECT(wait_as(OP_read, (uint64_t)far[1], 3) == SVC_PENDING);
    stop();
}

static void test_events(void)
{
    long end[2];
    start(end);
    posts = 0;
    EXPECT(call(OP_fevent, (uint64_t)end[0], "", EVENT_READ) == EVENT_WRITE);
    EXPECT(wait_as(OP_write, (uint64_t)end[1], 1) == 8 && posts == 1 && posted & EVENT_READ);
    EXPECT(wait_as(OP_write, (uint64_t)end[1], 1) == 8 && posts == 1);
    move_house(); /* who watches is known there too */
    EXPECT(wait_as(OP_read, (uint64_t)end[0], 1) == 8 && posts == 1);
    EXPECT(wait_as(OP_read, (uint64_t)end[0], 1) == 8 && posts == 2 && !(posted & EVENT_READ));
    EXPECT(call(OP_close, (uint64_t)end[1], "", 0) == 0 && posted & EVENT_HANGUP);
    const uint32_t bad[3] = {5000, 0, 0};
    EXPECT(service_chan.load(&chan, bad, sizeof(bad)) == -T_EINVAL);
    EXPECT(service_chan.load(&chan, bad, 4) == -T_EINVAL);
    stop();
}

int main(void)
{
    test_stream();
    test_waits();
    test_events();
    printf("shows V28: %s, %u checks: streams at random, waits and a move, on the host\n",
           check_failed ? "FAIL" : "ok", check_passed);
    return unit_done("chan");
}
