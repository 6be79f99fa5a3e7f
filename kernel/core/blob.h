/* SPDX-License-Identifier: MIT
 * The header of the initfs blob, the only part of it that the kernel reads. Pure: called once by
 * core_entry and by a host test. */
#ifndef TACH_CORE_BLOB_H
#define TACH_CORE_BLOB_H

#include <stdint.h>

#include "kernel/abi/boot.h"

/* Every field that the kernel uses, against the `size` bytes that are there. 0, or how the boot
 * ends: EXIT_INITFS_HEADER, EXIT_INITFS_BOUNDS, EXIT_INITFS_CRC. `blob` is aligned to 8. */
uint32_t blob_check(const void *blob, uint64_t size);

#endif
