/* SPDX-License-Identifier: MIT
 * KVM's refusals, explained; see bench/kvm.h. */
#include "bench/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

void kvm_device_try(const char *path, struct kvm_device *out)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    const struct group *group = NULL;
    struct stat facts;

    *out = (struct kvm_device){.error = fd < 0 ? errno : 0};
    if (fd >= 0)
        close(fd);
    if (!stat(path, &facts) && (facts.st_mode & 0060) == 0060 && facts.st_gid != 0)
        group = getgrgid(facts.st_gid);
    if (group)
        snprintf(out->group, sizeof(out->group), "%s", group->gr_name);
}

/* What a driver lacks that is not there. */
static const char *absence_explain(const struct kvm_facts *facts)
{
    if (!facts->known)
        return "";
    if (facts->extensions)
        return "; the CPU has virtualisation: as root, modprobe kvm_intel or kvm_amd (where that "
               "is refused the firmware has it off; a container must be lent the device)";
    if (facts->guest)
        return "; this machine is a guest, and its host lends it neither vmx nor svm";
    return "; the CPU shows neither vmx nor svm: it has none, or the firmware hides it";
}

void kvm_device_explain(const struct kvm_facts *facts, const struct kvm_device *device, char *out,
                        size_t size)
{
    const int error = device->error;
    char more[300] = "";

    if (error == EACCES && device->group[0])
        snprintf(more, sizeof(more),
                 "; its group may: as root, usermod -aG %s USER, and log in anew", device->group);
    else if (error == EACCES)
        snprintf(more, sizeof(more),
                 "; as root: echo 'KERNEL==\"kvm\", GROUP=\"kvm\", MODE=\"0660\"' "
                 ">/etc/udev/rules.d/60-kvm.rules; udevadm control --reload; udevadm trigger "
                 "--name-match=kvm; usermod -aG kvm USER, and log in anew");
    else if (error == EPERM)
        snprintf(more, sizeof(more),
                 "; a container's rules bar it: it must be lent the device (--device /dev/kvm)");
    else if (error == ENOENT || error == ENXIO || error == ENODEV)
        snprintf(more, sizeof(more), "%s", absence_explain(facts));
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
