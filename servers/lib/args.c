/* SPDX-License-Identifier: MIT
 * Lays out the argument block of a new task.
 * Invariant: nothing is written past ARGS_BYTES_MAX, whatever the strings are. Pure: called by
 * exec.c and by the host's tests. */
#include "servers/lib/args.h"
#include "kernel/abi/errors.h"
#include "servers/lib/string.h"

struct list_size {
    uint64_t count, bytes;
};

static struct list_size list_measure(const char *const *list)
{
    struct list_size size = {0, 0};
    for (; list && list[size.count] && size.bytes <= ARGS_BYTES_MAX; size.count++)
        size.bytes += strlen(list[size.count]) + 1;
    return size;
}

struct cursor {
    unsigned char *buffer;
    uint64_t base;    /* address of buffer[0] in the new task */
    uint64_t pointer; /* byte in the buffer where the next pointer goes */
    uint64_t text;    /* byte where the next string goes */
};

static void list_write(struct cursor *at, const char *const *list, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t bytes = strlen(list[i]) + 1;
        uint64_t address = at->base + at->text;
        memcpy(at->buffer + at->text, list[i], bytes);
        memcpy(at->buffer + at->pointer, &address, sizeof(address));
        at->text += bytes;
        at->pointer += sizeof(address);
    }
    memset(at->buffer + at->pointer, 0, sizeof(uint64_t));
    at->pointer += sizeof(uint64_t);
}

long args_build(const struct args_source *source, uint64_t top, unsigned char *buffer)
{
    struct list_size argv = list_measure(source->argv), envp = list_measure(source->envp);
    uint64_t pointers = 8 * (1 + argv.count + 1 + envp.count + 1);
    uint64_t bytes = (pointers + argv.bytes + envp.bytes + 15) & ~(uint64_t)15;
    if (bytes > ARGS_BYTES_MAX)
        return -T_E2BIG;
    memset(buffer, 0, bytes);
    memcpy(buffer, &argv.count, sizeof(argv.count));
    struct cursor at = {buffer, top - bytes, 8, pointers};
    list_write(&at, source->argv, argv.count);
    list_write(&at, source->envp, envp.count);
    return (long)bytes;
}
