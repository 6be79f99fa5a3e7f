/* SPDX-License-Identifier: MIT
 * Numbers and times of the history as text, exact both ways: what is printed reads back as the same
 * bits. Invariant: NaN, infinity and numbers that a double cannot hold are refused, never bent.
 * Called by the importers, the exporters and the store. */
#ifndef TACH_BENCH_HISTORY_NUMBER_H
#define TACH_BENCH_HISTORY_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/history/arena.h"

#define EXACT_MAX 32u

/* The shortest text that reads back as the same number: "130", "0.1". */
void exact_text(double number, char out[EXACT_MAX]);

/* A decimal number, whole text. NULL, or what is wrong with it. */
const char *exact_parse(const char *text, size_t length, double *out);

/* Whether a double holds it. */
bool exact_integer(int64_t number);

/* A whole number of 0 to limit. NULL, or what is wrong. */
const char *count_parse(const char *text, size_t length, uint64_t limit, uint64_t *out);

/* Numbers with a space between them, as the store keeps the boots of a point. *out is the arena's,
 * NULL where memory ends. */
char *exact_list_text(struct arena *arena, const double *numbers, size_t count);

/* Reads such a list, up to room numbers. Returns how many, or -1 for what is none. */
long exact_list_parse(const char *text, double *out, size_t room);

/* Microseconds since 1970 of a time: ISO 8601 (2026-11-21, 2026-11-21T23:52:17+01:00; UTC unless
 * it says otherwise), or a number since 1970 in seconds, and by its size in milli-, micro- or
 * nanoseconds. Years 1970 to 9999. NULL, or what is wrong. */
const char *time_parse(const char *text, size_t length, int64_t *out);
const char *time_of_number(double number, int64_t *out);

#define TIME_MAX 40u
/* "2026-11-21T23:52:17Z", with a fraction where there is one. */
void time_text(int64_t time_us, char out[TIME_MAX]);

#endif
