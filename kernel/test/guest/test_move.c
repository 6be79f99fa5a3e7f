/* SPDX-License-Identifier: MIT
 * Services that move between placements while clients use them. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/place.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define FILES   6u
#define BYTES   5000u
#define CLIENTS 3u

static unsigned char buffer[8192];
static const char *const names[] = {"linked", "module", "server"};

static unsigned char byte_of(uint64_t file, uint64_t at)
{
    return (unsigned char)(file * 31 + at * 7 + (at >> 8));
}

static bool placed(const char *service, unsigned placement)
{
    char line[40];

    print_to(line, sizeof(line), "%s %s running", service, names[placement]);
    return sysfile_number("sys:svc", line) > 0;
}

/* Reaps what moves have ended and started. */
static void reap(long tid)
{
    uint64_t status = 1;

    CHECK_EQ(sys_waitpid((uint32_t)tid, 0, &status), tid);
    CHECK_EQ(status, 0);
}

static long server; /* our child that serves, 0: none does */

static void move(const char *service, unsigned placement)
{
    long old = server, result = place_move(service, placement);

    if (!CHECK(result >= 0))
        print("     %s to %s: %s\n", service, names[placement], error_text(result));
    CHECK(placed(service, placement));
    server = placement == PLACE_SERVER ? result : 0;
    if (old)
        reap(old);
}

/* linked > module > server > linked > server > module > linked: each direction once. */
static const unsigned tour[] = {PLACE_MODULE, PLACE_SERVER, PLACE_LINKED,
                                PLACE_SERVER, PLACE_MODULE, PLACE_LINKED};
#define STEPS (sizeof(tour) / sizeof(tour[0]))

static int files_open(int fd[FILES])
{
    for (unsigned i = 0; i < FILES; i++) {
        char path[16];
        print_to(path, sizeof(path), "ram:move%u", i);
        fd[i] = (int)file_open(path, O_RDWR | O_CREAT | O_TRUNC);
        for (unsigned at = 0; at < BYTES; at++)
            buffer[at] = byte_of(i, at);
        CHECK_EQ(file_write(fd[i], buffer, BYTES), BYTES);
        CHECK_EQ(file_seek(fd[i], 20000, SEEK_SET), 20000);
        CHECK_EQ(file_write(fd[i], buffer, 40), 40); /* behind a hole */
    }
    return 0;
}

static void files_hold(const int fd[FILES])
{
    for (unsigned i = 0; i < FILES; i++) {
        struct file_stat stat;
        unsigned wrong = 0;
        CHECK_EQ(file_seek(fd[i], 0, SEEK_CUR), 20040); /* positions are the kernel's */
        CHECK_EQ(file_stat(fd[i], &stat), 0);
        CHECK_EQ(stat.bytes, 20040);
        long copy = file_dup(fd[i]);
        CHECK_EQ(file_seek((int)copy, 0, SEEK_SET), 0);
        CHECK_EQ(file_read((int)copy, buffer, 6000), 6000);
        for (unsigned at = 0; at < 6000; at++)
            wrong += buffer[at] != (at < BYTES ? byte_of(i, at) : 0);
        CHECK_EQ(wrong, 0);
        CHECK_EQ(file_seek((int)copy, 20000, SEEK_SET), 20000);
        CHECK_EQ(file_read((int)copy, buffer, 8), 8);
        CHECK_EQ(buffer[5], byte_of(i, 5));
        CHECK_EQ(file_seek((int)copy, 20040, SEEK_SET), 20040);
        CHECK_EQ(file_close((int)copy), 0);
    }
}

static void ram_tour(void)
{
    int fd[FILES];

    SHOWS("T1", "ram moves in all six directions, descriptors and bytes stay");
    files_open(fd);
    for (unsigned i = 0; i < STEPS; i++) {
        move("ram", tour[i]);
        files_hold(fd);
    }
    for (unsigned i = 0; i < FILES; i++)
        CHECK_EQ(file_close(fd[i]), 0);
}

#define CALLS_LEAST 20u /* of each client between two steps */

static volatile unsigned calls[CLIENTS], wrong[CLIENTS], ended;
static volatile uint64_t longest_ns[CLIENTS];
static volatile bool hammering;

/* One round of a client: what it reads is what it wrote, whoever served either. */
static bool client_round(uint64_t own, uint64_t round, int ram, int echo)
{
    uint64_t word = own << 32 | round, back = 0, text = 0;
    char path[16];

    bool good = file_seek(ram, 0, SEEK_SET) == 0 && file_write(ram, &word, 8) == 8;
    good = file_write(echo, &word, 8) == 8 && good;
    good = file_seek(ram, 0, SEEK_SET) == 0 && file_read(ram, &back, 8) == 8 && good;
    good = file_read(echo, &text, 8) == 8 && good;
    print_to(path, sizeof(path), "ram:client%lu", own);
    long other = file_open(path, O_RDONLY);
    good = other >= 0 && file_read((int)other, &back, 8) == 8 && good;
    return file_close((int)other) == 0 && good && back == word && text == word;
}

static void client(uint64_t own)
{
    char path[16];

    print_to(path, sizeof(path), "ram:client%lu", own);
    int ram = (int)file_open(path, O_RDWR | O_CREAT), echo = (int)file_open("echo:", O_RDWR);
    for (uint64_t round = 0; hammering; round++) {
        uint64_t before = sys_clock(CLOCK_NS);
        wrong[own] += !client_round(own, round, ram, echo);
        uint64_t took = sys_clock(CLOCK_NS) - before;
        if (took > longest_ns[own])
            longest_ns[own] = took;
        calls[own]++;
        if (round % 3 == own)
            sys_yield();
    }
    wrong[own] += file_close(ram) != 0 || file_close(echo) != 0;
    ended++;
    for (;;)
        sys_sleep(~0ull);
}

/* Every client has come forward since. */
static void clients_wait(void)
{
    unsigned seen[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++)
        seen[i] = calls[i];
    for (unsigned i = 0, tries = 0; i < CLIENTS; tries++) {
        if (calls[i] - seen[i] >= CALLS_LEAST)
            i++;
        else if (tries < 100000)
            sys_yield();
        else
            i += !CHECK(tries < 100000);
    }
}

static void hammer(void)
{
    uint64_t total = 0, longest = 0;

    SHOWS("T1", "clients that hammer lose nothing in any of the six directions");
    hammering = true;
    for (unsigned i = 0; i < CLIENTS; i++)
        CHECK(guest_thread(client, i) > 0);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < STEPS; i++) {
            clients_wait();
            move("ram", tour[i]);
        }
    for (unsigned i = 0; i < STEPS; i++) {
        clients_wait();
        move("echo", tour[i]);
    }
    clients_wait();
    hammering = false;
    for (unsigned i = 0; i < 100000 && ended < CLIENTS; i++)
        sys_yield();
    CHECK_EQ(ended, CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++) {
        CHECK_EQ(wrong[i], 0);
        total += calls[i];
        longest = longest_ns[i] > longest ? longest_ns[i] : longest;
    }
    print("move: %lu rounds of clients, the longest took %lu us\n", total, longest / 1000);
    CHECK_EQ(sysfile_number("sys:place", "rollbacks"), 0);
}

/* ---- moves that fail ------------------------------------------------------------------------- */

static long adopt(const char *path)
{
    return file_open(path, O_CREAT | O_ADOPT);
}

static volatile long held_result;
static volatile bool held_done;
static volatile uint64_t held_ns;

/* Opens, reads and closes a file of ram: the outcome of the first that fails, or of the read. */
static void held(uint64_t argument)
{
    uint64_t word = 0, before = sys_clock(CLOCK_NS);
    long fd = file_open("ram:held", O_RDONLY);

    (void)argument;
    held_result = fd < 0 ? fd : file_read((int)fd, &word, 8);
    held_ns = sys_clock(CLOCK_NS) - before;
    if (fd >= 0)
        file_close((int)fd);
    held_done = true;
    for (;;)
        sys_sleep(~0ull);
}

static void held_start(void)
{
    held_done = false;
    CHECK(guest_thread(held, 0) > 0);
    for (unsigned i = 0; i < 10; i++)
        sys_yield();
    CHECK(!held_done);
}

static void held_end(long result)
{
    for (unsigned i = 0; i < 1000 && !held_done; i++)
        sys_yield();
    CHECK(held_done);
    CHECK_EQ(held_result, result);
}

static void held_file(void)
{
    long fd = file_open("ram:held", O_RDWR | O_CREAT | O_TRUNC);

    CHECK_EQ(file_write((int)fd, "12345678", 8), 8);
    CHECK_EQ(file_close((int)fd), 0);
}

/* Whoever holds a move lets go of it: those who waited go on where the service was. */
static void let_go(void)
{
    long back = sysfile_number("sys:place", "rollbacks"), fd = adopt(":ram");

    CHECK(fd >= 0);
    CHECK(sysfile_number("sys:svc", "ram linked frozen") > 0);
    held_start();
    CHECK_EQ(adopt(":ram"), -T_EBUSY);
    CHECK_EQ(adopt(":echo"), -T_EBUSY);
    CHECK_EQ(file_put("sys:place", "echo module"), -T_EBUSY);
    CHECK_EQ(file_close((int)fd), 0);
    held_end(8);
    CHECK(placed("ram", PLACE_LINKED));
    CHECK_EQ(sysfile_number("sys:place", "rollbacks"), back + 1);
    CHECK(sysfile_number("sys:place", "held") >= 1);
}

/* What cannot be loaded, or not by this move. */
static void refused(void)
{
    static const unsigned char junk[64] = {0xFF, 0xFF, 0xFF, 0xFF};
    long fd = adopt(":ram");
    uint64_t load[5] = {(uint64_t)junk, sizeof(junk), PLACE_LINKED};

    CHECK_EQ(file_call((int)fd, FCALL_LOAD, load), -T_EEXIST); /* it is there */
    uint64_t none[5] = {(uint64_t)junk, sizeof(junk), PLACE_MODULE};
    CHECK_EQ(file_call((int)fd, FCALL_LOAD, none), -T_ENOENT);
    CHECK_EQ(place_module("ram"), 0);
    uint64_t bad[5] = {(uint64_t)junk, sizeof(junk), PLACE_MODULE};
    CHECK_EQ(file_call((int)fd, FCALL_LOAD, bad), -T_EINVAL);
    uint64_t high[5] = {~0ull << 20, sizeof(junk), PLACE_MODULE};
    CHECK_EQ(file_call((int)fd, FCALL_LOAD, high), -T_EFAULT);
    uint64_t large[5] = {(uint64_t)buffer, 4097, PLACE_MODULE};
    CHECK_EQ(file_call((int)fd, FCALL_LOAD, large), -T_EINVAL);
    uint64_t few[5] = {(uint64_t)buffer, 4095};
    CHECK_EQ(file_call((int)fd, FCALL_SAVE, few), -T_EINVAL);
    uint64_t thaw[5] = {PLACE_SERVER}; /* but a module was begun */
    CHECK_EQ(file_call((int)fd, FCALL_THAW, thaw), -T_EINVAL);
    uint64_t odd[5] = {7};
    CHECK_EQ(file_call((int)fd, FCALL_THAW, odd), -T_EINVAL);
    held_start();
    CHECK_EQ(file_close((int)fd), 0);
    held_end(8);
    CHECK(placed("ram", PLACE_LINKED));
    uint64_t late[5] = {(uint64_t)buffer, 4096};
    fd = file_open("ram:held", O_RDONLY);
    CHECK_EQ(file_call((int)fd, FCALL_SAVE, late), -T_EOPNOTSUPP); /* no root: the service's own */
    CHECK_EQ(file_close((int)fd), 0);
}

static void words(void)
{
    CHECK_EQ(adopt(":sys"), -T_EOPNOTSUPP);
    CHECK_EQ(adopt(":nobody"), -T_ENODEV);
    CHECK_EQ(file_put("sys:place", "sys module"), -T_EOPNOTSUPP);
    CHECK_EQ(file_put("sys:place", "nobody linked"), -T_ENODEV);
    CHECK_EQ(file_put("sys:place", "ram"), -T_EINVAL);
    CHECK_EQ(file_put("sys:place", "ram kernel"), -T_EINVAL);
    CHECK_EQ(file_put("sys:place", "ram linked"), -T_EEXIST);
    CHECK_EQ(file_put("sys:place", "echo module"), -T_ENOENT); /* none is loaded */
    CHECK(placed("echo", PLACE_LINKED));
}

/* Nobody ends the move: the first who waits too long does. */
static void expired(void)
{
    long fd = adopt(":ram");
    uint64_t thaw[5] = {PLACE_SERVER};

    held_start();
    sys_sleep(sys_clock(CLOCK_NS) + 2300000000ull);
    held_end(8);
    CHECK(held_ns > 1500000000ull);
    CHECK_EQ(file_call((int)fd, FCALL_THAW, thaw), -T_EBADFD);
    CHECK(placed("ram", PLACE_LINKED));
    CHECK_EQ(file_close((int)fd), 0);
    CHECK(placed("ram", PLACE_LINKED));
}

static void mover_dies(void)
{
    long tid = guest_child("mover", 0);

    CHECK_EQ(guest_wait(tid), 0);
    CHECK(placed("ram", PLACE_LINKED));
    long fd = file_open("ram:held", O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQ(file_close((int)fd), 0);
}

/* The server dies while its scheme is frozen: the scheme ends, nobody hangs; a module follows. */
static void server_dies(void)
{
    uint64_t status, save[5] = {(uint64_t)buffer, 4096};

    move("ram", PLACE_SERVER);
    long fd = adopt(":ram");
    CHECK(file_call((int)fd, FCALL_SAVE, save) > 0);
    held_start();
    CHECK_EQ(sys_kill((uint32_t)server, SIGKILL), 0);
    CHECK_EQ(sys_waitpid((uint32_t)server, 0, &status), server);
    server = 0;
    held_end(-T_ENODEV);
    CHECK_EQ(file_open("ram:held", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_call((int)fd, FCALL_SAVE, save), -T_ENODEV);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(place_module("ram"), 0);
    CHECK(placed("ram", PLACE_MODULE));
    move("ram", PLACE_LINKED);
    CHECK_EQ(file_open("ram:held", O_RDONLY), -T_ENOENT); /* its files went with the server */
}

static void failures(void)
{
    SHOWS("T1", "a move that fails leaves the service where it was; nothing hangs");
    held_file();
    let_go();
    refused();
    words();
    expired();
    mover_dies();
    server_dies();
}

static void level_1(void)
{
    const char *path = "initfs:/bin/test-move";
    const char *argv[] = {path, "level", "1", 0};
    const struct exec what = {.path = path, .args = {argv, 0}, .level = 1, .ready_write = -1};

    SHOWS("T1,T36", "who may not place cannot freeze, move or load");
    CHECK_EQ(guest_wait(exec_spawn(&what)), 0);
}

static int level_1_role(void)
{
    CHECK_EQ(adopt(":ram"), -T_EACCES);
    CHECK_EQ(file_put("sys:place", "ram module"), -T_EPERM);
    CHECK_EQ(place_module("ram"), -T_EPERM);
    return guest_failed() != 0;
}

static long counted(const char *what)
{
    return sysfile_number(what[0] == 'f' && what[1] == 'r' ? "sys:memory" : "sys:counters", what);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2 && argv[1][0] == 'm')
        return adopt(":ram") < 0;
    if (argc > 2)
        return level_1_role();
    ram_tour();
    hammer();
    failures();
    level_1();
    ram_tour();
    long pages = counted("free_pages"), files = counted("files");
    ram_tour();
    CHECK_EQ(counted("free_pages"), pages);
    CHECK_EQ(counted("files"), files);
    return guest_end("move");
}
