/* SPDX-License-Identifier: MIT
 * Between the message registers and a service request, in a user server: pure, so that the host's
 * tests run it. Called by server.c for everything that is not a short read.
 * Invariant: nothing of a message is believed beyond what the kernel guarantees: addresses are used
 * only where the kernel made them. */
#ifndef TACH_SERVERS_HOST_REQUEST_H
#define TACH_SERVERS_HOST_REQUEST_H

#include "servers/service.h"

struct request {
    struct svc_req req;
    unsigned op;
    const char *path;
    uint64_t length;
    long error; /* not 0: answer this without asking the service */
};

/* Takes a KIND_SCHEME message apart; status: rax as received; stage: where a long answer is
 * gathered. */
void request_take(struct request *out, const struct msg *m, uint64_t status, void *stage);

/* The answer `result` to an open or dup reached nobody: the handle is closed again. */
void request_unwanted(struct svc *self, unsigned op, long result);

/* In svc_req.flags, the host's own: `buffer` is the client's memory, mapped here. */
#define REQUEST_MAPPED 0x80000000u

/* Makes the answer of a finished request: tag and words of *m; m->caller stays. */
void request_answer(const struct request *request, long result, struct msg *m);

#endif
