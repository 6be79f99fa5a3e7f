/* SPDX-License-Identifier: MIT
 * The trace ring: records written by the assembly of the trace variants and by C, drained by
 * whoever reads `trace:`, never while something is being measured. Overwritten records are counted.
 */
#ifndef TACH_CORE_TRACE_H
#define TACH_CORE_TRACE_H

#include "kernel/abi/abi.h"

extern struct trace_record trace_ring[TRACE_RING_RECORDS];
#define trace_ring_end (trace_ring + TRACE_RING_RECORDS)

void trace_init(void);

/* Adds a record where tracing is on or the boot is young; interrupts off. */
void trace_event(enum event event, uint64_t arg, uint64_t aux);

/* Moves up to `max` records, oldest first, to `to`. Returns their number. */
uint64_t trace_drain(struct trace_record *to, uint64_t max);

/* Forgets everything that is in the ring. */
void trace_clear(void);
uint64_t trace_lost(void);

#endif
