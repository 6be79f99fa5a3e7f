/* SPDX-License-Identifier: MIT
 * A kernel that does nothing but judge the loader: it prints what bootinfo says, walks the page
 * tables that it was started with, and ends with EXIT_PASS or, at the first thing that is not as
 * promised, with EXIT_FAIL and its name. Started by boot.py. */
#include <stdint.h>

#include "kernel/abi/boot.h"

#define COM1     0x3F8u
#define PTE_P    1ull
#define PTE_W    2ull
#define PTE_U    4ull
#define PTE_PS   0x80ull
#define PTE_G    0x100ull
#define PTE_NX   (1ull << 63)
#define PTE_ADDR 0x000FFFFFFFFFF000ull
#define CR0_WANT 0x80010031ull
#define CR4_WANT 0x20ull
#define PAT      0x277u
#define PAT_WANT 0x0007040100070406ull /* write combining by entry 4 */
#define EFER     0xC0000080u
#define EFER_LMA 0xD00ull /* LME LMA NXE */
#define FLAG_IF  0x200ull
#define PAGE     4096ull

extern const uint8_t tiny_text[], tiny_rodata[], tiny_data[], tiny_end[];

_Noreturn void tiny_main(uint64_t info_phys, uint64_t rsp, uint64_t flags, uint64_t others);

static volatile uint64_t data_word = 0x1122334455667788ull;
static volatile uint64_t bss_word[1024];
static uint64_t leaves;

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void text(const char *s)
{
    for (; *s; s++) {
        while (!(in8(COM1 + 5) & 0x20))
            ;
        out8(COM1, (uint8_t)*s);
    }
}

static void hex(const char *name, uint64_t value)
{
    char digit[2] = {0};
    int shift = 60;
    text(name);
    while (shift && !(value >> shift))
        shift -= 4;
    for (; shift >= 0; shift -= 4) {
        digit[0] = "0123456789abcdef"[value >> shift & 15];
        text(digit);
    }
}

static _Noreturn void finish(uint8_t code, const char *line)
{
    text(line);
    for (int i = 0; !(in8(COM1 + 5) & 0x40) && i < 100000; i++)
        ;
    out8(EXIT_PORT, code);
    for (const char *p = "Shutdown"; *p; p++)
        out8(BOCHS_EXIT_PORT, (uint8_t)*p);
    for (;;)
        __asm__ volatile("cli; hlt");
}

static void want(int good, const char *what)
{
    if (good)
        return;
    text("tiny: not so: ");
    text(what);
    finish(EXIT_FAIL, "\r\ntach: exit 17 FAIL\r\n");
}

static void *direct(uint64_t phys)
{
    return (void *)(DIRECT_BASE + phys);
}

static void leaf_check(uint64_t entry)
{
    leaves++;
    want(!(entry & PTE_W) || (entry & PTE_NX), "no page is writable and executable");
    want(!(entry & (PTE_U | PTE_G)), "no page is the user's or global");
}

static void tables_check(uint64_t table, int level)
{
    const uint64_t *entry = direct(table);
    for (unsigned i = 0; i < 512; i++) {
        if (!(entry[i] & PTE_P))
            continue;
        if (level == 0 || (entry[i] & PTE_PS))
            leaf_check(entry[i]);
        else
            tables_check(entry[i] & PTE_ADDR, level - 1);
    }
}

static uint64_t leaf_of(uint64_t root, uint64_t address)
{
    uint64_t entry = root;
    for (int level = 3; level >= 0; level--) {
        entry = ((const uint64_t *)direct(entry & PTE_ADDR))[address >> (12 + 9 * level) & 511];
        if (!(entry & PTE_P) || (entry & PTE_PS))
            break;
    }
    return entry;
}

static void ranges_check(const struct bootinfo *info)
{
    uint64_t end = 0;
    want(info->range_count > 0 && info->range_count <= BOOT_RANGES, "number of ranges");
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *r = &info->range[i];
        hex("tiny: range 0x", r->base);
        hex(" 0x", r->size);
        hex(" type ", r->type);
        text("\r\n");
        want(r->base >= end && r->size && !(r->base % PAGE) && !(r->size % PAGE),
             "ranges are sorted, aligned and apart");
        want(r->type >= RANGE_FREE && r->type <= RANGE_ACPI, "type of a range");
        want(r->type != RANGE_FREE || r->base >= 0x100000, "memory below 1 MiB stays reserved");
        end = r->base + r->size;
    }
}

static uint32_t type_at(const struct bootinfo *info, uint64_t phys)
{
    for (uint32_t i = 0; i < info->range_count; i++)
        if (phys >= info->range[i].base && phys - info->range[i].base < info->range[i].size)
            return info->range[i].type;
    return 0;
}

/* All RAM that the kernel may use is reached through the direct map, above 4 GiB too. */
static void direct_check(const struct bootinfo *info)
{
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *r = &info->range[i];
        uint64_t last = r->base + r->size - PAGE;
        if (r->type != RANGE_RESERVED)
            want((leaf_of(info->root_phys, DIRECT_BASE + last) & PTE_P) != 0, "all RAM is mapped");
    }
    want((leaf_of(info->root_phys, DIRECT_BASE + 0xFEE00000) & PTE_P) != 0, "the APIC is mapped");
}

static uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static void cpu_check(const struct bootinfo *info)
{
    uint64_t cr0, cr3, cr4;
    __asm__ volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2"
                     : "=r"(cr0), "=r"(cr3), "=r"(cr4));
    want(cr0 == CR0_WANT, "CR0");
    want(cr3 == info->root_phys, "CR3");
    want(cr4 == CR4_WANT, "CR4");
    want(read_msr(EFER) == EFER_LMA, "EFER");
    want(read_msr(PAT) == PAT_WANT, "PAT");
}

static void image_check(const struct bootinfo *info)
{
    uint64_t link = KERNEL_BASE + 0x100000, root = info->root_phys;
    want((uint64_t)tiny_text == link, "link address");
    want(info->kernel_size == (uint64_t)(tiny_end - tiny_text), "size of the image");
    for (uint64_t off = 0; off < info->kernel_size; off += PAGE) {
        uint64_t entry = leaf_of(root, link + off);
        uint64_t alias = leaf_of(root, DIRECT_BASE + info->kernel_phys + off);
        uint64_t writable = link + off >= (uint64_t)tiny_data ? PTE_W : 0;
        uint64_t nx = link + off >= (uint64_t)tiny_rodata ? PTE_NX : 0;
        want((entry & PTE_ADDR) == info->kernel_phys + off, "the image is contiguous");
        want((entry & (PTE_W | PTE_NX)) == (writable | nx), "rights of an image page");
        want((alias & (PTE_W | PTE_NX | PTE_ADDR)) ==
                 (writable | PTE_NX | (info->kernel_phys + off)),
             "rights of an image page in the direct map");
    }
    want(data_word == 0x1122334455667788ull, "data is loaded");
    for (unsigned i = 0; i < 1024; i++)
        want(bss_word[i] == 0, "bss is zero");
}

_Noreturn void tiny_main(uint64_t info_phys, uint64_t rsp, uint64_t flags, uint64_t others)
{
    const struct bootinfo *info = direct(info_phys);
    uint64_t ticks = read_tsc() - info->tsc_start;
    want(info->magic == BOOT_MAGIC && info->version == BOOT_VERSION && info->size == sizeof(*info),
         "bootinfo's head");
    want(rsp == 0 && others == 0, "registers are zero");
    want(!(flags & FLAG_IF), "interrupts are off");
    cpu_check(info);
    ranges_check(info);
    want(type_at(info, info_phys) == RANGE_LOADER, "bootinfo's range");
    want(type_at(info, info->root_phys) == RANGE_LOADER, "range of the tables");
    want(type_at(info, info->kernel_phys) == RANGE_KERNEL, "range of the kernel");
    want(type_at(info, info->initfs_phys) == RANGE_INITFS, "range of the initfs blob");
    want(*(const uint64_t *)direct(info->initfs_phys) == INITFS_MAGIC, "the initfs blob");
    image_check(info);
    direct_check(info);
    tables_check(info->root_phys, 3);
    hex("tiny: leaves 0x", leaves);
    hex(" rsdp 0x", info->rsdp_phys);
    hex(" ticks in the loader 0x", ticks);
    text("\r\ntiny: cmdline=");
    text(info->cmdline);
    finish(EXIT_PASS, "\r\ntach: exit 16 PASS\r\n");
}
