/* SPDX-License-Identifier: MIT
 * A line for kernel/core/repeat.c: what comes in by the UART, a clock that runs while nobody sends,
 * pages that can end, and what the kernel sent again. Invariant: what is sent again is byte for
 * byte what was kept of that number last. Called by test_repeat.c and fuzz_repeat.c. */
#ifndef TACH_CORE_TEST_REPEAT_WORLD_H
#define TACH_CORE_TEST_REPEAT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/wire.h"

#define WORLD_BOOT    0xB0071D01u
#define WORLD_WAIT_S  10u /* by repeat=on */
#define WORLD_ANSWERS 8192u

struct repeat_world {
    const char *word; /* of repeat=; NULL: there is none */
    bool no_memory;
    unsigned pages;      /* given */
    const uint8_t *line; /* what is still to come in */
    size_t left;
    uint64_t silent_s; /* that passed while nothing came */
    uint64_t byte_s;   /* that passes with each byte */
    uint16_t answers[WORLD_ANSWERS];
    size_t answer_count;
};
extern struct repeat_world world;

/* Keeps a frame of that number, header and body of n bytes in all, as the wire does. */
void world_keep(uint16_t sequence, size_t n);

/* Lets these bytes come in and then nothing more, and serves; what was answered is in `world`. */
void world_serve(const uint8_t *line, size_t n);

#endif
