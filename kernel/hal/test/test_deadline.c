/* SPDX-License-Identifier: MIT
 * Which CPUs' deadline timers are relied on: what CPUID must say, and each affected model with a
 * microcode one too old and with the first good one. */
#include "kernel/hal/deadline.h"

#include <stdio.h>
#include <string.h>

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

static const char *refused(uint32_t signature, uint32_t microcode)
{
    const struct deadline_cpu cpu = {.signature = signature,
                                     .microcode = microcode,
                                     .intel = true,
                                     .timer = true,
                                     .invariant = true};
    return deadline_refused(&cpu);
}

static void cpuid(void)
{
    struct deadline_cpu cpu = {.signature = 0x806C1, .intel = true};
    CHECK(strstr(deadline_refused(&cpu), "no TSC deadline timer"));
    cpu.timer = true;
    CHECK(strstr(deadline_refused(&cpu), "not invariant"));
    cpu.invariant = true;
    CHECK(!deadline_refused(&cpu));
    cpu.timer = false;
    CHECK(deadline_refused(&cpu));
}

/* Signatures as these CPUs have them: family 6, model in two parts, stepping. */
static void microcode(void)
{
    static const struct {
        uint32_t signature, good;
    } models[] = {{0x306F2, 0x3A},       {0x306F4, 0x0F},       {0x406F1, 0x0B000020},
                  {0x50662, 0x11},       {0x50663, 0x0700000E}, {0x50664, 0x0F00000C},
                  {0x50665, 0x0E000003}, {0x50653, 0x01000136}, {0x50654, 0x02000014},
                  {0x306C3, 0x22},       {0x40651, 0x20},       {0x40661, 0x17},
                  {0x306D4, 0x25},       {0x40671, 0x17},       {0x406E3, 0xB2},
                  {0x506E3, 0xB2},       {0x806EA, 0x52},       {0x906E9, 0x52}};
    for (unsigned i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        CHECK(refused(models[i].signature, models[i].good - 1) != NULL);
        CHECK(refused(models[i].signature, 0) != NULL); /* not readable is not good */
        CHECK(refused(models[i].signature, models[i].good) == NULL);
    }
}

static void others(void)
{
    struct deadline_cpu cpu = {.signature = 0x506E3, .timer = true, .invariant = true};
    CHECK(refused(0x50657, 0) == NULL); /* Cascade Lake: a later stepping of an affected model */
    CHECK(refused(0x306F3, 0) == NULL);
    CHECK(refused(0x206A7, 0) == NULL); /* Sandy Bridge: in no list */
    CHECK(refused(0x50FE3, 0) == NULL); /* an affected model's number in another family */
    CHECK(!deadline_refused(&cpu));     /* another vendor */
    cpu.intel = true;
    CHECK(deadline_refused(&cpu));
    cpu.guest = true;
    CHECK(!deadline_refused(&cpu));
}

int main(void)
{
    cpuid();
    microcode();
    others();
    printf("hal deadline: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
