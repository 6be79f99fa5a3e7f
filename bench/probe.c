/* SPDX-License-Identifier: MIT
 * Runs the probe's guest and reads its verdict; see bench/probe.h. A pass is the debug-exit status
 * and the guest's own line: QEMU's exit code alone is 0 for a guest that crashed. */
#include "bench/probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/file.h"
#include "bench/kvm.h"
#include "bench/process.h"
#include "kernel/abi/boot.h"

#define STATUS_PASS (EXIT_PASS << 1 | 1)
#define STATUS_FAIL (EXIT_FAIL << 1 | 1)
#define LOG_MAX     65536u

static void reason_set(struct probe *out, const char *text)
{
    snprintf(out->reason, sizeof(out->reason), "%s", text);
}

/* The last line that QEMU itself wrote, for the reason. */
static const char *complaint_find(char *log)
{
    char *text = strstr(log, "qemu-system-x86_64: ");
    char *last = NULL;

    for (; text; text = strstr(text + 1, "qemu-system-x86_64: "))
        last = text + strlen("qemu-system-x86_64: ");
    if (!last)
        return "it ended without a word";
    last[strcspn(last, "\r\n")] = 0;
    return last;
}

/* Why a guest that printed this far did not pass. */
static void failure_explain(const struct process *qemu, char *log, struct probe *out)
{
    if (qemu->status == 127 && !out->ring0_ticks)
        reason_set(out, "qemu-system-x86_64 cannot be started");
    else if (qemu->timed_out && out->ring0_ticks)
        snprintf(out->reason, sizeof(out->reason),
                 "the guest did not answer in time (its ring 0 took %" PRIu64
                 " ticks for 20,000 instructions)",
                 out->ring0_ticks);
    else if (qemu->timed_out)
        reason_set(out, "the guest did not answer in time");
    else if (out->ring0_ticks && out->ring3_ticks && qemu->status != STATUS_FAIL)
        snprintf(out->reason, sizeof(out->reason),
                 "the guest ran its loops and did not say that it passed (QEMU's status %d)",
                 qemu->status);
    else if (out->ring0_ticks && out->ring3_ticks)
        snprintf(out->reason, sizeof(out->reason),
                 "ring 0 and ring 3 run at different speeds: %" PRIu64 " against %" PRIu64
                 " ticks for the same loop",
                 out->ring0_ticks, out->ring3_ticks);
    else if (out->ring0_ticks)
        snprintf(out->reason, sizeof(out->reason),
                 "the guest died at its first SYSCALL from ring 3 (its ring 0 took %" PRIu64
                 " ticks for 20,000 instructions)",
                 out->ring0_ticks);
    else
        snprintf(out->reason, sizeof(out->reason), "the guest did not start: %.150s",
                 complaint_find(log));
}

static void probe_judge(const struct process *qemu, char *log, struct probe *out)
{
    char *line = strstr(log, "probe: ring0=");

    if (line)
        out->ring0_ticks = strtoull(line + strlen("probe: ring0="), NULL, 16);
    if (line && (line = strstr(line, " ring3=")))
        out->ring3_ticks = strtoull(line + strlen(" ring3="), NULL, 16);
    out->took_s = qemu->took_s;
    out->passed = qemu->status == STATUS_PASS && out->ring0_ticks && out->ring3_ticks;
    if (out->passed)
        reason_set(out, "a SYSCALL from ring 3 arrived in ring 0, and both run at one speed");
    else
        failure_explain(qemu, log, out);
    for (char *at = out->reason; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

static void guest_run(const char *image, const char *accelerator, const char *log_path,
                      struct probe *out)
{
    const char *argv[] = {QEMU_PROGRAM,
                          "-M",
                          "microvm",
                          "-accel",
                          accelerator,
                          "-m",
                          "16M",
                          "-nodefaults",
                          "-no-user-config",
                          "-display",
                          "none",
                          "-no-reboot",
                          "-device",
                          "isa-debug-exit,iobase=0xf4,iosize=4",
                          "-serial",
                          "stdio",
                          "-kernel",
                          image,
                          NULL};
    struct process qemu;
    char *log;
    size_t size;

    if (process_start(&qemu, argv, log_path, PROBE_LIMIT_S)) {
        reason_set(out, strerror(errno));
        return;
    }
    process_wait(&qemu);
    if (file_read("probe", log_path, LOG_MAX, &log, &size)) {
        reason_set(out, "its output was lost");
        return;
    }
    probe_judge(&qemu, log, out);
    free(log);
}

/* What the host's CPU lacks goes in front of how the guest failed. */
static void hint_put(const struct kvm_facts *facts, struct probe *out)
{
    char words[sizeof(out->reason)];

    memcpy(words, out->reason, sizeof(words));
    snprintf(out->reason, sizeof(out->reason), "%s%.200s", kvm_failure_hint(facts), words);
}

/* Whether /dev/kvm opens; else the reason is set. */
static bool device_opens(const struct kvm_facts *facts, struct probe *out)
{
    struct kvm_device device;

    kvm_device_try("/dev/kvm", &device);
    if (device.error)
        kvm_device_explain(facts, &device, out->reason, sizeof(out->reason));
    return !device.error;
}

void probe_run(const char *image, const char *accelerator, struct probe *out)
{
    char log_path[] = "/tmp/tach-probe-XXXXXX";
    struct kvm_facts facts = {0};

    *out = (struct probe){0};
    if (access(image, R_OK)) {
        snprintf(out->reason, sizeof(out->reason), "no probe image %.100s: run make", image);
        return;
    }
    const bool kvm = !strcmp(accelerator, "kvm");
    if (kvm)
        kvm_facts_read("/proc/cpuinfo", &facts);
    if (kvm && !device_opens(&facts, out))
        return;
    const int file = mkstemp(log_path);
    if (file < 0) {
        reason_set(out, strerror(errno));
        return;
    }
    close(file);
    guest_run(image, accelerator, log_path, out);
    unlink(log_path);
    if (kvm && !out->passed)
        hint_put(&facts, out);
    else if (kvm)
        out->passed = kvm_cycles_hold(&facts, out->reason, sizeof(out->reason));
    if (out->passed && facts.guest)
        strcat(out->reason, "; nested, as this machine is a guest: an outer host has its CPUs too");
}
