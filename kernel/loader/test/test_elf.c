/* SPDX-License-Identifier: MIT
 * elf_check and modules_find: one good kernel, and every way to damage it that has a code of its
 * own. Files lie in heap blocks of their exact size, so that ASan sees a byte too far. */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"
#include "kernel/abi/boot.h"
#include "kernel/loader/elf.h"
#include "kernel/loader/modules.h"

#define BASE       0xFFFFFFFF80100000ull
#define PAGE       4096u
#define FILE_BYTES 700u
#define PH         64u
#define PH_BYTES   56u

static const struct elf_limits limits = {BASE, BASE + (1u << 24)};

static void put(uint8_t *file, size_t at, uint64_t value, size_t bytes)
{
    memcpy(file + at, &value, bytes);
}

struct segment {
    uint64_t flags, offset, vaddr, file_bytes, bytes;
};

static void segment_put(uint8_t *file, unsigned index, const struct segment *s)
{
    size_t at = PH + index * PH_BYTES;
    put(file, at, 1, 4);
    put(file, at + 4, s->flags, 4);
    put(file, at + 8, s->offset, 8);
    put(file, at + 16, s->vaddr, 8);
    put(file, at + 32, s->file_bytes, 8);
    put(file, at + 40, s->bytes, 8);
}

/* Text, constants, and data with three pages of bss. */
static uint8_t *kernel_make(void)
{
    uint8_t *file = calloc(1, FILE_BYTES);
    static const uint8_t ident[] = {0x7F, 'E', 'L', 'F', 2, 1, 1};
    memcpy(file, ident, sizeof(ident));
    put(file, 16, 2, 2);
    put(file, 18, 62, 2);
    put(file, 20, 1, 4);
    put(file, 24, BASE + 16, 8);
    put(file, 32, PH, 8);
    put(file, 52, 64, 2);
    put(file, 54, PH_BYTES, 2);
    put(file, 56, 3, 2);
    segment_put(file, 0, &(struct segment){ELF_R | ELF_X, 300, BASE, 100, 100});
    segment_put(file, 1, &(struct segment){ELF_R, 400, BASE + PAGE, 100, 100});
    segment_put(file, 2, &(struct segment){ELF_R | ELF_W, 500, BASE + 2 * PAGE, 200, 3 * PAGE});
    return file;
}

static void test_good(void)
{
    uint8_t *file = kernel_make();
    struct elf_image image;
    EXPECT(elf_check(file, FILE_BYTES, &limits, &image) == 0);
    EXPECT(image.entry == BASE + 16 && image.segment_count == 3);
    EXPECT(image.end == BASE + 5 * PAGE);
    EXPECT(image.segment[2].bytes == 3 * PAGE && image.segment[2].file_bytes == 200);
    EXPECT(image.segment[0].flags == (ELF_R | ELF_X));
    free(file);
}

/* One field set to one value. */
struct damage {
    const char *name;
    size_t at;
    uint64_t value;
    size_t bytes;
    uint32_t code;
};
#define P(index, field) (PH + (index)*PH_BYTES + (field))

static const struct damage damages[] = {
    {"magic", 0, 0, 1, EXIT_LOADER_ELF_MAGIC},
    {"class", 4, 1, 1, EXIT_LOADER_ELF_CLASS},
    {"data", 5, 2, 1, EXIT_LOADER_ELF_CLASS},
    {"ident version", 6, 0, 1, EXIT_LOADER_ELF_CLASS},
    {"version", 20, 2, 4, EXIT_LOADER_ELF_CLASS},
    {"type", 16, 3, 2, EXIT_LOADER_ELF_TYPE},
    {"machine", 18, 3, 2, EXIT_LOADER_ELF_MACHINE},
    {"header size", 52, 63, 2, EXIT_LOADER_ELF_HEADERS},
    {"program header size", 54, 32, 2, EXIT_LOADER_ELF_HEADERS},
    {"headers at the end", 32, FILE_BYTES - 3 * PH_BYTES + 1, 8, EXIT_LOADER_ELF_HEADERS},
    {"headers beyond", 32, FILE_BYTES + 1, 8, EXIT_LOADER_ELF_HEADERS},
    {"headers wrap", 32, UINT64_MAX - 55, 8, EXIT_LOADER_ELF_HEADERS},
    {"many headers", 56, 65535, 2, EXIT_LOADER_ELF_HEADERS},
    {"no headers", 56, 0, 2, EXIT_LOADER_ELF_HEADERS},
    {"offset beyond", P(2, 8), FILE_BYTES + 1, 8, EXIT_LOADER_ELF_BOUNDS},
    {"offset one too far", P(2, 8), 501, 8, EXIT_LOADER_ELF_BOUNDS},
    {"offset wraps", P(2, 8), UINT64_MAX, 8, EXIT_LOADER_ELF_BOUNDS},
    {"file bytes above memory", P(2, 40), 199, 8, EXIT_LOADER_ELF_SIZE},
    {"below the kernel", P(0, 16), BASE - PAGE, 8, EXIT_LOADER_ELF_ADDRESS},
    {"user address", P(0, 16), 0x100000, 8, EXIT_LOADER_ELF_ADDRESS},
    {"above the kernel", P(2, 16), BASE + (1u << 24) - PAGE, 8, EXIT_LOADER_ELF_ADDRESS},
    {"bytes wrap", P(2, 40), UINT64_MAX, 8, EXIT_LOADER_ELF_ADDRESS},
    {"unaligned", P(1, 16), BASE + PAGE + 8, 8, EXIT_LOADER_ELF_ALIGN},
    {"shared page", P(0, 40), PAGE + 1, 8, EXIT_LOADER_ELF_OVERLAP},
    {"same address", P(1, 16), BASE + 4 * PAGE, 8, EXIT_LOADER_ELF_OVERLAP},
    {"writable text", P(0, 4), 7, 4, EXIT_LOADER_ELF_WX},
    {"no text", P(0, 4), ELF_R, 4, EXIT_LOADER_ELF_ENTRY},
    {"entry in data", 24, BASE + 2 * PAGE, 8, EXIT_LOADER_ELF_ENTRY},
    {"entry behind text", 24, BASE + 100, 8, EXIT_LOADER_ELF_ENTRY},
    {"entry 0", 24, 0, 8, EXIT_LOADER_ELF_ENTRY},
};

static void test_damages(void)
{
    struct elf_image image;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        uint8_t *file = kernel_make();
        put(file, damages[i].at, damages[i].value, damages[i].bytes);
        uint32_t code = elf_check(file, FILE_BYTES, &limits, &image);
        EXPECT(code == damages[i].code);
        if (code != damages[i].code)
            printf("    %s: 0x%x\n", damages[i].name, code);
        free(file);
    }
}

/* What may be, right at each limit. */
static void test_limits(void)
{
    uint8_t *file = kernel_make();
    struct elf_image image;
    /* Neighbours in falling order, the highest up to the last address, the file used to its end. */
    segment_put(file, 0, &(struct segment){ELF_R, 400, limits.end - PAGE, 300, PAGE});
    segment_put(file, 1, &(struct segment){ELF_R | ELF_W, FILE_BYTES, BASE + PAGE, 0, PAGE});
    segment_put(file, 2, &(struct segment){ELF_X, 300, BASE, 100, PAGE});
    put(file, 24, BASE, 8);
    EXPECT(elf_check(file, FILE_BYTES, &limits, &image) == 0 && image.end == limits.end);
    put(file, 24, BASE + 99, 8);
    EXPECT(elf_check(file, FILE_BYTES, &limits, &image) == 0);
    put(file, P(0, 16), limits.end, 8);
    put(file, P(0, 40), 0, 8);
    EXPECT(elf_check(file, FILE_BYTES, &limits, &image) == EXIT_LOADER_ELF_SIZE);
    /* Neither a segment without bytes nor another type of header is looked at. */
    put(file, P(0, 32), 0, 8);
    EXPECT(elf_check(file, FILE_BYTES, &limits, &image) == 0 && image.segment_count == 2);
    segment_put(file, 0, &(struct segment){7, UINT64_MAX, 1, UINT64_MAX, 1});
    put(file, P(0, 0), 4, 4);
    EXPECT(elf_check(file, FILE_BYTES, &limits, &image) == 0 && image.segment_count == 2);
    /* The headers at the very end. */
    memmove(file + FILE_BYTES - 3 * PH_BYTES, file + PH, 3 * PH_BYTES);
    put(file, 32, FILE_BYTES - 3 * PH_BYTES, 8);
    EXPECT(elf_check(file, FILE_BYTES, &limits, &image) == 0);
    free(file);
}

/* Cut at every length: never accepted, never read beyond. */
static void test_truncated(void)
{
    struct elf_image image;
    uint8_t *whole = kernel_make();
    for (size_t size = 0; size < FILE_BYTES; size++) {
        uint8_t *cut = malloc(size ? size : 1);
        memcpy(cut, whole, size);
        EXPECT(elf_check(cut, size, &limits, &image) != 0);
        free(cut);
    }
    free(whole);
}

static void test_many_segments(void)
{
    enum { COUNT = ELF_SEGMENTS + 1, SIZE = PH + COUNT * PH_BYTES };
    uint8_t *file = realloc(kernel_make(), SIZE);
    struct elf_image image;
    for (unsigned i = 0; i < COUNT; i++)
        segment_put(file, i, &(struct segment){ELF_R | ELF_X, 0, BASE + i * PAGE, 64, 64});
    put(file, 56, COUNT, 2);
    EXPECT(elf_check(file, SIZE, &limits, &image) == EXIT_LOADER_ELF_HEADERS);
    put(file, 56, COUNT - 1, 2);
    EXPECT(elf_check(file, SIZE, &limits, &image) == 0 && image.segment_count == ELF_SEGMENTS);
    free(file);
}

/* Modules in a window of four pages: kinds are letters, K kernel, I initfs, ? other, 0 empty. */
static uint32_t find(const char *kinds, struct modules *modules)
{
    uint8_t bytes[4 * PAGE] = {0};
    struct phys phys = {bytes, PAGE, sizeof(bytes)};
    struct source source = {.module_count = (uint32_t)strlen(kinds)};
    for (uint32_t i = 0; kinds[i]; i++) {
        uint32_t base = (i + 1) * PAGE;
        source.module[i] = (struct source_module){base, kinds[i] == '0' ? base : base + 64};
        put(bytes, i * PAGE, kinds[i] == 'K' ? 0x464C457F : INITFS_MAGIC, 8);
        if (kinds[i] == '?')
            put(bytes, i * PAGE, 1, 8);
    }
    return modules_find(&phys, &source, modules).exit;
}

static void test_modules(void)
{
    struct modules m;
    EXPECT(find("KI", &m) == 0 && m.kernel.base == PAGE && m.initfs.base == 2 * PAGE);
    EXPECT(find("IK", &m) == 0 && m.kernel.base == 2 * PAGE && m.initfs.base == PAGE);
    EXPECT(find("?I0K", &m) == 0 && m.kernel.base == 4 * PAGE);
    EXPECT(find("", &m) == EXIT_LOADER_NO_KERNEL);
    EXPECT(find("I", &m) == EXIT_LOADER_NO_KERNEL);
    EXPECT(find("??", &m) == EXIT_LOADER_NO_KERNEL);
    EXPECT(find("I?", &m) == EXIT_LOADER_ELF_MAGIC);
    EXPECT(find("I0", &m) == EXIT_LOADER_ELF_MAGIC);
    EXPECT(find("K", &m) == EXIT_LOADER_NO_INITFS);
    EXPECT(find("K?", &m) == EXIT_LOADER_NO_INITFS);
    EXPECT(find("KKI", &m) == EXIT_LOADER_INFO);
    EXPECT(find("KII", &m) == EXIT_LOADER_INFO);
}

int main(void)
{
    test_good();
    test_damages();
    test_limits();
    test_truncated();
    test_many_segments();
    test_modules();
    return unit_done("loader elf");
}
