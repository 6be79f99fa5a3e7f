/* SPDX-License-Identifier: MIT
 * The firmware's interrupt table: one as PCs have it, each field that may be wrong, and cuts and
 * flipped bytes at every place, under the sanitizers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/hal/madt.h"

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

/* Header, local APIC, I/O APIC, overrides of 0 (pin 2) and 9 (level, low), one for no ISA line. */
static const uint8_t entries[] = {
    0, 8,  0, 0,  1,  0, 0,    0,                  /* a processor */
    1, 12, 7, 0,  0,  0, 0xC1, 0xFE, 24,  0, 0, 0, /* an I/O APIC whose first pin is 24 */
    1, 12, 8, 0,  0,  0, 0xC0, 0xFE, 0,   0, 0, 0, /* the one */
    2, 10, 0, 0,  2,  0, 0,    0,    0,   0,       /* the timer */
    2, 10, 0, 9,  9,  0, 0,    0,    0xF, 0,       /* level, low */
    2, 10, 0, 99, 3,  0, 0,    0,    0,   0,       /* no such source */
    2, 10, 0, 5,  77, 0, 0,    0,    0,   0,       /* no such pin */
};
#define SIZE (44u + sizeof(entries))

static void table_make(uint8_t *t)
{
    memset(t, 0, SIZE);
    memcpy(t, "APIC", 4);
    t[4] = SIZE;
    memcpy(t + 44, entries, sizeof(entries));
    t[9] = (uint8_t)-acpi_sum(t, SIZE);
}

static void whole(void)
{
    uint8_t t[SIZE];
    struct madt m;

    table_make(t);
    CHECK(madt_read(t, SIZE, &m));
    CHECK(m.ioapic == 0xFEC00000u);
    CHECK(m.isa[0].pin == 2 && !m.isa[0].level && !m.isa[0].low);
    CHECK(m.isa[9].pin == 9 && m.isa[9].level && m.isa[9].low);
    CHECK(m.isa[5].pin == 5 && m.isa[3].pin == 3);
    t[40]++; /* the checksum */
    CHECK(!madt_read(t, SIZE, &m));
    CHECK(m.ioapic == 0 && m.isa[0].pin == 2 && m.isa[9].pin == 9 && !m.isa[9].level);
    table_make(t);
    t[0] = 'B';
    CHECK(!madt_read(t, SIZE, &m));
}

/* Exactly as many bytes as there are, so that the sanitizer sees each one too many. */
static void cut_and_flipped(void)
{
    uint8_t t[SIZE];
    struct madt m;

    for (unsigned size = 0; size < SIZE; size++) {
        uint8_t *copy = malloc(size ? size : 1);
        table_make(t);
        memcpy(copy, t, size);
        CHECK(!madt_read(copy, size, &m)); /* it says that it is longer */
        if (size >= 44) {                  /* a table that ends there, in the middle of an entry */
            copy[4] = (uint8_t)size;
            copy[9] = 0;
            copy[9] = (uint8_t)-acpi_sum(copy, size);
            CHECK(madt_read(copy, size, &m));
        }
        free(copy);
    }
    for (unsigned at = 44; at < SIZE; at++)
        for (unsigned value = 0; value < 256; value++) {
            uint8_t *copy = malloc(SIZE);
            table_make(copy);
            copy[at] = (uint8_t)value;
            copy[9] = 0;
            copy[9] = (uint8_t)-acpi_sum(copy, SIZE);
            CHECK(madt_read(copy, SIZE, &m));
            for (unsigned i = 0; i < MADT_ISA; i++)
                CHECK(m.isa[i].pin <= 23);
            free(copy);
        }
}

#define HPET_SIZE 56u

static void hpet_make(uint8_t *t)
{
    memset(t, 0, HPET_SIZE);
    memcpy(t, "HPET", 4);
    t[4] = HPET_SIZE;
    memcpy(t + 44, "\x00\x00\xd0\xfe\x01\0\0\0", 8);
    t[9] = (uint8_t)-acpi_sum(t, HPET_SIZE);
}

/* The event timer's table: its one address, and each byte that makes it another table. */
static void hpet(void)
{
    for (unsigned size = 0; size <= HPET_SIZE; size++) {
        uint8_t whole_table[HPET_SIZE], *copy = malloc(size ? size : 1);
        hpet_make(whole_table);
        memcpy(copy, whole_table, size);
        CHECK(hpet_table_read(copy, size) == (size == HPET_SIZE ? 0x1FED00000ull : 0));
        free(copy);
    }
    for (unsigned at = 0; at < HPET_SIZE; at++) {
        uint8_t t[HPET_SIZE];
        hpet_make(t);
        t[at] ^= 1;
        CHECK(hpet_table_read(t, HPET_SIZE) == 0); /* its sum is wrong */
        t[9] = 0;
        t[9] = (uint8_t)-acpi_sum(t, HPET_SIZE);
        CHECK((hpet_table_read(t, HPET_SIZE) == 0) == (at < 8 || at == 40));
    }
}

int main(void)
{
    whole();
    hpet();
    cut_and_flipped();
    printf("hal madt: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
