/* SPDX-License-Identifier: MIT
 * The servers that init looks after.
 * Invariant: a server in the table is running, or failed and reported; its scheme is there once. */
#ifndef TACH_SERVERS_INIT_INIT_H
#define TACH_SERVERS_INIT_INIT_H

#include <stdbool.h>
#include <stdint.h>

/* Starts /bin/svc-NAME for the scheme and waits until it serves; a failure is reported. */
void servers_add(const char *name, const char *scheme);

/* A child died: restarts it when it is a server of ours (3 times in 10 s). False: it is not. */
bool servers_died(long tid, uint64_t status);

/* "ended with status N", "died by exception N", "died by signal N" into text. */
void status_text(uint64_t status, char text[48]);

#endif
