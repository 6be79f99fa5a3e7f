/* SPDX-License-Identifier: MIT
 * See symbols.h. Functions are the symbols that a compiler calls so, and the global labels of
 * assembly, which have no size: such a one ends where the next begins. With isolation an entry's
 * body lies far behind its label; the labels NAME.x in it, and "..@N.body" at its start, show whose
 * it is: it is the function NAME.body. */
#include "bench/profile/symbols.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "traces/array.h"

struct symbol {
    uint64_t start, end; /* end 0: not said */
    char name[PLACE_NAME];
    bool label; /* in a function, or in the body of one */
};

#define BODY_MARK  "..@"
#define BODY_LABEL ".body"

struct symbols {
    Dwfl *dwfl;
    Dwfl_Module *module;
    struct symbol *list; /* by rising start */
    size_t count;
    struct symbol *labels; /* by rising start */
    size_t label_count;
};

void symbol_clean(char *to, size_t size, const char *from, size_t length)
{
    size_t n = 0;

    for (; n + 1 < size && n < length && from[n]; n++)
        to[n] = from[n] > ' ' && from[n] <= '~' && from[n] != ';' ? from[n] : '_';
    to[n] = '\0';
}

static bool is_function(const GElf_Sym *symbol)
{
    const int type = GELF_ST_TYPE(symbol->st_info);

    return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx < SHN_LORESERVE &&
           (type == STT_FUNC ||
            (type == STT_NOTYPE && GELF_ST_BIND(symbol->st_info) == STB_GLOBAL));
}

static bool is_label(const GElf_Sym *symbol, const char *name)
{
    return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx < SHN_LORESERVE &&
           GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE && strchr(name, '.') != NULL;
}

static int by_start(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* Takes the symbols of one table; false when memory ends. */
static bool table_take(struct symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Sym symbol;

    for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (!name || !*name || (!is_function(&symbol) && !is_label(&symbol, name)))
            continue;
        struct symbol *list = array_grow(symbols->list, symbols->count, 1, sizeof(*list));
        if (!list)
            return false;
        symbols->list = list;
        list += symbols->count++;
        list->start = symbol.st_value;
        list->label = !is_function(&symbol);
        list->end = symbol.st_size ? symbol.st_value + symbol.st_size : 0;
        symbol_clean(list->name, sizeof(list->name), name, strlen(name));
    }
    return true;
}

static bool is_body_mark(const char *name)
{
    const size_t length = strlen(name), tail = sizeof(BODY_LABEL) - 1;

    return !strncmp(name, BODY_MARK, sizeof(BODY_MARK) - 1) && length > tail &&
           !strcmp(name + length - tail, BODY_LABEL);
}

/* Makes a label the beginning of its function's body, unless that function, or its body, is where
 * it stands. */
static bool body_make(struct symbol *label, const struct symbol *within)
{
    const size_t base = strcspn(label->name, ".");
    const size_t known = within ? strcspn(within->name, ".") : 0;

    if (base == 0 || base + sizeof(BODY_LABEL) > PLACE_NAME ||
        (known == base && !memcmp(within->name, label->name, base)))
        return false;
    memcpy(label->name + base, BODY_LABEL, sizeof(BODY_LABEL));
    return true;
}

/* A copy of all labels of the sorted list. False when memory ends. */
static bool labels_keep(struct symbols *symbols)
{
    symbols->labels = calloc(symbols->count + 1, sizeof(*symbols->labels));
    for (size_t i = 0; i < symbols->count && symbols->labels; i++)
        if (symbols->list[i].label)
            symbols->labels[symbols->label_count++] = symbols->list[i];
    return symbols->labels != NULL;
}

/* Leaves functions and bodies in the sorted list. */
static void labels_resolve(struct symbols *symbols)
{
    uint64_t mark = 0;
    size_t kept = 0;

    for (size_t i = 0; i < symbols->count; i++) {
        struct symbol *symbol = &symbols->list[i];
        if (symbol->label && is_body_mark(symbol->name)) {
            mark = symbol->start;
            continue;
        }
        if (symbol->label) {
            if (!body_make(symbol, kept ? &symbols->list[kept - 1] : NULL))
                continue;
            symbol->start = mark ? mark : symbol->start;
        }
        mark = 0;
        symbols->list[kept++] = *symbol;
    }
    symbols->count = kept;
}

static int symbols_read(struct symbols *symbols, Elf *elf, char why[160])
{
    GElf_Ehdr header;
    GElf_Shdr section_header;

    if (!gelf_getehdr(elf, &header) || header.e_machine != EM_X86_64 ||
        header.e_ident[EI_CLASS] != ELFCLASS64) {
        snprintf(why, 160, "not an ELF file for x86-64");
        return TACH_BADDATA;
    }
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;)
        if (gelf_getshdr(section, &section_header) && section_header.sh_type == SHT_SYMTAB &&
            !table_take(symbols, elf, section, &section_header)) {
            snprintf(why, 160, "out of memory");
            return TACH_INTERNAL;
        }
    if (symbols->count)
        qsort(symbols->list, symbols->count, sizeof(*symbols->list), by_start);
    if (!labels_keep(symbols)) {
        snprintf(why, 160, "out of memory");
        return TACH_INTERNAL;
    }
    labels_resolve(symbols);
    if (!symbols->count) {
        snprintf(why, 160, "no function symbols in it: stripped, or damaged");
        return TACH_BADDATA;
    }
    return TACH_OK;
}

static int file_open(struct symbols *symbols, const char *path, char why[160])
{
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                             .find_debuginfo = dwfl_standard_find_debuginfo,
                                             .section_address = dwfl_offline_section_address};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    GElf_Addr bias;

    if (fd < 0) {
        snprintf(why, 160, "%s", strerror(errno));
        return TACH_NOINPUT;
    }
    symbols->dwfl = dwfl_begin(&callbacks);
    if (symbols->dwfl) /* fd is the library's from here on, if that goes well */
        symbols->module = dwfl_report_offline(symbols->dwfl, "", path, fd);
    if (!symbols->module) {
        close(fd);
        snprintf(why, 160, "not an ELF file that can be read (%.100s)", dwfl_errmsg(-1));
        return TACH_BADDATA;
    }
    dwfl_report_end(symbols->dwfl, NULL, NULL);
    Elf *elf = dwfl_module_getelf(symbols->module, &bias);
    if (elf)
        return symbols_read(symbols, elf, why);
    snprintf(why, 160, "not an ELF file that can be read (%.100s)", dwfl_errmsg(-1));
    return TACH_BADDATA;
}

int symbols_open(const char *path, struct symbols **out, char why[160])
{
    struct symbols *symbols = calloc(1, sizeof(*symbols));
    int status = TACH_INTERNAL;

    snprintf(why, 160, "out of memory");
    if (symbols)
        status = file_open(symbols, path, why);
    if (status != TACH_OK) {
        symbols_close(symbols);
        symbols = NULL;
    }
    *out = symbols;
    return status;
}

void symbols_close(struct symbols *symbols)
{
    if (!symbols)
        return;
    if (symbols->dwfl)
        dwfl_end(symbols->dwfl);
    free(symbols->list);
    free(symbols->labels);
    free(symbols);
}

/* How many of the sorted list begin at or below the address. */
static size_t symbols_below(const struct symbol *list, size_t count, uint64_t address)
{
    size_t low = 0, high = count;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (list[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The place of the last symbol that begins at or below the address; NULL: none covers it. */
static const struct symbol *symbol_at(const struct symbols *symbols, uint64_t address,
                                      uint64_t *end)
{
    const size_t low = symbols_below(symbols->list, symbols->count, address);

    *end = low < symbols->count ? symbols->list[low].start : UINT64_MAX;
    if (!low)
        return NULL;
    const struct symbol *symbol = &symbols->list[low - 1];
    if (symbol->end)
        *end = symbol->end;
    return address < *end ? symbol : NULL;
}

static void line_find(const struct symbols *symbols, uint64_t address, struct place *place)
{
    Dwfl_Line *line = dwfl_module_getsrc(symbols->module, address);
    const char *source = line ? dwfl_lineinfo(line, NULL, &place->line, NULL, NULL, NULL) : NULL;

    if (source && !strncmp(source, "./", 2)) /* as a header is found */
        source += 2;
    if (source)
        symbol_clean(place->source, sizeof(place->source), source, strlen(source));
}

void symbols_find(const struct symbols *symbols, uint64_t address, struct place *place)
{
    uint64_t end;

    memset(place, 0, sizeof(*place));
    const struct symbol *symbol = symbol_at(symbols, address, &end);
    if (!symbol)
        return;
    memcpy(place->name, symbol->name, sizeof(place->name));
    place->start = symbol->start;
    place->end = end;
    line_find(symbols, address, place);
}

const char *symbols_label(const struct symbols *symbols, const struct place *place,
                          uint64_t address, bool (*wanted)(const char *label))
{
    size_t i = symbols_below(symbols->labels, symbols->label_count, address);

    while (i-- && symbols->labels[i].start >= place->start)
        if (wanted(symbols->labels[i].name))
            return symbols->labels[i].name;
    return "";
}

bool symbols_lines(const struct symbols *symbols)
{
    Dwarf_Addr bias;

    return dwfl_module_getdwarf(symbols->module, &bias) != NULL;
}

bool symbols_named(const struct symbols *symbols, const char *name, struct place *place)
{
    for (size_t i = 0; i < symbols->count; i++)
        if (!strcmp(symbols->list[i].name, name)) {
            symbols_find(symbols, symbols->list[i].start, place);
            return !strcmp(place->name, name);
        }
    return false;
}

bool symbols_build(const struct symbols *symbols, const uint8_t id[20])
{
    const unsigned char *bits;
    GElf_Addr address;

    return dwfl_module_build_id(symbols->module, &bits, &address) == 20 && !memcmp(bits, id, 20);
}
