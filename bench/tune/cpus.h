/* SPDX-License-Identifier: MIT
 * The host's CPUs, and which of them a guest should have: one of its own, isolated if there is one,
 * away from CPU 0 and from busy siblings. Invariant: a CPU is chosen that tach itself may use, or
 * that is isolated where nobody narrowed tach's own mask. Called by bench/tune/place.c and the
 * doctor. */
#ifndef TACH_BENCH_TUNE_CPUS_H
#define TACH_BENCH_TUNE_CPUS_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_BUSY 0.1 /* share of time from which on a CPU is somebody's */

struct cpus {
    cpu_set_t own; /* tach's affinity mask */
    cpu_set_t online, isolated;
    uint16_t core[CPU_SETSIZE]; /* the first CPU of the same core, itself where it is alone */
    double busy[CPU_SETSIZE];   /* share of a short while, 0 to 1 */
};

/* Whether a CPU is in a set; -1 is in none. */
static inline bool cpus_has(const cpu_set_t *set, int cpu)
{
    return cpu >= 0 && CPU_ISSET((size_t)cpu, set);
}

/* Reads a list as the kernel writes it ("0-3,8"); false where it is none. An empty one is one. */
bool cpus_list_read(const char *text, cpu_set_t *out);

/* Writes such a list; cut where it does not fit. */
void cpus_list_write(const cpu_set_t *set, char *out, size_t size);

/* Reads the masks and the topology below `sys` ("/sys"). What is not there is taken for: all CPUs
 * of tach online, none isolated, each a core of its own. */
void cpus_read(const char *sys, struct cpus *out);

/* Watches /proc/stat for 50 ms and sets how busy each CPU is. */
void cpus_watch(struct cpus *cpus);

/* What an outer host has taken of a CPU so far; for -1 the mean of all, as nobody knows which it
 * will be. */
double cpus_stolen_ms(int cpu);

/* The CPU for a guest, none of `taken`; -1: there is none. `why` says what it is and what it is
 * not, one line. */
int cpus_choose(const struct cpus *cpus, const cpu_set_t *taken, char *why, size_t size);

/* Whether a CPU is as good as they come: isolated. */
bool cpus_isolated(const struct cpus *cpus, int cpu);

#endif
