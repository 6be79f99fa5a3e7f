/* SPDX-License-Identifier: MIT
 * See scheme.h. Names are found by their hash, so a thousand schemes cost what one costs; the list
 * of all is for reports. */
#include "kernel/core/scheme.h"

#include "kernel/core/capture.h"
#include "kernel/core/classic.h"
#include "kernel/core/event.h"
#include "kernel/core/file.h"
#include "kernel/core/module.h"
#include "kernel/core/names.h"
#include "kernel/core/passing.h"
#include "kernel/core/place.h"
#include "kernel/core/pool.h"
#include "kernel/core/request.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"

struct list scheme_list;
struct scheme *scheme_buckets[1u << SCHEME_BUCKET_BITS];
static struct pool scheme_pool = {.size = sizeof(struct scheme)};

void scheme_init(void)
{
    list_init(&scheme_list);
    names_init();
    task_kernel.names = &names_all;
    place_init();
}

uint32_t scheme_generation(void)
{
    static uint32_t last;

    return ++last;
}

/* Words of a name, the last one partly zero. */
static uint64_t words_of(uint64_t length)
{
    return (length + 7) / 8;
}

struct scheme *scheme_find(const char *name, uint64_t length)
{
    uint64_t words[(SCHEME_NAME_MAX + 1) / 8] = {0};

    if (length > SCHEME_NAME_MAX)
        return 0;
    memcpy(words, name, length);
    for (struct scheme *s = *scheme_bucket(words, words_of(length)); s; s = s->next)
        if (s->length == length && !memcmp(s->name, name, length))
            return s;
    return 0;
}

static bool refused;

void scheme_refuse(void)
{
    refused = true;
}

static bool name_valid(const char *name, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++) {
        char c = name[i];
        bool good =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!good)
            return false;
    }
    return length >= 1 && length <= SCHEME_NAME_MAX;
}

enum err scheme_create(const char *name, uint64_t length, struct task *server, struct scheme **out)
{
    if (refused)
        return T_ENODEV;
    if (!name_valid(name, length))
        return T_EINVAL;
    if (scheme_find(name, length))
        return T_EEXIST;
    struct scheme *s = pool_alloc(&scheme_pool);
    if (!s)
        return T_ENOMEM;
    if (!names_add(server->names, s)) {
        pool_free(&scheme_pool, s);
        return T_ENOSPC;
    }
    list_init(&s->files);
    list_init(&s->passed);
    memcpy(s->name, name, length);
    s->length = (uint8_t)length;
    s->server = server;
    s->references = 1;
    s->map_from = MSG_COPY_MAX + 1;
    list_init(&s->requests);
    list_init(&s->closes);
    list_init(&s->cancels);
    list_init(&s->readers);
    s->generation = scheme_generation();
    list_push_back(&scheme_list, &s->link);
    list_push_back(&server->schemes, &s->served);
    struct scheme **bucket = scheme_bucket(s->words, words_of(length));
    s->next = *bucket;
    *bucket = s;
    *out = s;
    return OK;
}

enum err scheme_link(const struct service_ops *ops)
{
    struct scheme *s;
    uint64_t length = 0;

    while (length < sizeof(ops->name) && ops->name[length])
        length++;
    enum err e = scheme_create(ops->name, length, &task_kernel, &s);
    if (e)
        return e;
    s->svc = (struct svc){.ops = ops, .host = &linked_host};
    s->flags = ops->flags & SVC_POSITIONED ? O_POSITIONED : 0;
    if (ops->start && ops->start(&s->svc) < 0) {
        scheme_kill(s);
        return T_ENOMEM;
    }
    module_use(ops);
    return OK;
}

static long dead_read(struct svc *self, struct svc_req *req)
{
    (void)self, (void)req;
    return -T_ENODEV;
}

/* What descriptors of a dead scheme that was in the kernel reach by the fast path: nobody has to
 * look for them. Those of a server find that task_none has no waiter. */
static const struct service_ops dead_service = {.name = "dead", .read = dead_read};

void scheme_kill(struct scheme *s)
{
    struct scheme **at = scheme_bucket(s->words, words_of(s->length));
    struct task *server = s->server;

    if (server == &task_none)
        return;
    place_scheme_died(s);
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    s->server = &task_none;
    s->svc.ops = &dead_service;
    list_remove(&s->link);
    list_remove(&s->served);
    event_scheme_died(s);
    names_remove(s);
    passing_drop_all(s);
    requests_died(s, server);
    classic_died(s);
    captures_drop(server, s);
    scheme_unref(s);
}

void scheme_free(struct scheme *s)
{
    pool_free(&scheme_pool, s);
}
