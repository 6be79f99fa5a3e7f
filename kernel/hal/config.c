/* SPDX-License-Identifier: MIT
 * hal_config: what the boot words ask, as far as the CPU can. A word that HAL does not understand
 * keeps its default; CORE, which judges the whole line, ends the boot for it. */
#include "kernel/hal/bootword.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/init.h"

#define VALUE_MAX 10u

struct hal_config hal_config;

static bool value_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* A word with two values, of which one is the default. */
static bool word_switch(const char *name, const char *other, bool by_default)
{
    char value[VALUE_MAX];
    if (!bootword(name, value, sizeof(value)) || !value_equal(value, other))
        return by_default;
    return !by_default;
}

bool config_read(void)
{
    hal_config.pti = word_switch("pti", "off", true);
    hal_config.hot = word_switch("pti", "hot", false);
    hal_config.trace = word_switch("trace", "on", false);
    hal_config.reset = word_switch("end", "reset", false);
    hal_config.fastpath = word_switch("fastpath", "0", true);
    /* cpu_identify has left there whether the CPU has it */
    hal_config.pcid = hal_config.pti && hal_config.pcid && word_switch("pcid", "off", true);
    hal_config.hot_pcid = hal_config.pcid;
    hal_config.x2apic = word_switch("apic", "x2", false);
    hal_config.timer_count = word_switch("timer", "oneshot", false);
    hal_config.timer_deadline = word_switch("timer", "deadline", false);
    return true;
}
