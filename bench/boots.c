/* SPDX-License-Identifier: MIT
 * Starts boots under QEMU; see bench/boots.h. */
#include "bench/boots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bochs.h"

static const struct accelerator {
    const char *class;
    const char *args[8];
} accelerators[] = {
    {"icount", {"-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", BOOT_GUEST_CPU, NULL}},
    {"tcg", {"-accel", "tcg", "-cpu", BOOT_GUEST_CPU, NULL}},
    /* The interrupt controllers in the kernel, or each interrupt of a cell would pass through
     * QEMU. By default `host` has no flag that forbids migration, and invtsc is one: without
     * migratable=no the guest is shown no invariant TSC. Named besides, its lack is told. */
    {"kvm", {"-accel", "kvm,kernel-irqchip=on", "-cpu", "host,migratable=no,+invtsc", NULL}},
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

const char *boot_state_name(enum boot_state state)
{
    static const char *const names[] = {
#define X(name, text) text,
        BOOT_STATES(X)
#undef X
    };

    return names[state];
}

void boot_title(const struct boot_run *run, const char *side, char *out, size_t size)
{
    snprintf(out, size, "%s%sboot-%u pti=%s%s trace=%s", side, *side ? " " : "", run->number,
             run->pti ? "on" : "off", run->pcid ? " pcid=on" : "", run->trace ? "on" : "off");
}

static char *words_make(const struct boot_run *run, const struct matrix *matrix, const char *class)
{
    char *words = NULL;
    size_t size;
    FILE *out = open_memstream(&words, &size);

    if (!out)
        return NULL;
    fprintf(out, "pti=%s ", run->pti ? "on" : "off");
    if (matrix->pcid)
        fprintf(out, "pcid=%s ", run->pcid ? "on" : "off");
    if (!strcmp(class, BOCHS_CLASS)) /* paths as under icount: its CPU has less to take */
        fputs("mitig=off timer=oneshot ", out);
    fprintf(out, "trace=%s wire=frames bench=", run->trace ? "on" : "off");
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
    run->state = BOOT_FAILED;
    return -1;
}

/* QEMU's words; the texts that they borrow are run->words, serial and modules. */
static void argv_make(const struct boot_run *run, const struct boot_setup *setup,
                      const char *const texts[2], const char *argv[BOOT_ARGS_MAX])
{
    const char *last[] = {"-serial", texts[0],  "-kernel",  setup->loader, "-initrd",
                          texts[1],  "-append", run->words, NULL};
    size_t used = 0;

    argv[used++] = QEMU_PROGRAM;
    used = args_append(argv, used, machine_args);
    for (size_t i = 0; i < sizeof(accelerators) / sizeof(accelerators[0]); i++)
        if (!strcmp(accelerators[i].class, setup->class))
            used = args_append(argv, used, accelerators[i].args);
    used = tune_args(setup->tune, argv, used);
    /* A guest that idles on a CPU of its own keeps it: woken by the interrupt and not by the host's
     * scheduler. On a shared CPU it would be in the way of those whom it waits for. */
    if (!strcmp(setup->class, "kvm") && setup->tune && setup->tune->wish.pin &&
        setup->tune->cpu_free)
        used = args_append(argv, used, (const char *const[]){"-overcommit", "cpu-pm=on", NULL});
    used = args_append(argv, used, last);
    argv[used] = NULL;
}

/* Prepares the boot and, where that is wished, starts it. */
static int boot_make(struct boot_run *run, const struct matrix *matrix,
                     const struct boot_setup *setup, bool start)
{
    const bool bochs = !strcmp(setup->class, BOCHS_CLASS);
    char serial[sizeof(run->frames) + 8];
    const char *words[BOOT_ARGS_MAX], **argv = words;
    struct bochs_start started;
    int failed = 0;

    snprintf(run->frames, sizeof(run->frames), "%s/boot-%u.frames", setup->directory, run->number);
    snprintf(run->log, sizeof(run->log), "%s/boot-%u.qemu", setup->directory, run->number);
    snprintf(serial, sizeof(serial), "file:%s", run->frames);
    char *modules = modules_make(setup);
    run->words = run->words ? run->words : words_make(run, matrix, setup->class);
    if (modules && run->words) {
        argv_make(run, setup, (const char *const[]){serial, modules}, words);
        if (bochs)
            bochs_command(run, setup, &started);
        argv = bochs ? started.argv : words;
        if (start || !run->argv_text) {
            free(run->argv_text);
            run->argv_text = argv_quote(argv);
        }
    }
    if (!modules || !run->argv_text)
        failed = boot_fail(run, "out of memory");
    else if (start && bochs && bochs_prepare(run, setup, &started))
        failed = -1;
    else if (start && process_start_held(&run->qemu, argv, run->log, setup->limit_s))
        failed = boot_fail(run, strerror(errno));
    if (run->qemu.pid && setup->perf)
        perf_attach(setup->perf, run->qemu.pid, &run->perf);
    if (run->qemu.pid && setup->tune)
        tune_begin(setup->tune, run->qemu.pid, &run->tuned);
    process_release(&run->qemu);
    free(modules);
    return failed;
}

int boot_prepare(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup)
{
    return boot_make(run, matrix, setup, false);
}

int boot_start(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup)
{
    return boot_make(run, matrix, setup, true);
}

void boot_tuned(struct boot_run *run, const struct boot_setup *setup)
{
    if (!setup->tune || !run->tuned.begun)
        return;
    tune_end(setup->tune, &run->tuned);
    json_decref(run->host);
    run->host = tune_json(&run->tuned);
}

void boots_free(struct boots *boots)
{
    for (size_t i = 0; i < boots->count; i++) {
        process_kill(&boots->runs[i].qemu);
        perf_boot_free(&boots->runs[i].perf);
        json_decref(boots->runs[i].host);
        capture_free(&boots->runs[i].capture);
        free(boots->runs[i].words);
        free(boots->runs[i].argv_text);
    }
    free(boots->runs);
    free(boots->order);
    *boots = (struct boots){0};
}
