/* SPDX-License-Identifier: MIT
 * Uprobes by tracefs; see bench/uprobe.h. Where no tracefs is mounted one is, at a place of its
 * own, for as long as it takes to write a definition. */
#include "bench/uprobe.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"

#define PROGRAM_MAX (256u << 20)
#define GROUP       "tach_%d"
#define TRACING     "/sys/kernel/tracing"

/* A part of the file, or NULL where it is not all there. */
static const void *part_at(const uint8_t *file, size_t size, uint64_t at, uint64_t length)
{
    return at <= size && length <= size - at ? file + at : NULL;
}

/* The place in the file of an address of the loaded program; 0: no code there. */
static uint64_t address_offset(const uint8_t *file, size_t size, uint64_t address)
{
    const Elf64_Ehdr *head = (const void *)file;

    for (unsigned i = 0; i < head->e_phnum; i++) {
        Elf64_Phdr segment;
        const void *at = part_at(file, size, head->e_phoff + i * sizeof(segment), sizeof(segment));
        if (!at)
            return 0;
        memcpy(&segment, at, sizeof(segment));
        if (segment.p_type == PT_LOAD && segment.p_flags & PF_X && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_filesz)
            return address - segment.p_vaddr + segment.p_offset;
    }
    return 0;
}

/* Takes one symbol of the table for the probe that wants it. */
static size_t symbol_take(const Elf64_Sym *symbol, const char *name, struct uprobe *probes,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (probes[i].offset || !symbol->st_value || strcmp(name, probes[i].symbol))
            continue;
        probes[i].offset = symbol->st_value;
        return 1;
    }
    return 0;
}

/* The symbols of one table, its names in another section. */
static size_t table_read(const uint8_t *file, size_t size, const Elf64_Shdr sections[2],
                         struct uprobe *probes, size_t count)
{
    const Elf64_Shdr *table = &sections[0], *text = &sections[1];
    const char *names = part_at(file, size, text->sh_offset, text->sh_size);
    const uint8_t *symbols = part_at(file, size, table->sh_offset, table->sh_size);
    size_t found = 0;

    if (!names || !symbols || !text->sh_size || names[text->sh_size - 1])
        return 0;
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table->sh_size; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, symbols + at, sizeof(symbol));
        if (symbol.st_name < text->sh_size && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
            found += symbol_take(&symbol, names + symbol.st_name, probes, count);
    }
    return found;
}

size_t uprobe_symbols(const uint8_t *file, size_t size, struct uprobe *probes, size_t count)
{
    const Elf64_Ehdr *head = (const void *)file;
    size_t found = 0;

    if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
        head->e_ident[EI_CLASS] != ELFCLASS64)
        return 0;
    for (unsigned i = 0; i < head->e_shnum; i++) {
        Elf64_Shdr pair[2];
        const void *at = part_at(file, size, head->e_shoff + i * sizeof(*pair), sizeof(*pair));
        if (!at)
            break;
        memcpy(&pair[0], at, sizeof(*pair));
        at = part_at(file, size, head->e_shoff + pair[0].sh_link * sizeof(*pair), sizeof(*pair));
        if (pair[0].sh_type != SHT_DYNSYM || !at)
            continue;
        memcpy(&pair[1], at, sizeof(*pair));
        found += table_read(file, size, pair, probes, count);
    }
    for (size_t i = 0; i < count; i++)
        probes[i].offset = address_offset(file, size, probes[i].offset);
    return found;
}

/* A tracefs to work with: the mounted one, or one of our own; false where neither can be had. */
static bool tracing_open(char path[64], char why[160])
{
    snprintf(path, 64, TRACING);
    if (!access(TRACING "/uprobe_events", W_OK))
        return true;
    snprintf(path, 64, "/tmp/tach-tracing-XXXXXX");
    if (!mkdtemp(path) || mount("tracefs", path, "tracefs", 0, NULL)) {
        snprintf(why, 160, "no tracefs: %s", strerror(errno));
        rmdir(path);
        return false;
    }
    return true;
}

static void tracing_close(const char *path)
{
    if (!strcmp(path, TRACING))
        return;
    umount2(path, MNT_DETACH);
    rmdir(path);
}

/* Writes one definition; false with errno. */
static bool definition_write(const char *tracing, const char *text)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/uprobe_events", tracing);
    const int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    const bool good = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    const int error = errno;
    if (file >= 0)
        close(file);
    errno = error;
    return good;
}

static uint64_t event_number(const char *tracing, const char *name)
{
    char path[160], *text = NULL;
    size_t size;

    snprintf(path, sizeof(path), "%s/events/" GROUP "/%s/id", tracing, (int)getpid(), name);
    if (access(path, R_OK) || file_read("run", path, 64, &text, &size))
        return 0;
    const uint64_t number = strtoull(text, NULL, 10);
    free(text);
    return number;
}

static void probe_make(const char *tracing, const char *program, struct uprobe *probe)
{
    char *text;

    if (asprintf(&text, "p:" GROUP "/%s %s:0x%" PRIx64 "\n", (int)getpid(), probe->name, program,
                 probe->offset) < 0)
        return;
    if (definition_write(tracing, text))
        probe->event = event_number(tracing, probe->name);
    free(text);
}

size_t uprobe_make(const char *program, struct uprobe *probes, size_t count, char why[160])
{
    char tracing[64], *file;
    size_t size, made = 0;

    if (file_read("run", program, PROGRAM_MAX, &file, &size)) {
        snprintf(why, 160, "QEMU's file cannot be read");
        return 0;
    }
    const size_t found = uprobe_symbols((const uint8_t *)file, size, probes, count);
    free(file);
    if (!found)
        snprintf(why, 160, "QEMU's file exports none of the functions");
    if (!found || !tracing_open(tracing, why))
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (probes[i].offset)
            probe_make(tracing, program, &probes[i]);
        made += probes[i].event != 0;
    }
    if (!made)
        snprintf(why, 160, "the kernel takes no uprobes: %s", strerror(errno));
    tracing_close(tracing);
    return made;
}

void uprobe_remove(const struct uprobe *probes, size_t count)
{
    char tracing[64], why[160], text[96];

    if (!tracing_open(tracing, why))
        return;
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "-:" GROUP "/%s\n", (int)getpid(), probes[i].name);
        if (probes[i].event)
            definition_write(tracing, text);
    }
    tracing_close(tracing);
}
