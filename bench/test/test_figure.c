/* SPDX-License-Identifier: MIT
 * Figures and documents: what is written reads back the same, means over boots, text and numbers
 * that JSON cannot hold, and the plan of the boots. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/boots.h"
#include "bench/chart/chart.h"
#include "bench/crossover.h"
#include "bench/exits.h"
#include "bench/measure.h"
#include "bench/table.h"
#include "bench/test/unit.h"

#define ROUNDS 200u

static double number_random(void)
{
    switch (random() % 3) {
    case 0:
        return (double)(random() % 1000000);
    case 1:
        return (double)random() / 7;
    default:
        return -(double)(random() % 100);
    }
}

/* A figure with random numbers, some of them absent. */
static struct figure figure_random(unsigned index)
{
    struct figure figure = figure_empty();
    double *const numbers[] = {&figure.kernel,
                               &figure.traced,
                               &figure.residue,
                               &figure.traps,
                               &figure.phase[PHASE_guards],
                               &figure.phase[PHASE_reply]};

    snprintf(figure.cell, sizeof(figure.cell), "D4/size:%u/space:two", index);
    figure.pti_on = random() % 2;
    figure.whole = number_random();
    figure.ns = number_random();
    figure.samples = (double)(random() % 1000);
    figure.boot = (unsigned)(random() % 10);
    figure.boots = 10;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (random() % 2)
            *numbers[i] = number_random();
    return figure;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fabs(a);
}

static bool figures_equal(const struct figure *a, const struct figure *b)
{
    bool equal = !strcmp(a->cell, b->cell) && a->pti_on == b->pti_on && a->boot == b->boot &&
                 a->boots == b->boots && near(a->whole, b->whole) && near(a->ns, b->ns) &&
                 near(a->samples, b->samples);

#define X(member, json) equal &= near(a->member, b->member);
    FIGURE_EXTRAS(X)
#undef X
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        equal &= near(a->phase[i], b->phase[i]);
    return equal;
}

static void test_round_trip(void)
{
    char path[] = "/tmp/tach-figure-XXXXXX";
    struct figure figures[ROUNDS];
    struct document read, written = {.class = "icount", .figures = figures, .count = ROUNDS};
    unsigned wrong = 0;

    EXPECT(close(mkstemp(path)) == 0);
    written.context = json_pack("{ss ss ss}", "tach_class", "icount", "tach_machine", "m",
                                "tach_complete", "yes");
    srandom(2);
    for (unsigned i = 0; i < ROUNDS; i++)
        figures[i] = figure_random(i);
    EXPECT(document_write("test", path, &written) == TACH_OK);
    EXPECT(document_load("test", path, &read) == TACH_OK);
    EXPECT(read.count == ROUNDS && !strcmp(read.class, "icount") && !strcmp(read.machine, "m"));
    for (unsigned i = 0; i < read.count; i++)
        wrong += !figures_equal(&figures[i], &read.figures[i]);
    EXPECT(wrong == 0);
    json_decref(written.context);
    document_free(&read);
    unlink(path);
}

static void test_json(void)
{
    json_t *text = json_text("a\x01\xff\"\\z"), *number = json_number(NAN);

    EXPECT(!strcmp(json_string_value(text), "a\\x01\\xff\"\\z"));
    EXPECT(json_is_integer(number) && json_integer_value(number) == 0);
    json_decref(text);
    json_decref(number);
    number = json_number(INFINITY);
    EXPECT(json_integer_value(number) == 0);
    json_decref(number);
    number = json_number(130.25);
    EXPECT(json_is_real(number) && json_real_value(number) == 130.25);
    json_decref(number);
    char shown[32];
    number_text(130, shown, sizeof(shown));
    EXPECT(!strcmp(shown, "130"));
    number_text(130.256, shown, sizeof(shown));
    EXPECT(!strcmp(shown, "130.26"));
}

static void test_merge(void)
{
    struct figure figures[4] = {figure_empty(), figure_empty(), figure_empty(), figure_empty()};
    const struct document rows = {.class = "kvm", .figures = figures, .count = 4};
    struct document merged = {.class = "kvm"};

    for (unsigned i = 0; i < 4; i++) {
        strcpy(figures[i].cell, i < 3 ? "R0" : "fault");
        figures[i].whole = 10 * (i + 1);
        figures[i].kernel = i == 1 ? FIGURE_ABSENT : 4 + i; /* of the two that have it: 5 */
        figures[i].traps = i + 1;
        figures[i].samples = 100;
        figures[i].pti_on = i == 3;
        figures[i].boot = i;
    }
    EXPECT(measure_merge(&rows, &merged) == 0 && merged.count == 2);
    const struct figure *mean = document_find(&merged, "R0", false);
    EXPECT(mean && mean->whole == 20 && mean->boots == 3 && mean->boot == 0);
    EXPECT(mean && mean->samples == 300 && mean->traps == 2 && mean->kernel == 5 &&
           !figure_has(mean->residue));
    EXPECT(!document_find(&merged, "R0", true));
    EXPECT(document_find(&merged, "fault", true)->whole == 40);
    document_free(&merged);
}

static void test_cells(void)
{
    const struct cell_parts parts = cell_split("D4/size:64/space:one"), plain = cell_split("R0");

    EXPECT(!strcmp(parts.rung, "D4") && parts.size == 64 && parts.one_space);
    EXPECT(!strcmp(plain.rung, "R0") && plain.size == -1 && !plain.one_space);
}

/* Two lines that meet between the payloads of both: 100 + size against 140 + size / 2, at 80. */
static void test_crossover(void)
{
    static const struct crossover_pair pair = {{"R1", "T2"}, ""}, none = {{"R1", "D4"}, ""};
    struct figure figures[6];
    const struct document document = {.class = "icount", .figures = figures, .count = 6};
    static const unsigned sizes[] = {64, 8, 128};
    long found[CROSSOVER_SIZES_MAX];

    for (unsigned i = 0; i < 6; i++) {
        figures[i] = figure_empty();
        snprintf(figures[i].cell, sizeof(figures[i].cell), "%s/size:%u", pair.rungs[i % 2],
                 sizes[i / 2]);
        figures[i].whole = i % 2 ? 140 + sizes[i / 2] / 2.0 : 100 + sizes[i / 2];
    }
    EXPECT(crossover_sizes(&document, found) == 3);
    EXPECT(found[0] == 8 && found[1] == 64 && found[2] == 128);
    const struct crossover at = crossover_find(&document, &pair, false);
    EXPECT(at.measured == 3 && near(at.size, 80) && near(at.whole, 180));
    EXPECT(at.low == 64 && at.high == 128);
    EXPECT(!crossover_find(&document, &pair, true).measured);
    const struct crossover nowhere = crossover_find(&document, &none, false);
    EXPECT(nowhere.size < 0 && !nowhere.measured);
}

int main(void)
{
    test_round_trip();
    test_json();
    test_merge();
    test_cells();
    test_crossover();
    return unit_done("figure");
}
