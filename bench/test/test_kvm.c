/* SPDX-License-Identifier: MIT
 * Each refusal of KVM has its own words, from the flags of made-up CPUs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/kvm.h"
#include "bench/test/unit.h"

static struct kvm_facts facts_of(const char *flags)
{
    char path[] = "/tmp/tach-cpuinfo-XXXXXX";
    const int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    struct kvm_facts facts;

    if (!file)
        abort();
    fprintf(file, "processor\t: 0\nmodel name\t: vmx svm in a name\n%s\nbugs\t\t: vmx\n", flags);
    fclose(file);
    kvm_facts_read(path, &facts);
    unlink(path);
    return facts;
}

static bool device_says(const struct kvm_facts *facts, int error, const char *words)
{
    const struct kvm_device device = {.error = error};
    char text[300];

    kvm_device_explain(facts, &device, text, sizeof(text));
    return strstr(text, words) && !strchr(text, '\n');
}

static void test_facts(void)
{
    struct kvm_facts facts = facts_of("flags\t\t: fpu vmx constant_tsc nonstop_tsc");

    EXPECT(facts.known && facts.extensions && !facts.guest && facts.invariant);
    facts = facts_of("flags\t\t: fpu svm hypervisor constant_tsc");
    EXPECT(facts.known && facts.extensions && facts.guest && !facts.invariant);
    facts = facts_of("flags\t\t: fpu svm_lock xvmx hypervisor"); /* no words of these */
    EXPECT(facts.known && !facts.extensions);
    facts = facts_of("Features\t: fp asimd");
    EXPECT(!facts.known && !facts.extensions);
    kvm_facts_read("/nonexistent/cpuinfo", &facts);
    EXPECT(!facts.known);
}

static void test_device(void)
{
    const struct kvm_facts metal = {.known = true, .extensions = true, .invariant = true};
    const struct kvm_facts bare = {.known = true}, unknown = {0};
    const struct kvm_facts guest = {.known = true, .guest = true};

    EXPECT(device_says(&metal, EACCES, "KERNEL==\"kvm\", GROUP=\"kvm\""));
    EXPECT(device_says(&metal, ENOENT, "modprobe kvm_intel or kvm_amd"));
    EXPECT(device_says(&guest, ENOENT, "its host lends it neither"));
    EXPECT(device_says(&bare, ENOENT, "the firmware hides it"));
    EXPECT(device_says(&unknown, ENOENT, "/dev/kvm: No such file"));
    EXPECT(!device_says(&unknown, ENOENT, ";"));
    EXPECT(device_says(&metal, EBUSY, "busy"));
    EXPECT(device_says(&guest, ENXIO, "its host lends it neither"));
    EXPECT(device_says(&metal, EPERM, "--device /dev/kvm"));
}

/* Devices of every kind, by what this process may do with them. */
static void test_trial(void)
{
    const struct kvm_facts metal = {.known = true, .extensions = true};
    char path[] = "/tmp/tach-device-XXXXXX", text[400];
    const int fd = mkstemp(path);
    struct kvm_device device;

    EXPECT(fd >= 0);
    close(fd);
    kvm_device_try(path, &device);
    EXPECT(!device.error && !device.group[0]);
    kvm_device_try("/nonexistent/kvm", &device);
    EXPECT(device.error == ENOENT && !device.group[0]);
    EXPECT(!chmod(path, 0660));
    kvm_device_try(path, &device);
    const bool of_root = getegid() == 0;
    EXPECT(!device.group[0] == of_root); /* a group that is root's helps nobody */
    unlink(path);
    device = (struct kvm_device){.error = EACCES, .group = "virt"};
    kvm_device_explain(&metal, &device, text, sizeof(text));
    EXPECT(strstr(text, "usermod -aG virt USER") && !strstr(text, "udev"));
}

static void test_probed(void)
{
    const struct kvm_facts metal = {.known = true, .extensions = true, .invariant = true};
    const struct kvm_facts made = {.known = true, .guest = true}, unknown = {0};
    const struct kvm_facts nested = {.known = true, .extensions = true, .guest = true};
    char reason[300] = "";

    EXPECT(strstr(kvm_failure_hint(&made), "without hardware"));
    EXPECT(strstr(kvm_failure_hint(&nested), "nested"));
    EXPECT(!*kvm_failure_hint(&metal) && !*kvm_failure_hint(&unknown));
    EXPECT(kvm_cycles_hold(&metal, reason, sizeof(reason)) && !*reason);
    EXPECT(!kvm_cycles_hold(&nested, reason, sizeof(reason)) && strstr(reason, "not invariant"));
}

int main(void)
{
    test_facts();
    test_device();
    test_trial();
    test_probed();
    return unit_done("kvm");
}
