/* SPDX-License-Identifier: MIT
 * Facts of the machine that measures: what it is, what runs on it, and which class of numbers it
 * can give. Read from /proc, /sys and QEMU's own --version; nothing is altered. Called by tach run
 * and tach doctor. */
#ifndef TACH_BENCH_MACHINE_H
#define TACH_BENCH_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/probe.h"

struct machine {
    char host[65], kernel[160], cpu[128], microcode[32], governor[32], smt[16], qemu[160];
    char turbo[8]; /* "on", "off", "unknown" */
    bool guest;    /* of a hypervisor */
    double mhz, load[3];
    unsigned cpus;
    bool target; /* not this host, nor a machine that tach run would start on it */
};

struct class_choice {
    char class[16];     /* empty: none */
    char reason[450];   /* one line */
    struct probe probe; /* of KVM; zero where it was not asked */
};

/* Fills every text; what cannot be read says "unknown". */
void machine_read(struct machine *out);

/* Reads the governor anew: a run may have changed it. */
void machine_governor(struct machine *out);

/* Picks kvm where its probe passes, else icount; or checks the class that was asked for (NULL: none
 * was). Returns 0, or -1 when the wish cannot be had; the reason says why in both cases. */
int class_choose(const char *wish, const char *probe_image, struct class_choice *out);

/* Says whether figures may be compared: for exact classes the guest's machine, for cycles the
 * host's CPU. abi is the contract's version as the kernel sent it. */
struct fingerprint {
    char text[256];
};
void machine_fingerprint(const struct machine *machine, const char *class, unsigned abi,
                         struct fingerprint *out);

/* Copies the first line of a command's output that holds a word; false when there is none. */
bool output_line(const char *const *argv, const char *word, double limit_s, char *out, size_t size);

/* The facts as JSON; NULL when memory ends. */
json_t *machine_json(const struct machine *machine);

#endif
