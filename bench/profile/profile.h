/* SPDX-License-Identifier: MIT
 * The samples of one or more boots of one build, with names: each address that was met is looked up
 * once, in the kernel's ELF or in that of the task's program. Invariant: the counts of all spots
 * sum to the number of samples; every text is fit for any output (symbols.h). Called by the outputs
 * and the verb. */
#ifndef TACH_BENCH_PROFILE_PROFILE_H
#define TACH_BENCH_PROFILE_PROFILE_H

#include "bench/profile/phase.h"
#include "bench/profile/symbols.h"
#include "traces/capture.h"

#define VERB_PROFILE "profile"
#define LABEL_SIZE   (PLACE_NAME + 4)
#define PROFILE_OTHER_BUILD                                                                        \
    "not the kernel that was booted: the build ids differ (--kernel names another)"
#define PROFILE_FRAMES (SAMPLE_STACK + 4u)

/* A program; the first one is the kernel. */
struct profile_image {
    char name[sizeof(((struct wire_sample *)0)->task) + 1];
    char path[512];
    struct symbols *symbols; /* NULL: there is no file of that name */
};

/* An address where samples were taken, or that was on a stack. */
struct spot {
    size_t image;
    uint64_t address;
    bool nobody; /* no thread had the CPU: another spot than where one had */
    uint64_t samples;
    struct place place; /* without symbols its name is the address */
    enum sample_phase phase;
};

struct profile {
    const struct wire_hello *hello; /* of the first boot */
    size_t boot_count;
    struct wire_sample *samples; /* of all boots, one boot's clock going on where the last stood */
    size_t sample_count;
    struct wire_samples sampler; /* summed up; hz, source 0: they differ */
    struct profile_image *images;
    size_t image_count;
    struct spot *spots; /* by image, then by address, those of threads first */
    size_t spot_count;
};

/* A function, or an address of which no function is known. */
struct hot {
    const struct spot *spot; /* the address in it with most samples */
    uint64_t samples;
    bool several; /* its addresses are of more than one phase */
};

/* Names all samples of boots that have some, one or more. `users` holds the programs, NAME.elf with
 * NAME.elf.debug beside it. The boots need not outlive the call, but for the first one's HELLO.
 * Returns an enum tach_exit after a line: the kernel's file must be there, and be the one that was
 * booted. */
struct profile_paths {
    const char *kernel, *users;
};
int profile_make(const struct boot *const *boots, size_t count, const struct profile_paths *paths,
                 struct profile *out);
void profile_free(struct profile *profile);

/* A task's name as the outputs have it. `out` is for LABEL_SIZE bytes. */
void profile_task(const struct wire_sample *sample, char *out);

/* What sampled: "the PIT's NMI", "the cycle counter's NMI" or "several sources". */
const char *profile_source(const struct profile *profile);

/* The spot of a sample's own address. */
const struct spot *profile_leaf(const struct profile *profile, const struct wire_sample *sample);

/* The stack of a sample, outermost first: its task, its mode "[kernel]" or "[user]", its phase
 * "[guards]", what it was called from ("?" behind guesses), its function. Returns how many. */
struct label {
    char text[LABEL_SIZE];
    const struct spot *spot; /* NULL: no place in a program */
};
size_t profile_stack(const struct profile *profile, const struct wire_sample *sample,
                     struct label out[PROFILE_FRAMES]);

/* The phase of an instruction as a thread runs it. */
enum sample_phase profile_phase(const struct profile_image *image, const struct place *place,
                                uint64_t address);

/* Functions, or with `each` single addresses, most samples first, equals by image and address. The
 * list is the caller's; NULL when memory ends. */
struct hot *profile_hottest(const struct profile *profile, bool each, size_t *count);

/* Bounds of the 95 % interval (Wilson) of a share, in percent. */
struct share {
    double low, here, high;
};
struct share share_of(uint64_t part, uint64_t whole);

#endif
