/* SPDX-License-Identifier: MIT
 * Child processes with a bound; see bench/process.h. Polling at 2 ms is exact enough for limits of
 * seconds and needs no signal handler that could race with the caller's. */
#include "bench/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS_NOT_FOUND 127
#define POLL_NS          2000000L

double process_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* In the child. Its own group keeps the terminal's Ctrl-C from it: the parent decides. */
static _Noreturn void child_run(const char *const *argv, int log, pid_t parent, int gate)
{
    char byte;
    const int empty = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        _exit(STATUS_NOT_FOUND);
    if (empty < 0 || dup2(empty, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(STATUS_NOT_FOUND);
    while (read(gate, &byte, 1) < 0 && errno == EINTR)
        continue;
    execvp(argv[0], (char *const *)(const void *)argv);
    dprintf(2, "%s: %s\n", argv[0], strerror(errno));
    _exit(STATUS_NOT_FOUND);
}

int process_start(struct process *process, const char *const *argv, const char *log, double limit_s)
{
    const int failed = process_start_held(process, argv, log, limit_s);

    process_release(process);
    return failed;
}

void process_release(struct process *process)
{
    if (process->gate > 0)
        close(process->gate);
    process->gate = -1;
}

int process_start_held(struct process *process, const char *const *argv, const char *log,
                       double limit_s)
{
    int gate[2];
    const int file = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    const pid_t parent = getpid();

    *process = (struct process){.limit_s = limit_s, .started_s = process_now(), .gate = -1};
    if (file < 0)
        return -1;
    if (pipe2(gate, O_CLOEXEC)) {
        close(file);
        return -1;
    }
    fflush(NULL); /* or the child could print the parent's buffer once more */
    const pid_t pid = fork();
    if (pid == 0) {
        close(gate[1]);
        child_run(argv, file, parent, gate[0]);
    }
    const int error = errno;
    close(file);
    close(gate[0]);
    if (pid < 0)
        close(gate[1]);
    errno = error;
    if (pid < 0)
        return -1;
    process->pid = pid;
    process->gate = gate[1];
    return 0;
}

static void process_reaped(struct process *process, int status)
{
    process->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    process->took_s = process_now() - process->started_s;
    process->pid = 0;
}

bool process_ended(struct process *process)
{
    int status;

    if (!process->pid)
        return true;
    const pid_t pid = waitpid(process->pid, &status, WNOHANG);
    if (pid == process->pid) {
        process_reaped(process, status);
    } else if (process_now() - process->started_s > process->limit_s) {
        process_kill(process);
        process->timed_out = true;
    }
    return !process->pid;
}

void process_wait(struct process *process)
{
    while (!process_ended(process))
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
}

void process_kill(struct process *process)
{
    int status = -1;

    if (!process->pid)
        return;
    process_release(process);
    kill(process->pid, SIGKILL);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    process_reaped(process, status);
}

bool process_found(const char *name)
{
    char full[4096];

    return process_path(name, full, sizeof(full));
}

bool process_path(const char *name, char *out, size_t size)
{
    const char *path = getenv("PATH");

    while (path && *path) {
        const size_t length = strcspn(path, ":");
        if ((size_t)snprintf(out, size, "%.*s/%s", (int)length, path, name) < size &&
            !access(out, X_OK))
            return true;
        path += length + (path[length] == ':');
    }
    return false;
}
