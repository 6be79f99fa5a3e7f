/* SPDX-License-Identifier: MIT
 * Writes what a run leaves behind; see bench/keep.h. Every text that came from a guest or from the
 * host's files goes through json_text, so no byte of it can break a document. */
#include "bench/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "bench/measure.h"
#include "traces/say.h"

#define IMAGE_MAX     (256u << 20)
#define RUN_DIRECTORY "results/run"
#define LATEST        RUN_DIRECTORY "/latest"
#define LATEST_PART   RUN_DIRECTORY "/.latest"

static int directory_fresh(const char *class, char **out)
{
    const time_t now = time(NULL);
    struct tm local;
    char date[32];

    int status = file_directory("run", RUN_DIRECTORY);
    strftime(date, sizeof(date), "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    for (unsigned attempt = 1; !status && attempt < 100; attempt++) {
        char suffix[8] = "";
        if (attempt > 1)
            snprintf(suffix, sizeof(suffix), "-%u", attempt);
        if (asprintf(out, RUN_DIRECTORY "/%s-%s%s", date, class, suffix) < 0)
            return TACH_INTERNAL;
        if (!mkdir(*out, 0777))
            return TACH_OK;
        if (errno != EEXIST) {
            status = say_error(TACH_CANTCREATE, "run", *out, "%s", strerror(errno));
        }
        free(*out);
        *out = NULL;
    }
    return status ? status : TACH_CANTCREATE;
}

/* Any of these means that a run lives there. */
static bool directory_taken(const char *path)
{
    static const char *const names[] = {"boot-1.frames", "machine.json", FIGURE_SUITE ".ci.json"};
    char full[4096];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(full, sizeof(full), "%s/%s", path, names[i]);
        if (!access(full, F_OK))
            return true;
    }
    return false;
}

int keep_directory(const char *path, const char *class, char **out)
{
    *out = NULL;
    if (!path)
        return directory_fresh(class, out);
    if (strlen(path) > 400) {
        return say_error(TACH_CANTCREATE, "run", "--out", "a path of more than 400 bytes");
    }
    if (directory_taken(path)) {
        return say_error(TACH_CANTCREATE, "run", path, "holds a run already; nothing was touched");
    }
    const int status = file_directory("run", path);
    *out = status ? NULL : strdup(path);
    return status ? status : *out ? TACH_OK : TACH_INTERNAL;
}

int keep_images(struct image_facts images[IMAGE_COUNT])
{
    for (unsigned i = 0; i < IMAGE_COUNT; i++) {
        char *bytes;
        const int status = file_read("run", images[i].path, IMAGE_MAX, &bytes, &images[i].size);
        if (status)
            return status;
        sha256_text(bytes, images[i].size, images[i].sha256);
        free(bytes);
    }
    return TACH_OK;
}

/* The first boot that said hello, or NULL. */
static const struct boot *boot_first(const struct boots *boots)
{
    for (size_t i = 0; i < boots->count; i++)
        if (boots->runs[i].loaded && boots->runs[i].capture.boot_count)
            return &boots->runs[i].capture.boots[0];
    return NULL;
}

static json_t *context_make(const struct run_facts *facts, const struct document *document)
{
    static const char *const image_names[] = {"loader_sha256", "kernel_sha256", "initfs_sha256"};
    json_t *context = json_pack(
        "{ss so ss si so sb s[fff] s[] ss si ss ss ss so so so so}", "date", facts->date,
        "host_name", json_text(facts->machine.host), "executable", "tach run", "num_cpus",
        (int)facts->machine.cpus, "mhz_per_cpu", json_number(facts->machine.mhz),
        "cpu_scaling_enabled",
        strcmp(facts->machine.governor, "performance") &&
            strcmp(facts->machine.governor, "unknown"),
        "load_avg", facts->machine.load[0], facts->machine.load[1], facts->machine.load[2],
        "caches", "library_build_type", "release", "json_schema_version", 1, "tach_class",
        document->class, "tach_machine", document->machine, "tach_complete", document->complete,
        "tach_reason", json_text(facts->choice.reason), "cpu", json_text(facts->machine.cpu),
        "host_kernel", json_text(facts->machine.kernel), "qemu", json_text(facts->machine.qemu));

    for (unsigned i = 0; i < IMAGE_COUNT; i++)
        json_object_set_new(context, image_names[i], json_text(facts->images[i].sha256));
    return context;
}

static json_t *calib_json(const struct wire_calib *calib)
{
    return json_pack("{sI sI sI sI sI sI sI sI sI sI sI sI}", "empty", (json_int_t)calib->empty,
                     "empty_max", (json_int_t)calib->empty_max, "loop_ring0",
                     (json_int_t)calib->loop_ring0, "loop_ring3", (json_int_t)calib->loop_ring3,
                     "quantum", (json_int_t)calib->quantum, "gap_max", (json_int_t)calib->gap_max,
                     "gap_watch", (json_int_t)calib->gap_watch, "rdtsc_cost",
                     (json_int_t)calib->rdtsc_cost, "out_cost", (json_int_t)calib->out_cost,
                     "cr3_cost", (json_int_t)calib->cr3_cost, "stamp_cost",
                     (json_int_t)calib->stamp_cost, "empty_ring3", (json_int_t)calib->empty_ring3);
}

static json_t *hello_json(const struct wire_hello *hello)
{
    char vendor[sizeof(hello->vendor) + 1] = "", brand[sizeof(hello->brand) + 1] = "";
    char build[2 * sizeof(hello->build_id) + 1] = "";

    memcpy(vendor, hello->vendor, sizeof(hello->vendor));
    memcpy(brand, hello->brand, sizeof(hello->brand));
    for (size_t i = 0; i < sizeof(hello->build_id); i++)
        snprintf(build + 2 * i, 3, "%02x", hello->build_id[i]);
    return json_pack("{si si sI si so so ss sb sb si sI}", "abi_version", (int)hello->abi_version,
                     "tsc_source", (int)hello->tsc_source, "tsc_hz", (json_int_t)hello->tsc_hz,
                     "microcode", (int)hello->microcode, "vendor", json_text(vendor), "brand",
                     json_text(brand), "build_id", build, "pcid", (int)hello->pcid, "fastpath",
                     (int)hello->fastpath, "cpus", (int)hello->cpus, "free_pages",
                     (json_int_t)hello->free_pages);
}

static json_t *boot_json(const struct boot_run *run)
{
    char title[64];

    boot_title(run, title, sizeof(title));
    json_t *json = json_pack("{ss sb sf si sb so so}", "boot", title, "passed", run->good,
                             "seconds", run->qemu.took_s, "status", run->qemu.status, "timed_out",
                             run->qemu.timed_out, "reason", json_text(run->reason), "command",
                             json_text(run->argv_text ? run->argv_text : ""));
    if (run->loaded && run->capture.boot_count && run->capture.boots[0].has_hello)
        json_object_set_new(json, "hello", hello_json(&run->capture.boots[0].hello));
    if (run->loaded && run->capture.boot_count && run->capture.boots[0].has_calib)
        json_object_set_new(json, "calibration", calib_json(&run->capture.boots[0].calib));
    return json;
}

static int machine_write(const struct run_facts *facts, const struct boots *boots)
{
    json_t *root = machine_json(&facts->machine), *list = json_array(), *images = json_array();
    char path[512];

    json_object_set_new(root, "date", json_text(facts->date));
    json_object_set_new(root, "class", json_text(facts->choice.class));
    json_object_set_new(root, "reason", json_text(facts->choice.reason));
    json_object_set_new(root, "complete", json_boolean(facts->complete));
    for (unsigned i = 0; i < IMAGE_COUNT; i++)
        json_array_append_new(images,
                              json_pack("{so sI ss}", "path", json_text(facts->images[i].path),
                                        "size", (json_int_t)facts->images[i].size, "sha256",
                                        facts->images[i].sha256));
    for (size_t i = 0; i < boots->count; i++)
        json_array_append_new(list, boot_json(&boots->runs[i]));
    json_object_set_new(root, "images", images);
    json_object_set_new(root, "boots", list);
    snprintf(path, sizeof(path), "%s/machine.json", facts->directory);
    FILE *file = file_create("run", path);
    if (!file) {
        json_decref(root);
        return TACH_CANTCREATE;
    }
    json_dumpf(root, file, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    fputc('\n', file);
    json_decref(root);
    return file_finish("run", path, file);
}

/* The boot of a run that may give figures: it spoke, and it ran as it was told. What a boot sent
 * before it failed is sound, frame by frame, so a failed boot may give some too. */
static const struct boot *boot_usable(const struct boot_run *run, bool trace)
{
    const struct boot *boot =
        run->loaded && run->capture.boot_count == 1 ? &run->capture.boots[0] : NULL;

    if (!boot || !boot->has_hello || run->trace != trace || (boot->hello.pti != 0) != run->pti ||
        (boot->hello.trace != 0) != run->trace)
        return NULL;
    return boot;
}

/* Untraced boots make the rows, traced ones add to them; so the first go first. */
static int rows_make(const struct boots *boots, struct document *rows)
{
    for (size_t i = 0; i < boots->count; i++) {
        const struct boot *boot = boot_usable(&boots->runs[i], false);
        if (boot && measure_whole(boot, boots->runs[i].repetition, rows))
            return -1;
    }
    for (size_t i = 0; i < boots->count; i++) {
        const struct boot *boot = boot_usable(&boots->runs[i], true);
        if (boot && measure_trace(boot, boots->runs[i].repetition, rows))
            return -1;
    }
    return 0;
}

static void document_begin(const struct run_facts *facts, const struct boots *boots,
                           struct document *document)
{
    const struct boot *first = boot_first(boots);
    struct fingerprint fingerprint;

    *document = (struct document){0};
    machine_fingerprint(&facts->machine, facts->choice.class, first ? first->hello.abi_version : 0,
                        &fingerprint);
    snprintf(document->class, sizeof(document->class), "%s", facts->choice.class);
    snprintf(document->machine, sizeof(document->machine), "%s", fingerprint.text);
    snprintf(document->complete, sizeof(document->complete), facts->complete ? "yes" : "no");
    document->context = context_make(facts, document);
}

static int keep_document(const struct run_facts *facts, const char *name,
                         const struct document *document)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", facts->directory, name);
    return document_write("run", path, document);
}

int keep_run(const struct run_facts *facts, const struct boots *boots, struct document *merged)
{
    struct document rows;

    document_begin(facts, boots, &rows);
    document_begin(facts, boots, merged);
    int status = machine_write(facts, boots);
    if (rows_make(boots, &rows) || measure_merge(&rows, merged))
        status = TACH_INTERNAL;
    const int rows_status = keep_document(facts, FIGURE_SUITE ".json", &rows);
    const int merged_status = keep_document(facts, FIGURE_SUITE ".ci.json", merged);
    document_free(&rows);
    return status ? status : rows_status ? rows_status : merged_status;
}

void keep_latest(const char *directory)
{
    const char *name = strrchr(directory, '/');

    unlink(LATEST_PART);
    /* Moved into place, so that there is always a run behind the name. */
    if (!name || symlink(name + 1, LATEST_PART) || rename(LATEST_PART, LATEST))
        say_error(0, "run", LATEST, "%s", strerror(errno));
}
