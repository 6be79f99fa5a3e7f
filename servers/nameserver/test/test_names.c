/* SPDX-License-Identifier: MIT
 * The nameserver's table: each operation, each refusal, dead owners, a full table. */
#include "servers/nameserver/names.h"

/* Behind the contract, whose SEEK_* the C library defines too, with the same values. */
#include <string.h>

#include "bench/test/unit.h"
#include "servers/host/dispatch.h"
#include "servers/lib/file.h"
#include "servers/nameserver/files.h"

/* print() is linked for print_to() only. */
long file_write_all(int fd, const void *buffer, uint64_t n)
{
    (void)fd, (void)buffer;
    return (long)n;
}

static uint32_t dead;

static bool alive(uint32_t tid)
{
    return tid != dead;
}

static struct names names = {.alive = alive};
static struct msg m;

/* One call from `tid` at a level: W0. */
static long ask(unsigned op, const char *name, uint32_t tid, uint32_t level)
{
    m = (struct msg){.tag = TAG(op, 0, 40, 0), .caller = 5ull << 32 | tid};
    memcpy(m.w, name, strlen(name));
    m.w[4] = 100;
    names_answer(&names, &m, level);
    return (long)m.w[0];
}

static void test_names(void)
{
    EXPECT(ask(NAME_LOOKUP, "disk", 9, 0) == -T_ENOENT);
    EXPECT(ask(NAME_REGISTER, "disk", 0x1009, 3) == 0);
    EXPECT(ask(NAME_REGISTER, "disk", 0x100A, 0) == -T_EEXIST);
    EXPECT(ask(NAME_LOOKUP, "disk", 7, 100) == 0 && m.w[1] == 0x1009);
    EXPECT(TAG_LENGTH(m.tag) == 16 && m.caller == (5ull << 32 | 7));
    EXPECT(ask(NAME_LOOKUP, "disk", 7, 101) == -T_EPERM);
    EXPECT(ask(NAME_UNREGISTER, "disk", 0x2009, 0) == -T_EPERM);
    EXPECT(ask(NAME_UNREGISTER, "disk", 0x1009, 3) == 0);
    EXPECT(ask(NAME_UNREGISTER, "disk", 0x1009, 3) == -T_ENOENT);
}

static void test_refused(void)
{
    EXPECT(ask(NAME_REGISTER, "sys.log", 9, 1) == -T_EPERM);
    EXPECT(ask(NAME_REGISTER, "sys.log", 9, 0) == 0);
    EXPECT(ask(NAME_UNREGISTER, "sys.log", 9, 1) == 0);
    EXPECT(ask(NAME_REGISTER, "", 9, 0) == -T_EINVAL);
    EXPECT(ask(NAME_REGISTER, "Upper", 9, 0) == -T_EINVAL);
    EXPECT(ask(NAME_REGISTER, "a b", 9, 0) == -T_EINVAL);
    EXPECT(ask(NAME_REGISTER, "0123456789012345678901234567890", 9, 0) == 0);
    EXPECT(ask(NAME_UNREGISTER, "0123456789012345678901234567890", 9, 0) == 0);
    EXPECT(ask(NAME_REGISTER, "01234567890123456789012345678901", 9, 0) == -T_EINVAL);
    EXPECT(ask(0, "a", 9, 0) == -T_ENOSYS && ask(5, "a", 9, 0) == -T_ENOSYS);
    m = (struct msg){.tag = TAG(NAME_REGISTER, 0, 32, 0), .w = {'a'}, .caller = 9};
    names_answer(&names, &m, 0);
    EXPECT((long)m.w[0] == -T_EINVAL);
    m = (struct msg){.tag = TAG(NAME_REGISTER, 0, 40, 0), .w = {'a', 1}, .caller = 9};
    names_answer(&names, &m, 0);
    EXPECT((long)m.w[0] == -T_EINVAL);
    m = (struct msg){.tag = TAG(NAME_REGISTER, 0, 40, 0), .w = {'a', 0, 0, 0, 256}, .caller = 9};
    names_answer(&names, &m, 0);
    EXPECT((long)m.w[0] == -T_EINVAL);
    m = (struct msg){.tag = TAG(NAME_LOOKUP, 0, MSG_LENGTH_BUFFER, 0), .w = {'a'}, .caller = 9};
    names_answer(&names, &m, 0);
    EXPECT((long)m.w[0] == -T_EINVAL);
}

static void test_dead(void)
{
    EXPECT(ask(NAME_REGISTER, "a", 20, 0) == 0 && ask(NAME_REGISTER, "b", 21, 0) == 0);
    dead = 20;
    EXPECT(ask(NAME_LOOKUP, "a", 9, 0) == -T_ENOENT);
    dead = 0;
    EXPECT(ask(NAME_LOOKUP, "a", 9, 0) == -T_ENOENT);
    EXPECT(ask(NAME_LOOKUP, "b", 9, 0) == 0 && m.w[1] == 21);
    dead = 21;
    EXPECT(ask(NAME_REGISTER, "b", 22, 0) == 0);
    EXPECT(ask(NAME_LOOKUP, "b", 9, 0) == 0 && m.w[1] == 22);
    EXPECT(ask(NAME_UNREGISTER, "b", 22, 0) == 0);
}

static long list(uint64_t index)
{
    m = (struct msg){.tag = TAG(NAME_LIST, 0, 8, 0), .w = {index}, .caller = 9};
    names_answer(&names, &m, 0);
    return (long)m.w[0];
}

static void test_full(void)
{
    char name[] = "n00";
    for (uint32_t i = 0; i < NAMES_MAX; i++) {
        name[1] = (char)('0' + i / 10);
        name[2] = (char)('0' + i % 10);
        EXPECT(ask(NAME_REGISTER, name, 100 + i, 0) == 0);
    }
    EXPECT(ask(NAME_REGISTER, "more", 9, 0) == -T_ENOSPC);
    EXPECT(list(3) == 0 && !memcmp(&m.w[1], "n03", 4) && m.w[5] == 103);
    EXPECT(list(NAMES_MAX) == -T_ENOENT);
    dead = 103;
    EXPECT(ask(NAME_REGISTER, "more", 9, 0) == 0);
    EXPECT(list(3) == 0 && !memcmp(&m.w[1], "more", 5) && m.w[5] == 9);
    dead = 104;
    EXPECT(list(4) == 0 && m.w[5] == 105 && list(NAMES_MAX - 1) == -T_ENOENT);
}

static struct svc self = {&name_service, 0, &names};

static long open_name(const char *name, uint64_t flags, uint8_t level)
{
    struct svc_req req = {.words = {flags}, .shorts = 1};
    req.level = level;
    return svc_dispatch(&self, &req, OP_open, name, strlen(name));
}

static unsigned char text[NAMES_STAGE_BYTES];

static long read_name(long handle, uint64_t offset, uint64_t count)
{
    struct svc_req req = {.handle = (uint64_t)handle, .offset = offset, .count = count};
    req.buffer = (uint64_t)text;
    return svc_dispatch(&self, &req, OP_read, 0, 0);
}

static void test_files(void)
{
    memset(&names.entry, 0, sizeof(names.entry));
    dead = 0;
    EXPECT(ask(NAME_REGISTER, "disk", 0x1009, 3) == 0 && ask(NAME_REGISTER, "x", 7, 3) == 0);
    EXPECT(open_name("disk", O_RDONLY, 100) == 0x1009 &&
           open_name("disk", O_RDONLY, 101) == -T_EPERM);
    EXPECT(open_name("dis", O_RDONLY, 0) == -T_ENOENT &&
           open_name("Disk", O_RDONLY, 0) == -T_EINVAL);
    EXPECT(open_name("disk", O_WRONLY, 0) == -T_EACCES && open_name("y", O_CREAT, 0) == -T_EACCES);
    EXPECT(open_name("01234567890123456789012345678901", O_RDONLY, 0) == -T_ENAMETOOLONG);
    EXPECT(read_name(0x1009, 0, 100) == 5 && !memcmp(text, "4105\n", 5));
    EXPECT(read_name(0x1009, 3, 1) == 1 && text[0] == '5' && read_name(0x1009, 5, 9) == 0);
    long root = open_name("", O_RDONLY, 0);
    EXPECT(read_name(root, 0, 100) == 7 && !memcmp(text, "disk\nx\n", 7));
    EXPECT(read_name(root, 5, 100) == 2 && read_name(root, 99, 1) == 0);
    dead = 0x1009;
    EXPECT(read_name(0x1009, 0, 100) == -T_ESRCH);
    names_sweep(&names);
    EXPECT(!names.entry[0].name[0] && names.entry[1].name[0]);
    EXPECT(read_name(root, 0, 100) == 2 && !memcmp(text, "x\n", 2));
}

int main(void)
{
    test_names();
    test_refused();
    test_dead();
    test_full();
    test_files();
    return unit_done("names");
}
