/* SPDX-License-Identifier: MIT
 * Mappings of memory objects: a record for each, in its task's list. It holds the object, and the
 * description through which it was made, so the service hears of the close only when the last
 * descriptor and the last mapping are gone. Anonymous memory has no record. Used by the calls of
 * memory.c, by file.c when an answer to fmap came, and at a task's end. */
#ifndef TACH_CORE_MAPPING_H
#define TACH_CORE_MAPPING_H

#include "kernel/core/file.h"
#include "kernel/core/object.h"

/* Where call_regs of a thread in fmap keeps the rights of its descriptor (r9's place). */
#define FMAP_RIGHTS 5

/* Whether fmap of a descriptor may be asked so: EINVAL, EACCES (more than its rights, or code),
 * EFBIG (a request cannot carry that offset). */
WARN_UNUSED enum err mapping_check(uint64_t how, uint64_t bytes, uint64_t offset, unsigned rights);

/* Maps `bytes` from byte `offset` of the object on, at an address as fmap's `how` says. */
struct mapping_wish {
    struct object *object;
    struct file *file; /* 0: none */
    vaddr_t at;
    uint64_t bytes, offset, how; /* offset page aligned; how PROT and MAP bits */
    unsigned ceiling;            /* PROT_* that mprotect may give later */
};

/* Its address, or EINVAL, EEXIST, ENOMEM, ERANGE (the object is shorter); nothing is mapped then.
 */
long mapping_make(struct task *task, const struct mapping_wish *wish);

/* The file's service offers object `number` at byte `offset`: the mapping that c, whose saved
 * registers are fmap's, asked for. EIO: no such object. */
long mapping_finish(struct thread *c, struct file *file, uint64_t number, uint64_t offset);

/* Unmaps the range, records and all. ENOMEM: a record would have to be split; EINVAL. */
WARN_UNUSED enum err mapping_cut(struct task *task, vaddr_t va, uint64_t bytes);

/* Whether a record of the task lies in the range. */
bool mapping_meets(const struct task *task, vaddr_t va, uint64_t bytes);

/* All mappings of that handle of the scheme go: a touch is a page fault. Their number. */
long mapping_revoke(const struct scheme *s, uint64_t handle);

/* The records of a task whose space is gone. */
void mapping_drop_all(struct task *task);

uint32_t mapping_count(void);

#endif
