/* SPDX-License-Identifier: MIT
 * The nameserver's four operations, see protocol.h.
 * Invariant: a request shorter than its op needs is refused before it changes anything. */
#include "servers/nameserver/names.h"
#include "servers/lib/string.h"

static bool name_good(const uint64_t name[NAME_WORDS])
{
    char text[NAME_WORDS * 8];
    memcpy(text, name, sizeof(text));
    uint64_t length = 0;
    while (length <= NAME_BYTES_MAX && text[length]) {
        char c = text[length++];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
            return false;
    }
    for (uint64_t i = length; i < sizeof(text); i++)
        if (text[i])
            return false;
    return length > 0 && length <= NAME_BYTES_MAX;
}

static bool name_reserved(const uint64_t name[NAME_WORDS])
{
    return memcmp(name, "sys.", 4) == 0;
}

static void entry_drop(struct name_entry *e)
{
    memset(e, 0, sizeof(*e));
}

static struct name_entry *entry_find(struct names *names, const uint64_t name[NAME_WORDS])
{
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        struct name_entry *e = &names->entry[i];
        if (memcmp(e->name, name, sizeof(e->name)) != 0)
            continue;
        if (!e->name[0] || names->alive(e->tid))
            return e;
        entry_drop(e);
        return 0;
    }
    return 0;
}

/* A free place; when there is none, the places of the dead are made free first. */
static struct name_entry *entry_free(struct names *names)
{
    static const uint64_t none[NAME_WORDS];
    struct name_entry *e = entry_find(names, none);
    for (unsigned i = 0; !e && i < NAMES_MAX; i++)
        if (!names->alive(names->entry[i].tid))
            entry_drop(e = &names->entry[i]);
    return e;
}

static long name_register(struct names *names, const struct msg *m, uint32_t level)
{
    if (!name_good(m->w) || m->w[NAME_WORDS] >= LEVELS)
        return -T_EINVAL;
    if (name_reserved(m->w) && level != 0)
        return -T_EPERM;
    if (entry_find(names, m->w))
        return -T_EEXIST;
    struct name_entry *e = entry_free(names);
    if (!e)
        return -T_ENOSPC;
    memcpy(e->name, m->w, sizeof(e->name));
    e->tid = (uint32_t)m->caller;
    e->rights = (uint32_t)m->w[NAME_WORDS];
    return 0;
}

long names_find(struct names *names, const uint64_t name[NAME_WORDS], uint32_t level)
{
    if (!name_good(name))
        return -T_EINVAL;
    const struct name_entry *e = entry_find(names, name);
    if (!e)
        return -T_ENOENT;
    return level > e->rights ? -T_EPERM : (long)e->tid;
}

void names_sweep(struct names *names)
{
    for (unsigned i = 0; i < NAMES_MAX; i++)
        if (names->entry[i].name[0] && !names->alive(names->entry[i].tid))
            entry_drop(&names->entry[i]);
}

static long name_lookup(struct names *names, struct msg *m, uint32_t level)
{
    long tid = names_find(names, m->w, level);
    if (tid < 0)
        return tid;
    m->w[1] = (uint64_t)tid;
    return 16;
}

static long name_list(struct names *names, struct msg *m)
{
    uint64_t index = m->w[0];
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        struct name_entry *e = &names->entry[i];
        if (e->name[0] && !names->alive(e->tid))
            entry_drop(e);
        if (!e->name[0] || index-- > 0)
            continue;
        memcpy(&m->w[1], e->name, sizeof(e->name));
        m->w[5] = e->tid;
        return MSG_INLINE_MAX;
    }
    return -T_ENOENT;
}

static long name_unregister(struct names *names, const struct msg *m)
{
    if (!name_good(m->w))
        return -T_EINVAL;
    struct name_entry *e = entry_find(names, m->w);
    if (!e)
        return -T_ENOENT;
    if (e->tid != (uint32_t)m->caller)
        return -T_EPERM;
    entry_drop(e);
    return 0;
}

static uint16_t op_bytes(unsigned op)
{
    switch (op) {
#define X(name, value, bytes)                                                                      \
    case value:                                                                                    \
        return bytes;
        NAME_OPS(X)
#undef X
    default:
        return 0;
    }
}

/* A result above 0 is the answer's length in bytes; 0 means W0 alone. */
void names_answer(struct names *names, struct msg *m, uint32_t level)
{
    long result = -T_ENOSYS;
    unsigned op = TAG_OP(m->tag);
    uint16_t needed = op_bytes(op), length = TAG_LENGTH(m->tag);
    if (needed && (length < needed || length > MSG_INLINE_MAX))
        result = -T_EINVAL;
    else if (op == NAME_REGISTER)
        result = name_register(names, m, level);
    else if (op == NAME_LOOKUP)
        result = name_lookup(names, m, level);
    else if (op == NAME_LIST)
        result = name_list(names, m);
    else if (op == NAME_UNREGISTER)
        result = name_unregister(names, m);
    m->tag = TAG(op, 0, result > 0 ? result : 8, 0);
    m->w[0] = result < 0 ? (uint64_t)result : 0;
}
