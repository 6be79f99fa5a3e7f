/* SPDX-License-Identifier: MIT
 * Bounded text for the files of `sys:`, in pages that are taken as it grows: what does not fit, or
 * has no memory, is cut at a line. */
#ifndef TACH_CORE_TEXT_H
#define TACH_CORE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#define TEXT_PAGES 16u

struct text {
    char *page[TEXT_PAGES];
    uint32_t used; /* bytes */
    bool cut;      /* something did not fit */
};

/* Appends a string, a decimal number. */
void text_put(struct text *text, const char *string);
void text_number(struct text *text, uint64_t value);
/* "name value\n" */
void text_pair(struct text *text, const char *name, uint64_t value);

/* The text is complete: a line that did not fit is gone. False: nothing fitted at all. */
bool text_finish(struct text *text);
void text_free(struct text *text);

/* Reports of the kernel's state, each whole lines. */
void report_counters(struct text *text);
void report_held(struct text *text);
void report_threads(
    struct text *text); /* living ones, and those that wait on futexes, counted by looking */
void report_tasks(struct text *text);
void report_schemes(struct text *text);
void report_services(struct text *text);
void report_place(struct text *text);
void report_modules(struct text *text);
void report_memory(struct text *text);
/* Lines "NAME BASE BYTES r|rw cached|uncached": what req_sys_mem gives. */
void report_ranges(struct text *text);
/* The boot words, then a line for each thing that HAL found of the machine. */
void report_boot(struct text *text);
void report_path(struct text *text);
void report_alloc(struct text *text);
void report_trace(struct text *text);
/* What the machine says of itself: "NAME VALUE", or "NAME absent" where it does not say. */
void report_machine(struct text *text);
void report_mitigations(struct text *text);
void report_names(struct text *text);
/* The descriptors of the running task: "FD SCHEME ROUTE PLACE RIGHTS", where ROUTE is linked,
 * message, records, mapped or dead, PLACE is kernel or the server's TID, RIGHTS letters of rwmpa or
 * dashes. */
void report_fds(struct text *text);

#endif
