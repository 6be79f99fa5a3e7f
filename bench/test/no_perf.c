/* SPDX-License-Identifier: MIT
 * A library for LD_PRELOAD that refuses perf_event_open, as a container does: the answer to every
 * call is EACCES. All other calls of syscall(2) go through. */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>

long syscall(long number, ...);

long syscall(long number, ...)
{
    static long (*next)(long, ...);
    long arguments[6];
    va_list list;

    if (number == SYS_perf_event_open) {
        errno = EACCES;
        return -1;
    }
    if (!next)
        *(void **)(&next) = dlsym(RTLD_NEXT, "syscall");
    va_start(list, number);
    for (unsigned i = 0; i < 6; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                arguments[5]);
}
