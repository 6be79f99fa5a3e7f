/* SPDX-License-Identifier: MIT
 * Fields of protocol buffers (see protobuf.h): a key, which is number and wire type, then a varint,
 * eight bytes, or a length and so many bytes. */
#include "traces/protobuf.h"

#include <string.h>

#define WIRE_VARINT 0u
#define WIRE_FIXED  1u
#define WIRE_LENGTH 2u
#define HEAD_MAX    20u /* two varints of 64 bits */

struct head {
    size_t size;
    uint8_t bytes[HEAD_MAX];
};

static void varint_put(struct head *head, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        head->bytes[head->size++] = (uint8_t)(value | 0x80);
    head->bytes[head->size++] = (uint8_t)value;
}

static struct head head_make(unsigned field, unsigned type)
{
    struct head head = {0};

    varint_put(&head, (uint64_t)field << 3 | type);
    return head;
}

static void field_append(struct protobuf *message, const struct head *head, const void *bytes,
                         size_t size)
{
    if (head->size + size > sizeof message->bytes - message->size)
        return;
    memcpy(message->bytes + message->size, head->bytes, head->size);
    if (size)
        memcpy(message->bytes + message->size + head->size, bytes, size);
    message->size += head->size + size;
}

void protobuf_number(struct protobuf *message, unsigned field, uint64_t value)
{
    struct head head = head_make(field, WIRE_VARINT);

    varint_put(&head, value);
    field_append(message, &head, NULL, 0);
}

void protobuf_fixed(struct protobuf *message, unsigned field, uint64_t value)
{
    const struct head head = head_make(field, WIRE_FIXED);
    uint8_t bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    field_append(message, &head, bytes, sizeof bytes);
}

void protobuf_text(struct protobuf *message, unsigned field, const char *text)
{
    struct head head = head_make(field, WIRE_LENGTH);
    char clean[PROTOBUF_MAX];
    size_t size = 0;

    for (; text[size] && size < sizeof clean; size++)
        clean[size] = text[size] >= ' ' && text[size] <= '~' ? text[size] : '?';
    varint_put(&head, size);
    field_append(message, &head, clean, size);
}

void protobuf_message(struct protobuf *message, unsigned field, const struct protobuf *part)
{
    struct head head = head_make(field, WIRE_LENGTH);

    varint_put(&head, part->size);
    field_append(message, &head, part->bytes, part->size);
}
