/* SPDX-License-Identifier: MIT
 * A process that is killed while it adds runs: at 200 of its system calls, one after the other,
 * from the first look at the file to the last, while another process adds too. Whenever it was, the
 * store opens again, its pages are sound, and each run is there as a whole or not at all. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/history/store.h"
#include "bench/test/unit.h"

#define KILLS      200u
#define POINTS     40u
#define ADDS       3u /* transactions of the victim */
#define CALLS_MOST 20000u

static char directory[] = "/tmp/tach-kill-XXXXXX", path[64];

/* Adds one run of POINTS points, each with the value that its run's time says. */
static int run_add(struct db *db, int64_t time_us)
{
    struct history_run run = run_empty();
    struct entries entries = {0};
    struct tally tally;
    char name[32];
    size_t at;

    run.class = "kvm";
    run.machine = "m";
    run.time_us = time_us;
    struct entry *entry = entries_add(&entries, &run);
    for (unsigned i = 0; entry && i < POINTS; i++) {
        const double sample = (double)time_us;
        struct entry_point point = {.suite = "s",
                                    .name = name,
                                    .metric = "whole",
                                    .unit = "cycles",
                                    .point = point_empty(),
                                    .samples = &sample,
                                    .sample_count = 1};
        snprintf(name, sizeof(name), "series/%u", i);
        point.point.value = sample;
        if (entry_add(&entries, entry, &point))
            entry = NULL;
    }
    int status = !entry || entries_finish(&entries, &at) ? TACH_INTERNAL
                                                         : store_append(db, &entries, &tally);
    entries_free(&entries);
    return status;
}

/* What a process that adds does, from `first` on; forever where count is 0. */
static _Noreturn void writer(int64_t first, unsigned count)
{
    struct db *db;

    if (db_open("kill", path, DB_CREATE, &db))
        _exit(1);
    for (unsigned i = 0; !count || i < count; i++) {
        if (run_add(db, first + i))
            _exit(2);
        if (!count)
            usleep(2000);
    }
    db_close(db);
    _exit(0);
}

static _Noreturn void victim(int64_t first)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
        _exit(3);
    raise(SIGSTOP);
    writer(first, ADDS);
}

/* Runs a victim up to its system call number `calls` (entries and returns both count) and kills it
 * there. Returns how many there were, at the end of one that came to it; -1 for a failed one. */
static long victim_run(int64_t first, long calls)
{
    int status;
    long passed = 0;

    const pid_t pid = fork();
    if (pid == 0)
        victim(first);
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return -1;
    for (; passed < calls; passed++) {
        if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) || waitpid(pid, &status, 0) != pid)
            return -1;
        if (!WIFSTOPPED(status))
            return WIFEXITED(status) && !WEXITSTATUS(status) ? passed : -1;
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? passed : -1;
}

struct found {
    size_t faults, partial, runs;
};

static int fault_note(void *context, const char *text)
{
    fprintf(stderr, "fault: %s\n", text);
    ((struct found *)context)->faults++;
    return TACH_OK;
}

static int run_note(void *context, const struct db_row *row)
{
    struct found *found = context;

    found->runs++;
    found->partial += db_int(row, 0) != POINTS || db_int(row, 1) != POINTS;
    return TACH_OK;
}

static struct found store_look(void)
{
    struct found found = {0};
    const struct db_query query = {
        .sql = "SELECT count(value), sum(value = time_us) FROM runs LEFT JOIN points ON run_id = "
               "id GROUP BY id",
        .each = run_note,
        .context = &found};
    struct db *db;

    if (db_open("kill", path, DB_CREATE, &db)) {
        found.faults++;
        return found;
    }
    if (db_examine(db, fault_note, &found) || db_run(db, &query))
        found.faults++;
    db_close(db);
    return found;
}

static void store_remove(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[96];

    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        unlink(name);
    }
}

/* Kills at so many places; a fresh store each time, or one that grows. */
static void kills_run(unsigned kills, bool fresh, int64_t first)
{
    long whole = victim_run(first, CALLS_MOST);
    size_t least = fresh ? 0 : ADDS, killed = 0;

    if (!CHECK(whole > 100 && whole < (long)CALLS_MOST))
        return;
    for (unsigned i = 0; i < kills; i++) {
        if (fresh)
            store_remove();
        const long at = whole * (long)(i + 1) / (long)(kills + 1);
        const long passed = victim_run(first + 1000 * (int64_t)(i + 1), at);
        const struct found found = store_look();
        HOLD(passed > 0);
        HOLD(!found.faults && !found.partial);
        HOLD(found.runs >= least); /* what was reported before stays */
        least = fresh ? 0 : found.runs;
        killed += passed == at;
        if (passed < at) /* the other was in the way when they were counted */
            whole = passed;
    }
    CHECK(killed > kills * 3 / 4); /* the others had come to their end */
}

int main(void)
{
    if (!mkdtemp(directory))
        return 1;
    snprintf(path, sizeof(path), "%s/history.db", directory);
    kills_run(KILLS / 2, true, 1000000);
    store_remove(); /* before anybody else has it open */
    const pid_t other = fork();
    if (other == 0)
        writer(INT64_C(1) << 40, 0);
    kills_run(KILLS / 2, false, 2000000);
    CHECK(waitpid(other, NULL, WNOHANG) == 0); /* it was never disturbed */
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    const struct found found = store_look();
    CHECK(!found.faults && !found.partial && found.runs > KILLS / 2);
    printf("%zu runs are whole\n", found.runs);
    store_remove();
    rmdir(directory);
    return unit_done("history-kill");
}
