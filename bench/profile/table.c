/* SPDX-License-Identifier: MIT
 * The profile for people. A row stands for what was sampled; the share has its 95 % interval beside
 * it, so that nobody reads more into it than there is. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/profile/column.h"
#include "bench/profile/listing.h"
#include "bench/profile/outputs.h"
#include "bench/screen.h"
#include "traces/say.h"

#define INSTRUCTION_MAX 16u /* bytes */

static void share_print(FILE *out, uint64_t part, uint64_t whole)
{
    const struct share share = share_of(part, whole);

    fprintf(out, "%8" PRIu64 " %6.2f %6.2f-%-6.2f", part, share.here, share.low, share.high);
}

static const char *image_name(const struct profile *profile, const struct hot *hot)
{
    return profile->images[hot->spot->image].name;
}

static const char *hot_phase(const struct hot *hot)
{
    return hot->several ? "several" : phase_name(hot->spot->phase);
}

/* Share, phase and image: the columns of functions and instructions. */
static void place_print(FILE *out, const struct profile *profile, const struct hot *hot)
{
    share_print(out, hot->samples, profile->sample_count);
    fprintf(out, "  %-8s  %-10.10s  ", hot_phase(hot), image_name(profile, hot));
}
#define PLACE_COLUMNS 53u

/* "entry_fast_off", "ipc_call  kernel/core/ipc.c:123". */
static void function_text(const struct place *place, char *out, size_t size)
{
    if (*place->source)
        snprintf(out, size, "%s  %s:%d", place->name, place->source, place->line);
    else
        snprintf(out, size, "%s", place->name);
}

static void functions_print(FILE *out, const struct profile *profile, const struct hot *list,
                            size_t count)
{
    char text[sizeof(struct place)];

    fprintf(out, "\n samples      %%  95 %% interval  phase     where       function\n");
    for (size_t i = 0; i < count; i++) {
        place_print(out, profile, &list[i]);
        function_text(&list[i].spot->place, text, sizeof(text));
        column_line(out, PLACE_COLUMNS, text);
    }
}

/* One instruction's text; empty where its file does not say. */
static int text_find(const struct profile *profile, const struct spot *spot, char out[120])
{
    const struct profile_image *image = &profile->images[spot->image];
    struct instruction *list;
    size_t count;

    *out = '\0';
    if (!image->symbols || spot->place.end <= spot->address)
        return TACH_OK;
    const int status =
        listing_make(image->path, spot->address, spot->address + INSTRUCTION_MAX, &list, &count);
    if (count && list[0].address == spot->address)
        memcpy(out, list[0].text, sizeof(list[0].text));
    free(list);
    return status;
}

/* A table's column has no room for "QWORD PTR ": the registers tell. */
static void sizes_drop(char *text)
{
    static const char word[] = " PTR ";

    for (char *at; (at = strstr(text, word)) != NULL;) {
        char *from = at;
        while (from > text && from[-1] >= 'A' && from[-1] <= 'Z')
            from--;
        at += sizeof(word) - 1;
        memmove(from, at, strlen(at) + 1);
    }
}

/* "<entry_fast_off.slow>" within that function is "<.slow>". */
static void labels_shorten(char *text, const char *function)
{
    const size_t length = strlen(function);
    char *at = strchr(text, '<');

    if (at && !strncmp(at + 1, function, length) && at[1 + length] == '.')
        memmove(at + 1, at + 1 + length, strlen(at + 1 + length) + 1);
}

static int instructions_print(FILE *out, const struct profile *profile, const struct hot *list,
                              size_t count)
{
    char text[120], line[sizeof(text) + PLACE_NAME + 32];
    int status = TACH_OK;

    fprintf(out, "\n samples      %%  95 %% interval  phase     where       instruction\n");
    for (size_t i = 0; i < count && status == TACH_OK; i++) {
        const struct spot *spot = list[i].spot;
        status = text_find(profile, spot, text);
        labels_shorten(text, spot->place.name);
        sizes_drop(text);
        place_print(out, profile, &list[i]);
        snprintf(line, sizeof(line), "%s+0x%" PRIx64 "  %s", spot->place.name,
                 spot->address - spot->place.start, text);
        column_line(out, PLACE_COLUMNS, line);
    }
    return status;
}

static void phases_print(FILE *out, const struct profile *profile)
{
    uint64_t samples[SAMPLE_PHASES_END] = {0};

    for (size_t i = 0; i < profile->spot_count; i++)
        samples[profile->spots[i].phase] += profile->spots[i].samples;
    fprintf(out, "\n samples      %%  95 %% interval  phase\n");
    for (unsigned i = 0; i < SAMPLE_PHASES_END; i++) {
        if (!samples[i])
            continue;
        share_print(out, samples[i], profile->sample_count);
        fprintf(out, "  %-8s  ", phase_name((enum sample_phase)i));
        column_line(out, 41, phase_meaning((enum sample_phase)i));
    }
}

/* A task and the samples that fell into its time. */
struct task_share {
    char name[LABEL_SIZE];
    uint64_t samples, kernel;
};

static int by_task_samples(const void *a, const void *b)
{
    const struct task_share *x = a, *y = b;

    if (x->samples != y->samples)
        return x->samples > y->samples ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int tasks_print(FILE *out, const struct profile *profile, unsigned most)
{
    struct task_share *tasks = calloc(profile->sample_count, sizeof(*tasks));
    size_t count = 0;

    if (!tasks)
        return say_error(TACH_INTERNAL, VERB_PROFILE, "table", "out of memory");
    for (size_t i = 0; i < profile->sample_count; i++) {
        size_t at = 0;
        profile_task(&profile->samples[i], tasks[count].name);
        while (strcmp(tasks[at].name, tasks[count].name) != 0)
            at++;
        count += at == count;
        tasks[at].samples++;
        tasks[at].kernel += profile->samples[i].ring == 0;
    }
    qsort(tasks, count, sizeof(*tasks), by_task_samples);
    fprintf(out, "\n samples      %%  95 %% interval    kernel     user  task\n");
    for (size_t i = 0; i < count && i < most; i++) {
        share_print(out, tasks[i].samples, profile->sample_count);
        fprintf(out, "  %8" PRIu64 " %8" PRIu64 "  ", tasks[i].kernel,
                tasks[i].samples - tasks[i].kernel);
        column_line(out, 51, tasks[i].name);
    }
    free(tasks);
    return TACH_OK;
}

static void sampler_print(FILE *out, const struct profile *profile)
{
    const struct wire_samples *sampler = &profile->sampler;
    const double n = (double)sampler->taken + (double)sampler->lost + (double)sampler->held;
    char rate[40] = "at several rates", line[200];

    if (sampler->hz)
        snprintf(rate, sizeof(rate), "about %" PRIu32 " in a second", sampler->hz);
    snprintf(line, sizeof(line), "%zu samples of %zu boot%s, %s, by %s,", profile->sample_count,
             profile->boot_count, profile->boot_count == 1 ? "" : "s", rate,
             profile_source(profile));
    screen_wrap(out, 2, line);
    snprintf(line, sizeof(line),
             "with interrupts off or on, at the instruction that was next; the handler took %.0f "
             "ticks each.",
             n > 0 ? (double)sampler->spent / n : 0.0);
    screen_wrap(out, 2, line);
    snprintf(line, sizeof(line),
             "%" PRIu64 " had no room, %" PRIu64 " times fell on the serial line and are not here.",
             sampler->lost, sampler->held);
    screen_wrap(out, 2, line);
}

/* Functions, and instructions behind them where they are wanted. */
static int places_print(FILE *out, const struct profile *profile, const struct table_wish *wish)
{
    size_t count, spots;
    struct hot *functions = profile_hottest(profile, false, &count);
    struct hot *each = profile_hottest(profile, true, &spots);
    int status = TACH_OK;

    if (!functions || !each)
        status = say_error(TACH_INTERNAL, VERB_PROFILE, "table", "out of memory");
    else
        functions_print(out, profile, functions, count < wish->rows ? count : wish->rows);
    if (status == TACH_OK && wish->by == TABLE_ALL)
        status = instructions_print(out, profile, each, spots < wish->rows ? spots : wish->rows);
    free(functions);
    free(each);
    return status;
}

int table_show(FILE *out, const struct profile *profile, const struct table_wish *wish)
{
    sampler_print(out, profile);
    if (wish->by == TABLE_ALL || wish->by == TABLE_phase)
        phases_print(out, profile);
    if (wish->by == TABLE_task)
        return tasks_print(out, profile, wish->rows);
    return wish->by == TABLE_phase ? TACH_OK : places_print(out, profile, wish);
}
