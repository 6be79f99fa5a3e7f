/* SPDX-License-Identifier: MIT
 * Reference points of the charts, in no verdict. In class icount: what Linux needs for the like on
 * the same emulator, counted the same way (QEMU 7.2, -icount shift=0). In classes of cycles: the
 * host's own baselines where they are given, turned into cycles of the run's own clock. */
#ifndef TACH_BENCH_PEERS_H
#define TACH_BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/figure.h"

/* A round trip that carries a payload. */
struct peer_point {
    const char *name;
    long size; /* bytes */
    int whole; /* instructions */
};

/* What Linux needs on the emulator of class icount. */
extern const struct peer_point peer_points[];
extern const size_t peer_point_count;

/* Prints the reference points that fit the document's class as lines "SIZE VALUE "NAME"" of a
 * gnuplot data block. False when there are none. */
bool peers_print(FILE *script, const struct document *document);

#endif
