/* SPDX-License-Identifier: MIT
 * Starting, pinging and restarting servers, see init.h.
 * Invariant: servers_died is told of every child that init reaps, and a start that failed with a
 * dead child comes back through it, so each death is counted once. */
#include "servers/init/init.h"
#include "servers/lib/exec.h"
#include "servers/lib/print.h"
#include "servers/lib/restart.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define MS_NS   1000000ul
#define LATE_NS (10 * MS_NS) /* after its time: the machine stood still, or had others to run */
#define CHANCES 3u

struct server {
    char path[64]; /* of the program; empty: a free place */
    char scheme[SCHEME_NAME_MAX + 1];
    char rank[16]; /* "PRIORITY,LEVEL", perhaps without the second, perhaps empty */
    long tid;      /* 0: none is running */
    struct restart restart;
    uint64_t ready_ns, ping_ns; /* ping_ns 0: no pings */
    uint64_t due_ns; /* not 0: the next start, the next ping, or the end of the wait for it */
    bool asked;      /* pinged, no answer yet */
    unsigned late;   /* how often that ping was given more time, as we were late ourselves */
};

static struct server servers[SERVERS];

void status_text(uint64_t status, char text[48])
{
    const char *how = "ended with status";
    if (status >= 512)
        how = "died by signal";
    else if (status >= 256)
        how = "died by exception";
    print_to(text, 48, "%s %lu", how, status % 256);
}

static void server_start(struct server *s)
{
    const char *const argv[] = {s->path, s->scheme, "", s->rank, 0};
    const struct exec what = {
        .path = s->path, .args = {argv, 0}, .ready_write = -1, .ready_ns = s->ready_ns};
    long answer = exec_spawn_ready(&what, &s->tid);
    s->asked = false;
    s->due_ns = answer < 0 || !s->ping_ns ? 0 : sys_clock(CLOCK_NS) + s->ping_ns;
    if (answer < 0)
        print("init: %s: does not serve %s: %s\n", s->path, s->scheme, error_text(answer));
    if (answer < 0 && s->tid) /* it may hang: what is left of it comes back as a dead child */
        sys_kill((uint32_t)s->tid, SIGKILL);
}

static struct server *server_place(const char *scheme)
{
    struct server *free = 0;
    for (unsigned i = SERVERS; i-- > 0;) {
        if (!servers[i].path[0])
            free = &servers[i];
        else if (!strcmp(servers[i].scheme, scheme))
            return &servers[i];
    }
    return free;
}

/* Why the wish cannot be granted, or 0. */
static const char *wish_bad(const struct server_wish *wish, const struct server *s)
{
    if (!s)
        return "too many servers";
    if (s->path[0])
        return "is served already";
    if (strlen(wish->scheme) > SCHEME_NAME_MAX || strlen(wish->rank) >= sizeof(s->rank) ||
        strlen(wish->program) >= sizeof(s->path) - 16)
        return error_text(T_ENAMETOOLONG);
    return 0;
}

void servers_add(const struct server_wish *wish)
{
    struct server *s = server_place(wish->scheme);
    const char *bad = wish_bad(wish, s);
    if (bad) {
        print("init: %s: %s\n", wish->scheme, bad);
        return;
    }
    *s = (struct server){.ready_ns = wish->ready_ms * MS_NS, .ping_ns = wish->ping_ms * MS_NS};
    print_to(s->path, sizeof(s->path), strchr(wish->program, ':') ? "%s" : "initfs:/bin/svc-%s",
             wish->program);
    memcpy(s->scheme, wish->scheme, strlen(wish->scheme) + 1);
    memcpy(s->rank, wish->rank, strlen(wish->rank) + 1);
    server_start(s);
    if (!s->tid)
        s->path[0] = 0; /* no such program: a later try may name another */
}

static void server_again(struct server *s)
{
    uint64_t now = sys_clock(CLOCK_NS);
    if (!restart_allow(&s->restart, now)) {
        print("init: server of %s failed: restarted %u times in %lu s\n", s->scheme, RESTART_MAX,
              (uint64_t)(RESTART_WINDOW_NS / 1000000000));
        return;
    }
    uint64_t delay = restart_delay(&s->restart, now);
    if (delay)
        s->due_ns = now + delay;
    else
        server_start(s);
}

void servers_died(long tid, uint64_t status)
{
    char text[48];
    for (struct server *s = servers; s < servers + SERVERS; s++) {
        if (!s->path[0] || s->tid != tid)
            continue;
        status_text(status, text);
        print("init: server of %s %s\n", s->scheme, text);
        s->tid = 0;
        s->due_ns = 0;
        if (status)
            server_again(s);
        else
            s->path[0] = 0; /* its service was moved to another place */
        return;
    }
}

void servers_pong(uint64_t bits)
{
    for (unsigned i = 0; i < SERVERS; i++)
        if (bits & PING_OF(i))
            servers[i].asked = false; /* the next ping comes at the end of this one's time */
}

/* What is due for a server whose time has come. */
static void server_due(struct server *s, uint64_t now, bool quiet)
{
    if (!s->tid) {
        server_start(s);
    } else if (!s->asked) {
        s->asked = sys_notify((uint32_t)s->tid, PING | PING_OF(s - servers)) >= 0;
        s->late = 0;
        s->due_ns = now + s->ping_ns;
    } else if (quiet && now - s->due_ns > LATE_NS && s->late++ < CHANCES) {
        s->due_ns = now + s->ping_ns; /* who stood still with us has had no time to answer */
    } else if (quiet) {
        print("init: server of %s hangs: no answer in %lu ms\n", s->scheme, s->ping_ns / MS_NS);
        sys_kill((uint32_t)s->tid, SIGKILL);
        s->due_ns = 0;
    }
}

uint64_t servers_tick(bool quiet)
{
    uint64_t next = 0;
    for (struct server *s = servers; s < servers + SERVERS; s++) {
        uint64_t now = sys_clock(CLOCK_NS); /* a start takes time */
        if (s->path[0] && s->due_ns && s->due_ns <= now)
            server_due(s, now, quiet);
        if (s->path[0] && s->due_ns && (!next || s->due_ns < next))
            next = s->due_ns;
    }
    return next;
}

void servers_list(struct window *w)
{
    char line[160];
    for (const struct server *s = servers; s < servers + SERVERS; s++) {
        const char *state = s->tid ? "running" : "restarting";
        if (!s->path[0])
            continue;
        if (s->restart.failed)
            state = "failed";
        window_put(w, line,
                   print_to(line, sizeof(line), "%s %s tid %ld restarts %u ping %lu program %s\n",
                            s->scheme, state, s->tid, s->restart.count, s->ping_ns / MS_NS,
                            s->path));
    }
}
