/* SPDX-License-Identifier: MIT
 * The boots of a run: how QEMU is told, and whether one was good. A good boot is the debug-exit
 * status of PASS, a capture that is whole to its END frame, and a calibration that fits its class;
 * QEMU's exit code alone is 0 for a guest that crashed. Invariant: no figure is made of a boot that
 * is not good. Called by tach run. */
#ifndef TACH_BENCH_BOOTS_H
#define TACH_BENCH_BOOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/matrix.h"
#include "bench/perf.h"
#include "bench/process.h"
#include "bench/sha256.h"
#include "bench/tune/tune.h"
#include "traces/capture.h"

#define BOOT_ARGS_MAX   48u
#define BOOT_CELLS_MAX  1700u /* bytes of one bench= word: the boot's command line holds 2048 */
#define BOOTS_MAX       4096u
#define BOOT_MEMORY_MIB 256u
#define BOOT_FRAMES_MAX (1u << 30) /* bytes of one boot on the line */

/* One guest machine for the classes that emulate; only what executes its instructions differs. */
#define BOOT_GUEST_CPU "qemu64,+smep,+smap,+umip,+fsgsbase,+rdtscp,+pdpe1gb,+pku,+xsave,+xsaveopt"

/* What is the same for all boots of one side of a run. */
struct boot_setup {
    const char *class; /* "icount", "bochs", "kvm" or "tcg" */
    const char *side;  /* "base", "head"; "" where there is one side only */
    const char *loader, *kernel, *initfs;
    const char *directory; /* of the side */
    double limit_s;
    const struct perf *perf; /* counts beside each boot; NULL: none does */
    struct tune *tune;       /* where QEMU runs; NULL: anywhere, and nobody looks */
};

/* X(name, text): what has become of a boot. The texts stand in run.json. */
#define BOOT_STATES(X)                                                                             \
    X(PENDING, "pending") /* to be made, or to be made again: it was cut short from outside */     \
    X(PASSED, "passed")                                                                            \
    X(FAILED, "failed") /* kept, never repeated, in no figure */

enum boot_state {
#define X(name, text) BOOT_##name,
    BOOT_STATES(X)
#undef X
};

struct boot_run {
    bool pti, trace, pcid;
    unsigned side, number, repetition;
    size_t first, count; /* cells of the matrix */
    enum boot_state state;
    char *words;     /* the boot's command line */
    char *argv_text; /* QEMU's command line, quoted for a shell */
    char frames[512], log[512];
    char frames_sha256[SHA256_TEXT]; /* of what was received, once the boot has ended */
    struct process qemu;
    struct perf_boot perf;
    struct tune_boot tuned;
    json_t *host; /* what it came to; owned; NULL: nobody looked */
    bool loaded;
    struct capture capture;
    char reason[256]; /* of a boot that did not pass; printable */
};

struct boots {
    struct boot_run *runs; /* by side, then by number */
    size_t *order;         /* indexes of runs as they are made */
    size_t count;
};

/* "pending", "passed", "failed" */
const char *boot_state_name(enum boot_state state);

/* Sets the paths and command lines of a boot; nothing is started. Returns 0, or -1 with its reason
 * set. A second call changes nothing. */
int boot_prepare(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup);

/* Prepares and starts one boot. Returns 0, or -1 with its reason set: it has failed. */
int boot_start(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup);

/* After QEMU has ended: loads what came over the line and judges the boot by it. One that has a
 * reason already was cut short, and stays pending. */
void boot_judge(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup);

/* The same for a boot that was received over a line, whose capture is loaded and stays so: its END
 * says how it ended. */
void boot_judge_received(struct boot_run *run, const struct matrix *matrix, const char *class);

/* Sets the digest of what came over the line, by which a resumed run knows its boots again; empty
 * where nothing can be read. */
void boot_digest(struct boot_run *run);

/* After QEMU has ended or was killed: what became of its place on the host. */
void boot_tuned(struct boot_run *run, const struct boot_setup *setup);

/* "boot-1 pti=off trace=on", behind the side where there are two. */
void boot_title(const struct boot_run *run, const char *side, char *out, size_t size);

/* Frees the plan and every capture in it; QEMUs are not touched. */
void boots_free(struct boots *boots);

#endif
