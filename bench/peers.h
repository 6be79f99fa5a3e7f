/* SPDX-License-Identifier: MIT
 * What other systems need for the like, measured on the same emulator and counted the same way
 * (QEMU 7.2, -icount shift=0): instructions as the caller sees them. They are reference points in
 * the charts of class icount, and in no verdict. */
#ifndef TACH_BENCH_PEERS_H
#define TACH_BENCH_PEERS_H

#include <stddef.h>

/* A round trip that carries a payload. */
struct peer_point {
    const char *name;
    long size; /* bytes */
    int whole; /* instructions */
};

extern const struct peer_point peer_points[];
extern const size_t peer_point_count;

#endif
