/* SPDX-License-Identifier: MIT
 * The kernel half and the trampoline: what the loader left, devices, per-CPU areas, read-only
 * pages; the user tables equal the list, and tramp_walk sees each kind of damage. */
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/msg.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/ptwalk.h"
#include "kernel/hal/test/mock.h"
#include "kernel/hal/tramp.h"
#include "kernel/hal/tramp_ranges.h"
#include "traces/test/check.h"

#define FRAMES 600u
#define IMAGE  (KERNEL_BASE + 0x100000)

static uint64_t *entry_at(paddr_t root, vaddr_t va, unsigned level)
{
    uint64_t *path[PT_LEVELS];
    unsigned last = pt_walk(root, va, path);
    return last <= level ? path[level] : 0;
}

static uint64_t leaf_of(paddr_t root, vaddr_t va)
{
    uint64_t *leaf = entry_at(root, va, 0);
    return leaf ? *leaf : 0;
}

static void test_init(void)
{
    struct bootinfo *boot = mock_boot(FRAMES);
    uint64_t *root = page_pointer(boot->root_phys);
    CHECK_EQ(paging_boot_root(), boot->root_phys);
    CHECK_EQ(x86_read_cr3(), boot->root_phys);
    for (unsigned i = 0; i < 256; i++)
        CHECK_EQ(root[i], 0);
    CHECK(root[256] && root[511]);
    uint64_t kept = root[511];
    root[511] = 0;
    CHECK_EQ(paging_init(boot), T_EINVAL);
    root[511] = kept;
    kept = root[256];
    root[256] = 0;
    CHECK_EQ(paging_init(boot), T_EINVAL);
    root[256] = kept | PT_USER;
    CHECK_EQ(paging_init(boot), OK);
    CHECK_EQ(root[256], kept);
    boot->root_phys += 8;
    CHECK_EQ(paging_init(boot), T_EINVAL);
}

static void test_devices(void)
{
    mock_boot(FRAMES);
    paddr_t root = paging_boot_root();
    uint64_t apic = (uint64_t)(uintptr_t)paging_map_device(0xFEE00000, PAGE_SIZE);
    uint64_t two = (uint64_t)(uintptr_t)paging_map_device(0xFEC00FFE, 4);
    CHECK(apic && apic % PAGE_SIZE == 0 && two % PAGE_SIZE == 0xFFE && apic >> 47 == 0x1FFFF);
    CHECK_EQ(leaf_of(root, apic), 0xFEE00000 | PT_KERNEL_RW | PT_UNCACHED);
    CHECK_EQ(leaf_of(root, two), 0xFEC00000 | PT_KERNEL_RW | PT_UNCACHED);
    CHECK_EQ(leaf_of(root, two + 4), 0xFEC01000 | PT_KERNEL_RW | PT_UNCACHED);
    CHECK(paging_map_device(0xFEE00000, 0) == 0);
    CHECK(paging_map_device(0xFEE00000, ~0ull) == 0);
    CHECK(paging_map_device(0xFEE00000, 1ull << 30) == 0); /* what is left is less */
    CHECK(paging_map_device((1ull << 46) - 1, 2) == 0);    /* the CPU has 46 address bits */
    CHECK(paging_map_device(~0ull - PAGE_SIZE, 36) == 0);
    CHECK(paging_map_device((1ull << 46) - PAGE_SIZE, PAGE_SIZE) != 0);
    mock_address_bits = 0;
    CHECK(paging_map_device(1ull << 36, 1) == 0 && paging_map_device((1ull << 36) - 1, 1) != 0);
    mock_address_bits = 46;
    mock_asked = 0;
    mock_refuse = 1;
    CHECK(paging_map_device(0xE0000000, 512 * PAGE_SIZE) == 0); /* needs a table */
    mock_refuse = 0;
    CHECK(paging_map_device(0xE0000000, 512 * PAGE_SIZE) != 0);
}

static void test_protect(void)
{
    mock_boot(FRAMES);
    paddr_t root = paging_boot_root(), page = leaf_of(root, IMAGE + 2 * PAGE_SIZE) & PT_FRAME;
    uint64_t free_before = page_free_count();
    CHECK_EQ(paging_protect_ro(IMAGE + 2 * PAGE_SIZE, IMAGE + 4 * PAGE_SIZE), OK);
    CHECK(free_before - page_free_count() <= 2); /* splits of the direct map */
    for (unsigned i = 0; i < MOCK_IMAGE_PAGES; i++) {
        bool writable = i < 2 || i >= 4;
        paddr_t frame = leaf_of(root, IMAGE + i * PAGE_SIZE) & PT_FRAME;
        CHECK_EQ((leaf_of(root, IMAGE + i * PAGE_SIZE) & PT_WRITE) != 0, writable);
        uint64_t *alias = entry_at(root, DIRECT_BASE + frame, 0);
        CHECK(!alias || ((*alias & PT_WRITE) != 0) == writable);
        CHECK(!alias || ((*alias & PT_FRAME) == frame && (*alias & PT_NX) && !(*alias & PT_LARGE)));
    }
    CHECK_EQ(leaf_of(root, DIRECT_BASE + page) & PT_FRAME, page);
    CHECK_EQ(paging_protect_ro(KERNEL_BASE, KERNEL_BASE + PAGE_SIZE), T_EINVAL);
    mock_boot(FRAMES);
    mock_asked = 0;
    mock_refuse = 1;
    CHECK_EQ(paging_protect_ro(IMAGE, IMAGE + PAGE_SIZE), T_ENOMEM);
    mock_refuse = 0;
}

static void test_percpu(void)
{
    mock_boot(FRAMES);
    CHECK_EQ(percpu_map(0), OK);
    CHECK_EQ(percpu_map(1), OK);
    paddr_t root = paging_boot_root();
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        for (uint64_t at = 0; at < PERCPU_STRIDE; at += PAGE_SIZE) {
            bool mapped = at == PERCPU_PAGE_A || at == PERCPU_PAGE_B || at == PERCPU_PAGE_DF ||
                          at == PERCPU_PAGE_MC || (at >= PERCPU_STACK && at < PERCPU_STACK_TOP);
            uint64_t leaf = leaf_of(root, PERCPU_AREA(cpu) + at);
            CHECK_EQ(leaf & ~PT_FRAME, mapped ? PT_KERNEL_RW : 0);
        }
        paddr_t page = leaf_of(root, PERCPU_AREA(cpu) + PERCPU_PAGE_A) & PT_FRAME;
        const struct cpu *c = (const struct cpu *)((char *)page_pointer(page) + 2048);
        CHECK_EQ((uint64_t)(uintptr_t)c->self, PERCPU_AREA(cpu) + PERCPU_CPU);
        CHECK_EQ(c->index, cpu);
        CHECK_EQ(c->kernel_root, root);
        CHECK_EQ(c->kernel_stack, PERCPU_AREA(cpu) + PERCPU_STACK_TOP);
        CHECK(c->current == &thread_none);
    }
    CHECK(sizeof(struct cpu) <= 2048);
    for (uint64_t n = 1; n <= 8; n++) {
        mock_boot(FRAMES);
        mock_asked = 0;
        mock_refuse = n;
        CHECK_EQ(percpu_map(0), T_ENOMEM);
        mock_refuse = 0;
    }
}

static void window_refused(paddr_t frame)
{
    CHECK_EQ(paging_map(FDS_BASE - PAGE_SIZE, frame, PROT_READ), T_EINVAL);
    CHECK_EQ(paging_map(FDS_END, frame, PROT_READ), T_EINVAL);
    CHECK_EQ(paging_map(MODULE_BASE - PAGE_SIZE, frame, PROT_READ), T_EINVAL);
    CHECK_EQ(paging_map(MODULE_END, frame, PROT_READ), T_EINVAL);
    CHECK_EQ(paging_map(FDS_BASE + 8, frame, PROT_READ), T_EINVAL);
    CHECK_EQ(paging_map(FDS_BASE, frame + 8, PROT_READ), T_EINVAL);
    CHECK_EQ(paging_map(FDS_BASE, 0, PROT_READ), T_EINVAL);
    CHECK_EQ(paging_map(FDS_BASE, frame, PROT_NONE), T_EINVAL);
    CHECK_EQ(paging_map(FDS_BASE, frame, PROT_READ | PROT_WRITE | PROT_EXEC), T_EINVAL);
    CHECK_EQ(paging_unmap(IMAGE), 0);
    CHECK_EQ(paging_unmap(FDS_BASE), 0);
}

/* Pages of the windows come and go, in every root, and no TLB keeps one. */
static void test_window(bool pcid)
{
    struct space one;
    hal_config.pcid = pcid;
    mock_boot(FRAMES);
    CHECK_EQ(space_init(&one), OK);
    paddr_t frame = page_alloc(), root = paging_boot_root();
    window_refused(frame);
    CHECK_EQ(paging_map(FDS_BASE, frame, PROT_READ | PROT_WRITE), OK);
    CHECK_EQ(paging_map(FDS_BASE, frame, PROT_READ), T_EEXIST);
    CHECK_EQ(leaf_of(one.kernel_root, FDS_BASE), frame | PT_KERNEL_RW);
    uint64_t free_before = page_free_count();
    CHECK_EQ(paging_map(FDS_BASE + PAGE_SIZE, frame, PROT_READ), OK);
    CHECK_EQ(page_free_count(), free_before); /* one table a window */
    CHECK_EQ(leaf_of(root, FDS_BASE + PAGE_SIZE), frame | (PT_KERNEL_RW & ~PT_WRITE));
    CHECK_EQ(paging_map(MODULE_END - PAGE_SIZE, frame, PROT_READ | PROT_EXEC), OK);
    CHECK_EQ(leaf_of(root, MODULE_END - PAGE_SIZE), frame | PT_PRESENT | PT_USED_HW);
    mock_touch(FDS_BASE);
    x86_write_cr3(one.kernel_root | one.pcid | (pcid ? CR3_NOFLUSH : 0));
    mock_touch(FDS_BASE);
    CHECK_EQ(paging_unmap(FDS_BASE), frame);
    CHECK_EQ(mock_stale(), 0);
    CHECK_EQ(paging_unmap(FDS_BASE), 0);
    CHECK_EQ(paging_map(FDS_BASE, frame, PROT_READ), OK);
    mock_asked = 0;
    mock_refuse = 1;
    CHECK_EQ(paging_map(FDS_END - PAGE_SIZE, frame, PROT_READ), T_ENOMEM);
    mock_refuse = 0;
    hal_config.pcid = false;
}

/* Every page of the upper half: mapped for the user root exactly if listed. */
static void upper_half_check(paddr_t user)
{
    uint64_t found = 0;
    const uint64_t *root = page_pointer(user);
    for (unsigned slot = 256; slot < 511; slot++)
        CHECK_EQ(root[slot], 0);
    for (vaddr_t va = 0xFFFFFF8000000000ull;;) {
        uint64_t *path[PT_LEVELS];
        unsigned level = pt_walk(user, va, path);
        if (*path[level]) {
            CHECK_EQ(level, 0);
            bool listed = false;
            for (uint64_t i = 0; i < tramp_range_count; i++)
                listed |= va >= tramp_ranges[i].start && va < tramp_ranges[i].end;
            CHECK(listed);
            CHECK(!(*path[0] & (PT_USER | PT_GLOBAL)));
            CHECK_EQ(*path[0] & PT_FRAME, leaf_of(paging_boot_root(), va) & PT_FRAME);
            CHECK(!(*path[0] & PT_WRITE) || (*path[0] & PT_NX));
            found++;
        }
        va = (va | ((1ull << pt_shift(level)) - 1)) + 1;
        if (!va)
            break;
    }
    CHECK_EQ(found, MOCK_TRAMP_PAGES);
}

static struct space space;

static void tramp_make(bool pti)
{
    hal_config.pti = pti;
    mock_boot(FRAMES);
    CHECK_EQ(percpu_map(0), OK);
    CHECK_EQ(tramp_init(), OK);
    CHECK_EQ(space_init(&space), OK);
    CHECK_EQ(space_map(&space, 0x1000, PAGE_SIZE, 1), OK);
    CHECK_EQ(tramp_walk(space.kernel_root + PAGE_SIZE), 0);
}

/* Changes one entry, and expects the walk to say so, and to be content again afterwards. */
static void damage(uint64_t *entry, uint64_t value)
{
    uint64_t kept = *entry;
    unsigned lines = mock_klog_lines;
    *entry = value;
    uint64_t differences = tramp_walk(space.kernel_root + PAGE_SIZE);
    CHECK(differences > 0);
    CHECK_EQ(mock_klog_lines - lines, differences);
    *entry = kept;
    CHECK_EQ(tramp_walk(space.kernel_root + PAGE_SIZE), 0);
}

static void damage_leaf(vaddr_t va)
{
    uint64_t *leaf = entry_at(space.kernel_root + PAGE_SIZE, va, 0);
    damage(leaf, *leaf ^ PT_WRITE);
    damage(leaf, *leaf ^ PT_NX);
    damage(leaf, *leaf | PT_USER);
    damage(leaf, *leaf | PT_GLOBAL);
    damage(leaf, *leaf ^ PAGE_SIZE);
    damage(leaf, *leaf & ~PT_PRESENT);
    damage(leaf, 0);
}

static void test_walk(bool pti)
{
    tramp_make(pti);
    paddr_t user_root = space.kernel_root + PAGE_SIZE;
    uint64_t *user = page_pointer(user_root), *kernel = page_pointer(space.kernel_root);
    upper_half_check(user_root);
    for (uint64_t i = 0; i < tramp_range_count; i++)
        damage_leaf(tramp_ranges[i].start);
    damage(entry_at(user_root, IMAGE, 0), PT_KERNEL_RW | PAGE_SIZE * 9);
    damage(entry_at(user_root, KERNEL_BASE, 1), *entry_at(user_root, KERNEL_BASE, 1) | PT_USER);
    damage(entry_at(user_root, KERNEL_BASE + (1 << 21), 1), PT_KERNEL_RW | PT_LARGE);
    damage(entry_at(user_root, PERCPU_BASE, 1), 0);
    damage(&user[256], kernel[256]);
    damage(&user[300], PT_FRAME);
    damage(&user[511], kernel[511]);
    damage(&user[511], 0);
    damage(&kernel[256], 0);
    damage(&kernel[400], user[511]);
    damage(&kernel[0], kernel[0] ^ PT_NX);
    damage(&kernel[0], 0);
    damage(&kernel[7], kernel[0]);
    space_destroy(&space);
}

static void test_tramp_fails(void)
{
    for (uint64_t n = 1;; n++) {
        mock_boot(FRAMES);
        CHECK_EQ(percpu_map(0), OK);
        mock_asked = 0;
        mock_refuse = n;
        enum err e = tramp_init();
        mock_refuse = 0;
        if (e == OK) {
            CHECK_EQ(n, 7); /* a root, a PDPT, two PDs and two PTs */
            break;
        }
        CHECK_EQ(e, T_ENOMEM);
    }
    mock_boot(FRAMES); /* without the CPU's area */
    CHECK_EQ(tramp_init(), T_EINVAL);
}

int main(void)
{
    test_init();
    test_devices();
    test_protect();
    test_percpu();
    test_window(false);
    test_window(true);
    test_walk(false);
    test_walk(true);
    test_tramp_fails();
    return check_end("hal_paging");
}
