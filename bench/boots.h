/* SPDX-License-Identifier: MIT
 * The boots of a run: which there are, how QEMU is told, and whether one was good. A good boot is
 * the debug-exit status of PASS and a capture that is whole to its END frame; QEMU's exit code
 * alone is 0 for a guest that crashed. Called by tach run. */
#ifndef TACH_BENCH_BOOTS_H
#define TACH_BENCH_BOOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/matrix.h"
#include "bench/process.h"
#include "traces/capture.h"

#define BOOT_ARGS_MAX  48u
#define BOOT_CELLS_MAX 1700u /* bytes of one bench= word: the boot's command line holds 2048 */
#define BOOTS_MAX      4096u

/* One guest machine for the classes that emulate; only what executes its instructions differs. */
#define BOOT_GUEST_CPU "qemu64,+smep,+smap,+umip,+fsgsbase,+rdtscp,+pdpe1gb,+pku,+xsave,+xsaveopt"

/* What is the same for all boots of a run. */
struct boot_setup {
    const char *class; /* "icount", "kvm" or "tcg" */
    const char *loader, *kernel, *initfs;
    const char *directory; /* of the run */
    double limit_s;
};

struct boot_run {
    bool pti, trace;
    unsigned number, repetition;
    size_t first, count; /* cells of the matrix */
    char *words;         /* the boot's command line */
    char *argv_text;     /* QEMU's command line, quoted for a shell */
    char frames[512], log[512];
    struct process qemu;
    bool started, loaded, good;
    struct capture capture;
    char reason[256]; /* of a boot that is not good; printable */
};

struct boots {
    struct boot_run *runs;
    size_t count;
};

/* Plans every boot of a matrix, repetitions interleaved so that slow drift of the machine falls on
 * all sides alike. Returns 0, or -1 when memory ends or there would be more than BOOTS_MAX. */
int boots_plan(const struct matrix *matrix, unsigned repetitions, struct boots *out);

/* Starts one boot. Returns 0, or -1 with its reason set. */
int boot_start(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup);

/* After QEMU has ended: loads what came over the line and judges the boot. */
void boot_judge(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup);

/* "boot-1 pti=off trace=on" */
void boot_title(const struct boot_run *run, char *out, size_t size);

/* Frees the plan and every capture in it; QEMUs are not touched. */
void boots_free(struct boots *boots);

#endif
