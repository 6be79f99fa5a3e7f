/* SPDX-License-Identifier: MIT
 * Owns the shape of a frame's body: what one frame can say about itself, without its neighbours.
 * Invariant: what body_check passed can be read through the structs of kernel/abi/wire.h.
 * Called by capture.c and dump.c. */
#ifndef TACH_TRACES_BODY_H
#define TACH_TRACES_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/events.h"
#include "traces/frame.h"

/* Checks lengths, padding, orders and numbers of a body. Returns NULL when it is sound, else a few
 * words that say what is wrong; never an allocation, never a read beyond the body. */
const char *body_check(const struct frame *frame);

/* ABI_VERSION: kernel/abi/abi.h cannot be included beside <stdio.h>, whose SEEK_SET it redefines.
 */
uint32_t body_abi_version(void);

/* Names of the X-tables; NULL for a number that has none. */
const char *body_type_name(uint8_t type);
const char *body_event_name(uint16_t event);
const char *body_exit_name(uint32_t exit_code);
const char *body_counter_name(uint32_t kind);
const char *body_counter_state(uint32_t state);

/* What sampled, by SAMPLES_*, as "the PIT's NMI"; "several sources" for what is neither. */
const char *body_sample_source(uint32_t source);

/* Of a system call, by its whole number, as rax has it at SYSCALL. */
const char *body_call_name(uint64_t number);

/* The same of the call that a record is about; NULL for one that is about none. */
const char *body_record_call(const struct trace_record *record);

/* Entry `index` of a checked HIST body, and sample `index` of a checked RAW body. */
struct wire_hist_entry body_entry(const struct frame *frame, uint32_t index);
uint64_t body_sample(const struct frame *frame, uint32_t index);

/* Counter `index` of a COUNTERS body whose length was checked. */
struct wire_counter body_counter(const struct frame *frame, uint32_t index);

/* Whether a field of `size` bytes is printable ASCII with nothing but NUL behind it. */
bool body_text_sound(const char *field, size_t size);

#endif
