/* SPDX-License-Identifier: MIT
 * See names.h. A set of bits by scheme number; a number is given again only when no set holds it.
 * names_all has every scheme, so its bits are also the record of which numbers are taken. */
#include "kernel/core/names.h"

#include "kernel/core/pool.h"
#include "kernel/hal/list.h"

#define WORD(id) ((id) / 64)
#define BIT(id)  (1ull << (id) % 64)

struct names names_all;
static struct list list_all;
static struct pool names_pool = {.size = sizeof(struct names)};

void names_init(void)
{
    list_init(&list_all);
    list_push_back(&list_all, &names_all.link);
    names_all.references = 1;
}

bool names_add(struct names *names, struct scheme *s)
{
    unsigned word = 0;

    while (word < SCHEMES_MAX / 64 && !~names_all.bits[word])
        word++;
    if (word == SCHEMES_MAX / 64)
        return false;
    s->id = word * 64 + (uint32_t)__builtin_ctzll(~names_all.bits[word]);
    for (; names; names = names->parent)
        names->bits[word] |= BIT(s->id);
    return true;
}

void names_remove(const struct scheme *s)
{
    for (struct list *l = list_all.next; l != &list_all; l = l->next)
        list_entry(l, struct names, link)->bits[WORD(s->id)] &= ~BIT(s->id);
}

/* Sets the bits of the names in the list. */
static enum err bits_take(struct names *names, const char *list, uint64_t bytes)
{
    for (uint64_t at = 0, end; at < bytes; at = end + 1) {
        for (end = at; end < bytes && list[end] != '\n'; end++)
            ;
        const struct scheme *s = scheme_find(list + at, end - at);
        if (end > at && (!s || !names_has(names->parent, s)))
            return T_ENODEV;
        if (end > at)
            names->bits[WORD(s->id)] |= BIT(s->id);
    }
    return OK;
}

enum err names_make(struct names *parent, const char *list, uint64_t bytes, struct names **out)
{
    struct names *names = pool_alloc(&names_pool);

    if (!names)
        return T_ENOMEM;
    names->parent = parent;
    names->references = 1;
    names_ref(parent);
    list_push_back(&list_all, &names->link);
    *out = names;
    enum err e = bits_take(names, list, bytes);
    if (e)
        names_unref(names);
    return e;
}

void names_ref(struct names *names)
{
    names->references++;
}

void names_unref(struct names *names)
{
    while (names && !--names->references) {
        struct names *parent = names->parent;
        list_remove(&names->link);
        pool_free(&names_pool, names);
        names = parent;
    }
}

uint32_t names_count(void)
{
    return names_pool.used;
}
