/* SPDX-License-Identifier: MIT
 * Host tool: makes the initfs blob of kernel/abi/boot.h from the bootstrap's ELF file and a list of
 * files. The same input gives the same bytes, whatever the order of the arguments; a failed run
 * leaves an older output as it was. Called by the Makefile. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bench/exits.h"
#include "kernel/abi/boot.h"
#include "kernel/loader/elf.h"

#define PAGE       4096u
#define DATA_ALIGN 16u
#define MODE_READ  0444u
#define MODE_EXEC  0555u
#define FILES_MAX  4096

static const char usage[] =
    "Usage: mkinitfs -o OUT -b BOOTSTRAP.ELF [PATH=FILE[:MODE]]...\n"
    "Makes the initfs blob OUT: the bootstrap, then each FILE under the name PATH.\n"
    "MODE is 444 or 555; without it, files under bin/ have 555, all others 444.\n"
    "Example: mkinitfs -o initfs.img -b bootstrap.elf bin/init=build/init.elf etc/rc=rc\n"
    "Exit: 0 done, 64 wrong arguments, 65 bad bootstrap or too large, 66 unreadable input,\n"
    "73 OUT cannot be written.\n";

/* Bytes of one file, read whole. */
struct bytes {
    uint8_t *at;
    size_t size;
};

struct member {
    char path[INITFS_PATH_MAX + 1];
    const char *source;
    uint32_t mode;
    struct bytes content;
};

struct blob {
    struct initfs_header header;
    struct bytes bytes;
};

static _Noreturn void fail(int code, const char *subject, const char *what)
{
    fprintf(stderr, "mkinitfs: ");
    for (; *subject; subject++)
        fputc(*subject < ' ' || *subject > '~' ? '?' : *subject, stderr);
    fprintf(stderr, ": %s\n", what);
    exit(code);
}

static void *must_alloc(size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);
    if (!p)
        fail(TACH_INTERNAL, "memory", "exhausted");
    return p;
}

static size_t up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static struct bytes file_read(const char *name)
{
    struct stat st;
    FILE *f = fopen(name, "rb");
    if (!f || fstat(fileno(f), &st))
        fail(TACH_NOINPUT, name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        fail(TACH_NOINPUT, name, "not a regular file");
    if ((uint64_t)st.st_size > INITFS_SIZE_MAX)
        fail(TACH_BADDATA, name, "larger than an initfs may be (16 MiB)");
    struct bytes b = {must_alloc((size_t)st.st_size), (size_t)st.st_size};
    if (fread(b.at, 1, b.size, f) != b.size)
        fail(TACH_NOINPUT, name, "cannot be read to its end");
    fclose(f);
    return b;
}

/* The loader's text for an ELF that it would refuse, without "kernel: ". */
static const char *elf_text(uint32_t code)
{
    if (code == EXIT_LOADER_ELF_ADDRESS)
        return "segment outside of 0x2000 .. 16 MiB: not linked as a bootstrap";
    static const struct {
        uint32_t code;
        const char *text;
    } table[] = {
#define X(name, value, text) {value, text},
        EXITS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            return strchr(table[i].text, ':') ? strchr(table[i].text, ':') + 2 : table[i].text;
    return "not a good ELF file";
}

/* Lays the bootstrap out behind the header page. */
static void bootstrap_place(struct blob *blob, const char *name)
{
    static const struct elf_limits limits = {INITFS_BASE + PAGE, INITFS_BASE + INITFS_SIZE_MAX};
    static const uint32_t order[] = {ELF_R | ELF_X, ELF_R, ELF_R | ELF_W};
    struct bytes file = file_read(name);
    struct elf_image image;
    uint32_t bad = elf_check(file.at, file.size, &limits, &image);
    if (bad)
        fail(TACH_BADDATA, name, elf_text(bad));
    if (image.segment_count != 3)
        fail(TACH_BADDATA, name, "must have three segments: text, rodata, data");
    blob->bytes.size = (size_t)(image.end - INITFS_BASE);
    blob->bytes.at = must_alloc(blob->bytes.size);
    for (unsigned i = 0; i < 3; i++) {
        const struct elf_segment *s = &image.segment[i];
        if (s->flags != order[i] || (i && s->vaddr < image.segment[i - 1].vaddr))
            fail(TACH_BADDATA, name, "segments must be text (r-x), rodata (r--), data (rw-)");
        memcpy(blob->bytes.at + (s->vaddr - INITFS_BASE), file.at + s->file_offset,
               (size_t)s->file_bytes);
    }
    blob->header.entry_offset = image.entry - INITFS_BASE;
    blob->header.text_offset = (uint32_t)(image.segment[0].vaddr - INITFS_BASE);
    blob->header.rodata_offset = (uint32_t)(image.segment[1].vaddr - INITFS_BASE);
    blob->header.data_offset = (uint32_t)(image.segment[2].vaddr - INITFS_BASE);
    blob->header.end_offset = (uint32_t)blob->bytes.size;
    free(file.at);
}

/* Cuts ":MODE" off. A colon that no mode follows is part of the file's name. */
static uint32_t mode_cut(char *source, uint32_t otherwise)
{
    char *colon = strrchr(source, ':');
    char *end;
    if (!colon || !colon[1] || strspn(colon + 1, "01234567") != strlen(colon + 1))
        return otherwise;
    unsigned long mode = strtoul(colon + 1, &end, 8);
    if (mode != MODE_READ && mode != MODE_EXEC)
        fail(TACH_USAGE, source, "mode is neither 444 nor 555");
    *colon = 0;
    return (uint32_t)mode;
}

static void member_parse(struct member *member, char *argument)
{
    char *equals = strchr(argument, '=');
    if (!equals || !equals[1])
        fail(TACH_USAGE, argument, "not of the form PATH=FILE[:MODE]");
    *equals = 0;
    if (!*argument || *argument == '/' || strlen(argument) > INITFS_PATH_MAX)
        fail(TACH_USAGE, argument, "a path has 1 to 63 bytes and no leading slash");
    memcpy(member->path, argument, strlen(argument));
    member->source = equals + 1;
    member->mode = mode_cut(equals + 1, strncmp(argument, "bin/", 4) ? MODE_READ : MODE_EXEC);
}

static int member_order(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->path, ((const struct member *)b)->path);
}

static void members_read(struct member *member, size_t count)
{
    qsort(member, count, sizeof(*member), member_order);
    for (size_t i = 0; i < count; i++) {
        if (i && !strcmp(member[i].path, member[i - 1].path))
            fail(TACH_USAGE, member[i].path, "given twice");
        member[i].content = file_read(member[i].source);
    }
}

/* Appends the archive and gives the blob its final size. */
static void archive_place(struct blob *blob, const struct member *member, size_t count)
{
    size_t start = blob->bytes.size;
    size_t at = up(sizeof(struct initfs_archive) + count * sizeof(struct initfs_entry), DATA_ALIGN);
    size_t end = at;
    for (size_t i = 0; i < count; i++)
        end = up(end, DATA_ALIGN) + member[i].content.size;
    size_t total = up(start + end, PAGE);
    if (total > INITFS_SIZE_MAX)
        fail(TACH_BADDATA, "output", "larger than an initfs may be (16 MiB)");
    uint8_t *bytes = must_alloc(total);
    memcpy(bytes, blob->bytes.at, start);
    struct initfs_archive head = {(uint32_t)count, 0};
    memcpy(bytes + start, &head, sizeof(head));
    for (size_t i = 0; i < count; i++) {
        struct initfs_entry entry = {{0}, member[i].mode, 0, at, member[i].content.size};
        memcpy(entry.path, member[i].path, sizeof(entry.path));
        memcpy(bytes + start + sizeof(head) + i * sizeof(entry), &entry, sizeof(entry));
        memcpy(bytes + start + at, member[i].content.at, member[i].content.size);
        at = up(at + member[i].content.size, DATA_ALIGN);
    }
    free(blob->bytes.at);
    blob->bytes = (struct bytes){bytes, total};
    blob->header.image_offset = start;
    blob->header.image_size = end;
}

static void header_place(struct blob *blob)
{
    struct initfs_header *h = &blob->header;
    h->magic = INITFS_MAGIC;
    h->version = INITFS_VERSION;
    h->header_size = sizeof(*h);
    h->size = blob->bytes.size;
    memcpy(blob->bytes.at, h, sizeof(*h));
    h->crc32 = (uint32_t)crc32(crc32(0, NULL, 0), blob->bytes.at, (uInt)blob->bytes.size);
    memcpy(blob->bytes.at, h, sizeof(*h));
}

static bool bytes_write(const char *name, const struct bytes *bytes)
{
    FILE *f = fopen(name, "wb");
    if (!f)
        return false;
    bool written = fwrite(bytes->at, 1, bytes->size, f) == bytes->size;
    return fclose(f) == 0 && written;
}

/* Writes beside the target first, so that it is there whole or not at all. What is no regular file
 * (a pipe, a device) is written as it is: a rename would replace it. */
static void file_write(const char *name, const struct bytes *bytes)
{
    struct stat st;
    size_t length = strlen(name);
    if (!stat(name, &st) && !S_ISREG(st.st_mode)) {
        if (!bytes_write(name, bytes))
            fail(TACH_CANTCREATE, name, strerror(errno));
        return;
    }
    char *fresh = must_alloc(length + sizeof(".new"));
    memcpy(fresh, name, length);
    memcpy(fresh + length, ".new", sizeof(".new"));
    if (!bytes_write(fresh, bytes) || rename(fresh, name)) {
        int reason = errno;
        unlink(fresh);
        free(fresh);
        fail(TACH_CANTCREATE, name, strerror(reason));
    }
    free(fresh);
}

int main(int argc, char **argv)
{
    const char *out = NULL, *bootstrap = NULL;
    struct blob blob = {0};
    for (int option; (option = getopt(argc, argv, "o:b:h")) != -1;) {
        if (option == 'o')
            out = optarg;
        else if (option == 'b')
            bootstrap = optarg;
        else if (option == 'h')
            return fputs(usage, stdout) < 0 ? TACH_CANTCREATE : TACH_OK;
        else
            return TACH_USAGE;
    }
    if (!out || !bootstrap)
        fail(TACH_USAGE, "arguments", "-o OUT and -b BOOTSTRAP.ELF are needed (-h: help)");
    size_t count = (size_t)(argc - optind);
    if (count > FILES_MAX)
        fail(TACH_USAGE, "arguments", "more than 4096 files");
    struct member *member = must_alloc(count * sizeof(*member));
    for (size_t i = 0; i < count; i++)
        member_parse(&member[i], argv[optind + (int)i]);
    members_read(member, count);
    bootstrap_place(&blob, bootstrap);
    archive_place(&blob, member, count);
    header_place(&blob);
    file_write(out, &blob.bytes);
    for (size_t i = 0; i < count; i++)
        free(member[i].content.at);
    free(member);
    free(blob.bytes.at);
    return TACH_OK;
}
