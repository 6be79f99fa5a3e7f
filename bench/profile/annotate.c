/* SPDX-License-Identifier: MIT
 * The assembly of a function with the samples of each instruction and its phase, labels and source
 * lines between. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/profile/column.h"
#include "bench/profile/listing.h"
#include "bench/profile/outputs.h"
#include "traces/say.h"

static uint64_t samples_at(const struct profile *profile, size_t image, uint64_t address)
{
    uint64_t samples = 0;

    for (size_t i = 0; i < profile->spot_count; i++)
        if (profile->spots[i].image == image && profile->spots[i].address == address)
            samples += profile->spots[i].samples;
    return samples;
}

/* What stands in front of an instruction that begins a line of the source, or a phase. */
static void heading_print(FILE *out, const struct place *before, const struct place *here)
{
    char text[PLACE_NAME + sizeof(here->source) + 16];

    if (!*here->source || (here->line == before->line && !strcmp(here->source, before->source)))
        return;
    snprintf(text, sizeof(text), "%s:%d", here->source, here->line);
    fprintf(out, "%27s", "");
    column_line(out, 27, text);
}

static void label_print(FILE *out, const char *before, const char *label)
{
    const char *local = strrchr(label, '.');

    if (!*label || !strcmp(before, label))
        return;
    fprintf(out, "%27s", "");
    column_line(out, 27, local ? local : label);
}

static void listing_print(FILE *out, const struct profile *profile, size_t image,
                          const struct instruction *list, size_t count)
{
    const struct profile_image *of = &profile->images[image];
    struct place before = {0}, here;
    const char *label = "";

    for (size_t i = 0; i < count; i++) {
        const uint64_t samples = samples_at(profile, image, list[i].address);
        const char *was = label;
        symbols_find(of->symbols, list[i].address, &here);
        label = symbols_label(of->symbols, &here, list[i].address, phase_label);
        heading_print(out, &before, &here);
        if (!*here.source)
            label_print(out, was, label);
        before = here;
        if (samples)
            fprintf(out, "%8" PRIu64 " %6.2f", samples,
                    share_of(samples, profile->sample_count).here);
        else
            fprintf(out, "%15s", "");
        fprintf(out, "  %-8s  +0x%-5" PRIx64 " ",
                phase_name(profile_phase(of, &here, list[i].address)),
                list[i].address - here.start);
        column_line(out, 36, list[i].text);
    }
}

/* Samples in the function of that name in one image; false: it has none of that name. */
static bool function_samples(const struct profile *profile, size_t image, const char *function,
                             uint64_t *samples)
{
    struct place place;

    *samples = 0;
    if (!profile->images[image].symbols ||
        !symbols_named(profile->images[image].symbols, function, &place))
        return false;
    for (size_t i = 0; i < profile->spot_count; i++) {
        const struct spot *spot = &profile->spots[i];
        if (spot->image == image && spot->address >= place.start && spot->address < place.end)
            *samples += spot->samples;
    }
    return true;
}

static int image_annotate(FILE *out, const struct profile *profile, size_t image,
                          const char *function)
{
    const struct profile_image *of = &profile->images[image];
    struct instruction *list = NULL;
    struct place place;
    size_t count = 0;

    if (!symbols_named(of->symbols, function, &place))
        return TACH_OK;
    const int status = listing_make(of->path, place.start, place.end, &list, &count);
    if (status == TACH_OK) {
        fprintf(out, "\n%s of %s\n samples      %%  phase     instruction\n", place.name, of->name);
        listing_print(out, profile, image, list, count);
    }
    free(list);
    return status;
}

int annotate_show(FILE *out, const struct profile *profile, const char *function)
{
    size_t shown = 0, first = profile->image_count;
    int status = TACH_OK;
    uint64_t samples;

    for (size_t i = 0; i < profile->image_count && status == TACH_OK; i++) {
        if (!function_samples(profile, i, function, &samples))
            continue;
        first = i < first ? i : first;
        if (samples)
            status = image_annotate(out, profile, i, function);
        shown += samples != 0;
    }
    if (first == profile->image_count)
        return say_error(TACH_NOINPUT, VERB_PROFILE, function,
                         "no function of that name in the kernel or a program that was sampled");
    return shown || status != TACH_OK ? status : image_annotate(out, profile, first, function);
}
