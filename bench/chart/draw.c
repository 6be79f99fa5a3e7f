/* SPDX-License-Identifier: MIT
 * Runs gnuplot over a chart's script; see bench/chart/chart.h. The file appears whole or not at
 * all: it is drawn beside its place and moved there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/chart/chart.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/process.h"
#include "traces/say.h"

#define DRAW_LIMIT_S 60.0
#define PATH_ROOM    4096u
#define LOG_SHOWN    300u /* bytes of what gnuplot says */

static const unsigned heights[CHART_COUNT][2] = {
#define X(name, title, height, narrow) {height, narrow},
    CHARTS(X)
#undef X
};

static void terminal_print(FILE *script, enum chart chart, enum chart_form form)
{
    const unsigned height = heights[chart][form == CHART_NARROW];

    if (form == CHART_PNG) /* for those who paste: light paper, twice the pixels */
        fprintf(script,
                "set terminal pngcairo size 1840,%u fontscale 1.9 linewidth 1.6 font "
                "'sans-serif,14' background '#ffffff'\n",
                2 * height);
    else
        fprintf(script,
                "set terminal svg size %u,%u dynamic font 'sans-serif,%u' background "
                "'#ffffff'\n",
                form == CHART_NARROW ? 420u : 920u, height, form == CHART_NARROW ? 13u : 14u);
}

/* Gnuplot's quoting: within '' a quote is doubled. */
static void quoted_print(FILE *script, const char *text)
{
    for (; *text; text++)
        fprintf(script, *text == '\'' ? "''" : "%c", *text);
}

/* Returns an enum tach_exit. */
static int script_write(const char *verb, const struct drawing *drawing, const char *paths[2],
                        bool *drawn)
{
    FILE *script = file_create(verb, paths[0]);

    if (!script)
        return TACH_CANTCREATE;
    terminal_print(script, drawing->chart, drawing->form);
    fputs("set output '", script);
    quoted_print(script, paths[1]);
    fputs("'\n", script);
    const struct sheet sheet = {script, drawing->data->document, drawing->data,
                                drawing->form == CHART_NARROW};
    *drawn = chart_script(&sheet, drawing->chart);
    return file_finish(verb, paths[0], script);
}

static int gnuplot_run(const char *verb, const char *script, const char *log)
{
    const char *argv[] = {"gnuplot", script, NULL};
    struct process process;
    char *text = NULL;
    size_t size;

    if (process_start(&process, argv, log, DRAW_LIMIT_S)) {
        return say_error(TACH_CANTCREATE, verb, "gnuplot", "%s", strerror(errno));
    }
    process_wait(&process);
    if (process.status == 0)
        return TACH_OK;
    if (process.status == 127)
        return say_error(TACH_UNAVAILABLE, verb, "gnuplot", "is not in PATH");
    if (!file_read(verb, log, 1u << 20, &text, &size)) {
        fprintf(stderr, "tach %s: gnuplot: failed: ", verb);
        say_text(stderr, text, size < LOG_SHOWN ? size : LOG_SHOWN);
        fputc('\n', stderr);
    }
    free(text);
    return TACH_CANTCREATE;
}

int chart_draw(const char *verb, const struct drawing *drawing, bool *drawn)
{
    const char *path = drawing->path;
    char script[PATH_ROOM], part[PATH_ROOM], log[PATH_ROOM];
    const char *paths[2] = {script, part};

    *drawn = false;
    for (const char *at = path; *at; at++) {
        if ((unsigned char)*at < ' ') { /* it would end a line of the script */
            return say_error(TACH_CANTCREATE, verb, path, "control bytes cannot be drawn to");
        }
    }
    snprintf(script, sizeof(script), "%.4000s.gp", path);
    snprintf(part, sizeof(part), "%.4000s.part", path);
    snprintf(log, sizeof(log), "%.4000s.log", path);
    int status = script_write(verb, drawing, paths, drawn);
    if (!status && *drawn)
        status = gnuplot_run(verb, script, log);
    if (!status && *drawn && rename(part, path)) {
        status = say_error(TACH_CANTCREATE, verb, path, "%s", strerror(errno));
    }
    unlink(script);
    unlink(part);
    unlink(log);
    return status;
}
