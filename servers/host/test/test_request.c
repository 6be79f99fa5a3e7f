/* SPDX-License-Identifier: MIT
 * Messages to requests and back in the server placement, well formed and not. */
#include "servers/host/request.h"

/* Behind the contract, whose SEEK_* the C library defines too, with the same values. */
#include <string.h>

#include "bench/test/unit.h"

#define STATUS (KIND_SCHEME | 7u << 8)

static char stage[64];
static struct request r;

static void take(struct msg m)
{
    memset(&r, 0xEE, sizeof(r));
    request_take(&r, &m, STATUS, stage);
}

static void test_read(void)
{
    struct msg m = {TAG_READ_SHORT | 77ull << 32, {5, 12, 1, 2, 3, 4}, 99};
    take(m);
    EXPECT(r.op == OP_read && r.req.handle == 5 && r.req.count == 12 && r.req.offset == 77);
    EXPECT(r.req.shorts && r.req.level == 7 && r.req.caller == 99 && !r.error && !r.length);
    for (unsigned i = 0; i < 5; i++)
        EXPECT(r.req.words[i] == 0);
    r.req.words[1] = 8;
    request_answer(&r, 12, &m);
    EXPECT(m.tag == TAG(OP_read, 0, 20, 0) && m.w[0] == 12 && m.w[2] == 8 && m.caller == 99);
    request_answer(&r, -T_EBADF, &m);
    EXPECT(m.tag == TAG(OP_read, 0, 8, 0) && (long)m.w[0] == -T_EBADF && m.w[2] == 0);
}

static void test_read_long(void)
{
    struct msg m = {TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0), {5, 900, 0, 0, 0, 0}, 99};
    take(m);
    EXPECT(!r.req.shorts && r.req.count == 900 && r.req.buffer == (uint64_t)stage);
    EXPECT(r.req.buffer_size == 0);
    request_answer(&r, 60, &m);
    EXPECT(m.tag == TAG(OP_read, MSG_OUT, MSG_LENGTH_BUFFER, 0) && m.w[0] == 60);
    EXPECT(m.w[4] == (uint64_t)stage && m.w[5] == 60);
    request_answer(&r, 0, &m);
    EXPECT(m.tag == TAG(OP_read, 0, 8, 0) && m.w[4] == 0 && m.w[5] == 0);
    r.req.buffer = 0; /* pushed already */
    request_answer(&r, 900, &m);
    EXPECT(m.tag == TAG(OP_read, 0, 8, 0) && m.w[0] == 900 && m.w[4] == 0);
}

static void test_write(void)
{
    take((struct msg){TAG(OP_write, 0, 8 + 13, 9), {5, 1, 2, 3, 4, 5}, 99});
    EXPECT(r.req.shorts && r.req.count == 13 && r.req.words[0] == 1 && r.req.words[4] == 5);
    EXPECT(r.req.offset == 9);
    take((struct msg){TAG(OP_write, 0, 3, 0), {0}, 99});
    EXPECT(r.req.shorts && r.req.count == 0);
    take((struct msg){TAG(OP_write, MSG_OUT, MSG_LENGTH_BUFFER, 0), {5, 9999, 0, 0, 4096, 64}, 99});
    EXPECT(!r.req.shorts && r.req.count == 64 && r.req.buffer == 4096 && r.req.buffer_size == 64);
    take((struct msg){
        TAG(OP_write, MSG_OUT | MSG_TRUNC, MSG_LENGTH_BUFFER, 0), {5, 0, 0, 0, 8, 99999}, 99});
    EXPECT(!r.req.shorts && r.req.count == 99999 && r.req.buffer == 0);
}

static void test_paths(void)
{
    struct msg m = {TAG(OP_open, 0, MSG_LENGTH_BUFFER, 0), {0, O_RDWR, 0, 0, 4096, 3}, 99};
    take(m);
    EXPECT(r.path == (const char *)4096 && r.length == 3 && r.req.words[0] == O_RDWR && !r.error);
    m.tag = TAG(OP_open, MSG_TRUNC, MSG_LENGTH_BUFFER, 0);
    take(m);
    EXPECT(r.error == -T_ENAMETOOLONG && !r.path);
    m = (struct msg){TAG(OP_open, 0, MSG_LENGTH_BUFFER, 0), {0, O_RDWR, 0, 0, 0, 3}, 99};
    take(m);
    EXPECT(r.error == -T_ENAMETOOLONG && !r.path);
    take((struct msg){TAG(OP_dup, 0, 8, 0), {6, 0, 0, 0, 1, 2}, 99});
    EXPECT(!r.path && !r.length && !r.error && r.req.handle == 6);
}

static void test_fcall(void)
{
    struct msg m = {TAG(OP_fcall, 0, 48, 0), {5, FCALL_TRUNCATE, 10, 11, 12, 13}, 99};
    take(m);
    EXPECT(r.req.count == FCALL_TRUNCATE && r.req.words[1] == 10 && r.req.words[4] == 13);
    r.req.words[0] = 21;
    request_answer(&r, 0, &m);
    EXPECT(m.tag == TAG(OP_fcall, 0, 48, 0) && m.w[0] == 0 && m.w[1] == 21 && m.w[5] == 13);
}

/* fmap: words[0] is the rights on the way in, the offset in the object on the way out. */
static void test_fmap(void)
{
    struct msg m = {TAG(OP_fmap, 0, 24, 8192), {5, 4096, 0x21, 3, 4, 5}, 99};
    take(m);
    EXPECT(r.req.count == 4096 && r.req.words[0] == 0x21 && r.req.offset == 8192);
    r.req.words[0] = 12288;
    request_answer(&r, 7, &m);
    EXPECT(m.tag == TAG(OP_fmap, 0, 16, 0) && m.w[0] == 7 && m.w[1] == 12288 && m.w[2] == 0);
    request_answer(&r, -T_ERANGE, &m);
    EXPECT(m.tag == TAG(OP_fmap, 0, 8, 0) && m.w[1] == 0);
}

/* A mapped read is answered by its count alone, never beyond the buffer. */
static void test_mapped(void)
{
    struct msg m = {TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0), {5, 9000, 0, 0, 0x5000, 4096}, 99};
    take(m);
    EXPECT(r.req.buffer == 0x5000 && r.req.buffer_size == 4096 && r.req.count == 4096);
    EXPECT(r.req.flags & REQUEST_MAPPED);
    request_answer(&r, 4096, &m);
    EXPECT(m.tag == TAG(OP_read, 0, 8, 0) && m.w[0] == 4096 && m.w[4] == 0);
}

static uint64_t closed;

static long note_close(struct svc *self, struct svc_req *req)
{
    (void)self;
    closed += req->handle;
    return 0;
}

/* Handles that nobody got are closed; other results are no handles. */
static void test_unwanted(void)
{
    static const struct service_ops ops = {.close = note_close}, none = {.name = "none"};
    struct svc self = {&ops, 0, 0}, bare = {&none, 0, 0};
    request_unwanted(&self, OP_open, 7);
    request_unwanted(&self, OP_dup, 11);
    request_unwanted(&self, OP_read, 100);
    request_unwanted(&self, OP_open, -T_ENOENT);
    request_unwanted(&bare, OP_open, 1000);
    EXPECT(closed == 18);
}

int main(void)
{
    test_mapped();
    test_unwanted();
    test_fmap();
    test_read();
    test_read_long();
    test_write();
    test_paths();
    test_fcall();
    return unit_done("request");
}
