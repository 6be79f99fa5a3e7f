/* SPDX-License-Identifier: MIT
 * Whether a boot behaved as its class says, by what it measured of the machine and by what the host
 * saw of it meanwhile. Invariant: a boot of class kvm or metal that was interpreted, slowed, kept
 * off its CPU or not watched at all gives no figure. Called by the judge of boots. */
#ifndef TACH_BENCH_CALIBRATION_H
#define TACH_BENCH_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "traces/capture.h"

/* What the host saw of the guest's thread; little in all: it was over too soon to say. */
struct calibration_host {
    double ran_ms, waited_ms, stolen_ms;
};

/* The loop of ring 3 in ticks: the median of what the guest's program sent; 0: it sent none. */
uint64_t calibration_ring3(const struct boot *boot);

/* Whether the loop of ring 0 took as many ticks as it has instructions. */
bool calibration_counts(const struct wire_calib *calib);

/* Whether the boot fits its class; else the reason, one line. */
bool calibration_fits(const struct boot *boot, const char *class,
                      const struct calibration_host *host, char *reason, size_t size);

#endif
