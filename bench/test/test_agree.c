/* SPDX-License-Identifier: MIT
 * What two machines that count must differ by: each rule at its bounds, what is off by one, and
 * interrupted calls. The rules themselves are held against QEMU's log by bochs_agree.py. */
#include <string.h>

#include "bench/agree.h"
#include "bench/test/unit.h"

static struct figure figure_make(const char *cell, double whole)
{
    struct figure figure = figure_empty();

    snprintf(figure.cell, sizeof(figure.cell), "%s", cell);
    figure.whole = whole;
    figure.min = whole + 7;
    figure.empty = 7;
    figure.calls = 1;
    return figure;
}

/* Judges a cell of which Bochs counts so many less. */
static struct agreement judge(const char *cell, double less)
{
    const struct figure qemu = figure_make(cell, 1000000),
                        bochs = figure_make(cell, 1000000 - less);

    return agree_judge(&qemu, &bochs);
}

static bool judged(const char *cell, double less, enum agree_cause cause)
{
    return judge(cell, less).cause == cause;
}

static void test_rules(void)
{
    static const struct {
        const char *cell;
        long less;
    } cells[] = {
        {"R0", 0},
        {"R1/size:40", 0},
        {"R1/size:41", 1},
        {"R1/size:4096", 1},
        {"R1/size:4097", 2},
        {"R1m/size:16384", 4},
        {"R1/size:8/crowd:fds", 0},
        {"D4/size:48/space:two", 0},
        {"D4/size:64/space:two", 1},
        {"D0/size:65536/space:two", 16},
        {"D4/size:0/space:two/mitig:verw", 0},
        {"T0/size:8", 14},
        {"T0/size:4095", 14},
        {"T0/size:4096", 12},
        {"T0/size:65536", 27},
        {"T0c/size:40", 7},
        {"T0c/size:512", 8},
        {"T0c/size:1024", 9},
        {"T0c/size:65536", 39},
        {"T1/size:8", 8},
        {"T1h/size:64", 7},
        {"T1h/size:16384", 14},
        {"T2/size:40", 0},
        {"T2/size:64", 2},
        {"T2/size:16384", 8},
        {"open", 1},
        {"open/crowd:tasks", 1},
        {"ram/size:1024", 1},
        {"pipe", 0},
    };

    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        const long less = cells[i].less;
        const struct agreement agreement = judge(cells[i].cell, (double)less);
        EXPECT(agreement.cause == (less ? AGREE_rep : AGREE_none));
        EXPECT(agreement.expected == less && (long)agreement.difference == less);
        EXPECT(judged(cells[i].cell, (double)less + 1, AGREE_unknown));
        EXPECT(judged(cells[i].cell, (double)less - 1, AGREE_unknown));
        EXPECT(judged(cells[i].cell, (double)less + 0.5, AGREE_unknown));
    }
}

static void test_others(void)
{
    EXPECT(judged("fault", -1, AGREE_fault) && judged("fault", 0, AGREE_unknown));
    EXPECT(judged("fault", 1, AGREE_unknown));
    EXPECT(judged("T2/size:8/mitig:all", -8, AGREE_ibpb));
    EXPECT(judged("D4/size:48/space:two/mitig:all", -8, AGREE_ibpb));
    EXPECT(judged("R1/size:8/mitig:all", 0, AGREE_none));
    EXPECT(judged("T2/size:8/mitig:all", 0, AGREE_unknown));
    EXPECT(judged("move/size:4096/to:server", 0, AGREE_none));
    EXPECT(judged("move/size:4096/to:server", 4999, AGREE_memory));
    EXPECT(judged("move/size:4096/to:server", -4999, AGREE_memory));
    EXPECT(judged("move/size:4096/to:server", 5001, AGREE_unknown));
    EXPECT(judged("T22/size:64", 0, AGREE_none) && judged("T22/size:64", 2, AGREE_unknown));
}

/* The shortest calls decide where calls of one side were interrupted, and there alone. */
static void test_interrupted(void)
{
    struct figure qemu = figure_make("D0/size:65536/space:two", 21207);
    struct figure bochs = figure_make("D0/size:65536/space:two", 21191.54);

    bochs.min = qemu.min - 16;
    EXPECT(agree_judge(&qemu, &bochs).cause == AGREE_interrupt);
    EXPECT(agree_judge(&qemu, &bochs).expected == 16);
    bochs.min++;
    EXPECT(agree_judge(&qemu, &bochs).cause == AGREE_unknown);
    bochs.min--;
    bochs.calls = 4;
    EXPECT(agree_judge(&qemu, &bochs).cause == AGREE_unknown);
    bochs.calls = 1;
    bochs.empty = FIGURE_ABSENT;
    EXPECT(agree_judge(&qemu, &bochs).cause == AGREE_unknown);
    bochs.empty = 7;
    bochs.min = FIGURE_ABSENT;
    EXPECT(agree_judge(&qemu, &bochs).cause == AGREE_unknown);
    bochs.min = qemu.min - 16;
    bochs.whole = bochs.min - 7 + 1e-9; /* not one call was longer */
    qemu.whole = bochs.whole + 17;
    qemu.min = qemu.whole + 7;
    bochs.min = qemu.min - 16;
    EXPECT(agree_judge(&qemu, &bochs).cause == AGREE_unknown);
}

static bool says(const char *cell, double less, const char *text)
{
    const struct agreement agreement = judge(cell, less);
    char said[96];

    agree_text(&agreement, said, sizeof(said));
    return !strcmp(said, text);
}

static void test_texts(void)
{
    EXPECT(says("R0", 0, "") && says("R0", 1, "unexplained"));
    EXPECT(says("open", 1, "1 REP instruction") && says("T0/size:8", 14, "14 REP instructions"));
    EXPECT(says("T0/size:8", 13, "unexplained: 14 less would be"));
    EXPECT(says("move/size:65536/to:linked", 19, "how free memory lies"));
    EXPECT(says("fault", -1, "the access that faults"));
    for (unsigned cause = 0; cause < AGREE_COUNT; cause++)
        EXPECT(strlen(agree_meaning((enum agree_cause)cause)) > 10);
}

int main(void)
{
    test_rules();
    test_others();
    test_interrupted();
    test_texts();
    return unit_done("agree");
}
