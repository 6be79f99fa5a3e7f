/* SPDX-License-Identifier: MIT
 * See scheme.h. Names are few and short, so a list does; only open looks anything up. */
#include "kernel/core/scheme.h"

#include "kernel/core/file.h"
#include "kernel/core/pool.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"

struct list scheme_list;
static struct pool scheme_pool = {.size = sizeof(struct scheme)};

void scheme_init(void)
{
    list_init(&scheme_list);
}

struct scheme *scheme_find(const char *name, uint64_t length)
{
    for (struct list *l = scheme_list.next; l != &scheme_list; l = l->next) {
        struct scheme *s = list_entry(l, struct scheme, link);
        if (length <= SCHEME_NAME_MAX && !memcmp(s->name, name, length) && !s->name[length])
            return s;
    }
    return 0;
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
    if (!name_valid(name, length))
        return T_EINVAL;
    if (scheme_find(name, length))
        return T_EEXIST;
    struct scheme *s = pool_alloc(&scheme_pool);
    if (!s)
        return T_ENOMEM;
    memcpy(s->name, name, length);
    s->server = server;
    s->references = 1;
    list_push_back(&scheme_list, &s->link);
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
    return OK;
}

void scheme_kill(struct scheme *s)
{
    if (s->server == &task_none)
        return;
    s->server = &task_none;
    list_remove(&s->link);
    fd_scheme_died(s);
    scheme_unref(s);
}

void scheme_ref(struct scheme *s)
{
    s->references++;
}

void scheme_unref(struct scheme *s)
{
    if (!--s->references)
        pool_free(&scheme_pool, s);
}
