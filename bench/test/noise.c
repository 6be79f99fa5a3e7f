/* SPDX-License-Identifier: MIT
 * Noise of known kinds; see bench/test/noise.h. Real noise is drawn with replacement from the boots
 * of one cell around their median. */
#include "bench/test/noise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge/rank.h"
#include "bench/test/random.h"

#define LEVEL     5000.0
#define SIGMA     0.003
#define STEP      10.0
#define DRIFT     0.01
#define WILD_PART 0.1
#define WILD      0.02
#define CELLS_MAX 32u
#define BOOTS_MAX 200u
#define TEXT_MAX  200u

/* Deviations of the boots of a cell from their median, and what scales them to SIGMA. */
static struct cell {
    char name[64];
    double deviation[BOOTS_MAX];
    size_t boots;
    double scale;
} cells[CELLS_MAX];
static size_t cell_count, cell_now;

const char *noise_text(enum noise noise)
{
    static const char *const texts[] = {
#define X(name, text) text,
        NOISE(X)
#undef X
    };

    return texts[noise];
}

void noise_seed(uint64_t seed)
{
    random_seed(seed);
}

static struct cell *cell_named(const char *name)
{
    for (size_t i = 0; i < cell_count; i++)
        if (!strcmp(cells[i].name, name))
            return &cells[i];
    if (cell_count == CELLS_MAX)
        return NULL;
    snprintf(cells[cell_count].name, sizeof(cells[0].name), "%s", name);
    return &cells[cell_count++];
}

/* Turns the figures of a cell into deviations. */
static void cell_finish(struct cell *cell)
{
    double sorted[BOOTS_MAX];

    memcpy(sorted, cell->deviation, cell->boots * sizeof(sorted[0]));
    rank_sort(sorted, cell->boots);
    const double median = rank_median(sorted, cell->boots);
    for (size_t i = 0; i < cell->boots; i++)
        sorted[i] = cell->deviation[i] = cell->deviation[i] / median - 1;
    cell->scale = SIGMA / (1.4826 * rank_mad(sorted, cell->boots, 0));
}

int noise_load(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[TEXT_MAX], name[64];
    unsigned boot;
    double value;

    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%63[^,],%u,%lf", name, &boot, &value) != 3)
            continue;
        struct cell *cell = cell_named(name);
        if (cell && cell->boots < BOOTS_MAX)
            cell->deviation[cell->boots++] = value;
    }
    for (size_t i = 0; i < cell_count; i++)
        cell_finish(&cells[i]);
    if (file)
        fclose(file);
    if (!cell_count)
        fprintf(stderr, "truth: %s: no boots in it\n", path);
    return cell_count ? 0 : -1;
}

size_t noise_pick(size_t limit)
{
    return random_below(&random_state, limit);
}

/* A relative deviation of one boot. */
static double noise_next(enum noise noise)
{
    const struct cell *cell = &cells[cell_now];

    if (noise == NOISE_REAL || noise == NOISE_RAW)
        return cell->deviation[noise_pick(cell->boots)] * (noise == NOISE_REAL ? cell->scale : 1);
    return SIGMA * random_normal() + (noise == NOISE_WILD && random_part() < WILD_PART ? WILD : 0);
}

static double boot_at(enum noise noise, double level)
{
    const double value = level * (1 + noise_next(noise));

    return noise == NOISE_STEPS ? STEP * round(value / STEP) : value;
}

void noise_sides(enum noise noise, size_t boots, double shift, double *sides[2])
{
    cell_now = noise_pick(cell_count);
    for (size_t i = 0; i < 2 * boots; i++) {
        const size_t side = (i + 1) / 2 % 2; /* A B B A */
        const double drift = noise == NOISE_DRIFT ? DRIFT * (double)i / (double)(2 * boots) : 0;
        sides[side][i / 2] = boot_at(noise, LEVEL * (1 + drift) * (1 + (side ? shift : 0)));
    }
}

void noise_history(enum noise noise, double *series, size_t n, const double *level)
{
    cell_now = noise_pick(cell_count);
    for (size_t i = 0; i < n; i++)
        series[i] = boot_at(noise, LEVEL * (1 + level[i]));
}
