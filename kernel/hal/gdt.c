/* SPDX-License-Identifier: MIT
 * GDT and TSS of every CPU, in one page that user tables map too. Nothing in it changes after
 * gdt_init: RSP0 is the top of the entry stack for ever, accessed bits are set beforehand, and the
 * busy bit by LTR; so the page becomes read-only. No LDT, no 32-bit user segments, no I/O bitmap.
 */
#include "kernel/hal/gdt.h"

#include "kernel/abi/check.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/x86.h"

#define CPUS_MAX    16u
#define GDT_ENTRIES 8u
#define IST_ENTRIES 7u

struct tss {
    uint32_t zero0;
    uint64_t rsp[3];
    uint64_t zero1;
    uint64_t ist[IST_ENTRIES]; /* ist[0] is IST 1 */
    uint64_t zero2;
    uint16_t zero3, iomap;
} __attribute__((packed));
ABI_ASSERT(sizeof(struct tss) == 104, "TSS layout");

struct cpu_tables {
    uint64_t gdt[GDT_ENTRIES];
    struct tss tss;
    uint64_t pad;
};

static struct cpu_tables tables[CPUS_MAX] __attribute__((section(".bss.entry_ro"), aligned(4096)));
ABI_ASSERT(sizeof(tables) <= 4096, "one page");

#define GDT_CODE_64     0x00AF9B000000FFFFull /* present, accessed, long */
#define GDT_DATA        0x00CF93000000FFFFull
#define GDT_RING3       0x0000600000000000ull
#define TSS_PRESENT     0x89ull
#define TSS_TYPE_SHIFT  40
#define TSS_BASE_LOW    0xFFFFFFull
#define TSS_BASE_BYTE   0xFF000000ull
#define TSS_BASE_SHIFT  16
#define TSS_BYTE_SHIFT  32
#define TSS_HIGH_SHIFT  32
#define GDT_INDEX(sel)  ((sel) >> 3)
#define IST_TOP(offset) (area + (offset)-PERCPU_IST_RESERVE)

static void tss_fill(struct tss *tss, uint64_t area)
{
    tss->rsp[0] = area + PERCPU_ENTRY_TOP;
    tss->ist[IST_DB - 1] = IST_TOP(PERCPU_DB_TOP);
    tss->ist[IST_NMI - 1] = IST_TOP(PERCPU_NMI_TOP);
    tss->ist[IST_DF - 1] = IST_TOP(PERCPU_DF_TOP);
    tss->ist[IST_MC - 1] = IST_TOP(PERCPU_MC_TOP);
    tss->iomap = sizeof(struct tss); /* beyond the limit: every port faults in ring 3 */
}

static void gdt_fill(uint64_t *gdt, uint64_t tss)
{
    gdt[GDT_INDEX(SEL_KERNEL_CODE)] = GDT_CODE_64;
    gdt[GDT_INDEX(SEL_KERNEL_DATA)] = GDT_DATA;
    gdt[GDT_INDEX(SEL_USER_DATA)] = GDT_DATA | GDT_RING3;
    gdt[GDT_INDEX(SEL_USER_CODE)] = GDT_CODE_64 | GDT_RING3;
    gdt[GDT_INDEX(SEL_TSS)] = (sizeof(struct tss) - 1) | (tss & TSS_BASE_LOW) << TSS_BASE_SHIFT |
                              TSS_PRESENT << TSS_TYPE_SHIFT |
                              (tss & TSS_BASE_BYTE) << TSS_BYTE_SHIFT;
    gdt[GDT_INDEX(SEL_TSS) + 1] = tss >> TSS_HIGH_SHIFT;
}

void gdt_init(unsigned index)
{
    struct cpu_tables *t = &tables[index];
    tss_fill(&t->tss, PERCPU_AREA(index));
    gdt_fill(t->gdt, (uint64_t)&t->tss);
    const struct x86_table_pointer pointer = {sizeof(t->gdt) - 1, (uint64_t)t->gdt};
    x86_lgdt(&pointer);
    x86_load_segments(SEL_KERNEL_CODE, SEL_KERNEL_DATA);
    x86_lldt_null();
    x86_ltr(SEL_TSS);
}
