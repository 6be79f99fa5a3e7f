/* SPDX-License-Identifier: MIT
 * Log lines. One formatter into a small buffer on the stack, handed on piece by piece, so a line of
 * any length needs no memory. Works from the first instruction of hal_main on. */
#include "kernel/hal/log.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/hal/hal.h"
#include "kernel/hal/screen.h"

#define LOG_BUFFER   128u
#define FIELD_MAX    32u
#define BASE_DECIMAL 10u
#define BASE_HEX     16u

static void sink_uart(const char *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        uart_put((uint8_t)bytes[i]);
}

void (*klog_sink)(const char *bytes, uint64_t count) = sink_uart;

/* The serial port first: it has the text even if the screen should be what fails. */
void klog_bytes(const char *bytes, uint64_t count)
{
    klog_sink(bytes, count);
    screen_write(bytes, count);
}

struct output {
    char bytes[LOG_BUFFER];
    unsigned count;
};

static void output_flush(struct output *out)
{
    klog_bytes(out->bytes, out->count);
    out->count = 0;
}

static void output_char(struct output *out, char c)
{
    if (out->count == LOG_BUFFER)
        output_flush(out);
    out->bytes[out->count++] = c;
}

static void output_string(struct output *out, const char *s)
{
    for (s = s != NULL ? s : "(null)"; *s != '\0'; s++)
        output_char(out, *s);
}

static void output_number(struct output *out, uint64_t value, unsigned base, unsigned width)
{
    char digits[FIELD_MAX];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count < width && count < FIELD_MAX)
        digits[count++] = '0';
    while (count != 0)
        output_char(out, digits[--count]);
}

static void output_signed(struct output *out, int64_t value, unsigned width)
{
    if (value < 0)
        output_char(out, '-');
    /* negated as unsigned: the lowest value has no positive twin */
    output_number(out, value < 0 ? -(uint64_t)value : (uint64_t)value, BASE_DECIMAL, width);
}

/* What stands between '%' and the letter: a width (filled with zeros) and 'l'. */
struct field {
    unsigned width;
    bool is_long;
};

static const char *field_parse(const char *format, struct field *field)
{
    *field = (struct field){0};
    for (; *format >= '0' && *format <= '9'; format++)
        field->width = field->width * BASE_DECIMAL + (unsigned)(*format - '0');
    for (; *format == 'l'; format++)
        field->is_long = true;
    return format;
}

static uint64_t argument_unsigned(va_list *arguments, bool is_long)
{
    return is_long ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned);
}

static int64_t argument_signed(va_list *arguments, bool is_long)
{
    return is_long ? va_arg(*arguments, long) : va_arg(*arguments, int);
}

static void output_field(struct output *out, char letter, struct field field, va_list *arguments)
{
    switch (letter) {
    case 's':
        output_string(out, va_arg(*arguments, const char *));
        break;
    case 'c':
        output_char(out, (char)va_arg(*arguments, int));
        break;
    case 'd':
        output_signed(out, argument_signed(arguments, field.is_long), field.width);
        break;
    case 'u':
        output_number(out, argument_unsigned(arguments, field.is_long), BASE_DECIMAL, field.width);
        break;
    case 'x':
        output_number(out, argument_unsigned(arguments, field.is_long), BASE_HEX, field.width);
        break;
    case 'p':
        output_string(out, "0x");
        output_number(out, (uint64_t)va_arg(*arguments, void *), BASE_HEX, BASE_HEX);
        break;
    default:
        output_char(out, letter);
    }
}

void klog_list(const char *format, va_list arguments)
{
    struct output out = {.count = 0};
    va_list list;
    va_copy(list, arguments);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            output_char(&out, *format);
            continue;
        }
        struct field field;
        format = field_parse(format + 1, &field);
        if (*format == '\0')
            break;
        output_field(&out, *format, field, &list);
    }
    va_end(list);
    output_flush(&out);
}

void klog(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    klog_list(format, arguments);
    va_end(arguments);
}
