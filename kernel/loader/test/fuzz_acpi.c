/* SPDX-License-Identifier: MIT
 * libFuzzer harness of what reads the firmware's tables: the loader's way to the SPCR and
 * the MCFG, from the root pointer in the first 36 bytes on, in a window of the rest; and the
 * kernel's reader of the MADT. */
#include <stdlib.h>
#include <string.h>

#include "kernel/hal/madt.h"
#include "kernel/loader/config.h"
#include "kernel/loader/serial.h"

#define BASE 0x7000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static uint8_t sum_of(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;
    while (n--)
        sum = (uint8_t)(sum + *p++);
    return sum;
}

/* Sums made right, so that what lies behind them is reached. */
static void sums_mend(uint8_t *p, size_t size)
{
    for (size_t at = 0; at + 36 <= size; at += 4) {
        uint32_t length;
        memcpy(&length, p + at + 4, 4);
        if (memcmp(p + at, "RSDT", 4) && memcmp(p + at, "XSDT", 4) && memcmp(p + at, "SPCR", 4) &&
            memcmp(p + at, "MCFG", 4) && memcmp(p + at, "APIC", 4))
            continue;
        if (length >= 36 && length <= size - at)
            p[at + 9] = (uint8_t)(p[at + 9] - sum_of(p + at, length));
    }
}

/* In a window with memory from 1 MiB to 1 GiB. */
static void mcfg_use(const struct phys *phys, struct source *source)
{
    source->region_count = 1;
    source->region[0] = (struct source_region){1u << 20, 1u << 30, 1};
    const struct ecam ecam = ecam_find(phys, source);
    require(!ecam.buses == (ecam.why != NULL));
    if (ecam.why)
        return;
    require(ecam.buses <= 256 && ecam.base % (1u << 20) == 0);
    require(ecam.base >= (1u << 30) + (1u << 20));
    require(ecam.base + ((uint64_t)ecam.buses << 20) <= 1ull << 32);
}

static void spcr_use(const struct phys *phys, const uint8_t *root)
{
    static struct source source;
    struct boot_serial line = {0};
    source.rsdp_bytes = root[0] & 1 ? 36 : 20;
    memcpy(source.rsdp, root, SOURCE_RSDP);
    memcpy(source.rsdp, "RSD PTR ", 8);
    source.rsdp[8] = 0;
    source.rsdp[8] = (uint8_t)-sum_of(source.rsdp, 20);
    mcfg_use(phys, &source);
    if (!serial_spcr_find(phys, &source, &line))
        return;
    require(line.base && line.base <= 0xFFFFFF00u && (line.shift == 0 || line.shift == 2));
    require(line.baud && 115200 % line.baud == 0);
    require(line.space == BOOT_SERIAL_MEMORY || line.base <= 0xFFF8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct madt madt;
    if (size < SOURCE_RSDP)
        return 0;
    size -= SOURCE_RSDP;
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data + SOURCE_RSDP, size);
    sums_mend(copy, size);
    struct phys phys = {copy, BASE, size};
    spcr_use(&phys, data);
    (void)madt_read(copy, size, &madt);
    for (unsigned i = 0; i < MADT_ISA; i++)
        require(madt.isa[i].pin <= 23);
    free(copy);
    return 0;
}
