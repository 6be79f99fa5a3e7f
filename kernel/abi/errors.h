/* SPDX-License-Identifier: MIT
 * Error numbers of every Tach interface, from one X-table. Values are Linux's, so that host tools
 * and people read them without a dictionary. A kernel call returns them negated. */
#ifndef TACH_ABI_ERRORS_H
#define TACH_ABI_ERRORS_H

/* X(name, value, text) */
#define ERRORS(X)                                                                                  \
    X(EPERM, 1, "not permitted")                                                                   \
    X(ENOENT, 2, "no such name")                                                                   \
    X(ESRCH, 3, "no such task")                                                                    \
    X(EINTR, 4, "interrupted")                                                                     \
    X(EIO, 5, "input/output error")                                                                \
    X(E2BIG, 7, "larger than a message may be")                                                    \
    X(ENOEXEC, 8, "not an executable")                                                             \
    X(EBADF, 9, "bad descriptor")                                                                  \
    X(ECHILD, 10, "not a child")                                                                   \
    X(EAGAIN, 11, "nothing there now")                                                             \
    X(ENOMEM, 12, "out of memory")                                                                 \
    X(EACCES, 13, "access denied")                                                                 \
    X(EFAULT, 14, "bad address")                                                                   \
    X(EBUSY, 16, "busy")                                                                           \
    X(EEXIST, 17, "exists already")                                                                \
    X(ENODEV, 19, "no such scheme, or its server died")                                            \
    X(EINVAL, 22, "invalid argument")                                                              \
    X(EMFILE, 24, "descriptor table full")                                                         \
    X(EXDEV, 18, "of another scheme")                                                              \
    X(EFBIG, 27, "file too large")                                                                 \
    X(ENOSPC, 28, "no space left")                                                                 \
    X(ESPIPE, 29, "cannot seek")                                                                   \
    X(EPIPE, 32, "no reader")                                                                      \
    X(ERANGE, 34, "out of range")                                                                  \
    X(EDEADLK, 35, "deadlock")                                                                     \
    X(ENAMETOOLONG, 36, "name too long")                                                           \
    X(ENOSYS, 38, "no such call")                                                                  \
    X(EBADFD, 77, "stale or forged reply token")                                                   \
    X(EOPNOTSUPP, 95, "not supported by this service")                                             \
    X(EMSGSIZE, 90, "does not fit")                                                                \
    X(ECONNREFUSED, 111, "nobody accepts")                                                         \
    X(ETIMEDOUT, 110, "timed out")                                                                 \
    X(ECANCELED, 125, "cancelled")

enum err {
    OK = 0,
#define X(name, value, text) T_##name = value,
    ERRORS(X)
#undef X
};

/* Results at or above this, seen as unsigned, are negated errors (the top 4095 values). */
#define ERR_FLOOR (-4095L)

#endif
