/* SPDX-License-Identifier: MIT
 * run.json in and out; see bench/state.h. What is read is hostile, like every document: each member
 * is checked for its type, and the boots of the plan are made anew and held against what stands
 * there. Their order is the one that was kept: another tach may make another of the same seed. */
#include "bench/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bochs.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "traces/say.h"

#define STATE_MAX (64u << 20)

bool run_complete(const struct run *run)
{
    bool complete = run->plan.sides > 0;

    for (unsigned i = 0; i < run->plan.sides; i++)
        complete &= run->sides[i].complete;
    return complete;
}

bool run_tuned(const struct run *run)
{
    const struct tune_wish *wish = &run->tune_wish;

    return wish->pin || wish->priority || wish->hugepages || wish->governor[0] ||
           !strcmp(run->choice.class, "kvm");
}

void run_axes(struct run *run)
{
    if (!run->matrix.pcid && !strcmp(run->choice.class, BOCHS_CLASS))
        run->matrix.pcid = AXIS_OFF | AXIS_ON;
}

void run_setups(struct run *run)
{
    for (unsigned i = 0; i < run->plan.sides; i++) {
        struct run_side *side = &run->sides[i];
        side->setup = (struct boot_setup){.class = run->choice.class,
                                          .side = side->name,
                                          .loader = side->images[IMAGE_LOADER].path,
                                          .kernel = side->images[IMAGE_KERNEL].path,
                                          .initfs = side->images[IMAGE_INITFS].path,
                                          .directory = side->directory,
                                          .limit_s = run->limit_s,
                                          .perf = run->perf_wanted ? &run->perf : NULL,
                                          .tune = run_tuned(run) ? &run->tune : NULL};
    }
}

static json_t *boot_json(const struct run *run, const struct boot_run *boot)
{
    json_t *json = json_pack("{ss si sb sb sb si si ss}", "side", run->sides[boot->side].name,
                             "number", (int)boot->number, "pti", boot->pti, "pcid", boot->pcid,
                             "trace", boot->trace, "repetition", (int)boot->repetition, "cells",
                             (int)boot->count, "state", boot_state_name(boot->state));

    if (boot->state == BOOT_PENDING)
        return json;
    json_object_set_new(json, "seconds", json_number(boot->qemu.took_s));
    json_object_set_new(json, "status", json_integer(boot->qemu.status));
    json_object_set_new(json, "timed_out", json_boolean(boot->qemu.timed_out));
    json_object_set_new(json, "frames_sha256", json_text(boot->frames_sha256));
    json_object_set_new(json, "command", json_text(boot->argv_text ? boot->argv_text : ""));
    if (boot->perf.json)
        json_object_set(json, "perf", boot->perf.json);
    if (boot->host)
        json_object_set(json, "host", boot->host);
    if (boot->reason[0])
        json_object_set_new(json, "reason", json_text(boot->reason));
    return json;
}

static json_t *tune_state(const struct run *run)
{
    char asked[64];

    tune_text(&run->tune_wish, asked, sizeof(asked));
    return json_pack("{ss so si}", "asked", asked, "governor", json_text(run->tune_wish.governor),
                     "cpu", run->tune.first);
}

static json_t *state_json(const struct run *run)
{
    json_t *sides = json_array(), *boots = json_array();
    char matrix[SHA256_TEXT];

    sha256_text(run->matrix_text, run->matrix_size, matrix);
    for (unsigned i = 0; i < run->plan.sides; i++)
        json_array_append_new(sides, json_pack("{ss so so}", "name", run->sides[i].name, "revision",
                                               json_text(run->sides[i].revision), "images",
                                               images_json(run->sides[i].images)));
    for (size_t i = 0; i < run->boots.count; i++)
        json_array_append_new(boots, boot_json(run, &run->boots.runs[run->boots.order[i]]));
    json_t *root = json_pack(
        "{si ss ss so sI si so si sb sb so ss so so}", "tach_run", STATE_VERSION, "date", run->date,
        "class", run->choice.class, "reason", json_text(run->choice.reason), "seed",
        (json_int_t)run->plan.seed, "repetitions", (int)run->plan.repetitions, "timeout_s",
        json_number(run->limit_s), "resumed", (int)run->resumed, "perf", run->perf_wanted,
        "complete", run_complete(run), "machine", machine_json(&run->machine), "matrix_sha256",
        matrix, "sides", sides, "boots", boots);
    if (root && run_tuned(run))
        json_object_set_new(root, "tune", tune_state(run));
    if (root && run->origin)
        json_object_update(root, run->origin);
    if (root && run->findings)
        json_object_update(root, run->findings);
    return root;
}

int state_write(const struct run *run)
{
    char *path;

    if (asprintf(&path, "%s/" STATE_FILE, run->directory) < 0)
        return TACH_INTERNAL;
    json_t *root = state_json(run);
    FILE *file = root ? file_replace("run", path) : NULL;
    int status = root ? TACH_CANTCREATE : TACH_INTERNAL;
    if (file) {
        json_dumpf(root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        fputc('\n', file);
        status = file_replace_finish("run", path, file);
    }
    json_decref(root);
    free(path);
    return status;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* A whole number within bounds; -1 for anything else. */
static json_int_t whole_of(const json_t *object, const char *name, json_int_t max)
{
    const json_t *number = json_object_get(object, name);
    const json_int_t value = json_is_integer(number) ? json_integer_value(number) : -1;

    return value > max ? -1 : value;
}

/* How the host was to be tuned; a run without it was not. Returns whether it is sound. */
static bool tune_read(const json_t *tune, struct run *run)
{
    const json_int_t cpu = whole_of(tune, "cpu", CPU_SETSIZE - 1);
    const char *governor = text_of(tune, "governor");

    run->tune_cpu = cpu < 0 ? -1 : (int)cpu;
    if (!tune)
        return true;
    snprintf(run->tune_wish.governor, sizeof(run->tune_wish.governor), "%s", governor);
    return !tune_parse(text_of(tune, "asked"), &run->tune_wish) &&
           (!*governor || governor_named(governor));
}

/* Returns NULL, or what is wrong. */
static const char *plan_read(const json_t *root, struct run *run)
{
    const json_int_t seed = whole_of(root, "seed", UINT32_MAX);
    const json_int_t repetitions = whole_of(root, "repetitions", BOOTS_MAX);
    const size_t sides = json_array_size(json_object_get(root, "sides"));

    if (whole_of(root, "tach_run", 1 << 30) != STATE_VERSION)
        return "is of another version of tach, or no run";
    if (json_object_get(root, "tach_from"))
        return "is made of captures, none of its boots can be made here; collect more of them, and "
               "make a run of all captures with --from";
    if (seed < 0 || repetitions < 1 || sides < 1 || sides > RUN_SIDES)
        return "seed, repetitions or sides are missing";
    run->plan = (struct plan){(unsigned)repetitions, (unsigned)sides, (uint32_t)seed};
    run->limit_s = json_number_value(json_object_get(root, "timeout_s"));
    run->resumed = (unsigned)(whole_of(root, "resumed", 1 << 20) + 1);
    run->perf_wanted = json_is_true(json_object_get(root, "perf"));
    if (!tune_read(json_object_get(root, "tune"), run))
        return "tune asks for what is not there to be asked for";
    snprintf(run->date, sizeof(run->date), "%s", text_of(root, "date"));
    snprintf(run->choice.class, sizeof(run->choice.class), "%s", text_of(root, "class"));
    return run->limit_s > 0 && run->date[0] && run->choice.class[0]
               ? NULL
               : "date, class or timeout_s are missing";
}

/* Returns an enum tach_exit after a line. */
static int matrix_again(const json_t *root, struct run *run)
{
    struct matrix_error error;
    char digest[SHA256_TEXT], *path;

    if (asprintf(&path, "%s/" STATE_MATRIX, run->directory) < 0)
        return TACH_INTERNAL;
    int status = file_read("run", path, MATRIX_FILE_MAX, &run->matrix_text, &run->matrix_size);
    if (!status) {
        sha256_text(run->matrix_text, run->matrix_size, digest);
        if (strcmp(digest, text_of(root, "matrix_sha256")))
            status = say_error(TACH_BADDATA, "run", path, "is not the matrix of the run");
        else if (matrix_parse(run->matrix_text, run->matrix_size, &run->matrix, &error))
            status = say_error(TACH_BADDATA, "run", path, "%s", error.text);
    }
    free(path);
    return status;
}

static int sides_again(const json_t *root, struct run *run)
{
    const json_t *sides = json_object_get(root, "sides");
    int status = TACH_OK;

    for (unsigned i = 0; !status && i < run->plan.sides; i++) {
        const json_t *json = json_array_get(sides, i);
        struct run_side *side = &run->sides[i];
        side->name = run->plan.sides > 1 ? run_sides[i] : "";
        snprintf(side->revision, sizeof(side->revision), "%s", text_of(json, "revision"));
        if (asprintf(&side->directory, "%s%s%s", run->directory, *side->name ? "/" : "",
                     side->name) < 0)
            return TACH_INTERNAL;
        status = images_again(json_object_get(json, "images"), side->images);
    }
    return status;
}

/* Whether an entry of the list is that boot of the plan, and the first such entry. */
static bool boot_planned(const json_t *json, const struct boot_run *boot)
{
    return !boot->words && json_is_true(json_object_get(json, "pti")) == boot->pti &&
           json_is_true(json_object_get(json, "pcid")) == boot->pcid &&
           json_is_true(json_object_get(json, "trace")) == boot->trace &&
           whole_of(json, "cells", MATRIX_CELLS_MAX) == (json_int_t)boot->count;
}

/* The boot that an entry of the list names, by its side and number; NULL for none. */
static struct boot_run *boot_named(const json_t *json, const struct run *run)
{
    const size_t own = run->boots.count / run->plan.sides;
    const json_int_t number = whole_of(json, "number", (json_int_t)own);

    for (unsigned side = 0; number > 0 && side < run->plan.sides; side++)
        if (!strcmp(text_of(json, "side"), run->sides[side].name))
            return &run->boots.runs[side * own + (size_t)number - 1];
    return NULL;
}

/* Takes what a boot came to, where its frames are still what was received. */
static void boot_again(const json_t *json, struct boot_run *boot)
{
    const enum boot_state state =
        !strcmp(text_of(json, "state"), boot_state_name(BOOT_PASSED))   ? BOOT_PASSED
        : !strcmp(text_of(json, "state"), boot_state_name(BOOT_FAILED)) ? BOOT_FAILED
                                                                        : BOOT_PENDING;

    boot_digest(boot);
    if (state == BOOT_PENDING || strcmp(boot->frames_sha256, text_of(json, "frames_sha256"))) {
        if (boot->frames_sha256[0]) /* half a boot, to be made again */
            unlink(boot->frames);
        return;
    }
    boot->state = state;
    boot->qemu.took_s = json_number_value(json_object_get(json, "seconds"));
    boot->qemu.status = (int)json_integer_value(json_object_get(json, "status"));
    boot->qemu.timed_out = json_is_true(json_object_get(json, "timed_out"));
    boot->perf.json = json_incref(json_object_get(json, "perf"));
    boot->host = json_incref(json_object_get(json, "host"));
    if (*text_of(json, "command")) { /* as it was started, which may be otherwise today */
        free(boot->argv_text);
        boot->argv_text = strdup(text_of(json, "command"));
    }
    snprintf(boot->reason, sizeof(boot->reason), "%s", text_of(json, "reason"));
}

static int boots_again(const json_t *root, struct run *run)
{
    const json_t *list = json_object_get(root, "boots");

    run_axes(run);
    if (plan_boots(&run->matrix, &run->plan, &run->boots))
        return say_error(TACH_INTERNAL, "run", run->directory, "out of memory");
    if (json_array_size(list) != run->boots.count)
        return say_error(TACH_BADDATA, "run", run->directory, "run.json is not of this plan");
    run_setups(run);
    for (size_t i = 0; i < run->boots.count; i++) {
        const json_t *json = json_array_get(list, i);
        struct boot_run *boot = boot_named(json, run);
        if (!boot || !boot_planned(json, boot))
            return say_error(TACH_BADDATA, "run", run->directory,
                             "boot %zu of run.json is not of this plan", i + 1);
        if (boot_prepare(boot, &run->matrix, &run->sides[boot->side].setup))
            return say_error(TACH_INTERNAL, "run", run->directory, "%s", boot->reason);
        boot_again(json, boot);
        run->boots.order[i] = (size_t)(boot - run->boots.runs);
    }
    return TACH_OK;
}

/* The field of the machine, of those that the class asks for, that is not as it was; or NULL. */
static const char *machine_differs(const struct run *run, const json_t *then)
{
    const bool exact = !strcmp(figure_unit(run->choice.class), "instructions");
    static const char *const fields[] = {"qemu", "cpu", "microcode", "host_kernel", "governor"};
    json_t *now = machine_json(&run->machine);
    const char *differs = NULL;

    /* Counts of instructions are the emulator's, whatever it runs on. */
    for (size_t i = 0; !differs && i < (exact ? 1 : sizeof(fields) / sizeof(fields[0])); i++)
        if ((strcmp(fields[i], "governor") || !run->tune_wish.governor[0]) &&
            strcmp(text_of(now, fields[i]), text_of(then, fields[i])))
            differs = fields[i];
    json_decref(now);
    return differs;
}

static int machine_again(const json_t *root, struct run *run)
{
    const char *differs = machine_differs(run, json_object_get(root, "machine"));

    if (!differs)
        return TACH_OK;
    return say_error(TACH_UNAVAILABLE, "run", run->directory,
                     "began on another machine: %s differs, so its boots cannot be continued here",
                     differs);
}

int state_read(const char *directory, struct run *run)
{
    json_t *root;
    char *path;

    run->directory = strdup(directory);
    if (!run->directory || asprintf(&path, "%s/" STATE_FILE, directory) < 0)
        return TACH_INTERNAL;
    int status = file_json("run", path, STATE_MAX, &root);
    if (!status) {
        const char *wrong = plan_read(root, run);
        status = wrong ? say_error(TACH_BADDATA, "run", path, "%s", wrong) : TACH_OK;
        status = status ? status : machine_again(root, run);
        status = status ? status : matrix_again(root, run);
        status = status ? status : sides_again(root, run);
        status = status ? status : boots_again(root, run);
        json_decref(root);
    }
    free(path);
    return status;
}

void run_free(struct run *run)
{
    boots_free(&run->boots);
    matrix_free(&run->matrix);
    free(run->matrix_text);
    free(run->directory);
    for (unsigned i = 0; i < RUN_SIDES; i++)
        free(run->sides[i].directory);
    warmup_free(&run->warmup);
    json_decref(run->findings);
    json_decref(run->origin);
    *run = (struct run){0};
}
