/* SPDX-License-Identifier: MIT
 * The files of sys: as a test reads them: whole lines, and "name number" pairs. */
#ifndef TACH_KERNEL_TEST_SYSFILE_H
#define TACH_KERNEL_TEST_SYSFILE_H

#include <stdbool.h>
#include <stdint.h>

/* The file has exactly this line (no newline in it). */
bool sysfile_line(const char *path, const char *line);

/* The number behind "name " at the beginning of a line; -1: no such line. */
long sysfile_number(const char *path, const char *name);

/* The TID of the newest living task of that name in sys:tasks; -1: none. */
long sysfile_task(const char *name);

#endif
