/* SPDX-License-Identifier: MIT
 * The crossing model over documents of known prices: it finds them, leaves out what is no round
 * trip, and names the one cell that does not fit. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/crossing.h"
#include "bench/test/unit.h"

static const struct {
    const char *cell;
    double traps, cr3[2], copied;
    bool in_c;
} cells[] = {
    {"R0", 1, {0, 2}, 0, false},
    {"R1/size:8", 1, {0, 2}, 0, false},
    {"R1/size:64", 1, {0, 2}, 64, false},
    {"R1/size:16384", 1, {0, 2}, 16384, false},
    {"D4/size:0/space:two", 2, {2, 4}, 0, false},
    {"D3/size:0/space:two", 2, {2, 4}, 0, true},
    {"D2/size:0/space:two", 3, {2, 6}, 0, true},
    {"D1/size:0/space:two", 4, {2, 8}, 0, true},
    {"D0/size:0/space:two", 6, {2, 12}, 0, true},
    {"D0/size:64/space:two", 6, {2, 12}, 64, true},
    {"D0/size:65536/space:two", 15, {8, 30}, 65536, true},
    {"D3/size:4096/space:two", 2, {2, 4}, 4096, true},
    {"T1/size:8", 2, {2, 4}, 0, true},
    {"T1/size:1024", 3, {2, 6}, 1024, true},
    {"T0/size:8", 3, {2, 6}, 8, true},
    {"T0/size:4096", 3, {2, 6}, 0, true},
    {"T0/size:65536", 3, {2, 6}, 0, true},
};
#define CELLS (sizeof(cells) / sizeof(cells[0]))

/* 10 + 70 a trap, in C 500 and 200 a trap, 3 a CR3 write, 40 a copy, 0.125 a byte, 30 a page and
 * side; 880 a request in C, 2000 a mapping and 1000 a page of it. */
static double price(size_t i, unsigned on)
{
    const bool maps = !strncmp(cells[i].cell, "T0", 2);
    const double pages = ceil(cells[i].copied / 4096);
    double whole = 10 + 70 * cells[i].traps + 3 * cells[i].cr3[on] + 0.125 * cells[i].copied;

    whole += cells[i].copied > 0 ? 40 : 0;
    whole += cells[i].in_c ? 500 + 200 * cells[i].traps + 60 * pages : 30 * pages;
    whole += *cells[i].cell == 'T' ? 880 : 0;
    whole += maps ? 2000 : 0;
    whole += !strcmp(cells[i].cell, "T0/size:4096") ? 1000 : 0;
    return whole + (!strcmp(cells[i].cell, "T0/size:65536") ? 16000 : 0);
}

static struct document document_make(struct figure figures[2 * CELLS + 3])
{
    const struct document document = {
        .class = "icount", .figures = figures, .count = 2 * CELLS + 3};

    for (size_t i = 0; i < 2 * CELLS; i++) {
        figures[i] = figure_empty();
        snprintf(figures[i].cell, sizeof(figures[i].cell), "%s", cells[i / 2].cell);
        figures[i].pti_on = i % 2;
        figures[i].traps = cells[i / 2].traps;
        figures[i].cr3_writes = cells[i / 2].cr3[i % 2];
        figures[i].copied_bytes = cells[i / 2].copied;
        figures[i].traced = 1;
        figures[i].phase[PHASE_slow] = cells[i / 2].in_c;
        figures[i].whole = price(i / 2, i % 2);
    }
    for (size_t i = 0; i < 3; i++) { /* none of these is in a model */
        static const char *const names[] = {"R0/mitig:verw", "irq-thread", "D4/size:8/space:two"};
        figures[2 * CELLS + i] = figures[0];
        snprintf(figures[2 * CELLS + i].cell, sizeof(figures[0].cell), "%s", names[i]);
        figures[2 * CELLS + i].whole = 1e6;
    }
    figures[2 * CELLS + 2].traps = FIGURE_ABSENT;
    return document;
}

static double term(const struct crossing *crossing, enum crossing_term term)
{
    return crossing->model.terms[term].used ? crossing->model.terms[term].value : NAN;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-6 * (1 + fabs(b));
}

static void test_prices(void)
{
    struct figure figures[2 * CELLS + 3];
    const struct document document = document_make(figures);
    struct crossing crossing;

    EXPECT(!crossing_fit(&document, &crossing));
    EXPECT(crossing.count == 2 * CELLS && near(term(&crossing, CROSSING_constant), 10));
    EXPECT(near(term(&crossing, CROSSING_traps), 70));
    EXPECT(near(term(&crossing, CROSSING_c_path), 500));
    EXPECT(near(term(&crossing, CROSSING_c_traps), 200));
    EXPECT(near(term(&crossing, CROSSING_cr3_writes), 3));
    EXPECT(near(term(&crossing, CROSSING_copies), 40));
    EXPECT(near(term(&crossing, CROSSING_bytes), 0.125));
    EXPECT(near(term(&crossing, CROSSING_copied_pages), 30));
    EXPECT(near(term(&crossing, CROSSING_requests), 880));
    EXPECT(near(term(&crossing, CROSSING_mappings), 2000));
    EXPECT(near(term(&crossing, CROSSING_mapped_pages), 1000));
    EXPECT(crossing.model.r2 > 0.999999);
    crossing_free(&crossing);
}

static void test_odd(void)
{
    struct figure figures[2 * CELLS + 3];
    const struct document document = document_make(figures);
    struct crossing crossing;

    figures[10].whole += 5000; /* D3 of nothing, isolation off */
    EXPECT(!crossing_fit(&document, &crossing));
    EXPECT(crossing.odd >= 1 && crossing.cells[0].figure == &figures[10]);
    EXPECT(crossing.cells[0].odd && crossing.cells[0].residual > 0);
    EXPECT(near(crossing.cells[0].fitted + crossing.cells[0].residual, figures[10].whole));
    crossing_free(&crossing);
}

static void test_few(void)
{
    struct figure figures[2 * CELLS + 3];
    struct document document = document_make(figures);
    struct crossing crossing;

    document.count = CROSSING_COUNT - 1;
    EXPECT(crossing_fit(&document, &crossing));
    crossing_free(&crossing);
    document.count = 0;
    EXPECT(crossing_fit(&document, &crossing));
    crossing_free(&crossing);
}

int main(void)
{
    test_prices();
    test_odd();
    test_few();
    return unit_done("crossing");
}
