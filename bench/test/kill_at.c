/* SPDX-License-Identifier: MIT
 * A library for LD_PRELOAD that kills tach with SIGKILL at a chosen call of those that change files
 * or children: TACH_KILL_AT=N, before the Nth. So a test can end a run at every one of its points,
 * and at the same ones each time. Other programs and tach's children are left alone. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t victim;
static unsigned long calls_left;

__attribute__((constructor)) static void kill_arm(void)
{
    const char *at = getenv("TACH_KILL_AT");

    if (at && !strcmp(program_invocation_short_name, "tach")) {
        calls_left = strtoul(at, NULL, 10);
        victim = getpid();
    }
}

static void kill_count(void)
{
    if (victim == getpid() && calls_left && --calls_left == 0)
        kill(victim, SIGKILL);
}

/* X(result, name, parameters, arguments) */
#define CALLS(X)                                                                                   \
    X(FILE *, fopen, (const char *path, const char *mode), (path, mode))                           \
    X(int, fflush, (FILE * file), (file))                                                          \
    X(int, fclose, (FILE * file), (file))                                                          \
    X(int, fsync, (int file), (file))                                                              \
    X(int, rename, (const char *from, const char *to), (from, to))                                 \
    X(int, unlink, (const char *path), (path))                                                     \
    X(int, mkdir, (const char *path, mode_t mode), (path, mode))                                   \
    X(pid_t, fork, (void), ())                                                                     \
    X(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))

#define X(result, name, parameters, arguments)                                                     \
    result name parameters;                                                                        \
    result name parameters                                                                         \
    {                                                                                              \
        static result(*next) parameters;                                                           \
        if (!next)                                                                                 \
            *(void **)(&next) = dlsym(RTLD_NEXT, #name);                                           \
        kill_count();                                                                              \
        return next arguments;                                                                     \
    }
CALLS(X)
#undef X
