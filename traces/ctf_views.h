/* SPDX-License-Identifier: MIT
 * What Trace Compass's kernel views (Resources, Control Flow) need beside our own records: who has
 * the CPU and whether it is in the kernel, under the names of its default layout. Invariant: each
 * follows from records alone, at their stamps. Called by the CTF writer. */
#ifndef TACH_TRACES_CTF_VIEWS_H
#define TACH_TRACES_CTF_VIEWS_H

#include <stddef.h>
#include <stdio.h>

#include "kernel/abi/events.h"

#define VIEW_BYTES 80u /* of all events of one record, at most */

/* Prints the descriptions of the events, of stream 0. */
void view_describe(FILE *out);

/* Makes the events that a record implies, *thread being who had this CPU before it, and makes
 * *thread who has it now. Returns how many bytes of `out` (VIEW_BYTES) it took.
 */
size_t view_make(const struct trace_record *record, uint32_t *thread, uint8_t *out);

#endif
