/* SPDX-License-Identifier: MIT
 * A comparison on a terminal: a line a metric that moved or is not decided, the worst figure first,
 * equal ones only counted. Columns where the screen has room for them, else two lines a metric;
 * colours only for people. See bench/compare.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/compare/parts.h"
#include "bench/screen.h"
#include "bench/table.h"
#include "traces/say.h"

#define COLUMNS  7u
#define TEXT_MAX 512u
#define MORE_MAX 500u /* boots a side that nobody makes */
#define GAP      2

enum column { COL_VERDICT, COL_NAME, COL_METRIC, COL_VALUES, COL_SHIFT, COL_PERCENT, COL_REST };

/* One line, each column as text; the rest is of any length and comes last. */
struct line {
    char text[COLUMNS][TEXT_MAX];
    const char *colour;
};

struct lines {
    struct line *all;
    size_t count, room;
    int width[COLUMNS];
};

static bool colours_wanted(FILE *out)
{
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return isatty(fileno(out)) && !(no && *no) && terminal && strcmp(terminal, "dumb") != 0;
}

/* A name with what is not plain ASCII escaped. */
static void name_text(const char *name, char *out, size_t size)
{
    FILE *text = fmemopen(out, size, "w");

    out[0] = 0;
    if (!text)
        return;
    say_name(text, name);
    fclose(text);
    out[size - 1] = 0;
}

static struct line *line_add(struct lines *lines)
{
    if (lines->count == lines->room) {
        const size_t room = lines->room ? 2 * lines->room : 64;
        struct line *all = realloc(lines->all, room * sizeof(*all));
        if (!all)
            return NULL;
        lines->all = all;
        lines->room = room;
    }
    lines->all[lines->count] = (struct line){.colour = ""};
    return &lines->all[lines->count++];
}

static void line_measure(struct lines *lines, const struct line *line)
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        const int width = (int)strlen(line->text[i]);
        lines->width[i] = width > lines->width[i] ? width : lines->width[i];
    }
}

static const char *verdict_colour(enum verdict verdict)
{
    static const char *const colours[VERDICT_COUNT] = {[VERDICT_REGRESSED] = "\033[31m",
                                                       [VERDICT_IMPROVED] = "\033[32m",
                                                       [VERDICT_INCONCLUSIVE] = "\033[33m",
                                                       [VERDICT_EQUIVALENT] = ""};

    return colours[verdict];
}

void metric_evidence(const struct compared_metric *metric, char *out, size_t size)
{
    const struct judgement *judged = &metric->judged;
    int used = 0;

    out[0] = 0;
    if (metric->exact)
        return;
    used = snprintf(out, size, "[%+.2f %%, %+.2f %%] p %.2g", judged->percent_low,
                    judged->percent_high, judged->p_holm);
    if (judged->verdict != VERDICT_INCONCLUSIVE || used < 0 || (size_t)used >= size)
        return;
    used += snprintf(out + used, size - (size_t)used, ", %zu + %zu boots find %.2g %%",
                     judged->boots[0], judged->boots[1], 100 * judged->detectable);
    if ((size_t)used >= size)
        return;
    if (judged->boots_more >= MORE_MAX)
        snprintf(out + used, size - (size_t)used, ", too noisy for any number of boots");
    else if (judged->boots_more)
        snprintf(out + used, size - (size_t)used, ", %u more a side would decide",
                 judged->boots_more);
}

void values_text(const struct judgement *judged, char *out, size_t size)
{
    char old[40], new[40];

    number_text(judged->location[0], old, sizeof(old));
    number_text(judged->location[1], new, sizeof(new));
    snprintf(out, size, "%s -> %s", old, new);
}

static int metric_line(struct lines *lines, const struct compared *figure, enum metric metric)
{
    const struct compared_metric *m = &figure->metrics[metric];
    struct line *line = line_add(lines);
    char evidence[160];

    if (!line)
        return -1;
    line->colour = verdict_colour(m->judged.verdict);
    strcpy(line->text[COL_VERDICT],
           m->exact && !metric_moved(m) ? "equal" : verdict_name(m->judged.verdict));
    name_text(figure->name, line->text[COL_NAME], TEXT_MAX);
    strcpy(line->text[COL_METRIC], metric_name(metric));
    values_text(&m->judged, line->text[COL_VALUES], TEXT_MAX);
    signed_text(m->judged.shift, line->text[COL_SHIFT], TEXT_MAX);
    if (m->judged.location[0] != 0)
        snprintf(line->text[COL_PERCENT], TEXT_MAX, "(%+.2f %%)", m->judged.percent);
    metric_evidence(m, evidence, sizeof(evidence));
    const bool caused = metric == METRIC_whole && figure->cause[0];
    snprintf(line->text[COL_REST], TEXT_MAX, "%s%s%s%s%s", evidence,
             *evidence && caused ? "; " : "", caused ? figure->cause : "",
             metric == METRIC_whole && figure->reading ? "; " : "",
             metric == METRIC_whole && figure->reading ? reading_text(figure->reading) : "");
    line_measure(lines, line);
    return 0;
}

static int lone_line(struct lines *lines, const struct compared *figure)
{
    struct line *line = line_add(lines);

    if (!line)
        return -1;
    line->colour = figure->on == ON_BASE_ONLY ? verdict_colour(VERDICT_REGRESSED) : "";
    strcpy(line->text[COL_VERDICT], figure->on == ON_BASE_ONLY ? "vanished" : "new");
    name_text(figure->name, line->text[COL_NAME], TEXT_MAX);
    strcpy(line->text[COL_REST], "");
    strcpy(line->text[COL_METRIC],
           figure->on == ON_BASE_ONLY ? "only in the first" : "only in the second");
    line_measure(lines, line);
    return 0;
}

/* Whether a metric has something to say by itself. Phases are told with the whole, also where they
 * are all that moved. */
static bool metric_shown(const struct compared *figure, enum metric metric, bool all)
{
    const struct compared_metric *m = &figure->metrics[metric];
    bool others = false;

    if (!m->there || metric != METRIC_whole)
        return metric_moved(m);
    for (enum metric other = METRIC_kernel; other < METRIC_PHASE; other++)
        others |= metric_moved(&figure->metrics[other]);
    return all || metric_moved(m) || m->judged.verdict == VERDICT_INCONCLUSIVE ||
           figure->reading == READING_ICOUNT || (figure->moved && !others);
}

static int figure_lines(struct lines *lines, const struct compared *figure, bool all)
{
    if (figure->on != ON_BOTH)
        return lone_line(lines, figure);
    for (enum metric metric = 0; metric < METRIC_PHASE; metric++)
        if (metric_shown(figure, metric, all) && metric_line(lines, figure, metric))
            return -1;
    return 0;
}

static void cell_print(FILE *out, const char *text, int width, bool last)
{
    fputs(text, out);
    if (!last)
        fprintf(out, "%*s", width - (int)strlen(text) + GAP, "");
}

/* How many columns have something in them from this one on. */
static bool rest_empty(const struct line *line, unsigned from)
{
    for (unsigned i = from; i < COLUMNS; i++)
        if (line->text[i][0])
            return false;
    return true;
}

static void line_wide(FILE *out, const struct lines *lines, const struct line *line, bool colours)
{
    const bool coloured = colours && *line->colour;

    for (unsigned i = 0; i < COLUMNS; i++) {
        if (!lines->width[i])
            continue;
        const bool last = rest_empty(line, i + 1);
        fputs(coloured && i == COL_VERDICT ? line->colour : "", out);
        cell_print(out, line->text[i], lines->width[i], last);
        fputs(coloured && i == COL_VERDICT ? "\033[0m" : "", out);
        if (last)
            break;
    }
    fputc('\n', out);
}

/* The name on a line of its own, the rest below it. */
static void line_stacked(FILE *out, const struct line *line, bool colours)
{
    const bool coloured = colours && *line->colour;
    char text[sizeof(line->text)];

    fprintf(out, "%s%s%s  %s\n    ", coloured ? line->colour : "", line->text[COL_VERDICT],
            coloured ? "\033[0m" : "", line->text[COL_NAME]);
    text[0] = 0;
    for (unsigned i = COL_METRIC; i < COLUMNS; i++) {
        strcat(text, *text && line->text[i][0] ? "  " : "");
        strcat(text, line->text[i]);
    }
    screen_wrap(out, 4, text);
}

static void lines_print(FILE *out, const struct lines *lines)
{
    const unsigned screen = screen_width(out);
    const bool colours = colours_wanted(out);
    unsigned width = 0;

    for (unsigned i = 0; i < COLUMNS; i++)
        width += lines->width[i] ? (unsigned)lines->width[i] + GAP : 0;
    for (size_t i = 0; i < lines->count; i++)
        if (!screen || width <= screen + GAP)
            line_wide(out, lines, &lines->all[i], colours);
        else
            line_stacked(out, &lines->all[i], colours);
}

static void summary_print(FILE *out, const struct comparison *comparison)
{
    const struct compared_side *sides = comparison->sides;
    char summary[256], text[512];

    summary_text(comparison, summary, sizeof(summary));
    int used = snprintf(text, sizeof(text), "%s; class %s, %zu + %zu boots", summary,
                        comparison->class, sides[0].boots, sides[1].boots);
    if (!comparison->exact)
        used += snprintf(text + used, sizeof(text) - (size_t)used, ", %.3g %% matters",
                         100 * comparison->rule.matters);
    if (!comparison->exact && comparison->rule.floor > 0)
        snprintf(text + used, sizeof(text) - (size_t)used, ", floor %.2g %%",
                 100 * comparison->rule.floor);
    else if (!comparison->exact)
        snprintf(text + used, sizeof(text) - (size_t)used, ", floor not known: measure --aa");
    screen_wrap(out, 0, text);
}

int comparison_print(FILE *out, const struct comparison *comparison, bool all)
{
    const struct compared **order = comparison_order(comparison);
    struct lines lines = {0};
    int failed = order ? 0 : -1;

    for (size_t i = 0; !failed && i < comparison->count; i++)
        failed = figure_lines(&lines, order[i], all);
    if (!failed) {
        lines_print(out, &lines);
        fputs(lines.count ? "\n" : "", out);
        summary_print(out, comparison);
    }
    free(lines.all);
    free(order);
    return failed;
}
