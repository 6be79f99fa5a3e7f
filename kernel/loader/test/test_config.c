/* SPDX-License-Identifier: MIT
 * PCI's configuration space: an MCFG with each of its fields wrong, and whether memory or the ports
 * are asked, with both made up here: the ports by calls, the memory at a low address of this
 * process. */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bench/test/unit.h"
#include "kernel/loader/config.h"
#include "kernel/loader/io.h"
#include "kernel/loader/test/firmware.h"

#define MCFG     FIRMWARE_TABLE
#define ENTRY    (MCFG + 44)
#define SIZE     (44u + 16 + 16)
#define ECAM     0x50000000u
#define BUSES    2u
#define BRIDGE   0x29C08086u
#define ENABLE   0x80000000u
#define BEHIND   (ENABLE | 7u << 16 | 3u << 11 | 0x40) /* on a bus that the memory does not have */
#define ON_BUS_1 (ENABLE | 1u << 16 | 5u << 11 | 2u << 8 | 0x3C)

static uint8_t *bytes;
static struct phys phys;
static struct source source;

/* ---- the ports ---- */
static uint32_t port_address, port_id, port_written, port_asked;

void io_out32(uint16_t port, uint32_t value)
{
    EXPECT(port == 0xCF8 || port == 0xCFC);
    if (port == 0xCF8)
        port_address = value;
    else
        port_written = value;
}

uint32_t io_in32(uint16_t port)
{
    EXPECT(port == 0xCFC);
    port_asked++;
    return port_address == ENABLE ? port_id : port_address ^ 0xFFFF;
}

/* ---- the memory, which must be accessed by EAX ---- */
static uint32_t memory_asked;

uint32_t io_config_in32(uint32_t address)
{
    EXPECT(address >= ECAM && address < ECAM + (BUSES << 20) && address % 4 == 0);
    memory_asked++;
    return *(uint32_t *)(uintptr_t)address;
}

void io_config_out32(uint32_t address, uint32_t value)
{
    EXPECT(address >= ECAM && address < ECAM + (BUSES << 20) && address % 4 == 0);
    memory_asked++;
    *(uint32_t *)(uintptr_t)address = value;
}

/* ---- the table ---- */

/* A range of another segment, then one of ours: first bus, last bus, where. */
static void table_make(uint64_t base, uint8_t first, uint8_t last)
{
    firmware_root(bytes, &source);
    memcpy(bytes + ENTRY, &(uint64_t){0xE0000000}, 8);
    bytes[ENTRY + 8] = 1;
    bytes[ENTRY + 11] = 255;
    memcpy(bytes + ENTRY + 16, &base, 8);
    bytes[ENTRY + 26] = first;
    bytes[ENTRY + 27] = last;
    firmware_table(bytes, MCFG, "MCFG", SIZE);
}

static bool says(const struct ecam *ecam, const char *why)
{
    return !ecam->buses && ecam->why && strstr(ecam->why, why);
}

static bool refused(uint64_t base, uint8_t first, uint8_t last, const char *why)
{
    table_make(base, first, last);
    const struct ecam ecam = ecam_find(&phys, &source);
    return says(&ecam, why);
}

static void fields(void)
{
    table_make(0xB0000000, 0, 255);
    struct ecam ecam = ecam_find(&phys, &source);
    EXPECT(ecam.base == 0xB0000000 && ecam.buses == 256 && !ecam.why);
    table_make(0xF0000000, 0, 255); /* up to the last byte */
    EXPECT(ecam_find(&phys, &source).buses == 256);
    EXPECT(refused(0xF0100000, 0, 255, "out of reach"));
    EXPECT(refused(0x1B0000000, 0, 255, "out of reach"));
    EXPECT(refused(0xFFFFFFFFFFF00000, 0, 255, "out of reach"));
    EXPECT(refused(0xB0000800, 0, 255, "out of reach"));
    EXPECT(refused(0, 0, 255, "out of reach"));
    EXPECT(refused(0xB0000000, 1, 255, "no range for segment 0"));
    table_make(0xB0000000, 0, 255);
    source.region_count = 2;
    source.region[0] = (struct source_region){0x100000, 0x40000000, 1};
    source.region[1] =
        (struct source_region){0xB0000000, 0x10000000, 2}; /* reserved, as it should */
    EXPECT(ecam_find(&phys, &source).buses == 256);
    source.region[1] = (struct source_region){0xBFF00000, 0x1000, 1};
    ecam = ecam_find(&phys, &source);
    EXPECT(says(&ecam, "is memory"));
    source.region[1].base = 0xC0000000; /* just behind it */
    EXPECT(ecam_find(&phys, &source).buses == 256);
}

static void broken(void)
{
    struct ecam ecam;
    table_make(0xB0000000, 0, 255);
    bytes[MCFG + 9]++;
    ecam = ecam_find(&phys, &source);
    EXPECT(says(&ecam, "checksum"));
    table_make(0xB0000000, 0, 255);
    firmware_table(bytes, MCFG, "MCFG", 43);
    ecam = ecam_find(&phys, &source);
    EXPECT(says(&ecam, "length"));
    firmware_table(bytes, MCFG, "MCFG", SIZE - 1); /* half an entry is none */
    ecam = ecam_find(&phys, &source);
    EXPECT(says(&ecam, "no range"));
    firmware_table(bytes, MCFG, "MCFX", SIZE);
    ecam = ecam_find(&phys, &source);
    EXPECT(says(&ecam, "there is none"));
    source.rsdp[0] = 'r';
    ecam = ecam_find(&phys, &source);
    EXPECT(says(&ecam, "no tables"));
    for (uint32_t cut = 0; cut < FIRMWARE_BYTES; cut += 3) { /* memory that ends anywhere */
        table_make(0xB0000000, 0, 255);
        uint8_t *part = malloc(cut ? cut : 1);
        memcpy(part, bytes, cut);
        const struct phys window = {part, FIRMWARE_BASE, cut};
        EXPECT((ecam_find(&window, &source).buses == 256) == (cut >= MCFG + SIZE));
        free(part);
    }
}

/* ---- who is asked ---- */
static void ways(uint32_t *memory)
{
    EXPECT(!config_way());
    table_make(ECAM, 0, BUSES - 1);
    memory[0] = port_id = BRIDGE;
    memory[(1u << 20 | 5u << 15 | 2u << 12 | 0x3C) / 4] = 0x12345678;
    config_open(&phys, &source);
    EXPECT(config_way()->base == ECAM && config_way()->buses == BUSES);
    port_asked = 0;
    EXPECT(config_read(ENABLE) == BRIDGE && config_read(ON_BUS_1) == 0x12345678);
    config_write(ON_BUS_1, 0xABCD);
    EXPECT(memory[(1u << 20 | 5u << 15 | 2u << 12 | 0x3C) / 4] == 0xABCD);
    EXPECT(!port_asked && !port_written && memory_asked == 4); /* the first by config_open */
    EXPECT(config_read(BEHIND) == (BEHIND ^ 0xFFFF) && port_asked == 1);
    config_write(BEHIND, 77);
    EXPECT(port_written == 77 && port_address == BEHIND);

    memory[0] = BRIDGE + 1; /* the memory shows something else */
    config_open(&phys, &source);
    EXPECT(says(config_way(), "another host bridge"));
    EXPECT(config_read(ON_BUS_1) == (ON_BUS_1 ^ 0xFFFF));
    memory[0] = port_id = 0xFFFFFFFF; /* nothing answers at either */
    config_open(&phys, &source);
    EXPECT(says(config_way(), "another host bridge"));
}

int main(void)
{
    bytes = calloc(1, FIRMWARE_BYTES);
    phys = (struct phys){bytes, FIRMWARE_BASE, FIRMWARE_BYTES};
    uint32_t *memory = mmap((void *)(uintptr_t)ECAM, BUSES << 20, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT(memory == (void *)(uintptr_t)ECAM);
    fields();
    broken();
    if (memory == (void *)(uintptr_t)ECAM)
        ways(memory);
    free(bytes);
    return unit_done("config");
}
