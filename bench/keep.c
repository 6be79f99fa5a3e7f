/* SPDX-License-Identifier: MIT
 * The directories of a run: fresh, locked, and the latest; see bench/keep.h. */
#include "bench/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "traces/say.h"

#define LOCK_TRIES   20u /* for one second in all */
#define LOCK_WAIT_NS 50000000L
#define LATEST       RUN_DIRECTORY "/latest"
#define LATEST_PART  RUN_DIRECTORY "/.latest"

static int directory_fresh(const char *class, char **out)
{
    const time_t now = time(NULL);
    struct tm local;
    char date[32];

    int status = file_directory("run", RUN_DIRECTORY);
    strftime(date, sizeof(date), "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    for (unsigned attempt = 1; !status && attempt < 100; attempt++) {
        char suffix[8] = "";
        if (attempt > 1)
            snprintf(suffix, sizeof(suffix), "-%u", attempt);
        if (asprintf(out, RUN_DIRECTORY "/%s-%s%s", date, class, suffix) < 0)
            return TACH_INTERNAL;
        if (!mkdir(*out, 0777))
            return TACH_OK;
        if (errno != EEXIST) {
            status = say_error(TACH_CANTCREATE, "run", *out, "%s", strerror(errno));
        }
        free(*out);
        *out = NULL;
    }
    return status ? status : TACH_CANTCREATE;
}

/* Any of these means that a run lives there. */
static bool directory_taken(const char *path)
{
    static const char *const names[] = {STATE_FILE, "boot-1.frames", "machine.json",
                                        FIGURE_SUITE ".ci.json"};
    char full[4096];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(full, sizeof(full), "%s/%s", path, names[i]);
        if (!access(full, F_OK))
            return true;
    }
    return false;
}

int keep_directory(const char *path, const char *class, char **out)
{
    *out = NULL;
    if (!path)
        return directory_fresh(class, out);
    if (strlen(path) > 400) {
        return say_error(TACH_CANTCREATE, "run", "--out", "a path of more than 400 bytes");
    }
    if (directory_taken(path)) {
        return say_error(TACH_CANTCREATE, "run", path, "holds a run already; nothing was touched");
    }
    const int status = file_directory("run", path);
    *out = status ? NULL : strdup(path);
    return status ? status : *out ? TACH_OK : TACH_INTERNAL;
}

int keep_begin(struct run *run)
{
    char *path;
    int status = TACH_OK;

    for (unsigned i = 0; !status && i < run->plan.sides; i++) {
        struct run_side *side = &run->sides[i];
        if (asprintf(&side->directory, "%s%s%s", run->directory, *side->name ? "/" : "",
                     side->name) < 0)
            return TACH_INTERNAL;
        status = file_directory("run", side->directory);
    }
    if (status || asprintf(&path, "%s/" STATE_MATRIX, run->directory) < 0)
        return status ? status : TACH_INTERNAL;
    FILE *file = file_replace("run", path);
    if (file)
        fwrite(run->matrix_text, 1, run->matrix_size, file);
    status = file ? file_replace_finish("run", path, file) : TACH_CANTCREATE;
    free(path);
    return status;
}

/* The lock is the directory's own: it needs no file, and goes with the process. A child that a
 * killed process was about to start has it too for a moment, until it sees that it is alone. */
int keep_lock(const char *directory)
{
    const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0;

    if (fd < 0)
        return say_error(TACH_NOINPUT, "run", directory, "%s", strerror(errno));
    for (unsigned tries = 0; tries < LOCK_TRIES; tries++) {
        failed = flock(fd, LOCK_EX | LOCK_NB);
        if (!failed || errno != EWOULDBLOCK)
            break;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_WAIT_NS}, NULL);
    }
    if (!failed)
        return TACH_OK; /* fd stays open: it is the lock */
    const int error = errno;
    close(fd);
    return say_error(TACH_CANTCREATE, "run", directory, "%s",
                     error == EWOULDBLOCK ? "another process is at work there" : strerror(error));
}

void keep_latest(const char *directory)
{
    const char *name = strrchr(directory, '/');

    unlink(LATEST_PART);
    /* Moved into place, so that there is always a run behind the name. */
    if (!name || symlink(name + 1, LATEST_PART) || rename(LATEST_PART, LATEST))
        say_error(0, "run", LATEST, "%s", strerror(errno));
}
