/* SPDX-License-Identifier: MIT
 * Serial ports, by libserialport: any rate that the hardware has, 8N1, no flow control. Called by
 * source.c and by the collect verb. */
#ifndef TACH_TRACES_PORT_H
#define TACH_TRACES_PORT_H

#include "traces/source.h"

/* Whether `path` is a port that the library knows; ptys are none. */
bool port_known(const char *path);

/* Opens the port and sets its line. Returns as source_open does, with fd, port, live and why set.
 */
int port_open(const char *path, unsigned baud, struct source *out);

/* Closes what port_open opened. */
void port_close(struct source *source);

/* Calls `each` with the name of every port of this machine, /dev/ttyS0 or so. Returns how many
 * there are, or -1 where they cannot be listed. */
int port_each(void (*each)(void *context, const char *name), void *context);

/* Prints the ports of this machine, a line each. Returns TACH_OK, or after an error line
 * TACH_UNAVAILABLE where there is none, TACH_IOERR where they cannot be listed. */
int port_list(const char *verb);

#endif
