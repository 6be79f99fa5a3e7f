/* SPDX-License-Identifier: MIT
 * The services on the host: the conformance table over the mock, limits, memory that runs out,
 * transfers that fault half-way, and requests that no client could make through a kernel. */
#include "servers/host/dispatch.h"
#include "servers/services/test/mock.h"

/* Behind the contract, whose SEEK_* the C library defines too, with the same values. */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"

#define PLENTY (64u << 20)

extern const struct service_ops service_echo, service_ram;

static unsigned char buffer[CONFORM_BYTES];

static void test_conformance(void)
{
    struct conform c = {&mock_files, buffer, {0}};
    mock_start(PLENTY);
    for (unsigned i = 0; i < CONFORM_STEPS; i++) {
        long got = conform_step(&c, &conform_steps[i]);
        if (got != conform_steps[i].expect)
            printf("step %u: %ld, not %ld\n", i, got, conform_steps[i].expect);
        EXPECT(got == conform_steps[i].expect);
    }
    EXPECT(mock_stop() == 0);
}

static void test_echo_handles(void)
{
    long fd[65];
    mock_start(PLENTY);
    for (unsigned i = 0; i < 64; i++)
        EXPECT((fd[i] = mock_files.open("echo:", O_RDWR)) >= 0);
    EXPECT(mock_files.open("echo:", O_RDWR) == -T_EMFILE);
    EXPECT(mock_files.close((int)fd[17]) == 0);
    EXPECT((fd[64] = mock_files.open("echo:", O_RDWR)) >= 0);
    EXPECT(mock_files.read((int)fd[64], buffer, 8) == 0);
    EXPECT(mock_stop() == 0);
}

/* 32 files, and 128 pages in all: the ninth full file finds no room. */
static void test_ram_limits(void)
{
    char path[] = "ram:f00";
    long fd[32];
    mock_start(PLENTY);
    for (int i = 0; i < 32; i++) {
        path[5] = (char)('0' + i / 10);
        path[6] = (char)('0' + i % 10);
        EXPECT((fd[i] = mock_files.open(path, O_RDWR | O_CREAT)) >= 0);
    }
    EXPECT(mock_files.open("ram:more", O_RDWR | O_CREAT) == -T_ENOSPC);
    for (int i = 0; i < 8; i++)
        EXPECT(mock_files.write((int)fd[i], buffer, CONFORM_ALL) == CONFORM_ALL);
    EXPECT(mock_files.write((int)fd[8], buffer, 64) == -T_ENOSPC);
    EXPECT(mock_files.truncate((int)fd[0], 4096) == 0);
    EXPECT(mock_files.write((int)fd[8], buffer, CONFORM_ALL) == 15 * 4096);
    EXPECT(mock_stop() == 0);
}

static void test_no_memory(void)
{
    mock_start(0);
    EXPECT(mock_files.open("echo:", O_RDWR) == -T_ENODEV);
    EXPECT(mock_files.open("ram:a", O_RDWR | O_CREAT) == -T_ENODEV);
    EXPECT(mock_files.open("zero:", O_RDWR) >= 0);
    EXPECT(mock_stop() == 0);
    for (uint64_t limit = 0; limit < 40000; limit += 1000) {
        mock_start(limit);
        long fd = mock_files.open("ram:a", O_RDWR | O_CREAT);
        if (fd >= 0) {
            long put = mock_files.write((int)fd, buffer, 20000);
            EXPECT(put == -T_ENOSPC || (put > 0 && put <= 20000));
        }
        mock_files.open("echo:", O_RDWR);
        EXPECT(mock_stop() == 0);
    }
}

/* A write that faults half-way must not leave bytes of it behind the end of the file. */
static void test_faults(void)
{
    mock_start(PLENTY);
    memset(buffer, 0xEE, sizeof(buffer));
    long fd = mock_files.open("ram:a", O_RDWR | O_CREAT);
    mock_fault_at(5000);
    EXPECT(mock_files.write((int)fd, buffer, 9000) == 4096);
    mock_fault_at(100);
    EXPECT(mock_files.write((int)fd, buffer, 9000) == -T_EFAULT);
    mock_fault_at(UINT64_MAX);
    EXPECT(mock_files.truncate((int)fd, 8192) == 0);
    EXPECT(mock_files.seek((int)fd, 4096, SEEK_SET) == 4096);
    EXPECT(mock_files.read((int)fd, buffer, 4096) == 4096);
    for (unsigned i = 0; i < 4096; i++)
        if (buffer[i])
            EXPECT(buffer[i] == 0);
    mock_fault_at(10);
    EXPECT(mock_files.seek((int)fd, 0, SEEK_SET) == 0);
    EXPECT(mock_files.read((int)fd, buffer, 4096) == -T_EFAULT);
    long zero = mock_files.open("zero:", O_RDWR), echo = mock_files.open("echo:", O_RDWR);
    EXPECT(mock_files.read((int)zero, buffer, 4096) == -T_EFAULT);
    EXPECT(mock_files.write((int)echo, buffer, 64) == -T_EFAULT);
    EXPECT(mock_files.read((int)echo, buffer, 8) == 0);
    EXPECT(mock_stop() == 0);
}

static long read_much(struct svc *self, struct svc_req *req)
{
    (void)self;
    return (long)req->count + 1;
}

/* The defaults of missing ops, and results that are too large. */
static void test_dispatch(void)
{
    const struct service_ops none = {.name = "none"};
    const struct service_ops much = {.name = "much", .read = read_much, .write = read_much};
    struct svc self = {&none, 0, 0};
    struct svc_req req = {.count = 8, .shorts = 1};
    EXPECT(svc_dispatch(&self, &req, OP_open, "x", 1) == -T_ENOENT);
    EXPECT(svc_dispatch(&self, &req, OP_close, 0, 0) == 0);
    EXPECT(svc_dispatch(&self, &req, OP_dup, 0, 0) == -T_EOPNOTSUPP);
    EXPECT(svc_dispatch(&self, &req, OP_read, 0, 0) == -T_EBADF);
    EXPECT(svc_dispatch(&self, &req, OP_write, 0, 0) == -T_EBADF);
    EXPECT(svc_dispatch(&self, &req, OP_fcall, 0, 0) == -T_EOPNOTSUPP);
    EXPECT(svc_dispatch(&self, &req, OP_fmap, 0, 0) == -T_EOPNOTSUPP);
    EXPECT(svc_dispatch(&self, &req, 200, 0, 0) == -T_EOPNOTSUPP);
    self.ops = &much;
    EXPECT(svc_dispatch(&self, &req, OP_read, 0, 0) == -T_EIO);
    EXPECT(svc_dispatch(&self, &req, OP_write, 0, 0) == -T_EIO);
    req.count = 41;
    EXPECT(svc_dispatch(&self, &req, OP_write, 0, 0) == -T_EINVAL);
}

/* Handles that were never given out. */
static void test_handles(void)
{
    const struct service_ops *const all[] = {&service_echo, &service_ram};
    static const unsigned ops[] = {OP_dup, OP_read, OP_write, OP_fcall};
    mock_start(PLENTY);
    long fd = mock_files.open("echo:", O_RDWR);
    EXPECT(mock_files.write((int)fd, buffer, 8) == 8);
    for (unsigned s = 0; s < 2; s++)
        for (unsigned i = 0; i < 4; i++) {
            if (!s && ops[i] == OP_fcall)
                continue;
            static unsigned char state[4096];
            void *place[33] = {0}; /* of ram: files, then a number */
            for (unsigned file = 0; file < 32; file++)
                place[file] = state;
            struct svc self = {all[s], 0, s ? (void *)place : (void *)state};
            struct svc_req req = {.handle = 31, .count = 1, .shorts = 1};
            EXPECT(svc_dispatch(&self, &req, ops[i], 0, 0) == -T_EBADF);
            req.handle = UINT64_MAX;
            EXPECT(svc_dispatch(&self, &req, ops[i], 0, 0) == -T_EBADF);
        }
    EXPECT(mock_stop() == 0);
}

static long shm_ask(struct svc *self, enum op op, struct svc_req req)
{
    req.shorts = 1;
    return svc_dispatch(self, &req, op, 0, 0);
}

static long shm_path(struct svc *self, enum op op, const char *path, uint64_t flags)
{
    struct svc_req req = {.words = {flags}, .shorts = 1};
    return svc_dispatch(self, &req, op, path, strlen(path));
}

static long shm_map(struct svc *self, uint64_t handle, uint64_t offset, uint64_t bytes)
{
    return shm_ask(self, OP_fmap,
                   (struct svc_req){.handle = handle, .count = bytes, .offset = offset});
}

/* Names, sizes and lives of shared memory; what the kernel does with the objects is not here. */
static void test_shm(void)
{
    char name[] = "n00";
    mock_start(PLENTY);
    struct svc *shm = mock_service("shm");
    EXPECT(shm != 0);
    EXPECT(shm_path(shm, OP_open, "", O_CREAT) == -T_EINVAL);
    EXPECT(shm_path(shm, OP_open, "a", 0) == -T_ENOENT);
    EXPECT(shm_path(shm, OP_open, "0123456789012345678901234567890x", O_CREAT) == -T_ENAMETOOLONG);
    EXPECT(shm_path(shm, OP_open, "/a", O_CREAT | O_EXCL) == 0);
    EXPECT(shm_path(shm, OP_open, "a", O_CREAT | O_EXCL) == -T_EEXIST);
    EXPECT(shm_path(shm, OP_open, "a", O_CREAT) == 0);
    EXPECT(shm_map(shm, 0, 4096, 1) == 0);
    EXPECT(shm_map(shm, 0, 4096, 4096) == 0);
    EXPECT(shm_map(shm, 0, 4096, 4097) == -T_ERANGE);
    EXPECT(shm_map(shm, 0, 8192, 0) == 0 && shm_map(shm, 0, 12288, 0) == -T_ERANGE);
    EXPECT(shm_map(shm, 0, 0, UINT64_MAX) == -T_EFBIG);
    EXPECT(shm_map(shm, 0, UINT64_MAX, 1) == -T_EFBIG);
    EXPECT(shm_map(shm, 1, 0, 1) == -T_EBADF && shm_map(shm, 1u << 31, 0, 1) == -T_EBADF);
    EXPECT(shm_path(shm, OP_unlink, "b", 0) == -T_ENOENT);
    EXPECT(shm_path(shm, OP_unlink, "a", 0) == 0);
    EXPECT(shm_path(shm, OP_open, "a", 0) == -T_ENOENT);
    EXPECT(shm_path(shm, OP_open, "a", O_CREAT) == 1); /* another of that name */
    EXPECT(shm_map(shm, 1, 0, 4 * 4096) == 1 && shm_map(shm, 0, 0, 4096) == 0);
    for (int i = 2; i < 64; i++) {
        name[1] = (char)('0' + i / 10);
        name[2] = (char)('0' + i % 10);
        EXPECT(shm_path(shm, OP_open, name, O_CREAT) == i);
    }
    EXPECT(shm_path(shm, OP_open, "more", O_CREAT) == -T_ENOSPC);
    EXPECT(shm_ask(shm, OP_close, (struct svc_req){.handle = 0}) == 0);
    EXPECT(shm_map(shm, 0, 0, 4096) == 0);
    EXPECT(shm_ask(shm, OP_close, (struct svc_req){.handle = 0}) == 0);
    EXPECT(shm_ask(shm, OP_close, (struct svc_req){.handle = 0}) == -T_EBADF);
    EXPECT(shm_path(shm, OP_open, "more", O_CREAT) == 0);
    EXPECT(mock_stop() == 0);
}

int main(void)
{
    test_conformance();
    test_echo_handles();
    test_ram_limits();
    test_no_memory();
    test_faults();
    test_dispatch();
    test_handles();
    test_shm();
    return unit_done("services");
}
