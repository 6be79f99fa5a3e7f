/* SPDX-License-Identifier: MIT
 * Opens what frames can come from: a file, a pipe, a serial device or pty, a unix socket, standard
 * input. Invariant: a terminal line is raw and at the rate asked for before its first byte is read.
 * Called by the collect verb. */
#ifndef TACH_TRACES_SOURCE_H
#define TACH_TRACES_SOURCE_H

#include <stdbool.h>

struct source {
    int fd;
    bool file; /* a regular file: it can be cut anywhere, and it waits for nobody */
    bool live; /* a device or socket: it is open-ended, a boot is what one waits for */
};

/* Opens `path` ("-": standard input); `baud` is the rate of a serial line in bits a second.
 * Returns TACH_OK, or after an error line TACH_NOINPUT (missing, unreadable, nobody there),
 * TACH_USAGE (rate) or TACH_IOERR (the line cannot be set up). */
int source_open(const char *verb, const char *path, unsigned baud, struct source *out);

#endif
