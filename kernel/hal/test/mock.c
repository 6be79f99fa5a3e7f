/* SPDX-License-Identifier: MIT
 * The machine of mock.h. Its TLB keeps what was touched until an instruction of x86.h makes it
 * forget, as real ones may; mock_stale finds what it should have forgotten. */
#include "kernel/hal/test/mock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/hal/apic.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/ptwalk.h"
#include "kernel/hal/tramp_ranges.h"
#include "kernel/hal/trap.h"
#include "kernel/hal/upcall.h"

#define TLB_ENTRIES 512u
#define HOLE        3u /* frames at both ends that are not free; makes the pieces odd */

struct tlb_entry {
    bool valid;
    uint64_t pcid, leaf;
    paddr_t root;
    vaddr_t va;
};

char *mock_windows;
uint64_t direct_base, mock_refuse, mock_asked, mock_tsc, mock_fs_base, mock_cr8;
jmp_buf *mock_panic_to;
unsigned mock_klog_lines, mock_address_bits = 46;
struct cpu mock_cpu;
uint64_t mock_timer, mock_timer_calls, mock_watch;
void (*mock_idle)(void);
void (*mock_tick)(struct thread *t);
bool (*mock_core_idle)(void);
struct thread *mock_left;
struct hal_config hal_config;

#define IMAGE_PAGE(n) (KERNEL_BASE + 0x100000 + (n)*PAGE_SIZE)
#define AREA_PAGE(at) PERCPU_BASE + (at), PERCPU_BASE + (at) + PAGE_SIZE, TRAMP_WRITE, 0
const struct tramp_range tramp_ranges[] = {
    {IMAGE_PAGE(1), IMAGE_PAGE(3), TRAMP_EXEC, 0},
    {IMAGE_PAGE(5), IMAGE_PAGE(6), TRAMP_READ, 0},
    {AREA_PAGE(PERCPU_PAGE_A)},
    {AREA_PAGE(PERCPU_PAGE_B)},
    {AREA_PAGE(PERCPU_PAGE_DF)},
    {AREA_PAGE(PERCPU_PAGE_MC)},
};
const uint64_t tramp_range_count = sizeof(tramp_ranges) / sizeof(tramp_ranges[0]);

static struct tlb_entry tlb[TLB_ENTRIES];
static unsigned tlb_next;
static uint64_t cr3;
static struct bootinfo boot;
static uint64_t random_state = 0x9E3779B97F4A7C15ull;

struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    const uint32_t last = mock_address_bits != 0 ? 0x80000008u : 0x80000004u;
    (void)subleaf;
    return (struct x86_cpuid){.eax = leaf == 0x80000000u ? last : mock_address_bits};
}

uint64_t mock_random(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % below;
}

char *mock_last_page(void)
{
    char *page = mmap(0, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED || mprotect(page + PAGE_SIZE, PAGE_SIZE, PROT_NONE))
        panic("no page");
    return page;
}

bool page_refused(void)
{
    mock_asked++;
    return mock_refuse && mock_asked >= mock_refuse;
}

struct cpu *cpu_this(void)
{
    return &mock_cpu;
}

void panic(const char *format, ...)
{
    if (mock_panic_to)
        longjmp(*mock_panic_to, 1);
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "\n");
    exit(3);
}

void klog(const char *format, ...)
{
    (void)format;
    mock_klog_lines++;
}

static uint64_t pcid_of(uint64_t value)
{
    return hal_config.pcid ? value & 0xFFF : 0;
}

static void forget(uint64_t pcid, bool one, vaddr_t va)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++)
        if (tlb[i].pcid == pcid && (!one || tlb[i].va == (va & ~(PAGE_SIZE - 1))))
            tlb[i].valid = false;
}

uint64_t x86_read_cr3(void)
{
    return cr3;
}

void x86_write_cr3(uint64_t value)
{
    if (!(value & CR3_NOFLUSH) || !hal_config.pcid)
        forget(pcid_of(value), false, 0);
    cr3 = value & ~CR3_NOFLUSH;
}

void x86_invlpg(uint64_t va)
{
    forget(pcid_of(cr3), true, va);
}

void x86_invpcid(uint64_t kind, uint64_t pcid, uint64_t va)
{
    if (kind == 3)
        memset(tlb, 0, sizeof(tlb));
    else if (kind > 1)
        panic("invpcid %lu", (unsigned long)kind);
    forget(pcid, kind == 0, va);
}

void x86_wrmsr(uint32_t msr, uint64_t value)
{
    if (msr != MSR_FS_BASE)
        panic("wrmsr %x", msr);
    mock_fs_base = value;
}

uint64_t x86_rdtsc(void)
{
    return mock_tsc;
}

void x86_write_cr8(uint64_t value)
{
    mock_cr8 = value;
}

void x86_idle(void)
{
    if (!mock_idle)
        panic("idle");
    mock_idle();
}

static void arm(uint64_t tsc_deadline)
{
    mock_timer = tsc_deadline;
    mock_timer_calls++;
}

void (*timer_arm)(uint64_t tsc_deadline) = arm;

void debug_watch(uint64_t address)
{
    mock_watch = address;
}

void core_tick(struct thread *t)
{
    if (mock_tick)
        mock_tick(t);
}

void core_leave(struct thread *t)
{
    mock_left = t;
}

bool core_idle(void)
{
    return mock_core_idle && mock_core_idle();
}

/* What a walk from root finds at va, 0 if not present. */
static uint64_t leaf_at(paddr_t root, vaddr_t va)
{
    uint64_t *path[PT_LEVELS];
    unsigned level = pt_walk(root, va, path);
    return *path[level] & PT_PRESENT ? *path[level] : 0;
}

void mock_touch(vaddr_t va)
{
    paddr_t root = cr3 & CR3_FRAME_MASK;
    uint64_t leaf = leaf_at(root, va);
    if (!leaf)
        return;
    struct tlb_entry *e = &tlb[tlb_next++ % TLB_ENTRIES];
    *e = (struct tlb_entry){true, pcid_of(cr3), leaf, root, va & ~(PAGE_SIZE - 1)};
}

void mock_exit(const struct space *s)
{
    x86_write_cr3(s->exit_root);
}

void mock_entry(void)
{
    if (hal_config.pti)
        x86_write_cr3((cr3 & ~(CR3_USER_BIT | (hal_config.pcid ? CR3_USER_PCID : 0))) |
                      (hal_config.pcid ? CR3_NOFLUSH : 0));
}

unsigned mock_stale(void)
{
    unsigned stale = 0;
    for (unsigned i = 0; i < TLB_ENTRIES; i++)
        if (tlb[i].valid && leaf_at(tlb[i].root, tlb[i].va) != tlb[i].leaf)
            stale++;
    return stale;
}

struct bootinfo *mock_memory(uint64_t frames)
{
    static void *memory;
    free(memory);
    memory = aligned_alloc(PAGE_SIZE, frames * PAGE_SIZE);
    if (!memory)
        panic("no host memory");
    memset(memory, 0xA5, frames * PAGE_SIZE);
    memset(tlb, 0, sizeof(tlb));
    direct_base = (uint64_t)(uintptr_t)memory;
    mock_refuse = mock_asked = 0;
    mock_cpu.current = &thread_none;
    boot = (struct bootinfo){
        .magic = BOOT_MAGIC,
        .version = BOOT_VERSION,
        .size = sizeof(boot),
        .range_count = 3,
        .range = {{0, HOLE * PAGE_SIZE, RANGE_RESERVED, 0},
                  {HOLE * PAGE_SIZE, (frames - 2 * HOLE) * PAGE_SIZE, RANGE_FREE, 0},
                  {(frames - HOLE) * PAGE_SIZE, HOLE * PAGE_SIZE, RANGE_RESERVED, 0}}};
    return &boot;
}

/* Frames that the loader takes from the end of the free range. */
static paddr_t loader_take(uint64_t frames)
{
    boot.range[1].size -= frames * PAGE_SIZE;
    boot.range[2].base -= frames * PAGE_SIZE;
    boot.range[2].size += frames * PAGE_SIZE;
    memset(page_pointer(boot.range[2].base), 0, frames * PAGE_SIZE);
    return boot.range[2].base;
}

struct bootinfo *mock_boot(uint64_t frames)
{
    struct bootinfo *b = mock_memory(frames);
    if (!mock_windows)
        mock_windows = mmap(0, FDS_END - FDS_BASE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mock_windows == MAP_FAILED)
        panic("no host addresses");
    paddr_t image = loader_take(MOCK_IMAGE_PAGES), tables = loader_take(6);
    uint64_t *t = page_pointer(tables); /* PML4, low PDPT, low PD, high PDPT, image PD, image PT */
    t[0] = t[256] = (tables + PAGE_SIZE) | PT_TABLE;
    t[512] = (tables + 2 * PAGE_SIZE) | PT_TABLE;
    for (unsigned i = 0; i < 512; i++)
        t[2 * 512 + i] = i * (PAGE_SIZE << 9) | PT_PRESENT | PT_WRITE | PT_LARGE | PT_NX;
    t[511] = (tables + 3 * PAGE_SIZE) | PT_TABLE;
    t[3 * 512 + 510] = (tables + 4 * PAGE_SIZE) | PT_TABLE;
    t[4 * 512] = (tables + 5 * PAGE_SIZE) | PT_TABLE;
    for (unsigned i = 0; i < MOCK_IMAGE_PAGES; i++)
        t[5 * 512 + 256 + i] = (image + i * PAGE_SIZE) | PT_PRESENT | PT_WRITE | PT_NX;
    b->root_phys = tables;
    cr3 = tables;
    if (page_init(b) || paging_init(b))
        panic("the boot of the tests failed");
    return b;
}
