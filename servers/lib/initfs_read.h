/* SPDX-License-Identifier: MIT
 * Reads the archive of an initfs blob in place: pure, freestanding, no allocation. initfs_open
 * looks at every entry once; what it accepts needs no further check. Used by the initfs daemon, by
 * the bootstrap, and by tests on the host. */
#ifndef TACH_SERVERS_INITFS_READ_H
#define TACH_SERVERS_INITFS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/boot.h"

/* An archive that was found good; points into the blob, which must stay. */
struct initfs {
    const uint8_t *archive;
    uint32_t count;
};

/* One file. path is NUL-terminated and without a leading slash; mode 0444 or 0555. */
struct initfs_file {
    const char *path;
    const uint8_t *data;
    uint64_t size;
    uint32_t mode;
};

/* Checks the blob of `size` bytes: header, archive, every entry, order of the paths. The CRC is the
 * kernel's to check, once, before anything runs. False: damaged, and *fs is empty. */
bool initfs_open(struct initfs *fs, const void *blob, uint64_t size);

/* The file number index, in the order of the paths. False: index >= fs->count. */
bool initfs_at(const struct initfs *fs, uint32_t index, struct initfs_file *file);

/* The file named by path[0..length). One leading slash is ignored. False: no such file. */
bool initfs_find(const struct initfs *fs, const char *path, size_t length,
                 struct initfs_file *file);

#endif
