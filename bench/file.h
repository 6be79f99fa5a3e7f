/* SPDX-License-Identifier: MIT
 * Whole files in and out, with the error line and the exit code that every verb shares. Invariant:
 * a file that file_finish reported as good is on its way to the disk in full. */
#ifndef TACH_BENCH_FILE_H
#define TACH_BENCH_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Reads at most limit bytes of path into fresh memory, a zero byte behind them. Errors are said
 * under the verb's name. Returns an enum tach_exit; *text is the caller's to free when it is 0. */
int file_read(const char *verb, const char *path, size_t limit, char **text, size_t *size);

/* Copies the first line of a small file, such as those of /proc and /sys, without its end; false
 * where there is none, and out is empty then. Says nothing. */
bool file_line(const char *path, char *out, size_t size);

/* Reads path as JSON, an object or an array, in which no key stands twice. Errors are said with
 * line and column. Returns an enum tach_exit; *out is the caller's to drop when it is 0, else NULL.
 */
int file_json(const char *verb, const char *path, size_t limit, json_t **out);

/* Opens path for writing, making the directories above it. NULL after an error line. */
FILE *file_create(const char *verb, const char *path);

/* Closes what file_create opened and says whether every byte was taken: an enum tach_exit. */
int file_finish(const char *verb, const char *path, FILE *file);

/* As file_create, but the bytes go beside path; file_replace_finish moves them there. Whoever
 * looks, after a kill at any moment too, finds the old file or the new one, whole. */
FILE *file_replace(const char *verb, const char *path);

/* Closes what file_replace opened, sees it to the disk and puts it in place; where that fails the
 * old file stays. Returns an enum tach_exit after a line. */
int file_replace_finish(const char *verb, const char *path, FILE *file);

/* Makes a directory and those above it; existing ones are fine. Returns an enum tach_exit. */
int file_directory(const char *verb, const char *path);

#endif
