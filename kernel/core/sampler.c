/* SPDX-License-Identifier: MIT
 * See sampler.h. A task's name is looked up when its samples leave: what asks for that is a frame
 * of the task itself, or of one that outlives it. */
#include "kernel/core/sampler.h"

#include "kernel/core/task.h"
#include "kernel/core/wire.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/sampler.h"

_Static_assert(sizeof(((struct wire_sample *)0)->task) == sizeof(((struct task *)0)->name),
               "a task's name");

/* The rate, or 0 where the word is no number of the range. */
static uint32_t rate_parse(const char *digit)
{
    uint32_t hz = 0;

    for (; *digit >= '0' && *digit <= '9' && hz <= SAMPLER_HZ_MAX; digit++)
        hz = hz * 10 + (uint32_t)(*digit - '0');
    return *digit || hz < SAMPLER_HZ_MIN || hz > SAMPLER_HZ_MAX ? 0 : hz;
}

/* words.c has looked at the value: pit or pmi. */
static uint32_t source_asked(void)
{
    char value[4];

    return bootword("profile.source", value, sizeof(value)) && !memcmp(value, "pmi", 3)
               ? SAMPLES_PMI_NMI
               : SAMPLES_PIT_NMI;
}

static _Noreturn void refuse(uint32_t source, const char *why)
{
    static char message[96];
    const char *word = source == SAMPLES_PMI_NMI ? "profile.source=pmi: " : "profile=: ";
    unsigned n = 0;

    for (; *word; word++)
        message[n++] = *word;
    for (; *why && n < sizeof(message) - 1; why++)
        message[n++] = *why;
    wire_exit(EXIT_INIT, message);
}

void sampler_begin(void)
{
    char value[8];

    if (!bootword("profile", value, sizeof(value))) {
        if (bootword("profile.source", value, sizeof(value)))
            wire_exit(EXIT_CMDLINE, "profile.source= without profile=");
        return;
    }
    uint32_t hz = rate_parse(value);
    if (!hz)
        wire_exit(EXIT_CMDLINE, "profile=: 30 to 100000 samples a second");
    const uint32_t source = source_asked();
    const char *why = sampler_start(hz, source);
    if (why)
        refuse(source, why);
}

static void names_fill(struct wire_sample *sample, uint64_t n)
{
    for (; n; n--, sample++) {
        const struct task *task = task_find(sample->tid);
        if (task)
            memcpy(sample->task, task->name, sizeof(sample->task));
    }
}

static struct {
    struct wire_samples head; /* as of the last call */
    struct wire_sample list[SAMPLES_FRAME_MAX];
} body;

void sampler_send(void)
{
    uint64_t n;

    while ((n = sampler_take(&body.head, body.list, SAMPLES_FRAME_MAX)) != 0) {
        names_fill(body.list, n);
        (void)wire_send(WIRE_SAMPLES,
                        (const struct wire_part[2]){{&body.head, sizeof(body.head)},
                                                    {body.list, n * sizeof(body.list[0])}});
    }
}

void sampler_finish(void)
{
    sampler_send();
    if (body.head.hz)
        klog("sampled: %lu taken, %lu without room, %lu held\n", body.head.taken, body.head.lost,
             body.head.held);
}
