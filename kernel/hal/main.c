/* SPDX-License-Identifier: MIT
 * hal_main: the ordered list of what has to happen before the first user instruction. Each step is
 * stamped; one that fails is named by its index and ends the boot. */
#include <stddef.h>

#include "kernel/hal/apic.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/init.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/screen.h"
#include "kernel/hal/tramp.h"
#include "kernel/hal/uart.h"
#include "kernel/hal/x86.h"

const struct bootinfo *hal_boot;
uint64_t hal_init_stamp[HAL_INIT_MAX], hal_entry_stamp;
unsigned hal_init_count;

/* start.asm: on to the stack with that top, and out to ring 3. */
_Noreturn void hal_leave(uint64_t stack_top);

static bool bootinfo_good(void)
{
    return hal_boot->magic == BOOT_MAGIC && hal_boot->version == BOOT_VERSION &&
           hal_boot->size == sizeof(*hal_boot) && hal_boot->range_count <= BOOT_RANGES;
}

static bool step_bootinfo(void)
{
    if (bootinfo_good())
        return true;
    klog("boot information: magic %lx version %u size %u: not this kernel's\n", hal_boot->magic,
         hal_boot->version, hal_boot->size);
    return false;
}

static bool step_page(void)
{
    return page_init(hal_boot) == OK;
}

static bool step_paging(void)
{
    if (paging_init(hal_boot) != OK)
        return false;
    screen_map();
    return true;
}

static bool step_tramp(void)
{
    return !hal_config.pti || tramp_init() == OK;
}

static bool step_sched(void)
{
    sched_init();
    return true;
}

static const struct {
    const char *name;
    bool (*fn)(void);
    enum boot_exit code; /* if it fails */
} initialisers[] = {
    {"uart", uart_init, EXIT_INIT},         {"cpu", cpu_identify, EXIT_INIT},
    {"bootinfo", step_bootinfo, EXIT_INIT}, {"config", config_read, EXIT_INIT},
    {"page", step_page, EXIT_MEMORY},       {"paging", step_paging, EXIT_INIT},
    {"protect", cpu_protect, EXIT_INIT},    {"local", cpu_local, EXIT_INIT},
    {"tramp", step_tramp, EXIT_INIT},       {"apic", apic_init, EXIT_INIT},
    {"irq", irq_init, EXIT_INIT},           {"sched", step_sched, EXIT_INIT},
    {"syscall", cpu_syscall, EXIT_INIT},
};
#define INITIALISERS (sizeof(initialisers) / sizeof(initialisers[0]))
_Static_assert(INITIALISERS <= HAL_INIT_MAX, "a stamp each");

/* Which initialiser is to count as failed: inject=init.K beside test=, or none. */
static unsigned step_injected(void)
{
    char value[8], test[2];
    unsigned step = 0;

    if (!bootinfo_good() || !bootword("inject", value, sizeof(value)) ||
        !bootword("test", test, sizeof(test)) || memcmp(value, "init.", 5) || !value[5])
        return INITIALISERS;
    for (const char *digit = value + 5; *digit; digit++)
        step = step * 10 + (unsigned)(*digit - '0') % 10;
    return step;
}

_Noreturn void hal_main(const struct bootinfo *boot)
{
    hal_entry_stamp = x86_rdtsc();
    hal_boot = boot;
    if (bootinfo_good())
        screen_open(); /* so that what fails first is seen too */
    unsigned injected = step_injected();
    for (unsigned i = 0; i < INITIALISERS; i++) {
        if (!initialisers[i].fn() || i == injected) {
            screen_urgent();
            klog("panic: initialiser %u (%s) failed\n", i, initialisers[i].name);
            hal_exit(initialisers[i].code, initialisers[i].name);
        }
        hal_init_stamp[i] = x86_rdtsc();
        hal_init_count = i + 1;
    }
    core_entry();
    hal_leave(PERCPU_AREA(0) + PERCPU_STACK_TOP);
}

const uint8_t *hal_build_id(void)
{
    extern const uint8_t __build_id_note[];
    return __build_id_note + 16; /* name size, description size, type, "GNU\0" */
}
