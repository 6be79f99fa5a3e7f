/* SPDX-License-Identifier: MIT
 * See boot.h. The emulator gets the machine of tach run (bench/boots.h) and other words. */
#include "bench/profile/boot.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bochs.h"
#include "bench/boots.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/profile/profile.h"
#include "kernel/abi/boot.h"
#include "traces/say.h"

#define WORDS_MAX 2048u
#define PASSED    (EXIT_PASS << 1 | 1)

static bool is_bochs(const struct sampled_boot *what)
{
    return !strcmp(what->class, BOCHS_CLASS);
}

static char *words_make(const struct sampled_boot *what)
{
    char sampling[40] = "", *words = malloc(WORDS_MAX);

    if (what->hz)
        snprintf(sampling, sizeof(sampling), " profile=%u%s", what->hz,
                 what->pmi ? " profile.source=pmi" : "");
    if (words)
        snprintf(words, WORDS_MAX, "pti=%s %strace=off wire=frames samples=%u%s bench=%s",
                 what->pti ? "on" : "off", is_bochs(what) ? "mitig=off " : "", what->regions,
                 sampling, what->cells);
    return words;
}

static int frames_keep(const char *frames, const char *path)
{
    char *bytes;
    size_t size;
    int status = file_read(VERB_PROFILE, frames, BOOT_FRAMES_MAX, &bytes, &size);

    if (status != TACH_OK)
        return status;
    FILE *file = file_create(VERB_PROFILE, path);
    status = TACH_CANTCREATE;
    if (file) {
        fwrite(bytes, 1, size, file);
        status = file_finish(VERB_PROFILE, path, file);
    }
    free(bytes);
    return status;
}

/* The last line that the machine said, for whoever has to find out why it did not pass. */
static void last_line(const struct capture *capture, char *out, size_t size)
{
    const struct boot *boot = capture->boot_count ? &capture->boots[0] : NULL;
    size_t end = boot ? boot->text_size : 0;

    while (end && boot->text[end - 1] < ' ')
        end--;
    size_t from = end;
    while (from && boot->text[from - 1] >= ' ')
        from--;
    snprintf(out, size, "%.*s", (int)(end - from), end ? boot->text + from : "");
    for (char *c = out; *c; c++)
        *c = *c >= ' ' && *c <= '~' ? *c : '?';
}

/* Why the kernel could not sample, from its last line; NULL: something else ended the boot. */
static const char *sampler_refused(const struct sampled_boot *what, const struct boot *boot,
                                   const char *line)
{
    const char *word = what->pmi ? "profile.source=pmi: " : "profile=: ", *at = strstr(line, word);

    return boot_whole(boot) && boot->end.exit_code == EXIT_INIT && at ? at + strlen(word) : NULL;
}

/* A boot that ended otherwise than it should. Returns an enum tach_exit after a line. */
static int boot_failed(const struct sampled_boot *what, const struct capture *capture)
{
    char line[200];

    last_line(capture, line, sizeof(line));
    const char *why = sampler_refused(what, &capture->boots[0], line);
    if (why)
        return say_error(TACH_UNAVAILABLE, VERB_PROFILE, what->class, "--source %s: %s",
                         what->pmi ? "pmi" : "pit", why);
    return say_error(TACH_BADDATA, VERB_PROFILE, what->cells, "the boot did not pass (%s)", line);
}

static int boot_result(const struct sampled_boot *what, const struct boot_run *run,
                       struct capture *out)
{
    const int status = say_load(VERB_PROFILE, run->frames, out);

    const bool ended = is_bochs(what) ? bochs_ended(run) : run->qemu.status == PASSED;

    if (run->qemu.timed_out)
        return say_error(TACH_UNAVAILABLE, VERB_PROFILE, what->cells,
                         "the boot took longer than %.0f s", what->limit_s);
    if (run->qemu.status == 127)
        return say_error(TACH_UNAVAILABLE, VERB_PROFILE,
                         is_bochs(what) ? BOCHS_PROGRAM : QEMU_PROGRAM, "there is no such program");
    if (status != TACH_OK)
        return status;
    if (!ended || !boot_whole(&out->boots[0]) || out->boots[0].end.exit_code != EXIT_PASS)
        return boot_failed(what, out);
    return what->keep ? frames_keep(run->frames, what->keep) : TACH_OK;
}

/* What a boot was started from and what it left; nothing lies deeper. */
static void directory_remove(const char *directory)
{
    DIR *list = opendir(directory);
    char path[300];

    for (const struct dirent *entry; list && (entry = readdir(list)) != NULL;) {
        snprintf(path, sizeof(path), "%s/%.200s", directory, entry->d_name);
        unlink(path); /* "." and ".." stay */
    }
    if (list)
        closedir(list);
    rmdir(directory);
}

int sampled_boot_make(const struct sampled_boot *what, struct capture *out)
{
    char directory[] = "/tmp/tach-profile-XXXXXX";
    static const struct matrix none;
    struct boot_run run = {.pti = what->pti, .number = 1, .words = words_make(what)};
    const struct boot_setup setup = {.class = what->class,
                                     .side = "",
                                     .loader = what->images[IMAGE_LOADER].path,
                                     .kernel = what->images[IMAGE_KERNEL].path,
                                     .initfs = what->images[IMAGE_INITFS].path,
                                     .directory = directory,
                                     .limit_s = what->limit_s};
    int status;

    memset(out, 0, sizeof(*out));
    if (!mkdtemp(directory)) {
        free(run.words);
        return say_error(TACH_CANTCREATE, VERB_PROFILE, directory, "cannot be made");
    }
    if (!run.words || boot_start(&run, &none, &setup)) {
        status = say_error(TACH_UNAVAILABLE, VERB_PROFILE, what->cells, "%s",
                           run.words ? run.reason : "out of memory");
    } else {
        process_wait(&run.qemu);
        status = boot_result(what, &run, out);
    }
    directory_remove(directory);
    free(run.words);
    free(run.argv_text);
    return status;
}

static double hist_mean(const struct hist *hist)
{
    double sum = 0;

    for (size_t i = 0; i < hist->count; i++)
        sum += (double)hist->entries[i].value * (double)hist->entries[i].count;
    return sum / (double)hist->samples;
}

double call_ticks(const struct boot *boot, const char *cell)
{
    const struct hist *whole = boot_hist(boot, cell, "whole");
    const struct hist *empty = boot_hist(boot, "calibration", "empty");

    if (!whole || !empty || whole->calls != empty->calls)
        return -1;
    /* the least of the empty ones: no sample fell into it */
    return (hist_mean(whole) - (double)empty->entries[0].value) / whole->calls;
}
