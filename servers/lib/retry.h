/* SPDX-License-Identifier: MIT
 * Files whose server may die and come back: who knows that an operation may happen twice asks for
 * its repetition here; the kernel and the servers never repeat anything by themselves.
 * Invariant: r->fd is an open descriptor of the caller's or -1. */
#ifndef TACH_SERVERS_LIB_RETRY_H
#define TACH_SERVERS_LIB_RETRY_H

#include <stdint.h>

struct retry {
    const char *path;
    unsigned flags;    /* O_* of each open */
    uint64_t limit_ns; /* how long one operation may go on trying */
    int fd;            /* -1: not open */
};

/* Reads like file_read at the file's beginning or present position. When the server is gone
 * (ENODEV) the file is opened anew, from its beginning, and read again, until the limit. */
long retry_read(struct retry *r, void *buffer, uint64_t n);

#endif
