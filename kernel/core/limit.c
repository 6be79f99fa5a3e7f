/* SPDX-License-Identifier: MIT
 * See limit.h. Once the time is over nothing of the kernel's is trusted but its text: whatever was
 * under way, a frame on the line or a change of a list, was cut off in the middle. */
#include "kernel/core/limit.h"

#include "kernel/core/task.h"
#include "kernel/core/timer.h"
#include "kernel/core/wire.h"
#include "kernel/core/words.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/screen.h"
#include "kernel/hal/watchdog.h"

static unsigned seconds;

/* Who runs; a task may be half made. */
static const char *who(void)
{
    static char name[sizeof(((struct task *)0)->name) + 1];
    const struct task *task = cpu_this()->current->task;

    for (unsigned i = 0; task && i + 1 < sizeof(name); i++)
        name[i] = task->name[i];
    return name[0] ? name : "nobody's";
}

static _Noreturn void end(const struct watchdog_place *place)
{
    wire_cut();
    screen_urgent();
    klog("limit: no end within %u s; ring %u, rip %lx, task %s\n", seconds, place->user ? 3 : 0,
         place->rip, who());
    wire_end(EXIT_FAIL, "limit= is over");
}

/* By the scheduler's timer: interrupts are on only where the CPU halts, and in ring 3. */
static void end_late(void)
{
    const struct thread *t = cpu_this()->current;

    end(&(struct watchdog_place){.rip = t->rip, .user = t != &thread_none});
}

void limit_begin(void)
{
    char value[8];
    uint64_t n = 0;

    if (!bootword("limit", value, sizeof(value)))
        return;
    while (value[n])
        n++;
    seconds = words_limit(value, n);
    if (watchdog_start(seconds, end)) {
        klog("limit: %u s, by an NMI of the event timer\n", seconds);
        return;
    }
    timer_call(hal_tsc() + seconds * hal_config.tsc_hz, end_late);
    klog("limit: %u s, by the scheduler's timer, which a kernel that spins does not hear\n",
         seconds);
}
