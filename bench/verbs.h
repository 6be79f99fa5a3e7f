/* SPDX-License-Identifier: MIT
 * The verbs of the one command, tach: a row a verb, a file a verb. bench/tach.c makes its dispatch
 * and its help of this table; each verb parses its own arguments with argp and returns a value of
 * bench/exits.h. */
#ifndef TACH_BENCH_VERBS_H
#define TACH_BENCH_VERBS_H

/* X(name, one line of help) in the order of a measurement's life. */
#define VERBS(X)                                                                                   \
    X(doctor, "say what this machine can measure, and why not more")                               \
    X(run, "boot the matrix, measure, and keep the run")                                           \
    X(collect, "receive frames from a file, pty, socket or standard input")                        \
    X(dump, "print the frames of a capture")                                                       \
    X(spans, "print the phases of traced calls")                                                   \
    X(export, "write a capture as csv, json, perfetto, ctf or hgrm")                                               \
    X(profile, "sample a boot: which functions, which instructions")                               \
    X(compare, "name what got slower between two runs")                                            \
    X(gate, "measure, compare, report: pass or fail")                                              \
    X(baseline, "write the committed baseline of a run")                                           \
    X(budget, "hold a run against the instruction budget")                                         \
    X(history, "keep runs commit by commit, find what changed")                                    \
    X(model, "fit what a trap, a CR3 write and a byte cost in a run")                              \
    X(plot, "draw the figures of a run as SVG and PNG")                                            \
    X(report, "write one self-contained page about a run")

/* Each takes its own name as argv[0] and returns an enum tach_exit. */
#define X(name, help) int verb_##name(int argc, char **argv);
VERBS(X)
#undef X

#endif
