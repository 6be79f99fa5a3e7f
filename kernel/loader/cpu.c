/* SPDX-License-Identifier: MIT
 * A table of the CPUID bits that long mode, W^X, the direct map and its types of memory need. */
#include "kernel/loader/cpu.h"

#include <stddef.h>

#include "kernel/loader/io.h"

static const struct {
    uint32_t leaf, edx_bit;
    const char *name;
} needed[] = {
    {1, 3, "PSE"},  {1, 5, "MSR"},          {1, 6, "PAE"},
    {1, 16, "PAT"}, {0x80000001, 20, "NX"}, {0x80000001, 29, "long mode"},
};

const char *cpu_missing(int has_cpuid)
{
    if (!has_cpuid)
        return "CPUID";
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        /* A leaf above the highest one of its group answers with another leaf's bits. */
        if (cpuid_read(needed[i].leaf & 0x80000000u).eax < needed[i].leaf)
            return needed[i].name;
        if (!(cpuid_read(needed[i].leaf).edx >> needed[i].edx_bit & 1))
            return needed[i].name;
    }
    return NULL;
}
