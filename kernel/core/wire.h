/* SPDX-License-Identifier: MIT
 * Frames on the serial line, as kernel/abi/wire.h defines them. With the boot word wire=frames
 * everything that leaves by the serial port is a frame, console text too; with wire=text (default)
 * it is plain text and other frames are dropped. */
#ifndef TACH_CORE_WIRE_H
#define TACH_CORE_WIRE_H

#include <stdbool.h>

#include "kernel/abi/abi.h"

/* Reads the boot word, says HELLO. */
void wire_init(void);

/* Sends one frame of a head and a tail, together at most WIRE_BODY_MAX bytes. False: too long. */
struct wire_part {
    const void *bytes;
    uint64_t count;
};
bool wire_send(enum wire_type type, const struct wire_part part[2]);

/* Sends what the machine says of itself, at a measured boot's beginning; its end does so again. */
void wire_machine(bool end);

/* Sends a frame, its header and body of n bytes in all, once more, and says so in the header. */
void wire_again(const uint8_t *kept, uint64_t n);

/* For who cuts off whatever the kernel was doing: a frame that was being sent ends here, text
 * begins with a line of its own, and nothing is kept to be sent again. */
void wire_cut(void);

/* Says END, answers what is asked for again (repeat.h) and ends the machine. */
_Noreturn void wire_exit(enum boot_exit code, const char *message);

/* The same after wire_cut: END, and nothing that would have to trust what was cut off. */
_Noreturn void wire_end(enum boot_exit code, const char *message);

/* zlib's CRC-32 of n bytes, continued from `crc` (0 at first). */
uint32_t crc32_update(uint32_t crc, const void *bytes, uint64_t n);

#endif
