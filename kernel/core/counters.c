/* SPDX-License-Identifier: MIT
 * See counters.h. The counters are read before the first digit is written, so what a reading costs
 * itself is the same before and after a pass. */
#include "kernel/core/counters.h"

#include "kernel/hal/bootword.h"
#include "kernel/hal/found.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/pmu.h"

#define DIGITS 16u

static struct pmu_reading reading;

static const char *kind_name(uint32_t kind)
{
    static const char *const names[] = {
#define X(name, value, text) [value] = text,
        COUNTER_KINDS(X)
#undef X
    };

    return names[kind];
}

static const char *state_name(uint32_t state)
{
    static const char *const names[] = {
#define X(name, value, text) [value] = text,
        COUNTER_STATES(X)
#undef X
    };

    return names[state];
}

/* One line a kind, so that nobody has to guess from a machine's documents what it has. */
static void found_say(void)
{
    uint32_t said = 0, as = COUNTER_COUNTED;

    if (!pmu_read(&reading)) {
        hal_found("counters: none\n");
        return;
    }
    for (uint32_t i = 0; i < reading.entries; i++) {
        const struct wire_counter *c = &reading.list[i];
        if (c->kind != said || (c->state != COUNTER_COUNTED && as == COUNTER_COUNTED))
            hal_found("counters: %s: %s\n", kind_name(c->kind), state_name(c->state));
        said = c->kind;
        as = c->state;
    }
}

void counters_begin(void)
{
    char value[4];

    if (bootword("counters", value, sizeof(value)) && !memcmp(value, "off", 4))
        return;
    pmu_begin();
    found_say();
}

static void number_put(struct text *text, uint64_t value, const char *end)
{
    char digits[DIGITS + 1] = "";

    for (unsigned i = 0; i < DIGITS; i++)
        digits[i] = "0123456789abcdef"[value >> 4 * (DIGITS - 1 - i) & 0xF];
    text_put(text, digits);
    text_put(text, end);
}

void report_pmu(struct text *text)
{
    if (!pmu_read(&reading)) {
        text_put(text, "pmu none\n");
        return;
    }
    text_put(text, "pmu ");
    number_put(text, reading.version, " ");
    number_put(text, reading.bits, "\n");
    for (uint32_t i = 0; i < reading.entries; i++) {
        number_put(text, reading.list[i].kind, " ");
        number_put(text, reading.list[i].state, " ");
        number_put(text, reading.list[i].event, " ");
        number_put(text, reading.list[i].count, "\n");
    }
}
