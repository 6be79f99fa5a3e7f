/* SPDX-License-Identifier: MIT
 * Where a neutral service runs, as whoever holds PLACE chooses it: images of modules, and moves
 * that clients do not notice.
 * Invariant: a move that fails leaves the service where it was. Called by init, tests, bench. */
#ifndef TACH_SERVERS_LIB_PLACE_H
#define TACH_SERVERS_LIB_PLACE_H

#include <stdint.h>

#include "kernel/abi/abi.h"

/* Gives the kernel initfs:/lib/NAME.kmod. It begins to serve when no scheme has that name. 0, or an
 * error (ENOEXEC: refused; EBUSY: that module is in use). */
long place_module(const char *name);

/* Moves the scheme to PLACE_*. 0, for PLACE_SERVER the TID of the new server, a child of the
 * caller; or an error (EEXIST: it is there; ETIMEDOUT: a server gave nothing). */
long place_move(const char *name, unsigned placement);

#endif
