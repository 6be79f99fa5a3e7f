/* SPDX-License-Identifier: MIT
 * The profile in the formats of others' tools: speedscope's JSON, and the text of `perf script`. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "bench/profile/outputs.h"

#define NS_PER_S 1000000000u

/* The place of a label in the list of frames, which it joins if it is new; `places` remembers. */
static json_t *frame_index(json_t *frames, json_t *places, const struct label *label)
{
    json_t *known = json_object_get(places, label->text);

    if (known)
        return json_incref(known);
    json_t *frame = json_pack("{ss}", "name", label->text);
    if (label->spot && *label->spot->place.source) {
        json_object_set_new(frame, "file", json_string(label->spot->place.source));
        json_object_set_new(frame, "line", json_integer(label->spot->place.line));
    }
    json_t *index = json_integer((json_int_t)json_array_size(frames));
    if (json_array_append_new(frames, frame) || json_object_set(places, label->text, index)) {
        json_decref(index);
        return NULL;
    }
    return index;
}

/* Fills the lists; -1 when memory ends. */
static int stacks_fill(const struct profile *profile, json_t *frames, json_t *samples,
                       json_t *weights)
{
    struct label stack[PROFILE_FRAMES];
    json_t *places = json_object();
    int failed = places ? 0 : -1;

    for (size_t i = 0; i < profile->sample_count && !failed; i++) {
        const size_t depth = profile_stack(profile, &profile->samples[i], stack);
        json_t *list = json_array();
        for (size_t d = 0; d < depth && !failed; d++)
            failed = json_array_append_new(list, frame_index(frames, places, &stack[d]));
        failed = json_array_append_new(samples, list) || failed ? -1 : 0;
        failed = json_array_append_new(weights, json_integer(1)) || failed ? -1 : 0;
    }
    json_decref(places);
    return failed;
}

int speedscope_write(FILE *out, const struct profile *profile)
{
    json_t *frames = json_array(), *samples = json_array(), *weights = json_array();
    const json_int_t count = (json_int_t)profile->sample_count;
    char name[64];
    int failed = stacks_fill(profile, frames, samples, weights);
    snprintf(name, sizeof(name), "samples by %s", profile_source(profile));
    json_t *root =
        json_pack("{ss ss ss si s{so} s[{ss ss ss sI sI so so}]}", "$schema",
                  "https://www.speedscope.app/file-format-schema.json", "exporter", "tach", "name",
                  "tach profile", "activeProfileIndex", 0, "shared", "frames", frames, "profiles",
                  "type", "sampled", "name", name, "unit", "none", "startValue", (json_int_t)0,
                  "endValue", count, "samples", samples, "weights", weights);

    if (!root || failed) {
        json_decref(root);
        return -1;
    }
    failed = json_dumpf(root, out, JSON_INDENT(1));
    fputc('\n', out);
    json_decref(root);
    return failed ? -1 : 0;
}

/* Seconds since the first sample, of a clock whose rate may not be known. */
static void time_print(FILE *out, const struct profile *profile, const struct wire_sample *sample)
{
    const uint64_t hz = profile->hello->tsc_hz ? profile->hello->tsc_hz : NS_PER_S;
    const uint64_t ticks = sample->tsc - profile->samples[0].tsc;

    fprintf(out, "%" PRIu64 ".%06" PRIu64, ticks / hz,
            (uint64_t)((double)(ticks % hz) * 1e6 / (double)hz) % 1000000u);
}

/* perf's order: innermost first. The task is the line's own name. */
static void stack_print(FILE *out, const struct profile *profile, const struct wire_sample *sample)
{
    struct label stack[PROFILE_FRAMES];

    for (size_t i = profile_stack(profile, sample, stack); i-- > 1;) {
        const struct spot *spot = stack[i].spot;
        if (!spot) {
            fprintf(out, "\t%16x %s (tach)\n", 0u, stack[i].text);
            continue;
        }
        fprintf(out, "\t%16" PRIx64 " %s+0x%" PRIx64 " (%s)\n", spot->address, stack[i].text,
                spot->address - spot->place.start, profile->images[spot->image].name);
    }
}

int perf_write(FILE *out, const struct profile *profile)
{
    struct label stack[PROFILE_FRAMES];

    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct wire_sample *sample = &profile->samples[i];
        (void)profile_stack(profile, sample, stack);
        fprintf(out, "%s %5" PRIu32 " [000] ", stack[0].text, sample->tid);
        time_print(out, profile, sample);
        fprintf(out, ":          1 %s:\n",
                profile->sampler.source == SAMPLES_PMI_NMI ? "cycles" : "clock");
        stack_print(out, profile, sample);
        fputc('\n', out);
    }
    return 0;
}
