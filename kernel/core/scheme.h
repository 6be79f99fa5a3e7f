/* SPDX-License-Identifier: MIT
 * The scheme name space: names to services in the kernel or to tasks. A dead scheme keeps its block
 * while descriptors hold it; its server is task_none, so that every path to it fails with ENODEV.
 */
#ifndef TACH_CORE_SCHEME_H
#define TACH_CORE_SCHEME_H

#include "kernel/core/task.h"
#include "servers/service.h"

/* What a scheme of the kernel may do with a short read or write in the caller's registers, before
 * anything is made of it. False: nothing was done, the call goes the usual way. The descriptor has
 * the right and may wait, and the length in the tag is sound. */
struct scheme_shorts {
    bool (*read)(struct thread *t, uint32_t handle);
    bool (*write)(struct thread *t, uint32_t handle);
};

struct scheme {
    struct task *server; /* who answers; task_kernel: `svc` does; task_none: dead; task_frozen */
    struct svc svc;      /* placements linked and module */
    const struct scheme_shorts *shorts; /* 0: none */
    struct list link;
    struct list served;  /* in the server's `schemes` */
    struct scheme *next; /* in the same bucket */
    union {
        char name[SCHEME_NAME_MAX + 1];
        uint64_t words[(SCHEME_NAME_MAX + 1) / 8]; /* the same; zero behind its end */
    };
    uint8_t length; /* of the name */
    uint32_t id;    /* in namespaces */
    uint32_t passed_count;
    struct list files;   /* all descriptions */
    struct list passed;  /* descriptors in transit: see passing.h */
    uint32_t references; /* descriptions, and 1 while alive */
    uint32_t flags;      /* O_POSITIONED, and how requests reach a server: O_CLASSIC and its kin */
    uint32_t map_from;   /* O_MAPPED: payloads of at least so many bytes are mapped */
    /* O_CLASSIC: what its server reads from the root, and the threads that do */
    struct list requests, closes, cancels, readers;
    uint32_t generation; /* another number each time that somebody else begins to answer */
    struct file *root;   /* the descriptor by which it lives, of a server */
};

extern struct list scheme_list; /* alive ones */

void scheme_init(void);

/* From now on none can be made: names answer ENODEV. For the boot word schemes=off. */
void scheme_refuse(void);

/* Live scheme of that name, or 0. */
struct scheme *scheme_find(const char *name, uint64_t length);

/* Live schemes by the hash of their name. */
#define SCHEME_BUCKET_BITS 10
extern struct scheme *scheme_buckets[1u << SCHEME_BUCKET_BITS];

/* The bucket of a name of so many words, zero behind its end. A multiplicative hash: the upper bits
 * of each product depend on all of the word, and on those before. */
static inline struct scheme **scheme_bucket(const uint64_t *words, uint64_t count)
{
    uint64_t hash = 0;

    for (uint64_t i = 0; i < count; i++)
        hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15ull;
    return &scheme_buckets[hash >> (64 - SCHEME_BUCKET_BITS)];
}

/* scheme_find for a name of 1 to 7 bytes, in a word that is zero behind its end: no longer name
 * begins with that word. */
static inline struct scheme *scheme_find_word(uint64_t word)
{
    struct scheme *s = *scheme_bucket(&word, 1);

    while (s && s->words[0] != word)
        s = s->next;
    return s;
}

/* EEXIST, EINVAL (name), ENOMEM, ENODEV (refused). `server` is task_kernel for a service in the
 * kernel. */
WARN_UNUSED enum err scheme_create(const char *name, uint64_t length, struct task *server,
                                   struct scheme **out);

/* A service in the kernel, linked or a module, under its own name: created and started. */
WARN_UNUSED enum err scheme_link(const struct service_ops *ops);

/* A number that no placement of a scheme had before. */
uint32_t scheme_generation(void);

/* The name is free again, requests fail with ENODEV. */
void scheme_kill(struct scheme *s);
void scheme_free(struct scheme *s);

static inline void scheme_ref(struct scheme *s)
{
    s->references++;
}

static inline void scheme_unref(struct scheme *s)
{
    if (!--s->references)
        scheme_free(s);
}

static inline bool scheme_linked(const struct scheme *s)
{
    return s->server == &task_kernel;
}

/* Runs one request of t (op, words in its registers) in the service; the result is in its registers
 * as if a server had replied. False: the service answers later, t must block. `path`: for open and
 * dup. */
bool linked_request(struct thread *t, struct scheme *s, const char *path, uint64_t length);

/* A short read or write of t, whose length is sound, to the service in the kernel behind the
 * descriptor, which has FD_FAST_DIRECT: what linked_request does, and its answer or its wait. */
void linked_short(struct thread *t, const struct fd *slot, enum op op);

/* The request of a thread that waits in that service for nothing but another try is made again,
 * from the registers in which it stands. The thread left its list. False: it is pending again. */
bool linked_again(struct svc *self, struct thread *t);

/* The thread that made the request, which is the current one or waits. */
struct thread *linked_caller(const struct svc_req *req);

/* A long read by the current thread of a service that answers at once, `bytes` at a user address:
 * its result as the client gets it. Called by the fast path and by its twin; descriptor, address
 * and bytes are sound. */
long linked_read(struct thread *t, uint64_t fd, uint64_t count, vaddr_t to, uint64_t bytes);

/* Pages that services in the kernel hold: what was written to them, above all. */
extern uint64_t linked_pages;

/* The host functions that a service in the kernel gets. */
extern const struct svc_host linked_host;

#endif
