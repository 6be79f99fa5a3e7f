/* SPDX-License-Identifier: MIT
 * The service interface: a service is one C file that includes this and nothing else, a table of
 * ops over `self`, no writable globals, no raw client pointers, no op that blocks. The same object
 * file is linked into the kernel and into a user server, so everything that it needs comes through
 * `self->host`: its text holds no reference to a symbol outside and is the same, byte for byte,
 * wherever it is linked. */
#ifndef TACH_SERVERS_SERVICE_H
#define TACH_SERVERS_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/abi.h"

/* An op's result: >= 0, a negated error, or this: the service keeps a copy of the request and
 * completes it later with host->complete. Its answer's data goes into that copy by svc_put. */
#define SVC_PENDING (-4096L)

#define SVC_REQ_NONBLOCK 1u /* the file was opened with O_NONBLOCK: no SVC_PENDING */
#define SVC_REQ_FLEETING 2u /* `buffer` is good for this op only: a kept copy has none */

struct svc;

/* One request. In the kernel it lies on the kernel stack, in a server on the server's. */
struct svc_req {
    uint64_t handle;   /* the service's own number for the open file */
    uint64_t count;    /* read, write: bytes; fcall: kind */
    uint64_t offset;   /* file position of a positioned service, else 0 */
    uint64_t words[5]; /* short data in (write) or out (read); fcall: arguments and results */
    uint64_t caller;   /* sender TID 31:0, token 63:32: names the request for svc_complete */
    union {
        struct {
            uint8_t op;    /* OP_* */
            uint8_t level; /* the caller's privilege level and cookie, stamped by the kernel */
            uint16_t cookie;
        };
        uint32_t who; /* the same as one word, as a message brings it */
    };
    uint32_t shorts; /* not 0: the data is in `words`, at most FILE_INLINE_MAX bytes */
    uint32_t flags;  /* SVC_REQ_* */
    uint32_t zero;
    uint64_t buffer, buffer_size; /* the host's: where long data is */
    struct svc_req *next;         /* the service's own, for requests that it keeps */
};

/* What the place where a service runs offers to it. */
struct svc_host {
    /* Copies n bytes of the request's data at `at` in, or of the answer's data out. EFAULT. */
    long (*get)(struct svc_req *req, uint64_t at, void *to, uint64_t n);
    long (*put)(struct svc_req *req, uint64_t at, const void *from, uint64_t n);
    /* Zeroed memory of the service's task (or of the kernel), 0 when there is none. At most 4096
     * bytes at a time. */
    void *(*alloc)(struct svc *self, uint64_t bytes);
    void (*free)(struct svc *self, void *memory, uint64_t bytes);
    /* Completes a request that an op answered with SVC_PENDING, by the kept copy of it (svc_keep).
     * EBADFD: gone or never there; the handle of an open or dup was closed again. */
    long (*complete)(struct svc *self, struct svc_req *req, long result);
    /* The readiness of the handle is now `mask` (EVENT_*). For files on which fevent was answered.
     */
    void (*post)(struct svc *self, uint64_t handle, uint32_t mask);
    /* A memory object of that many bytes (0: of none yet), zeroed; the kernel owns its frames. Its
     * number, ENOMEM, EMFILE. memory_grow: to at least as many; ENOMEM, EINVAL when smaller. */
    long (*memory)(struct svc *self, uint64_t bytes);
    long (*memory_grow)(struct svc *self, long memory, uint64_t bytes);
    void (*memory_free)(struct svc *self, long memory);
    /* All mappings of the handle's file go; touching them faults. */
    long (*revoke)(struct svc *self, uint64_t handle);
    uint64_t (*clock_ns)(struct svc *self);
    void (*log)(struct svc *self, const char *text, uint64_t n);
};

struct service_ops {
    char name[16];
    uint32_t flags; /* SVC_* */
    uint32_t zero;
    /* start makes self->state; stop frees everything. An op that is 0 answers its default error. */
    long (*start)(struct svc *self);
    void (*stop)(struct svc *self);
    long (*open)(struct svc *self, struct svc_req *req, const char *path, uint64_t length);
    long (*close)(struct svc *self, struct svc_req *req);
    long (*dup)(struct svc *self, struct svc_req *req, const char *path, uint64_t length);
    long (*read)(struct svc *self, struct svc_req *req);
    long (*write)(struct svc *self, struct svc_req *req);
    long (*fcall)(struct svc *self, struct svc_req *req);
    long (*unlink)(struct svc *self, struct svc_req *req, const char *path, uint64_t length);
    /* Memory to map: count bytes at offset, words[0] PROT and MAP bits. The number of a memory
     * object of host->memory, and in words[0] the offset inside it. */
    long (*fmap)(struct svc *self, struct svc_req *req);
    /* Somebody wants to know about readiness: words[0] the mask. The readiness now; from now on
     * each change is told by host->post. */
    long (*fevent)(struct svc *self, struct svc_req *req);
    /* The caller of a pending request wants out: the service completes it, with ECANCELED at best.
     */
    void (*cancel)(struct svc *self, uint64_t caller);
    /* A move to another placement. save: the next piece of the state, at most `size` (4096) bytes,
     * into `to`; *cursor begins at 0 and is the service's own. Bytes, 0 at the end. load: takes
     * such a piece, in the same order, in a fresh instance. Pending requests are not saved: they
     * come again. A service without them cannot be moved. */
    long (*save)(struct svc *self, uint64_t *cursor, void *to, uint64_t size);
    long (*load)(struct svc *self, const void *from, uint64_t bytes);
};
#define SVC_POSITIONED 1u /* the kernel keeps file positions */
#define SVC_PROMPT     2u /* read never answers SVC_PENDING and wakes nobody: for the fast path */
#define SVC_PAIRS      4u /* handles 2n and 2n + 1 are the two ends of one thing */

struct svc {
    const struct service_ops *ops;
    const struct svc_host *host;
    void *state;
};

/* Defaults of missing ops: open ENOENT, read and write EBADF, dup, fcall, fmap and fevent
 * EOPNOTSUPP, unlink EACCES, close 0. */

/* Moves n bytes of a read's answer from `from`, starting at answer byte `at`. Short answers travel
 * in registers and touch no memory of the client. */
static inline long svc_put(struct svc *self, struct svc_req *req, const void *from, uint64_t n)
{
    if (!req->shorts)
        return self->host->put(req, 0, from, n);
    const unsigned char *source = from;
    unsigned char *words = (unsigned char *)req->words;
    for (uint64_t i = 0; i < n && i < FILE_INLINE_MAX; i++)
        words[i] = source[i];
    return 0;
}

/* Moves n bytes of a write's data to `to`. */
static inline long svc_get(struct svc *self, struct svc_req *req, void *to, uint64_t n)
{
    if (!req->shorts)
        return self->host->get(req, 0, to, n);
    const unsigned char *words = (const unsigned char *)req->words;
    unsigned char *target = to;
    for (uint64_t i = 0; i < n && i < FILE_INLINE_MAX; i++)
        target[i] = words[i];
    return 0;
}

/* A copy of a request for later: what svc_put, svc_get and complete take then. */
static inline void svc_keep(struct svc_req *kept, const struct svc_req *req)
{
    kept->handle = req->handle;
    kept->count = req->count;
    kept->offset = req->offset;
    for (unsigned i = 0; i < 5; i++)
        kept->words[i] = req->words[i];
    kept->caller = req->caller;
    kept->who = req->who;
    kept->shorts = req->shorts;
    kept->flags = req->flags;
    kept->zero = 0;
    kept->buffer = req->flags & SVC_REQ_FLEETING ? 0 : req->buffer;
    kept->buffer_size = req->buffer_size;
    kept->next = 0;
}

#endif
