/* SPDX-License-Identifier: MIT
 * See watchdog.h. The timer's count goes round within minutes, so the time is passed in steps; each
 * NMI, whoever it is from, notes what has passed and arms the next step, so none is taken for
 * another and a lost one costs a round at most. */
#include "kernel/hal/watchdog.h"

#include "kernel/hal/hpet.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/x86.h"

#define STEP_MAX    0x80000000u /* half a round: the other half is for whoever comes late */
#define LEAST_PARTS 1000u       /* a step is at least a thousandth of a second */
#define RING_3      3u

static void (*call)(const struct watchdog_place *place);
static struct watchdog_place found;
static uint64_t ticks_left; /* ticks; 0: it is off */
static uint32_t noted;

/* start.asm: onto the stack with that top, and to watchdog_over. */
_Noreturn void watchdog_leave(uint64_t stack_top);
_Noreturn void watchdog_over(void);

static void step_arm(void)
{
    const uint32_t least = hpet_hz() / LEAST_PARTS;
    uint32_t step = ticks_left < STEP_MAX ? (uint32_t)ticks_left : STEP_MAX;
    step = step > least ? step : least;
    hpet_arm(noted + step);
}

bool watchdog_start(uint32_t seconds, void (*over)(const struct watchdog_place *place))
{
    if (!hpet_begin())
        return false;
    call = over;
    noted = hpet_now();
    ticks_left = (uint64_t)seconds * hpet_hz();
    step_arm();
    return true;
}

void watchdog_stop(void)
{
    if (ticks_left != 0)
        hpet_quiet();
    ticks_left = 0;
}

void watchdog_nmi(const struct trap_frame *frame)
{
    if (ticks_left == 0)
        return;
    const uint32_t now = hpet_now(), passed = now - noted;
    noted = now;
    if (passed < ticks_left) {
        ticks_left -= passed;
        step_arm();
        return;
    }
    watchdog_stop();
    found = (struct watchdog_place){.rip = frame->rip, .user = (frame->cs & RING_3) != 0};
    watchdog_leave(PERCPU_AREA(0) + PERCPU_STACK_TOP);
}

_Noreturn void watchdog_over(void)
{
    call(&found);
    x86_halt();
}
