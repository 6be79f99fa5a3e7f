/* SPDX-License-Identifier: MIT
 * Histograms and their statistics against values worked out by hand, and against a plain model of
 * sorted samples over random data. */
#include <stdlib.h>
#include <string.h>

#include "bench/histogram.h"
#include "bench/stats.h"
#include "bench/test/unit.h"

#define SAMPLES 1000u
#define ROUNDS  200u

static int rising(const struct histogram *histogram)
{
    uint64_t samples = 0;

    for (size_t i = 0; i < histogram->used; i++) {
        samples += histogram->entries[i].count;
        if (!histogram->entries[i].count ||
            (i && histogram->entries[i].value <= histogram->entries[i - 1].value))
            return 0;
    }
    return samples == histogram->samples;
}

static void test_add(void)
{
    struct histogram h = {0};

    EXPECT(!histogram_add(&h, 5, 1) && !histogram_add(&h, 3, 2) && !histogram_add(&h, 5, 4));
    EXPECT(!histogram_add(&h, 9, 0));
    EXPECT(h.used == 2 && h.samples == 7 && rising(&h));
    EXPECT(h.entries[0].value == 3 && h.entries[0].count == 2);
    EXPECT(h.entries[1].value == 5 && h.entries[1].count == 5);
    EXPECT(histogram_add(&h, 1, UINT64_MAX) == -1);
    EXPECT(h.used == 2 && h.samples == 7);
    histogram_free(&h);
    EXPECT(!h.entries && !h.used && !h.samples);
}

static void test_merge(void)
{
    const struct wire_hist_entry a[] = {{1, 1}, {4, 2}, {9, 3}}, b[] = {{0, 1}, {4, 5}, {10, 1}};
    const struct wire_hist_entry falling[] = {{4, 1}, {3, 1}}, empty[] = {{4, 0}};
    struct histogram h = {0};

    EXPECT(!histogram_merge(&h, a, 3) && !histogram_merge(&h, b, 3) && !histogram_merge(&h, b, 0));
    EXPECT(h.used == 5 && h.samples == 13 && rising(&h));
    EXPECT(h.entries[2].value == 4 && h.entries[2].count == 7);
    EXPECT(histogram_merge(&h, falling, 2) == -1 && histogram_merge(&h, empty, 1) == -1);
    EXPECT(h.used == 5 && h.samples == 13);
    histogram_free(&h);
}

static void test_known(void)
{
    const struct wire_hist_entry one[] = {{130, 1000003}};
    const struct wire_hist_entry big[] = {{UINT64_MAX - 1, UINT64_MAX / 2}, {UINT64_MAX, 1}};
    const struct wire_hist_entry outlier[] = {{100, 19}, {1000000, 1}};
    const struct wire_hist_entry ten[] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1},
                                          {6, 1}, {7, 1}, {8, 1}, {9, 1}, {10, 1}};
    struct stats s = stats_of(one, 1);

    EXPECT(s.location == 130 && s.min == 130 && s.max == 130 && s.p50 == 130 && s.p999 == 130);
    EXPECT(s.mode == 130 && s.samples == 1000003);
    EXPECT(stats_location(outlier, 2) == 100);
    EXPECT(stats_percentile(outlier, 2, 9500) == 100);
    EXPECT(stats_percentile(outlier, 2, 9501) == 1000000);
    EXPECT(stats_location(ten, 10) == 5.5);
    EXPECT(stats_percentile(ten, 10, 0) == 1 && stats_percentile(ten, 10, 5000) == 5);
    EXPECT(stats_percentile(ten, 10, 5001) == 6 && stats_percentile(ten, 10, 10000) == 10);
    EXPECT(stats_of(big, 2).p50 == UINT64_MAX - 1);
    EXPECT(stats_location(NULL, 0) == 0 && stats_percentile(NULL, 0, 5000) == 0);
    EXPECT(stats_of(NULL, 0).samples == 0);
}

static int compare_values(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* 1000 samples: the cuts of 5 % fall between samples, so the model is a plain mean of 900. */
static double model_location(const uint64_t *sorted)
{
    double sum = 0;

    for (unsigned i = SAMPLES / 20; i < SAMPLES - SAMPLES / 20; i++)
        sum += (double)sorted[i];
    return sum / (SAMPLES - SAMPLES / 10);
}

static void test_random(void)
{
    unsigned wrong = 0;

    srandom(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct histogram parts[2] = {{0}};
        uint64_t samples[SAMPLES];
        const long spread = 1 + random() % 3000;
        for (unsigned i = 0; i < SAMPLES; i++) {
            samples[i] = (uint64_t)(random() % spread);
            wrong += histogram_add(&parts[random() % 2], samples[i], 1) != 0;
        }
        wrong += histogram_merge(&parts[0], parts[1].entries, parts[1].used) != 0;
        qsort(samples, SAMPLES, sizeof(samples[0]), compare_values);
        const struct stats s = stats_of(parts[0].entries, parts[0].used);
        const double off = s.location - model_location(samples);
        wrong += !rising(&parts[0]) || s.samples != SAMPLES || off > 1e-9 || off < -1e-9;
        wrong += s.min != samples[0] || s.max != samples[SAMPLES - 1];
        wrong += s.p50 != samples[SAMPLES / 2 - 1] || s.p99 != samples[SAMPLES / 100 * 99 - 1];
        histogram_free(&parts[0]);
        histogram_free(&parts[1]);
    }
    EXPECT(wrong == 0);
}

int main(void)
{
    test_add();
    test_merge();
    test_known();
    test_random();
    return unit_done("stats");
}
