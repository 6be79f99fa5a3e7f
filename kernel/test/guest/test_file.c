/* SPDX-License-Identifier: MIT
 * Files from ring 3: the conformance table of the services wherever they are placed, names, rights,
 * descriptors, duplicates, a scheme served by a task, and what its death leaves behind. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/daemon.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/exec.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/services/test/conformance.h"

#define FDS     600u /* more than two chunks of a table */
#define STORM   200u
#define THREADS 4u
#define TRIES   2000u

static unsigned char buffer[CONFORM_BYTES];

static void conformance(void)
{
    static const struct conform_files files = {file_open, file_close, file_read, file_write,
                                               file_seek, file_dup,   file_stat, file_truncate};
    struct conform c = {&files, buffer, {0}};

    for (unsigned i = 0; i < CONFORM_STEPS; i++)
        if (!CHECK_EQ(conform_step(&c, &conform_steps[i]), conform_steps[i].expect))
            print("     step %u\n", i);
}

static long open_bytes(const char *path, uint64_t length, uint64_t flags)
{
    return sys_open(path, length, flags);
}

static void names(void)
{
    static char path[PATH_MAX_BYTES + 2];
    static const char inside[] = "nu\0ll:";

    memset(path, 'e', sizeof(path));
    memcpy(path, DAEMON ":", sizeof(DAEMON));
    CHECK_EQ(open_bytes(path, PATH_MAX_BYTES, O_RDONLY), -T_ENOENT); /* the daemon saw it */
    CHECK_EQ(open_bytes(path, PATH_MAX_BYTES + 1, O_RDONLY), -T_ENAMETOOLONG);
    CHECK_EQ(open_bytes(path, ~0ull, O_RDONLY), -T_ENAMETOOLONG);
    CHECK_EQ(open_bytes(inside, sizeof(inside) - 1, O_RDONLY), -T_EINVAL);
    CHECK_EQ(open_bytes(path, 0, O_RDONLY), -T_EINVAL);
    CHECK_EQ(file_open("null", O_RDONLY), -T_EINVAL);
    CHECK_EQ(file_open("nobody:", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_open("NULL:", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_open("nul:", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_open("nulls:", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_open("/scheme/", O_RDONLY), -T_EINVAL);
    CHECK_EQ(file_open("/scheme/nobody/x", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_open("/scheme/null/x", O_RDONLY), -T_ENOENT);
}

/* Both spellings reach the same file. */
static void alias(void)
{
    uint64_t word = 0x1122334455667788ull, back = 0;
    long a = file_open("/scheme/ram/alias", O_RDWR | O_CREAT | O_TRUNC);
    long b = file_open("ram:alias", O_RDWR);

    CHECK(a >= 0 && b >= 0 && a != b);
    CHECK_EQ(file_write((int)a, &word, sizeof(word)), sizeof(word));
    CHECK_EQ(file_read((int)b, &back, sizeof(back)), sizeof(back));
    CHECK_EQ(back, word);
    CHECK_EQ(file_close((int)a), 0);
    CHECK_EQ(file_close((int)b), 0);
    CHECK(sysfile_line(":", "null") && sysfile_line(":", "sys") && sysfile_line(":", DAEMON));
    CHECK(!sysfile_line(":", "nobody"));
}

static void roots(void)
{
    static const char *const bad[] = {":UP", ":a b", ":a/b", ":a:b",
                                      ":a-name-of-more-than-31-characters"};
    uint64_t flags = O_CREAT | O_EXCL;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_EQ(file_open(bad[i], (unsigned)flags), -T_EINVAL);
    CHECK_EQ(file_open(":null", (unsigned)flags), -T_EEXIST);
    CHECK_EQ(file_open(":" DAEMON, (unsigned)flags), -T_EEXIST);
    CHECK_EQ(file_open(":fresh", O_CREAT), -T_EINVAL);
    CHECK_EQ(file_open(":fresh", O_RDONLY), -T_EINVAL);
    long fd = file_open(":fresh", (unsigned)flags);
    CHECK(fd >= 0);
    CHECK(sysfile_line(":", "fresh"));
    CHECK_EQ(file_open(":fresh", (unsigned)flags), -T_EEXIST);
    long copy = file_dup((int)fd);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK(sysfile_line(":", "fresh"));
    CHECK_EQ(file_close((int)copy), 0); /* the last copy: the name is free */
    CHECK(!sysfile_line(":", "fresh"));
}

static void rights(void)
{
    uint64_t byte = 0;
    long in = file_open("zero:", O_RDONLY), out = file_open("zero:", O_WRONLY);

    CHECK_EQ(file_write((int)in, &byte, 8), -T_EBADF);
    CHECK_EQ(file_read((int)out, &byte, 8), -T_EBADF);
    CHECK_EQ(file_read((int)in, &byte, 8), 8);
    CHECK_EQ(file_write((int)out, &byte, 8), 8);
    CHECK_EQ(file_close((int)in), 0);
    CHECK_EQ(file_close((int)in), -T_EBADF);
    CHECK_EQ(file_read((int)in, &byte, 8), -T_EBADF);
    CHECK_EQ(file_close((int)out), 0);
    for (int fd = -2; fd < 1000; fd = fd == -2 ? (int)FDS : fd + 97) {
        CHECK_EQ(file_close(fd), -T_EBADF);
        CHECK_EQ(file_dup(fd), -T_EBADF);
        CHECK_EQ(file_read(fd, &byte, 8), -T_EBADF);
        CHECK_EQ(file_seek(fd, 0, SEEK_SET), -T_EBADF);
    }
}

static void offsets(void)
{
    long fd = file_open("ram:offset", O_RDWR | O_CREAT | O_TRUNC), copy = file_dup((int)fd);

    for (unsigned i = 0; i < 100; i++)
        buffer[i] = (unsigned char)i;
    CHECK_EQ(file_write((int)fd, buffer, 100), 100);
    CHECK_EQ(file_seek((int)copy, 0, SEEK_CUR), 100);
    CHECK_EQ(file_seek((int)copy, 10, SEEK_SET), 10);
    CHECK_EQ(file_read((int)fd, buffer + 200, 8), 8);
    CHECK_EQ(buffer[200], 10);
    CHECK_EQ(file_seek((int)copy, 0, SEEK_CUR), 18);
    CHECK_EQ(file_seek((int)copy, -20, SEEK_CUR), -T_EINVAL);
    CHECK_EQ(file_seek((int)copy, -1, SEEK_END), 99);
    CHECK_EQ(file_seek((int)copy, 0, 3), -T_EINVAL);
    CHECK_EQ(file_seek((int)fd, 0, SEEK_CUR), 99);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(file_seek((int)copy, 0, SEEK_CUR), 99);
    CHECK_EQ(file_close((int)copy), 0);
}

/* The table is full with one more than it holds; nothing is lost then. */
static void many(void)
{
    static int fd[FDS];
    unsigned count = 0;
    long files, made;

    clock_settle(); /* servers take the closes of before */
    files = sysfile_number("sys:counters", "files");
    while (count < FDS && (made = file_open("null:", O_RDWR)) >= 0)
        fd[count++] = (int)made;
    CHECK_EQ(count, FDS);
    CHECK_EQ(fd[FDS - 1] - fd[0], FDS - 1);
    CHECK_EQ(file_close(fd[300]), 0);
    CHECK_EQ(file_dup(0), fd[300]); /* the lowest free one */
    while (count)
        CHECK_EQ(file_close(fd[--count]), 0);
    for (unsigned i = 0; i < 1000 && sysfile_number("sys:counters", "files") != files; i++)
        sys_yield(); /* a server takes the closes when it runs */
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
}

static volatile unsigned storm_done, storm_wrong;

static void storm_thread(uint64_t own)
{
    for (unsigned i = 0; i < STORM; i++) {
        uint64_t word = own << 32 | i, back = 0;
        int fd = (int)file_open("echo:", O_RDWR);
        storm_wrong += fd < 0 || file_write(fd, &word, 8) != 8;
        if (i % 3 == 0)
            sys_yield();
        storm_wrong += file_read(fd, &back, 8) != 8 || back != word;
        storm_wrong += file_close(fd) != 0;
        if (i % 5 == 0)
            sys_yield();
    }
    storm_done++;
    for (;;)
        sys_sleep(~0ull);
}

/* Threads that open and close the same numbers never see each other's data. */
static void storm(void)
{
    for (unsigned i = 1; i <= THREADS; i++)
        CHECK(guest_thread(storm_thread, i) > 0);
    for (unsigned i = 0; i < 100000 && storm_done < THREADS; i++)
        sys_yield();
    CHECK_EQ(storm_done, THREADS);
    CHECK_EQ(storm_wrong, 0);
}

static volatile bool racing = true;

static void racer(uint64_t path)
{
    volatile char *at = (char *)path;

    while (racing) {
        for (unsigned i = 0; i < 8; i++)
            at[i] = 'b';
        for (unsigned i = 0; i < 8; i++)
            at[i] = 'a';
        sys_yield();
    }
    for (;;)
        sys_sleep(~0ull);
}

/* A path that changes under the open is one or the other, never EINVAL by a torn name. */
static void race(void)
{
    static char path[] = "ram:aaaaaaaa";
    unsigned odd = 0;

    CHECK(guest_thread(racer, (uint64_t)(path + 4)) > 0);
    for (unsigned i = 0; i < TRIES; i++) {
        long fd = sys_open(path, sizeof(path) - 1, O_RDONLY);
        odd += fd != -T_ENOENT;
        if (i % 7 == 0)
            sys_yield();
    }
    racing = false;
    sys_yield();
    CHECK_EQ(odd, 0);
}

static long daemon_start(uint64_t flags)
{
    long tid = guest_child("daemon", flags), fd = -T_ENODEV;

    CHECK(tid > 0);
    for (unsigned i = 0; i < 1000 && fd == -T_ENODEV; i++) {
        sys_yield();
        fd = file_open(DAEMON ":", O_RDWR);
    }
    CHECK(fd >= 0);
    CHECK_EQ(file_close((int)fd), 0);
    return tid;
}

static uint64_t bytes_wrong(const uint8_t *at, uint64_t handle, uint64_t from, uint64_t count)
{
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < count; i++)
        wrong += at[i] != daemon_byte(handle, from + i);
    return wrong;
}

/* Requests as the server gets them, answers as the client gets them. */
static void served(long tid)
{
    static const uint64_t sizes[] = {0, 1, 8, 40, 41, 4096, 8191, 8192};
    uint64_t words[5] = {0};
    long fd = file_open(DAEMON ":a", O_RDWR), copy = file_dup((int)fd);
    uint64_t handle = 2; /* the start's was 1 */

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        memset(buffer, 0xA5, sizes[i] + 8);
        CHECK_EQ(file_read((int)fd, buffer, sizes[i]), sizes[i]);
        CHECK_EQ(bytes_wrong(buffer, handle, 0, sizes[i]), 0);
        CHECK_EQ(buffer[sizes[i]], 0xA5);
        CHECK_EQ(file_write((int)fd, buffer, sizes[i]), sizes[i]);
    }
    CHECK_EQ(file_call((int)fd, DAEMON_CALLER, words), 0);
    CHECK_EQ((uint32_t)words[0], sys_self(SELF_TID));
    CHECK_EQ(words[1], KIND_SCHEME | (uint64_t)sys_self(SELF_LEVEL) << 8);
    CHECK_EQ(file_open(DAEMON ":e", O_RDWR), -T_ENOENT);
    words[0] = 0;
    long before = file_call((int)copy, DAEMON_CLOSES, words);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(file_call((int)copy, DAEMON_CLOSES, words), before);
    CHECK_EQ(file_close((int)copy), 0);
    fd = file_open(DAEMON ":b", O_RDWR);
    CHECK_EQ(file_call((int)fd, DAEMON_CLOSES, words), before + 1);
    CHECK_EQ(file_close((int)fd), 0);
    (void)tid;
}

static void kill_daemon(long tid)
{
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

/* Descriptors of a dead server are dead for ever, also when another serves the name. */
static void death(void)
{
    uint64_t words[5] = {0}, word = 0;
    long tid = daemon_start(0), fd = file_open(DAEMON ":a", O_RDWR), copy = file_dup((int)fd);

    CHECK_EQ(file_open(DAEMON ":x", O_RDWR), -T_ENODEV); /* it ends in open */
    CHECK_EQ(guest_wait(tid), 3);
    CHECK_EQ(file_open(DAEMON ":a", O_RDWR), -T_ENODEV);
    tid = daemon_start(0);
    CHECK_EQ(file_read((int)fd, &word, 8), -T_ENODEV);
    CHECK_EQ(file_read((int)fd, buffer, 100), -T_ENODEV);
    CHECK_EQ(file_write((int)copy, &word, 8), -T_ENODEV);
    CHECK_EQ(file_call((int)copy, DAEMON_CLOSES, words), -T_ENODEV);
    long fresh = file_open(DAEMON ":a", O_RDWR);
    CHECK_EQ(file_read((int)fresh, &word, 8), 8);
    CHECK_EQ(file_call((int)fresh, DAEMON_EXIT, words), -T_ENODEV); /* it ends in fcall */
    CHECK_EQ(guest_wait(tid), 3);
    CHECK_EQ(file_close((int)fresh), 0);
    CHECK_EQ(file_close((int)copy), 0);
    CHECK_EQ(file_close((int)fd), 0);
}

/* The same, again and again: nothing stays behind. */
static void deaths(void)
{
    long pages = 0, files = 0;

    for (unsigned i = 0; i < 6; i++) {
        death();
        if (i == 2) {
            pages = sysfile_number("sys:memory", "free_pages");
            files = sysfile_number("sys:counters", "files");
        }
    }
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), pages);
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
}

#define GIVEN_FD 200

/* A scheme dies with its server, also when another task holds the descriptor of its root. */
static void given_away(void)
{
    CHECK_EQ(guest_wait(guest_child("given", 0)), 0);
    CHECK(!sysfile_line(":", "given"));
    CHECK_EQ(file_open("given:", O_RDWR), -T_ENODEV);
    CHECK(sysfile_task("orphan") < 0); /* never started, so it ended with its parent */
    CHECK_EQ(sys_close(GIVEN_FD), 0);
}

static int given_away_role(void)
{
    long root = file_open(":given", O_CREAT | O_EXCL);
    long tid = sys_spawn(0, 0, sys_name("orphan")), parent = sys_self(SELF_PARENT);
    struct taskctl give = {GIVEN_FD, (uint64_t)root, 0, 0};

    CHECK(root >= 0 && tid > 0);
    CHECK_EQ(sys_taskctl((uint32_t)tid, TASK_FD, give), GIVEN_FD);
    CHECK_EQ(sys_taskctl((uint32_t)parent, TASK_FD, give), GIVEN_FD); /* which lives on with it */
    CHECK(sysfile_line(":", "given"));
    return guest_failed() != 0;
}

/* Results pass as they are; positions are the kernel's. */
static void positioned(void)
{
    static const long given[][2] = {{0, 0}, {5, 5}, {-T_ENOENT, -T_ENOENT}, {-T_EBADF, -T_EBADF}};
    long tid = daemon_start(O_POSITIONED), fd = file_open(DAEMON ":a", O_RDWR);

    for (unsigned i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        uint64_t words[5] = {(uint64_t)given[i][0]};
        CHECK_EQ(file_call((int)fd, DAEMON_RETURN, words), given[i][1]);
    }
    CHECK_EQ(file_seek((int)fd, 1000, SEEK_SET), 1000);
    CHECK_EQ(file_read((int)fd, buffer, 64), 64);
    CHECK_EQ(bytes_wrong(buffer, 2, 1000, 64), 0);
    CHECK_EQ(file_read((int)fd, buffer, 8), 8);
    CHECK_EQ(bytes_wrong(buffer, 2, 1064, 8), 0);
    CHECK_EQ(file_seek((int)fd, 1ll << 32, SEEK_SET), 1ll << 32);
    CHECK_EQ(file_read((int)fd, buffer, 8), -T_EFBIG);
    CHECK_EQ(file_close((int)fd), 0);
    kill_daemon(tid);
}

/* Level 1 may not serve schemes, nor write what level 0 may. */
static void level_1(void)
{
    const char *path = "initfs:/bin/test-file";
    const char *argv[] = {path, "level", "1", 0};
    const struct exec what = {.path = path, .args = {argv, 0}, .level = 1, .ready_write = -1};

    CHECK_EQ(guest_wait(exec_spawn(&what)), 0);
}

static int level_1_role(void)
{
    CHECK_EQ(sys_self(SELF_LEVEL), 1);
    CHECK_EQ(file_open(":mine", O_CREAT | O_EXCL), -T_EACCES);
    CHECK_EQ(file_put("sys:power", "off PASS"), -T_EPERM);
    CHECK_EQ(file_put("sys:path", "plain"), -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_WATCH, (struct taskctl){0, 0, 0, 0}), -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_SUPERVISE, (struct taskctl){0, 0, 0, 0}), -T_EPERM);
    CHECK_EQ(sys_spawn(0, 0, 0), -T_EPERM);
    CHECK_EQ(sys_spawn(1 << 8 | SPAWN_CRITICAL, 0, 0), -T_EPERM);
    CHECK_EQ(sys_spawn(1 << 8, 9, 0), -T_EPERM);
    CHECK_EQ(sys_kill(TID_BOOTSTRAP, SIGKILL), -T_EPERM);
    CHECK_EQ(sys_taskctl(TID_BOOTSTRAP, TASK_LEVEL, (struct taskctl){9, 0, 0, 0}), -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){0, 0, 0, 0}), -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){LEVELS, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){2, 0, 0, 0}), 0);
    CHECK_EQ(sys_self(SELF_LEVEL), 2);
    return guest_failed() != 0;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2 && argv[1][0] == 'l')
        return level_1_role();
    if (argc > 2 && argv[1][0] == 'g')
        return given_away_role();
    if (argc > 2)
        daemon_serve(argv[2][0] == '0' ? 0 : O_POSITIONED);
    conformance();
    long tid = daemon_start(0);
    names();
    alias();
    roots();
    rights();
    offsets();
    many();
    storm();
    race();
    kill_daemon(tid);
    tid = daemon_start(0);
    served(tid);
    kill_daemon(tid);
    deaths();
    given_away();
    positioned();
    level_1();
    return guest_end("file");
}
