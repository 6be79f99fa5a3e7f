/* SPDX-License-Identifier: MIT
 * Namespaces: the set of schemes that a task can name. A task inherits its maker's; a subset is
 * made by FCALL_NAMES and entered by FCALL_ENTER or TASK_NAMES. A new scheme is in its maker's
 * namespace and in all above it, so a task never loses sight of what those below it do. What is
 * open already does not care. Called by scheme, file, task and fcall; interrupts off. */
#ifndef TACH_CORE_NAMES_H
#define TACH_CORE_NAMES_H

#include "kernel/core/scheme.h"

#define SCHEMES_MAX 4096u /* alive at once */

struct names {
    struct names *parent; /* 0: there is none above */
    struct list link;
    uint32_t references; /* tasks, descriptions and namespaces below */
    uint64_t bits[SCHEMES_MAX / 64];
};

extern struct names names_all; /* every scheme */

void names_init(void);

/* A number for a new scheme, which is in `names` and all above it from now on. False: no more. */
bool names_add(struct names *names, struct scheme *s);
/* The scheme died: no namespace has it, its number is free. */
void names_remove(const struct scheme *s);

static inline bool names_has(const struct names *names, const struct scheme *s)
{
    return names->bits[s->id / 64] >> s->id % 64 & 1;
}

/* The namespace of those names (one a line), all of which `parent` must have; one reference, the
 * caller's. ENODEV: a name is not there, ENOMEM. */
WARN_UNUSED enum err names_make(struct names *parent, const char *list, uint64_t bytes,
                                struct names **out);

void names_ref(struct names *names);
void names_unref(struct names *names);

/* How many there are beside names_all. */
uint32_t names_count(void);

#endif
