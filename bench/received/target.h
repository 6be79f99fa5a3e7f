/* SPDX-License-Identifier: MIT
 * What a boot that came over a line says of the machine that it ran on: its class, by what its
 * clock counts, its CPU, and the words that it was started with. Nothing but its frames is known of
 * it. Pure. Called by received.c. */
#ifndef TACH_BENCH_RECEIVED_TARGET_H
#define TACH_BENCH_RECEIVED_TARGET_H

#include <stdbool.h>

#include "bench/machine.h"
#include "traces/capture.h"

#define TARGET_CLASS "metal" /* cycles of a machine that nothing emulates or divides */
#define TARGET_WORDS 512u

/* The class of a boot: icount or bochs where an instruction is a tick, tcg where ticks are a
 * guest's (kvm can be asked for: a guest cannot tell), metal else. NULL, and why, where its frames
 * do not say, or its clock has no constant rate. */
const char *target_class(const struct boot *boot, char *why, size_t size);

/* Whether a boot whose class is `derived` may stand for class `wanted`. */
bool target_fits(const char *derived, const char *wanted);

/* Fills in the facts of the target where those of a host stand else. */
void target_machine(const struct boot *boot, const char *class, struct machine *out);

/* The boot words that may differ between boots of one run taken away: what is left says whether two
 * boots ran the same system. Cut at the size. */
void target_words(const char *cmdline, char out[TARGET_WORDS]);

/* How boot b is of another target than a; NULL: it is of the same one. */
const char *target_differs(const struct boot *a, const struct boot *b);

#endif
