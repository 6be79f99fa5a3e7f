/* SPDX-License-Identifier: MIT
 * See received.h. The order is: read and cut, take each boot's plan from its own words, find the
 * boot that the others are held against, judge, and only then make a directory. */
#include "bench/received/received.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bench/drive.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/keep.h"
#include "bench/measure.h"
#include "bench/received/cells.h"
#include "bench/received/cut.h"
#include "bench/received/gaps.h"
#include "bench/received/target.h"
#include "traces/say.h"
#include "traces/words.h"

/* A capture, and where its boots begin in the run. */
struct file {
    const char *path;
    char *bytes, digest[SHA256_TEXT];
    size_t size;
    struct cut cut;
};

struct received {
    const struct run_args *args;
    struct run *run;
    struct cells cells;
    struct file files[RECEIVED_FILES_MAX];
    const struct boot *first; /* the boot that the others are held against */
    bool pcid_told;           /* words of some boots say whether there is PCID */
};

/* Names what a file is that somebody packed; NULL: it is none of these. */
static const char *packing_of(const char *bytes, size_t size)
{
    static const struct {
        const char *magic, *name;
    } packings[] = {{"\x1f\x8b", "gzip"},
                    {"BZh", "bzip2"},
                    {"\xfd"
                     "7zXZ",
                     "xz"},
                    {"\x28\xb5\x2f\xfd", "zstd"},
                    {"PK\x03\x04", "zip"}};

    for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
        const size_t length = strlen(packings[i].magic);
        if (size > length && !memcmp(bytes, packings[i].magic, length))
            return packings[i].name;
    }
    return NULL;
}

static int file_take(struct file *file)
{
    int status = file_read("run", file->path, BOOT_FRAMES_MAX, &file->bytes, &file->size);

    if (status) {
        file->bytes = NULL;
        return status;
    }
    const char *packing = packing_of(file->bytes, file->size);
    if (packing)
        return say_error(TACH_BADDATA, "run", file->path, "is packed (%s): unpack it first",
                         packing);
    if (cut_boots((const uint8_t *)file->bytes, file->size, &file->cut))
        return say_error(TACH_INTERNAL, "run", file->path, "out of memory");
    if (!file->cut.count)
        return say_error(TACH_BADDATA, "run", file->path,
                         "no boot in it: empty, text only, or damaged throughout");
    sha256_text(file->bytes, file->size, file->digest);
    return TACH_OK;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;

    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Whether the file was named before. */
static bool file_again(const struct received *received, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (same_file(received->files[i].path, received->files[at].path))
            return true;
    return false;
}

static int boots_make(struct boots *boots, size_t count)
{
    boots->runs = calloc(count + 1, sizeof(*boots->runs));
    boots->order = calloc(count + 1, sizeof(*boots->order));
    if (!boots->runs || !boots->order)
        return TACH_INTERNAL;
    boots->count = count;
    return TACH_OK;
}

static int files_take(struct received *received)
{
    size_t count = 0;
    int status = TACH_OK;

    for (size_t i = 0; !status && i < received->args->from_count; i++) {
        struct file *file = &received->files[i];
        file->path = received->args->from[i];
        status = file_again(received, i) ? say_error(TACH_USAGE, "run", file->path,
                                                     "is named twice: its boots would count twice")
                                         : file_take(file);
        count += file->cut.count;
    }
    if (!status && count > BOOTS_MAX)
        return say_error(TACH_BADDATA, "run", received->files[0].path, "more than %u boots",
                         BOOTS_MAX);
    return status ? status : boots_make(&received->run->boots, count);
}

static void boot_refuse(struct boot_run *run, const char *why)
{
    run->state = BOOT_FAILED;
    snprintf(run->reason, sizeof(run->reason), "%s", why);
    for (char *at = run->reason; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

/* How long the boot measured, by its own clock. */
static double boot_seconds(const struct boot *boot)
{
    const double hz = (double)boot->hello.tsc_hz;

    if (!boot->has_machine[0] || !boot->has_machine[1] || hz <= 0 ||
        boot->machine[1].tsc < boot->machine[0].tsc)
        return 0;
    return (double)(boot->machine[1].tsc - boot->machine[0].tsc) / hz;
}

/* What a boot's own words plan. Returns 0, or -1 when memory ends. */
static int boot_plan(struct received *received, struct boot_run *run)
{
    const struct boot *boot = &run->capture.boots[0];
    struct matrix *matrix = &received->cells.matrix;
    char why[200], list[BOOT_CELLS_MAX + 400];
    size_t length;

    run->words = strdup(boot->cmdline);
    run->argv_text = strdup(boot->cmdline);
    if (!run->words || !run->argv_text)
        return -1;
    run->pti = boot->hello.pti;
    run->trace = boot->hello.trace;
    run->pcid = measure_pcid(boot);
    run->qemu.took_s = boot_seconds(boot);
    if (measure_pcid_lacking(boot))
        return 0; /* of no cells */
    if (!boot->has_hello || boot->hello.cmdline_truncated) {
        boot_refuse(run, boot->has_hello ? "its words were cut short: what it measured is not known"
                                         : "no HELLO came: what it was told is not known");
        return 0;
    }
    const char *value = words_find(boot->cmdline, "bench=", &length);
    snprintf(list, sizeof(list), "%.*s", (int)length, value ? value : "");
    const int failed = cells_take(&received->cells, list, run, why, sizeof(why));
    if (failed > 0)
        boot_refuse(run, why);
    else if (words_find(boot->cmdline, "profile=", &length))
        boot_refuse(run, "was sampled (profile=), which is in its figures");
    if (failed)
        return failed < 0 ? -1 : 0;
    matrix->pti |= run->pti ? AXIS_ON : AXIS_OFF;
    matrix->trace |= run->trace ? AXIS_ON : AXIS_OFF;
    if (run->pti && words_find(boot->cmdline, "pcid=", &length))
        matrix->pcid |= run->pcid ? AXIS_ON : AXIS_OFF;
    return 0;
}

static int boots_plan(struct received *received)
{
    struct boots *boots = &received->run->boots;
    size_t at = 0;

    for (size_t i = 0; i < received->args->from_count; i++) {
        const struct file *file = &received->files[i];
        for (size_t k = 0; k < file->cut.count; k++, at++) {
            const struct piece *piece = &file->cut.pieces[k];
            struct boot_run *run = &boots->runs[at];
            boots->order[at] = at;
            run->number = (unsigned)at + 1;
            if (capture_parse((const uint8_t *)file->bytes + piece->start,
                              piece->end - piece->start, &run->capture) != TACH_OK ||
                run->capture.boot_count != 1)
                return say_error(TACH_INTERNAL, "run", file->path, "boot %zu: %s", k + 1,
                                 run->capture.error[0] ? run->capture.error : "cut wrongly");
            run->loaded = true;
            if (boot_plan(received, run))
                return TACH_INTERNAL;
        }
    }
    return TACH_OK;
}

/* Takes the class and the target from the first boot that tells them; complains where none does. */
static int class_take(struct received *received)
{
    struct run *run = received->run;
    const char *wish = received->args->class;
    static const char nothing[] = "none of its boots measured anything";
    char why[200], told[240] = "";

    for (size_t i = 0; i < run->boots.count; i++) {
        const struct boot_run *boot = &run->boots.runs[i];
        if (boot->state == BOOT_FAILED)
            continue;
        const char *class = target_class(&boot->capture.boots[0], why, sizeof(why));
        if (class && boot->count && (!wish || target_fits(class, wish))) {
            received->first = &boot->capture.boots[0];
            snprintf(run->choice.class, sizeof(run->choice.class), "%s", wish ? wish : class);
            return TACH_OK;
        }
        if (told[0] || (class && !boot->count))
            continue;
        if (class)
            snprintf(told, sizeof(told), "boot %u is of class %s", boot->number, class);
        else
            snprintf(told, sizeof(told), "boot %u: %.180s", boot->number, why);
    }
    return say_error(TACH_BADDATA, "run", received->files[0].path, "%s%s%s", wish ? wish : "",
                     wish ? " does not fit: " : "", told[0] ? told : nothing);
}

/* Why a boot cannot stand among the others; false: it can. */
static bool boot_foreign(const struct received *received, const struct boot_run *run, char *why,
                         size_t size)
{
    const struct boot *boot = &run->capture.boots[0];
    const char *differs = target_differs(received->first, boot);
    const char *class = target_class(boot, why, size);
    size_t length;

    if (differs)
        snprintf(why, size, "%s than the first boot of this run has", differs);
    else if (received->pcid_told && run->count && boot->hello.pcid &&
             !words_find(boot->cmdline, "pcid=", &length))
        snprintf(why, size, "ran with PCID, which its words do not say, beside boots whose do");
    else if (class && !target_fits(class, received->run->choice.class))
        snprintf(why, size, "is of class %s, not %s", class, received->run->choice.class);
    else
        return !class;
    return true;
}

/* The repetitions of a boot are those that passed and measured the same in the same way; what
 * measured nothing is none. */
static void repetition_count(struct run *run, size_t at)
{
    struct boot_run *boot = &run->boots.runs[at];

    for (size_t i = 0; i < at; i++) {
        const struct boot_run *other = &run->boots.runs[i];
        boot->repetition += other->state == BOOT_PASSED && other->pti == boot->pti &&
                            other->pcid == boot->pcid && other->trace == boot->trace &&
                            other->first == boot->first && other->count == boot->count;
    }
    if (boot->state == BOOT_PASSED && boot->count && boot->repetition >= run->plan.repetitions)
        run->plan.repetitions = boot->repetition + 1;
}

static void boots_judge(struct received *received)
{
    struct run *run = received->run;
    char why[200], title[64];

    run->plan = (struct plan){.repetitions = 1, .sides = 1};
    for (size_t i = 0; i < run->boots.count; i++) {
        struct boot_run *boot = &run->boots.runs[i];
        if (boot->state != BOOT_FAILED) {
            boot_judge_received(boot, &run->matrix, run->choice.class);
            if (boot->state == BOOT_PASSED && boot_foreign(received, boot, why, sizeof(why)))
                boot_refuse(boot, why);
        }
        repetition_count(run, i);
        boot_title(boot, "", title, sizeof(title));
        if (boot->state == BOOT_FAILED)
            fprintf(stderr, "%s: FAILED: %s\n", title, boot->reason);
    }
}

/* What stands in run.json and in the documents of such a run, and of no other. */
static json_t *origin_json(const struct received *received)
{
    char build[2 * sizeof(received->first->hello.build_id) + 1] = "", words[TARGET_WORDS];
    json_t *files = json_array(), *names = json_array(), *gaps = gaps_find(received->run);

    for (size_t i = 0; i < sizeof(received->first->hello.build_id); i++)
        snprintf(build + 2 * i, 3, "%02x", received->first->hello.build_id[i]);
    target_words(received->first->cmdline, words);
    for (size_t i = 0; i < received->args->from_count; i++) {
        const struct file *file = &received->files[i];
        json_array_append_new(names, json_text(file->path));
        json_array_append_new(files, json_pack("{so sI ss sI}", "path", json_text(file->path),
                                               "size", (json_int_t)file->size, "sha256",
                                               file->digest, "boots", (json_int_t)file->cut.count));
    }
    return json_pack("{so so ss so so}", "tach_from", names, "tach_captures", files, "build_id",
                     build, "words", json_text(words), "tach_missing", gaps);
}

static int run_fill(struct received *received)
{
    struct run *run = received->run;
    const time_t now = time(NULL);
    struct tm local;
    size_t passed = 0;

    strftime(run->date, sizeof(run->date), "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &local));
    target_machine(received->first, run->choice.class, &run->machine);
    snprintf(run->choice.reason, sizeof(run->choice.reason), "received from %s, %.16s",
             run->machine.cpu, received->args->class ? "asked for" : "by its clock");
    run->limit_s = 1; /* nobody waits for these boots */
    run->sides[0].name = "";
    for (size_t i = 0; i < run->boots.count; i++)
        passed += run->boots.runs[i].state == BOOT_PASSED;
    run->origin = origin_json(received);
    fprintf(stderr, "tach run: class %s: %s; %zu of %zu boots passed\n", run->choice.class,
            run->choice.reason, passed, run->boots.count);
    return run->origin ? TACH_OK : TACH_INTERNAL;
}

static int frames_write(struct received *received)
{
    const struct run *run = received->run;
    size_t at = 0;

    for (size_t i = 0; i < received->args->from_count; i++) {
        const struct file *file = &received->files[i];
        for (size_t k = 0; k < file->cut.count; k++, at++) {
            const struct piece *piece = &file->cut.pieces[k];
            struct boot_run *boot = &run->boots.runs[at];
            snprintf(boot->frames, sizeof(boot->frames), "%s/boot-%u.frames",
                     run->sides[0].directory, boot->number);
            FILE *out = file_create("run", boot->frames);
            if (!out)
                return TACH_CANTCREATE;
            fwrite(file->bytes + piece->start, 1, piece->end - piece->start, out);
            const int status = file_finish("run", boot->frames, out);
            if (status)
                return status;
            boot_digest(boot);
            capture_free(&boot->capture);
            boot->loaded = false;
        }
    }
    return TACH_OK;
}

static void gaps_say(const struct run *run)
{
    const json_t *gaps = json_object_get(run->origin, "tach_missing");

    for (size_t i = 0; i < json_array_size(gaps); i++)
        fprintf(stderr, "tach run: %s\n", json_string_value(json_array_get(gaps, i)));
}

/* The directory and all that lies in it. */
static int run_keep(struct received *received)
{
    const struct run_args *args = received->args;
    struct run *run = received->run;
    int status = keep_directory(args->out, run->choice.class, &run->directory);

    status = status ? status : keep_lock(run->directory);
    status = status ? status : keep_begin(run);
    status = status ? status : frames_write(received);
    status = status ? status : state_write(run);
    status = status ? status : runner_finish(args, run);
    gaps_say(run);
    if (!args->out && run->directory && status != TACH_CANTCREATE)
        keep_latest(run->directory);
    return status;
}

static void received_free(struct received *received)
{
    for (size_t i = 0; i < received->args->from_count; i++) {
        free(received->files[i].bytes);
        cut_free(&received->files[i].cut);
    }
    cells_free(&received->cells);
    run_free(received->run);
}

int runner_received(const struct run_args *args)
{
    struct run run = {.boots = {.count = 0}};
    static struct received received;

    received = (struct received){.args = args, .run = &run};
    drive_signals();
    int status = files_take(&received);
    status = status ? status : boots_plan(&received);
    status = status ? status : class_take(&received);
    received.pcid_told = received.cells.matrix.pcid != 0;
    if (!status && cells_give(&received.cells, &run))
        status = TACH_INTERNAL;
    if (!status) {
        boots_judge(&received);
        status = run_fill(&received);
    }
    status = status ? status : run_keep(&received);
    received_free(&received);
    return status;
}
