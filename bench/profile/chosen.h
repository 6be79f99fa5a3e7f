/* SPDX-License-Identifier: MIT
 * The boots that a profile is made of, out of a capture or of a run's directory: those that have
 * samples and are of the kernel's build. Invariant: whatever boot is left out is named in the note.
 * Called by the verb. */
#ifndef TACH_BENCH_PROFILE_CHOSEN_H
#define TACH_BENCH_PROFILE_CHOSEN_H

#include "traces/capture.h"

struct chosen_file {
    char path[1200];
    struct capture capture;
};

/* A boot, and what it is called: its place in the capture, or the number of boot-N.frames. */
struct candidate {
    const struct boot *boot;
    unsigned number;
    int fate; /* of chosen.c */
};

struct chosen {
    struct chosen_file *files;
    size_t file_count;
    struct candidate *all; /* by rising number */
    size_t all_count;
    const struct boot **boots; /* the ones to take */
    size_t count;
    char
        *note; /* lines that say which they are, and which others there are; "" for a single boot */
};

/* Loads a capture, or all boot-N.frames of a directory. Returns an enum tach_exit after a line;
 * chosen_free is due in any case. */
int chosen_load(const char *path, struct chosen *out);

/* Takes the boots: all that the kernel's file fits, or the one whose number or id `boot` is (NULL:
 * none is asked for). Returns an enum tach_exit after a line: where none has samples, too. */
int chosen_take(const char *path, const char *kernel, const char *boot, struct chosen *chosen);

/* Says of each file what was lost in it: TACH_OK where nothing was. */
int chosen_losses(const struct chosen *chosen);

void chosen_free(struct chosen *chosen);

#endif
