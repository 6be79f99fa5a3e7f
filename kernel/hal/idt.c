/* SPDX-License-Identifier: MIT
 * All 256 gates, so that the limit covers every vector. Unused ones are absent. Ring 3 may raise
 * #BP by INT3 and nothing else. Interrupt gates only: nothing nests but what has its own stack. */
#include "kernel/hal/idt.h"

#include "kernel/abi/check.h"
#include "kernel/hal/apic.h"
#include "kernel/hal/gdt.h"
#include "kernel/hal/x86.h"

#define VECTORS        256u
#define GATE_INTERRUPT 0x0Eu
#define GATE_PRESENT   0x80u
#define GATE_RING3     0x60u
#define VECTOR_DB      1u
#define VECTOR_NMI     2u
#define VECTOR_BP      3u
#define VECTOR_DF      8u
#define VECTOR_MC      18u
#define TABLE_NUMBERED (VECTOR_DEVICE + VECTOR_DEVICES) /* by number; then timer, spurious */
#define TABLE_TIMER    TABLE_NUMBERED
#define TABLE_SPURIOUS (TABLE_NUMBERED + 1)
#define TABLE_ENTRIES  (TABLE_NUMBERED + 2)
#define OFFSET_MID     16
#define OFFSET_HIGH    32

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, zero;
};
ABI_ASSERT(sizeof(struct gate) == 16, "gate layout");

/* trap.asm: where the vectors of each set go. */
extern const uint64_t trap_table[][TABLE_ENTRIES];

static struct gate idt[VECTORS] __attribute__((section(".bss.entry_ro"), aligned(4096)));

static enum ist vector_ist(unsigned vector)
{
    switch (vector) {
    case VECTOR_DB:
        return IST_DB;
    case VECTOR_NMI:
        return IST_NMI;
    case VECTOR_DF:
        return IST_DF;
    case VECTOR_MC:
        return IST_MC;
    default:
        return IST_NONE;
    }
}

static void gate_set(unsigned vector, uint64_t target)
{
    unsigned ring = vector == VECTOR_BP ? GATE_RING3 : 0;
    idt[vector] = (struct gate){
        .offset_low = (uint16_t)target,
        .selector = SEL_KERNEL_CODE,
        .ist = (uint8_t)vector_ist(vector),
        .type = (uint8_t)(GATE_PRESENT | GATE_INTERRUPT | ring),
        .offset_mid = (uint16_t)(target >> OFFSET_MID),
        .offset_high = (uint32_t)(target >> OFFSET_HIGH),
    };
}

void idt_fill(unsigned set)
{
    for (unsigned vector = 0; vector < VECTORS; vector++)
        idt[vector].type = GATE_INTERRUPT; /* absent: INT n is #GP, an interrupt #NP */
    for (unsigned vector = 0; vector < TABLE_NUMBERED; vector++)
        gate_set(vector, trap_table[set][vector]);
    gate_set(VECTOR_TIMER, trap_table[set][TABLE_TIMER]);
    gate_set(VECTOR_SPURIOUS, trap_table[set][TABLE_SPURIOUS]);
}

void idt_switch(unsigned set)
{
    x86_write_cr0(x86_read_cr0() & ~CR0_WP);
    for (unsigned vector = 0; vector < TABLE_NUMBERED; vector++)
        if (!vector_ist(vector) || vector == VECTOR_DB) /* the others have one stub for all */
            gate_set(vector, trap_table[set][vector]);
    gate_set(VECTOR_TIMER, trap_table[set][TABLE_TIMER]);
    gate_set(VECTOR_SPURIOUS, trap_table[set][TABLE_SPURIOUS]);
    x86_write_cr0(x86_read_cr0() | CR0_WP);
}

void idt_load(void)
{
    const struct x86_table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};
    x86_lidt(&pointer);
}
