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
    if (!symbols_build(image->symbols, profile->boot->hello.build_id))
        return say_error(TACH_BADDATA, VERB_PROFILE, path,
                         "not the kernel that was booted: the build ids differ");
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

/* A program without a readable file keeps its bare addresses, and that is said. */
static void program_open(struct profile_image *image, const char *users)
{
    char why[160];

    program_path(image, users);
    if (!strcmp(image->name, TASK_GONE))
        return;
    if (symbols_open(image->path, &image->symbols, why) != TACH_OK)
        say_error(0, VERB_PROFILE, image->path, "%s; its functions have no names", why);
}

static int images_open(struct profile *profile, const struct profile_paths *paths)
{
    profile->images = calloc(profile->boot->sample_count + 1, sizeof(*profile->images));
    if (!profile->images)
        return say_error(TACH_INTERNAL, VERB_PROFILE, paths->kernel, "out of memory");
    profile->image_count = 1;
    const int status = kernel_open(profile, paths->kernel);
    for (size_t i = 0; i < profile->boot->sample_count && status == TACH_OK; i++) {
        const struct wire_sample *sample = &profile->boot->samples[i];
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
    return (x->address > y->address) - (x->address < y->address);
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
    for (size_t i = 0; i < kept; i++) {
        struct spot *spot = &profile->spots[i];
        if (profile->images[spot->image].symbols)
            symbols_find(profile->images[spot->image].symbols, spot->address, &spot->place);
        if (*spot->place.name)
            continue;
        snprintf(spot->place.name, PLACE_NAME, "0x%" PRIx64, spot->address);
        spot->place.start = spot->address;
    }
}

/* What a return address stands behind: the call. */
static uint64_t call_before(uint64_t address)
{
    return address - 1;
}

static int spots_make(struct profile *profile)
{
    const struct boot *boot = profile->boot;
    size_t most = 0;

    for (size_t i = 0; i < boot->sample_count; i++)
        most += 1u + boot->samples[i].depth;
    profile->spots = calloc(most, sizeof(*profile->spots));
    if (!profile->spots)
        return say_error(TACH_INTERNAL, VERB_PROFILE, profile->images[0].path, "out of memory");
    for (size_t i = 0; i < boot->sample_count; i++) {
        const struct wire_sample *sample = &boot->samples[i];
        profile->spots[profile->spot_count++] = (struct spot){
            .image = image_of(profile, sample, sample->rip), .address = sample->rip, .samples = 1};
        for (unsigned d = 0; d < sample->depth; d++)
            profile->spots[profile->spot_count++] =
                (struct spot){.address = call_before(sample->stack[d])};
    }
    spots_join(profile);
    return TACH_OK;
}

int profile_make(const struct boot *boot, const struct profile_paths *paths, struct profile *out)
{
    *out = (struct profile){.boot = boot};
    const int status = images_open(out, paths);
    return status == TACH_OK ? spots_make(out) : status;
}

void profile_free(struct profile *profile)
{
    for (size_t i = 0; i < profile->image_count; i++)
        symbols_close(profile->images[i].symbols);
    free(profile->images);
    free(profile->spots);
    *profile = (struct profile){0};
}

static const struct spot *spot_find(const struct profile *profile, size_t image, uint64_t address)
{
    const struct spot key = {.image = image, .address = address};

    return bsearch(&key, profile->spots, profile->spot_count, sizeof(key), by_address);
}

const struct spot *profile_leaf(const struct profile *profile, const struct wire_sample *sample)
{
    return spot_find(profile, image_of(profile, sample, sample->rip), sample->rip);
}

size_t profile_stack(const struct profile *profile, const struct wire_sample *sample,
                     struct label out[PROFILE_FRAMES])
{
    size_t n = 0;

    out[n].spot = NULL;
    task_label(sample, out[n++].text, LABEL_SIZE);
    for (unsigned d = sample->depth; d > 0; d--, n++) {
        out[n].spot = spot_find(profile, 0, call_before(sample->stack[d - 1]));
        snprintf(out[n].text, LABEL_SIZE, "%s%s", out[n].spot->place.name,
                 sample->scanned ? "?" : "");
    }
    out[n].spot = profile_leaf(profile, sample);
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
