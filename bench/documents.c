/* SPDX-License-Identifier: MIT
 * The documents of a side, made of the frames that its boots left; see bench/keep.h. Captures are
 * loaded one at a time, in the order of their numbers, so a run that was resumed gives the same
 * bytes as one that was not. Every text that came from a guest or from the host's files goes
 * through json_text, so no byte of it can break a document. */
#include <stdlib.h>
#include <string.h>

#include "bench/calibration.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/guest/frames.h"
#include "bench/keep.h"
#include "bench/measure.h"

/* What a side's boots come to while they are read. */
struct harvest {
    struct document *rows;    /* of the boots that passed */
    struct document excluded; /* of those that did not */
    json_t *boots;            /* for machine.json, by number */
    json_t *reasons;          /* of boots that are excluded */
    unsigned abi;             /* as the first boot said; 0: none did */
};

static json_t *context_make(const struct run *run, unsigned side, const struct document *document)
{
    static const char *const image_names[] = {"loader_sha256", "kernel_sha256", "initfs_sha256"};
    json_t *context = json_pack(
        "{ss so ss si so sb s[fff] s[] ss si ss ss ss so so so so}", "date", run->date, "host_name",
        json_text(run->machine.host), "executable", "tach run", "num_cpus", (int)run->machine.cpus,
        "mhz_per_cpu", json_number(run->machine.mhz), "cpu_scaling_enabled",
        strcmp(run->machine.governor, "performance") && strcmp(run->machine.governor, "unknown"),
        "load_avg", run->machine.load[0], run->machine.load[1], run->machine.load[2], "caches",
        "library_build_type", "release", "json_schema_version", 1, "tach_class", document->class,
        "tach_machine", document->machine, "tach_complete", document->complete, "tach_reason",
        json_text(run->choice.reason), "cpu", json_text(run->machine.cpu), "host_kernel",
        json_text(run->machine.kernel), "qemu", json_text(run->machine.qemu));

    if (run->origin)
        json_object_update(context, run->origin);
    for (unsigned i = 0; !run->origin && i < IMAGE_COUNT; i++)
        json_object_set_new(context, image_names[i], json_text(run->sides[side].images[i].sha256));
    if (run->sides[side].revision[0])
        json_object_set_new(context, "revision", json_text(run->sides[side].revision));
    return context;
}

static json_t *calib_json(const struct boot *boot)
{
    const struct wire_calib *calib = &boot->calib;

    return json_pack(
        "{sI sI sI sI sI sI sI sI sI sI sI sI}", "empty", (json_int_t)calib->empty, "empty_max",
        (json_int_t)calib->empty_max, "loop_ring0", (json_int_t)calib->loop_ring0, "loop_ring3",
        (json_int_t)calibration_ring3(boot), "quantum", (json_int_t)calib->quantum, "gap_max",
        (json_int_t)calib->gap_max, "gap_watch", (json_int_t)calib->gap_watch, "rdtsc_cost",
        (json_int_t)calib->rdtsc_cost, "out_cost", (json_int_t)calib->out_cost, "cr3_cost",
        (json_int_t)calib->cr3_cost, "stamp_cost", (json_int_t)calib->stamp_cost, "empty_ring3",
        (json_int_t)calib->empty_ring3);
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

/* What lay below a boot, where it said so: what it is, and what grew while it measured. */
static json_t *below_json(const struct boot *boot)
{
    const struct wire_machine *begin = &boot->machine[0], *end = &boot->machine[1];
    const uint32_t have = boot->has_machine[1] ? begin->have & end->have : 0;
    json_t *json =
        json_pack("{sb sb sb sb}", "guest", begin->have & MACHINE_GUEST, "invariant_tsc",
                  begin->have & MACHINE_INVARIANT, "x2apic", begin->have & MACHINE_X2APIC,
                  "tsc_deadline", begin->have & MACHINE_DEADLINE);

    if (have & MACHINE_SMIS)
        json_object_set_new(json, "smis", json_integer((json_int_t)(end->smis - begin->smis)));
    if (have & MACHINE_APERF && end->mperf > begin->mperf)
        json_object_set_new(
            json, "clock_by_nominal",
            json_number((double)(end->aperf - begin->aperf) / (double)(end->mperf - begin->mperf)));
    return json;
}

/* What the host counted, beside the kernel's own totals where the boot sent them. The host's counts
 * begin with the loader and end with QEMU, so they are larger, by the same for all like boots. */
static json_t *perf_json(const struct boot_run *run)
{
    json_t *json = json_copy(run->perf.json);
    const struct boot *boot =
        run->loaded && run->capture.boot_count ? &run->capture.boots[0] : NULL;

    for (size_t i = 0; boot && i < boot->count_count; i++)
        if (!strncmp(boot->counts[i].cell, COUNT_BOOT, sizeof(boot->counts[i].cell)))
            json_object_set_new(json, "kernel",
                                json_pack("{sI sI}", "traps", (json_int_t)boot->counts[i].traps,
                                          "cr3_writes", (json_int_t)boot->counts[i].cr3_writes));
    return json;
}

/* What a boot was and came to; what it said of itself while its capture is there. */
static json_t *boot_json(const struct boot_run *run)
{
    char title[64];

    boot_title(run, "", title, sizeof(title));
    json_t *json = json_pack("{ss sb ss sf si sb so so}", "boot", title, "passed",
                             run->state == BOOT_PASSED, "state", boot_state_name(run->state),
                             "seconds", run->qemu.took_s, "status", run->qemu.status, "timed_out",
                             run->qemu.timed_out, "reason", json_text(run->reason), "command",
                             json_text(run->argv_text ? run->argv_text : ""));
    if (run->perf.json)
        json_object_set_new(json, "perf", perf_json(run));
    if (run->host)
        json_object_set(json, "host", run->host);
    if (run->state == BOOT_FAILED)
        json_object_set_new(json, "excluded", json_true());
    if (run->loaded && run->capture.boot_count && run->capture.boots[0].has_hello)
        json_object_set_new(json, "hello", hello_json(&run->capture.boots[0].hello));
    if (run->loaded && run->capture.boot_count && run->capture.boots[0].has_calib)
        json_object_set_new(json, "calibration", calib_json(&run->capture.boots[0]));
    if (run->loaded && run->capture.boot_count && run->capture.boots[0].has_machine[0])
        json_object_set_new(json, "machine", below_json(&run->capture.boots[0]));
    return json;
}

/* What the host was asked for; what each boot got of it stands there. */
static json_t *tune_asked(const struct run *run)
{
    char asked[64];

    tune_text(&run->tune_wish, asked, sizeof(asked));
    return json_pack("{ss so}", "asked", asked, "governor", tune_item_json(&run->tune.governor));
}

static int machine_write(const struct run *run, unsigned side, json_t *boots)
{
    json_t *root = machine_json(&run->machine);
    char path[512];

    json_object_set_new(root, "date", json_text(run->date));
    json_object_set_new(root, "class", json_text(run->choice.class));
    json_object_set_new(root, "reason", json_text(run->choice.reason));
    json_object_set_new(root, "complete", json_boolean(run->sides[side].complete));
    if (run->origin)
        json_object_update(root, run->origin);
    else
        json_object_set_new(root, "images", images_json(run->sides[side].images));
    if (run_tuned(run))
        json_object_set_new(root, "tune", tune_asked(run));
    json_object_set(root, "boots", boots);
    snprintf(path, sizeof(path), "%s/machine.json", run->sides[side].directory);
    FILE *file = file_replace("run", path);
    if (file) {
        json_dumpf(root, file, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        fputc('\n', file);
    }
    json_decref(root);
    return file ? file_replace_finish("run", path, file) : TACH_CANTCREATE;
}

/* The boot of a run that measured what it was told to, or NULL. Each of its frames is sound. */
static const struct boot *boot_usable(const struct boot_run *run)
{
    const struct boot *boot =
        run->loaded && run->capture.boot_count == 1 ? &run->capture.boots[0] : NULL;

    if (!boot || !boot->has_hello || (boot->hello.pti != 0) != run->pti ||
        (boot->hello.trace != 0) != run->trace)
        return NULL;
    return boot;
}

/* Takes a boot whose capture is there. A boot that failed gives no figure: what it sent is sound,
 * but the machine was not what the others' was, so it stands in a document of its own. */
static int boot_harvest(const struct boot_run *run, struct harvest *harvest)
{
    const struct boot *boot = boot_usable(run);
    struct document *rows = run->state == BOOT_PASSED ? harvest->rows : &harvest->excluded;

    if (boot && !harvest->abi)
        harvest->abi = boot->hello.abi_version;
    if (!boot || run->state == BOOT_PENDING || (run->trace && run->state == BOOT_FAILED))
        return 0;
    return run->trace ? measure_trace(boot, run->repetition, rows)
                      : measure_whole(boot, run->repetition, rows);
}

static void reason_add(const struct boot_run *run, struct harvest *harvest)
{
    char text[400], title[64];

    if (run->state != BOOT_FAILED)
        return;
    boot_title(run, "", title, sizeof(title));
    snprintf(text, sizeof(text), "%s: %s", title, run->reason);
    json_array_append_new(harvest->reasons, json_text(text));
}

/* Untraced boots make the rows, traced ones add to them; so the first go first. */
static int side_harvest(struct run *run, unsigned side, bool trace, struct harvest *harvest)
{
    int failed = 0;

    for (size_t i = 0; !failed && i < run->boots.count; i++) {
        struct boot_run *boot = &run->boots.runs[i];
        if (boot->side != side || boot->trace != trace)
            continue;
        boot->loaded =
            boot->state != BOOT_PENDING && capture_load(boot->frames, &boot->capture) == TACH_OK;
        failed = boot_harvest(boot, harvest);
        if (!failed && boot->loaded && boot->state == BOOT_PASSED && !trace)
            failed = warmup_boot(&boot->capture.boots[0], run->sides[side].name, &run->warmup);
        json_array_set_new(harvest->boots, boot->number - 1, boot_json(boot));
        capture_free(&boot->capture);
        boot->loaded = false;
    }
    return failed;
}

static void document_begin(const struct run *run, unsigned side, const struct harvest *harvest,
                           struct document *document)
{
    struct fingerprint fingerprint;

    machine_fingerprint(&run->machine, run->choice.class, harvest->abi, &fingerprint);
    snprintf(document->machine, sizeof(document->machine), "%s", fingerprint.text);
    snprintf(document->complete, sizeof(document->complete),
             run->sides[side].complete ? "yes" : "no");
    document->context = context_make(run, side, document);
    if (json_array_size(harvest->reasons))
        json_object_set(document->context, "tach_excluded", harvest->reasons);
}

static int document_keep(const struct run *run, unsigned side, const char *name,
                         const struct document *document)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", run->sides[side].directory, name);
    FILE *file = file_replace("run", path);
    if (!file)
        return TACH_CANTCREATE;
    const int failed = document_print(file, document);
    const int status = file_replace_finish("run", path, file);
    return failed ? TACH_INTERNAL : status;
}

/* Writes the documents of what was harvested; the first error counts. */
static int side_write(const struct run *run, unsigned side, struct harvest *harvest,
                      struct document *merged)
{
    struct document *documents[] = {harvest->rows, merged, &harvest->excluded};
    static const char *const names[] = {FIGURE_SUITE ".json", FIGURE_SUITE ".ci.json",
                                        FIGURE_SUITE ".excluded.json"};
    int status = machine_write(run, side, harvest->boots);

    for (size_t i = 0; i < 3; i++) {
        document_begin(run, side, harvest, documents[i]);
        if (i == 2 && !json_array_size(harvest->reasons))
            continue;
        const int kept = document_keep(run, side, names[i], documents[i]);
        status = status ? status : kept;
    }
    return status;
}

/* One boot that is not good spoils what the run says of itself, and no figure. */
static bool side_passed(const struct run *run, unsigned side)
{
    for (size_t i = 0; i < run->boots.count; i++)
        if (run->boots.runs[i].side == side && run->boots.runs[i].state != BOOT_PASSED)
            return false;
    return true;
}

int keep_side(struct run *run, unsigned side, struct document *rows, struct document *merged)
{
    struct harvest harvest = {.rows = rows, .boots = json_array(), .reasons = json_array()};
    struct document *documents[] = {rows, merged, &harvest.excluded};
    const size_t count = run->boots.count / run->plan.sides;

    for (size_t i = 0; i < 3; i++) {
        *documents[i] = (struct document){0};
        snprintf(documents[i]->class, sizeof(documents[i]->class), "%s", run->choice.class);
    }
    for (size_t i = 0; i < count; i++)
        json_array_append_new(harvest.boots, json_null());
    run->sides[side].complete = side_passed(run, side);
    for (size_t i = 0; i < run->boots.count; i++)
        if (run->boots.runs[i].side == side)
            reason_add(&run->boots.runs[i], &harvest);
    const bool failed = side_harvest(run, side, false, &harvest) ||
                        side_harvest(run, side, true, &harvest) || measure_merge(rows, merged);
    const int status = failed ? TACH_INTERNAL : side_write(run, side, &harvest, merged);
    json_decref(harvest.boots);
    json_decref(harvest.reasons);
    document_free(&harvest.excluded);
    return status;
}
