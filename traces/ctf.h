/* SPDX-License-Identifier: MIT
 * Writes trace records as CTF 1.8, the format that babeltrace2 and Trace Compass read: a directory
 * a boot with its metadata and a stream a CPU. Called by the export verb. */
#ifndef TACH_TRACES_CTF_H
#define TACH_TRACES_CTF_H

#include "traces/capture.h"

/* Writes DIRECTORY/boot-N for each boot that has records; N counts the capture's boots from 1. None
 * of these may exist. Returns TACH_OK; or after an error line TACH_CANTCREATE, TACH_BADDATA (no
 * records at all) or TACH_INTERNAL. */
int ctf_write(const char *verb, const char *directory, const struct capture *capture);

#endif
