/* SPDX-License-Identifier: MIT
 * The crossing model; see bench/judge/model.h. Householder QR with column pivoting (Golub and Van
 * Loan, 5.4.2): the normal equations would square the condition of columns that go up together. */
#include "bench/judge/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge/normal.h"

/* A column of which less than this part is left, once the others are taken out, tells nothing. */
#define RANK_LEAST 1e-9

/* The factorisation: a[column * rows + row], y beside it, columns in the order of `order`. */
struct factors {
    size_t rows, columns, rank;
    double *a, *y;
    double scale[MODEL_TERMS_MAX];
    size_t order[MODEL_TERMS_MAX];
};

/* The length of a vector, without overflow. */
static double length_of(const double *v, size_t n)
{
    double most = 0, sum = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(v[i]));
    for (size_t i = 0; i < n && most > 0; i++)
        sum += v[i] / most * (v[i] / most);
    return finite_of(most * sqrt(sum));
}

static double product_of(const double *a, const double *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Reflects b by the Householder vector v, whose square is `square`. */
static void reflect(const double *v, double square, double *b, size_t n)
{
    const double factor = 2 * product_of(v, b, n) / square;

    for (size_t i = 0; i < n; i++)
        b[i] -= factor * v[i];
}

/* Brings the column with most left of it to place k. Returns how much is left. */
static double column_choose(struct factors *f, size_t k)
{
    size_t best = k;
    double most = -1;

    for (size_t c = k; c < f->columns; c++) {
        const double left = length_of(f->a + c * f->rows + k, f->rows - k);
        if (left > most) {
            most = left;
            best = c;
        }
    }
    for (size_t row = 0; row < f->rows; row++) {
        const double kept = f->a[k * f->rows + row];
        f->a[k * f->rows + row] = f->a[best * f->rows + row];
        f->a[best * f->rows + row] = kept;
    }
    const size_t kept = f->order[k];
    f->order[k] = f->order[best];
    f->order[best] = kept;
    return most;
}

/* Makes R of the columns, in place, and y into its rotated self; stops where nothing is left. */
static void factors_make(struct factors *f)
{
    for (size_t k = 0; k < f->columns; k++) {
        double *v = f->a + k * f->rows + k;
        const size_t n = f->rows - k;
        const double length = column_choose(f, k);
        if (!(length > RANK_LEAST))
            return;
        const double diagonal = v[0] > 0 ? -length : length;
        v[0] -= diagonal;
        const double square = product_of(v, v, n);
        for (size_t c = k + 1; c < f->columns; c++)
            reflect(v, square, f->a + c * f->rows + k, n);
        reflect(v, square, f->y + k, n);
        v[0] = diagonal; /* the rest of v is not needed again */
        f->rank = k + 1;
    }
}

/* Copies the problem, each column divided by its length. False without memory or for numbers that
 * are not finite. */
static bool factors_begin(struct factors *f, const double *x, const double *y)
{
    f->a = calloc(f->rows * (f->columns + 1), sizeof(*f->a));
    if (!f->a)
        return false;
    f->y = f->a + f->rows * f->columns;
    for (size_t row = 0; row < f->rows; row++) {
        f->y[row] = y[row];
        if (!isfinite(y[row]))
            return false;
        for (size_t c = 0; c < f->columns; c++) {
            f->a[c * f->rows + row] = x[row * f->columns + c];
            if (!isfinite(x[row * f->columns + c]))
                return false;
        }
    }
    for (size_t c = 0; c < f->columns; c++) {
        f->order[c] = c;
        f->scale[c] = length_of(f->a + c * f->rows, f->rows);
        for (size_t row = 0; row < f->rows && f->scale[c] > 0; row++)
            f->a[c * f->rows + row] /= f->scale[c];
    }
    return true;
}

/* Solves R value = y for the columns that tell something. */
static void values_solve(const struct factors *f, struct model *out)
{
    double solution[MODEL_TERMS_MAX];

    for (size_t k = f->rank; k-- > 0;) {
        double sum = f->y[k];
        for (size_t c = k + 1; c < f->rank; c++)
            sum -= f->a[c * f->rows + k] * solution[c];
        solution[k] = sum / f->a[k * f->rows + k];
        struct model_term *term = &out->terms[f->order[k]];
        term->used = true;
        term->value = finite_of(solution[k] / f->scale[f->order[k]]);
    }
}

/* Standard errors: the residual times the lengths of the rows of R's inverse. */
static void errors_solve(const struct factors *f, struct model *out)
{
    double square[MODEL_TERMS_MAX] = {0};

    for (size_t unit = 0; unit < f->rank; unit++) { /* column `unit` of the inverse */
        double column[MODEL_TERMS_MAX] = {0};
        for (size_t k = unit + 1; k-- > 0;) {
            double sum = k == unit;
            for (size_t c = k + 1; c <= unit; c++)
                sum -= f->a[c * f->rows + k] * column[c];
            column[k] = sum / f->a[k * f->rows + k];
            square[k] += column[k] * column[k];
        }
    }
    for (size_t k = 0; k < f->rank; k++)
        out->terms[f->order[k]].error =
            finite_of(out->residual * sqrt(square[k]) / f->scale[f->order[k]]);
}

/* r2 is 1 where y does not vary and is met; a model without freedom left has no residual. */
static void fit_judge(const struct factors *f, const double *y, struct model *out)
{
    const double rest = length_of(f->y + f->rank, f->rows - f->rank);
    double mean = 0, *centred = f->a + f->rows * (f->columns - 1);

    out->residual = f->rows > f->rank ? finite_of(rest / sqrt((double)(f->rows - f->rank))) : 0;
    errors_solve(f, out);
    for (size_t i = 0; i < f->rows; i++)
        mean += y[i] / (double)f->rows;
    for (size_t i = 0; i < f->rows; i++) /* the last column's room: its errors are known by now */
        centred[i] = finite_of(y[i] - mean);
    const double all = length_of(centred, f->rows);
    out->r2 = all > 0 ? finite_of(1 - rest / all * (rest / all)) : 1;
}

static void fitted_make(const double *x, const struct model *model, double *fitted)
{
    for (size_t row = 0; row < model->cells; row++) {
        fitted[row] = 0;
        for (size_t t = 0; t < model->term_count; t++)
            fitted[row] += x[row * model->term_count + t] * model->terms[t].value;
        fitted[row] = finite_of(fitted[row]);
    }
}

int model_fit(const double *x, const double *y, size_t cells, const char *const *names,
              size_t terms, struct model *out, double *fitted)
{
    struct factors f = {.rows = cells, .columns = terms};

    memset(out, 0, sizeof(*out));
    if (!terms || terms > MODEL_TERMS_MAX || cells < terms)
        return -1;
    if (!factors_begin(&f, x, y)) {
        free(f.a);
        return -1;
    }
    out->cells = cells;
    out->term_count = terms;
    for (size_t t = 0; t < terms; t++)
        out->terms[t].name = names[t];
    factors_make(&f);
    values_solve(&f, out);
    fit_judge(&f, y, out);
    if (fitted)
        fitted_make(x, out, fitted);
    free(f.a);
    return 0;
}
