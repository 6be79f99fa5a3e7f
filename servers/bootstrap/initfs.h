/* SPDX-License-Identifier: MIT
 * The initfs service: the archive's files and the directories that their paths imply, read-only.
 * Invariant: pure over struct initfs; the daemon calls it through its table, tests on the host. */
#ifndef TACH_SERVERS_BOOTSTRAP_INITFS_H
#define TACH_SERVERS_BOOTSTRAP_INITFS_H

#include "servers/lib/initfs_read.h"
#include "servers/service.h"

/* A long read's answer lies in the archive itself, at req->buffer; a listing is made at
 * req->buffer as it came, which must have room for this many bytes. */
#define INITFS_LIST_BYTES 1024u
#define INITFS_READ_MAX   RXBUF_MAX

/* self->state is a struct initfs that was found good; self->host is not used. */
extern const struct service_ops initfs_service;

#endif
