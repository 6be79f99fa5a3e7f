/* SPDX-License-Identifier: MIT
 * Why KVM can or cannot give cycles here, in one line: what the host says of its CPU, and how
 * /dev/kvm opens. Invariant: nothing is believed to work because it is not known to be broken; the
 * probe decides, this explains. Called by bench/probe.c. */
#ifndef TACH_BENCH_KVM_H
#define TACH_BENCH_KVM_H

#include <stdbool.h>
#include <stddef.h>

/* Flags of the first CPU of a /proc/cpuinfo. */
struct kvm_facts {
    bool known;      /* the file was there and has flags */
    bool extensions; /* vmx or svm */
    bool guest;      /* the host is a guest itself */
    bool invariant;  /* the TSC runs at one rate, in all states */
};

/* Reads them from that file; nothing is known where it cannot be read. */
void kvm_facts_read(const char *cpuinfo, struct kvm_facts *out);

/* A device as a trial found it. */
struct kvm_device {
    int error;      /* errno of opening it to read and write; 0: it opens */
    char group[32]; /* whose members may open it; "": no group but root's */
};

/* Tries to open "/dev/kvm", or what stands for it in a test. */
void kvm_device_try(const char *path, struct kvm_device *out);

/* Why /dev/kvm cannot be opened, and what helps; one line. */
void kvm_device_explain(const struct kvm_facts *facts, const struct kvm_device *device, char *out,
                        size_t size);

/* What lies behind a probe that failed, to go in front of its own words; "" where nothing is known.
 */
const char *kvm_failure_hint(const struct kvm_facts *facts);

/* Whether cycles of a probe that passed can be believed; else the reason. */
bool kvm_cycles_hold(const struct kvm_facts *facts, char *reason, size_t size);

#endif
