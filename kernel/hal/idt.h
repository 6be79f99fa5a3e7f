/* SPDX-License-Identifier: MIT
 * The interrupt descriptor table: one for all CPUs. Called by cpu.c. */
#ifndef TACH_HAL_IDT_H
#define TACH_HAL_IDT_H

/* Fills the table from the set of stubs in force (0 isolation off, 1 on, 2 on with PCID). */
void idt_fill(unsigned set);

/* The same later, when the table is read-only and in use: an NMI may come in the midst of it. */
void idt_switch(unsigned set);

/* Loads it on this CPU. */
void idt_load(void);

#endif
