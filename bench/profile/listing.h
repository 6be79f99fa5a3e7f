/* SPDX-License-Identifier: MIT
 * Instructions as text, by objdump. Invariant: every text is printable ASCII. Called by the outputs
 * of tach profile. */
#ifndef TACH_BENCH_PROFILE_LISTING_H
#define TACH_BENCH_PROFILE_LISTING_H

#include <stddef.h>
#include <stdint.h>

struct instruction {
    uint64_t address;
    char text[120];
};

/* The instructions of [start, end) of an ELF file, in order; *list is the caller's, *count 0 where
 * there are none. Returns an enum tach_exit after a line. */
int listing_make(const char *path, uint64_t start, uint64_t end, struct instruction **list,
                 size_t *count);

#endif
