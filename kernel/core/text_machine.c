/* SPDX-License-Identifier: MIT
 * sys:machine, as machine.h reads it at that moment. */
#include "kernel/core/text.h"
#include "kernel/hal/machine.h"

static void value_put(struct text *text, const char *name, bool there, uint64_t value)
{
    if (there) {
        text_pair(text, name, value);
        return;
    }
    text_put(text, name);
    text_put(text, " absent\n");
}

void report_machine(struct text *text)
{
    struct wire_machine m;

    machine_read(&m);
    value_put(text, "smis", m.have & MACHINE_SMIS, m.smis);
    value_put(text, "aperf", m.have & MACHINE_APERF, m.aperf);
    value_put(text, "mperf", m.have & MACHINE_APERF, m.mperf);
    value_put(text, "capabilities", m.have & MACHINE_CAPABILITIES, m.capabilities);
    value_put(text, "counters", m.pmu_version != 0, m.pmu_counters);
    text_put(text, m.have & MACHINE_X2APIC ? "apic x2\n" : "apic memory\n");
    text_put(text, m.have & MACHINE_DEADLINE ? "tsc_deadline yes\n" : "tsc_deadline no\n");
    text_put(text, m.have & MACHINE_INVARIANT ? "tsc_invariant yes\n" : "tsc_invariant no\n");
    text_put(text, m.have & MACHINE_GUEST ? "guest yes\n" : "guest no\n");
}
