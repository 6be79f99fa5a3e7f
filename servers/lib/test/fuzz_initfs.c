/* SPDX-License-Identifier: MIT
 * libFuzzer harness of the archive reader. Whatever the bytes are: no read outside of them, and in
 * an accepted archive every file is inside, named, in order, and found by its name. */
#include <stdlib.h>
#include <string.h>

#include "servers/lib/initfs_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void file_check(const struct initfs *fs, uint32_t index, const uint8_t *end)
{
    struct initfs_file file, found, before;
    require(initfs_at(fs, index, &file));
    size_t length = strlen(file.path);
    require(length > 0 && length <= INITFS_PATH_MAX && file.path[0] != '/');
    require(file.mode == 0444 || file.mode == 0555);
    require(file.data >= fs->archive && file.data <= end && file.size <= (size_t)(end - file.data));
    if (file.size)
        (void)*(const volatile uint8_t *)&file.data[file.size - 1];
    require(initfs_find(fs, file.path, length, &found) && found.path == file.path);
    if (index && initfs_at(fs, index - 1, &before))
        require(strcmp(before.path, file.path) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct initfs fs;
    struct initfs_file file;
    if (!initfs_open(&fs, data, size)) {
        require(fs.count == 0);
        return 0;
    }
    for (uint32_t i = 0; i < fs.count; i++)
        file_check(&fs, i, data + size);
    require(!initfs_at(&fs, fs.count, &file));
    /* Any bytes are a name that may be asked for. */
    initfs_find(&fs, (const char *)data, size < 80 ? size : 80, &file);
    return 0;
}
