/* SPDX-License-Identifier: MIT
 * Writes histograms as .hgrm, the percentile text of HdrHistogram that its plotters read. Values
 * are ticks a call and exact: no bucket was ever made of them. Called by the export verb. */
#ifndef TACH_TRACES_HGRM_H
#define TACH_TRACES_HGRM_H

#include "traces/capture.h"

/* Writes DIRECTORY/boot-N/CELL.METRIC.hgrm for each histogram of each boot, '/' and what is no
 * plain character in a name as '%' and two hexadecimal digits. Returns TACH_OK, or after a line
 * TACH_CANTCREATE, or TACH_BADDATA when there is no histogram. */
int hgrm_write(const char *verb, const char *directory, const struct capture *capture);

#endif
