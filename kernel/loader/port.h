/* SPDX-License-Identifier: MIT
 * The serial port in use: COM1 until the boot words are known, then theirs. Called by main.c, and
 * for its bytes by console.c. */
#ifndef TACH_LOADER_PORT_H
#define TACH_LOADER_PORT_H

#include <stdbool.h>

#include "kernel/loader/source.h"

/* COM1 at 115200 8N1. */
void port_open(void);

/* The port that the command line asks for, or without a word the first of COM1, the firmware's and
 * PCI's that answers. EXIT_CMDLINE with the word: it is wrong, or nothing answers there; COM1 is
 * then in use again. */
struct outcome port_choose(const struct phys *phys, const struct source *source);

/* What is in use, for the kernel; space is BOOT_SERIAL_NONE where nothing answers. */
struct boot_serial port_line(void);

/* Bytes are dropped where no port answers, and none waits for ever. */
void port_put(uint8_t byte);
void port_flush(void);

#endif
