/* SPDX-License-Identifier: MIT
 * What a run leaves in its directory: boot-K.frames as received, boot-K.qemu (QEMU's own words),
 * ipc.json (a row a boot), ipc.ci.json (a row a cell) and machine.json. Invariant: a directory that
 * holds a run is never written into by another. Called by tach run. */
#ifndef TACH_BENCH_KEEP_H
#define TACH_BENCH_KEEP_H

#include "bench/boots.h"
#include "bench/figure.h"
#include "bench/machine.h"
#include "bench/sha256.h"

enum image { IMAGE_LOADER, IMAGE_KERNEL, IMAGE_INITFS, IMAGE_COUNT };

struct image_facts {
    const char *path;
    size_t size;
    char sha256[SHA256_TEXT];
};

/* All that is to be said about a run, besides its frames. */
struct run_facts {
    struct machine machine;
    struct class_choice choice;
    struct image_facts images[IMAGE_COUNT];
    const char *directory;
    const char *date; /* of the start, ISO 8601 */
    bool complete;    /* every boot passed */
};

/* Makes the directory of a run; path NULL: a fresh one below results/run, named by the date and the
 * class. *out is the caller's to free. Returns an enum tach_exit. */
int keep_directory(const char *path, const char *class, char **out);

/* Reads the images' sizes and digests. Returns an enum tach_exit. */
int keep_images(struct image_facts images[IMAGE_COUNT]);

/* Makes figures of the boots and writes all documents. *merged is the caller's, whatever is
 * returned: an enum tach_exit. */
int keep_run(const struct run_facts *facts, const struct boots *boots, struct document *merged);

/* Makes results/run/latest mean a run below results/run. Complains, and changes nothing, where that
 * cannot be: the run is there all the same. */
void keep_latest(const char *directory);

#endif
