/* SPDX-License-Identifier: MIT
 * See irqs.h. */
#include "kernel/test/guest/lib/irqs.h"
#include "kernel/test/guest/lib/clock.h"

#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/string.h"

#define BACK_TRIES 200u

int irqs_soft;
uint64_t irqs_stack;
volatile uint64_t irqs_runs, irqs_handle, irqs_count, irqs_taken, irqs_begun;

void irqs_open(void)
{
    irqs_stack = (uint64_t)guest_memory(IRQS_STACK) + IRQS_STACK;
    irqs_soft = (int)file_open("irq:soft", O_WRONLY);
}

void irqs_raise(void)
{
    CHECK_EQ(file_write(irqs_soft, "!", 1), 1);
}

long irqs_number(const char *name)
{
    return sysfile_number("sys:irq", name);
}

uint64_t irqs_bits(void)
{
    struct msg m = {0};
    long kind = sys_recv(&m);

    return kind >= 0 && (kind & 0xFF) == KIND_NOTIFY ? m.w[0] : 0;
}

long irqs_pit(const char *hz)
{
    long fd = file_open("irq:pit", O_WRONLY);

    CHECK(fd >= 0);
    CHECK_EQ(file_write((int)fd, hz, strlen(hz)), (long)strlen(hz));
    return fd;
}

void irqs_handler(uint64_t handle, uint64_t count, uint64_t taken)
{
    irqs_begun = clock_tsc();
    irqs_handle = handle;
    irqs_count = count;
    irqs_taken = taken;
    irqs_runs++;
    sys_irq_done(handle);
    __builtin_trap();
}

long irqs_realtime(unsigned line, uint64_t run, uint64_t budget_ns)
{
    irqs_runs = 0;
    return sys_attach(line, AT_REALTIME, (struct attach){run, irqs_stack, budget_ns});
}

static void balance(long out[3])
{
    out[0] = sysfile_number("sys:memory", "free_pages");
    out[1] = sysfile_number("sys:counters", "files");
    out[2] = irqs_number("attachments");
}

void irqs_twice(void (*test)(void))
{
    long before[3], after[3];

    test(); /* once, so that the pools have their blocks */
    balance(before);
    test();
    SHOWS("T31", "nothing stays behind: frames, files, attachments");
    balance(after);
    for (unsigned i = 0; i < BACK_TRIES && after[0] != before[0]; i++) {
        sys_yield(); /* until the services have taken what was closed */
        balance(after);
    }
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(after[i], before[i]);
}
