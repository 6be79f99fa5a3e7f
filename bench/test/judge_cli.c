/* SPDX-License-Identifier: MIT
 * judge_cli: the statistics without the tools around them, for judge_scipy.py. A line is a word and
 * numbers: "sides N M values...", "holm N ps...", "model CELLS TERMS rows of x, then y"; for each,
 * one line of numbers comes back. Ends with status 1 at a line that it cannot read. */
#include <stdio.h>
#include <string.h>

#include "bench/judge/judge.h"
#include "bench/judge/model.h"

#define NUMBERS_MAX 2000u

/* Reads count numbers into out. */
static int numbers_read(double *out, size_t count)
{
    if (count > NUMBERS_MAX)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (scanf("%lf", &out[i]) != 1)
            return -1;
    return 0;
}

static int sides_answer(void)
{
    static double values[NUMBERS_MAX];
    struct judgement out;
    size_t n, m;

    if (scanf("%zu %zu", &n, &m) != 2 || numbers_read(values, n + m) ||
        judge_sides(values, n, values + n, m, &judge_default, &out))
        return -1;
    printf("%.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", out.p, out.shift, out.low, out.high,
           out.location[0], out.location[1], out.noise);
    return 0;
}

static int holm_answer(void)
{
    static double p[NUMBERS_MAX];
    static struct judgement all[NUMBERS_MAX];
    size_t n;

    if (scanf("%zu", &n) != 1 || numbers_read(p, n))
        return -1;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct judgement){.p = p[i], .verdict = VERDICT_INCONCLUSIVE};
    judge_family(all, n, &judge_default);
    for (size_t i = 0; i < n; i++)
        printf("%.17g ", all[i].p_holm);
    printf("\n");
    return 0;
}

static int model_answer(void)
{
    static double x[NUMBERS_MAX], y[NUMBERS_MAX];
    static const char *const names[MODEL_TERMS_MAX] = {"term"};
    struct model model;
    size_t cells, terms;

    if (scanf("%zu %zu", &cells, &terms) != 2 || cells > NUMBERS_MAX || terms > MODEL_TERMS_MAX ||
        numbers_read(x, cells * terms) || numbers_read(y, cells) ||
        model_fit(x, y, cells, names, terms, &model, NULL))
        return -1;
    printf("%.17g %.17g ", model.r2, model.residual);
    for (size_t t = 0; t < terms; t++)
        printf("%.17g %.17g ", model.terms[t].value, model.terms[t].error);
    printf("\n");
    return 0;
}

int main(void)
{
    char word[16];

    while (scanf("%15s", word) == 1) {
        const int status = !strcmp(word, "sides")   ? sides_answer()
                           : !strcmp(word, "holm")  ? holm_answer()
                           : !strcmp(word, "model") ? model_answer()
                                                    : -1;
        if (status) {
            fprintf(stderr, "judge_cli: cannot answer a line of '%s'\n", word);
            return 1;
        }
    }
    return 0;
}
