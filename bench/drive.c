/* SPDX-License-Identifier: MIT
 * The boots under way; see bench/drive.h. */
#include "bench/drive.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/screen.h"
#include "traces/say.h"

#define POLL_NS        5000000L
#define CLEAR_EOL      "\r\033[K"
#define SHOW_EVERY_S   0.2
#define LINE_MAX_SHOWN 512
#define SPACE_MIN      (1u << 20) /* bytes without which no boot is begun or believed to have failed */

/* What the boots have come to; a line a boot in a pipe, one moving line on a terminal. */
struct progress {
    struct run *run;
    unsigned jobs;
    bool terminal, commanded;
    size_t ended, all;
    double next_s; /* when the moving line is due */
    int status;    /* enum tach_exit: what ended the run early */
};

static volatile sig_atomic_t stop_signal;

static void stop_note(int number)
{
    stop_signal = number;
}

void drive_signals(void)
{
    const struct sigaction action = {.sa_handler = stop_note};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* whoever stops listening does not cost the run */
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
}

int drive_stopped(void)
{
    return stop_signal;
}

static const char *side_name(const struct run *run, const struct boot_run *boot)
{
    return run->sides[boot->side].name;
}

static void progress_boot(struct progress *progress, const struct boot_run *boot)
{
    char title[64];

    boot_title(boot, side_name(progress->run, boot), title, sizeof(title));
    progress->ended++;
    fputs(progress->terminal ? CLEAR_EOL : "", stderr);
    if (boot->state != BOOT_PASSED)
        fprintf(stderr, "%s: FAILED: %s\n", title, boot->reason);
    else if (!progress->terminal)
        fprintf(stderr, "%s: passed in %.1f s\n", title, boot->qemu.took_s);
}

/* The moving line: how many boots are done, which are under way and for how long. It is cut where
 * the screen ends: a line that wraps could not be taken back. */
static void progress_show(struct progress *progress)
{
    const struct boots *boots = &progress->run->boots;
    const double now = process_now();
    const unsigned width = screen_width(stderr);
    char title[64], line[LINE_MAX_SHOWN];

    if (!progress->terminal || now < progress->next_s)
        return;
    progress->next_s = now + SHOW_EVERY_S;
    int used = snprintf(line, sizeof(line), "[%zu/%zu]", progress->ended, progress->all);
    for (size_t i = 0; i < boots->count && used < (int)sizeof(line); i++) {
        const struct boot_run *boot = &boots->runs[boots->order[i]];
        if (!boot->qemu.pid)
            continue;
        boot_title(boot, side_name(progress->run, boot), title, sizeof(title));
        used += snprintf(line + used, sizeof(line) - (size_t)used, "  %s %.0f s", title,
                         now - boot->qemu.started_s);
    }
    fprintf(stderr, CLEAR_EOL "%.*s", width ? (int)width - 1 : (int)sizeof(line), line);
}

/* Whether a directory takes another file, and what was written last was not cut by a limit. */
static bool space_left(const char *directory, const char *written)
{
    struct statvfs space;
    struct rlimit limit;
    struct stat facts;

    if (!statvfs(directory, &space) && (double)space.f_bavail * (double)space.f_frsize < SPACE_MIN)
        return false;
    return getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur == RLIM_INFINITY ||
           stat(written, &facts) || (rlim_t)facts.st_size < limit.rlim_cur;
}

/* A boot that is not to count: cut short by what is no fault of its own. */
static void boot_cut(struct boot_run *boot, const char *why)
{
    snprintf(boot->reason, sizeof(boot->reason), "%s", why);
    boot->state = BOOT_PENDING;
    perf_boot_free(&boot->perf);
}

static void run_full(struct progress *progress, const char *directory)
{
    if (!progress->status)
        progress->status = say_error(TACH_CANTCREATE, "run", directory, "no space left");
}

/* A boot under way, or one that has just ended, on its host; of the first that is in its place, or
 * has ended, it is said. */
static void host_follow(struct progress *progress, struct boot_run *boot)
{
    const struct boot_setup *setup = &progress->run->sides[boot->side].setup;

    if (!setup->tune || !boot->tuned.begun)
        return;
    if (boot->qemu.pid)
        tune_follow(setup->tune, boot->qemu.pid, &boot->tuned);
    else
        boot_tuned(boot, setup);
    if (setup->tune->told || (boot->qemu.pid && !boot->tuned.placed))
        return;
    setup->tune->told = true;
    fputs(progress->terminal ? CLEAR_EOL "tach run: " : "tach run: ", stderr);
    tune_say(stderr, setup->tune, &boot->tuned);
    fputc('\n', stderr);
}

/* A boot has ended by itself: judges it and tells run.json. */
static void boot_done(struct progress *progress, struct boot_run *boot)
{
    struct run_side *side = &progress->run->sides[boot->side];

    if (side->setup.perf)
        perf_detach(side->setup.perf, &boot->perf);
    host_follow(progress, boot);
    const int changed = images_hold(side->images); /* a boot of who knows which ends the run */
    if (changed) {
        boot_cut(boot, "cut short: an image is another now");
        progress->status = changed;
    } else {
        boot_judge(boot, &progress->run->matrix, &side->setup);
    }
    if (boot->state == BOOT_FAILED && !space_left(side->directory, boot->frames)) {
        boot_cut(boot, "cut short: no space left");
        run_full(progress, side->directory);
    }
    progress_boot(progress, boot);
    const int status = progress->status ? 0 : state_write(progress->run);
    progress->status = progress->status ? progress->status : status;
}

/* Looks at each boot under way; counts those that still run. */
static unsigned boots_poll(struct progress *progress)
{
    unsigned running = 0;
    char why[64];

    for (size_t i = 0; i < progress->run->boots.count; i++) {
        struct boot_run *boot = &progress->run->boots.runs[i];
        if (!boot->qemu.pid)
            continue;
        if (stop_signal || progress->status) {
            process_kill(&boot->qemu);
            host_follow(progress, boot);
            snprintf(why, sizeof(why), "stopped by %s",
                     stop_signal ? strsignal((int)stop_signal) : "an error of the run");
            boot_cut(boot, why);
            progress_boot(progress, boot);
        } else if (process_ended(&boot->qemu)) {
            boot_done(progress, boot);
        } else {
            host_follow(progress, boot);
            running++;
        }
    }
    return running;
}

/* The next boot that is to be made, from *at on; NULL: none, or the run is to end. */
static struct boot_run *boot_next(const struct progress *progress, size_t *at)
{
    const struct boots *boots = &progress->run->boots;

    if (stop_signal || progress->status)
        return NULL;
    while (*at < boots->count && boots->runs[boots->order[*at]].state != BOOT_PENDING)
        ++*at;
    return *at < boots->count ? &boots->runs[boots->order[(*at)++]] : NULL;
}

/* The command of the first boot that is started, as a shell takes it. */
static void command_say(struct progress *progress, const struct boot_run *boot)
{
    if (!progress->run->verbose || progress->commanded)
        return;
    progress->commanded = true;
    fputs("tach run: boot by: ", stderr);
    say_name(stderr, boot->argv_text);
    fputc('\n', stderr);
}

/* Starts boots until enough run. Returns whether any boot may still come. */
static bool boots_begin(struct progress *progress, unsigned running, size_t *at)
{
    struct boot_run *boot = NULL;

    while (running < progress->jobs && (boot = boot_next(progress, at)) != NULL) {
        const struct run_side *side = &progress->run->sides[boot->side];
        if (!space_left(side->directory, "")) {
            boot_cut(boot, "not started: no space left");
            run_full(progress, side->directory);
        } else if (boot_start(boot, &progress->run->matrix, &side->setup)) {
            progress_boot(progress, boot);
        } else {
            command_say(progress, boot);
            running++;
        }
    }
    return running > 0;
}

int drive_boots(struct run *run, unsigned jobs)
{
    struct progress progress = {.run = run, .jobs = jobs, .terminal = isatty(STDERR_FILENO)};
    size_t at = 0;

    for (size_t i = 0; i < run->boots.count; i++)
        progress.all += run->boots.runs[i].state == BOOT_PENDING;
    progress.status = state_write(run);
    while (boots_begin(&progress, boots_poll(&progress), &at)) {
        progress_show(&progress);
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    fputs(progress.terminal ? CLEAR_EOL : "", stderr);
    for (size_t i = 0; i < run->boots.count; i++)
        if (run->boots.runs[i].state == BOOT_PENDING && !run->boots.runs[i].reason[0])
            boot_cut(&run->boots.runs[i], "not started");
    return progress.status;
}
