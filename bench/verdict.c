/* SPDX-License-Identifier: MIT
 * Judges a boot after QEMU has ended: by its exit status, by what came over the line, and by
 * whether its calibration fits the class that it claims. The first thing that is wrong is the
 * reason. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bochs.h"
#include "bench/boots.h"
#include "bench/calibration.h"
#include "bench/exits.h"
#include "bench/figure.h"
#include "bench/file.h"
#include "bench/sha256.h"
#include "kernel/abi/boot.h"

#define STATUS_PASS  (EXIT_PASS << 1 | 1)
#define TEXT_MAX     160u
#define EXIT_LINE    "tach: exit "
#define INIT_LINE    "init: "
#define STATUS_TEXT  " ended with status "
#define PANIC_LINE   "panic: "
#define QEMU_LOG_MAX 65536u

#define EXIT_CODE_MAX 0x7Fu /* of what an emulator can say */

static const struct {
    int status;
    const char *name, *text;
} exits[] = {
#define X(name, value, text) {(value) << 1 | 1, #name, text},
    EXITS(X)
#undef X
};

__attribute__((format(printf, 2, 3))) static void reason_set(struct boot_run *run,
                                                             const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(run->reason, sizeof(run->reason), format, list);
    va_end(list);
    for (char *at = run->reason; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

static bool line_begins(const char *line, size_t length, const char *with)
{
    return length > strlen(with) && !strncmp(line, with, strlen(with));
}

/* Init's line about a program that is gone: what else init says are reasons. */
static bool line_ended(const char *line, size_t length)
{
    return line_begins(line, length, INIT_LINE) &&
           memmem(line, length, STATUS_TEXT, strlen(STATUS_TEXT));
}

/* Copies the line that tells most: the first of a panic, whose record follows it; else the last
 * with something in it. Lines that only repeat an exit code, of the boot or of a program, count
 * where there is no other. */
static void line_telling(const char *text, size_t size, char out[TEXT_MAX])
{
    bool found = false;

    for (size_t at = 0, length; at < size; at += length + 1) {
        const char *line = text + at;
        const char *end = memchr(line, '\n', size - at);
        length = end ? (size_t)(end - line) : size - at;
        size_t shown = length;
        while (shown && (unsigned char)line[shown - 1] <= ' ')
            shown--;
        const bool code = line_begins(line, shown, EXIT_LINE) || line_ended(line, shown);
        if (!shown || (code && found))
            continue;
        snprintf(out, TEXT_MAX, "%.*s", (int)(shown < TEXT_MAX ? shown : TEXT_MAX), line);
        found = !code;
        if (line_begins(line, shown, PANIC_LINE))
            return;
    }
}

/* The last words of the guest: bytes outside of frames behind the first of them, as a panic's are,
 * or console text in frames, or QEMU's own. What the loader and the kernel say of a machine that
 * they find comes before any frame, so it is the last word only where there is no other. */
static void words_last(const struct boot_run *run, char out[TEXT_MAX])
{
    const struct capture *capture = &run->capture;
    const struct boot *boot = run->loaded && capture->boot_count ? &capture->boots[0] : NULL;
    const size_t early = capture->foreign_early;
    char *log;
    size_t size;

    out[0] = 0;
    if (run->loaded && capture->foreign_size > early)
        line_telling(capture->foreign + early, capture->foreign_size - early, out);
    if (boot && boot->text_size && !out[0])
        line_telling(boot->text, boot->text_size, out);
    if (run->loaded && early && !out[0])
        line_telling(capture->foreign, early, out);
    if (out[0] || !run->log[0] || file_read("run", run->log, QEMU_LOG_MAX, &log, &size))
        return;
    line_telling(log, size, out);
    free(log);
}

/* A capture without one frame is data too: what came instead of frames says why. */
static void serial_last(const struct boot_run *run, char out[TEXT_MAX])
{
    char *text;
    size_t size;

    words_last(run, out);
    if (run->loaded || access(run->frames, R_OK) ||
        file_read("run", run->frames, QEMU_LOG_MAX << 8, &text, &size))
        return;
    if (size)
        line_telling(text, size, out);
    free(text);
}

/* Says how the guest ended by its own exit code. False when the status is none. */
static bool exit_explain(struct boot_run *run, const char *last)
{
    const char *own = strstr(last, EXIT_LINE) == last ? last + strlen(EXIT_LINE) : NULL;

    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
        if (exits[i].status != run->qemu.status)
            continue;
        if (own) /* behind its number it holds the name, the text and perhaps more */
            reason_set(run, "exit%s", own + strcspn(own, " "));
        else
            reason_set(run, "exit %s: %s; last text: %s", exits[i].name, exits[i].text, last);
        return true;
    }
    return false;
}

static void status_explain(struct boot_run *run, const struct boot_setup *setup)
{
    char last[TEXT_MAX] = "";

    serial_last(run, last);
    if (run->qemu.timed_out)
        reason_set(run, "no end within %.3g s; last text: %s", setup->limit_s, last);
    else if (exit_explain(run, last))
        return;
    else if (run->qemu.status == 0)
        reason_set(run, "the guest reset without a word (triple fault); last text: %s", last);
    else
        reason_set(run, "QEMU ended with status %d; last text: %s", run->qemu.status, last);
}

/* Whether the machine behaves as its class says; else the reason is set. */
static bool machine_fits(struct boot_run *run, const char *class)
{
    const struct calibration_host host = {run->tuned.ran_ms, run->tuned.waited_ms,
                                          run->tuned.stolen_ms};

    return calibration_fits(&run->capture.boots[0], class, &host, run->reason, sizeof(run->reason));
}

static bool capture_fits(struct boot_run *run)
{
    const struct capture *capture = &run->capture;

    if (capture->boot_count != 1) {
        reason_set(run, "%zu boots on the line instead of one", capture->boot_count);
        return false;
    }
    const struct boot *boot = &capture->boots[0];
    if (!boot->has_end || !boot_whole(boot)) {
        reason_set(run,
                   "not all of it arrived: %s, %" PRIu64 " frames missing, %" PRIu64
                   " malformed, %" PRIu64 " incomplete, %" PRIu64 " events lost",
                   boot->has_end ? "END came" : "no END", boot->lost.missing, boot->lost.malformed,
                   boot->lost.incomplete, boot->lost.events_lost);
        return false;
    }
    if (boot->end.failed || boot->end.exit_code != EXIT_PASS) {
        reason_set(run, "the guest says that %u of %u cells failed", boot->end.failed,
                   boot->end.cells);
        return false;
    }
    return true;
}

/* Whether the guest did what it was told: a figure under the wrong heading would be worse than
 * none, and a cell must not vanish in silence. */
static bool plan_fits(struct boot_run *run, const struct matrix *matrix)
{
    const struct boot *boot = &run->capture.boots[0];

    if ((boot->hello.pti != 0) != run->pti || (boot->hello.trace != 0) != run->trace) {
        reason_set(run, "the guest ran with pti=%s trace=%s", boot->hello.pti ? "on" : "off",
                   boot->hello.trace ? "on" : "off");
        return false;
    }
    if ((matrix->pcid || run->pcid) && (boot->hello.pcid != 0) != run->pcid) {
        reason_set(run, "the guest ran with pcid=%s; its CPU has %s",
                   boot->hello.pcid ? "on" : "off", boot->hello.pcid ? "it" : "none");
        return false;
    }
    for (size_t i = 0; !run->trace && i < run->count; i++) {
        const char *cell = matrix->cells[run->first + i].name;
        if (run->pcid && strlen(cell) + strlen(FIGURE_PCID) > MATRIX_NAME_MAX) {
            reason_set(run, "%s: no room in the name for " FIGURE_PCID, cell);
            return false;
        }
        if (boot_hist(boot, cell, "whole"))
            continue;
        reason_set(run, "the guest did not measure %s", cell);
        return false;
    }
    return true;
}

void boot_digest(struct boot_run *run)
{
    char *bytes;
    size_t size;

    run->frames_sha256[0] = 0;
    if (access(run->frames, R_OK) || file_read("run", run->frames, BOOT_FRAMES_MAX, &bytes, &size))
        return;
    sha256_text(bytes, size, run->frames_sha256);
    free(bytes);
}

void boot_judge(struct boot_run *run, const struct matrix *matrix, const struct boot_setup *setup)
{
    struct stat log;
    bool good = false;

    if (run->reason[0]) /* it was cut short, and that is why */
        return;
    if (!strcmp(setup->class, BOCHS_CLASS) && bochs_ended(run) && !run->qemu.timed_out)
        run->qemu.status = STATUS_PASS; /* whatever Bochs did then; END says how the guest ended */
    const int status = capture_load(run->frames, &run->capture);
    run->loaded = status == TACH_OK;
    if (run->qemu.timed_out || run->qemu.status != STATUS_PASS)
        status_explain(run, setup);
    else if (!run->loaded)
        reason_set(run, "%.160s", run->capture.error);
    else
        good = capture_fits(run) && plan_fits(run, matrix) && machine_fits(run, setup->class);
    run->state = good ? BOOT_PASSED : BOOT_FAILED;
    capture_free(&run->capture);
    run->loaded = false;
    boot_digest(run);
    if (!stat(run->log, &log) && !log.st_size)
        unlink(run->log); /* QEMU had nothing to say */
}

/* The code of the last line of a boot that ended without END, as a panic does; EXIT_PASS: there is
 * no such line. */
static unsigned exit_said(const struct boot *boot)
{
    const char *at = boot->text, *end = at + boot->text_size;
    unsigned code = EXIT_PASS;

    for (; at && at < end && (at = memmem(at, (size_t)(end - at), EXIT_LINE, strlen(EXIT_LINE)));) {
        at += strlen(EXIT_LINE);
        code = 0;
        for (; at < end && *at >= '0' && *at <= '9' && code <= EXIT_CODE_MAX; at++)
            code = code * 10 + (unsigned)(*at - '0');
    }
    return code;
}

void boot_judge_received(struct boot_run *run, const struct matrix *matrix, const char *class)
{
    const struct boot *boot = &run->capture.boots[0];
    const unsigned code = boot->has_end ? boot->end.exit_code : exit_said(boot);
    char last[TEXT_MAX] = "";
    bool good = false;

    if (code != EXIT_PASS) {
        run->qemu.status = (int)(code & EXIT_CODE_MAX) << 1 | 1;
        words_last(run, last);
        if (!exit_explain(run, last))
            reason_set(run, "ended with the unknown code %u", code);
    } else {
        run->qemu.status = boot->has_end ? STATUS_PASS : 0;
        good = capture_fits(run) &&
               (!run->count || (plan_fits(run, matrix) && machine_fits(run, class)));
    }
    run->state = good ? BOOT_PASSED : BOOT_FAILED;
}
