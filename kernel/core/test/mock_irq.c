/* SPDX-License-Identifier: MIT
 * Interrupt lines of the machine under the host tests of CORE: all are there, edge triggered, and
 * nothing ever comes by itself. Reports go nowhere. */
#include "kernel/core/irq.h"
#include "kernel/core/text.h"
#include "kernel/hal/irq.h"

bool irq_present(unsigned line)
{
    return line <= IRQ_SOFT;
}

bool irq_level(unsigned line)
{
    (void)line;
    return false;
}

bool irq_holdable(unsigned line)
{
    (void)line;
    return true;
}

void irq_mask(unsigned line)
{
    (void)line;
}

void irq_unmask(unsigned line)
{
    (void)line;
}

void irq_raise(void)
{
}

unsigned irq_held(void)
{
    return 0;
}

void text_put(struct text *text, const char *string)
{
    (void)text, (void)string;
}

void text_number(struct text *text, uint64_t value)
{
    (void)text, (void)value;
}

void text_pair(struct text *text, const char *name, uint64_t value)
{
    (void)text, (void)name, (void)value;
}

void irq_file_post(uint64_t handle, uint32_t ready)
{
    (void)handle, (void)ready;
}
