/* SPDX-License-Identifier: MIT
 * Starting and restarting servers, see init.h.
 * Invariant: servers_died is told of every child that init reaps, and a start that failed with a
 * dead child comes back through it, so each death is counted once. */
#include "servers/init/init.h"
#include "servers/lib/exec.h"
#include "servers/lib/print.h"
#include "servers/lib/restart.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define SERVERS 16u

struct server {
    char path[64]; /* of the program; empty: a free place */
    char scheme[SCHEME_NAME_MAX + 1];
    long tid; /* 0: none is running */
    struct restart restart;
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
    const char *const argv[] = {s->path, s->scheme, 0};
    const struct exec what = {.path = s->path, .args = {argv, 0}, .ready_write = -1};
    long answer = exec_spawn_ready(&what, &s->tid);
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

void servers_add(const char *name, const char *scheme)
{
    struct server *s = server_place(scheme);
    if (!s || s->path[0]) {
        print("init: %s: %s\n", scheme, s ? "is served already" : "too many servers");
        return;
    }
    if (strlen(scheme) > SCHEME_NAME_MAX || strlen(name) > SCHEME_NAME_MAX) {
        print("init: %s: %s\n", scheme, error_text(T_ENAMETOOLONG));
        return;
    }
    print_to(s->path, sizeof(s->path), "initfs:/bin/svc-%s", name);
    memcpy(s->scheme, scheme, strlen(scheme) + 1);
    server_start(s);
    if (!s->tid)
        s->path[0] = 0; /* no such program: a later try may name another */
}

bool servers_died(long tid, uint64_t status)
{
    char text[48];
    struct server *s = servers;
    while (s < servers + SERVERS && (!s->path[0] || s->tid != tid))
        s++;
    if (s == servers + SERVERS)
        return false;
    status_text(status, text);
    s->tid = 0;
    print("init: server of %s %s\n", s->scheme, text);
    if (restart_allow(&s->restart, sys_clock(CLOCK_NS)))
        server_start(s);
    else
        print("init: server of %s failed: restarted %u times in %lu s\n", s->scheme, RESTART_MAX,
              (uint64_t)(RESTART_WINDOW_NS / 1000000000));
    return true;
}
