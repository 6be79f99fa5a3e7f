/* SPDX-License-Identifier: MIT
 * The screen that the loader found: what the kernel writes as text stands there too, below what the
 * loader wrote. Without one, as after the boot word screen=off, each call is one test. Called by
 * the initialisers, the log and the panic, and by CORE for what only people are told. */
#ifndef TACH_HAL_SCREEN_H
#define TACH_HAL_SCREEN_H

#include <stdint.h>

/* Begins with what the direct map reaches. The boot information is this kernel's. */
void screen_open(void);

/* Once there are tables to add to: pixels get a mapping of their own, whose writes are combined
 * where the CPU can do that. */
void screen_map(void);

/* Shows text of any bytes. Takes up to some milliseconds, so never in a measured region. */
void screen_write(const char *bytes, uint64_t count);

/* The memory of a PC's text modes is mapped by a task: if the screen is there, nothing is written
 * to it any more, but for a panic. */
void screen_give(void);

/* What follows is why the boot ends: on red. */
void screen_urgent(void);

/* The record of a panic follows: urgent, on the screen whoever had it, with room for all of it. */
void screen_panic(void);

/* Nothing more: the screen may be what failed. */
void screen_close(void);

#endif
