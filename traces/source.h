/* SPDX-License-Identifier: MIT
 * Opens what frames can come from: a file, a pipe, a serial port or pty, a unix or TCP socket,
 * standard input. Invariant: a line is raw, at the rate asked for and nobody else's before its
 * first byte is read. Called by receive.c. */
#ifndef TACH_TRACES_SOURCE_H
#define TACH_TRACES_SOURCE_H

#include <stdbool.h>

struct sp_port;

struct source {
    int fd;               /* -1: not open */
    bool file;            /* a regular file: it can be cut anywhere, and it waits for nobody */
    bool live;            /* a device or socket: it is open-ended, a boot is what one waits for */
    struct sp_port *port; /* of a serial port, else NULL */
    char why[200];        /* after a failure: what is wrong, without the path */
};

/* Opens `path` ("-": standard input, tcp:HOST:PORT: a TCP socket, else what the path is); `baud` is
 * the rate of a serial line in bits a second. Returns TACH_OK, or with out->why TACH_NOINPUT
 * (missing, unreadable, somebody else's, nobody there: later it may be otherwise), TACH_USAGE
 * (rate, address) or TACH_IOERR (the line cannot be set up). May take the 5 s of a TCP peer that is
 * silent. source_close is due in any case. */
int source_open(const char *path, unsigned baud, struct source *out);

/* Lets go of it; standard input stays open. */
void source_close(struct source *source);

#endif
