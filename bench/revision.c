/* SPDX-License-Identifier: MIT
 * Builds a revision aside; see bench/revision.h. The work tree goes away afterwards, also where the
 * build fails; one that a kill left behind is cleared away by the next build. */
#include "bench/revision.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/drive.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/machine.h"
#include "bench/process.h"
#include "traces/say.h"

#define GIT_LIMIT_S   120.0
#define BUILD_LIMIT_S 3600.0
#define POLL_NS       20000000L
#define TREE          "tree" /* below the directory of the build, as are the images */

/* What a build works with. */
struct build {
    const char *revision, *commit;
    char part[96], tree[128], log[96], done[96];
};

/* Waits for a step of the build; a signal ends it. */
static int step_wait(struct process *process)
{
    while (!process_ended(process)) {
        if (drive_stopped())
            kill(process->pid, SIGTERM); /* make clears up behind itself */
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    return process->status;
}

/* Runs one command, its output to a log. Returns its status, -1 where it could not begin. */
static int step_run(const char *const *argv, const char *log, double limit_s)
{
    struct process process;

    if (process_start(&process, argv, log, limit_s))
        return -1;
    return step_wait(&process);
}

static void tree_remove(const struct build *build)
{
    const char *remove[] = {"git", "worktree", "remove", "--force", build->tree, NULL};
    const char *clear[] = {"rm", "-rf", build->part, NULL};
    const char *prune[] = {"git", "worktree", "prune", NULL};

    step_run(remove, "/dev/null", GIT_LIMIT_S);
    step_run(clear, "/dev/null", GIT_LIMIT_S);
    step_run(prune, "/dev/null", GIT_LIMIT_S);
}

static int tree_make(const struct build *build)
{
    const char *add[] = {"git",      "-c",        "core.hooksPath=/dev/null",
                         "worktree", "add",       "--detach",
                         "--force",  build->tree, build->commit,
                         NULL};

    tree_remove(build);
    const int status = file_directory("run", build->part);
    if (status)
        return status;
    if (step_run(add, build->log, GIT_LIMIT_S))
        return say_error(TACH_UNAVAILABLE, "run", build->revision,
                         "git cannot make a work tree of it; %s says why", build->log);
    return TACH_OK;
}

static int tree_build(const struct build *build)
{
    char jobs[24];
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const char *make[] = {"env",
                          "-u",
                          "MAKEFLAGS",
                          "-u",
                          "MFLAGS",
                          "-u",
                          "MAKELEVEL",
                          "make",
                          jobs,
                          "-C",
                          build->tree,
                          "build/loader.elf",
                          "build/kernel.elf",
                          "build/initfs.img",
                          NULL};

    snprintf(jobs, sizeof(jobs), "-j%ld", cpus > 0 ? cpus : 1);
    fprintf(stderr, "tach run: building %.12s in %s\n", build->commit, build->tree);
    const int status = step_run(make, build->log, BUILD_LIMIT_S);
    if (drive_stopped())
        return say_error(TACH_INCONCLUSIVE, "run", build->revision, "its build was stopped");
    if (status)
        return say_error(TACH_UNAVAILABLE, "run", build->revision,
                         "does not build (status %d); %s says why", status, build->log);
    return TACH_OK;
}

/* Moves the images out of the tree, and then their directory to its name. Another process may have
 * built the same meanwhile: then its images serve. */
static int images_keep(const struct build *build)
{
    static const char *const files[] = {"loader.elf", "kernel.elf", "initfs.img"};
    char from[256], images[128], to[256];

    snprintf(images, sizeof(images), "%s/images", build->part);
    if (mkdir(images, 0777))
        return say_error(TACH_CANTCREATE, "run", images, "%s", strerror(errno));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(from, sizeof(from), "%s/build/%s", build->tree, files[i]);
        snprintf(to, sizeof(to), "%s/%s", images, files[i]);
        if (rename(from, to))
            return say_error(TACH_CANTCREATE, "run", from, "%s", strerror(errno));
    }
    if (rename(images, build->done) && access(build->done, F_OK))
        return say_error(TACH_CANTCREATE, "run", build->done, "%s", strerror(errno));
    return TACH_OK;
}

static int commit_find(const char *revision, char commit[COMMIT_TEXT])
{
    char wanted[256];
    const char *parse[] = {"git",  "rev-parse", "--verify", "--quiet", "--end-of-options",
                           wanted, NULL};

    if (!process_found("git"))
        return say_error(TACH_UNAVAILABLE, "run", "git", "is not in PATH");
    if (snprintf(wanted, sizeof(wanted), "%s^{commit}", revision) >= (int)sizeof(wanted) ||
        !output_line(parse, "", GIT_LIMIT_S, commit, COMMIT_TEXT) ||
        strspn(commit, "0123456789abcdef") != strlen(commit) || strlen(commit) < 40)
        return say_error(TACH_NOINPUT, "run", revision,
                         "is no revision that git knows here, or this is no git repository");
    return TACH_OK;
}

int revision_build(const char *revision, char commit[COMMIT_TEXT], char **directory)
{
    struct build build = {.revision = revision, .commit = commit};

    *directory = NULL;
    int status = commit_find(revision, commit);
    if (status)
        return status;
    snprintf(build.part, sizeof(build.part), REVISION_DIRECTORY "/.%s.%d", commit, (int)getpid());
    snprintf(build.tree, sizeof(build.tree), "%s/" TREE, build.part);
    snprintf(build.log, sizeof(build.log), REVISION_DIRECTORY "/%s.log", commit);
    snprintf(build.done, sizeof(build.done), REVISION_DIRECTORY "/%s", commit);
    if (access(build.done, F_OK)) {
        status = tree_make(&build);
        status = status ? status : tree_build(&build);
        status = status ? status : images_keep(&build);
        tree_remove(&build);
    }
    *directory = status ? NULL : strdup(build.done);
    return status ? status : *directory ? TACH_OK : TACH_INTERNAL;
}
