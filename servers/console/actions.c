/* SPDX-License-Identifier: MIT
 * Commands that take words: each turns them into one file operation and prints what comes of it.
 * Invariant: every error is one line that names the file or the word. Called through the table. */
#include "servers/console/console.h"
#include "servers/lib/file.h"
#include "servers/lib/place.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define DUMP_DEFAULT 32u
#define DUMP_MAX     8192u
#define HEX_ROW      32u

/* A decimal number of at most nine digits; -1: it is none. */
static long number_of(const char *text)
{
    long value = 0;
    unsigned digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && digits < 9; digits++)
        value = value * 10 + (text[digits] - '0');
    return digits && !text[digits] ? value : -1;
}

void action_svc(const struct words *w)
{
    (void)w;
    file_show("sys:svc");
    file_show("init:servers");
}

/* sys:WHAT/WORD */
static void thing_show(const char *what, const char *word)
{
    char path[LINE_BYTES_MAX + 16];
    print_to(path, sizeof(path), "sys:%s/%s", what, word);
    file_show(path);
}

void action_mbox(const struct words *w)
{
    thing_show("mbox", w->word[1]);
}

void action_peek(const struct words *w)
{
    thing_show("peek", w->word[1]);
}

void action_cat(const struct words *w)
{
    file_show(w->word[1]);
}

void action_hex(const struct words *w)
{
    unsigned char row[HEX_ROW];
    long fd = file_open(w->word[1], O_RDONLY), got = fd;
    for (uint64_t at = 0; fd >= 0 && (got = file_read_all((int)fd, row, sizeof(row))) > 0;
         at += (uint64_t)got) {
        char text[2 * HEX_ROW + 1];
        for (long i = 0; i < got; i++)
            print_to(text + 2 * i, 3, "%02x", row[i]);
        print("%08lx %s\n", at, text);
    }
    if (fd >= 0)
        file_close((int)fd);
    if (got < 0)
        print("%s: %s\n", w->word[1], error_text(got));
}

/* True: the command has both of its words; without any the file is shown. */
static bool both_words(const char *path, const struct words *w)
{
    if (w->count == 1)
        file_show(path);
    if (w->count == 2)
        print("usage: %s NAME and its new state\n", w->word[0]);
    return w->count == 3;
}

void action_place(const struct words *w)
{
    static const char *const where[] = {
        [PLACE_LINKED] = "linked", [PLACE_MODULE] = "module", [PLACE_SERVER] = "server"};
    if (!both_words("sys:place", w))
        return;
    for (unsigned i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
        if (!where[i] || strcmp(w->word[2], where[i]) != 0)
            continue;
        long error = place_move(w->word[1], i);
        print("place: %s: %s\n", w->word[1], error < 0 ? error_text(error) : where[i]);
        return;
    }
    print("place: %s: not linked, module or server\n", w->word[2]);
}

void action_mitig(const struct words *w)
{
    char text[LINE_BYTES_MAX + 2];
    if (!both_words("sys:mitig", w))
        return;
    print_to(text, sizeof(text), "%s %s", w->word[1], w->word[2]);
    long error = file_put("sys:mitig", text);
    print("sys:mitig: %s: %s\n", text, error < 0 ? error_text(error) : "done");
}

static const char *event_name(unsigned event)
{
    switch (event) {
#define X(name, value, arg, aux)                                                                   \
    case value:                                                                                    \
        return #name;
        EVENTS(X)
#undef X
    default:
        return "?";
    }
}

static void records_dump(long left)
{
    struct trace_record record[8];
    long fd = file_open("trace:", O_RDONLY), got = fd;
    while (fd >= 0 && left > 0) {
        uint64_t want = (uint64_t)left < 8 ? (uint64_t)left : 8;
        got = file_read((int)fd, record, want * sizeof(record[0]));
        if (got <= 0)
            break;
        for (uint64_t i = 0; i < (uint64_t)got / sizeof(record[0]); i++, left--)
            print("%lu %s arg %lx aux %lx task %u thread %u\n", record[i].tsc,
                  event_name(record[i].event), record[i].arg, record[i].aux, record[i].thread >> 12,
                  record[i].thread & 0xFFF);
    }
    if (fd >= 0)
        file_close((int)fd);
    if (got < 0)
        print("trace: %s\n", error_text(got));
}

void action_trace(const struct words *w)
{
    bool dump = !strcmp(w->word[1], "dump");
    long n = w->count > 2 ? number_of(w->word[2]) : (long)DUMP_DEFAULT;
    bool set = !strcmp(w->word[1], "on") || !strcmp(w->word[1], "off");
    if (dump && n > 0 && n <= (long)DUMP_MAX) {
        records_dump(n);
    } else if (set && w->count == 2) {
        long error = file_put("sys:trace", w->word[1]);
        print("sys:trace: %s: %s\n", w->word[1], error < 0 ? error_text(error) : "done");
    } else {
        print("usage: trace on|off|dump [N], N from 1 to %u\n", DUMP_MAX);
    }
}

void action_kill(const struct words *w)
{
    long tid = number_of(w->word[1]);
    if (tid <= 0) {
        print("kill: %s: not a TID; ps shows them\n", w->word[1]);
        return;
    }
    long error = sys_kill((uint32_t)tid, SIGKILL);
    print("kill: %ld: %s\n", tid, error < 0 ? error_text(error) : "done");
}

void action_off(const struct words *w)
{
    bool fail = w->count > 1 && !strcmp(w->word[1], "fail");
    if (w->count > 1 && !fail && strcmp(w->word[1], "pass") != 0) {
        print("%s: pass or fail, not %s\n", w->word[0], w->word[1]);
        return;
    }
    long error = file_put("sys:power", fail ? "off FAIL" : "off PASS");
    print("%s: %s\n", w->word[0], error_text(error));
}
