/* SPDX-License-Identifier: MIT
 * How requests reach a user server: as messages (route t2), or as records that are read from the
 * root descriptor. The loop of the latter is here; which one runs is a word given at the start, not
 * a build. Called by server.c. */
#ifndef TACH_SERVERS_HOST_CLASSIC_H
#define TACH_SERVERS_HOST_CLASSIC_H

#include <stdbool.h>

#include "servers/service.h"

struct route {
    const char *name;  /* t0 t0c t1 t1h t2 */
    unsigned flags;    /* O_* of the root; without O_CLASSIC: messages */
    bool next;         /* answers and records in one call */
    uint32_t map_from; /* bytes from which payloads are mapped; 0: the kernel's default */
};

/* The route of that name, or 0. */
const struct route *route_find(const char *name);

/* Serves records of the root until the scheme is gone, which ends the program. */
__attribute__((noreturn)) void classic_serve(struct svc *self, int root, const struct route *route);

/* The answer to a request that was left pending: 0 or an error. */
long classic_complete(int root, const struct svc_req *req, long result);

#endif
