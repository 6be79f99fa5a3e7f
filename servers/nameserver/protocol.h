/* SPDX-License-Identifier: MIT
 * How to talk to the nameserver (TID_NAMESERVER): one call a question, all in registers.
 *   op            request                          answer (W0 below 0: an error)
 *   REGISTER      W0..W3 name, W4 rights           W0 0
 *   LOOKUP        W0..W3 name                      W0 0, W1 TID, generation included
 *   LIST          W0 index                         W0 0, W1..W4 name, W5 TID; ENOENT past the end
 *   UNREGISTER    W0..W3 name                      W0 0
 * A name has 1 to 31 bytes of a-z 0-9 . _ - and lies NUL-padded in four words. `rights` is the
 * highest level number that may look the name up. Names that begin with "sys." are level 0's.
 * A name goes with its owner's death. Files: name: lists the names, name:NAME holds the TID.
 * Errors: EINVAL, EEXIST, ENOSPC, ENOENT, EPERM (not the owner, or level), ENOSYS (op). */
#ifndef TACH_SERVERS_NAMESERVER_PROTOCOL_H
#define TACH_SERVERS_NAMESERVER_PROTOCOL_H

#define NAME_WORDS     4u
#define NAME_BYTES_MAX 31u

/* X(name, value, request bytes) */
#define NAME_OPS(X)                                                                                \
    X(REGISTER, 1, 40)                                                                             \
    X(LOOKUP, 2, 32)                                                                               \
    X(LIST, 3, 8)                                                                                  \
    X(UNREGISTER, 4, 32)

enum name_op {
#define X(name, value, bytes) NAME_##name = value,
    NAME_OPS(X)
#undef X
};

#endif
