/* SPDX-License-Identifier: MIT
 * The initfs service over a small archive: files, directories, listings in windows of every size,
 * positions, and handles that were never given out. */
#include "servers/bootstrap/initfs.h"

/* Behind the contract, whose SEEK_* the C library defines too, with the same values. */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"
#include "servers/host/dispatch.h"

static const char *const paths[] = {"bin-x", "bin/a", "bin/sub/b", "bin/sub/c", "bin/z", "etc/rc"};
#define COUNT 6u
#define IMAGE 128u
#define SIZE  4096u
#define DATA  1024u

static uint8_t blob[SIZE] __attribute__((aligned(16)));
static struct initfs fs;
static struct svc self = {&initfs_service, 0, &fs};

static void blob_make(void)
{
    struct initfs_header header = {.magic = INITFS_MAGIC,
                                   .version = INITFS_VERSION,
                                   .header_size = sizeof(header),
                                   .size = SIZE,
                                   .image_offset = IMAGE,
                                   .image_size = SIZE - IMAGE};
    struct initfs_archive archive = {COUNT, 0};
    memcpy(blob, &header, sizeof(header));
    memcpy(blob + IMAGE, &archive, sizeof(archive));
    for (unsigned i = 0; i < COUNT; i++) {
        struct initfs_entry entry = {{0}, 0444, 0, DATA + 64 * i, 50 + i};
        memcpy(entry.path, paths[i], strlen(paths[i]));
        memcpy(blob + IMAGE + sizeof(archive) + i * sizeof(entry), &entry, sizeof(entry));
        memset(blob + IMAGE + DATA + 64 * i, 'A' + (int)i, 50 + i);
    }
    EXPECT(initfs_open(&fs, blob, SIZE));
}

static long open_path(const char *path, unsigned flags)
{
    struct svc_req req = {.words = {flags}, .shorts = 1};
    return svc_dispatch(&self, &req, OP_open, path, strlen(path));
}

static void test_open(void)
{
    for (unsigned i = 0; i < COUNT; i++)
        EXPECT(open_path(paths[i], O_RDONLY) == (long)i);
    EXPECT(open_path("/bin/a", O_RDONLY) == 1);
    EXPECT(open_path("bin/b", O_RDONLY) == -T_ENOENT);
    EXPECT(open_path("bin/a/", O_RDONLY) == -T_ENOENT);
    EXPECT(open_path("bi", O_RDONLY) == -T_ENOENT);
    EXPECT(open_path("bin/a", O_WRONLY) == -T_EACCES);
    EXPECT(open_path("bin/a", O_RDWR) == -T_EACCES);
    EXPECT(open_path("new", O_RDONLY | O_CREAT) == -T_EACCES);
}

static void test_read(void)
{
    struct svc_req req = {.handle = 4, .count = 40, .offset = 30, .shorts = 1};
    EXPECT(svc_dispatch(&self, &req, OP_read, 0, 0) == 24);
    EXPECT(((const char *)req.words)[23] == 'E' && ((const char *)req.words)[24] == 0);
    req = (struct svc_req){.handle = 4, .count = 400, .offset = 3};
    EXPECT(svc_dispatch(&self, &req, OP_read, 0, 0) == 51);
    EXPECT(req.buffer == (uint64_t)(blob + IMAGE + DATA + 64 * 4 + 3));
    req.offset = 54;
    EXPECT(svc_dispatch(&self, &req, OP_read, 0, 0) == 0);
    req = (struct svc_req){.handle = 4, .count = FCALL_STAT};
    EXPECT(svc_dispatch(&self, &req, OP_fcall, 0, 0) == 0 && req.words[0] == 54);
    EXPECT(req.words[1] == 0100444);
    for (uint64_t bad = COUNT; bad < 1ull << 34; bad = bad * 3 + 1) {
        if (bad >> 31 == 1)
            continue;
        req = (struct svc_req){.handle = bad, .count = 8, .shorts = 1};
        EXPECT(svc_dispatch(&self, &req, OP_read, 0, 0) == -T_EBADF);
    }
    EXPECT(svc_dispatch(&self, &req, OP_write, 0, 0) == -T_EBADF);
}

static void expect_list(const char *path, const char *wanted)
{
    char list[INITFS_LIST_BYTES];
    long handle = open_path(path, O_RDONLY);
    EXPECT(handle >= 0);
    struct svc_req req = {.handle = (uint64_t)handle, .count = FCALL_STAT};
    EXPECT(svc_dispatch(&self, &req, OP_fcall, 0, 0) == 0);
    EXPECT(req.words[0] == strlen(wanted) && req.words[1] == 0040555);
    for (size_t at = 0; at <= strlen(wanted); at++) {
        req = (struct svc_req){.handle = (uint64_t)handle, .count = 900, .offset = at};
        req.buffer = (uint64_t)list;
        long got = svc_dispatch(&self, &req, OP_read, 0, 0);
        EXPECT(got == (long)(strlen(wanted) - at) && !memcmp(list, wanted + at, (size_t)got));
        req.shorts = 1;
        req.count = 3;
        got = svc_dispatch(&self, &req, OP_read, 0, 0);
        EXPECT(got >= 0 && got <= 3 && !memcmp(req.words, wanted + at, (size_t)got));
    }
}

static void test_list(void)
{
    expect_list("", "bin-x\nbin/\netc/\n");
    expect_list("/", "bin-x\nbin/\netc/\n");
    expect_list("bin", "a\nsub/\nz\n");
    expect_list("/bin/", "a\nsub/\nz\n");
    expect_list("bin/sub", "b\nc\n");
}

/* Any directory handle of 32 bits: a listing or EBADF, never a byte outside of the blob. */
static void test_directory_handles(void)
{
    for (uint64_t first = 0; first < 8; first++)
        for (uint64_t prefix = 0; prefix < 256; prefix++) {
            struct svc_req req = {
                .handle = 1ull << 31 | first << 8 | prefix, .count = 40, .shorts = 1};
            long got = svc_dispatch(&self, &req, OP_read, 0, 0);
            EXPECT(got == -T_EBADF || (got >= 0 && got <= 40));
        }
}

int main(void)
{
    blob_make();
    test_open();
    test_read();
    test_list();
    test_directory_handles();
    return unit_done("initfs");
}
