/* SPDX-License-Identifier: MIT
 * The table of names. Invariant: names are unique and well formed, and every entry's owner lived
 * when it was last looked at: whoever finds a dead one drops it.
 * Pure but for `alive`, which the nameserver gives and tests replace. */
#ifndef TACH_SERVERS_NAMESERVER_NAMES_H
#define TACH_SERVERS_NAMESERVER_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/abi.h"
#include "servers/nameserver/protocol.h"

#define NAMES_MAX 64u

struct name_entry {
    uint64_t name[NAME_WORDS]; /* all zero: a free place */
    uint32_t tid;
    uint32_t rights; /* highest level that may look it up */
};

struct names {
    struct name_entry entry[NAMES_MAX];
    bool (*alive)(uint32_t tid);
};

/* The TID behind the name for a sender of that level: EINVAL, ENOENT, EPERM. */
long names_find(struct names *names, const uint64_t name[NAME_WORDS], uint32_t level);

/* Drops every entry whose owner is dead. */
void names_sweep(struct names *names);

/* Answers one call in place: m as received (caller: TID in 31:0), level of the sender. */
void names_answer(struct names *names, struct msg *m, uint32_t level);

#endif
