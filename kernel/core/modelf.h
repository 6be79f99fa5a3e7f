/* SPDX-License-Identifier: MIT
 * The check of a service module's ELF file, before a byte of it is used: pure, so that the kernel,
 * unit tests and the fuzzer run the same code. A module is a shared object at address 0 whose entry
 * is its table of ops, with segments that are R X or R, relocations that add the base, and nothing
 * else: no imports, no writable data, no initialisers. */
#ifndef TACH_CORE_MODELF_H
#define TACH_CORE_MODELF_H

#include <stdbool.h>
#include <stdint.h>

#include "servers/service.h"

#define MODULE_SEGMENTS   4u
#define MODULE_BYTES_MAX  (64u << 10) /* once loaded */
#define MODULE_FILE_BYTES (96u << 10)
#define MODULE_PAGE       4096u

/* Offsets are from the module's base or the file's start. Page-aligned `at`; file_bytes <= bytes;
 * no two share a page. */
struct module_segment {
    uint32_t at, bytes;
    uint32_t file_at, file_bytes;
    bool exec;
};

struct module_image {
    uint32_t bytes; /* page-aligned end of the highest segment, at most MODULE_BYTES_MAX */
    uint32_t segment_count;
    struct module_segment segment[MODULE_SEGMENTS];
    uint32_t table; /* of ops: whole inside the file bytes of a segment without X */
    uint32_t relocs_at, reloc_count; /* 24 bytes each, in the file */
};

/* One word to be written: base + addend at base + at. */
struct module_reloc {
    uint32_t at;     /* a multiple of 8, inside the file bytes of a segment without X */
    uint32_t addend; /* inside the module */
};

/* Checks size bytes at file. 0 and *image, or what is wrong. Reads nothing outside of the file. */
const char *module_check(const uint8_t *file, uint64_t size, struct module_image *image);

/* The relocation of that index in a file that has passed. */
struct module_reloc module_reloc(const uint8_t *file, const struct module_image *image,
                                 uint32_t index);

/* The table of ops as it stands in memory after relocation by `base`: a name, known flags, and
 * functions inside the module's text. 0, or what is wrong. */
const char *module_table_check(const struct service_ops *ops, const struct module_image *image,
                               uint64_t base);

#endif
