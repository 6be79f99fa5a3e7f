/* SPDX-License-Identifier: MIT
 * See ranges.h. A range that meets free memory, or the blob that becomes free, may be anybody's
 * pages by now and is not listed: on a machine without that device the addresses may be plain
 * memory. */
#include "kernel/core/ranges.h"

#include "kernel/core/trace.h"
#include "kernel/hal/direct.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/screen.h"

#define RANGES      8u
#define VGA_TEXT    0xB8000ull
#define VGA_BYTES   0x8000ull
#define LOCAL_APIC  0xFEE00000ull
#define IMAGE_START (KERNEL_BASE + 0x100000)

static struct range ranges[RANGES];
static unsigned range_count;

static bool meets_free(paddr_t base, uint64_t bytes)
{
    for (unsigned i = 0; i < hal_boot->range_count; i++) {
        const struct boot_range *r = &hal_boot->range[i];
        bool ram = r->type == RANGE_FREE || r->type == RANGE_INITFS;
        if (ram && base < r->base + r->size && r->base < base + bytes)
            return true;
    }
    return false;
}

/* Whole pages around it. */
static void range_add(struct range r)
{
    paddr_t end = (r.base + r.bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

    r.base &= ~(PAGE_SIZE - 1);
    r.bytes = end - r.base;
    if (range_count < RANGES && !meets_free(r.base, r.bytes))
        ranges[range_count++] = r;
}

void ranges_init(void)
{
    const paddr_t ring = (uintptr_t)trace_ring - IMAGE_START + hal_boot->kernel_phys;
    const paddr_t boot = (uintptr_t)hal_boot - direct_base;

    range_add((struct range){"vga", VGA_TEXT, VGA_BYTES, PROT_READ | PROT_WRITE, true});
    range_add((struct range){"lapic", LOCAL_APIC, PAGE_SIZE, PROT_READ, true});
    range_add((struct range){"boot", boot, sizeof(*hal_boot), PROT_READ, false});
    range_add((struct range){"trace", ring, sizeof(trace_ring), PROT_READ, false});
}

const struct range *range_find(uint64_t name_or_base)
{
    for (unsigned i = 0; i < range_count; i++) {
        const struct range *r = &ranges[i];
        bool named = name_or_base % PAGE_SIZE != 0;
        if (named ? !memcmp(r->name, &name_or_base, sizeof(r->name))
                  : name_or_base - r->base < r->bytes)
            return r;
    }
    return 0;
}

const struct range *range_at(unsigned i)
{
    return i < range_count ? &ranges[i] : 0;
}

void range_taken(const struct range *r)
{
    if (r->base == VGA_TEXT)
        screen_give();
}
