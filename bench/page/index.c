/* SPDX-License-Identifier: MIT
 * The index of runs: one page that lists the runs of a directory, the newest first, each with what
 * it is and what moved against the run before it on the same machine. Invariant: a directory that
 * holds no run is passed over, and one whose document is damaged is listed as that. Called by tach
 * report. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/compare/sides.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"
#include "traces/say.h"

struct entry {
    char name[256];
    char *path;
    bool pair, readable;
    struct document document; /* of a pair: the head */
};

struct entries {
    struct entry *all;
    size_t count;
};

static const char *fact(const struct entry *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry->document.context, name));

    return text ? text : "";
}

/* Whether a directory has the document of a run; then `readable` says whether it can be read. */
static bool entry_load(const char *directory, const char *name, struct entry *out)
{
    char *full;

    *out = (struct entry){.readable = true};
    snprintf(out->name, sizeof(out->name), "%s", name);
    if (asprintf(&out->path, "%s/%s", directory, name) < 0)
        return false;
    out->pair = run_is_pair(out->path);
    if (asprintf(&full, "%s%s%s/" FIGURE_SUITE ".ci.json", out->path, out->pair ? "/" : "",
                 out->pair ? run_sides[1] : "") < 0)
        full = NULL;
    const bool there = full && !access(full, F_OK);
    if (there)
        out->readable = document_load("report", full, &out->document) == TACH_OK;
    free(full);
    if (!there)
        free(out->path);
    return there;
}

/* The newest first; the names of runs begin with their date, so they decide between equals. */
static int entries_order(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    const int by_date = strcmp(fact(right, "date"), fact(left, "date"));

    return by_date ? by_date : strcmp(right->name, left->name);
}

static int entries_load(const char *directory, struct entries *out)
{
    DIR *stream = opendir(directory);
    struct dirent *file;

    *out = (struct entries){0};
    if (!stream)
        return say_error(TACH_NOINPUT, "report", directory, "%s", strerror(errno));
    while ((file = readdir(stream)) != NULL) {
        if (file->d_name[0] == '.' || file->d_type == DT_LNK) /* latest is listed as itself */
            continue;
        struct entry *more = realloc(out->all, (out->count + 1) * sizeof(*more));
        if (!more) {
            closedir(stream);
            return TACH_INTERNAL;
        }
        out->all = more;
        out->count += entry_load(directory, file->d_name, &more[out->count]);
    }
    closedir(stream);
    if (out->count)
        qsort(out->all, out->count, sizeof(*out->all), entries_order);
    return TACH_OK;
}

static void entries_free(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (entries->all[i].readable)
            document_free(&entries->all[i].document);
        free(entries->all[i].path);
    }
    free(entries->all);
}

/* The next older run that can be compared; NULL where there is none. */
static const struct entry *entry_before(const struct entries *entries, size_t at)
{
    const struct document *now = &entries->all[at].document;

    for (size_t i = at + 1; i < entries->count; i++) {
        const struct entry *entry = &entries->all[i];
        if (entry->readable && !strcmp(entry->document.class, now->class) &&
            !strcmp(entry->document.machine, now->machine))
            return entry;
    }
    return NULL;
}

/* What moved: of a pair against its base, else against the run before. */
static void verdict_print(FILE *out, const struct entries *entries, size_t at)
{
    const struct entry *entry = &entries->all[at];
    const struct entry *before = entry->pair ? NULL : entry_before(entries, at);
    struct sides_compared sides;

    if (!entry->pair && !before) {
        fputs("<td class=\"text\">first of its machine</td>", out);
        return;
    }
    const struct sides_input input = {
        .paths = {entry->pair ? entry->path : before->path, entry->pair ? NULL : entry->path},
        .matters = judge_default.matters};
    if (sides_load("report", &input, &sides)) {
        fputs("<td class=\"text\">not comparable</td>", out);
    } else {
        const struct comparison *comparison = &sides.comparison;
        const bool worse = comparison_verdict(comparison) == VERDICT_REGRESSED;
        fprintf(out, "<td class=\"text%s\">%zu slower, %zu faster, %zu equal",
                worse ? " alarm" : "", comparison->verdicts[VERDICT_REGRESSED],
                comparison->verdicts[VERDICT_IMPROVED], comparison->verdicts[VERDICT_EQUIVALENT]);
        if (!comparison->exact)
            fprintf(out, ", %zu not decided", comparison->verdicts[VERDICT_INCONCLUSIVE]);
        fputs(entry->pair ? ", head against base" : ", against ", out);
        html_text(out, entry->pair ? "" : before->name);
        fputs("</td>", out);
    }
    sides_free(&sides);
}

/* A name in a link: what is not plain is escaped as %XX. */
static void link_print(FILE *out, const char *name)
{
    for (; *name; name++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", *name))
            fputc(*name, out);
        else
            fprintf(out, "%%%02X", (unsigned char)*name);
}

static void name_print(FILE *out, const struct entry *entry)
{
    char *page;

    if (asprintf(&page, "%s/report.html", entry->path) < 0)
        return;
    const bool there = !access(page, F_OK);
    fputs("<tr><td><a href=\"", out);
    link_print(out, entry->name);
    fputs(there ? "/report.html\">" : "/\">", out);
    html_text(out, entry->name);
    fputs(there ? "</a></td>" : "</a> (no page)</td>", out);
    free(page);
}

static void route_cells(FILE *out, const struct entry *entry)
{
    static const char *const rungs[] = {"R1", "D4", "T2"};
    char text[32];

    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++) {
        const struct figure *figure = chart_at(&entry->document, rungs[i], 8, false);
        number_text(figure ? figure->whole : 0, text, sizeof(text));
        fprintf(out, "<td>%s</td>", figure ? text : "-");
    }
}

/* The beginning of a fact, or a dash. */
static void fact_cell(FILE *out, const struct entry *entry, const char *name, int size)
{
    char text[64];

    snprintf(text, sizeof(text), "%.*s", size, *fact(entry, name) ? fact(entry, name) : "-");
    fputs("<td>", out);
    html_text(out, text);
    fputs("</td>", out);
}

static void entry_print(FILE *out, const struct entries *entries, size_t at)
{
    const struct entry *entry = &entries->all[at];

    name_print(out, entry);
    if (!entry->readable) {
        fputs("<td class=\"text alarm\" colspan=\"9\">its document cannot be read</td></tr>\n",
              out);
        return;
    }
    verdict_print(out, entries, at);
    route_cells(out, entry);
    fputs(strcmp(entry->document.complete, "yes") ? "<td class=\"alarm\">not every boot passed</td>"
                                                  : "<td>every boot passed</td>",
          out);
    fputs("<td>", out);
    html_text(out, entry->document.class);
    fputs(entry->pair ? ", two sides</td>" : "</td>", out);
    fact_cell(out, entry, "date", 40);
    fact_cell(out, entry, "revision", 40);
    fact_cell(out, entry, "kernel_sha256", 12);
    fputs("</tr>\n", out);
}

static void index_print(FILE *out, const struct entries *entries, const char *directory)
{
    html_begin(out, "Tach: runs");
    fputs("<h1>Runs</h1>\n<p>In ", out);
    html_text(out, directory);
    fprintf(out, ", the newest first: %zu.</p>\n", entries->count);
    html_section(out, "runs", "What was measured");
    html_table(out, "Runs",
               "run|<verdict|R1, 8 bytes|D4|T2|boots|class|date|revision|kernel sha256");
    for (size_t i = 0; i < entries->count; i++)
        entry_print(out, entries, i);
    html_table_end(out);
    html_note(out, "R1, D4, T2: a round trip of 8 bytes, isolation off, in the unit of the class. "
                   "Runs are compared with the run before them of the same class and machine, and "
                   "with no other.");
    html_section_end(out);
    html_end(out);
}

int report_index(const char *directory, const char *path)
{
    struct entries entries;

    int status = entries_load(directory, &entries);
    FILE *out = status ? NULL : file_create("report", path);
    if (out) {
        index_print(out, &entries, directory);
        status = file_finish("report", path, out);
    } else if (!status) {
        status = TACH_CANTCREATE;
    }
    entries_free(&entries);
    return status;
}
