/* SPDX-License-Identifier: MIT
 * The samples of a boot, with names: each address that was met is looked up once, in the kernel's
 * ELF or in that of the task's program. Invariant: the counts of all spots sum to the number of
 * samples; every text is fit for any output (symbols.h). Called by the outputs and the verb. */
#ifndef TACH_BENCH_PROFILE_PROFILE_H
#define TACH_BENCH_PROFILE_PROFILE_H

#include "bench/profile/symbols.h"
#include "traces/capture.h"

#define VERB_PROFILE   "profile"
#define LABEL_SIZE     (PLACE_NAME + 4)
#define PROFILE_FRAMES (SAMPLE_STACK + 2u)

/* A program; the first one is the kernel. */
struct profile_image {
    char name[sizeof(((struct wire_sample *)0)->task) + 1];
    char path[512];
    struct symbols *symbols; /* NULL: there is no file of that name */
};

/* An address where samples were taken, or that was on a stack. */
struct spot {
    size_t image;
    uint64_t address, samples;
    struct place place; /* without symbols its name is the address */
};

struct profile {
    const struct boot *boot;
    struct profile_image *images;
    size_t image_count;
    struct spot *spots; /* by image, then by address */
    size_t spot_count;
};

/* A function, or an address of which no function is known. */
struct hot {
    const struct spot *spot; /* the address in it with most samples */
    uint64_t samples;
};

/* Names all samples of a boot that has some. `users` holds the programs, NAME.elf. Returns an enum
 * tach_exit after a line: the kernel's file must be there, and be the one that was booted. */
struct profile_paths {
    const char *kernel, *users;
};
int profile_make(const struct boot *boot, const struct profile_paths *paths, struct profile *out);
void profile_free(struct profile *profile);

/* The spot of a sample's own address. */
const struct spot *profile_leaf(const struct profile *profile, const struct wire_sample *sample);

/* The stack of a sample, outermost first: its task, what it was called from ("?" behind guesses),
 * its function. Returns how many. */
struct label {
    char text[LABEL_SIZE];
    const struct spot *spot; /* NULL: the task's */
};
size_t profile_stack(const struct profile *profile, const struct wire_sample *sample,
                     struct label out[PROFILE_FRAMES]);

/* Functions, or with `each` single addresses, most samples first, equals by image and address. The
 * list is the caller's; NULL when memory ends. */
struct hot *profile_hottest(const struct profile *profile, bool each, size_t *count);

/* Bounds of the 95 % interval (Wilson) of a share, in percent. */
struct share {
    double low, here, high;
};
struct share share_of(uint64_t part, uint64_t whole);

#endif
