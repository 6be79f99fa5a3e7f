/* SPDX-License-Identifier: MIT
 * Puts a run together, has it made, and says what it came to; see bench/runner.h. */
#include "bench/runner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/bochs.h"
#include "bench/counters.h"
#include "bench/drift.h"
#include "bench/drive.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/keep.h"
#include "bench/revision.h"
#include "bench/table.h"
#include "traces/say.h"

#define BOOTS_OF_CYCLES 5u /* the boot is the unit: fewer cannot be judged */
#define JOBS_OF_COUNTS  2u

static bool class_exact(const struct run *run)
{
    return !strcmp(figure_unit(run->choice.class), "instructions");
}

static void run_table(const struct document *merged)
{
    table_print(stdout, merged);
    counters_print(stdout, merged);
}

/* Prints the documents of all sides, as one JSON value or as a table. */
static int run_print(const struct run *run, const struct document *merged, bool json)
{
    int failed = 0;

    if (!json && run->plan.sides > 1)
        table_pair_print(stdout, merged);
    else if (!json)
        run_table(&merged[0]);
    else if (run->plan.sides == 1)
        failed = document_print(stdout, &merged[0]);
    for (unsigned i = 0; json && run->plan.sides > 1 && i < run->plan.sides; i++) {
        printf("%s\"%s\": ", i ? ",\n" : "{", run_sides[i]);
        failed |= document_print(stdout, &merged[i]);
        fputs(i + 1 == run->plan.sides ? "}\n" : "", stdout);
    }
    fflush(stdout); /* the table stands before the lines below, also where both go to one file */
    return failed ? TACH_INTERNAL : TACH_OK;
}

/* Boots by state, over all sides. */
static size_t boots_in(const struct run *run, enum boot_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < run->boots.count; i++)
        count += run->boots.runs[i].state == state;
    return count;
}

/* How to go on with a run of which boots were not made. */
static void resume_say(const struct run *run)
{
    const size_t pending = boots_in(run, BOOT_PENDING);

    if (!pending)
        return;
    fprintf(stderr, "tach run: %zu of %zu boots were not made; go on with: tach run --resume ",
            pending, run->boots.count);
    say_name(stderr, run->directory);
    fputc('\n', stderr);
}

/* What a cable would have to carry: a run of real hardware sends the same. */
static void line_say(const struct run *run)
{
    struct stat facts;
    double bytes = 0;

    for (size_t i = 0; i < run->boots.count; i++)
        if (run->boots.runs[i].state == BOOT_PASSED && !stat(run->boots.runs[i].frames, &facts))
            bytes += (double)facts.st_size;
    fprintf(stderr, "tach run: %.0f KiB over the line, %.0f s at 115200 baud\n", bytes / 1024,
            bytes * 10 / 115200);
}

static void run_say(const struct run *run)
{
    const size_t failed = boots_in(run, BOOT_FAILED);

    fputs("tach run: kept in ", stderr);
    say_name(stderr, run->directory);
    fputs(run_complete(run) ? "\n" : "; not every boot passed", stderr);
    if (failed)
        fprintf(stderr, ": %zu in no figure, but in " FIGURE_SUITE ".excluded.json", failed);
    fputs(run_complete(run) ? "" : "\n", stderr);
    line_say(run);
    resume_say(run);
}

/* What only all boots together tell; it stands in run.json from here on. */
static int findings_make(struct run *run, const struct document rows[RUN_SIDES])
{
    json_t *drift = drift_find(run, rows), *warmup = warmup_json(&run->warmup);

    run->findings = drift && warmup ? json_pack("{sO sO}", "drift", drift, "warmup", warmup) : NULL;
    json_decref(drift);
    json_decref(warmup);
    return run->findings ? state_write(run) : TACH_INTERNAL;
}

/* Documents of all that there is; the first error counts. */
int runner_finish(const struct run_args *args, struct run *run)
{
    struct document rows[RUN_SIDES] = {{.count = 0}}, merged[RUN_SIDES] = {{.count = 0}};
    int status = TACH_OK;

    for (unsigned i = 0; i < run->plan.sides; i++) {
        const int kept = keep_side(run, i, &rows[i], &merged[i]);
        status = status ? status : kept;
    }
    const int found = status ? TACH_OK : findings_make(run, rows);
    status = status ? status : found;
    if (!status && !args->quiet)
        status = run_print(run, merged, args->json);
    if (!status)
        run_say(run);
    for (unsigned i = 0; i < RUN_SIDES; i++) {
        document_free(&rows[i]);
        document_free(&merged[i]);
    }
    return status ? status : run_complete(run) ? TACH_OK : TACH_INCONCLUSIVE;
}

/* The host as the run wants it, and what it is then. */
static void host_open(struct run *run, unsigned jobs)
{
    const struct tune_ask ask = {.jobs = jobs,
                                 .memory_mib = BOOT_MEMORY_MIB,
                                 .cpu = run->tune_cpu,
                                 .qemu = strcmp(run->choice.class, BOCHS_CLASS) != 0};

    if (!run_tuned(run))
        return;
    tune_open(&run->tune_wish, &ask, &run->tune);
    machine_governor(&run->machine);
}

/* Everything behind the checks: from here on a run exists. */
static int run_make(const struct run_args *args, struct run *run)
{
    const unsigned jobs = class_exact(run) ? JOBS_OF_COUNTS : 1;

    run->verbose = args->verbose || !strcmp(run->choice.class, "kvm");
    run_setups(run);
    if (run->perf_wanted)
        perf_open(strcmp(run->choice.class, "kvm") != 0, &run->perf);
    host_open(run, args->jobs ? args->jobs : jobs);
    const int status = drive_boots(run, args->jobs ? args->jobs : jobs);
    tune_close(&run->tune);
    perf_close(&run->perf);
    if (!status)
        return runner_finish(args, run);
    resume_say(run); /* no space for documents either */
    return status;
}

/* QEMU and the class: what the machine must have before anything is made. */
static int machine_ready(const struct run_args *args, const char *class, struct run *run)
{
    const bool bochs = class && !strcmp(class, BOCHS_CLASS);
    char reason[200];

    if (bochs && !bochs_ready(reason, sizeof(reason)))
        return say_error(TACH_UNAVAILABLE, "run", class, "%s", reason);
    if (!bochs && !process_found(QEMU_PROGRAM))
        return say_error(TACH_UNAVAILABLE, "run", QEMU_PROGRAM, "is not in PATH");
    if (class_choose(class, args->probe, &run->choice))
        return say_error(TACH_UNAVAILABLE, "run", class ? class : "class", "%s",
                         run->choice.reason);
    return TACH_OK;
}

static int side_take(const struct run_args *args, const char *named, struct run_side *side)
{
    memcpy(side->images, args->images, sizeof(side->images));
    const int status = named ? images_take(named, side->images) : TACH_OK;
    return status ? status : images_read(side->images);
}

/* The images of each side. */
static int sides_take(const struct run_args *args, struct run *run)
{
    char *built = NULL;
    int status = TACH_OK;

    run->plan.sides = args->base || args->base_rev ? RUN_SIDES : 1;
    for (unsigned i = 0; i < run->plan.sides; i++)
        run->sides[i].name = run->plan.sides > 1 ? run_sides[i] : "";
    if (args->base_rev) {
        status = revision_build(args->base_rev, run->sides[0].revision, &built);
        if (!status)
            status = images_take(built, run->sides[0].images);
        if (!status)
            status = images_read(run->sides[0].images);
        free(built);
    } else {
        status = side_take(args, args->base, &run->sides[0]);
    }
    if (!status && run->plan.sides > 1)
        status = side_take(args, args->head, &run->sides[1]);
    return status;
}

static int matrix_take(const char *path, struct run *run)
{
    const int status = matrix_load(path, &run->matrix); /* says where the text is at fault */

    return status ? status
                  : file_read("run", path, MATRIX_FILE_MAX, &run->matrix_text, &run->matrix_size);
}

/* A seed that is short enough to be typed again, other than that of the run before. */
static uint32_t seed_any(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000) % 1000000000u;
}

static int plan_take(const struct run_args *args, struct run *run)
{
    const time_t now = time(NULL);
    struct tm local;

    strftime(run->date, sizeof(run->date), "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &local));
    run->limit_s = args->limit_s;
    run->perf_wanted = args->perf;
    run->tune_wish = args->tune;
    run->tune_cpu = -1;
    if (!args->tuned) /* nobody's numbers depend on it where instructions are counted */
        tune_parse(strcmp(run->choice.class, "kvm") ? "off" : "all", &run->tune_wish);
    run->plan.repetitions = args->boots ? args->boots : class_exact(run) ? 1 : BOOTS_OF_CYCLES;
    run_axes(run);
    run->plan.seed = args->seed < 0 ? seed_any() : (uint32_t)args->seed;
    if (plan_boots(&run->matrix, &run->plan, &run->boots))
        return say_error(TACH_INTERNAL, "run", args->matrix, "more than %u boots, or out of memory",
                         BOOTS_MAX);
    fprintf(stderr, "tach run: class %s: %s; %zu boots, seed %u\n", run->choice.class,
            run->choice.reason, run->boots.count, run->plan.seed);
    return TACH_OK;
}

static int run_begin(const struct run_args *args, struct run *run)
{
    drive_signals();
    int status = matrix_take(args->matrix, run);
    status = status ? status : sides_take(args, run);
    status = status ? status : machine_ready(args, args->class, run);
    if (!status)
        machine_read(&run->machine);
    status = status ? status : plan_take(args, run);
    status = status ? status : keep_directory(args->out, run->choice.class, &run->directory);
    status = status ? status : keep_lock(run->directory);
    return status ? status : keep_begin(run);
}

int runner_new(const struct run_args *args)
{
    struct run run = {0};

    int status = run_begin(args, &run);
    if (!status) {
        status = run_make(args, &run);
        if (!args->out && status != TACH_CANTCREATE)
            keep_latest(run.directory);
    }
    run_free(&run);
    return status;
}

/* The directory that the user means: a path, or the name of a run below results/run. */
static char *resume_path(const char *named)
{
    struct stat facts;
    char *path = NULL;

    if (strchr(named, '/') || !stat(named, &facts))
        return strdup(named);
    return asprintf(&path, RUN_DIRECTORY "/%s", named) < 0 ? NULL : path;
}

int runner_resume(const struct run_args *args)
{
    char *path = resume_path(args->resume);
    struct run run = {0};

    if (!path)
        return TACH_INTERNAL;
    drive_signals();
    int status = keep_lock(path);
    if (!status) {
        machine_read(&run.machine);
        status = state_read(path, &run);
    }
    if (!status) {
        char class[sizeof(run.choice.class)];
        snprintf(class, sizeof(class), "%s", run.choice.class);
        status = machine_ready(args, class, &run);
    }
    if (!status) {
        fprintf(stderr, "tach run: %zu of %zu boots are there, seed %u\n",
                run.boots.count - boots_in(&run, BOOT_PENDING), run.boots.count, run.plan.seed);
        status = run_make(args, &run);
    }
    run_free(&run);
    free(path);
    return status;
}
