/* SPDX-License-Identifier: MIT
 * The table of rungs, and how a cell of each is set up: which region, with what in its registers,
 * and who is on the other side. Invariant: what cell_set_up made cell_tear_down undoes, but for the
 * server, which the next cell may need. Called by main.c and, for their regions, by the rest. */
#include <stddef.h>

#include "bench/guest/bench.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/place.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define FORM_BUFFER    7u /* regions.asm */
#define FORM_PIECES    8u
#define QUIET_NS       1000000u
#define PRIORITY_BELOW (PRIORITY_DEFAULT - 1)

_Static_assert(offsetof(struct region, turns) == 16 && offsetof(struct region, target) == 24 &&
                   offsetof(struct region, tag) == 32 && offsetof(struct region, word) == 40 &&
                   offsetof(struct region, pieces) == 88,
               "regions.asm");

region_body region_null, region_read_short, region_read_long, region_notify;
extern region_body *const call_bodies[FORM_BUFFER + 1];
extern region_body *const pair_bodies[FORM_PIECES + 1];
extern region_body *const classic_bodies[FORM_PIECES + 1];

static unsigned char payload[PAYLOAD_MAX] __attribute__((aligned(4096)));

static long null_set_up(struct work *w)
{
    w->body = region_null;
    return 0;
}

long read_set_up(struct work *w, const char *path)
{
    struct region *r = &w->region;
    bool inside = w->size <= FILE_INLINE_MAX;
    long fd = file_open(path, O_RDONLY);
    if (fd < 0)
        return fd;
    w->fd = (int)fd;
    w->body = inside ? region_read_short : region_read_long;
    r->target = (uint64_t)fd;
    r->tag = inside ? TAG_READ_SHORT : TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0);
    r->word[1] = w->size;
    r->word[4] = (uint64_t)payload;
    r->word[5] = w->size;
    return 0;
}

static long linked_set_up(struct work *w)
{
    return read_set_up(w, "zero:");
}

/* The classic routes: the same server, which reads records. What does not fit an answer it pushes.
 */
static long route_set_up(struct work *w, const char *server)
{
    long tid = server_use(server);
    if (w->size > FILE_INLINE_MAX)
        w->extra = (unsigned)((w->size + LONG_READ_PIECE - 1) / LONG_READ_PIECE);
    return tid < 0 ? tid : read_set_up(w, "zero.server:");
}

/* Only memory can be mapped: even a short read asks for it. */
static long t0_set_up(struct work *w)
{
    long error = route_set_up(w, "zero t0");
    w->body = region_read_long;
    w->region.tag = TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0);
    w->extra = 0;
    return error;
}

static long t0c_set_up(struct work *w)
{
    return route_set_up(w, "zero t0c");
}

static long t1_set_up(struct work *w)
{
    return route_set_up(w, "zero t1");
}

static long t1h_set_up(struct work *w)
{
    return route_set_up(w, "zero t1h");
}

/* The same service, loaded as a module, until the cell ends. */
static long module_set_up(struct work *w)
{
    long error = place_move("zero", PLACE_MODULE);
    return error < 0 ? error : read_set_up(w, "zero:");
}

/* What a server does not gather for its reply it pushes by xfer. */
static long server_set_up(struct work *w)
{
    long tid = server_use("zero t2");
    if (w->size > GATHER_MAX)
        w->extra = (unsigned)((w->size + LONG_READ_PIECE - 1) / LONG_READ_PIECE);
    return tid < 0 ? tid : read_set_up(w, "zero.server:");
}

/* Payload into words or the buffer form; the number of the form. */
static unsigned message_fill(struct work *w)
{
    struct region *r = &w->region;
    if (w->size > MSG_INLINE_MAX) {
        r->tag = TAG(0, MSG_OUT, MSG_LENGTH_BUFFER, 0);
        r->word[4] = (uint64_t)payload;
        r->word[5] = w->size;
        return FORM_BUFFER;
    }
    r->tag = TAG(0, 0, w->size, 0);
    memcpy(r->word, payload, w->size);
    return (unsigned)(w->size + 7) / 8;
}

static long other_side(struct work *w)
{
    long tid = w->one ? server_thread_start(w->rung->server) : server_use(w->rung->server);
    if (tid < 0)
        return tid;
    w->region.target = w->one ? (uint64_t)sys_self(SELF_TID) : (uint64_t)tid;
    return 0;
}

static long call_set_up(struct work *w)
{
    w->body = call_bodies[message_fill(w)];
    if (w->size > MSG_COPY_MAX) /* one xfer a piece */
        w->extra = (unsigned)((w->size + MSG_COPY_MAX - 1) / MSG_COPY_MAX);
    return other_side(w);
}

/* A send ends when it is taken, so its payload cannot be fetched later: it goes in pieces. Who runs
 * ahead of whom then differs from one round trip to the next (D1 has a period of two). */
static long send_set_up(struct work *w, region_body *const *bodies)
{
    unsigned form = message_fill(w), each = w->rung->traps / 2;
    if (w->size > MSG_COPY_MAX) {
        form = FORM_PIECES;
        w->region.pieces = w->size / MSG_COPY_MAX;
        w->region.word[5] = MSG_COPY_MAX;
        w->extra = (unsigned)(w->region.pieces - 1) * each;
    }
    w->body = bodies[form];
    return other_side(w);
}

static long pair_set_up(struct work *w)
{
    return send_set_up(w, pair_bodies);
}

static long classic_set_up(struct work *w)
{
    return send_set_up(w, classic_bodies);
}

/* The waiter has the default priority, so this thread steps below it. */
static long notify_set_up(struct work *w)
{
    w->body = region_notify;
    w->region.word[0] = 1;
    long error = other_side(w);
    return error < 0 ? error : sys_taskctl(0, TASK_PRIORITY, (struct taskctl){.a = PRIORITY_BELOW});
}

long regions_run(struct work *w, struct span *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        long error = w->body(&w->region);
        if (error < 0)
            return error;
        to[i] = (struct span){w->region.begin, w->region.end};
    }
    return 0;
}

static const struct rung rungs[] = {
    {"R0", 0, null_set_up, regions_run, "null call", 1, 0, 0, false},
    {"R1", HAS_SIZE, linked_set_up, regions_run, "read", 1, 0, 0, false},
    {"R1m", HAS_SIZE, module_set_up, regions_run, "read", 1, 0, 0, false},
    {"T0", HAS_SIZE, t0_set_up, regions_run, "read", 3, 2, 0, false},
    {"T0c", HAS_SIZE, t0c_set_up, regions_run, "read", 3, 2, 0, false},
    {"T1", HAS_SIZE, t1_set_up, regions_run, "read", 2, 2, 0, false},
    {"T1h", HAS_SIZE, t1h_set_up, regions_run, "read", 2, 2, 0, false},
    {"T2", HAS_SIZE, server_set_up, regions_run, "read", 2, 2, 0, false},
    {"D0", HAS_SIZE | HAS_SPACE, classic_set_up, regions_run, "round trip", 6, 2, "classic", true},
    {"D1", HAS_SIZE | HAS_SPACE, pair_set_up, regions_run, "round trip", 4, 2, "pair", true},
    {"D2", HAS_SIZE | HAS_SPACE, call_set_up, regions_run, "round trip", 3, 2, "reply", true},
    {"D3", HAS_SIZE | HAS_SPACE, call_set_up, regions_run, "round trip", 2, 2, "call", true},
    {"D4", HAS_SIZE | HAS_SPACE, call_set_up, regions_run, "round trip", 2, 2, "call", false},
    {"notify", 0, notify_set_up, regions_run, "notification", 2, 2, "waiter", false},
    {"fault", 0, fault_set_up, fault_run, "fault", 2, 0, 0, false},
    {"ram", HAS_SIZE, ram_set_up, ram_run, "read", 1, 0, 0, false},
    {"open", 0, open_set_up, regions_run, "open, read, close", 3, 0, 0, false},
    {"pipe", 0, pipe_set_up, regions_run, "round trip", 4, 2, "stream", false},
    {"chan", 0, chan_set_up, regions_run, "round trip", 4, 2, "stream", false},
    {"irq-linked", 0, irq_linked_set_up, irq_run, "interrupt", 4, 0, 0, false},
    {"irq-realtime", 0, irq_realtime_set_up, irq_run, "interrupt", 4, 0, 0, false},
    {"irq-thread", 0, irq_thread_set_up, irq_run, "interrupt", 4, 0, 0, false},
    {"irq-notify", 0, irq_notify_set_up, irq_run, "interrupt", 5, 0, 0, false},
    {"move", HAS_SIZE | HAS_TO, move_set_up, move_run, "move", 0, 0, 0, false},
    {"futex", 0, futex_set_up, regions_run, "round trip", 4, 0, 0, false},
};

const struct rung *rung_find(const char *name, uint64_t length)
{
    for (unsigned i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++)
        if (strlen(rungs[i].name) == length && !memcmp(rungs[i].name, name, length))
            return &rungs[i];
    return 0;
}

long cell_set_up(struct work *w)
{
    memset(payload, 0xA5, sizeof(payload));
    if (w->rung->server == 0)
        server_end();
    long error = crowd_use(w->crowd);
    if (error >= 0 && w->rung->plain)
        error = file_put("sys:path", "plain");
    if (error >= 0 && *w->mitig)
        error = mitig_use(w->mitig);
    if (error >= 0)
        error = w->rung->set_up(w);
    machine_quiet();
    return error;
}

void machine_quiet(void)
{
    sys_sleep(sys_clock(CLOCK_NS) + QUIET_NS);
}

void cell_tear_down(struct work *w)
{
    if (w->fd >= 0)
        file_close(w->fd);
    if (w->rung->plain)
        file_put("sys:path", machine.fast ? "fast" : "plain");
    if (w->rung->set_up == module_set_up)
        (void)place_move("zero", PLACE_LINKED);
    mitig_restore();
    fault_tear_down();
    stream_tear_down();
    irq_tear_down();
    futex_tear_down();
    ram_tear_down();
    move_tear_down();
    sys_taskctl(0, TASK_PRIORITY, (struct taskctl){.a = PRIORITY_DEFAULT});
}

uint64_t cell_copied(const struct work *w)
{
    bool scheme = w->fd >= 0;
    if (!strcmp(w->rung->name, "T0")) /* whole pages are mapped, the last part comes home */
        return w->size % LONG_READ_PIECE;
    return w->size > (scheme ? FILE_INLINE_MAX : MSG_INLINE_MAX) ? w->size : 0;
}

long cell_run(struct work *w, struct span *to, unsigned n)
{
    return w->rung->run(w, to, n);
}

int64_t cell_ticks(const struct work *w, const struct span *span)
{
    return (int64_t)(span->end - span->begin) + w->adjust;
}
