/* SPDX-License-Identifier: MIT
 * The profile for people, and the annotated function. A row stands for what was sampled; the share
 * has its 95 % interval beside it, so that nobody reads more into it than there is. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/profile/listing.h"
#include "bench/profile/outputs.h"
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

/* "kernel/core/ipc.c:123", the path cut to what a repository knows; nothing where there is none. */
static void source_print(FILE *out, const struct place *place)
{
    const size_t length = strlen(place->source);
    const size_t cut = length > 48 ? length - 48 : 0;

    if (length)
        fprintf(out, "  %s%s:%d", cut ? ".." : "", place->source + cut, place->line);
}

static void functions_print(FILE *out, const struct profile *profile, const struct hot *list,
                            size_t count)
{
    fprintf(out, "\n samples      %%  95 %% interval  where     function\n");
    for (size_t i = 0; i < count; i++) {
        share_print(out, list[i].samples, profile->boot->sample_count);
        fprintf(out, "  %-8s  %s", image_name(profile, &list[i]), list[i].spot->place.name);
        source_print(out, &list[i].spot->place);
        fputc('\n', out);
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

static int instructions_print(FILE *out, const struct profile *profile, const struct hot *list,
                              size_t count)
{
    char text[120];
    int status = TACH_OK;

    fprintf(out, "\n samples      %%  95 %% interval  where     instruction\n");
    for (size_t i = 0; i < count && status == TACH_OK; i++) {
        const struct spot *spot = list[i].spot;
        status = text_find(profile, spot, text);
        share_print(out, list[i].samples, profile->boot->sample_count);
        fprintf(out, "  %-8s  %s+0x%" PRIx64 "  %s\n", image_name(profile, &list[i]),
                spot->place.name, spot->address - spot->place.start, text);
    }
    return status;
}

static void sampler_print(FILE *out, const struct profile *profile)
{
    const struct wire_samples *sampler = &profile->boot->sampler;
    const double n = (double)sampler->taken;

    fprintf(
        out,
        "%zu samples, about %" PRIu32 " in a second, by the PIT's NMI: interrupts off or on, at "
        "the instruction that was next\n"
        "%" PRIu64 " had no room, %" PRIu64 " times fell on the serial line and are not here; "
        "the handler took %.0f ticks each\n",
        profile->boot->sample_count, sampler->hz, sampler->lost, sampler->held,
        n > 0 ? (double)sampler->spent / (n + (double)sampler->lost + (double)sampler->held) : 0.0);
}

int table_show(FILE *out, const struct profile *profile, unsigned most)
{
    size_t count, spots;
    struct hot *functions = profile_hottest(profile, false, &count);
    struct hot *each = profile_hottest(profile, true, &spots);
    int status = TACH_INTERNAL;

    if (functions && each) {
        sampler_print(out, profile);
        functions_print(out, profile, functions, count < most ? count : most);
        status = instructions_print(out, profile, each, spots < most ? spots : most);
    } else {
        say_error(status, VERB_PROFILE, "table", "out of memory");
    }
    free(functions);
    free(each);
    return status;
}

static uint64_t samples_at(const struct profile *profile, size_t image, uint64_t address)
{
    for (size_t i = 0; i < profile->spot_count; i++)
        if (profile->spots[i].image == image && profile->spots[i].address == address)
            return profile->spots[i].samples;
    return 0;
}

static void listing_print(FILE *out, const struct profile *profile, size_t image,
                          const struct instruction *list, size_t count)
{
    struct place before = {0}, here;

    for (size_t i = 0; i < count; i++) {
        const uint64_t samples = samples_at(profile, image, list[i].address);
        symbols_find(profile->images[image].symbols, list[i].address, &here);
        if (*here.source && (here.line != before.line || strcmp(here.source, before.source)))
            fprintf(out, "%26s %s:%d\n", "", here.source, here.line);
        before = here;
        if (samples)
            fprintf(out, "%8" PRIu64 " %6.2f ", samples,
                    share_of(samples, profile->boot->sample_count).here);
        else
            fprintf(out, "%16s", "");
        fprintf(out, "  +0x%-5" PRIx64 " %s\n", list[i].address - here.start, list[i].text);
    }
}

int annotate_show(FILE *out, const struct profile *profile, const char *function)
{
    struct instruction *list = NULL;
    struct place place;
    size_t count = 0, image = 0;

    while (image < profile->image_count &&
           (!profile->images[image].symbols ||
            !symbols_named(profile->images[image].symbols, function, &place)))
        image++;
    if (image == profile->image_count)
        return say_error(TACH_NOINPUT, VERB_PROFILE, function,
                         "no function of that name in the kernel or a program that was sampled");
    const char *path = profile->images[image].path;
    const int status = listing_make(path, place.start, place.end, &list, &count);
    if (status == TACH_OK) {
        fprintf(out, "\n%s of %s\n samples      %%\n", place.name, profile->images[image].name);
        listing_print(out, profile, image, list, count);
    }
    free(list);
    return status;
}
