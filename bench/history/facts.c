/* SPDX-License-Identifier: MIT
 * From a run to an entry; see bench/history/facts.h. A series a cell and metric: the whole, the
 * kernel's part, the counters and each phase; a boot is a sample. */
#include "bench/history/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "bench/history/number.h"
#include "bench/machine.h"
#include "bench/sha256.h"
#include "traces/say.h"

#define GIT_LIMIT_S  10.0
#define DOCUMENT_MAX (256u << 20)
#define MACHINE_MAX  (64u << 20)

/* Metrics of a figure besides its whole, and their unit; NULL: that of the class. */
static const struct metric {
    const char *name, *unit;
    size_t offset;
} metrics[] = {
    {"kernel", NULL, offsetof(struct figure, kernel)},
    {"traced_whole", NULL, offsetof(struct figure, traced)},
    {"traps", "count", offsetof(struct figure, traps)},
    {"cr3_writes", "count", offsetof(struct figure, cr3_writes)},
    {"copied_bytes", "bytes", offsetof(struct figure, copied_bytes)},
};

/* What only the tree that we stand in has. */
static void tree_read(struct commit_facts *out)
{
    const char *const branch[] = {"git", "branch", "--format=tach-branch %(HEAD)%(refname:short)",
                                  NULL};
    const char *const dirty[] = {"git", "describe", "--always", "--exclude=*", "--dirty", NULL};
    char line[1024], *hash = NULL;

    if (output_line(branch, "tach-branch *", GIT_LIMIT_S, line, sizeof(line)))
        out->branch = strdup(line + strlen("tach-branch *"));
    if (!output_line(dirty, "-dirty", GIT_LIMIT_S, line, sizeof(line)) || !out->hash ||
        asprintf(&hash, "%s-dirty", out->hash) < 0)
        return;
    free(out->hash);
    out->hash = hash;
}

void commit_read(const char *revision, struct commit_facts *out)
{
    const char *const head[] = {"git",
                                "log",
                                "-1",
                                "--no-show-signature",
                                "--format=tach-commit %H %ct %s",
                                "--end-of-options",
                                revision ? revision : "HEAD",
                                NULL};
    char line[1024], hash[128];
    long long seconds;
    int subject = 0;

    *out = (struct commit_facts){0};
    if (!output_line(head, "tach-commit ", GIT_LIMIT_S, line, sizeof(line)) ||
        sscanf(line, "tach-commit %100s %lld %n", hash, &seconds, &subject) < 2)
        return;
    out->subject = strdup(subject ? line + subject : "");
    out->time_us = (int64_t)seconds * 1000000;
    out->hash = strdup(hash);
    if (!revision)
        tree_read(out);
}

void commit_free(struct commit_facts *facts)
{
    free(facts->hash);
    free(facts->subject);
    free(facts->branch);
    *facts = (struct commit_facts){0};
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && strlen(text) <= ENTRY_TEXT_MAX ? text : "";
}

/* The word behind "mitig=" in a boot's command line; "auto" where there is none. */
static void mitigations_find(const char *command, char *out, size_t size)
{
    const char *at = strstr(command, " mitig=");

    if (!at)
        at = strstr(command, "'mitig=");
    at = at ? at + strlen(" mitig=") : "auto";
    snprintf(out, size, "%.*s", (int)strcspn(at, " '"), at);
}

/* What machine.json beside the document says; all of it may be missing. */
struct beside {
    json_t *root;
    char mitigations[32], abi[16];
};

static void beside_read(const char *path, struct beside *out)
{
    struct stat facts;
    char *full = NULL;

    *out = (struct beside){0};
    if (stat(path, &facts) || !S_ISDIR(facts.st_mode) ||
        asprintf(&full, "%s/machine.json", path) < 0)
        return;
    out->root = json_load_file(full, JSON_REJECT_DUPLICATES, NULL);
    free(full);
    const json_t *boot = json_array_get(json_object_get(out->root, "boots"), 0);
    const json_t *abi = json_object_get(json_object_get(boot, "hello"), "abi_version");
    if (boot)
        mitigations_find(text_of(boot, "command"), out->mitigations, sizeof(out->mitigations));
    if (json_is_integer(abi))
        snprintf(out->abi, sizeof(out->abi), "%lld", (long long)json_integer_value(abi));
}

int run_digest(const char *verb, const char *path, char out[SHA256_TEXT])
{
    struct stat facts;
    char *full = NULL, *bytes;
    size_t size;

    const bool directory = !stat(path, &facts) && S_ISDIR(facts.st_mode);
    if (asprintf(&full, "%s%s", path, directory ? "/" FIGURE_SUITE ".json" : "") < 0)
        return TACH_INTERNAL;
    const int status = file_read(verb, full, DOCUMENT_MAX, &bytes, &size);
    if (!status)
        sha256_text(bytes, size, out);
    free(full);
    if (!status)
        free(bytes);
    return status;
}

static double offset_number(const struct figure *figure, size_t offset)
{
    double number;

    memcpy(&number, (const char *)figure + offset, sizeof(number));
    return number;
}

/* Adds one boot's number of one series, where it is there; entries_finish joins the boots. */
static int metric_add(struct entries *entries, const char *class, const struct figure *figure,
                      const struct metric *metric)
{
    const double number = offset_number(figure, metric->offset);
    char name[FIGURE_NAME_MAX];

    if (!figure_has(number))
        return 0;
    figure_name(figure, name);
    struct entry_point point = {.suite = FIGURE_SUITE,
                                .name = name + strlen(FIGURE_SUITE "/"),
                                .metric = metric->name,
                                .unit = metric->unit ? metric->unit : figure_unit(class),
                                .point = point_empty(),
                                .samples = &number};
    point.point.value = number;
    point.point.boots = figure->boots;
    if (figure->boots <= 1) { /* a row of merged boots has lost their own numbers */
        point.sample_count = 1;
        point_of_samples(&point);
    }
    if (metric->offset == offsetof(struct figure, whole)) {
#define X(member) point.point.member = figure->member;
        X(min) X(p50) X(p99) X(p999) X(max)
#undef X
    }
    return entry_add(entries, &entries->list[entries->count - 1], &point);
}

static int figure_add(struct entries *entries, const char *class, const struct figure *figure)
{
    const struct metric whole = {"whole", NULL, offsetof(struct figure, whole)};
    char name[64];
    int failed = metric_add(entries, class, figure, &whole);

    for (size_t i = 0; !failed && i < sizeof(metrics) / sizeof(metrics[0]); i++)
        failed = metric_add(entries, class, figure, &metrics[i]);
    for (unsigned i = 0; !failed && i < PHASE_COUNT; i++) {
        const struct metric phase = {name, NULL,
                                     offsetof(struct figure, phase) + i * sizeof(double)};
        snprintf(name, sizeof(name), "phase_%s", span_phase_name((enum phase)i));
        failed = metric_add(entries, class, figure, &phase);
    }
    return failed;
}

static int figures_add(struct entries *entries, const struct document *document)
{
    int failed = 0;

    for (size_t i = 0; !failed && i < document->count; i++)
        failed = figure_add(entries, document->class, &document->figures[i]);
    return failed;
}

/* The facts of a run by its document, by what lies beside it, and by its commit. */
static const char *run_fill(const struct document *document, const struct beside *beside,
                            const struct commit_facts *commit, struct history_run *run)
{
    const char *date = text_of(document->context, "date");
    const char *wrong = time_parse(date, strlen(date), &run->taken_us);

    run->class = document->class;
    run->machine = document->machine;
    run->complete = !strcmp(document->complete, "yes");
    run->cpu = text_of(document->context, "cpu");
    run->host_kernel = text_of(document->context, "host_kernel");
    run->qemu = text_of(document->context, "qemu");
    run->kernel = text_of(document->context, "kernel_sha256");
    run->loader = text_of(document->context, "loader_sha256");
    run->initfs = text_of(document->context, "initfs_sha256");
    run->microcode = text_of(beside->root, "microcode");
    run->abi = beside->abi;
    run->mitigations = beside->mitigations;
    run->commit = commit->hash ? commit->hash : "";
    run->subject = commit->subject ? commit->subject : "";
    run->branch = commit->branch ? commit->branch : "";
    run->time_us = commit->time_us ? commit->time_us : run->taken_us;
    return wrong;
}

int entry_of_run(const char *verb, const char *path, const struct commit_facts *commit,
                 struct entries *out)
{
    struct history_run run = run_empty();
    struct document document;
    struct beside beside = {0};
    struct commit_facts built = {0};
    char digest[SHA256_TEXT];

    if (run_is_pair(path))
        return say_error(TACH_USAGE, verb, path,
                         "a run of two sides: add %s/%s and %s/%s, each with its --commit", path,
                         run_sides[0], path, run_sides[1]);
    int status = document_load_boots(verb, path, &document);
    if (!status)
        status = run_digest(verb, path, digest);
    if (!status) {
        beside_read(path, &beside);
        run.digest = digest;
        run.source = path;
        const char *revision = text_of(document.context, "revision");
        if (*revision && !commit->told)
            commit_read(revision, &built);
        const char *wrong = run_fill(&document, &beside, built.hash ? &built : commit, &run);
        if (*revision && !commit->told && !built.hash)
            run.commit = revision;
        if (wrong)
            status = say_error(TACH_BADDATA, verb, path, "the context's date: %s", wrong);
        else if (!entries_add(out, &run) || figures_add(out, &document))
            status = say_error(TACH_INTERNAL, verb, path, "out of memory");
    }
    commit_free(&built);
    json_decref(beside.root);
    document_free(&document);
    return status;
}
