/* SPDX-License-Identifier: MIT
 * The archive reader: a blob of three files, look-ups of every kind, and each field of it made
 * wrong. Blobs lie in heap blocks of their exact size, so that ASan sees a byte too far. */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"
#include "servers/lib/initfs_read.h"

#define SIZE   1024u
#define IMAGE  128u
#define ENTRY0 (IMAGE + (unsigned)sizeof(struct initfs_archive))
#define DATA   288u /* from the archive's start */

static void entry_put(uint8_t *blob, uint32_t index, const char *path, uint64_t offset)
{
    struct initfs_entry entry = {{0}, index == 1 ? 0555 : 0444, 0, offset, 5};
    memcpy(entry.path, path, strlen(path));
    memcpy(blob + ENTRY0 + index * sizeof(entry), &entry, sizeof(entry));
}

static uint8_t *blob_make(void)
{
    uint8_t *blob = calloc(1, SIZE);
    struct initfs_header header = {.magic = INITFS_MAGIC,
                                   .version = INITFS_VERSION,
                                   .header_size = sizeof(header),
                                   .size = SIZE,
                                   .image_offset = IMAGE,
                                   .image_size = SIZE - IMAGE};
    struct initfs_archive archive = {3, 0};
    memcpy(blob, &header, sizeof(header));
    memcpy(blob + IMAGE, &archive, sizeof(archive));
    entry_put(blob, 0, "bin", DATA);
    entry_put(blob, 1, "bin/init", DATA + 16);
    entry_put(blob, 2, "etc/rc", SIZE - IMAGE - 16);
    memcpy(blob + IMAGE + DATA + 16, "hello", 5);
    return blob;
}

static void test_find(void)
{
    uint8_t *blob = blob_make();
    char longest[80];
    struct initfs fs;
    struct initfs_file file;
    EXPECT(initfs_open(&fs, blob, SIZE) && fs.count == 3);
    EXPECT(initfs_find(&fs, "bin/init", 8, &file) && file.size == 5 && file.mode == 0555);
    EXPECT(!memcmp(file.data, "hello", 5) && !strcmp(file.path, "bin/init"));
    EXPECT(initfs_find(&fs, "/etc/rc", 7, &file) && file.mode == 0444);
    EXPECT(initfs_find(&fs, "bin", 3, &file) && !strcmp(file.path, "bin"));
    EXPECT(initfs_find(&fs, "bin/initial", 8, &file));
    EXPECT(!initfs_find(&fs, "bin/initial", 9, &file));
    EXPECT(!initfs_find(&fs, "bin/", 4, &file) && !initfs_find(&fs, "bi", 2, &file));
    EXPECT(!initfs_find(&fs, "bin\0x", 5, &file) && !initfs_find(&fs, "//bin", 5, &file));
    EXPECT(!initfs_find(&fs, "", 0, &file) && !initfs_find(&fs, "/", 1, &file));
    EXPECT(!initfs_find(&fs, "zz", 2, &file) && !initfs_find(&fs, "a", 1, &file));
    memset(longest, 'a', sizeof(longest));
    EXPECT(!initfs_find(&fs, longest, sizeof(longest), &file));
    EXPECT(initfs_at(&fs, 2, &file) && !strcmp(file.path, "etc/rc") && !initfs_at(&fs, 3, &file));
    free(blob);
}

#define HEADER(field)       offsetof(struct initfs_header, field)
#define ENTRY(index, field) (ENTRY0 + (index)*88u + offsetof(struct initfs_entry, field))

static const struct {
    const char *name;
    size_t at;
    uint64_t value;
    size_t bytes;
} damages[] = {
    {"magic", HEADER(magic), 1, 8},
    {"version", HEADER(version), 2, 4},
    {"header size", HEADER(header_size), 64, 4},
    {"size", HEADER(size), SIZE + 1, 8},
    {"archive in the header", HEADER(image_offset), 64, 8},
    {"archive beyond", HEADER(image_offset), SIZE + 1, 8},
    {"archive too long", HEADER(image_size), SIZE - IMAGE + 1, 8},
    {"archive wraps", HEADER(image_size), UINT64_MAX, 8},
    {"archive too short", HEADER(image_size), 4, 8},
    {"count", IMAGE, (SIZE - IMAGE - 8) / 88 + 1, 4},
    {"many", IMAGE, UINT32_MAX, 4},
    {"empty entry", IMAGE, 4, 4},
    {"mode", ENTRY(0, mode), 0777, 4},
    {"offset beyond", ENTRY(2, offset), SIZE, 8},
    {"offset wraps", ENTRY(2, offset), UINT64_MAX - 15, 8},
    {"unaligned", ENTRY(2, offset), DATA + 1, 8},
    {"size beyond", ENTRY(2, size), 17, 8},
    {"size wraps", ENTRY(0, size), UINT64_MAX, 8},
    {"absolute path", ENTRY(0, path), '/', 1},
    {"empty path", ENTRY(0, path), 0, 1},
    {"order", ENTRY(0, path), 'c', 1},
};

static void test_damages(void)
{
    struct initfs fs;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        uint8_t *blob = blob_make();
        memcpy(blob + damages[i].at, &damages[i].value, damages[i].bytes);
        bool accepted = initfs_open(&fs, blob, SIZE);
        EXPECT(!accepted && fs.count == 0);
        if (accepted)
            printf("    %s\n", damages[i].name);
        free(blob);
    }
}

static void test_names(void)
{
    struct initfs fs;
    struct initfs_file file;
    uint8_t *blob = blob_make();
    /* The same name twice, and a name that fills its field without a NUL. */
    entry_put(blob, 1, "bin", DATA);
    memset(blob + ENTRY(1, path) + 3, 0, INITFS_PATH_MAX - 3);
    EXPECT(!initfs_open(&fs, blob, SIZE));
    memset(blob + ENTRY(1, path), 'c', INITFS_PATH_MAX + 1);
    EXPECT(!initfs_open(&fs, blob, SIZE));
    blob[ENTRY(1, path) + INITFS_PATH_MAX] = 0;
    EXPECT(initfs_open(&fs, blob, SIZE));
    EXPECT(initfs_find(&fs, (const char *)blob + ENTRY(1, path), INITFS_PATH_MAX, &file));
    free(blob);
}

/* Entries that would all be good if the archive were longer, and an archive that just fits. */
static void test_fit(void)
{
    struct initfs fs;
    uint8_t *blob = blob_make();
    uint64_t exact = sizeof(struct initfs_archive) + 3 * sizeof(struct initfs_entry);
    uint64_t place[2] = {exact / 16 * 16, 0}; /* offset, size */
    for (unsigned i = 0; i < 3; i++)
        memcpy(blob + ENTRY(i, offset), place, sizeof(place));
    memcpy(blob + HEADER(image_size), &exact, sizeof(exact));
    EXPECT(initfs_open(&fs, blob, SIZE) && fs.count == 3);
    exact--;
    memcpy(blob + HEADER(image_size), &exact, sizeof(exact));
    EXPECT(!initfs_open(&fs, blob, SIZE));
    free(blob);
}

static void test_truncated(void)
{
    struct initfs fs;
    uint8_t *whole = blob_make();
    for (size_t size = 0; size < SIZE; size++) {
        uint8_t *cut = malloc(size ? size : 1);
        memcpy(cut, whole, size);
        EXPECT(!initfs_open(&fs, cut, size));
        free(cut);
    }
    free(whole);
}

int main(void)
{
    test_find();
    test_damages();
    test_names();
    test_fit();
    test_truncated();
    return unit_done("initfs reader");
}
