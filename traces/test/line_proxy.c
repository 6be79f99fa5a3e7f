/* SPDX-License-Identifier: MIT
 * A cable between two ptys: `line_proxy SEED RATE KINDS CLEAN BAUD` prints the names of the
 * target's and the host's end, then passes bytes on at the pace of the line until an end is hung
 * up. Towards the host they go through the noise of KINDS (its bits, as in line_noise.h; rate 0:
 * none), but for those from CLEAN on; towards the target nothing happens to them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "traces/test/line_noise.h"

#define CHUNK     64u
#define SLICE_MS  2
#define BYTE_BITS 10u
#define ARGUMENTS 6
/* 2^64 over the golden ratio: from a small number the generator would begin with small ones, and
 * the first event come behind all that is sent. */
#define SEED_SPREAD 0x9E3779B97F4A7C15u

struct way {
    int from, to;
    struct line_noise *noise; /* NULL: none */
    uint64_t clean, passed;   /* bytes before the line is quiet; so far */
};

/* A raw pty; its other end stays open here, so that users may come and go. */
static int end_open(void)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    struct termios line;

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return -1;
    const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0 || tcgetattr(slave, &line) != 0)
        return -1;
    cfmakeraw(&line);
    if (tcsetattr(slave, TCSANOW, &line) != 0)
        return -1;
    printf("%s\n", ptsname(master));
    return master;
}

static bool all_write(int to, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t put = write(to, bytes, size);

        if (put < 0 && errno != EINTR)
            return false;
        bytes += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* Passes at most `budget` bytes of what is there. Returns how many, below 0 when an end is gone. */
static int way_pass(struct way *way, unsigned budget)
{
    struct pollfd ready = {.fd = way->from, .events = POLLIN};
    uint8_t in[CHUNK], out[LINE_NOISE_MAX(CHUNK)];
    const uint8_t *bytes = in;

    if (budget == 0 || poll(&ready, 1, 0) <= 0)
        return 0;
    const ssize_t got = read(way->from, in, budget < CHUNK ? budget : CHUNK);
    if (got <= 0)
        return -1;
    size_t size = (size_t)got;
    if (way->noise && way->passed < way->clean) {
        size = line_noise_pass(way->noise, in, size, out, NULL);
        bytes = out;
    }
    way->passed += (uint64_t)got;
    return all_write(way->to, bytes, size) ? (int)got : -1;
}

/* Lets each way have the bytes that a slice of time is worth; what was not used is lost, as time.
 */
static void ways_run(struct way ways[2], unsigned baud)
{
    const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000};
    const unsigned budget = baud / BYTE_BITS * SLICE_MS / 1000;

    for (;;) {
        for (unsigned i = 0; i < 2; i++)
            if (way_pass(&ways[i], budget) < 0)
                return;
        nanosleep(&slice, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != ARGUMENTS) {
        fprintf(stderr, "line_proxy SEED RATE KINDS CLEAN BAUD\n");
        return 2;
    }
    struct line_noise noise = {.random = (strtoull(argv[1], NULL, 10) * SEED_SPREAD) | 1,
                               .rate = strtod(argv[2], NULL),
                               .kinds = (unsigned)strtoul(argv[3], NULL, 0)};
    const int target = end_open(), host = target < 0 ? -1 : end_open();

    if (host < 0) {
        perror("line_proxy: no pty");
        return 1;
    }
    fflush(stdout);
    struct way ways[] = {
        {target, host, noise.rate > 0 ? &noise : NULL, strtoull(argv[4], NULL, 10), 0},
        {host, target, NULL, 0, 0}};
    ways_run(ways, (unsigned)strtoul(argv[5], NULL, 10));
    return 0;
}
