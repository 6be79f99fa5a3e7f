/* SPDX-License-Identifier: MIT
 * Child processes with a bound: every child has a deadline, is killed by its own pid only, and dies
 * with its parent. Called by the probe, the runner and the plotter. */
#ifndef TACH_BENCH_PROCESS_H
#define TACH_BENCH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define QEMU_PROGRAM "qemu-system-x86_64"

struct process {
    int gate;         /* of one that is held: closed, it begins; else -1 or 0 */
    pid_t pid;        /* 0: none, or ended */
    double started_s; /* on the monotonic clock */
    double limit_s;   /* seconds from the start */
    double took_s;    /* once ended */
    int status;       /* exit status, or -1 for a signal */
    bool timed_out;
};

/* Seconds on the monotonic clock. */
double process_now(void);

/* Starts argv (searched in PATH), standard input empty, both outputs to the file log (created or
 * truncated). Returns 0, or -1 with errno; a program that is not there ends with status 127. */
int process_start(struct process *process, const char *const *argv, const char *log,
                  double limit_s);

/* The same, but the program begins only with process_release: until then the child can be watched.
 */
int process_start_held(struct process *process, const char *const *argv, const char *log,
                       double limit_s);
void process_release(struct process *process);

/* Looks once, without waiting; kills a child that is past its limit. True once it has ended. */
bool process_ended(struct process *process);

/* Waits for the end, or for the limit. */
void process_wait(struct process *process);

/* Kills and reaps one child; nothing when it has ended already. */
void process_kill(struct process *process);

/* True when a program of that name is in PATH. */
bool process_found(const char *name);

/* Where it is; false when it is not, or out is too small. */
bool process_path(const char *name, char *out, size_t size);

#endif
