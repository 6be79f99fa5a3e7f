/* SPDX-License-Identifier: MIT
 * How every verb speaks: one error line, and text from outside made safe to print. Invariant: no
 * byte of a file, a guest or an argument reaches the terminal as a control sequence.
 * Called by all verbs, of bench/ and of traces/. */
#ifndef TACH_TRACES_SAY_H
#define TACH_TRACES_SAY_H

#include <stddef.h>
#include <stdio.h>

/* Prints "tach VERB: SUBJECT: what is wrong" to stderr, the subject escaped; returns `status`. */
int say_error(int status, const char *verb, const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prints `length` bytes with everything but printable ASCII as \n, \t, \xNN; backslash doubled. */
void say_text(FILE *out, const char *text, size_t length);

/* The same up to a NUL or `size`: for padded fields. */
void say_field(FILE *out, const char *field, size_t size);

/* The same of a string: for names of files, cells and machines. */
void say_name(FILE *out, const char *name);

/* Copies a string as say_name prints it, cut at size, which is not 0. */
void say_copy(const char *text, char *out, size_t size);

struct capture;

/* Loads a capture for a verb; says what is wrong. Returns an enum tach_exit; `out` must be freed.
 */
int say_load(const char *verb, const char *path, struct capture *out);

/* The verdict on a loaded capture's losses: TACH_OK when every boot is whole, else one line of what
 * was lost and TACH_BADDATA. */
int say_losses(const char *verb, const char *path, const struct capture *capture);

/* What a verb of one capture does: loads it, shows it with `show`, says its losses. Returns the
 * first of their statuses that is not TACH_OK. */
int say_capture(const char *verb, const char *path,
                int (*show)(const void *context, const struct capture *capture),
                const void *context);

#endif
