/* SPDX-License-Identifier: MIT
 * See found.h. A line is formatted by the log's own formatter, whose sink is this file's while it
 * does so: interrupts are off, and nobody else logs meanwhile. */
#include "kernel/hal/found.h"

#include <stdarg.h>

#include "kernel/hal/hal.h"
#include "kernel/hal/log.h"

#define FOUND_BYTES 1024u

static char kept[FOUND_BYTES];
static uint64_t kept_count;

static void sink_keep(const char *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count && kept_count + 1 < FOUND_BYTES; i++)
        kept[kept_count++] = bytes[i];
}

void hal_found(const char *format, ...)
{
    void (*const console)(const char *bytes, uint64_t count) = klog_sink;
    const uint64_t from = kept_count;
    va_list arguments;

    va_start(arguments, format);
    klog_sink = sink_keep;
    klog_list(format, arguments);
    klog_sink = console;
    va_end(arguments);
    klog_sink(kept + from, kept_count - from);
}

const char *hal_found_lines(void)
{
    return kept;
}
