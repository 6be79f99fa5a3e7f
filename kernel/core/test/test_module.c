/* SPDX-License-Identifier: MIT
 * module_check and module_table_check: a good module passes, each thing that can be wrong with one
 * has its own words. With an argument it writes the good one there, for the fuzzer's corpus. */
#include "kernel/core/modelf.h"
#include "traces/test/check.h"

#include <elf.h>

#define TEXT_AT   0x200u
#define TABLES_AT 0x240u
#define TABLES    0x1000u /* their address */
#define RELA      (TABLES + 0xA8u)
#define DYNAMIC   (RELA + 2 * sizeof(Elf64_Rela))
#define SIZE      0x400u

_Static_assert(sizeof(struct service_ops) <= 0xA8, "the relocations lie behind the table");

static union {
    uint8_t bytes[SIZE];
    Elf64_Ehdr h;
    struct {
        Elf64_Ehdr h;
        Elf64_Phdr p[3];
    } head;
} file;

static Elf64_Rela *rela(void)
{
    return (Elf64_Rela *)(file.bytes + TABLES_AT + (RELA - TABLES));
}

static Elf64_Dyn *dynamic(void)
{
    return (Elf64_Dyn *)(file.bytes + TABLES_AT + (DYNAMIC - TABLES));
}

static struct service_ops *table(void)
{
    return (struct service_ops *)(file.bytes + TABLES_AT);
}

static void good_make(void)
{
    static const uint64_t bytes = DYNAMIC - TABLES + 4 * sizeof(Elf64_Dyn);

    memset(&file, 0, sizeof(file));
    memcpy(file.h.e_ident, "\177ELF\2\1\1", 7);
    file.h.e_type = ET_DYN;
    file.h.e_machine = EM_X86_64;
    file.h.e_version = 1;
    file.h.e_entry = TABLES;
    file.h.e_phoff = sizeof(Elf64_Ehdr);
    file.h.e_ehsize = sizeof(Elf64_Ehdr);
    file.h.e_phentsize = sizeof(Elf64_Phdr);
    file.h.e_phnum = 3;
    file.head.p[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, TEXT_AT, 0, 0, 0x20, 0x20, 4096};
    file.head.p[1] = (Elf64_Phdr){PT_LOAD, PF_R, TABLES_AT, TABLES, 0, bytes, bytes, 4096};
    file.head.p[2] = (Elf64_Phdr){PT_DYNAMIC,
                                  PF_R,
                                  TABLES_AT + (DYNAMIC - TABLES),
                                  DYNAMIC,
                                  0,
                                  4 * sizeof(Elf64_Dyn),
                                  4 * sizeof(Elf64_Dyn),
                                  8};
    strcpy(table()->name, "fine");
    for (unsigned i = 0; i < 2; i++)
        rela()[i] = (Elf64_Rela){TABLES + offsetof(struct service_ops, open) + 16 * i,
                                 R_X86_64_RELATIVE, 0x10};
    dynamic()[0] = (Elf64_Dyn){DT_RELA, {RELA}};
    dynamic()[1] = (Elf64_Dyn){DT_RELASZ, {2 * sizeof(Elf64_Rela)}};
    dynamic()[2] = (Elf64_Dyn){DT_RELAENT, {sizeof(Elf64_Rela)}};
}

static struct module_image image;

static const char *checked(void)
{
    return module_check(file.bytes, sizeof(file), &image);
}

/* One field of the good file is another; then it is the good file again. */
#define BAD(change, words)                                                                         \
    do {                                                                                           \
        good_make();                                                                               \
        change;                                                                                    \
        CHECK_TEXT(checked(), words);                                                              \
    } while (0)

static void headers(void)
{
    BAD(file.h.e_ident[0] = 0, "no ELF magic");
    BAD(file.h.e_ident[EI_CLASS] = ELFCLASS32, "not for x86-64");
    BAD(file.h.e_machine = EM_386, "not for x86-64");
    BAD(file.h.e_type = ET_EXEC, "not a shared object");
    BAD(file.h.e_phoff = SIZE, "program headers out of the file");
    BAD(file.h.e_phoff = ~0ull, "program headers out of the file");
    BAD(file.h.e_phnum = 9, "program headers out of the file");
    BAD(file.h.e_phentsize = 32, "program headers out of the file");
    BAD(file.h.e_entry = TABLES + 4, "no table of operations");
    BAD(file.h.e_entry = 0, "no table of operations");
    BAD(file.h.e_entry = TABLES + 0x100, "no table of operations");
    BAD(file.h.e_entry = ~7ull, "no table of operations");
}

static void segments(void)
{
    BAD(file.head.p[1].p_offset = SIZE, "a segment out of the file");
    BAD(file.head.p[1].p_offset = ~0ull, "a segment out of the file");
    BAD(file.head.p[1].p_filesz = 0x10000, "a segment out of the file");
    BAD(file.head.p[1].p_memsz = 8, "a segment out of the file");
    BAD(file.head.p[0].p_memsz = MODULE_BYTES_MAX + 1, "larger than a module may be");
    BAD(file.head.p[1].p_vaddr = ~0ull << 12, "larger than a module may be");
    BAD(file.head.p[1].p_vaddr = TABLES + 8, "a segment not at a page");
    BAD(file.head.p[1].p_flags = PF_R | PF_W, "a writable segment");
    BAD(file.head.p[0].p_flags = PF_R | PF_W | PF_X, "a writable segment");
    BAD(file.head.p[0].p_flags = PF_X, "a segment that cannot be read");
    BAD(file.head.p[1].p_vaddr = 0, "segments that overlap");
    BAD(file.head.p[0].p_memsz = 0x1001, "segments that overlap");
    BAD(file.head.p[1].p_flags = PF_R | PF_X, "no table of operations");
}

static void relocations(void)
{
    BAD(rela()[0].r_info = R_X86_64_64, "a relocation that is not relative");
    BAD(rela()[1].r_info |= 1ull << 32, "a relocation that is not relative");
    BAD(rela()[0].r_offset = 8, "a relocation outside of its tables");
    BAD(rela()[0].r_offset++, "a relocation outside of its tables");
    BAD(rela()[0].r_offset = ~7ull, "a relocation outside of its tables");
    BAD(rela()[0].r_offset = TABLES + 0xFF8, "a relocation outside of its tables");
    BAD(rela()[0].r_addend = 0x2000, "a relocation to an address outside");
    BAD(rela()[0].r_addend = -1, "a relocation to an address outside");
    BAD(dynamic()[0].d_un.d_val = 0x5000, "relocations out of the file");
    BAD(dynamic()[1].d_un.d_val = 25, "relocations out of the file");
    BAD(dynamic()[1].d_un.d_val = ~0ull / 24 * 24, "relocations out of the file");
    BAD(dynamic()[2].d_un.d_val = 16, "relocations out of the file");
    BAD(dynamic()[2].d_tag = DT_NEEDED, "it needs another object");
    BAD(dynamic()[2].d_tag = DT_PLTRELSZ, "relocations of a kind that modules have not");
    BAD(dynamic()[2].d_tag = DT_TEXTREL, "relocations of a kind that modules have not");
    BAD(dynamic()[2].d_tag = DT_INIT_ARRAY, "initialisers");
    BAD(dynamic()[3].d_tag = DT_DEBUG, "dynamic section without an end");
    BAD(file.head.p[2].p_offset = SIZE - 8, "dynamic section out of the file");
}

/* The table as it stands after relocation. */
static void tables(void)
{
    static const char *const odd = "an operation outside of its text";
    struct service_ops ops = {.name = "fine"};
    long (*inside)(struct svc *, struct svc_req *);
    uint64_t base = 0xFFFFFFFF90000000ull, text = base + 0x1F, end = base + 0x20;

    good_make();
    CHECK_TEXT(checked(), 0);
    memcpy(&inside, &text, sizeof(inside));
    ops.read = inside;
    CHECK_TEXT(module_table_check(&ops, &image, base), 0);
    memcpy(&ops.write, &end, sizeof(end));
    CHECK_TEXT(module_table_check(&ops, &image, base), odd);
    ops.write = 0;
    end = base + TABLES;
    memcpy(&ops.load, &end, sizeof(end)); /* the last one, and tables are no text */
    CHECK_TEXT(module_table_check(&ops, &image, base), odd);
    ops.load = 0;
    static const char *const names[] = {"", "Upper", "a:b", "0123456789abcdef"};
    for (unsigned i = 0; i < 4; i++) {
        memcpy(ops.name, names[i], strlen(names[i]) + (strlen(names[i]) < 16));
        CHECK(module_table_check(&ops, &image, base) != 0);
    }
    strcpy(ops.name, "fine");
    ops.flags = 4;
    CHECK(module_table_check(&ops, &image, base) != 0);
}

int main(int argc, char **argv)
{
    good_make();
    if (argc == 2) {
        FILE *out = fopen(argv[1], "wb");
        return !out || fwrite(&file, sizeof(file), 1, out) != 1 || fclose(out);
    }
    CHECK_TEXT(checked(), 0);
    CHECK_EQ(image.bytes, 2 * MODULE_PAGE);
    CHECK_EQ(image.reloc_count, 2);
    CHECK_EQ(module_reloc(file.bytes, &image, 1).addend, 0x10);
    for (uint64_t size = 0; size < SIZE; size += 8)
        CHECK(module_check(file.bytes, size, &image) != 0 || size >= TABLES_AT + 0x118);
    headers();
    segments();
    relocations();
    tables();
    return check_end("module");
}
