/* SPDX-License-Identifier: MIT
 * See chosen.h. */
#include "bench/profile/chosen.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/exits.h"
#include "bench/profile/profile.h"
#include "traces/say.h"

#define ID_DIGITS 8u

/* X(name, what the note says of such boots) */
#define FATES(X)                                                                                   \
    X(TAKEN, "in this profile")                                                                    \
    X(NO_HELLO, "without HELLO, left out")                                                         \
    X(NO_SAMPLES, "without samples (the boot word profile=HZ makes some)")                         \
    X(OTHER_BUILD, "of another build than the kernel's file, left out")                            \
    X(NOT_ASKED, "not asked for")
enum fate {
#define X(name, text) name,
    FATES(X)
#undef X
        FATES_END
};

static int no_memory(const char *path)
{
    return say_error(TACH_INTERNAL, VERB_PROFILE, path, "out of memory");
}

/* N of "boot-N.frames"; 0: it is called otherwise. */
static unsigned frames_number(const char *name)
{
    unsigned number;
    int end = 0;

    return sscanf(name, "boot-%5u.frames%n", &number, &end) == 1 && end && !name[end] ? number : 0;
}

static int frames_wanted(const struct dirent *entry)
{
    return frames_number(entry->d_name) != 0;
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    const unsigned x = frames_number((*a)->d_name), y = frames_number((*b)->d_name);

    return (x > y) - (x < y);
}

/* Says what a directory without boots is. */
static int directory_empty(const char *path)
{
    char side[1200];
    struct stat facts;

    snprintf(side, sizeof(side), "%s/base", path);
    if (!stat(side, &facts) && S_ISDIR(facts.st_mode))
        return say_error(TACH_NOINPUT, VERB_PROFILE, path,
                         "a run of two sides: name its base or its head");
    return say_error(TACH_NOINPUT, VERB_PROFILE, path, "no boot-N.frames in it: not a run");
}

static int directory_load(const char *path, struct chosen *out)
{
    struct dirent **names;
    const int count = scandir(path, &names, frames_wanted, by_number);
    int status = TACH_OK;

    if (count < 0)
        return say_error(TACH_NOINPUT, VERB_PROFILE, path, "cannot be read");
    out->files = calloc((size_t)count + 1, sizeof(*out->files));
    for (int i = 0; i < count; i++) {
        struct chosen_file *file = out->files ? &out->files[out->file_count] : NULL;
        if (file && status == TACH_OK) {
            snprintf(file->path, sizeof(file->path), "%s/%s", path, names[i]->d_name);
            status = say_load(VERB_PROFILE, file->path, &file->capture);
            out->file_count++;
        }
        free(names[i]);
    }
    free(names);
    if (!out->files)
        return no_memory(path);
    return count ? status : directory_empty(path);
}

static int candidates_make(const char *path, bool directory, struct chosen *out)
{
    size_t most = 0;

    for (size_t i = 0; i < out->file_count; i++)
        most += out->files[i].capture.boot_count;
    out->all = calloc(most + 1, sizeof(*out->all));
    out->boots = calloc(most + 1, sizeof(*out->boots));
    if (!out->all || !out->boots)
        return no_memory(path);
    for (size_t i = 0; i < out->file_count; i++) {
        const struct capture *capture = &out->files[i].capture;
        const char *name = strrchr(out->files[i].path, '/');
        const unsigned number = frames_number(name ? name + 1 : out->files[i].path);
        for (size_t b = 0; b < capture->boot_count; b++)
            out->all[out->all_count++] = (struct candidate){
                .boot = &capture->boots[b], .number = directory ? number : (unsigned)b + 1};
    }
    return TACH_OK;
}

int chosen_load(const char *path, struct chosen *out)
{
    struct stat facts;
    const bool directory = !stat(path, &facts) && S_ISDIR(facts.st_mode);
    int status;

    *out = (struct chosen){0};
    if (directory) {
        status = directory_load(path, out);
    } else {
        out->files = calloc(1, sizeof(*out->files));
        if (!out->files)
            return no_memory(path);
        out->file_count = 1;
        snprintf(out->files->path, sizeof(out->files->path), "%s", path);
        status = say_load(VERB_PROFILE, path, &out->files->capture);
    }
    return status == TACH_OK ? candidates_make(path, directory, out) : status;
}

/* A boot's number, or its id as tach dump prints it, 0x before it or not. */
static bool is_asked(const struct candidate *candidate, const char *asked)
{
    const bool prefixed = !strncmp(asked, "0x", 2);
    const bool id = prefixed || strlen(asked) == ID_DIGITS;
    char *end;
    const unsigned long value = strtoul(asked, &end, id ? 16 : 10);

    return !*end && value == (id ? candidate->boot->boot_id : candidate->number);
}

static enum fate fate_of(const struct candidate *candidate, const char *asked,
                         const struct symbols *kernel)
{
    if (asked && !is_asked(candidate, asked))
        return NOT_ASKED;
    if (!candidate->boot->has_hello)
        return NO_HELLO;
    if (!candidate->boot->sample_count)
        return NO_SAMPLES;
    return kernel && !symbols_build(kernel, candidate->boot->hello.build_id) ? OTHER_BUILD : TAKEN;
}

/* "boots 1-3, 7 of these: WHAT" */
static void fate_print(FILE *out, const struct chosen *chosen, enum fate fate, const char *what)
{
    size_t many = 0;

    for (size_t i = 0; i < chosen->all_count; i++)
        many += chosen->all[i].fate == (int)fate;
    if (!many)
        return;
    fprintf(out, "%s", many == 1 ? "boot" : "boots");
    for (size_t i = 0, to; i < chosen->all_count; i = to + 1) {
        to = i;
        if (chosen->all[i].fate != (int)fate)
            continue;
        while (to + 1 < chosen->all_count && chosen->all[to + 1].fate == (int)fate &&
               chosen->all[to + 1].number == chosen->all[to].number + 1)
            to++;
        fprintf(out, many ? " %u" : ", %u", chosen->all[i].number);
        if (to > i)
            fprintf(out, "-%u", chosen->all[to].number);
        many = 0;
    }
    fprintf(out, ": %s\n", what);
}

static int note_make(const char *path, struct chosen *chosen)
{
    static const char *const texts[] = {
#define X(name, text) text,
        FATES(X)
#undef X
    };
    size_t size;
    FILE *out = open_memstream(&chosen->note, &size);

    for (unsigned i = 0; out && i < FATES_END && chosen->all_count > 1; i++)
        fate_print(out, chosen, (enum fate)i, texts[i]);
    return out && !fclose(out) ? TACH_OK : no_memory(path);
}

/* Why no boot was taken. */
static int nothing_say(const char *path, const char *kernel, const char *asked,
                       const struct chosen *chosen)
{
    size_t of[FATES_END] = {0};

    for (size_t i = 0; i < chosen->all_count; i++)
        of[chosen->all[i].fate]++;
    if (asked && of[NOT_ASKED] == chosen->all_count)
        return say_error(TACH_NOINPUT, VERB_PROFILE, path, "no boot %s among its %zu", asked,
                         chosen->all_count);
    if (of[OTHER_BUILD])
        return say_error(TACH_BADDATA, VERB_PROFILE, kernel, PROFILE_OTHER_BUILD);
    if (chosen_losses(chosen) != TACH_OK)
        return TACH_BADDATA;
    return say_error(TACH_BADDATA, VERB_PROFILE, path,
                     "no samples: a boot has some with the word profile=HZ");
}

int chosen_take(const char *path, const char *kernel, const char *boot, struct chosen *chosen)
{
    struct symbols *symbols;
    char why[160];

    (void)symbols_open(kernel, &symbols, why); /* profile_make says what is wrong with it */
    for (size_t i = 0; i < chosen->all_count; i++) {
        const enum fate fate = fate_of(&chosen->all[i], boot, symbols);
        chosen->all[i].fate = (int)fate;
        if (fate == TAKEN)
            chosen->boots[chosen->count++] = chosen->all[i].boot;
    }
    symbols_close(symbols);
    return chosen->count ? note_make(path, chosen) : nothing_say(path, kernel, boot, chosen);
}

int chosen_losses(const struct chosen *chosen)
{
    int status = TACH_OK;

    for (size_t i = 0; i < chosen->file_count; i++) {
        const int one = say_losses(VERB_PROFILE, chosen->files[i].path, &chosen->files[i].capture);
        status = status == TACH_OK ? one : status;
    }
    return status;
}

void chosen_free(struct chosen *chosen)
{
    for (size_t i = 0; i < chosen->file_count; i++)
        capture_free(&chosen->files[i].capture);
    free(chosen->files);
    free(chosen->all);
    free(chosen->boots);
    free(chosen->note);
    *chosen = (struct chosen){0};
}
