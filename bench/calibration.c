/* SPDX-License-Identifier: MIT
 * The rules of calibration; see bench/calibration.h. Each limit is far from what an undisturbed CPU
 * shows, and far below what a machine shows that is none. */
#include "bench/calibration.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/figure.h"
#include "bench/stats.h"

#define LOOP_TURNS 1000u /* of the kernel's calibration loop, two instructions each */
#define LOOP_SLACK 100u  /* instructions around it */
#define RING_RATIO 4u    /* the two rings may differ by it: a clock that rises in between */
/* A turn is one cycle of a core, which may be a quarter of a tick (a turbo) or several (a saving
 * governor); an interpreter needs hundreds. */
#define TURN_TICKS_MAX 10u
#define TURNS_A_TICK   4u
#define STEP_MAX       200u   /* ticks; a region of the smallest cell has thousands */
#define GAP_PER_S      10000u /* 100 us: the host's own timer takes a few */
#define WATCH_PER_S    20u    /* at least half of the 100 ms that are to be watched */
#define SEEN_MS        50.0   /* shorter than the guest's own watch: the host looked too late */
#define AWAY_MAX       0.1    /* of the guest's time; real-time throttling takes 0.05 */

__attribute__((format(printf, 3, 4))) static bool refuse(char *reason, size_t size,
                                                         const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(reason, size, format, list);
    va_end(list);
    return false;
}

uint64_t calibration_ring3(const struct boot *boot)
{
    const struct hist *hist = boot_hist(boot, "calibration", "loop");

    if (boot->calib.loop_ring3 || !hist || !hist->count)
        return boot->calib.loop_ring3;
    return stats_percentile(hist->entries, hist->count, STATS_PERMYRIAD / 2);
}

bool calibration_counts(const struct wire_calib *calib)
{
    return calib->loop_ring0 >= 2 * LOOP_TURNS && calib->loop_ring0 <= 2 * LOOP_TURNS + LOOP_SLACK;
}

static bool counts_fit(const struct wire_calib *calib, char *reason, size_t size)
{
    if (calibration_counts(calib))
        return true;
    return refuse(reason, size,
                  "refused: %u turns took %" PRIu64 " ticks, so they are no instructions",
                  LOOP_TURNS, calib->loop_ring0);
}

/* Both rings run natively, and at one speed. */
static bool loops_fit(const struct boot *boot, char *reason, size_t size)
{
    const uint64_t ring0 = boot->calib.loop_ring0, ring3 = calibration_ring3(boot);

    if (!ring3)
        return refuse(reason, size, "refused: no loop of ring 3 came to hold ring 0's against");
    if (ring0 > RING_RATIO * ring3 || ring3 > RING_RATIO * ring0)
        return refuse(reason, size,
                      "refused: ring 0 took %" PRIu64 " ticks where ring 3 took %" PRIu64, ring0,
                      ring3);
    if (ring0 > TURN_TICKS_MAX * LOOP_TURNS || ring0 < LOOP_TURNS / TURNS_A_TICK)
        return refuse(reason, size,
                      "refused: %u turns of a loop took %" PRIu64
                      " ticks, as no CPU's do: they are interpreted, or the clock is another's",
                      LOOP_TURNS, ring0);
    return true;
}

/* The clock moves, and finely enough. */
static bool clock_fits(const struct boot *boot, char *reason, size_t size)
{
    const struct wire_calib *calib = &boot->calib;

    if (!boot->hello.tsc_hz)
        return refuse(reason, size, "refused: the rate of the time stamp counter is not known");
    if (!calib->quantum || calib->quantum > STEP_MAX)
        return refuse(reason, size,
                      "refused: the time stamp counter moves in steps of %" PRIu64
                      " ticks, not of 1 to %u",
                      calib->quantum, STEP_MAX);
    return true;
}

/* The guest kept its CPU, as it saw it itself. */
static bool watch_fits(const struct boot *boot, char *reason, size_t size)
{
    const struct wire_calib *calib = &boot->calib;
    const double us = 1e6 / (double)boot->hello.tsc_hz;

    if (calib->gap_watch < boot->hello.tsc_hz / WATCH_PER_S)
        return refuse(reason, size, "refused: the clock was watched for %.0f us only",
                      (double)calib->gap_watch * us);
    if (calib->gap_max > boot->hello.tsc_hz / GAP_PER_S)
        return refuse(reason, size,
                      "disturbed: the guest stood still for %.0f us at a time (of %.0f ms watched, "
                      "%.0f us are allowed)",
                      (double)calib->gap_max * us, (double)calib->gap_watch * us / 1000,
                      1e6 / GAP_PER_S);
    return true;
}

/* And as the host saw it. NaN was not seen. */
static bool host_fits(const struct calibration_host *host, char *reason, size_t size)
{
    const double away = host->waited_ms + host->stolen_ms;

    if (!(host->ran_ms >= SEEN_MS) || away <= AWAY_MAX * (host->ran_ms + away))
        return true;
    return refuse(reason, size,
                  "disturbed: the guest had its CPU for %.0f ms, waited for it %.0f ms, and an "
                  "outer host took %.0f ms",
                  host->ran_ms, host->waited_ms, host->stolen_ms);
}

bool calibration_fits(const struct boot *boot, const char *class,
                      const struct calibration_host *host, char *reason, size_t size)
{
    if (!boot->has_calib)
        return refuse(reason, size, "no calibration came");
    if (!strcmp(figure_unit(class), "instructions"))
        return counts_fit(&boot->calib, reason, size);
    if (strcmp(class, "kvm") && strcmp(class, "metal"))
        return true; /* tcg is functional only; metal has no host that could come in between */
    return loops_fit(boot, reason, size) && clock_fits(boot, reason, size) &&
           watch_fits(boot, reason, size) && host_fits(host, reason, size);
}
