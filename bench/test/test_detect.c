/* SPDX-License-Identifier: MIT
 * Change points: steps are found where they are, and what is none is not called one. How often,
 * over many kinds of noise, is `make truth`'s to say; here are the cases by themselves, the bounds
 * of what may be asked, and the time it takes. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "bench/judge/detect.h"
#include "bench/judge/split.h"
#include "bench/judge/step.h"
#include "bench/test/random.h"
#include "bench/test/unit.h"

#define LONG 100000u

static struct change found[LONG];

/* n points at 5000 with a noise of 0.3 %. */
static void series_make(double *series, size_t n)
{
    for (size_t i = 0; i < n; i++)
        series[i] = 5000 * (1 + 0.003 * random_normal());
}

static int find(const double *series, const uint64_t *image, size_t n)
{
    return detect_changes(series, image, n, &detect_default, found, LONG);
}

static void test_steps(void)
{
    double series[200];

    series_make(series, 200);
    EXPECT(find(series, NULL, 200) == 0);
    for (size_t i = 70; i < 200; i++)
        series[i] *= 1.03;
    for (size_t i = 140; i < 200; i++)
        series[i] *= 0.96;
    EXPECT(find(series, NULL, 200) == 2);
    EXPECT(found[0].at == 70 && found[1].at == 140);
    EXPECT(found[0].percent > 2.5 && found[0].percent < 3.5);
    EXPECT(found[1].percent > -4.5 && found[1].percent < -3.5);
    EXPECT(found[0].before < found[0].after && found[1].before > found[1].after);
    EXPECT(found[0].p > 0 && found[0].p < 1e-6);
    EXPECT(detect_changes(series, NULL, 200, &detect_default, found, 1) == 2);
    EXPECT(detect_changes(series, NULL, 139, &detect_default, found, 9) == 1);
}

/* Without noise, one instruction: said when it is asked for. */
static void test_exact(void)
{
    struct detect_rule rule = detect_default;
    double series[40];

    for (size_t i = 0; i < 40; i++)
        series[i] = i < 30 ? 2000 : 2001;
    EXPECT(find(series, NULL, 40) == 0);
    rule.min_shift = 0;
    EXPECT(detect_changes(series, NULL, 40, &rule, found, 9) == 1 && found[0].at == 30);
    EXPECT(found[0].percent == 0.05 && found[0].before == 2000 && found[0].after == 2001);
}

static void test_none(void)
{
    double series[120];

    series_make(series, 120);
    series[60] *= 3; /* one wild point, then three */
    EXPECT(find(series, NULL, 120) == 0);
    series[59] *= 3;
    series[61] *= 3;
    EXPECT(find(series, NULL, 120) == 0);
    for (size_t i = 0; i < 120; i++) /* a slope, in steps of 0.2 % */
        series[i] = 5000 * (1 + 0.002 * (double)(i / 5) + 0.0003 * random_normal());
    EXPECT(find(series, NULL, 120) == 0);
    for (size_t i = 0; i < 120; i++) /* 0.3 % is a change to nobody */
        series[i] = 5000 * (1 + 0.003 * (i >= 60) + 0.0002 * random_normal());
    EXPECT(find(series, NULL, 120) == 0);
    for (size_t i = 0; i < 120; i++) /* 1 % under 5 % of spread is not said */
        series[i] = 5000 * (1 + 0.01 * (i >= 60) + 0.05 * random_normal());
    EXPECT(find(series, NULL, 120) == 0);
    EXPECT(find(series, NULL, 0) == 0 && find(series, NULL, 1) == 0 && find(series, NULL, 7) == 0);
}

/* The same image at both sides of a step: the machine changed, not the program. */
static void test_images(void)
{
    double series[80];
    uint64_t image[80];

    series_make(series, 80);
    for (size_t i = 0; i < 80; i++) {
        series[i] *= i >= 40 ? 1.03 : 1;
        image[i] = i + 1;
    }
    EXPECT(find(series, image, 80) == 1 && found[0].at == 40);
    image[40] = image[39];
    EXPECT(find(series, image, 80) == 0);
    image[39] = image[40] = 0; /* unknown is not the same */
    EXPECT(find(series, image, 80) == 1 && found[0].at == 40);
}

static void test_noise(void)
{
    static double series[4000];
    static uint64_t image[4000];
    size_t pairs;

    series_make(series, 4000);
    for (size_t i = 0; i < 4000; i++) {
        series[i] *= 1 + (double)(i / 2 % 50) / 10;
        image[i] = 1 + i / 2;
    }
    series[17] *= 100;
    const double noise = detect_noise(series, image, 4000, &pairs);
    EXPECT(pairs == 2000 && noise > 0.0028 && noise < 0.0032);
    EXPECT(detect_noise(series, NULL, 4000, &pairs) == 0 && pairs == 0);
    EXPECT(detect_noise(series, image, 0, &pairs) == 0 && pairs == 0);
}

/* The same seed gives the same answer; the rule's bounds are kept. */
static void test_rule(void)
{
    static struct change again[500];
    static double series[500];
    struct detect_rule rule = detect_default;
    unsigned wrong = 0;

    series_make(series, 500);
    for (size_t i = 0; i < 500; i++)
        series[i] *= 1 + 0.006 * (double)(i / 37 % 2);
    const int count = find(series, NULL, 500);
    EXPECT(count > 3 && detect_changes(series, NULL, 500, &rule, again, 500) == count);
    for (int i = 0; i < count; i++)
        wrong += again[i].at != found[i].at || (i && found[i].at <= found[i - 1].at);
    EXPECT(wrong == 0);
    rule = (struct detect_rule){.window = 0, .p = 0, .side = 0};
    EXPECT(detect_changes(series, NULL, 500, &rule, found, 500) >= 0);
    rule = (struct detect_rule){.window = SIZE_MAX, .p = 1, .side = SIZE_MAX};
    EXPECT(detect_changes(series, NULL, 500, &rule, found, 500) >= 0);
}

static void test_odd_numbers(void)
{
    static const double odd[] = {0, -0.0, 1, -1, 5e-324, 1e300, -1e300, DBL_MAX, -DBL_MAX, 5000};
    double series[90];
    unsigned wrong = 0;

    for (unsigned round = 0; round < 500; round++) {
        const unsigned kinds = 2 + (unsigned)(random_next() % 9);
        for (size_t i = 0; i < 90; i++)
            series[i] = odd[(random_next() + (i > 50 ? 3 : 0)) % kinds];
        const int count = find(series, NULL, 90);
        wrong += count < 0;
        for (int i = 0; i < count; i++)
            wrong += !(isfinite(found[i].percent) && isfinite(found[i].before) &&
                       isfinite(found[i].after) && found[i].p >= 0 && found[i].p <= 1);
    }
    EXPECT(wrong == 0);
    series[3] = NAN;
    EXPECT(find(series, NULL, 90) == -1);
    series[3] = -INFINITY;
    EXPECT(find(series, NULL, 90) == -1);
}

/* The pieces: where a segment splits, and when a step is one. */
static void test_pieces(void)
{
    const double two[] = {1, 2, 1, 2, 1, 9, 8, 9, 8, 9}, slope[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const double same[10] = {0};
    const struct segment segment = {two, NULL, 10}, flat = {same, NULL, 10};

    EXPECT(split_best(&segment) == 5 && split_best(&flat) == 0);
    EXPECT(split_holds(&segment, 5, 0.05, 1) && !split_holds(&segment, 5, 0.001, 1));
    EXPECT(step_is(two, 5, 5) && !step_is(slope, 5, 5) && !step_is(same, 5, 5));
}

/* 100,000 points take a second at most without sanitizers; this is what they add. */
static void test_time(void)
{
    static double series[LONG];
    const clock_t begin = clock();

    series_make(series, LONG);
    const int count = find(series, NULL, LONG);
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("detect: %d changes told in %u equal points, %.2f s\n", count, LONG, seconds);
    EXPECT(count >= 0 && count < 100 && seconds < 20);
}

int main(void)
{
    random_seed(2);
    test_steps();
    test_exact();
    test_none();
    test_images();
    test_noise();
    test_rule();
    test_odd_numbers();
    test_pieces();
    test_time();
    return unit_done("detect");
}
