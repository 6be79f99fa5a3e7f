/* SPDX-License-Identifier: MIT
 * See deadline.h. The table is that of Linux (deadline_match in arch/x86/kernel/apic/apic.c): the
 * microcode from which on each affected model's timer works. Under a hypervisor the model says
 * nothing of the timer, which is the hypervisor's own. */
#include "kernel/hal/deadline.h"

#include <stddef.h>

#include "kernel/hal/signature.h"

#define FAMILY_6   6u
#define STEP(s)    ((s)&0xFu)
#define STEP_FIRST 0u
#define STEP_LAST  0xFu

static const struct {
    uint8_t model, step_first, step_last;
    uint32_t microcode; /* the first that is good */
} broken[] = {
    {0x3F, 2, 2, 0x3A},                        /* Haswell-EP */
    {0x3F, 4, 4, 0x0F},                        /* Haswell-EX */
    {0x4F, STEP_FIRST, STEP_LAST, 0x0B000020}, /* Broadwell-E, -EP, -EX */
    {0x56, 2, 2, 0x00000011},                  /* Broadwell-DE */
    {0x56, 3, 3, 0x0700000E},                  /* the same */
    {0x56, 4, 4, 0x0F00000C},                  /* the same */
    {0x56, 5, 5, 0x0E000003},                  /* the same */
    {0x55, 3, 3, 0x01000136},                  /* Skylake-SP and -X */
    {0x55, 4, 4, 0x02000014},                  /* the same */
    {0x3C, STEP_FIRST, STEP_LAST, 0x22},       /* Haswell */
    {0x45, STEP_FIRST, STEP_LAST, 0x20},       /* Haswell, mobile */
    {0x46, STEP_FIRST, STEP_LAST, 0x17},       /* Haswell, GT3e */
    {0x3D, STEP_FIRST, STEP_LAST, 0x25},       /* Broadwell */
    {0x47, STEP_FIRST, STEP_LAST, 0x17},       /* Broadwell, GT3e */
    {0x4E, STEP_FIRST, STEP_LAST, 0xB2},       /* Skylake, mobile */
    {0x5E, STEP_FIRST, STEP_LAST, 0xB2},       /* Skylake */
    {0x8E, STEP_FIRST, STEP_LAST, 0x52},       /* Kaby Lake, mobile */
    {0x9E, STEP_FIRST, STEP_LAST, 0x52},       /* Kaby Lake */
};

static bool loses_deadlines(const struct deadline_cpu *cpu)
{
    if (!cpu->intel || cpu->guest || signature_family(cpu->signature) != FAMILY_6)
        return false;
    for (unsigned i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        if (broken[i].model == signature_model(cpu->signature) &&
            STEP(cpu->signature) >= broken[i].step_first &&
            STEP(cpu->signature) <= broken[i].step_last)
            return cpu->microcode < broken[i].microcode;
    return false;
}

const char *deadline_refused(const struct deadline_cpu *cpu)
{
    if (!cpu->timer)
        return "this CPU has no TSC deadline timer";
    if (!cpu->invariant)
        return "this CPU's TSC is not invariant";
    return loses_deadlines(cpu) ? "its microcode may lose TSC deadlines" : NULL;
}
