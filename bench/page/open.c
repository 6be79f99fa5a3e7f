/* SPDX-License-Identifier: MIT
 * Shows a page: by $BROWSER, else by xdg-open; where neither is there, or nobody would see it, the
 * path is all that can be said. The browser outlives this process. Called by tach report. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/page/report.h"
#include "bench/process.h"
#include "traces/say.h"

extern char **environ;

int report_open(const char *path)
{
    const char *browser = getenv("BROWSER");
    char shell[] = "sh", flag[] = "-c", named[] = "exec $BROWSER \"$0\"", opener[] = "xdg-open";
    char *full = realpath(path, NULL);
    pid_t pid;

    if (!full)
        return say_error(TACH_NOINPUT, "report", path, "%s", strerror(errno));
    char *by_name[] = {shell, flag, named, full, NULL}, *by_desktop[] = {opener, full, NULL};
    char *const *argv = browser && *browser ? by_name : by_desktop;
    posix_spawnattr_t attributes;
    int status = TACH_OK;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    if (argv == by_desktop && !process_found(opener))
        status = say_error(TACH_UNAVAILABLE, "report", full,
                           "no $BROWSER and no xdg-open: open it by hand");
    else if (posix_spawnp(&pid, argv[0], NULL, &attributes, argv, environ))
        status = say_error(TACH_UNAVAILABLE, "report", full, "%s: %s", argv[0], strerror(errno));
    posix_spawnattr_destroy(&attributes);
    free(full);
    return status;
}
