/* SPDX-License-Identifier: MIT
 * The path of a call is copied once: while its caller waits in a server's queue another thread
 * writes over the path, and the server must still see each byte of what the call was made with. The
 * caller runs before the other two, so what it wrote is what stands there when it calls. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PAGE    4096ull
#define TRIES   100000u
#define BEHIND  (PRIORITY_DEFAULT - 1)
#define LENGTHS 97u /* of the part behind the scheme's name, in turns */
#define LONGEST 1024u

/* What client and server both map. */
struct shared {
    volatile uint32_t round, length; /* of the call that is under way */
    volatile uint32_t ready, seen;
};
static struct shared *shared;

static char path[LONGEST + 1] __attribute__((aligned(4096)));
static volatile uint32_t changes;
static volatile bool stop;

static struct shared *attach(void)
{
    int fd = (int)file_open("shm:path", O_RDWR | O_CREAT);
    long at = sys_fmap_fd(fd, (struct fmap){0, PAGE, PROT_READ | PROT_WRITE | MAP_SHARED, 0});

    CHECK_EQ(file_close(fd), 0);
    return at > 0 ? (struct shared *)at : 0;
}

static char letter(uint32_t round, uint32_t at)
{
    return (char)('a' + (round + at) % 26);
}

static bool same(const char *text, uint64_t bytes)
{
    if (bytes != shared->length)
        return false;
    for (uint32_t i = 0; i < bytes; i++)
        if (text[i] != letter(shared->round, i))
            return false;
    return true;
}

static void priority(uint64_t p)
{
    CHECK_EQ(sys_taskctl(0, TASK_PRIORITY, (struct taskctl){p, 0, 0, 0}), 0);
}

/* The name is not there, which is said only of the name that was asked for. */
static int server(void)
{
    static char inbox[PAGE] __attribute__((aligned(4096)));
    struct msg m = {0};

    shared = attach();
    priority(BEHIND);
    if (!shared ||
        sys_taskctl(0, TASK_RXBUF, (struct taskctl){(uint64_t)inbox, sizeof(inbox), 0, 0}) ||
        file_open(":path", O_RDWR | O_CREAT | O_EXCL) < 0)
        return 1;
    shared->ready = 1;
    for (;;) {
        if ((uint8_t)sys_receive(&m) != KIND_SCHEME)
            return 2;
        bool good = TAG_LENGTH(m.tag) == MSG_LENGTH_BUFFER && same((const char *)m.w[4], m.w[5]);
        shared->seen++;
        m = (struct msg){.tag = TAG(TAG_OP(m.tag), 0, 8, 0),
                         .w = {(uint64_t)(good ? -T_ENOENT : -T_EIO)},
                         .caller = m.caller};
        sys_reply(&m);
        sys_yield(); /* the next call waits in the queue while the other one writes */
    }
}

/* Other letters, shorter and longer, other schemes and none. */
static void change(uint64_t argument)
{
    static const char fill[] = {'x', ':', 0, '/'};

    (void)argument;
    priority(BEHIND);
    while (!stop) {
        changes++;
        memset(path + changes % 8, fill[changes % 4], 64);
        sys_yield();
    }
    changes = 0;
    for (;;)
        sys_sleep(~0ull);
}

static long call_with(uint32_t round)
{
    uint32_t length = 1 + round % LENGTHS;

    memcpy(path, "path:", 5);
    for (uint32_t i = 0; i < length; i++)
        path[5 + i] = letter(round, i);
    shared->round = round;
    shared->length = length;
    return round % 4 ? sys_open(path, 5 + length, O_RDONLY) : sys_unlink(path, 5 + length);
}

static void consistent(uint32_t tries)
{
    uint32_t good = 0, changed = 0;

    SHOWS("V11", "another thread writes over the path of a call: its server sees the one copy");
    CHECK(guest_thread(change, 0) >= 0);
    for (uint32_t i = 0; i < tries; i++) {
        uint32_t before = changes;
        good += call_with(i) == -T_ENOENT;
        changed += changes != before;
    }
    CHECK_EQ(good, tries);
    CHECK_EQ(shared->seen, tries);
    CHECK(changed > tries / 2);
    print("path: %u calls, %u with changes under way\n", tries, changed);
    stop = true;
    while (changes)
        sys_sleep(sys_clock(CLOCK_NS) + 1000000);
}

static void lengths(void)
{
    SHOWS("V11", "a path of 1024 bytes arrives, one of 1025 is ENAMETOOLONG");
    memcpy(path, "path:", 5);
    for (uint32_t i = 0; i < LONGEST - 5; i++)
        path[5 + i] = letter(7, i);
    shared->round = 7;
    shared->length = LONGEST - 5;
    CHECK_EQ(sys_open(path, LONGEST, O_RDONLY), -T_ENOENT);
    CHECK_EQ(sys_open(path, LONGEST + 1, O_RDONLY), -T_ENAMETOOLONG);
    CHECK_EQ(sys_unlink(path, LONGEST + 1), -T_ENAMETOOLONG);
    CHECK_EQ(sys_open(path, ~0ull, O_RDONLY), -T_ENAMETOOLONG);
    CHECK_EQ(sys_open((const char *)((uint64_t)path + sizeof(path) - 2), 1024, O_RDONLY) < 0, true);
    CHECK_EQ(shared->seen, 1);
    shared->seen = 0;
}

int main(int argc, char **argv, char **envp)
{
    uint32_t tries = sysfile_line("sys:mitig", "pti on") ? TRIES / 10 : TRIES;

    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return server();
    long files = sysfile_number("sys:counters", "files"), tid = guest_child("serve", 0);
    shared = attach();
    CHECK(shared);
    while (!shared->ready)
        sys_sleep(sys_clock(CLOCK_NS) + 1000000);
    lengths();
    consistent(tries);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
    CHECK_EQ(sys_munmap((uint64_t)shared, PAGE), 0);
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
    return guest_end("path");
}
