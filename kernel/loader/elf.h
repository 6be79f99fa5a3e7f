/* SPDX-License-Identifier: MIT
 * The check of an ELF64 executable before a byte of it is trusted: pure, so that it is the same
 * code in the loader, in mkinitfs, in unit tests and under the fuzzer. What it accepts can be
 * copied and mapped without any further test. */
#ifndef TACH_LOADER_ELF_H
#define TACH_LOADER_ELF_H

#include <stdint.h>

#define ELF_SEGMENTS 16u
#define ELF_PAGE     4096u
#define ELF_X        1u
#define ELF_W        2u
#define ELF_R        4u

/* Addresses that a segment may have: [base, end), both page aligned. */
struct elf_limits {
    uint64_t base, end;
};

/* One PT_LOAD of at least one byte: page-aligned vaddr, file_bytes <= bytes, file range inside the
 * file, never both ELF_W and ELF_X. */
struct elf_segment {
    uint64_t vaddr, bytes;
    uint64_t file_offset, file_bytes;
    uint32_t flags;
};

struct elf_image {
    uint64_t entry;         /* inside the file bytes of an executable segment */
    uint64_t end;           /* page-aligned end of the highest segment */
    uint32_t segment_count; /* at least 1; no two share a page; in the order of the file */
    struct elf_segment segment[ELF_SEGMENTS];
};

/* Checks size bytes at file. Returns 0 and fills *image, or the EXIT_LOADER_ELF_* of the first
 * thing that is wrong (then *image is not to be used). Reads nothing outside of the file. */
uint32_t elf_check(const uint8_t *file, uint64_t size, const struct elf_limits *limits,
                   struct elf_image *image);

#endif
