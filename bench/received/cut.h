/* SPDX-License-Identifier: MIT
 * Cuts a capture into its boots, byte by byte. Invariant: the pieces follow each other without a
 * gap and are the whole capture, so nothing that was received is lost or counted twice. What stands
 * between two boots, firmware and loader, belongs to the second. Called by received.c. */
#ifndef TACH_BENCH_RECEIVED_CUT_H
#define TACH_BENCH_RECEIVED_CUT_H

#include <stddef.h>
#include <stdint.h>

struct piece {
    size_t start, end; /* offsets in bytes; end is behind the last one */
};

struct cut {
    struct piece *pieces; /* in the order of the capture */
    size_t count;         /* of boots; 0: no frame in it */
};

/* Finds the boots of a capture. Returns 0, or -1 when memory ends; cut_free is due in both cases.
 */
int cut_boots(const uint8_t *bytes, size_t size, struct cut *out);

/* Frees what cut_boots made. */
void cut_free(struct cut *cut);

#endif
