/* SPDX-License-Identifier: MIT
 * The trampoline's list. The linker script bounds its parts; nothing is added at run time. */
#include "kernel/hal/tramp_ranges.h"

#include "kernel/hal/percpu.h"

extern const char __entry_text_start[], __entry_text_end[], __entry_ro_start[], __entry_ro_end[];

/* Pages A, B, #DF and #MC of one CPU; what lies between them are guards. */
#define CPU_PAGE(cpu, offset, what)                                                                \
    {                                                                                              \
        PERCPU_AREA(cpu) + (offset), PERCPU_AREA(cpu) + (offset) + 0x1000, (what), 0               \
    }

const struct tramp_range tramp_ranges[] = {
    {(uint64_t)__entry_text_start, (uint64_t)__entry_text_end, TRAMP_EXEC, 0},
    {(uint64_t)__entry_ro_start, (uint64_t)__entry_ro_end, TRAMP_READ, 0},
    CPU_PAGE(0, PERCPU_PAGE_A, TRAMP_WRITE),
    CPU_PAGE(0, PERCPU_PAGE_B, TRAMP_WRITE),
    CPU_PAGE(0, PERCPU_PAGE_DF, TRAMP_WRITE),
    CPU_PAGE(0, PERCPU_PAGE_MC, TRAMP_WRITE),
};
const uint64_t tramp_range_count = sizeof(tramp_ranges) / sizeof(tramp_ranges[0]);
