/* SPDX-License-Identifier: MIT
 * Reports as files: taken whole at the open, so a reader sees whole lines of one moment however
 * slowly it reads. At most SNAPSHOTS_TASK open for one task: nobody takes them all. For `sys:` and
 * `root:`; interrupts off. */
#ifndef TACH_CORE_SNAPSHOT_H
#define TACH_CORE_SNAPSHOT_H

#include "kernel/core/text.h"
#include "servers/service.h"

#define SNAPSHOTS_TASK 16u

/* The report now, for the current thread's task; `file` is the maker's own. The handle, EMFILE,
 * ENOMEM. report 0: empty. */
long snapshot_make(unsigned file, void (*report)(struct text *text));

/* The same in two steps: an empty one and where its text goes, then what came of it: the handle, or
 * the error that is given. */
long snapshot_begin(struct text **text);
long snapshot_end(long handle, unsigned file, long error);

/* What was given as `file`. */
unsigned snapshot_file(uint64_t handle);

/* Ops of a service whose handles are snapshots. */
long snapshot_read(struct svc *self, struct svc_req *req);
long snapshot_close(struct svc *self, struct svc_req *req);

#endif
