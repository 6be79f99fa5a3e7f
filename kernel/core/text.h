/* SPDX-License-Identifier: MIT
 * Bounded text for the files of `sys:`: what does not fit is cut at a line. */
#ifndef TACH_CORE_TEXT_H
#define TACH_CORE_TEXT_H

#include <stdint.h>

struct text {
    char *bytes;
    uint32_t size, used;
};

/* Appends a string, a decimal number. */
void text_put(struct text *text, const char *string);
void text_number(struct text *text, uint64_t value);
/* "name value\n" */
void text_pair(struct text *text, const char *name, uint64_t value);

/* Reports of the kernel's state, each whole lines. */
void report_counters(struct text *text);
void report_tasks(struct text *text);
void report_schemes(struct text *text);
void report_services(struct text *text);
void report_place(struct text *text);
void report_modules(struct text *text);
void report_memory(struct text *text);
/* Lines "NAME BASE BYTES r|rw cached|uncached": what req_sys_mem gives. */
void report_ranges(struct text *text);
void report_boot(struct text *text);
void report_path(struct text *text);
void report_alloc(struct text *text);
void report_trace(struct text *text);
void report_mitigations(struct text *text);
void report_names(struct text *text);

#endif
