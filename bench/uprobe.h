/* SPDX-License-Identifier: MIT
 * Probes on functions of a program, by the kernel's uprobes: what `perf probe -x` does, without the
 * need of that tool. A probe counts only while somebody has opened its event. Invariant: what was
 * made is removed by uprobe_remove; a process that is killed leaves definitions that nobody counts
 * by. Root only. Called by bench/perf.c. */
#ifndef TACH_BENCH_UPROBE_H
#define TACH_BENCH_UPROBE_H

#include <stddef.h>
#include <stdint.h>

#define UPROBES_MAX 8u

struct uprobe {
    const char *name, *symbol;
    uint64_t offset; /* of the function in the file; 0: the program does not export it */
    uint64_t event;  /* the tracepoint's number */
};

/* Finds functions that an ELF file exports, by their offsets in the file. The file is foreign: each
 * bound is checked. Returns how many of them were found. */
size_t uprobe_symbols(const uint8_t *file, size_t size, struct uprobe *probes, size_t count);

/* Makes a probe for each function of the program that is found. Returns how many there are; where
 * none is, why says it. */
size_t uprobe_make(const char *program, struct uprobe *probes, size_t count, char why[160]);

/* Removes what uprobe_make made in this process. */
void uprobe_remove(const struct uprobe *probes, size_t count);

#endif
