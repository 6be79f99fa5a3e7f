/* SPDX-License-Identifier: MIT
 * Exit codes of every tach verb, once. Scripts rely on them: a value never changes its meaning.
 * Verbs return these names and nothing else. */
#ifndef TACH_BENCH_EXITS_H
#define TACH_BENCH_EXITS_H

/* X(name, value, meaning) */
#define TACH_EXITS(X)                                                                              \
    X(OK, 0, "done")                                                                               \
    X(DIFFERENT, 1, "figures moved, or stand above their budget")                                  \
    X(INCONCLUSIVE, 2, "not enough was measured to say")                                           \
    X(USAGE, 64, "wrong arguments")                                                                \
    X(BADDATA, 65, "malformed, foreign or truncated input")                                        \
    X(NOINPUT, 66, "an input is missing or cannot be read")                                        \
    X(UNAVAILABLE, 69, "this machine cannot do that")                                              \
    X(INTERNAL, 70, "a fault of tach itself, or out of memory")                                    \
    X(CANTCREATE, 73, "an output cannot be written")                                               \
    X(IOERR, 74, "a device failed while it was read or written")

enum tach_exit {
#define X(name, value, text) TACH_##name = value,
    TACH_EXITS(X)
#undef X
};

#endif
