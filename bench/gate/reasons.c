/* SPDX-License-Identifier: MIT
 * The reasons of a changed baseline: each commit that touches it names why, in a trailer. What git
 * prints is others' text: it is cut to one line and made printable. See bench/gate/gate.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/file.h"
#include "bench/gate/gate.h"
#include "bench/process.h"

#define GIT_LIMIT_S 60.0
#define LOG_MAX     (4u << 20)

/* Runs git and takes its output, the caller's to free; NULL where it fails. */
static char *git_output(const char *const *argv)
{
    char log[] = "/tmp/tach-gate-XXXXXX", *text = NULL;
    const int file = mkstemp(log);
    struct process process;
    size_t size;

    if (file < 0)
        return NULL;
    close(file);
    if (!process_start(&process, argv, log, GIT_LIMIT_S)) {
        process_wait(&process);
        if (process.status || file_read("gate", log, LOG_MAX, &text, &size))
            text = NULL;
    }
    unlink(log);
    return text;
}

/* A line of git's as a text of ours: what is not printable becomes '?'. */
static void line_clean(char *line)
{
    for (; *line; line++)
        if (*line < ' ' || *line > '~')
            *line = '?';
}

struct reasons {
    size_t commits, missing;
    char first[128]; /* commit and subject of the first without a reason */
    char last[200];  /* the newest reason */
};

/* A line is HASH \x1f SUBJECT \x1f REASON. */
static void reason_take(char *line, struct reasons *out)
{
    char *subject = strchr(line, '\x1f');
    char *reason = subject ? strchr(subject + 1, '\x1f') : NULL;

    if (!reason)
        return;
    *subject++ = 0;
    *reason++ = 0;
    line_clean(subject);
    line_clean(reason);
    out->commits++;
    if (reason[strspn(reason, " ")]) {
        if (!out->last[0])
            snprintf(out->last, sizeof(out->last), "%.190s", reason);
        return;
    }
    if (!out->missing++)
        snprintf(out->first, sizeof(out->first), "%.12s %.60s", line, subject);
}

static int reasons_read(const struct gate *gate, struct reasons *out)
{
    char range[256];
    const char *argv[] = {"git",
                          "log",
                          "--format=%H%x1f%s%x1f%(trailers:key=Baseline,valueonly,separator=%x20)",
                          "--end-of-options",
                          range,
                          "--",
                          gate->args->baseline,
                          NULL};

    *out = (struct reasons){0};
    if (snprintf(range, sizeof(range), "%s..HEAD", gate->args->base_rev) >= (int)sizeof(range))
        return -1;
    char *text = git_output(argv), *at = text;
    for (char *line; at && (line = strsep(&at, "\n")) != NULL;)
        reason_take(line, out);
    free(text);
    return text ? 0 : -1;
}

/* Whether the file differs from what HEAD holds. */
static bool baseline_dirty(const struct gate *gate)
{
    const char *argv[] = {"git", "status", "--porcelain", "--", gate->args->baseline, NULL};
    char *text = git_output(argv);
    const bool dirty = text && *text;

    free(text);
    return dirty;
}

void gate_reasons(struct gate *gate)
{
    const struct finding passed = {"reasons", TACH_OK, true, ""};
    const struct finding failed = {"reasons", TACH_DIFFERENT, true, ""};
    struct reasons reasons;

    if (reasons_read(gate, &reasons)) {
        gate_find(gate, &(struct finding){"reasons", TACH_INCONCLUSIVE, true, ""},
                  "git cannot tell the commits from %s to HEAD: fetch all of the history",
                  gate->args->base_rev);
        return;
    }
    if (reasons.missing)
        gate_find(gate, &failed,
                  "%zu of %zu commits change the baseline without a reason, first %s. Reword it: "
                  "git commit --amend --trailer 'Baseline: REASON'",
                  reasons.missing, reasons.commits, reasons.first);
    else if (baseline_dirty(gate))
        gate_find(gate, &failed,
                  "the baseline has changes that are not committed. Commit it: git commit "
                  "--trailer 'Baseline: REASON'");
    else if (reasons.commits)
        gate_find(gate, &passed, "the baseline changed in %zu commits, each with its reason: %s",
                  reasons.commits, reasons.last);
}
