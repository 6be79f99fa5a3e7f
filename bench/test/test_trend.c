/* SPDX-License-Identifier: MIT
 * Trends against enumeration and by their own rate of false alarms; drift and warm-up on runs whose
 * truth is known. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/drift.h"
#include "bench/test/unit.h"
#include "bench/trend.h"
#include "bench/warmup.h"

#define MATRIX      "axis pti off,on\naxis trace off\nR0 - -\nR1 8 -\nD4 0 two\n"
#define REPETITIONS 10u
#define RUNS        400u

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (fabs(b) + 1);
}

static double uniform(void)
{
    return (double)random() / RAND_MAX;
}

/* Sum of twelve: close enough to normal. */
static double noise(double deviation)
{
    double sum = -6;

    for (unsigned i = 0; i < 12; i++)
        sum += uniform();
    return sum * deviation;
}

static const double places[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static void test_known(void)
{
    const double rising[] = {1, 2, 4, 8, 16}, equal[] = {3, 3, 3, 3}, line[] = {5, 3, 1, -1, 90};
    const struct series_xy one = {places, rising, 5}, flat = {places, equal, 4};
    const struct series_xy two[] = {{places, rising, 3}, {places, rising, 3}};
    const struct series_xy bent = {places, line, 5};
    struct trend trend;

    EXPECT(!trend_of(&one, 1, &trend) && trend.s == 10 && trend.pairs == 10 && trend.exact);
    EXPECT(near(trend.p, 2.0 / 120)); /* two orders of 120 */
    EXPECT(!trend_of(two, 2, &trend) && trend.s == 6 && near(trend.p, 2.0 / 36));
    EXPECT(!trend_of(&flat, 1, &trend) && trend.s == 0 && near(trend.p, 1) && trend.slope == 0);
    EXPECT(!trend_of(&bent, 1, &trend) && trend.slope == -2); /* one outlier does not matter */
    EXPECT(!trend_of(NULL, 0, &trend) && trend.p == 1 && trend.pairs == 0);
}

/* Every order of six values: the share of those at least as extreme is the p that is claimed. */
static void test_enumeration(void)
{
    unsigned orders[64] = {0}, all = 0, wrong = 0;
    double y[6];
    struct trend trend;
    const struct series_xy series = {places, y, 6};

    for (unsigned code = 0; code < 46656; code++) {
        unsigned seen = 0, rest = code;
        for (unsigned i = 0; i < 6; i++, rest /= 6) {
            y[i] = rest % 6;
            seen |= 1u << rest % 6;
        }
        if (seen != 63)
            continue;
        all++;
        wrong += trend_of(&series, 1, &trend) != 0;
        for (long s = 0; s <= labs(trend.s); s++)
            orders[s]++;
    }
    EXPECT(all == 720 && wrong == 0);
    for (unsigned i = 0; i < 6; i++)
        y[i] = i == 0 ? 2 : i == 2 ? 0 : i;
    EXPECT(!trend_of(&series, 1, &trend));
    EXPECT(near(trend.p, orders[labs(trend.s)] / 720.0) && trend.p < 1);
}

/* Series too long for the exact distribution go on by the normal one, and agree with it. */
static void test_long(void)
{
    static double x[260], y[260];
    const struct series_xy exact = {x, y, 190}, normal = {x, y, 260};
    struct trend trend;

    srandom(4);
    for (unsigned i = 0; i < 260; i++) {
        x[i] = i;
        y[i] = uniform() + i * 0.0007;
    }
    EXPECT(!trend_of(&exact, 1, &trend) && trend.exact && trend.p > 0 && trend.p < 1);
    EXPECT(!trend_of(&normal, 1, &trend) && !trend.exact && trend.p > 0 && trend.p < 0.05);
}

static void test_change_point(void)
{
    uint64_t series[40];
    struct change_point change;

    for (unsigned i = 0; i < 40; i++)
        series[i] = (i < 15 ? 900 : 700) + i % 3;
    EXPECT(!change_point_of(series, 40, 0.01, &change));
    EXPECT(change.at == 15 && change.before == 901 && change.after == 701 && change.p < 0.01);
    for (unsigned i = 0; i < 40; i++)
        series[i] = 700;
    EXPECT(!change_point_of(series, 40, 0.01, &change) && change.at == 0);
    EXPECT(!change_point_of(series, 0, 0.01, &change) && change.at == 0);
    unsigned alarms = 0;
    srandom(6);
    for (unsigned round = 0; round < 1000; round++) {
        for (unsigned i = 0; i < 40; i++)
            series[i] = (uint64_t)random() % 100;
        alarms += !change_point_of(series, 40, 0.01, &change) && change.at;
    }
    EXPECT(alarms <= 20); /* 10 expected at most */
}

/* A run of two sides with the rows that its boots would give. */
struct sample {
    struct run run;
    struct document rows[RUN_SIDES];
};

static void sample_make(struct sample *sample, const char *class, double percent)
{
    struct matrix_error error;

    *sample = (struct sample){0};
    struct run *run = &sample->run;
    run->plan = (struct plan){.repetitions = REPETITIONS, .sides = RUN_SIDES, .seed = 1};
    strcpy(run->choice.class, class);
    EXPECT(!matrix_parse(MATRIX, strlen(MATRIX), &run->matrix, &error));
    EXPECT(!plan_boots(&run->matrix, &run->plan, &run->boots));
    for (unsigned side = 0; side < RUN_SIDES; side++) {
        struct document *rows = &sample->rows[side];
        run->sides[side].name = run_sides[side];
        rows->figures = calloc(6 * REPETITIONS, sizeof(*rows->figures));
        for (unsigned i = 0; i < 6 * REPETITIONS; i++) {
            struct figure *row = &rows->figures[rows->count++];
            *row = figure_empty();
            strcpy(row->cell, run->matrix.cells[i % 3].name);
            row->pti_on = i / 3 % 2;
            row->boot = i / 6;
            row->whole =
                (100 + i % 6) * (1 + noise(0.003) + percent / 100 * row->boot / (REPETITIONS - 1));
        }
    }
}

static const char *sample_judge(struct sample *sample, json_t **drift)
{
    *drift = drift_find(&sample->run, sample->rows);
    const char *verdict = json_string_value(json_object_get(*drift, "verdict"));

    return verdict ? verdict : "nothing";
}

static void sample_free(struct sample *sample, json_t *drift)
{
    json_decref(drift);
    free(sample->rows[0].figures);
    free(sample->rows[1].figures);
    run_free(&sample->run);
}

static void test_drift(void)
{
    struct sample sample;
    unsigned alarms = 0;
    json_t *drift;

    srandom(8);
    for (unsigned round = 0; round < RUNS; round++) {
        sample_make(&sample, "kvm", 0);
        alarms += !strcmp(sample_judge(&sample, &drift), "drift");
        sample_free(&sample, drift);
    }
    EXPECT(alarms <= 12); /* 4 expected */
    sample_make(&sample, "kvm", 1.5);
    EXPECT(!strcmp(sample_judge(&sample, &drift), "drift"));
    const double percent = json_number_value(json_object_get(drift, "percent"));
    EXPECT(percent > 1 && percent < 2);
    EXPECT(json_array_size(json_object_get(drift, "cells")) == 12);
    sample_free(&sample, drift);
    sample_make(&sample, "kvm", 1.5);
    sample.run.plan.repetitions = 3;
    EXPECT(!strcmp(sample_judge(&sample, &drift), "not judged"));
    sample_free(&sample, drift);
}

/* Instructions do not drift; a boot that counts otherwise is told by its cell. */
static void test_counts(void)
{
    struct sample sample;
    json_t *drift;

    sample_make(&sample, "icount", 0);
    for (unsigned side = 0; side < RUN_SIDES; side++)
        for (unsigned i = 0; i < sample.rows[side].count; i++)
            sample.rows[side].figures[i].whole = 100;
    EXPECT(!strcmp(sample_judge(&sample, &drift), "none"));
    json_decref(drift);
    sample.rows[1].figures[13].whole = 101;
    EXPECT(!strcmp(sample_judge(&sample, &drift), "unequal"));
    const json_t *cell = json_array_get(json_object_get(drift, "cells"), 0);
    EXPECT(!strcmp(json_string_value(json_object_get(cell, "side")), "head") &&
           !strcmp(json_string_value(json_object_get(cell, "cell")), "R1/size:8"));
    EXPECT(json_array_size(json_object_get(drift, "cells")) == 1);
    sample_free(&sample, drift);
}

static void test_warmup(void)
{
    uint64_t settled[32], wild[32];
    struct wire_hist_entry entry = {700, 32};
    struct hist hist = {.cell = "R0", .metric = "whole", .calls = 4, .count = 1, .entries = &entry};
    struct raw raws[] = {{.cell = "R0", .metric = "warmup", .calls = 4, .count = 32},
                         {.cell = "D4", .metric = "warmup", .calls = 4, .count = 32},
                         {.cell = "R1", .metric = "warmup", .calls = 4, .count = 3},
                         {.cell = "R1", .metric = "other", .calls = 4, .count = 32}};
    const struct boot boot = {.raws = raws, .raw_count = 4, .hists = &hist, .hist_count = 1};
    struct warmup warmup = {0};

    for (unsigned i = 0; i < 32; i++) {
        settled[i] = i < 10 ? 950 : 700;
        wild[i] = 2000 - 40 * i;
    }
    raws[0].samples = raws[2].samples = raws[3].samples = settled;
    raws[1].samples = wild;
    EXPECT(!warmup_boot(&boot, "", &warmup) && !warmup_boot(&boot, "", &warmup));
    EXPECT(warmup.count == 2 && warmup.cells[0].boots == 2 && warmup.cells[0].regions == 32);
    EXPECT(warmup.cells[0].change_at == 10 && warmup.cells[0].before == 950 &&
           warmup.cells[0].after == 700 && !warmup.cells[0].unsettled && !warmup.cells[0].left);
    EXPECT(warmup.cells[1].unsettled == 2);
    json_t *json = warmup_json(&warmup);
    EXPECT(!strcmp(json_string_value(json_object_get(json, "verdict")), "unsettled"));
    EXPECT(json_array_size(json_object_get(json, "cells")) == 2);
    json_decref(json);
    entry.value = 800; /* measured elsewhere than where the warm-up ended */
    EXPECT(!warmup_boot(&boot, "", &warmup) && warmup.cells[0].left == 1);
    warmup_free(&warmup);
    json = warmup_json(&warmup);
    EXPECT(!strcmp(json_string_value(json_object_get(json, "verdict")), "not kept"));
    json_decref(json);
}

int main(void)
{
    test_known();
    test_enumeration();
    test_long();
    test_change_point();
    test_drift();
    test_counts();
    test_warmup();
    return unit_done("trend");
}
