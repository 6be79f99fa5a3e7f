/* SPDX-License-Identifier: MIT
 * See profile.h. */
#include "bench/profile/profile.h"

#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "traces/array.h"
#include "traces/body.h"
#include "traces/say.h"

#define KERNEL_HALF  0x8000000000000000ull
#define Z_95         1.959964
#define TASK_GONE    "gone"
#define TASK_LETTERS 8u

static bool in_kernel(uint64_t address)
{
    return address >= KERNEL_HALF;
}

static void task_label(const struct wire_sample *sample, char *out, size_t size)
{
    symbol_clean(out, size, sample->task, sizeof(sample->task));
    for (char *c = out; *c; c++) /* a name is not a path */
        *c = *c == '/' ? '_' : *c;
    if (!*out)
        snprintf(out, size, sample->tid ? TASK_GONE : "nobody");
}

void profile_task(const struct wire_sample *sample, char *out)
{
    task_label(sample, out, LABEL_SIZE);
}

/* The image of that name; image_count: not met yet. */
static size_t image_find(const struct profile *profile, const char *name)
{
    size_t i = 1;

    while (i < profile->image_count && strcmp(profile->images[i].name, name))
        i++;
    return i;
}

static size_t image_of(const struct profile *profile, const struct wire_sample *sample,
                       uint64_t address)
{
    char name[sizeof(profile->images->name)];

    if (in_kernel(address))
        return 0;
    task_label(sample, name, sizeof(name));
    return image_find(profile, name);
}

static int kernel_open(struct profile *profile, const char *path)
{
    struct profile_image *image = &profile->images[0];
    char why[160];

    snprintf(image->name, sizeof(image->name), "kernel");
    snprintf(image->path, sizeof(image->path), "%s", path);
    const int status = symbols_open(path, &image->symbols, why);
    if (status != TACH_OK)
        return say_error(status, VERB_PROFILE, path, "%s", why);
    if (!symbols_build(image->symbols, profile->hello->build_id))
        return say_error(TACH_BADDATA, VERB_PROFILE, path, PROFILE_OTHER_BUILD);
    return TACH_OK;
}

/* A task has the first eight letters of a longer name. */
static bool path_longer(struct profile_image *image, const char *users)
{
    char pattern[sizeof(image->path)];
    glob_t found = {0};

    if (strlen(image->name) != TASK_LETTERS || strpbrk(image->name, "*?[\\"))
        return false;
    snprintf(pattern, sizeof(pattern), "%s/%s*.elf", users, image->name);
    const bool one = !glob(pattern, 0, NULL, &found) && found.gl_pathc == 1;
    if (one)
        snprintf(image->path, sizeof(image->path), "%s", found.gl_pathv[0]);
    globfree(&found);
    return one;
}

/* Names of programs whose file is called otherwise: the daemon is the bootstrap, gone on; a server
 * is a service's. */
static void program_path(struct profile_image *image, const char *users)
{
    const bool daemon = !strcmp(image->name, "initfs");

    snprintf(image->path, sizeof(image->path), "%s/%s.elf", users,
             daemon ? "bootstrap" : image->name);
    if (access(image->path, R_OK))
        snprintf(image->path, sizeof(image->path), "%s/svc-%s.elf", users, image->name);
    if (access(image->path, R_OK) && !path_longer(image, users))
        snprintf(image->path, sizeof(image->path), "%s/%s.elf", users, image->name);
}

/* The file that was linked beside the program's, with its lines. */
static bool lines_open(struct profile_image *image)
{
    char path[sizeof(image->path) + 8], why[160];

    snprintf(path, sizeof(path), "%s.debug", image->path);
    return symbols_open(path, &image->symbols, why) == TACH_OK;
}

/* A program without a readable file keeps its bare addresses, and that is said. */
static void program_open(struct profile_image *image, const char *users)
{
    char why[160];

    program_path(image, users);
    if (!strcmp(image->name, TASK_GONE))
        return;
    if (lines_open(image))
        return;
    if (symbols_open(image->path, &image->symbols, why) != TACH_OK)
        say_error(0, VERB_PROFILE, image->path, "%s; its functions have no names", why);
}

static int images_open(struct profile *profile, const struct profile_paths *paths)
{
    profile->images = calloc(profile->sample_count + 1, sizeof(*profile->images));
    if (!profile->images)
        return say_error(TACH_INTERNAL, VERB_PROFILE, paths->kernel, "out of memory");
    profile->image_count = 1;
    const int status = kernel_open(profile, paths->kernel);
    for (size_t i = 0; i < profile->sample_count && status == TACH_OK; i++) {
        const struct wire_sample *sample = &profile->samples[i];
        if (in_kernel(sample->rip) || image_of(profile, sample, sample->rip) < profile->image_count)
            continue;
        struct profile_image *image = &profile->images[profile->image_count++];
        task_label(sample, image->name, sizeof(image->name));
        program_open(image, paths->users);
    }
    return status;
}

static int by_address(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;

    if (x->image != y->image)
        return x->image < y->image ? -1 : 1;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return x->nobody - y->nobody;
}

static enum sample_phase site_phase(const struct profile_image *image, const struct place *place,
                                    uint64_t address, bool nobody)
{
    const struct phase_site site = {
        .path = image->path,
        .kernel = in_kernel(address),
        .lines = image->symbols && symbols_lines(image->symbols),
        .nobody = nobody,
        .place = place,
        .label = image->symbols ? symbols_label(image->symbols, place, address, phase_label) : ""};

    return phase_of(&site);
}

enum sample_phase profile_phase(const struct profile_image *image, const struct place *place,
                                uint64_t address)
{
    return site_phase(image, place, address, false);
}

static void spot_name(const struct profile *profile, struct spot *spot)
{
    const struct profile_image *image = &profile->images[spot->image];

    if (image->symbols)
        symbols_find(image->symbols, spot->address, &spot->place);
    spot->phase = site_phase(image, &spot->place, spot->address, spot->nobody);
    if (*spot->place.name)
        return;
    snprintf(spot->place.name, PLACE_NAME, "0x%" PRIx64, spot->address);
    spot->place.start = spot->address;
}

/* Adds up equal spots, which stand beside each other, and names them. */
static void spots_join(struct profile *profile)
{
    size_t kept = 0;

    qsort(profile->spots, profile->spot_count, sizeof(*profile->spots), by_address);
    for (size_t i = 0; i < profile->spot_count; i++) {
        if (kept && !by_address(&profile->spots[kept - 1], &profile->spots[i]))
            profile->spots[kept - 1].samples += profile->spots[i].samples;
        else
            profile->spots[kept++] = profile->spots[i];
    }
    profile->spot_count = kept;
    for (size_t i = 0; i < kept; i++)
        spot_name(profile, &profile->spots[i]);
}

/* What a return address stands behind: the call. */
static uint64_t call_before(uint64_t address)
{
    return address - 1;
}

static int spots_make(struct profile *profile)
{
    size_t most = 0;

    for (size_t i = 0; i < profile->sample_count; i++)
        most += 1u + profile->samples[i].depth;
    profile->spots = calloc(most, sizeof(*profile->spots));
    if (!profile->spots)
        return say_error(TACH_INTERNAL, VERB_PROFILE, profile->images[0].path, "out of memory");
    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct wire_sample *sample = &profile->samples[i];
        profile->spots[profile->spot_count++] =
            (struct spot){.image = image_of(profile, sample, sample->rip),
                          .address = sample->rip,
                          .nobody = !sample->tid,
                          .samples = 1};
        for (unsigned d = 0; d < sample->depth; d++)
            profile->spots[profile->spot_count++] =
                (struct spot){.address = call_before(sample->stack[d])};
    }
    spots_join(profile);
    return TACH_OK;
}

/* What one boot's sampler said in the end, to that of those before. */
static void sampler_add(struct wire_samples *sum, const struct wire_samples *one)
{
    sum->taken += one->taken;
    sum->lost += one->lost;
    sum->held += one->held;
    sum->spent += one->spent;
    sum->hz = sum->hz == one->hz ? sum->hz : 0;
    sum->source = sum->source == one->source ? sum->source : 0;
}

static void boot_add(struct profile *profile, const struct boot *boot)
{
    struct wire_sample *to = profile->samples + profile->sample_count;
    const uint64_t clock = profile->sample_count ? to[-1].tsc + 1 : 0;

    if (profile->sample_count)
        sampler_add(&profile->sampler, &boot->sampler);
    else
        profile->sampler = boot->sampler;
    memcpy(to, boot->samples, boot->sample_count * sizeof(*to));
    for (size_t i = 0; i < boot->sample_count; i++)
        to[i].tsc = clock + (boot->samples[i].tsc - boot->samples[0].tsc);
    profile->sample_count += boot->sample_count;
}

int profile_make(const struct boot *const *boots, size_t count, const struct profile_paths *paths,
                 struct profile *out)
{
    size_t samples = 0;

    *out = (struct profile){.hello = &boots[0]->hello, .boot_count = count};
    for (size_t i = 0; i < count; i++)
        samples += boots[i]->sample_count;
    out->samples = calloc(samples, sizeof(*out->samples));
    if (!out->samples)
        return say_error(TACH_INTERNAL, VERB_PROFILE, paths->kernel, "out of memory");
    for (size_t i = 0; i < count; i++)
        boot_add(out, boots[i]);
    const int status = images_open(out, paths);
    return status == TACH_OK ? spots_make(out) : status;
}

void profile_free(struct profile *profile)
{
    for (size_t i = 0; i < profile->image_count; i++)
        symbols_close(profile->images[i].symbols);
    free(profile->images);
    free(profile->spots);
    free(profile->samples);
    *profile = (struct profile){0};
}

static const struct spot *spot_find(const struct profile *profile, const struct spot *key)
{
    return bsearch(key, profile->spots, profile->spot_count, sizeof(*key), by_address);
}

const char *profile_source(const struct profile *profile)
{
    return body_sample_source(profile->sampler.source);
}

const struct spot *profile_leaf(const struct profile *profile, const struct wire_sample *sample)
{
    const struct spot key = {.image = image_of(profile, sample, sample->rip),
                             .address = sample->rip,
                             .nobody = !sample->tid};

    return spot_find(profile, &key);
}

size_t profile_stack(const struct profile *profile, const struct wire_sample *sample,
                     struct label out[PROFILE_FRAMES])
{
    const struct spot *leaf = profile_leaf(profile, sample);
    size_t n = 3;

    out[0].spot = out[1].spot = out[2].spot = NULL;
    task_label(sample, out[0].text, LABEL_SIZE);
    snprintf(out[1].text, LABEL_SIZE, sample->ring ? "[user]" : "[kernel]");
    snprintf(out[2].text, LABEL_SIZE, "[%s]", phase_name(leaf->phase));
    for (unsigned d = sample->depth; d > 0; d--, n++) {
        const struct spot key = {.address = call_before(sample->stack[d - 1])};
        out[n].spot = spot_find(profile, &key);
        snprintf(out[n].text, LABEL_SIZE, "%s%s", out[n].spot->place.name,
                 sample->scanned ? "?" : "");
    }
    out[n].spot = leaf;
    snprintf(out[n].text, LABEL_SIZE, "%s", out[n].spot->place.name);
    return n + 1;
}

static int by_samples(const void *a, const void *b)
{
    const struct hot *x = a, *y = b;

    if (x->samples != y->samples)
        return x->samples > y->samples ? -1 : 1;
    return by_address(x->spot, y->spot);
}

struct hot *profile_hottest(const struct profile *profile, bool each, size_t *count)
{
    struct hot *list = calloc(profile->spot_count, sizeof(*list));
    const struct spot *before = NULL;

    *count = 0;
    for (size_t i = 0; i < profile->spot_count && list; i++) {
        const struct spot *spot = &profile->spots[i];
        if (!spot->samples)
            continue;
        const bool same = !each && before && before->image == spot->image &&
                          before->place.start == spot->place.start;
        struct hot *hot = same ? &list[*count - 1] : &list[(*count)++];
        hot->several |= same && spot->phase != hot->spot->phase;
        if (!same || spot->samples > hot->spot->samples)
            hot->spot = spot;
        hot->samples += spot->samples;
        before = spot;
    }
    if (list)
        qsort(list, *count, sizeof(*list), by_samples);
    return list;
}

struct share share_of(uint64_t part, uint64_t whole)
{
    const double n = (double)whole, p = (double)part / n, z2 = Z_95 * Z_95;
    const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half = Z_95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    const double low = middle - half, high = middle + half;

    return (struct share){100 * (low > 0 ? low : 0), 100 * p, 100 * (high < 1 ? high : 1)};
}
