/* SPDX-License-Identifier: MIT
 * Mitigations for one cell: switched by writes to sys:mitig, and put back as the boot has them.
 * Called by cells.c. */
#include "bench/guest/bench.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"

#define FILE_PATH "sys:mitig"
#define TEXT_MAX  512u

static const char *const names[] = {"fence", "verw", "ibpb", "rsb"};
#define NAMES (sizeof(names) / sizeof(names[0]))

static bool before[NAMES], changed;

static long mitig_put(const char *name, bool on)
{
    char text[24];
    print_to(text, sizeof(text), "%s %s", name, on ? "on" : "off");
    return file_put(FILE_PATH, text);
}

/* A line "NAME on" or "NAME on needed" in the file. */
static bool mitig_is_on(const char *text, const char *name)
{
    uint64_t length = strlen(name);
    for (const char *line = text; *line; line++) {
        if (!memcmp(line, name, length) && !memcmp(line + length, " on", 3))
            return true;
        while (*line && *line != '\n')
            line++;
        if (!*line)
            return false;
    }
    return false;
}

long mitig_use(const char *name)
{
    static char text[TEXT_MAX];
    long got = file_text(FILE_PATH, text, sizeof(text));
    if (got < 0)
        return got;
    for (unsigned i = 0; i < NAMES; i++)
        before[i] = mitig_is_on(text, names[i]);
    changed = true;
    long error = mitig_put("all", false);
    return error < 0 ? error : mitig_put(name, true);
}

void mitig_restore(void)
{
    if (!changed)
        return;
    mitig_put("all", false);
    for (unsigned i = 0; i < NAMES; i++)
        if (before[i])
            mitig_put(names[i], true);
    changed = false;
}
