/* SPDX-License-Identifier: MIT
 * Percentile text (see hgrm.h). The percentiles are those that HdrHistogram's own writers choose:
 * five steps in each halving of what is left, so that the tail is as fine as the data allow. */
#include "traces/hgrm.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "traces/say.h"

#define STEPS_PER_HALF 5.0
#define PATH_BYTES     4096u
#define NAME_BYTES     (3u * sizeof((struct hist *)0)->cell)

struct moments {
    double mean, deviation;
};

static struct moments moments_of(const struct hist *hist)
{
    const double calls = hist->calls ? hist->calls : 1, samples = (double)hist->samples;
    struct moments moments = {0};

    for (size_t i = 0; i < hist->count; i++)
        moments.mean +=
            (double)hist->entries[i].value / calls * ((double)hist->entries[i].count / samples);
    for (size_t i = 0; i < hist->count; i++) {
        const double off = (double)hist->entries[i].value / calls - moments.mean;
        moments.deviation += off * off * ((double)hist->entries[i].count / samples);
    }
    moments.deviation = sqrt(moments.deviation);
    return moments;
}

/* The percentile behind `at`, both as parts of 1: a fifth of the half in which it lies. */
static double level_after(double at)
{
    const double half = exp2(floor(log2(1.0 / (1.0 - at))) + 1.0);

    return at + 1.0 / (half * STEPS_PER_HALF);
}

static void levels_print(FILE *out, const struct hist *hist)
{
    const double calls = hist->calls ? hist->calls : 1, samples = (double)hist->samples;
    uint64_t seen = 0;
    double level = 0;

    for (size_t i = 0; i < hist->count; i++) {
        const double value = (double)hist->entries[i].value / calls;

        seen += hist->entries[i].count;
        for (; seen < hist->samples && level <= (double)seen / samples; level = level_after(level))
            fprintf(out, "%12.3f %2.12f %10" PRIu64 " %14.2f\n", value, level, seen,
                    1.0 / (1.0 - level));
        if (i + 1 == hist->count)
            fprintf(out, "%12.3f %2.12f %10" PRIu64 "\n", value, 1.0, seen);
    }
}

static void hist_print(FILE *out, const struct hist *hist)
{
    const struct moments moments = moments_of(hist);
    const double calls = hist->calls ? hist->calls : 1;

    fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
            "1/(1-Percentile)");
    levels_print(out, hist);
    fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", moments.mean, moments.deviation);
    fprintf(out, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n",
            (double)hist->entries[hist->count - 1].value / calls, hist->samples);
    fprintf(out, "#[Buckets = %12zu, SubBuckets     = %12u]\n", hist->count, 1u);
}

/* A cell's or metric's name as part of a file's: two names never become one, none climbs. */
static void name_make(const char *from, size_t size, char *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < size && from[i]; i++) {
        const char c = from[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == ':' || c == '_' || c == '-';
        if (!plain)
            *out++ = '%';
        *out++ = plain ? c : digits[(unsigned char)c >> 4];
        if (!plain)
            *out++ = digits[(unsigned char)c & 15];
    }
    *out = 0;
}

static int hist_write(const char *verb, const char *directory, const struct hist *hist)
{
    char path[PATH_BYTES], cell[NAME_BYTES + 1], metric[NAME_BYTES + 1];

    name_make(hist->cell, sizeof hist->cell, cell);
    name_make(hist->metric, sizeof hist->metric, metric);
    if ((size_t)snprintf(path, sizeof path, "%s/%s.%s.hgrm", directory, cell, metric) >=
        sizeof path)
        return say_error(TACH_CANTCREATE, verb, directory, "the name is too long");
    FILE *file = file_create(verb, path);
    if (!file)
        return TACH_CANTCREATE;
    hist_print(file, hist);
    return file_finish(verb, path, file);
}

int hgrm_write(const char *verb, const char *directory, const struct capture *capture)
{
    char path[PATH_BYTES];
    size_t written = 0;
    int status = TACH_OK;

    for (size_t i = 0; i < capture->boot_count; i++) {
        const struct boot *boot = &capture->boots[i];

        if ((size_t)snprintf(path, sizeof path, "%s/boot-%zu", directory, i + 1) >= sizeof path)
            return say_error(TACH_CANTCREATE, verb, directory, "the name is too long");
        for (size_t at = 0; at < boot->hist_count && status == TACH_OK; at++) {
            if (!boot->hists[at].count || !boot->hists[at].samples)
                continue;
            status = hist_write(verb, path, &boot->hists[at]);
            written++;
        }
    }
    if (status == TACH_OK && written == 0)
        return say_error(TACH_BADDATA, verb, directory, "no histogram to write");
    return status;
}
