/* SPDX-License-Identifier: MIT
 * The table of names as the scheme `name:`. name:NAME holds its owner's TID as one line of decimal
 * digits; name: itself lists the names, one a line. Read-only: names are made by messages.
 * Invariant: a file's handle is the TID that its open found, so a file never changes its meaning;
 * once that task is gone, reads answer ESRCH. */
#ifndef TACH_SERVERS_NAMESERVER_FILES_H
#define TACH_SERVERS_NAMESERVER_FILES_H

#include "servers/nameserver/names.h"
#include "servers/service.h"

/* A long read's answer is made at req->buffer, which must have room for this many bytes. */
#define NAMES_STAGE_BYTES 1024u

/* self->state is a struct names; self->host is not used. */
extern const struct service_ops name_service;

#endif
