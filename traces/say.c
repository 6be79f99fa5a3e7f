/* SPDX-License-Identifier: MIT
 * Error lines and escaped text (see say.h). */
#include "traces/say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "bench/exits.h"
#include "traces/capture.h"

void say_text(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte == '\\')
            fputs("\\\\", out);
        else if (byte == '\n')
            fputs("\\n", out);
        else if (byte == '\t')
            fputs("\\t", out);
        else if (byte >= ' ' && byte <= '~')
            fputc(byte, out);
        else
            fprintf(out, "\\x%02x", byte);
    }
}

void say_field(FILE *out, const char *field, size_t size)
{
    say_text(out, field, strnlen(field, size));
}

void say_name(FILE *out, const char *name)
{
    say_text(out, name, strlen(name));
}

void say_copy(const char *text, char *out, size_t size)
{
    FILE *memory = fmemopen(out, size, "w");

    out[0] = 0;
    if (!memory)
        return;
    say_name(memory, text);
    fclose(memory);
    out[size - 1] = 0;
}

int say_error(int status, const char *verb, const char *subject, const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fprintf(stderr, "tach %s: ", verb);
    say_name(stderr, subject);
    fputs(": ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

int say_load(const char *verb, const char *path, struct capture *out)
{
    int status = capture_load(path, out);

    return status == TACH_OK ? status : say_error(status, verb, path, "%s", out->error);
}

int say_losses(const char *verb, const char *path, const struct capture *capture)
{
    struct boot_losses sum = {0};
    size_t endless = 0, headless = 0;
    uint64_t refused = frame_damaged(&capture->counts);

    for (size_t i = 0; i < capture->boot_count; i++) {
        const struct boot *boot = &capture->boots[i];

        endless += !boot->has_end;
        headless += !boot->has_hello;
        sum.missing += boot->lost.missing;
        sum.malformed += boot->lost.malformed;
        sum.incomplete += boot->lost.incomplete;
        sum.events_lost += boot->lost.events_lost;
        sum.why = sum.why ? sum.why : boot->lost.why;
    }
    refused -= refused < capture->repaired ? refused : capture->repaired;
    if (endless + headless + refused + sum.missing + sum.malformed + sum.incomplete +
            sum.events_lost ==
        0)
        return TACH_OK;
    return say_error(TACH_BADDATA, verb, path,
                     "not whole: %zu boots without END, %zu without HELLO, %" PRIu64
                     " frames missing, %" PRIu64 " refused, %" PRIu64 " malformed%s%s%s, %" PRIu64
                     " series incomplete, %" PRIu64 " events lost",
                     endless, headless, sum.missing, refused, sum.malformed, sum.why ? " (" : "",
                     sum.why ? sum.why : "", sum.why ? ")" : "", sum.incomplete, sum.events_lost);
}

int say_capture(const char *verb, const char *path,
                int (*show)(const void *context, const struct capture *capture),
                const void *context)
{
    struct capture capture;
    int status = say_load(verb, path, &capture);

    if (status == TACH_OK) {
        status = show(context, &capture);
        const int losses = say_losses(verb, path, &capture);
        status = status == TACH_OK ? losses : status;
    }
    capture_free(&capture);
    return status;
}
