/* SPDX-License-Identifier: MIT
 * The crossing model: coefficients that were put in come out, by columns alike and by columns that
 * say the same; standard errors against the formula of a line; numbers that nobody should feed it.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "bench/judge/model.h"
#include "bench/test/random.h"
#include "bench/test/unit.h"

#define CELLS 40u

static const char *const names[] = {"constant", "traps", "cr3_writes", "bytes", "server", "n5",
                                    "n6",       "n7",    "n8",         "n9",    "n10",    "n11"};

static bool near(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fmax(1e-300, fmax(fabs(a), fabs(b)));
}

/* The cells of the bench: traps and CR3 writes of the rungs, bytes by powers of 4. */
static void cells_make(double *x, double *y, double noise)
{
    for (size_t i = 0; i < CELLS; i++) {
        double *row = x + 4 * i;
        row[0] = 1;
        row[1] = (double)(1 + i % 4 * 2);
        row[2] = i % 3 ? row[1] * 2 : 0;
        row[3] = (double)(UINT64_C(1) << 2 * (i % 9));
        y[i] = 50 + 120 * row[1] + 300 * row[2] + 0.03 * row[3] + noise * random_normal();
    }
}

static void test_recovers(void)
{
    double x[4 * CELLS], y[CELLS], fitted[CELLS];
    const double truth[] = {50, 120, 300, 0.03};
    struct model model;
    unsigned wrong = 0;

    cells_make(x, y, 0);
    EXPECT(!model_fit(x, y, CELLS, names, 4, &model, fitted));
    for (size_t t = 0; t < 4; t++)
        wrong += !near(model.terms[t].value, truth[t], 1e-9) || !model.terms[t].used ||
                 model.terms[t].name != names[t];
    for (size_t i = 0; i < CELLS; i++)
        wrong += !near(fitted[i], y[i], 1e-9);
    EXPECT(wrong == 0 && model.cells == CELLS && model.term_count == 4);
    EXPECT(model.r2 > 1 - 1e-12 && model.residual < 1e-6);
    cells_make(x, y, 5);
    EXPECT(!model_fit(x, y, CELLS, names, 4, &model, NULL));
    for (size_t t = 0; t < 4; t++) /* 5 deviations of 4 terms: never, by these seeds */
        wrong += fabs(model.terms[t].value - truth[t]) > 5 * model.terms[t].error;
    EXPECT(wrong == 0 && model.residual > 3 && model.residual < 7 && model.r2 > 0.99);
}

/* y = a + b i: the textbook's standard errors. */
static void test_errors(void)
{
    double x[2 * CELLS], y[CELLS], squares = 0, mean = (CELLS - 1) / 2.0;
    struct model model;

    for (size_t i = 0; i < CELLS; i++) {
        x[2 * i] = 1;
        x[2 * i + 1] = (double)i;
        y[i] = 7 + 2 * (double)i + random_normal();
        squares += ((double)i - mean) * ((double)i - mean);
    }
    EXPECT(!model_fit(x, y, CELLS, names, 2, &model, NULL));
    EXPECT(near(model.terms[1].error, model.residual / sqrt(squares), 1e-9));
    EXPECT(near(model.terms[0].error, model.residual * sqrt(1.0 / CELLS + mean * mean / squares),
                1e-9));
}

/* A column that others make up, one of zeroes, one that is there twice. */
static void test_rank(void)
{
    double x[6 * CELLS], y[CELLS], fitted[CELLS];
    struct model model;
    unsigned used = 0, wrong = 0;

    for (size_t i = 0; i < CELLS; i++) {
        double *row = x + 6 * i;
        row[0] = 1;
        row[1] = (double)(i % 5);
        row[2] = (double)(i % 7);
        row[3] = row[1] + 3 * row[2]; /* says nothing new */
        row[4] = 0;
        row[5] = row[1];
        y[i] = 100 + 4 * row[1] - 2 * row[2];
    }
    EXPECT(!model_fit(x, y, CELLS, names, 6, &model, fitted));
    for (size_t t = 0; t < 6; t++) {
        used += model.terms[t].used;
        wrong += !model.terms[t].used && (model.terms[t].value != 0 || model.terms[t].error != 0);
    }
    for (size_t i = 0; i < CELLS; i++)
        wrong += !near(fitted[i], y[i], 1e-9);
    EXPECT(used == 3 && wrong == 0 && !model.terms[4].used);
    EXPECT(model.terms[1].used + model.terms[5].used + model.terms[3].used <= 2);
}

static void test_constant(void)
{
    const double x[] = {1, 1, 1}, y[] = {5, 5, 5};
    struct model model;

    EXPECT(!model_fit(x, y, 3, names, 1, &model, NULL));
    EXPECT(near(model.terms[0].value, 5, 1e-12) && model.r2 == 1 && model.residual < 1e-12);
    EXPECT(!model_fit(x, y, 1, names, 1, &model, NULL) && model.residual == 0);
}

/* Units do not matter: columns of 1e-200 and of 1e200 are as good. */
static void test_scales(void)
{
    double x[2 * CELLS], y[CELLS];
    struct model model;

    for (size_t i = 0; i < CELLS; i++) {
        x[2 * i] = 1e-200 * (double)(i % 4);
        x[2 * i + 1] = 1e200 * (double)(i % 3);
        y[i] = 3e200 * x[2 * i] + 2e-200 * x[2 * i + 1];
    }
    EXPECT(!model_fit(x, y, CELLS, names, 2, &model, NULL));
    EXPECT(near(model.terms[0].value, 3e200, 1e-9) && near(model.terms[1].value, 2e-200, 1e-9));
}

static void test_odd_numbers(void)
{
    static const double odd[] = {0, 1, -1, 5e-324, 1e300, -1e300, DBL_MAX, -DBL_MAX, 1e-300, 3};
    double x[12 * 14], y[14], fitted[14];
    struct model model;
    unsigned wrong = 0;

    for (unsigned round = 0; round < 20000; round++) {
        const size_t terms = 1 + random_next() % 12, cells = random_next() % 14 + 1;
        for (size_t i = 0; i < 12 * 14; i++)
            x[i] = odd[random_next() % 10];
        for (size_t i = 0; i < 14; i++)
            y[i] = odd[random_next() % 10];
        const int status = model_fit(x, y, cells, names, terms, &model, fitted);
        wrong += (status != 0) != (cells < terms);
        for (size_t t = 0; t < model.term_count; t++)
            wrong += !isfinite(model.terms[t].value) || !isfinite(model.terms[t].error);
        for (size_t i = 0; !status && i < cells; i++)
            wrong += isfinite(fitted[i]) ? 0 : 1;
        wrong += !isfinite(model.r2) || !isfinite(model.residual);
    }
    EXPECT(wrong == 0);
    x[3] = NAN;
    EXPECT(model_fit(x, y, 5, names, 2, &model, fitted) == -1);
    x[3] = 1;
    y[4] = INFINITY;
    EXPECT(model_fit(x, y, 5, names, 2, &model, fitted) == -1);
    EXPECT(model_fit(x, y, 3, names, 0, &model, fitted) == -1);
    EXPECT(model_fit(x, y, 14, names, MODEL_TERMS_MAX + 1, &model, fitted) == -1);
}

int main(void)
{
    random_seed(3);
    test_recovers();
    test_errors();
    test_rank();
    test_constant();
    test_scales();
    test_odd_numbers();
    return unit_done("model");
}
