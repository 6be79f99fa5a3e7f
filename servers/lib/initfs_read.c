/* SPDX-License-Identifier: MIT
 * See initfs_read.h. Structs are copied out, never cast onto the bytes, so a blob may stand at any
 * address; sums are written as differences, so none can overflow. */
#include "servers/lib/initfs_read.h"

#define DATA_ALIGN 16u
#define MODE_READ  0444u
#define MODE_EXEC  0555u

static struct initfs_entry entry_get(const struct initfs *fs, uint32_t index)
{
    struct initfs_entry entry;
    __builtin_memcpy(&entry,
                     fs->archive + sizeof(struct initfs_archive) + (size_t)index * sizeof(entry),
                     sizeof(entry));
    return entry;
}

static bool header_good(const struct initfs_header *h, uint64_t size)
{
    return h->magic == INITFS_MAGIC && h->version == INITFS_VERSION &&
           h->header_size == sizeof(*h) && h->size == size && h->image_offset >= sizeof(*h) &&
           h->image_offset <= size && h->image_size <= size - h->image_offset &&
           h->image_size >= sizeof(struct initfs_archive);
}

/* Length of the path, or 0: empty, absolute or unterminated. */
static size_t path_length(const struct initfs_entry *entry)
{
    size_t n = 0;
    while (n <= INITFS_PATH_MAX && entry->path[n])
        n++;
    return n > INITFS_PATH_MAX || entry->path[0] == '/' ? 0 : n;
}

static bool entry_good(const struct initfs_entry *e, uint64_t image_size)
{
    return path_length(e) && (e->mode == MODE_READ || e->mode == MODE_EXEC) &&
           e->offset % DATA_ALIGN == 0 && e->offset <= image_size &&
           e->size <= image_size - e->offset;
}

/* Like strcmp(a, b[0..length)): below, equal to or above 0. */
static int path_compare(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (a[i] != b[i])
            return (unsigned char)a[i] - (unsigned char)b[i];
        if (!a[i])
            return -1; /* b goes on behind a NUL byte that it holds */
    }
    return (unsigned char)a[length];
}

static bool entries_good(const struct initfs *fs, uint64_t image_size)
{
    struct initfs_entry before = {{0}, 0, 0, 0, 0};
    for (uint32_t i = 0; i < fs->count; i++) {
        struct initfs_entry entry = entry_get(fs, i);
        if (!entry_good(&entry, image_size))
            return false;
        if (path_compare(before.path, entry.path, path_length(&entry)) >= 0)
            return false;
        before = entry;
    }
    return true;
}

bool initfs_open(struct initfs *fs, const void *blob, uint64_t size)
{
    struct initfs_header header;
    struct initfs_archive archive;
    *fs = (struct initfs){0};
    if (size < sizeof(header))
        return false;
    __builtin_memcpy(&header, blob, sizeof(header));
    if (!header_good(&header, size))
        return false;
    struct initfs found = {(const uint8_t *)blob + header.image_offset, 0};
    __builtin_memcpy(&archive, found.archive, sizeof(archive));
    if (archive.count > (header.image_size - sizeof(archive)) / sizeof(struct initfs_entry))
        return false;
    found.count = archive.count;
    if (!entries_good(&found, header.image_size))
        return false;
    *fs = found;
    return true;
}

bool initfs_at(const struct initfs *fs, uint32_t index, struct initfs_file *file)
{
    if (index >= fs->count)
        return false;
    struct initfs_entry entry = entry_get(fs, index);
    const uint8_t *place =
        fs->archive + sizeof(struct initfs_archive) + (size_t)index * sizeof(entry);
    file->path = (const char *)place + offsetof(struct initfs_entry, path);
    file->data = fs->archive + entry.offset;
    file->size = entry.size;
    file->mode = entry.mode;
    return true;
}

bool initfs_find(const struct initfs *fs, const char *path, size_t length, struct initfs_file *file)
{
    uint32_t low = 0, high = fs->count;
    if (length && *path == '/') {
        path++;
        length--;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        initfs_at(fs, middle, file);
        int order = path_compare(file->path, path, length);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
