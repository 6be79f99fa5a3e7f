/* SPDX-License-Identifier: MIT
 * See blob.h. Invariant: nothing beyond `size` bytes is read, whatever the header claims, and sizes
 * are compared by subtraction from what is known to be larger, so no sum can wrap. */
#include "kernel/core/blob.h"

#include <stddef.h>

#include "kernel/core/wire.h"

#define BLOB_PAGE 4096u

static uint32_t blob_crc(const struct initfs_header *h)
{
    static const uint32_t no_crc = 0;
    const char *bytes = (const char *)h;
    uint64_t at = offsetof(struct initfs_header, crc32);
    uint32_t crc = crc32_update(0, bytes, at);

    crc = crc32_update(crc, &no_crc, sizeof(no_crc));
    return crc32_update(crc, bytes + at + 4, h->size - at - 4);
}

uint32_t blob_check(const void *blob, uint64_t size)
{
    const struct initfs_header *h = blob;

    if (size < sizeof(*h) || h->magic != INITFS_MAGIC || h->version != INITFS_VERSION ||
        h->header_size != sizeof(*h))
        return EXIT_INITFS_HEADER;
    if (h->size > size || h->size > INITFS_SIZE_MAX || h->size % BLOB_PAGE || h->size < BLOB_PAGE ||
        h->entry_offset >= h->size || h->image_offset > h->size ||
        h->image_size > h->size - h->image_offset)
        return EXIT_INITFS_BOUNDS;
    return blob_crc(h) == h->crc32 ? 0 : EXIT_INITFS_CRC;
}
