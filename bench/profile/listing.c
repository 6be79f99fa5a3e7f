/* SPDX-License-Identifier: MIT
 * See listing.h. objdump's words go through a file of ours, with a bound on its time. */
#include "bench/profile/listing.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "bench/process.h"
#include "bench/profile/profile.h"
#include "traces/array.h"
#include "traces/say.h"

#define LIMIT_S     20
#define LISTING_MAX (64u << 20)

/* "jbe ffffffff80123680 <entry.slow>" says enough by the name. */
static void targets_shorten(char *text)
{
    char *name = strchr(text, '<'), *from = name;

    if (!name || from < text + 2 || from[-1] != ' ')
        return;
    from--;
    while (from > text && isxdigit((unsigned char)from[-1]))
        from--;
    if (from > text && from[-1] == ' ')
        memmove(from, name, strlen(name) + 1);
}

/* "  ffffffff80123680:\tcmp    $0x5,%rax" */
static int line_take(const char *line, struct instruction *out)
{
    char *end;
    size_t n = 0;

    out->address = strtoull(line, &end, 16);
    if (end == line || end[0] != ':' || end[1] != '\t')
        return 0;
    for (end += 2; *end && *end != '\n' && n + 1 < sizeof(out->text); end++)
        out->text[n++] = *end >= ' ' && *end <= '~' ? *end : ' ';
    while (n && out->text[n - 1] == ' ')
        n--;
    out->text[n] = '\0';
    targets_shorten(out->text);
    return n > 0;
}

static int lines_take(const char *path, char *text, struct instruction **list, size_t *count)
{
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        struct instruction *grown = array_grow(*list, *count, 1, sizeof(*grown));
        if (!grown)
            return say_error(TACH_INTERNAL, VERB_PROFILE, path, "out of memory");
        *list = grown;
        *count += (size_t)line_take(line, &grown[*count]);
    }
    return TACH_OK;
}

static int objdump_run(const char *path, const char *const *argv, const char *log)
{
    struct process objdump = {0};

    if (process_start(&objdump, argv, log, LIMIT_S))
        return say_error(TACH_UNAVAILABLE, VERB_PROFILE, path, "objdump cannot be started");
    process_wait(&objdump);
    if (objdump.status == 127)
        return say_error(TACH_UNAVAILABLE, VERB_PROFILE, path, "there is no objdump (binutils)");
    if (objdump.status != 0)
        return say_error(TACH_BADDATA, VERB_PROFILE, path, "objdump failed on it");
    return TACH_OK;
}

int listing_make(const char *path, uint64_t start, uint64_t end, struct instruction **list,
                 size_t *count)
{
    char log[] = "/tmp/tach-listing-XXXXXX", from[40], to[40], *text = NULL;
    const int file = mkstemp(log);
    size_t size;

    *list = NULL;
    *count = 0;
    if (file < 0)
        return say_error(TACH_CANTCREATE, VERB_PROFILE, log, "cannot be made");
    close(file);
    snprintf(from, sizeof(from), "--start-address=0x%" PRIx64, start);
    snprintf(to, sizeof(to), "--stop-address=0x%" PRIx64, end);
    const char *const argv[] = {
        "objdump", "-d", "--no-show-raw-insn", "-M", "intel", from, to, "--", path, NULL};
    int status = objdump_run(path, argv, log);
    if (status == TACH_OK)
        status = file_read(VERB_PROFILE, log, LISTING_MAX, &text, &size);
    if (status == TACH_OK)
        status = lines_take(path, text, list, count);
    free(text);
    unlink(log);
    return status;
}
