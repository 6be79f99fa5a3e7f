/* SPDX-License-Identifier: MIT
 * The small printf of user programs, and the texts of errors.
 * Invariant: nothing is allocated and nothing is kept between two calls; a text longer than
 * PRINT_MAX bytes is cut. Called by all user programs and by host tests. */
#include "servers/lib/print.h"
#include "kernel/abi/errors.h"
#include "servers/lib/file.h"
#include "servers/lib/string.h"

#define PRINT_MAX 512

struct sink {
    char *buffer;
    uint64_t size, used; /* used counts on past the end */
};

struct field {
    unsigned width, longs;
    char pad;
    int left;
};

static void put_char(struct sink *out, char c)
{
    if (out->used + 1 < out->size)
        out->buffer[out->used] = c;
    out->used++;
}

static void put_pad(struct sink *out, const struct field *f, uint64_t length)
{
    for (uint64_t i = length; i < f->width; i++)
        put_char(out, f->left ? ' ' : f->pad);
}

static void put_text(struct sink *out, const struct field *f, const char *text)
{
    uint64_t length = strlen(text);
    if (!f->left)
        put_pad(out, f, length);
    for (uint64_t i = 0; i < length; i++)
        put_char(out, text[i]);
    if (f->left)
        put_pad(out, f, length);
}

static void put_number(struct sink *out, const struct field *f, uint64_t value, unsigned base)
{
    char digits[21];
    unsigned at = sizeof(digits) - 1;
    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    put_text(out, f, digits + at);
}

static void put_signed(struct sink *out, const struct field *f, long value)
{
    struct field rest = *f;
    if (value < 0) {
        put_char(out, '-');
        rest.width -= rest.width > 0;
    }
    put_number(out, &rest, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

static const char *field_parse(const char *at, struct field *f)
{
    *f = (struct field){0, 0, ' ', 0};
    for (; *at == '-' || *at == '0'; at++) {
        f->left |= *at == '-';
        f->pad = *at == '0' ? '0' : f->pad;
    }
    for (; *at >= '0' && *at <= '9'; at++)
        f->width = f->width * 10 + (unsigned)(*at - '0');
    for (; *at == 'l' || *at == 'z'; at++)
        f->longs++;
    return at;
}

/* One conversion; false: not known. */
static int put_field(struct sink *out, const struct field *f, char kind, va_list *list)
{
    char one[2] = {0, 0};
    switch (kind) {
    case 's':
        put_text(out, f, va_arg(*list, const char *));
        return 1;
    case 'c':
        one[0] = (char)va_arg(*list, int);
        put_text(out, f, one);
        return 1;
    case 'd':
    case 'i':
        put_signed(out, f, f->longs ? va_arg(*list, long) : va_arg(*list, int));
        return 1;
    case 'u':
    case 'x':
        put_number(out, f, f->longs ? va_arg(*list, uint64_t) : va_arg(*list, unsigned),
                   kind == 'x' ? 16 : 10);
        return 1;
    case 'p':
        put_number(out, f, (uint64_t)va_arg(*list, void *), 16);
        return 1;
    case '%':
        put_char(out, '%');
        return 1;
    default:
        return 0;
    }
}

uint64_t print_list(char *buffer, uint64_t size, const char *format, va_list list)
{
    struct sink out = {buffer, size, 0};
    va_list rest;
    va_copy(rest, list);
    for (const char *at = format; *at; at++) {
        struct field f;
        const char *kind = at;
        if (*at == '%' && put_field(&out, &f, *(kind = field_parse(at + 1, &f)), &rest))
            at = kind;
        else
            put_char(&out, *at);
    }
    va_end(rest);
    if (size > 0)
        buffer[out.used < size ? out.used : size - 1] = 0;
    return out.used;
}

uint64_t print_to(char *buffer, uint64_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    uint64_t bytes = print_list(buffer, size, format, list);
    va_end(list);
    return bytes;
}

void print(const char *format, ...)
{
    char text[PRINT_MAX];
    va_list list;
    va_start(list, format);
    uint64_t bytes = print_list(text, sizeof(text), format, list);
    va_end(list);
    file_write_all(1, text, bytes < sizeof(text) ? bytes : sizeof(text) - 1);
}

const char *error_text(long error)
{
    switch (error < 0 ? -error : error) {
#define X(name, value, text)                                                                       \
    case T_##name:                                                                                 \
        return text;
        ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}
