/* SPDX-License-Identifier: MIT
 * Segments and the task state segment. Called by cpu.c, once a CPU. */
#ifndef TACH_HAL_GDT_H
#define TACH_HAL_GDT_H

#define SEL_KERNEL_CODE 0x08u
#define SEL_KERNEL_DATA 0x10u
#define SEL_USER_BASE   0x18u /* what STAR names: data is 8 above, code 16 */
#define SEL_USER_DATA   0x23u
#define SEL_USER_CODE   0x2Bu
#define SEL_TSS         0x30u

/* The four interrupt stacks of the TSS. */
enum ist { IST_NONE, IST_DB, IST_NMI, IST_DF, IST_MC };

/* Fills and loads the GDT and TSS of CPU `index`, whose entry area is mapped. GS base is lost. */
void gdt_init(unsigned index);

#endif
