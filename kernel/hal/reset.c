/* SPDX-License-Identifier: MIT
 * See reset.h. The keyboard controller's pulse, then the chipset's reset register, then a fault
 * that no handler can take: every PC knows at least one of them, and one that it has not does
 * nothing. Each is given about 50 ms: a reset takes its time, and the next way must not disturb
 * it. */
#include "kernel/hal/reset.h"

#include "kernel/hal/hal.h"
#include "kernel/hal/x86.h"

#define KEYBOARD_COMMAND 0x64u
#define KEYBOARD_FULL    0x02u /* it has not taken the last byte yet */
#define KEYBOARD_RESET   0xFEu /* pulses the CPU's reset line */
#define CHIPSET_RESET    0xCF9u
#define CHIPSET_HARD     0x02u /* all of the machine, not the CPU alone */
#define CHIPSET_GO       0x06u
#define PORT_TURNS       50000u /* a port of the old bus takes about a microsecond */
#define WAITS_PER_S      20u    /* of so many turns */

static void wait_ports(void)
{
    for (unsigned i = 0; i < PORT_TURNS; i++)
        (void)x86_in8(KEYBOARD_COMMAND);
}

void machine_pause(unsigned seconds)
{
    const uint64_t start = x86_rdtsc(), ticks = hal_config.tsc_hz * seconds;

    for (unsigned i = 0; ticks == 0 && i < seconds * WAITS_PER_S; i++)
        wait_ports();
    while (x86_rdtsc() - start < ticks)
        x86_pause();
}

/* A machine without a keyboard controller reads as full for ever. */
static void reset_keyboard(void)
{
    unsigned turns = PORT_TURNS;

    while (turns != 0 && (x86_in8(KEYBOARD_COMMAND) & KEYBOARD_FULL) != 0)
        turns--;
    if (turns != 0)
        x86_out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
}

static void reset_chipset(void)
{
    x86_out8(CHIPSET_RESET, CHIPSET_HARD);
    wait_ports();
    x86_out8(CHIPSET_RESET, CHIPSET_GO);
}

_Noreturn void machine_reset(void)
{
    const struct x86_table_pointer none = {.limit = 0, .base = 0};

    reset_keyboard();
    wait_ports();
    reset_chipset();
    wait_ports();
    x86_lidt(&none);
    x86_undefined();
}
