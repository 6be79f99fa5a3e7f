/* SPDX-License-Identifier: MIT
 * The kernel half: the loader's tables, plus device registers and the per-CPU areas. What is added
 * has 4 KiB pages and lies below PML4 slot 511, whose PDPT all kernel roots share. Only pages of
 * the windows are ever unmapped. Called at boot; the windows' functions whenever tables grow. */
#include "kernel/hal/paging.h"

#include "kernel/abi/boot.h"
#include "kernel/abi/msg.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/page.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/ptwalk.h"
#include "kernel/hal/x86.h"

#define DEVICE_BASE  (KERNEL_BASE - (1ull << 30)) /* the PDPT slot below the kernel's image */
#define DEVICE_END   KERNEL_BASE
#define DIRECT_SLOT  256u
#define KERNEL_SLOT  511u
#define KERNEL_START (KERNEL_BASE + 0x100000)
#define INVPCID_ALL  3u /* all PCIDs; none of our pages is global */

#define LEAF_EXTENDED  0x80000000u
#define LEAF_SIZES     0x80000008u
#define SIZES_PHYSICAL 0xFFu
#define PHYSICAL_LEAST 36u /* bits, where the CPU does not say */

static paddr_t boot_root;
static vaddr_t device_next;

enum err paging_init(const struct bootinfo *boot)
{
    uint64_t *path[PT_LEVELS];
    boot_root = boot->root_phys;
    device_next = DEVICE_BASE;
    if (boot_root % PAGE_SIZE)
        return T_EINVAL;
    uint64_t *root = page_pointer(boot_root);
    if (!(root[DIRECT_SLOT] & root[KERNEL_SLOT] & PT_PRESENT) ||
        pt_walk(boot_root, KERNEL_START, path) != 0 || !(*path[0] & PT_PRESENT))
        return T_EINVAL;
    for (unsigned i = 0; i < PT_SLOTS; i++)
        root[i] = i < PT_USER_SLOTS ? 0 : root[i] & ~PT_USER;
    x86_write_cr3(boot_root);
    return OK;
}

paddr_t paging_boot_root(void)
{
    return boot_root;
}

/* A page table entry with more address bits than the CPU has faults at its first use. */
static bool addressable(paddr_t base, uint64_t bytes)
{
    unsigned bits = PHYSICAL_LEAST;
    if (x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_SIZES)
        bits = x86_cpuid(LEAF_SIZES, 0).eax & SIZES_PHYSICAL;
    return base <= 1ull << bits && bytes <= (1ull << bits) - base;
}

static void *device_map(paddr_t base, uint64_t bytes, uint64_t attributes)
{
    uint64_t offset = base % PAGE_SIZE, size;
    if (!bytes || bytes > DEVICE_END - DEVICE_BASE || !addressable(base, bytes))
        return 0;
    size = (offset + bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    if (size > DEVICE_END - device_next)
        return 0;
    vaddr_t va = device_next;
    for (uint64_t done = 0; done < size; done += PAGE_SIZE)
        if (pt_map(boot_root, va + done, (base - offset + done) | PT_KERNEL_RW | attributes))
            return 0;
    device_next += size;
    return (void *)(uintptr_t)(va + offset);
}

void *paging_map_device(paddr_t base, uint64_t bytes)
{
    return device_map(base, bytes, PT_UNCACHED);
}

void *paging_map_combining(paddr_t base, uint64_t bytes)
{
    return device_map(base, bytes, PT_COMBINING);
}

/* Turns a 2 MiB page into 512 pages of the same rights. */
static enum err split(uint64_t *large)
{
    paddr_t table = page_alloc();
    if (!table)
        return T_ENOMEM;
    uint64_t *entry = page_pointer(table);
    for (unsigned i = 0; i < PT_SLOTS; i++)
        entry[i] = (*large & ~PT_LARGE) + i * PAGE_SIZE;
    *large = table | PT_TABLE;
    return OK;
}

static enum err page_protect_ro(vaddr_t va, paddr_t *page)
{
    uint64_t *path[PT_LEVELS];
    unsigned level = pt_walk(boot_root, va, path);
    if (level == 1 && *path[1] & PT_LARGE) {
        enum err e = split(path[1]);
        if (e)
            return e;
        level = pt_walk(boot_root, va, path);
    }
    if (level != 0 || !(*path[0] & PT_PRESENT))
        return T_EINVAL;
    *path[0] &= ~PT_WRITE;
    *page = *path[0] & PT_FRAME;
    x86_invlpg(va);
    return OK;
}

enum err paging_protect_ro(vaddr_t start, vaddr_t end)
{
    for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
        paddr_t page;
        enum err e = page_protect_ro(va, &page);
        if (!e)
            e = page_protect_ro(DIRECT_BASE + page, &page);
        if (e)
            return e;
    }
    return OK;
}

static bool in_window(vaddr_t at)
{
    return !(at % PAGE_SIZE) &&
           ((at >= FDS_BASE && at < FDS_END) || (at >= MODULE_BASE && at < MODULE_END));
}

enum err paging_map(vaddr_t at, paddr_t frame, unsigned prot)
{
    uint64_t *path[PT_LEVELS], leaf = frame | PT_PRESENT | PT_USED_HW;

    if (!in_window(at) || !frame || frame % PAGE_SIZE || !(prot & PROT_READ) ||
        (prot & PROT_WRITE && prot & PROT_EXEC))
        return T_EINVAL;
    if (pt_walk(boot_root, at, path) == 0 && *path[0])
        return T_EEXIST;
    leaf |= (prot & PROT_WRITE ? PT_WRITE : 0) | (prot & PROT_EXEC ? 0 : PT_NX);
    return pt_map(boot_root, at, leaf);
}

paddr_t paging_unmap(vaddr_t at)
{
    uint64_t *path[PT_LEVELS];

    if (!in_window(at) || pt_walk(boot_root, at, path) != 0 || !*path[0])
        return 0;
    paddr_t frame = *path[0] & PT_FRAME;
    *path[0] = 0;
    if (hal_config.pcid)
        x86_invpcid(INVPCID_ALL, 0, 0); /* any space may have looked at it */
    else
        x86_invlpg(at);
    return frame;
}

/* What never changes in a CPU's state. Through the direct map: the area may not be visible yet to
 * whoever runs on tables of the host. */
static void cpu_fill(struct cpu *cpu, unsigned index)
{
    cpu->current = &thread_none;
    cpu->kernel_stack = PERCPU_AREA(index) + PERCPU_STACK_TOP;
    cpu->index = (uint16_t)index;
    cpu->self = (struct cpu *)(PERCPU_AREA(index) + PERCPU_CPU);
    cpu->kernel_root = boot_root;
}

enum err percpu_map(unsigned index)
{
    static const uint64_t offsets[] = {
        PERCPU_PAGE_A,
        PERCPU_PAGE_B,
        PERCPU_PAGE_DF,
        PERCPU_PAGE_MC,
        PERCPU_STACK,
        PERCPU_STACK + PAGE_SIZE,
        PERCPU_STACK + 2 * PAGE_SIZE,
        PERCPU_STACK + 3 * PAGE_SIZE,
    };
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        paddr_t page = page_alloc();
        if (!page)
            return T_ENOMEM;
        if (offsets[i] == PERCPU_PAGE_A)
            cpu_fill((struct cpu *)((char *)page_pointer(page) + (PERCPU_CPU - PERCPU_PAGE_A)),
                     index);
        enum err e = pt_map(boot_root, PERCPU_AREA(index) + offsets[i], page | PT_KERNEL_RW);
        if (e)
            return e;
    }
    return OK;
}
