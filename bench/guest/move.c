/* SPDX-License-Identifier: MIT
 * The cells "move": how long nobody answers for a ram of so many bytes while it moves, from its
 * freeze to its thaw as the kernel stamps them. Where a cell says to: module (from linked), linked
 * (from a module), server (from linked), kernel (linked, from a server). The event counters, which
 * the kernel does not read at these stamps, count all of the move that its caller waits for, what
 * is before the freeze and behind the thaw too; so their ticks are more than the gap. Invariant:
 * each region ends where it began, and the cell with ram linked, as the boot had it. Called by
 * cells.c. */
#include "bench/guest/bench.h"
#include "servers/lib/file.h"
#include "servers/lib/place.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define SERVICE   "ram"
#define FILE_PATH "ram:move"
#define TEXT_MAX  512u

static const struct way {
    const char *name;
    unsigned from, to; /* PLACE_* */
} ways[] = {
    {"module", PLACE_LINKED, PLACE_MODULE},
    {"linked", PLACE_MODULE, PLACE_LINKED},
    {"server", PLACE_LINKED, PLACE_SERVER},
    {"kernel", PLACE_SERVER, PLACE_LINKED},
};

static const struct way *way;
static unsigned place = PLACE_LINKED; /* of ram now */
static uint32_t server;               /* that has it, 0: none */

/* The server that it leaves has been killed by the kernel: its parent takes the status. */
static long move_to(unsigned to)
{
    uint64_t status;
    if (place == to)
        return 0;
    long result = place_move(SERVICE, to);
    if (result < 0)
        return result;
    if (server)
        sys_waitpid(server, 0, &status);
    server = to == PLACE_SERVER ? (uint32_t)result : 0;
    place = to;
    return 0;
}

static long content_make(uint64_t bytes)
{
    static const unsigned char page[4096] = {1};
    long fd = file_open(FILE_PATH, O_RDWR | O_CREAT | O_EXCL), n = fd;
    for (uint64_t done = 0; done < bytes && n >= 0; done += sizeof(page)) {
        uint64_t left = bytes - done;
        n = file_write_all((int)fd, page, left < sizeof(page) ? left : sizeof(page));
    }
    if (fd >= 0)
        file_close((int)fd);
    return n;
}

static long gap_read(struct span *to)
{
    static char text[TEXT_MAX];
    long n = file_text("sys:place", text, sizeof(text));
    if (n < 0)
        return n;
    uint64_t since = report_number(text, "since_ticks");
    *to = (struct span){since, since + report_number(text, "gap_ticks")};
    return 0;
}

long move_set_up(struct work *w)
{
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (!strcmp(ways[i].name, w->to))
            way = &ways[i];
    if (!way)
        return -T_ENOENT;
    if (machine.counts)
        w->adjust = (int64_t)machine.empty; /* taken off every sample, and none of it is here */
    long error = content_make(w->size);
    return error < 0 ? error : move_to(way->from);
}

long move_run(struct work *w, struct span *to, unsigned n)
{
    (void)w;
    for (unsigned i = 0; i < n; i++) {
        long error = move_to(way->to);
        if (error >= 0)
            error = gap_read(&to[i]);
        if (error >= 0)
            error = move_to(way->from);
        if (error < 0)
            return error;
    }
    return 0;
}

long move_back(struct work *w)
{
    (void)w;
    return move_to(way->from);
}

long move_piece(struct work *w, uint64_t calls, struct span *ticks)
{
    (void)w, (void)calls;
    ticks->begin = tsc_now();
    long error = move_to(way->to);
    ticks->end = tsc_now();
    return error;
}

long move_none(struct work *w, uint64_t calls, struct span *ticks)
{
    (void)w, (void)calls;
    ticks->begin = tsc_now();
    ticks->end = tsc_now();
    return 0;
}

void move_tear_down(void)
{
    if (!way)
        return;
    way = 0;
    (void)move_to(PLACE_LINKED);
    (void)file_unlink(FILE_PATH);
}
