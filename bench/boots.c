/* SPDX-License-Identifier: MIT
 * Plans boots and starts them under QEMU; see bench/boots.h. */
#include "bench/boots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct accelerator {
    const char *class;
    const char *args[8];
} accelerators[] = {
    {"icount", {"-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", BOOT_GUEST_CPU, NULL}},
    {"tcg", {"-accel", "tcg", "-cpu", BOOT_GUEST_CPU, NULL}},
    {"kvm", {"-accel", "kvm", "-cpu", "host", NULL}},
};

static const char *const machine_args[] = {"-M",
                                           "microvm",
                                           "-m",
                                           "256M",
                                           "-seed",
                                           "1",
                                           "-rtc",
                                           "base=2026-01-01,clock=vm",
                                           "-nodefaults",
                                           "-no-user-config",
                                           "-display",
                                           "none",
                                           "-no-reboot",
                                           "-device",
                                           "isa-debug-exit,iobase=0xf4,iosize=4",
                                           NULL};

void boot_title(const struct boot_run *run, char *out, size_t size)
{
    snprintf(out, size, "boot-%u pti=%s trace=%s", run->number, run->pti ? "on" : "off",
             run->trace ? "on" : "off");
}

/* How many cells from first on fit one bench= word. */
static size_t batch_count(const struct matrix *matrix, size_t first)
{
    size_t bytes = 0, count = 0;

    while (first + count < matrix->cell_count) {
        bytes += strlen(matrix->cells[first + count].name) + 1;
        if (bytes > BOOT_CELLS_MAX)
            break;
        count++;
    }
    return count;
}

static int boot_append(struct boots *boots, const struct boot_run *plan)
{
    if (boots->count == BOOTS_MAX)
        return -1;
    struct boot_run *runs = realloc(boots->runs, (boots->count + 1) * sizeof(*runs));
    if (!runs)
        return -1;
    boots->runs = runs;
    runs[boots->count] = *plan;
    runs[boots->count].number = (unsigned)boots->count + 1;
    boots->count++;
    return 0;
}

/* The four points of the axes in one order, then in the reverse one, and so on. */
static int repetition_plan(const struct matrix *matrix, struct boot_run plan, struct boots *out)
{
    for (unsigned i = 0; i < 4; i++) {
        const unsigned point = plan.repetition % 2 ? 3 - i : i;
        plan.pti = point & 1;
        plan.trace = point & 2;
        if (!(matrix->pti & (plan.pti ? AXIS_ON : AXIS_OFF)) ||
            !(matrix->trace & (plan.trace ? AXIS_ON : AXIS_OFF)))
            continue;
        if (boot_append(out, &plan))
            return -1;
    }
    return 0;
}

int boots_plan(const struct matrix *matrix, unsigned repetitions, struct boots *out)
{
    *out = (struct boots){0};
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        for (size_t first = 0; first < matrix->cell_count;) {
            const size_t count = batch_count(matrix, first);
            const struct boot_run plan = {.repetition = repetition, .first = first, .count = count};
            if (repetition_plan(matrix, plan, out))
                return -1;
            first += count;
        }
    }
    return 0;
}

static char *words_make(const struct boot_run *run, const struct matrix *matrix)
{
    char *words = NULL;
    size_t size;
    FILE *out = open_memstream(&words, &size);

    if (!out)
        return NULL;
    fprintf(out, "pti=%s trace=%s wire=frames bench=", run->pti ? "on" : "off",
            run->trace ? "on" : "off");
    for (size_t i = 0; i < run->count; i++)
        fprintf(out, "%s%s", i ? "," : "", matrix->cells[run->first + i].name);
    return fclose(out) ? NULL : words;
}

/* QEMU ends a module's name at a comma; two of them stand for one. */
static void module_print(FILE *out, const char *path)
{
    for (; *path; path++)
        fprintf(out, *path == ',' ? ",," : "%c", *path);
}

static char *modules_make(const struct boot_setup *setup)
{
    char *modules = NULL;
    size_t size;
    FILE *out = open_memstream(&modules, &size);

    if (!out)
        return NULL;
    module_print(out, setup->kernel);
    fputc(',', out);
    module_print(out, setup->initfs);
    return fclose(out) ? NULL : modules;
}

/* A command line that a shell reads back as the same words. */
static char *argv_quote(const char *const *argv)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+,./:@%";
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; out && argv[i]; i++) {
        fputs(i ? " " : "", out);
        if (argv[i][0] && !argv[i][strspn(argv[i], plain)]) {
            fputs(argv[i], out);
            continue;
        }
        fputc('\'', out);
        for (const char *at = argv[i]; *at; at++)
            fputs(*at == '\'' ? "'\\''" : (char[2]){*at, 0}, out);
        fputc('\'', out);
    }
    return out && !fclose(out) ? text : NULL;
}

static size_t args_append(const char **argv, size_t used, const char *const *more)
{
    while (*more)
        argv[used++] = *more++;
    return used;
}

static int boot_fail(struct boot_run *run, const char *why)
{
    snprintf(run->reason, sizeof(run->reason), "%s", why);
    return -1;
}

int boot_start(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup)
{
    const char *argv[BOOT_ARGS_MAX] = {QEMU_PROGRAM};
    char serial[sizeof(run->frames) + 8];
    size_t used = args_append(argv, 1, machine_args);
    int failed = -1;

    snprintf(run->frames, sizeof(run->frames), "%s/boot-%u.frames", setup->directory, run->number);
    snprintf(run->log, sizeof(run->log), "%s/boot-%u.qemu", setup->directory, run->number);
    snprintf(serial, sizeof(serial), "file:%s", run->frames);
    for (size_t i = 0; i < sizeof(accelerators) / sizeof(accelerators[0]); i++)
        if (!strcmp(accelerators[i].class, setup->class))
            used = args_append(argv, used, accelerators[i].args);
    char *modules = modules_make(setup);
    run->words = words_make(run, matrix);
    if (!modules || !run->words)
        return boot_fail(run, "out of memory");
    const char *last[] = {"-serial", serial,    "-kernel",  setup->loader, "-initrd",
                          modules,   "-append", run->words, NULL};
    args_append(argv, used, last);
    run->argv_text = argv_quote(argv);
    if (!run->argv_text)
        boot_fail(run, "out of memory");
    else if (process_start(&run->qemu, argv, run->log, setup->limit_s))
        boot_fail(run, strerror(errno));
    else
        failed = 0;
    run->started = !failed;
    free(modules);
    return failed;
}

void boots_free(struct boots *boots)
{
    for (size_t i = 0; i < boots->count; i++) {
        process_kill(&boots->runs[i].qemu);
        capture_free(&boots->runs[i].capture);
        free(boots->runs[i].words);
        free(boots->runs[i].argv_text);
    }
    free(boots->runs);
    *boots = (struct boots){0};
}
