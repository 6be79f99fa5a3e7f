/* SPDX-License-Identifier: MIT
 * From the root pointer to the MADT, over tables as large firmware makes them: of a machine with
 * many CPUs, behind addresses that cannot be mapped, above 4 GiB. */
#include "kernel/hal/acpi.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/paging.h"

#define MEMORY    0x400000000ull /* where the tables are: 16 GiB */
#define BYTES     0x80000u
#define RSDP      0x100u
#define XSDT      0x200u
#define OTHER     0x800u
#define MADT      0x1000u
#define MADT_HEAD 44u
#define X2        16u /* bytes of an x2APIC's entry */
#define CHIP      0xFEC10000u

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

static uint8_t memory[BYTES];
static char found[400];
static struct bootinfo boot = {.rsdp_phys = MEMORY + RSDP, .boot_protocol = 2};
const struct bootinfo *hal_boot = &boot;

void hal_found(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(found, sizeof(found), format, list);
    va_end(list);
}

void *paging_map_device(paddr_t base, uint64_t bytes)
{
    const bool there = base >= MEMORY && base - MEMORY < BYTES && bytes <= BYTES - (base - MEMORY);
    return there ? memory + (base - MEMORY) : NULL;
}

static void sum_set(uint8_t *table, uint64_t size, unsigned at)
{
    table[at] = 0;
    table[at] = (uint8_t)-acpi_sum(table, size);
}

static void number_set(uint32_t at, uint64_t value, unsigned bytes)
{
    memcpy(memory + at, &value, bytes);
}

/* A table of that name and size, without its sum. */
static void head_set(uint32_t at, const char *name, uint32_t size)
{
    memcpy(memory + at, name, 4);
    number_set(at + 4, size, 4);
}

/* Root pointer, a root of three entries, and a MADT of as many CPUs, with the I/O APIC behind. */
static void tables_make(unsigned cpus)
{
    const uint32_t size = MADT_HEAD + cpus * X2 + 12;
    memset(memory, 0, sizeof(memory));
    found[0] = '\0';
    head_set(XSDT, "XSDT", 36 + 3 * 8);
    number_set(XSDT + 36, 0xFFFFFFFFFFFFF000ull, 8); /* nothing is there */
    number_set(XSDT + 44, MEMORY + OTHER, 8);
    number_set(XSDT + 52, MEMORY + MADT, 8);
    sum_set(memory + XSDT, 60, 9);
    head_set(OTHER, "FACP", 36);
    head_set(MADT, "APIC", size);
    for (unsigned i = 0; i < cpus; i++) {
        memory[MADT + MADT_HEAD + i * X2] = 9;
        memory[MADT + MADT_HEAD + i * X2 + 1] = X2;
    }
    memory[MADT + size - 12] = 1;
    memory[MADT + size - 11] = 12;
    number_set(MADT + size - 8, CHIP, 4);
    sum_set(memory + MADT, size, 9);
    memcpy(memory + RSDP, "RSD PTR ", 8);
    memory[RSDP + 15] = 2;
    number_set(RSDP + 24, MEMORY + XSDT, 8);
    sum_set(memory + RSDP, 20, 8);
}

int main(void)
{
    static const unsigned cpus[] = {0, 4, 1100, 4096};
    struct madt madt;
    for (unsigned i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
        tables_make(cpus[i]);
        CHECK(acpi_madt(&madt) && madt.ioapic == CHIP);
        CHECK(strcmp(found, "acpi: XSDT lists FACP APIC\n") == 0);
    }
    tables_make(4);
    memory[MADT + MADT_HEAD]++; /* not what its sum says */
    CHECK(!acpi_madt(&madt) && madt.ioapic == 0);
    tables_make(4);
    number_set(MADT + 4, 0x7FFFFFFF, 4); /* absurd */
    CHECK(!acpi_madt(&madt) && madt.ioapic == 0);
    tables_make(4);
    number_set(RSDP + 24, 1ull << 60, 8); /* a root that cannot be mapped */
    CHECK(!acpi_madt(&madt) && strstr(found, "not sound") != NULL);
    printf("hal acpi: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
