/* SPDX-License-Identifier: MIT
 * What ring 3 finds out about its clock before anything is measured: whether the TSC counts
 * instructions, in what steps it goes, what an empty region takes; and from that, how many calls
 * and regions a cell needs. Invariant: `machine` is whole before the first cell. */
#include "bench/guest/bench.h"
#include "bench/guest/frames.h"
#include "servers/lib/file.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define SAMPLES    65u
#define LOOP_TURNS 1000u
#define LOOP_TICKS (2 * (LOOP_TURNS - 1)) /* dec, jnz */
#define LOOKS      4u                     /* an interrupt may come into one or two */

#define COUNTING_SAMPLES 32u /* any difference is real, so few are enough */
#define CYCLES_SAMPLES   2000u
#define STEPPING_CALLS   16u /* a clock in steps is blind to single calls */
#define CYCLES_CALLS     4u
#define WHOLES_MAX       100000000u
#define CYCLES_PER_S     8u /* histograms in a second at least, where calls are slow */

struct machine machine;
static struct histogram histogram;

long region_empty(struct region *r);

static uint64_t empty_ticks(uint64_t turns)
{
    struct region r = {.turns = turns};
    region_empty(&r);
    return r.end - r.begin;
}

static uint64_t region_median(uint64_t turns)
{
    histogram_clear(&histogram);
    empty_ticks(turns);
    for (unsigned i = 0; i < SAMPLES; i++)
        histogram_add(&histogram, empty_ticks(turns));
    return histogram_median(&histogram);
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The step of the clock: of regions that differ by a turn each. */
static uint64_t quantum(void)
{
    uint64_t common = 0;
    for (unsigned turns = 1; turns <= SAMPLES; turns++)
        common = gcd(common, empty_ticks(turns));
    return common;
}

static bool word_is(const char *path, const char *word)
{
    char text[256];
    return file_text(path, text, sizeof(text)) > 0 && !strncmp(text, word, strlen(word));
}

/* The boot word samples=N, else what is the rule here. */
static uint64_t wholes_asked(uint64_t by_rule)
{
    static char text[2304];
    uint64_t number = 0;
    if (file_text("sys:boot", text, sizeof(text)) <= 0)
        return by_rule;
    for (const char *word = text; word; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (strncmp(word, "samples=", 8))
            continue;
        number = 0;
        for (word += 8; *word >= '0' && *word <= '9' && number < WHOLES_MAX; word++)
            number = number * 10 + (uint64_t)(*word - '0');
    }
    return number ? number : by_rule;
}

static void calibration_send(const char *metric, uint32_t calls)
{
    frames_histogram(&(struct series){"calibration", metric, calls}, &histogram);
}

/* Whether the clock counts instructions: each loop takes as many ticks as it has. A timer that was
 * armed for somebody who is gone fires once for nothing, so one look that it spoilt decides
 * nothing; a clock of cycles fails them all. */
static bool clock_counts(void)
{
    bool counts = false;

    for (unsigned look = 0; look < LOOKS && !counts; look++) {
        uint64_t short_ticks = region_median(1);
        uint64_t long_ticks = region_median(LOOP_TURNS);
        counts = histogram.count == 1 && long_ticks - short_ticks == LOOP_TICKS;
    }
    return counts;
}

long machine_calibrate(bool send)
{
    machine.counts = clock_counts();
    if (send)
        calibration_send("loop", LOOP_TURNS);
    machine.steps = !machine.counts && quantum() > 1;
    machine.calls = machine.counts ? 1 : machine.steps ? STEPPING_CALLS : CYCLES_CALLS;
    machine.samples = machine.counts ? COUNTING_SAMPLES : CYCLES_SAMPLES;
    machine.wholes = wholes_asked(machine.samples);
    machine.limit = machine.counts ? ~0ull : sys_clock(CLOCK_HZ) / CYCLES_PER_S;
    machine.trace = word_is("sys:trace", "on");
    machine.fast = word_is("sys:path", "fast");
    machine.pti = word_is("sys:mitig", "pti on");
    /* an emulator that counts instructions has no event counters: its boots stay as they are */
    machine.pmu = !machine.counts && word_is("sys:pmu", PMU_HEAD "0");
    machine.empty = region_median(machine.calls);
    if (send)
        calibration_send("empty", machine.calls);
    return frames_error();
}
