/* SPDX-License-Identifier: MIT
 * Protocol buffer messages, built by hand: fields appended to a message of bounded size. Invariant:
 * a field that does not fit is left out whole, so what is written always parses. Called by the
 * Perfetto exporter. */
#ifndef TACH_TRACES_PROTOBUF_H
#define TACH_TRACES_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#define PROTOBUF_MAX 1024u

struct protobuf {
    size_t size;
    uint8_t bytes[PROTOBUF_MAX];
};

/* Appends an integer, an enumeration or a boolean. */
void protobuf_number(struct protobuf *message, unsigned field, uint64_t value);

/* Appends a fixed64. */
void protobuf_fixed(struct protobuf *message, unsigned field, uint64_t value);

/* Appends a string, all but printable ASCII as '?': a protobuf string must be valid UTF-8. */
void protobuf_text(struct protobuf *message, unsigned field, const char *text);

/* Appends a message as a field of another. */
void protobuf_message(struct protobuf *message, unsigned field, const struct protobuf *part);

#endif
