/* SPDX-License-Identifier: MIT
 * The screen while the loader runs. Text before one was found goes nowhere; one in memory above
 * 4 GiB is the kernel's alone. Called by main.c and console.c. */
#ifndef TACH_LOADER_SCREEN_H
#define TACH_LOADER_SCREEN_H

#include "kernel/abi/boot.h"

/* From now on text goes there: a screen that terminal_refuse takes, or none. Nothing is written
 * before the first text. */
void screen_take(const struct boot_screen *screen);

/* One character; what has appeared stays. */
void screen_put(char c);

/* What follows is why the boot ends: on red. */
void screen_urgent(void);

/* What the kernel is told: the screen, and how much of it has text. */
struct boot_screen screen_left(void);

#endif
