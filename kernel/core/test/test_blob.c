/* SPDX-License-Identifier: MIT
 * The blob's header, damaged in 1000 ways: what the kernel takes is in bounds, what it refuses is
 * not, and no byte behind the blob is read (each blob lies in memory of exactly its size, under the
 * sanitizers). */
#include "kernel/core/blob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "traces/test/check.h"

#define BLOB_BYTES 16384u
#define MUTANTS    1000u

static uint64_t random_next(void)
{
    static uint64_t x = 0x7461636820766572ull;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static void crc_right(unsigned char *blob, uint64_t size)
{
    struct initfs_header *h = (struct initfs_header *)blob;

    h->crc32 = 0;
    if (h->size >= sizeof(*h) && h->size <= size)
        h->crc32 = (uint32_t)crc32(0, blob, (uInt)h->size);
}

static unsigned char *blob_make(uint64_t size)
{
    unsigned char *blob = malloc(size);
    const struct initfs_header h = {.magic = INITFS_MAGIC,
                                    .version = INITFS_VERSION,
                                    .header_size = sizeof(h),
                                    .size = size,
                                    .entry_offset = 4096,
                                    .image_offset = 8192,
                                    .image_size = size - 8192};

    for (uint64_t i = 0; i < size; i++)
        blob[i] = (unsigned char)random_next();
    memcpy(blob, &h, sizeof(h));
    crc_right(blob, size);
    return blob;
}

/* What the contract says, written another way: sums in 128 bits. */
static uint32_t expected(const unsigned char *blob, uint64_t size)
{
    struct initfs_header h;
    static const uint32_t none = 0;

    if (size < sizeof(h))
        return EXIT_INITFS_HEADER;
    memcpy(&h, blob, sizeof(h));
    if (h.magic != INITFS_MAGIC || h.version != 1 || h.header_size != 72)
        return EXIT_INITFS_HEADER;
    bool sizes = h.size && h.size <= size && h.size <= INITFS_SIZE_MAX && h.size % 4096 == 0;
    if (!sizes || h.entry_offset >= h.size ||
        (unsigned __int128)h.image_offset + h.image_size > h.size)
        return EXIT_INITFS_BOUNDS;
    uLong crc = crc32(0, blob, offsetof(struct initfs_header, crc32));
    crc = crc32(crc, (const Bytef *)&none, 4);
    crc = crc32(crc, blob + 52, (uInt)(h.size - 52));
    return crc == h.crc32 ? 0 : EXIT_INITFS_CRC;
}

/* Values at the edges of what a field may be. */
static uint64_t edge(void)
{
    static const uint64_t base[] = {0,          72,         4096,       8192,      BLOB_BYTES,
                                    1ull << 24, 1ull << 31, 1ull << 32, 1ull << 63};

    return base[random_next() % (sizeof(base) / sizeof(base[0]))] + random_next() % 3 - 1;
}

static void header_damage(unsigned char *blob, uint64_t *size)
{
    uint64_t value = random_next() % 2 ? edge() : random_next(), at = random_next();

    switch (random_next() % 4) {
    case 0: /* a bit */
        blob[at % 72] ^= (unsigned char)(1u << at / 72 % 8);
        break;
    case 1: /* a byte */
        blob[at % 72] = (unsigned char)value;
        break;
    case 2: /* one of the 64-bit fields behind the magic */
        memcpy(blob + 16 + at % 4 * 8, &value, 8);
        break;
    default: /* less of it than there should be */
        *size = value % (BLOB_BYTES + 1);
    }
}

static void mutants_try(void)
{
    unsigned refused = 0, codes[3] = {0};

    for (unsigned i = 0; i < MUTANTS; i++) {
        unsigned char *whole = blob_make(BLOB_BYTES);
        uint64_t size = BLOB_BYTES;
        for (unsigned n = 0; n <= i % 3; n++)
            header_damage(whole, &size);
        if (i % 2)
            crc_right(whole, size);
        unsigned char *blob = malloc(size ? size : 1);
        memcpy(blob, whole, size);
        uint32_t want = expected(blob, size), have = blob_check(blob, size);
        CHECK(have == want);
        refused += have != 0;
        if (have)
            codes[have - EXIT_INITFS_HEADER]++;
        free(blob);
        free(whole);
    }
    printf("refused: header %u, bounds %u, crc %u\n", codes[0], codes[1], codes[2]);
    CHECK(refused > MUTANTS / 2 && refused < MUTANTS);
    CHECK(codes[0] > 20 && codes[1] > 20 && codes[2] > 20);
}

int main(void)
{
    unsigned char *good = blob_make(BLOB_BYTES);

    CHECK(blob_check(good, BLOB_BYTES) == 0);
    CHECK(blob_check(good, BLOB_BYTES - 1) == EXIT_INITFS_BOUNDS);
    CHECK(blob_check(good, 0) == EXIT_INITFS_HEADER);
    free(good);
    mutants_try();
    printf("shows V4: %s, %u checks: 1000 damaged headers are refused for what is wrong\n",
           check_failed ? "FAIL" : "ok", check_passed);
    return check_end("blob");
}
