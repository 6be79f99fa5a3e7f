/* SPDX-License-Identifier: MIT
 * Servers that die and servers that hang, in each phase of a request, under init's eyes: callers
 * get ENODEV, the scheme comes back under its name with another generation, and what fails again
 * and again is reported as failed while everything else goes on. Needs kernel/test/rc/supervise. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/retry.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define MS    1000000ul
#define LIMIT (60000 * MS) /* a server that does not come back */

static const char *const phases[] = {"open", "read", "write", "fcall", "close", "reply"};

/* The same path with "lethal" or "well" behind the scheme. */
static long victim_open(const char *scheme, const char *file)
{
    char path[48];
    print_to(path, sizeof(path), "%s:%s", scheme, file);
    return file_open(path, O_RDWR);
}

static long victim_do(const char *phase, int fd)
{
    uint64_t words[5] = {0};
    switch (phase[0]) {
    case 'w':
        return file_write(fd, words, 8);
    case 'f':
        return file_call(fd, FCALL_SERVICE, words);
    case 'c':
        return file_close(fd);
    default:
        return file_read(fd, words, 8);
    }
}

/* What the server's end gives to the one who asked: at once, or, where it had answered before or
 * nobody waits, to the next request. */
static void strike(const char *scheme, const char *phase, int well)
{
    uint64_t word;
    long fd = victim_open(scheme, "lethal");
    if (phase[0] == 'o') {
        CHECK_EQ(fd, -T_ENODEV);
        return;
    }
    CHECK(fd >= 0);
    long done = victim_do(phase, (int)fd);
    if (!strcmp(phase, "close"))
        CHECK_EQ(done, 0);
    else if (!strcmp(phase, "reply"))
        CHECK_EQ(done, 8);
    else
        CHECK_EQ(done, -T_ENODEV);
    CHECK_EQ(file_read(well, &word, 8), -T_ENODEV);
    if (phase[0] != 'c')
        CHECK_EQ(file_close((int)fd), 0);
}

static void phase_try(const char *how, const char *phase)
{
    char scheme[32], path[40];
    uint64_t before = 0, after = 0, start = sys_clock(CLOCK_NS);
    print_to(scheme, sizeof(scheme), "%s-%s", how, phase);
    print_to(path, sizeof(path), "%s:well", scheme);
    long well = file_open(path, O_RDWR);
    CHECK_EQ(file_read((int)well, &before, 8), 8);
    strike(scheme, phase, (int)well);
    uint64_t took = (sys_clock(CLOCK_NS) - start) / MS;
    struct retry again = {path, O_RDWR, LIMIT, (int)well};
    CHECK_EQ(retry_read(&again, &after, 8), 8);
    CHECK(again.fd >= 0);
    CHECK(after != before);
    CHECK_EQ(file_close(again.fd), 0);
    print("%s: callers heard after %lu ms, served again after %lu ms\n", scheme, took,
          (sys_clock(CLOCK_NS) - start) / MS);
}

static bool listed_as(const char *line)
{
    char text[2048];
    uint64_t n = strlen(line);
    if (file_text("init:servers", text, sizeof(text)) < 0)
        return false;
    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : 0)
        if (!strncmp(at, line, n))
            return true;
    return false;
}

static void failed_for_good(void)
{
    SHOWS("V43", "a server that exits at once: 3 restarts, then failed; the boot goes on");
    for (unsigned i = 0; i < 1000 && !listed_as("crash failed "); i++)
        sys_sleep(sys_clock(CLOCK_NS) + 5 * MS);
    CHECK(listed_as("crash failed tid 0 restarts 3 "));
    CHECK_EQ(file_open("crash:", O_RDWR), -T_ENODEV);
    for (unsigned i = 0; i < 1000 && !listed_as("mute failed "); i++)
        sys_sleep(sys_clock(CLOCK_NS) + 5 * MS);
    CHECK(listed_as("mute failed tid 0 restarts 3 "));
    CHECK(listed_as("die-read running "));
    CHECK_EQ(file_open("init:servers", O_WRONLY), -T_EACCES);
    CHECK_EQ(file_open("init:nothing", O_RDONLY), -T_ENOENT);
    CHECK(sysfile_line("init:", "servers"));
}

static long pages(void)
{
    return sysfile_number("sys:memory", "free_pages");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    failed_for_good();
    long left = pages();
    SHOWS("X4", "a server that dies or hangs, in each phase: ENODEV, then served again");
    for (unsigned i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        phase_try("die", phases[i]);
        phase_try("hang", phases[i]);
    }
    phase_try("spin", "read");
    SHOWS("X4", "the well are left alone, and nothing stays behind");
    CHECK(listed_as("spin-read running "));
    CHECK(listed_as("crash failed tid 0 restarts 3 "));
    /* 13 servers came and went; pools, which keep their pages, may have grown by a few. */
    CHECK(left - pages() < 4);
    return guest_end("supervise");
}
