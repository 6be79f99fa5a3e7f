/* SPDX-License-Identifier: MIT
 * The clock's governor; see bench/tune/governor.h. */
#include "bench/tune/governor.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/file.h"
#include "traces/say.h"

bool governor_named(const char *text)
{
    return *text && strlen(text) < GOVERNOR_NAME &&
           !text[strspn(text, "abcdefghijklmnopqrstuvwxyz_")];
}

/* Writes a word and reads it back; 0 or an errno. */
static int word_write(const char *path, const char *word)
{
    char now[GOVERNOR_NAME];
    const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    if (fd < 0)
        return errno;
    const int error = write(fd, word, strlen(word)) < 0 ? errno : 0;
    if (close(fd) || error)
        return error ? error : EIO;
    return file_line(path, now, sizeof(now)) && !strcmp(now, word) ? 0 : EIO;
}

/* Puts all back; the first path that could not be, or NULL. */
static const char *policies_restore(struct governor *governor, int *error)
{
    const char *failed = NULL;

    for (size_t i = 0; i < governor->count; i++) {
        const int now = word_write(governor->policies[i].path, governor->policies[i].before);
        if (!now || failed)
            continue;
        failed = governor->policies[i].path;
        *error = now;
    }
    return failed;
}

static void policies_free(struct governor *governor)
{
    for (size_t i = 0; i < governor->count; i++)
        free(governor->policies[i].path);
    free(governor->policies);
    *governor = (struct governor){.count = 0};
}

/* Changes one policy and notes it; 0 or an errno. */
static int policy_set(const char *path, const char *name, struct governor *out)
{
    struct governor_policy *policy = &out->policies[out->count];

    if (!file_line(path, policy->before, sizeof(policy->before)))
        return EIO;
    if (!strcmp(policy->before, name))
        return 0;
    policy->path = strdup(path);
    if (!policy->path)
        return ENOMEM;
    out->count++; /* before it is written: what is half done is put back too */
    return word_write(path, name);
}

/* Why a policy did not take the word; those that it knows stand beside it. */
static void refusal_explain(const char *path, const char *name, int error, char why[200])
{
    char beside[300], known[100];

    snprintf(beside, sizeof(beside), "%.*s/scaling_available_governors",
             (int)(strrchr(path, '/') - path), path);
    if (error == EINVAL && file_line(beside, known, sizeof(known)))
        snprintf(why, 200, "no governor %.31s here, but: %s", name, known);
    else
        snprintf(why, 200, "%.80s: %s%s", path, strerror(error),
                 error == EACCES || error == EPERM ? " (root only)" : "");
}

bool governor_set(const char *sys, const char *name, struct governor *out, char why[200])
{
    char pattern[200], before[GOVERNOR_NAME] = "";
    glob_t found;
    size_t at;
    int error = 0;

    *out = (struct governor){.count = 0};
    snprintf(pattern, sizeof(pattern), "%s/devices/system/cpu/cpufreq/policy*/scaling_governor",
             sys);
    if (glob(pattern, 0, NULL, &found)) {
        snprintf(why, 200, "no cpufreq here: the clock is the firmware's or an outer host's");
        return false;
    }
    out->policies = calloc(found.gl_pathc, sizeof(*out->policies));
    if (!out->policies)
        refusal_explain(pattern, name, error = ENOMEM, why);
    for (at = 0; !error && at < found.gl_pathc; at++) {
        error = policy_set(found.gl_pathv[at], name, out);
        if (error)
            refusal_explain(found.gl_pathv[at], name, error, why);
    }
    if (!error && out->count)
        memcpy(before, out->policies[0].before, sizeof(before));
    if (!error)
        snprintf(why, 200, out->count ? "%s, was %s" : "%s already", name, before);
    globfree(&found);
    if (error) {
        policies_restore(out, &error);
        policies_free(out);
    }
    return !error;
}

void governor_restore(struct governor *governor)
{
    int error = 0;

    if (!governor->count)
        return;
    const char *failed = policies_restore(governor, &error);
    if (failed) {
        say_error(0, "run", failed, "the governor cannot be put back: %s", strerror(error));
    } else {
        fputs("tach run: governor ", stderr);
        say_name(stderr, governor->policies[0].before);
        fputs(" again\n", stderr);
    }
    policies_free(governor);
}
