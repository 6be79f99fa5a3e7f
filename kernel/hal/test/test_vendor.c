/* SPDX-License-Identifier: MIT
 * LFENCE, HLT and the microcode's level by CPU models: those whose LFENCE waits by itself, those
 * that want an MSR set, a hypervisor that refuses it; a level that CPUID tells only if it was
 * asked. */
#include "kernel/hal/vendor.h"

#include <stdio.h>
#include <string.h>

#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/msr.h"
#include "kernel/hal/x86.h"

#define DECODE    0xC0011029u
#define WAITS     0x2ull
#define PENDING   0xC0010055u
#define C1E       (3ull << 27)
#define OTHERS    0x4000ull /* of the same register */
#define K8        0x00020F71u
#define BARCELONA 0x00100F23u
#define GRIFFIN   0x00200F31u
#define ZEN       0x00800F11u
#define ZEN_4     0x00A60F12u
#define SKYLAKE   0x000506E3u

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

struct hal_config hal_config;
static bool has_decode, read_only, always, level_faults;
static uint64_t pending;        /* the register of C1E; 0: it faults */
static uint64_t decode, level;  /* the registers */
static uint32_t update;         /* the level that CPUID would tell */
static unsigned said, accesses; /* lines; accesses of the first register */
static char line[80];

bool msr_read_safe(uint32_t msr, uint64_t *value)
{
    if (msr == MSR_MICROCODE) {
        *value = level;
        return !level_faults;
    }
    accesses++;
    if (msr == PENDING) {
        *value = pending;
        return pending != 0;
    }
    CHECK(msr == DECODE);
    *value = has_decode ? decode : *value;
    return has_decode;
}

bool msr_write_safe(uint32_t msr, uint64_t value)
{
    if (msr == MSR_MICROCODE) {
        CHECK(memcmp(hal_config.vendor, "GenuineIntel", 12) == 0 && value == 0);
        level = level_faults ? level : value;
        return !level_faults;
    }
    accesses++;
    if (msr == PENDING) {
        pending = value;
        return true;
    }
    CHECK(msr == DECODE);
    decode = read_only ? decode : value;
    return has_decode;
}

struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    CHECK(subleaf == 0);
    if (leaf == 1 && memcmp(hal_config.vendor, "GenuineIntel", 12) == 0 && update != 0)
        level = (uint64_t)update << 32;
    if (leaf == 0x80000000u)
        return (struct x86_cpuid){.eax = always ? 0x80000021u : 0x8000001Fu};
    CHECK(leaf != 0x80000021u || always);
    return (struct x86_cpuid){.eax = leaf == 0x80000021u ? 1u << 2 : 0};
}

void hal_found(const char *format, ...)
{
    said++;
    snprintf(line, sizeof(line), "%s", format);
}

static void machine(const char *vendor, uint32_t signature)
{
    memset(&hal_config, 0, sizeof(hal_config));
    memcpy(hal_config.vendor, vendor, 12);
    hal_config.signature = signature;
    has_decode = true;
    read_only = always = level_faults = false;
    decode = OTHERS;
    level = 0;
    update = 0;
    pending = OTHERS | C1E;
    said = accesses = 0;
}

static void fence_set(const char *vendor, uint32_t signature)
{
    machine(vendor, signature);
    vendor_fence();
    CHECK(decode == (OTHERS | WAITS) && said == 1 && strstr(line, "lfence: waits") != NULL);
    vendor_fence(); /* as where firmware has set it */
    CHECK(decode == (OTHERS | WAITS) && said == 1);
}

static void fence_alone(const char *vendor, uint32_t signature)
{
    machine(vendor, signature);
    always = signature == ZEN_4;
    vendor_fence();
    CHECK(decode == OTHERS && accesses == 0 && said == 0);
}

static void fences(void)
{
    fence_set("AuthenticAMD", BARCELONA);
    fence_set("AuthenticAMD", ZEN);
    fence_set("HygonGenuine", 0x00900F01u);
    fence_alone("AuthenticAMD", K8);
    fence_alone("AuthenticAMD", GRIFFIN);
    fence_alone("AuthenticAMD", ZEN_4);
    fence_alone("GenuineIntel", SKYLAKE);
    machine("AuthenticAMD", ZEN); /* below a hypervisor that has no such register */
    has_decode = false;
    vendor_fence();
    CHECK(said == 1 && strstr(line, "does not wait") != NULL);
    machine("AuthenticAMD", ZEN); /* or one that ignores the write */
    read_only = true;
    vendor_fence();
    CHECK(said == 1 && strstr(line, "does not wait") != NULL);
}

static void halts(void)
{
    static const uint32_t stopping[] = {K8, BARCELONA}, running[] = {GRIFFIN, ZEN};
    for (unsigned i = 0; i < 2; i++) {
        machine("AuthenticAMD", stopping[i]);
        vendor_halt();
        CHECK(pending == OTHERS && said == 1 && strstr(line, "c1e: switched off") != NULL);
        vendor_halt(); /* it is off */
        CHECK(pending == OTHERS && said == 1);
        pending = 0; /* a hypervisor has no such register */
        vendor_halt();
        CHECK(pending == 0 && said == 1);
        machine("AuthenticAMD", running[i]);
        vendor_halt();
        CHECK(accesses == 0 && said == 0);
    }
    machine("GenuineIntel", SKYLAKE);
    vendor_halt();
    CHECK(accesses == 0 && said == 0);
}

static void levels(void)
{
    machine("GenuineIntel", SKYLAKE);
    update = 0xF0;
    CHECK(vendor_microcode() == 0xF0);
    machine("GenuineIntel", SKYLAKE); /* no update: what is left there is not its level */
    level = 0xBADull << 32;
    CHECK(vendor_microcode() == 0);
    machine("GenuineIntel", SKYLAKE); /* a register that cannot be written is read as it is */
    level_faults = true;
    CHECK(vendor_microcode() == 0);
    machine("AuthenticAMD", ZEN);
    level = 0x8001138;
    CHECK(vendor_microcode() == 0x8001138 && level == 0x8001138);
}

int main(void)
{
    fences();
    halts();
    levels();
    printf("hal vendor: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
