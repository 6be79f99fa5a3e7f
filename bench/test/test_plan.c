/* SPDX-License-Identifier: MIT
 * The plan of a run: every boot once, all cells covered, the order random by its seed alone, and
 * balanced between the sides. */
#include <stdio.h>
#include <string.h>

#include "bench/plan.h"
#include "bench/test/unit.h"

#define SIDES 2u

static struct matrix_cell cells[MATRIX_CELLS_MAX];

static struct matrix matrix_of(size_t count, unsigned pti, unsigned trace)
{
    for (size_t i = 0; i < MATRIX_CELLS_MAX; i++)
        snprintf(cells[i].name, sizeof(cells[i].name), "D4/size:%zu/space:two", i);
    return (struct matrix){.cells = cells, .cell_count = count, .pti = pti, .trace = trace};
}

/* Numbers count up on each side; the axes repeat; each boot is in the order once. */
static void test_boots(void)
{
    struct matrix matrix = matrix_of(2, AXIS_OFF | AXIS_ON, AXIS_OFF | AXIS_ON);
    const struct plan plan = {.repetitions = 2, .sides = SIDES, .seed = 3};
    unsigned seen[16] = {0}, wrong = 0;
    struct boots boots;

    EXPECT(!plan_boots(&matrix, &plan, &boots) && boots.count == 16);
    for (unsigned i = 0; i < boots.count; i++) {
        const struct boot_run *run = &boots.runs[i];
        wrong += run->side != i / 8 || run->number != i % 8 + 1 || run->repetition != i % 8 / 4;
        wrong += run->pti + 2u * run->trace != i % 4 || run->count != 2 || run->first != 0;
        seen[boots.order[i]]++;
    }
    for (unsigned i = 0; i < boots.count; i++)
        wrong += seen[i] != 1;
    EXPECT(wrong == 0);
    boots_free(&boots);
}

/* PCID is a third point of isolation, and none where that is off or it is no axis. */
static void test_pcid(void)
{
    struct matrix matrix = matrix_of(1, AXIS_OFF | AXIS_ON, AXIS_OFF);
    const struct plan plan = {.repetitions = 1, .sides = 1, .seed = 1};
    struct boots boots;

    matrix.pcid = AXIS_OFF | AXIS_ON;
    EXPECT(!plan_boots(&matrix, &plan, &boots) && boots.count == 3);
    EXPECT(!boots.runs[0].pti && !boots.runs[0].pcid && boots.runs[1].pti && !boots.runs[1].pcid);
    EXPECT(boots.runs[2].pti && boots.runs[2].pcid);
    boots_free(&boots);
    matrix.pcid = AXIS_ON;
    EXPECT(!plan_boots(&matrix, &plan, &boots) && boots.count == 2 && boots.runs[1].pcid);
    boots_free(&boots);
    matrix.pti = AXIS_OFF;
    EXPECT(!plan_boots(&matrix, &plan, &boots) && boots.count == 1 && !boots.runs[0].pcid);
    boots_free(&boots);
}

/* A matrix of many cells is spread over boots, in the order of the cells. */
static void test_groups(void)
{
    struct matrix matrix = matrix_of(MATRIX_CELLS_MAX, AXIS_OFF | AXIS_ON, AXIS_OFF);
    const struct plan plan = {.repetitions = 1, .sides = 1, .seed = 1};
    const struct plan many = {.repetitions = BOOTS_MAX, .sides = 1, .seed = 1};
    size_t covered = 0, wrong = 0, moved = 0;
    struct boots boots;

    EXPECT(!plan_boots(&matrix, &plan, &boots) && boots.count > 2);
    for (size_t i = 0; i < boots.count; i += 2) {
        wrong += boots.runs[i].first != covered || boots.runs[i + 1].first != covered;
        covered += boots.runs[i].count;
        moved += boots.order[i] != i;
    }
    EXPECT(covered == MATRIX_CELLS_MAX && wrong == 0 && moved > 0);
    boots_free(&boots);
    EXPECT(plan_boots(&matrix, &many, &boots) == -1);
    boots_free(&boots);
}

/* The sides of a boot follow each other, A B in one repetition and B A in the next; within each
 * repetition half of the boots begin with either side. */
static void test_balance(void)
{
    struct matrix matrix = matrix_of(400, AXIS_OFF | AXIS_ON, AXIS_OFF | AXIS_ON);
    const struct plan plan = {.repetitions = 4, .sides = SIDES, .seed = 11};
    size_t first[BOOTS_MAX] = {0}, wrong = 0;
    struct boots boots;

    EXPECT(!plan_boots(&matrix, &plan, &boots));
    const size_t side = boots.count / SIDES, units = side / plan.repetitions;
    for (unsigned repetition = 0; repetition < plan.repetitions; repetition++) {
        size_t base_first = 0;
        for (size_t i = 0; i < units; i++) {
            const size_t *pair = &boots.order[(repetition * units + i) * SIDES];
            const struct boot_run *a = &boots.runs[pair[0]], *b = &boots.runs[pair[1]];
            wrong += a->number != b->number || a->side == b->side || a->repetition != repetition;
            base_first += a->side == 0;
            const size_t unit = (a->number - 1) % units;
            wrong += repetition && first[unit] == a->side;
            first[unit] = a->side;
        }
        EXPECT(base_first == units / 2);
    }
    EXPECT(wrong == 0 && units % 2 == 0);
    boots_free(&boots);
}

static int orders_equal(uint32_t a, uint32_t b)
{
    struct matrix matrix = matrix_of(400, AXIS_OFF | AXIS_ON, AXIS_OFF | AXIS_ON);
    struct plan plan = {.repetitions = 3, .sides = SIDES, .seed = a};
    struct boots boots[2];

    EXPECT(!plan_boots(&matrix, &plan, &boots[0]));
    plan.seed = b;
    EXPECT(!plan_boots(&matrix, &plan, &boots[1]) && boots[0].count == boots[1].count);
    const int equal =
        !memcmp(boots[0].order, boots[1].order, boots[0].count * sizeof(*boots[0].order));
    boots_free(&boots[0]);
    boots_free(&boots[1]);
    return equal;
}

/* Over many seeds each unit comes first about as often as any other. */
static void test_seeds(void)
{
    struct matrix matrix = matrix_of(2, AXIS_OFF | AXIS_ON, AXIS_OFF | AXIS_ON);
    size_t first[4] = {0};

    EXPECT(orders_equal(5, 5) && orders_equal(0, 0) && orders_equal(UINT32_MAX, UINT32_MAX));
    EXPECT(!orders_equal(5, 6) && !orders_equal(0, 1) && !orders_equal(0, UINT32_MAX));
    for (uint32_t seed = 0; seed < 4000; seed++) {
        const struct plan plan = {.repetitions = 1, .sides = 1, .seed = seed};
        struct boots boots;
        if (!plan_boots(&matrix, &plan, &boots))
            first[boots.order[0]]++;
        boots_free(&boots);
    }
    for (unsigned i = 0; i < 4; i++) /* 1000 expected, 27 the standard deviation */
        EXPECT(first[i] > 850 && first[i] < 1150);
}

int main(void)
{
    test_boots();
    test_pcid();
    test_groups();
    test_balance();
    test_seeds();
    return unit_done("plan");
}
