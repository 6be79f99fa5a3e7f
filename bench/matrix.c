/* SPDX-License-Identifier: MIT
 * Parser of the matrix file. One pass over the bytes, a line at a time; every word knows its line
 * and column, so an error points at the word itself. The text is hostile: nothing in it is trusted
 * to be printable, short or ended. */
#include "bench/matrix.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "traces/say.h"

struct word {
    const char *text;
    size_t length, column;
};

#define WORDS_MAX  4u
#define AXIS_WORDS 3u

struct line {
    size_t number;
    size_t count;
    size_t end; /* column behind the last byte, for what is missing */
    struct word words[WORDS_MAX];
};

/* Which columns a rung has. */
static const struct rung {
    const char *name;
    bool sized, spaced, moved;
} rungs[] = {
    {"R0", false, false, false},         {"R1", true, false, false},
    {"R1m", true, false, false},         {"T0", true, false, false},
    {"T0c", true, false, false},         {"T1", true, false, false},
    {"T1h", true, false, false},         {"T2", true, false, false},
    {"D0", true, true, false},           {"D1", true, true, false},
    {"D2", true, true, false},           {"D3", true, true, false},
    {"D4", true, true, false},           {"notify", false, false, false},
    {"fault", false, false, false},      {"pipe", false, false, false},
    {"chan", false, false, false},       {"futex", false, false, false},
    {"irq-linked", false, false, false}, {"irq-realtime", false, false, false},
    {"irq-thread", false, false, false}, {"irq-notify", false, false, false},
    {"ram", true, false, false},         {"open", false, false, false},
    {"move", true, false, true},
};

__attribute__((format(printf, 4, 5))) static int error_set(struct matrix_error *error, size_t line,
                                                           size_t column, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    error->line = line;
    error->column = column;
    vsnprintf(error->text, sizeof(error->text), format, list);
    va_end(list);
    return -1;
}

static bool word_is(const struct word *word, const char *text)
{
    return word->length == strlen(text) && !memcmp(word->text, text, word->length);
}

/* Splits one line; bytes that are no text are refused here, once. */
static int line_split(const char *text, size_t length, struct line *line,
                      struct matrix_error *error)
{
    size_t at = 0;

    line->count = 0;
    while (at < length && text[at] != '#') {
        const unsigned char byte = (unsigned char)text[at];
        if (byte == ' ' || byte == '\t') {
            at++;
            continue;
        }
        const size_t start = at;
        while (at < length && text[at] > ' ' && text[at] < 127 && text[at] != '#')
            at++;
        if (at == start)
            return error_set(error, line->number, at + 1, "byte 0x%02x is no text", byte);
        if (line->count == WORDS_MAX)
            return error_set(error, line->number, start + 1, "more than %u columns", WORDS_MAX);
        line->words[line->count++] = (struct word){text + start, at - start, start + 1};
    }
    line->end = at + 1;
    return 0;
}

static int size_parse(const struct line *line, const struct word *word, unsigned *out,
                      struct matrix_error *error)
{
    unsigned value = 0;

    for (size_t i = 0; i < word->length; i++) {
        if (word->text[i] < '0' || word->text[i] > '9')
            return error_set(error, line->number, word->column + i,
                             "a size is decimal digits, in bytes");
        value = value * 10 + (unsigned)(word->text[i] - '0');
        if (value > MATRIX_SIZE_MAX)
            return error_set(error, line->number, word->column, "a size above %u bytes",
                             MATRIX_SIZE_MAX);
    }
    if (word->length > 1 && word->text[0] == '0')
        return error_set(error, line->number, word->column, "a size with a leading zero");
    *out = value;
    return 0;
}

static const struct rung *rung_find(const struct word *word)
{
    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++)
        if (word_is(word, rungs[i].name))
            return &rungs[i];
    return NULL;
}

/* Says whether a column holds what the rung wants of it: a value, or a dash. */
static int column_check(const struct line *line, size_t index, bool wanted, const char *what,
                        struct matrix_error *error)
{
    if (index >= line->count)
        return error_set(error, line->number, line->end, "the column %s is missing", what);
    if (word_is(&line->words[index], "-") == wanted)
        return error_set(error, line->number, line->words[index].column,
                         wanted ? "this rung needs a %s" : "this rung has no %s: write -", what);
    return 0;
}

static int cell_append(const struct line *line, const char *name, struct matrix *out,
                       struct matrix_error *error)
{
    const size_t column = line->words[0].column;

    for (size_t i = 0; i < out->cell_count; i++)
        if (!strcmp(out->cells[i].name, name))
            return error_set(error, line->number, column, "the cell %s stands here twice", name);
    if (out->cell_count == MATRIX_CELLS_MAX)
        return error_set(error, line->number, column, "more than %u cells", MATRIX_CELLS_MAX);
    struct matrix_cell *cells = realloc(out->cells, (out->cell_count + 1) * sizeof(*cells));
    if (!cells)
        return error_set(error, line->number, column, "out of memory");
    out->cells = cells;
    snprintf(cells[out->cell_count++].name, sizeof(cells->name), "%s", name);
    return 0;
}

/* The fourth column of what moves: where to. */
static int to_check(const struct line *line, struct matrix_error *error)
{
    static const char *const names[] = {"to:module", "to:linked", "to:server", "to:kernel"};

    if (line->count < WORDS_MAX)
        return error_set(error, line->number, line->end, "the column to: is missing");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (word_is(&line->words[3], names[i]))
            return 0;
    return error_set(error, line->number, line->words[3].column,
                     "the last column is to: and module, linked, server or kernel");
}

/* The fourth column, where there is one: mitig:NAME or crowd:NAME; of a move where to. */
static int last_check(const struct line *line, bool moved, struct matrix_error *error)
{
    static const char *const names[] = {"mitig:fence", "mitig:verw",  "mitig:ibpb",    "mitig:rsb",
                                        "mitig:all",   "crowd:tasks", "crowd:schemes", "crowd:fds"};

    if (moved)
        return to_check(line, error);
    if (line->count < WORDS_MAX)
        return 0;
    const struct word *word = &line->words[3];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (word_is(word, names[i]))
            return 0;
    return error_set(error, line->number, word->column,
                     "the last column is mitig: and fence, verw, ibpb, rsb or all, or crowd: and "
                     "tasks, schemes or fds");
}

static int cell_parse(const struct line *line, struct matrix *out, struct matrix_error *error)
{
    const struct word *space = &line->words[2];
    const struct rung *rung = rung_find(&line->words[0]);
    char name[MATRIX_NAME_MAX + 1];
    unsigned size = 0;

    if (!rung)
        return error_set(error, line->number, line->words[0].column, "no rung of that name");
    if (column_check(line, 1, rung->sized, "size", error) ||
        (rung->sized && size_parse(line, &line->words[1], &size, error)) ||
        column_check(line, 2, rung->spaced, "space", error) || last_check(line, rung->moved, error))
        return -1;
    if (rung->spaced && !word_is(space, "one") && !word_is(space, "two"))
        return error_set(error, line->number, space->column, "a space is one or two");
    if (rung->spaced)
        snprintf(name, sizeof(name), "%s/size:%u/space:%.3s", rung->name, size, space->text);
    else if (rung->sized)
        snprintf(name, sizeof(name), "%s/size:%u", rung->name, size);
    else
        snprintf(name, sizeof(name), "%s", rung->name);
    if (line->count == WORDS_MAX)
        snprintf(name + strlen(name), sizeof(name) - strlen(name), "/%.*s",
                 (int)line->words[3].length, line->words[3].text);
    return cell_append(line, name, out, error);
}

/* The values of an axis: off, on, or both with a comma between. */
static int axis_values(const struct line *line, unsigned *out, struct matrix_error *error)
{
    const struct word *word = &line->words[2];

    if (*out)
        return error_set(error, line->number, line->words[1].column, "this axis stands here twice");
    if (word_is(word, "off"))
        *out = AXIS_OFF;
    else if (word_is(word, "on"))
        *out = AXIS_ON;
    else if (word_is(word, "off,on"))
        *out = AXIS_OFF | AXIS_ON;
    else
        return error_set(error, line->number, word->column, "an axis is off, on or off,on");
    return 0;
}

static int axis_parse(const struct line *line, struct matrix *out, struct matrix_error *error)
{
    if (line->count < AXIS_WORDS)
        return error_set(error, line->number, line->end, "an axis needs a name and values");
    if (line->count > AXIS_WORDS)
        return error_set(error, line->number, line->words[AXIS_WORDS].column,
                         "an axis has a name and values");
    if (word_is(&line->words[1], "pti"))
        return axis_values(line, &out->pti, error);
    if (word_is(&line->words[1], "trace"))
        return axis_values(line, &out->trace, error);
    if (word_is(&line->words[1], "pcid"))
        return axis_values(line, &out->pcid, error);
    return error_set(error, line->number, line->words[1].column, "no axis of that name");
}

static int line_parse(const char *text, size_t length, struct line *line, struct matrix *out,
                      struct matrix_error *error)
{
    if (line_split(text, length, line, error))
        return -1;
    if (line->count == 0)
        return 0;
    if (word_is(&line->words[0], "axis"))
        return axis_parse(line, out, error);
    return cell_parse(line, out, error);
}

static int matrix_complete(const struct matrix *matrix, size_t line, struct matrix_error *error)
{
    if (!matrix->cell_count)
        return error_set(error, line, 1, "the matrix ends without a cell");
    if (!matrix->pti)
        return error_set(error, line, 1, "the matrix ends without an axis pti");
    if (!matrix->trace)
        return error_set(error, line, 1, "the matrix ends without an axis trace");
    return 0;
}

int matrix_parse(const char *text, size_t size, struct matrix *out, struct matrix_error *error)
{
    struct line line = {.number = 1};
    int failed = 0;

    *out = (struct matrix){0};
    for (size_t at = 0; at < size && !failed; line.number++) {
        const char *newline = memchr(text + at, '\n', size - at);
        const size_t length = newline ? (size_t)(newline - text) - at : size - at;
        failed = line_parse(text + at, length, &line, out, error);
        at += length + 1;
    }
    if (!failed)
        failed = matrix_complete(out, line.number, error);
    if (failed)
        matrix_free(out);
    return failed;
}

int matrix_load(const char *path, struct matrix *out)
{
    struct matrix_error error;
    size_t size;
    char *text;

    *out = (struct matrix){0};
    int status = file_read("run", path, MATRIX_FILE_MAX, &text, &size);
    if (status)
        return status;
    if (matrix_parse(text, size, out, &error)) {
        fputs("tach run: ", stderr);
        say_name(stderr, path);
        fprintf(stderr, ":%zu:%zu: %s\n", error.line, error.column, error.text);
        status = TACH_BADDATA;
    }
    free(text);
    return status;
}

void matrix_free(struct matrix *matrix)
{
    free(matrix->cells);
    *matrix = (struct matrix){0};
}
