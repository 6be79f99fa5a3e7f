/* SPDX-License-Identifier: MIT
 * What the parts of init share: the servers that it looks after, its files, and its one loop.
 * Invariant: a server in the table is running, waits for its restart, or has failed for good and
 * was reported; its scheme is there once. */
#ifndef TACH_SERVERS_INIT_INIT_H
#define TACH_SERVERS_INIT_INIT_H

#include <stdbool.h>
#include <stdint.h>

#include "servers/lib/ping.h"
#include "servers/lib/window.h"

#define SERVERS PING_NUMBERS

struct server_wish {
    const char *program, *scheme; /* NAME of /bin/svc-NAME, or a path */
    uint32_t ping_ms, ready_ms;   /* 0: no pings; the usual time to begin */
    const char *rank;             /* "PRIORITY" or "PRIORITY,LEVEL", or empty */
};

/* Starts the server and waits until it serves; a failure is reported. */
void servers_add(const struct server_wish *wish);

/* A child died: its server, if it is one, is started again, soon, or has failed. */
void servers_died(long tid, uint64_t status);

/* Pings that came back. */
void servers_pong(uint64_t bits);

/* Starts what is due, sends pings, and kills servers whose answer is late, if `quiet`: if nothing
 * that has arrived may be that answer. The time of the next call in CLOCK_NS, or 0: no need. */
uint64_t servers_tick(bool quiet);

/* One line a server: scheme, state, TID, restarts, program. */
void servers_list(struct window *w);

/* "ended with status N", "died by exception N", "died by signal N" into text. */
void status_text(uint64_t status, char text[48]);

/* Makes the scheme init: (files.c); loop_until answers its requests. */
void files_serve(void);
#define INIT_STAGE_BYTES 1024u
extern const struct service_ops init_service;

/* Looks after everything until the child `tid` is dead: its status. 0: for ever. */
uint64_t loop_until(long tid);

/* held.c: remembers what is held now; whether as much is held again (what is not is printed). servers:
 * services are placed as user servers, whose memory is their contents. */
bool held_read(void);
bool held_same(bool servers);

#endif
