/* SPDX-License-Identifier: MIT
 * See phase.h. Labels are those of fastpath/, by their last word; a test demands that each label of
 * the assembled path is either here or one that begins nothing. */
#include "bench/profile/phase.h"

#include <string.h>

/* Of a label, behind its last '.' and, unless the whole of that is here, behind its last '_'. */
static const struct {
    const char *word;
    enum sample_phase phase;
} words[] = {
    {"call", SAMPLE_entry},     {"other", SAMPLE_entry},   {"high", SAMPLE_entry},
    {"low", SAMPLE_entry},      {"null", SAMPLE_entry},    {"core", SAMPLE_entry},
    {"notify", SAMPLE_entry},   {"plain", SAMPLE_entry},   {"body", SAMPLE_entry},
    {"guards", SAMPLE_guards},  {"gate", SAMPLE_guards},   {"linked", SAMPLE_guards},
    {"long", SAMPLE_guards},    {"commit", SAMPLE_commit}, {"transfer", SAMPLE_transfer},
    {"stack", SAMPLE_transfer}, {"odd", SAMPLE_transfer},  {"error", SAMPLE_transfer},
    {"exit", SAMPLE_exit},      {"leave", SAMPLE_exit},    {"slow", SAMPLE_slow},
    {"memory", SAMPLE_slow},    {"busy", SAMPLE_slow},     {"miss", SAMPLE_slow},
};

const char *phase_name(enum sample_phase phase)
{
    static const char *const names[] = {
#define X(name, what) #name,
        SAMPLE_PHASES(X)
#undef X
    };

    return names[phase];
}

const char *phase_meaning(enum sample_phase phase)
{
    static const char *const meanings[] = {
#define X(name, what) what,
        SAMPLE_PHASES(X)
#undef X
    };

    return meanings[phase];
}

/* The phase of a word of a label; SAMPLE_PHASES_END: it begins none. */
static enum sample_phase word_phase(const char *word)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(word, words[i].word))
            return words[i].phase;
    return SAMPLE_PHASES_END;
}

/* TRANSFER's chain ("w3_call") ends like an entry, so a word behind '_' begins no entry. */
static enum sample_phase label_phase(const char *label)
{
    const char *dot = strrchr(label, '.'), *last = strrchr(label, '_');
    const enum sample_phase whole = dot ? word_phase(dot + 1) : SAMPLE_PHASES_END;

    if (!dot || !last || last < dot || whole != SAMPLE_PHASES_END)
        return whole;
    const enum sample_phase tail = word_phase(last + 1);
    return tail == SAMPLE_entry ? SAMPLE_PHASES_END : tail;
}

bool phase_label(const char *label)
{
    return label_phase(label) != SAMPLE_PHASES_END;
}

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* Paths are as the compiler was called, from the root of the tree, or absolute. */
static bool source_in(const struct place *place, const char *directory)
{
    const char *at = strstr(place->source, directory);

    return at && (at == place->source || at[-1] == '/');
}

static enum sample_phase assembly_phase(const struct phase_site *site)
{
    const char *name = site->place->name;

    if (starts(name, "exit_user_") || starts(name, "exit_root_"))
        return SAMPLE_exit;
    if (!starts(name, "entry_fast_") && !starts(name, "entry_plain_") &&
        !starts(name, "fault_entry_"))
        return SAMPLE_other;
    if (*site->label)
        return label_phase(site->label);
    return *name == 'f' ? SAMPLE_guards : SAMPLE_entry;
}

static enum sample_phase kernel_phase(const struct phase_site *site)
{
    const struct place *place = site->place;

    if (!*place->source)
        return assembly_phase(site);
    if (source_in(place, "servers/services/"))
        return SAMPLE_service;
    /* where the CPU halts, or what calls that and has taken it in (kernel/hal/sched.c); other C
     * with nobody on the CPU is a call whose caller waits already, or the boot */
    const bool halts = starts(place->name, "leave_slowly") || !strcmp(place->name, "sched_leave") ||
                       !strcmp(place->name, "idle");
    return site->nobody && halts ? SAMPLE_idle : SAMPLE_slow;
}

static enum sample_phase program_phase(const struct phase_site *site)
{
    const struct place *place = site->place;
    const char *file = strrchr(site->path, '/');
    const bool server = starts(file ? file + 1 : site->path, "svc-");

    if (!site->lines || !*place->name)
        return SAMPLE_other;
    if (source_in(place, "servers/services/"))
        return SAMPLE_service;
    if (source_in(place, "servers/host/"))
        return SAMPLE_server;
    if (source_in(place, "servers/lib/syscall.h"))
        return server ? SAMPLE_server : SAMPLE_client;
    if (*place->source)
        return SAMPLE_other;
    if (starts(place->name, "region_")) /* bench/guest/regions.asm */
        return SAMPLE_client;
    return starts(place->name, "server_") || starts(place->name, "waiter_") ? SAMPLE_server
                                                                            : SAMPLE_other;
}

enum sample_phase phase_of(const struct phase_site *site)
{
    return site->kernel ? kernel_phase(site) : program_phase(site);
}
