/* SPDX-License-Identifier: MIT
 * CRC-32 (reflected 0xEDB88320), a byte a step. The table is made at the first use: the blob's
 * check at boot is what its size is for. */
#include "kernel/core/wire.h"

#define POLYNOMIAL 0xEDB88320u

static uint32_t table[256];

static void table_make(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        table[i] = crc;
    }
}

uint32_t crc32_update(uint32_t crc, const void *bytes, uint64_t n)
{
    const uint8_t *at = bytes;

    if (!table[1])
        table_make();
    crc = ~crc;
    for (uint64_t i = 0; i < n; i++)
        crc = table[(crc ^ at[i]) & 0xFF] ^ crc >> 8;
    return ~crc;
}
