/* SPDX-License-Identifier: MIT
 * The matrix parser: the committed file, what it accepts, and for each refusal the exact line,
 * column and words. */
#include <string.h>

#include "bench/exits.h"
#include "bench/matrix.h"
#include "bench/test/unit.h"

#define AXES "axis pti off,on\naxis trace off\n"

/* Where each bad text must be refused, and a part of what is said. */
static const struct {
    const char *text;
    size_t line, column;
    const char *says;
} bad[] = {
    {"", 1, 1, "without a cell"},
    {"# nothing\n\n", 3, 1, "without a cell"},
    {"R0 - -\n", 2, 1, "without an axis pti"},
    {"axis pti on\nR0 - -\n", 3, 1, "without an axis trace"},
    {AXES "R9 - -\n", 3, 1, "no rung"},
    {AXES "  r0 - -\n", 3, 3, "no rung"},
    {AXES "R0\n", 3, 3, "column size is missing"},
    {AXES "R0 -\n", 3, 5, "column space is missing"},
    {AXES "R0 - - -\n", 3, 8, "mitig:"},
    {AXES "R0 - - mitig:none\n", 3, 8, "fence, verw, ibpb, rsb or all"},
    {AXES "move 8 -\n", 3, 9, "column to: is missing"},
    {AXES "move 8 - crowd:tasks\n", 3, 10, "module, linked, server or kernel"},
    {AXES "R0 - - to:module\n", 3, 8, "mitig:"},
    {AXES "move - - to:module\n", 3, 6, "needs a size"},
    {AXES "R0 - - crowd:cats\n", 3, 8, "tasks, schemes or fds"},
    {AXES "R0 - - mitig:verw -\n", 3, 19, "more than 4 columns"},
    {AXES "R0 - - mitig:rsb\nR0 - -\nR0 - - mitig:rsb\n", 5, 1, "twice"},
    {"axis pti off on\n", 1, 14, "a name and values"},
    {AXES "R0 8 -\n", 3, 4, "has no size"},
    {AXES "R1 - -\n", 3, 4, "needs a size"},
    {AXES "R1 8 two\n", 3, 6, "has no space"},
    {AXES "D4 8 -\n", 3, 6, "needs a space"},
    {AXES "D4 8 three\n", 3, 6, "one or two"},
    {AXES "D4 8x two\n", 3, 5, "decimal digits"},
    {AXES "D4 -8 two\n", 3, 4, "decimal digits"},
    {AXES "D4 08 two\n", 3, 4, "leading zero"},
    {AXES "D4 65537 two\n", 3, 4, "above 65536"},
    {AXES "D4 99999999999999999999 two\n", 3, 4, "above 65536"},
    {AXES "D4 8 two\nD4 8 one\nD4  8 two # again\n", 5, 1, "twice"},
    {AXES "R0 - \x01\n", 3, 6, "0x01"},
    {AXES "R0 -\xff -\n", 3, 5, "0xff"},
    {AXES "R0 - -\r\n", 3, 7, "0x0d"},
    {"axis\n", 1, 5, "needs a name"},
    {"axis pti\n", 1, 9, "needs a name"},
    {"axis colour off\n", 1, 6, "no axis"},
    {"axis pti maybe\n", 1, 10, "off, on"},
    {"axis pti on,off\n", 1, 10, "off, on"},
    {"axis pti on\naxis pti off\n", 2, 6, "twice"},
};

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct matrix matrix;
        struct matrix_error error = {0};
        EXPECT(matrix_parse(bad[i].text, strlen(bad[i].text), &matrix, &error) == -1);
        EXPECT(!matrix.cells && !matrix.cell_count);
        const int good = error.line == bad[i].line && error.column == bad[i].column &&
                         strstr(error.text, bad[i].says);
        EXPECT(good);
        if (!good)
            printf("  row %zu: %zu:%zu: %s\n", i, error.line, error.column, error.text);
    }
}

static void test_good(void)
{
    static const char text[] = "axis trace on # comment\n\taxis\tpti off\nR0 - -\nT2 16384 -#x\nD0 "
                               "0 one\nD0 0 two mitig:all\n"
                               "notify - - crowd:schemes\n"
                               "move 4096 - to:server";
    struct matrix_error error;
    struct matrix matrix;

    EXPECT(!matrix_parse(text, sizeof(text) - 1, &matrix, &error));
    EXPECT(matrix.cell_count == 6 && matrix.pti == AXIS_OFF && matrix.trace == AXIS_ON);
    EXPECT(!strcmp(matrix.cells[0].name, "R0"));
    EXPECT(!strcmp(matrix.cells[1].name, "T2/size:16384"));
    EXPECT(!strcmp(matrix.cells[3].name, "D0/size:0/space:two/mitig:all"));
    EXPECT(!strcmp(matrix.cells[4].name, "notify/crowd:schemes"));
    EXPECT(!strcmp(matrix.cells[5].name, "move/size:4096/to:server"));
    matrix_free(&matrix);
    EXPECT(matrix_parse("axis pti\0 off", 13, &matrix, &error) == -1 && error.column == 9);
}

static void test_committed(void)
{
    struct matrix matrix;
    unsigned direct = 0;

    EXPECT(matrix_load("bench/matrix.cfg", &matrix) == TACH_OK);
    EXPECT(matrix.pti == (AXIS_OFF | AXIS_ON) && matrix.trace == (AXIS_OFF | AXIS_ON));
    for (size_t i = 0; i < matrix.cell_count; i++)
        direct += !strcmp(matrix.cells[i].name, "D4/size:0/space:two") ||
                  !strcmp(matrix.cells[i].name, "D4/size:65536/space:two") ||
                  !strcmp(matrix.cells[i].name, "D4/size:0/space:one");
    EXPECT(direct == 3);
    matrix_free(&matrix);
    EXPECT(matrix_load("bench/no-such-file", &matrix) == TACH_NOINPUT);
    EXPECT(matrix_load("bench", &matrix) == TACH_NOINPUT);
    EXPECT(matrix_load("LICENSE", &matrix) == TACH_BADDATA);
}

static void test_limit(void)
{
    static char text[65536];
    size_t used = (size_t)snprintf(text, sizeof(text), "%s", AXES);
    struct matrix_error error = {0};
    struct matrix matrix;

    for (unsigned i = 0; i <= MATRIX_CELLS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "R1 %u -\n", i);
    EXPECT(matrix_parse(text, used, &matrix, &error) == -1);
    EXPECT(error.line == 3 + MATRIX_CELLS_MAX && strstr(error.text, "more than 512 cells"));
}

int main(void)
{
    test_bad();
    test_good();
    test_committed();
    test_limit();
    return unit_done("matrix");
}
