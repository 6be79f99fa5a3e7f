/* SPDX-License-Identifier: MIT
 * tach profile: its arguments, and what is made of the samples of a boot, or of boots that were
 * kept. */
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/bochs.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/machine.h"
#include "bench/profile/boot.h"
#include "bench/profile/chosen.h"
#include "bench/profile/outputs.h"
#include "bench/screen.h"
#include "bench/verbs.h"
#include "traces/say.h"

#define CELL_DEFAULT    "D4/size:8/space:two"
#define CELLS_MAX       1700u
#define HZ_DEFAULT      50000u
#define HZ_BOCHS        5000u /* its second has a tenth of icount's instructions */
#define HZ_MIN          30u   /* kernel/hal/sampler.h */
#define HZ_MAX          100000u
#define REGIONS_DEFAULT 100000u
#define REGIONS_MAX     100000000u
#define LIMIT_S         120
#define LIMIT_BOCHS_S   600 /* its line is as slow as a true one, and it has one speed */
#define ROWS            15u
#define ROWS_MAX        100000u

enum {
    OPT_HZ = 256,
    OPT_SOURCE,
    OPT_REGIONS,
    OPT_PTI,
    OPT_KEEP,
    OPT_ANNOTATE,
    OPT_BY,
    OPT_KERNEL,
    OPT_LOADER,
    OPT_INITFS,
    OPT_USERS,
    OPT_ALONE,
    OPT_FOLDED,
    OPT_SVG,
    OPT_SPEEDSCOPE,
    OPT_PERF,
    OPT_OUTPUTS_END
};
#define OUTPUTS (OPT_OUTPUTS_END - OPT_FOLDED)

struct profile_args {
    const char *capture, *which, *annotate, *users;
    const char *outputs[OUTPUTS]; /* where each goes; NULL: not asked for */
    char cells[CELLS_MAX];
    bool alone, boots; /* no second boot; an option of a boot was given */
    struct table_wish table;
    struct sampled_boot boot;
};

static int (*const writers[OUTPUTS])(FILE *out, const struct profile *profile) = {
    folded_write, flame_write, speedscope_write, perf_write};

/* What sampling cost: the same cells, booted without it. */
static int overhead_print(const struct profile_args *args, const struct boot *sampled)
{
    struct sampled_boot what = args->boot;
    struct capture plain;
    char *rest = NULL, cells[CELLS_MAX];

    what.hz = 0;
    what.keep = NULL;
    int status = sampled_boot_make(&what, &plain);
    snprintf(cells, sizeof(cells), "%s", args->cells);
    for (char *cell = strtok_r(cells, ",", &rest); cell && status == TACH_OK;
         cell = strtok_r(NULL, ",", &rest)) {
        const double with = call_ticks(sampled, cell);
        const double without = call_ticks(&plain.boots[0], cell);
        if (with > 0 && without > 0)
            printf("%s: %.1f ticks a call without, %.1f with samples (%+.1f %%)\n", cell, without,
                   with, 100 * (with / without - 1));
    }
    capture_free(&plain);
    return status;
}

static int output_write(const struct profile *profile, unsigned which, const char *path)
{
    const bool standard = !strcmp(path, "-");
    FILE *file = standard ? stdout : file_create(VERB_PROFILE, path);

    if (!file)
        return TACH_CANTCREATE;
    const int failed = writers[which](file, profile);
    const int status = standard ? TACH_OK : file_finish(VERB_PROFILE, path, file);
    return failed ? say_error(TACH_INTERNAL, VERB_PROFILE, path, "out of memory") : status;
}

/* Its lines, each broken where the terminal ends. */
static void note_print(const char *note)
{
    char line[4096];

    for (size_t length; *note; note += length + (note[length] != 0)) {
        length = strcspn(note, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)length, note);
        screen_wrap(stdout, 2, line);
    }
}

/* Everything that was asked for; the tables where standard output is not taken: *shown. */
static int outputs_make(const struct profile_args *args, const struct profile *profile,
                        const char *note, bool *shown)
{
    bool taken = false;
    int status = TACH_OK;

    for (unsigned i = 0; i < OUTPUTS && status == TACH_OK; i++)
        if (args->outputs[i]) {
            taken |= !strcmp(args->outputs[i], "-");
            status = output_write(profile, i, args->outputs[i]);
        }
    *shown = status == TACH_OK && !taken;
    if (!*shown)
        return status;
    note_print(note);
    status = table_show(stdout, profile, &args->table);
    if (status == TACH_OK && args->annotate)
        status = annotate_show(stdout, profile, args->annotate);
    return status;
}

static int boots_show(const struct profile_args *args, const struct boot *const *boots,
                      size_t count, const char *note, bool *shown)
{
    const struct profile_paths paths = {args->boot.images[IMAGE_KERNEL].path, args->users};
    struct profile profile;
    int status = profile_make(boots, count, &paths, &profile);

    if (status == TACH_OK)
        status = outputs_make(args, &profile, note, shown);
    profile_free(&profile);
    return status;
}

/* Of boots that were kept. */
static int kept_run(const struct profile_args *args)
{
    struct chosen chosen;
    bool shown;
    int status = chosen_load(args->capture, &chosen);

    if (status == TACH_OK)
        status =
            chosen_take(args->capture, args->boot.images[IMAGE_KERNEL].path, args->which, &chosen);
    if (status == TACH_OK)
        status = boots_show(args, chosen.boots, chosen.count, chosen.note, &shown);
    if (status == TACH_OK)
        status = chosen_losses(&chosen);
    chosen_free(&chosen);
    return status;
}

/* Whether this machine can make a boot of the class. Returns an enum tach_exit after a line. */
static int class_check(const char *class)
{
    struct class_choice choice;
    char reason[400];

    if (class_choose(class, PROBE_IMAGE, &choice))
        return say_error(TACH_UNAVAILABLE, VERB_PROFILE, class, "%s", choice.reason);
    if (!strcmp(class, BOCHS_CLASS) && !bochs_ready(reason, sizeof(reason)))
        return say_error(TACH_UNAVAILABLE, VERB_PROFILE, class, "%s", reason);
    return TACH_OK;
}

/* Of a boot that is made. */
static int boot_run_show(const struct profile_args *args)
{
    struct capture capture;
    bool shown = false;
    int status = class_check(args->boot.class);

    if (status != TACH_OK)
        return status;
    status = sampled_boot_make(&args->boot, &capture);
    const struct boot *boot = capture.boots;
    if (status == TACH_OK && (!capture.boot_count || !boot->sample_count))
        status = say_error(TACH_BADDATA, VERB_PROFILE, args->cells,
                           "no samples: more --regions or --hz make some");
    if (status == TACH_OK)
        status = boots_show(args, &boot, 1, "", &shown);
    if (status == TACH_OK && shown && !args->alone) {
        putchar('\n');
        status = overhead_print(args, boot);
    }
    capture_free(&capture);
    return status;
}

/* Cells as the boot word has them; both sides of a message are in two spaces unless it is said. */
static void cells_parse(const struct argp_state *state, struct profile_args *args, char *text)
{
    size_t used = 0;
    char *rest = NULL;

    for (const char *c = text; *c; c++)
        if (!isgraph((unsigned char)*c))
            argp_error(state, "a cell's name has no blanks and no odd bytes");
    for (char *cell = strtok_r(text, ",", &rest); cell; cell = strtok_r(NULL, ",", &rest)) {
        const bool spaces = *cell == 'D' && !strstr(cell, "/space:");
        const int n = snprintf(args->cells + used, sizeof(args->cells) - used, "%s%s%s",
                               used ? "," : "", cell, spaces ? "/space:two" : "");
        used += (size_t)n;
        if (used >= sizeof(args->cells))
            argp_error(state, "more cells than a boot's command line holds");
    }
    if (!used)
        argp_error(state, "--cells: no cell");
}

static void image_parse(const struct argp_state *state, struct profile_args *args, int key,
                        const char *text)
{
    const enum image image = key == OPT_LOADER   ? IMAGE_LOADER
                             : key == OPT_KERNEL ? IMAGE_KERNEL
                                                 : IMAGE_INITFS;

    if (image_path_set(&args->boot.images[image], text))
        argp_error(state, "a path that is too long");
}

static void class_parse(const struct argp_state *state, struct profile_args *args, const char *text)
{
    if (strcmp(text, "icount") && strcmp(text, BOCHS_CLASS) && strcmp(text, "kvm") &&
        strcmp(text, "tcg"))
        argp_error(state,
                   "%s: a class is icount, bochs, kvm or tcg; of other machines give a capture",
                   text);
    args->boot.class = text;
}

static void source_parse(const struct argp_state *state, struct profile_args *args,
                         const char *text)
{
    args->boot.pmi = !strcmp(text, "pmi");
    if (!args->boot.pmi && strcmp(text, "pit"))
        argp_error(state, "%s: --source is pit or pmi", text);
}

static void by_parse(const struct argp_state *state, struct profile_args *args, const char *text)
{
#define X(name)                                                                                    \
    if (!strcmp(text, #name)) {                                                                    \
        args->table.by = TABLE_##name;                                                             \
        return;                                                                                    \
    }
    TABLES_BY(X)
#undef X
    argp_error(state, "%s: --by is phase, task or function", text);
}

/* Options of the boot. ARGP_ERR_UNKNOWN: it is another's. */
static error_t boot_option(int key, char *text, struct argp_state *state, struct profile_args *args)
{
    switch (key) {
    case 'e':
        cells_parse(state, args, text);
        break;
    case 'c':
        class_parse(state, args, text);
        break;
    case OPT_HZ:
        args->boot.hz = (unsigned)args_whole(state, text, HZ_MIN, HZ_MAX);
        break;
    case OPT_SOURCE:
        source_parse(state, args, text);
        break;
    case OPT_REGIONS:
        args->boot.regions = (unsigned)args_whole(state, text, 1, REGIONS_MAX);
        break;
    case OPT_PTI:
        args->boot.pti = true;
        break;
    case OPT_KEEP:
        args->boot.keep = text;
        break;
    case OPT_ALONE:
        args->alone = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    args->boots = true;
    return 0;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct profile_args *args = state->input;

    if (key >= OPT_FOLDED && key < OPT_OUTPUTS_END) {
        args->outputs[key - OPT_FOLDED] = text;
        return 0;
    }
    switch (key) {
    case 'n':
        args->table.rows = (unsigned)args_whole(state, text, 1, ROWS_MAX);
        return 0;
    case OPT_ANNOTATE:
        args->annotate = text;
        return 0;
    case OPT_BY:
        by_parse(state, args, text);
        return 0;
    case 'b':
        args->which = text;
        return 0;
    case OPT_USERS:
        args->users = text;
        return 0;
    case OPT_KERNEL:
    case OPT_LOADER:
    case OPT_INITFS:
        image_parse(state, args, key, text);
        return 0;
    case ARGP_KEY_ARG:
        if (args->capture)
            argp_error(state, "one capture or run at a time");
        args->capture = text;
        return 0;
    case ARGP_KEY_END:
        if (args->capture && args->boots)
            argp_error(state, "a capture is not booted: --cells and the like do not go with it");
        if (args->which && !args->capture)
            argp_error(state, "--boot chooses of a capture or a run, and there is none");
        return 0;
    default:
        return boot_option(key, text, state, args);
    }
}

static const struct argp_option options[] = {
    {"cells", 'e', "CELLS", 0, "What runs meanwhile, parted by commas (" CELL_DEFAULT ")", 0},
    {"class", 'c', "CLASS", 0, "icount (default), bochs, kvm or tcg", 0},
    {"hz", OPT_HZ, "N", 0,
     "Samples a second of the guest (50000; bochs 5000): about 20000 instructions each", 0},
    {"source", OPT_SOURCE, "SOURCE", 0,
     "What samples: pit (default), by time; or pmi, the interrupt of the core's cycle counter, by "
     "cycles in which it did not halt",
     0},
    {"regions", OPT_REGIONS, "N", 0, "Measured regions of each cell (100000)", 0},
    {"pti", OPT_PTI, NULL, 0, "With page-table isolation", 0},
    {"alone", OPT_ALONE, NULL, 0, "No second boot, which says what sampling costs", 0},
    {"keep", OPT_KEEP, "FILE", 0, "Keep the capture", 0},
    {"boot", 'b', "BOOT", 0, "Of a capture or a run: this boot only, by its number or id", 0},
    {"rows", 'n', "N", 0, "Rows of each table (15)", 1},
    {"by", OPT_BY, "WHAT", 0, "One table, of phase, task or function", 1},
    {"annotate", OPT_ANNOTATE, "FUNCTION", 0,
     "Its assembly, with the samples of each instruction, and phases", 1},
    {"folded", OPT_FOLDED, "FILE", 0, "Folded stacks; here and below - is standard output", 2},
    {"svg", OPT_SVG, "FILE", 0, "A flame graph", 2},
    {"speedscope", OPT_SPEEDSCOPE, "FILE", 0, "JSON for speedscope", 2},
    {"perf-script", OPT_PERF, "FILE", 0, "What perf script would print", 2},
    {"kernel", OPT_KERNEL, "FILE", 0, "build/kernel.elf", 3},
    {"loader", OPT_LOADER, "FILE", 0, "build/loader.elf", 3},
    {"initfs", OPT_INITFS, "FILE", 0, "build/initfs.img", 3},
    {"users", OPT_USERS, "DIR", 0, "Where programs have their symbols, NAME.elf (build/user)", 3},
    {0}};

int verb_profile(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        option_parse,
        "[CAPTURE|RUN]",
        "Say where the time goes: boot with samples, or read boots that have some.\v"
        "  tach profile --cells D4/size:8 --annotate entry_fast_off\n"
        "  tach profile --cells T2/size:8 --svg flame.svg --keep t2.frames\n"
        "  tach profile t2.frames --folded - | flamegraph.pl > t2.svg\n"
        "  tach profile metal.tach --by phase\n\n"
        "CAPTURE is what tach collect or --keep wrote, RUN a run's directory: all boots in it that "
        "have samples and are of the kernel's build are summed up, others are named. A phase is "
        "known from the labels of the fast path, the source of a line and the names of routines in "
        "assembly; what these do not tell is other. "
        "A sample is an NMI, so what runs with interrupts off is seen too. The tables, the flame "
        "graph and speedscope's name say whose; perf's events are clock or cycles. Under icount "
        "any "
        "instruction can be met and a boot is repeated exactly; under plain tcg only the first of "
        "a block. Exits with 0; 65 when there are no samples, the boot did not pass, or the "
        "kernel's file is not the one that was booted; 66 when a file or boot is missing; 69 when "
        "this machine has no such class, or its CPU no such source, which no emulator's has.",
        NULL,
        NULL,
        NULL};
    static char name[] = "tach " VERB_PROFILE;
    struct profile_args args = {.users = "build/user",
                                .cells = CELL_DEFAULT,
                                .table = {.rows = ROWS},
                                .boot = {.class = "icount", .regions = REGIONS_DEFAULT}};

    (void)image_path_set(&args.boot.images[IMAGE_KERNEL], "build/kernel.elf");
    (void)image_path_set(&args.boot.images[IMAGE_LOADER], "build/loader.elf");
    (void)image_path_set(&args.boot.images[IMAGE_INITFS], "build/initfs.img");
    argv[0] = name;
    args.boot.cells = args.cells;
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    const bool bochs = !strcmp(args.boot.class, BOCHS_CLASS);
    args.boot.limit_s = bochs ? LIMIT_BOCHS_S : LIMIT_S;
    if (!args.boot.hz)
        args.boot.hz = bochs ? HZ_BOCHS : HZ_DEFAULT;
    return args.capture ? kept_run(&args) : boot_run_show(&args);
}
