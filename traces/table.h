/* SPDX-License-Identifier: MIT
 * A capture as flat rows (CSV) or as one JSON document, for the programs of others. Invariant:
 * every number is exact; what JSON's integers cannot hold is a decimal string. Called by the export
 * verb.
 */
#ifndef TACH_TRACES_TABLE_H
#define TACH_TRACES_TABLE_H

#include <stdio.h>

#include "traces/capture.h"

/* What the rows of a CSV file are. X(name, columns after those of the boot) */
#define TABLES(X)                                                                                  \
    X(hist, "cell,metric,calls,value,count")                                                       \
    X(counts, "cell,calls,traps,cr3_writes,copied_bytes")                                          \
    X(counters, "cell,calls,kind,state,event,count,empty")                                         \
    X(events, "tsc,cpu,thread,task,event,arg,aux,flags,syscall")                                   \
    X(calls, "cell,call,iteration,thread,task,phase,begin,ticks,syscall")

enum table {
#define X(name, columns) TABLE_##name,
    TABLES(X)
#undef X
};

/* Writes the rows of all boots, a line of column names first: of `calls` a row for each interval
 * between two stamps of a traced call, in its order, with the thread that had the CPU. Returns 0,
 * or -1 when memory is out; errors of `out` show in ferror(out). */
int table_csv(FILE *out, const struct capture *capture, enum table table);

/* Writes the document. Returns 0, or -1 when memory is out or `out` fails. */
int table_json(FILE *out, const struct capture *capture);

#endif
