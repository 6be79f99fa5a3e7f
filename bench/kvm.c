/* SPDX-License-Identifier: MIT
 * KVM's refusals, explained; see bench/kvm.h. */
#include "bench/kvm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FLAGS_MAX 8192u

/* Whether a line of words holds this one, whole. */
static bool flag_has(const char *flags, const char *name)
{
    const size_t length = strlen(name);

    for (const char *at = strstr(flags, name); at; at = strstr(at + 1, name))
        if (at > flags && at[-1] == ' ' && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

void kvm_facts_read(const char *cpuinfo, struct kvm_facts *out)
{
    FILE *file = fopen(cpuinfo, "r");
    char line[FLAGS_MAX];

    *out = (struct kvm_facts){0};
    while (file && !out->known && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "flags", strlen("flags")))
            continue;
        line[strcspn(line, "\n")] = 0;
        *out = (struct kvm_facts){.known = true,
                                  .extensions = flag_has(line, "vmx") || flag_has(line, "svm"),
                                  .guest = flag_has(line, "hypervisor"),
                                  .invariant = flag_has(line, "constant_tsc") &&
                                               flag_has(line, "nonstop_tsc")};
    }
    if (file)
        fclose(file);
}

void kvm_device_explain(const struct kvm_facts *facts, int error, char *out, size_t size)
{
    const char *more = "";

    if (error == EACCES || error == EPERM)
        more = "; as root: echo 'KERNEL==\"kvm\", GROUP=\"kvm\", MODE=\"0660\"' >"
               "/etc/udev/rules.d/60-kvm.rules, udevadm trigger, and be in the group kvm";
    else if (error == ENOENT && !facts->known)
        more = "";
    else if (error == ENOENT && facts->extensions)
        more = "; the CPU has virtualisation: load kvm_intel or kvm_amd";
    else if (error == ENOENT && facts->guest)
        more = "; this machine is a guest, and its host lends it neither vmx nor svm";
    else if (error == ENOENT)
        more = "; the CPU shows neither vmx nor svm: it has none, or the firmware hides it";
    snprintf(out, size, "/dev/kvm: %s%s", strerror(error), more);
}

const char *kvm_failure_hint(const struct kvm_facts *facts)
{
    if (!facts->known)
        return "";
    if (!facts->extensions)
        return "KVM without hardware behind it, as the CPU shows neither vmx nor svm: ";
    return facts->guest ? "nested KVM, as this machine is a guest: " : "";
}

bool kvm_cycles_hold(const struct kvm_facts *facts, char *reason, size_t size)
{
    if (!facts->known || facts->invariant)
        return true;
    snprintf(reason, size,
             "the time stamp counter is not invariant (no constant_tsc and nonstop_tsc): its ticks "
             "are no cycles of one rate");
    return false;
}
