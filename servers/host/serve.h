/* SPDX-License-Identifier: MIT
 * One scheme request, from message to answer, for programs that serve a scheme beside other duties:
 * the initfs daemon, the nameserver, init. No op of theirs answers later.
 * Invariant: *m is afterwards what the next reply_wait takes. */
#ifndef TACH_SERVERS_HOST_SERVE_H
#define TACH_SERVERS_HOST_SERVE_H

#include "servers/host/dispatch.h"
#include "servers/host/request.h"

/* status: rax as received, KIND_SCHEME; stage: where the ops put long answers. */
static inline void request_serve(struct svc *self, struct msg *m, uint64_t status, void *stage)
{
    struct request request;
    struct msg taken = *m;
    request_take(&request, &taken, status, stage);
    long result = request.error
                      ? request.error
                      : svc_dispatch(self, &request.req, request.op, request.path, request.length);
    request_answer(&request, result, &taken);
    *m = taken;
}

#endif
