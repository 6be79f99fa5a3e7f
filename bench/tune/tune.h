/* SPDX-License-Identifier: MIT
 * A quiet host for QEMU: a CPU of its own, a priority, large pages, the clock's governor. What was
 * wanted, what was got and why not more stands beside each boot. Invariant: what is said to have
 * been got was read back from the process; a busy guest of real-time priority always leaves the
 * host a CPU. Called by the runner (open, close) and by what starts and watches boots (the rest).
 */
#ifndef TACH_BENCH_TUNE_TUNE_H
#define TACH_BENCH_TUNE_TUNE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "bench/tune/cpus.h"
#include "bench/tune/governor.h"

/* X(member, name): what a host can be asked for, as --tune and run.json name it. */
#define TUNE_ITEMS(X)                                                                              \
    X(pin, "pin")                                                                                  \
    X(priority, "priority")                                                                        \
    X(hugepages, "hugepages")

struct tune_wish {
#define X(member, name) bool member;
    TUNE_ITEMS(X)
#undef X
    char governor[GOVERNOR_NAME]; /* "": as it is */
};

/* One thing that was asked for, or not. */
struct tune_item {
    bool wanted, got;
    char what[200]; /* what it is, or why it is not; one line, "" where it was not wanted */
};

/* The host of one boot. */
struct tune_boot {
    bool begun, placed; /* placed: its vCPU's thread was found, and all threads put in place */
    bool real_time;
    int cpu;    /* of its own, or -1 */
    pid_t vcpu; /* the thread that runs the guest; 0: not found */
#define X(member, name) struct tune_item member;
    TUNE_ITEMS(X)
#undef X
    double ran_ms, waited_ms; /* of the guest's thread: on its CPU, and kept from it */
    double stolen_ms;         /* what an outer host took of that CPU */
    double stolen_before_ms;
};

/* The host of a run. */
struct tune {
    struct tune_wish wish;
    struct cpus cpus;
    cpu_set_t taken; /* by boots under way */
    int first;       /* the CPU that is taken first, boot after boot; -1: none yet */
    char first_why[120];
    unsigned real_times;
    bool qemu;        /* has QEMU's options, which Bochs has not */
    bool hugetlb;     /* guest memory from the pool of large pages */
    unsigned pages;   /* of 2 MiB that a guest needs */
    char memory[120]; /* QEMU's word for it */
    bool told;        /* the line about the first boot is out */
    bool cpu_free;    /* some CPU stays for the rest of QEMU, so that a guest may keep its own */
    struct tune_item hugepages, governor;
    struct governor changed;
};

/* What a run knows when its host is looked at. */
struct tune_ask {
    unsigned jobs; /* boots at a time */
    unsigned memory_mib;
    int cpu; /* of an earlier part of the run; -1: none */
    bool qemu;
};

/* Reads "all", "off" or names with commas between them. Returns NULL, or what is wrong. */
const char *tune_parse(const char *text, struct tune_wish *out);

/* The wish as tune_parse takes it; "off" for none. The governor is not in it. */
void tune_text(const struct tune_wish *wish, char *out, size_t size);

/* Looks at the host and changes the governor where that is wished. Nothing that cannot be had ends
 * a run. tune_close is due. */
void tune_open(const struct tune_wish *wish, const struct tune_ask *ask, struct tune *out);

/* Puts the governor back. */
void tune_close(struct tune *tune);

/* QEMU's words for it behind those that are there, at most six; a tune of NULL has none. They
 * borrow from it. Returns how many words there are then. */
size_t tune_args(const struct tune *tune, const char **argv, size_t used);

/* Prepares a process that has not begun its program: its threads inherit it. */
void tune_begin(struct tune *tune, pid_t pid, struct tune_boot *boot);

/* Looks at a process under way, and puts its threads in place once they are there. Cheap. */
void tune_follow(struct tune *tune, pid_t pid, struct tune_boot *boot);

/* After the end, or a kill: gives its CPU back. Nothing where it never began. */
void tune_end(struct tune *tune, struct tune_boot *boot);

/* What a boot got, for run.json and machine.json; NULL when memory ends. */
json_t *tune_json(const struct tune_boot *boot);

/* {wanted, got, what} */
json_t *tune_item_json(const struct tune_item *item);

/* The same in one line, without a line's end. */
void tune_say(FILE *out, const struct tune *tune, const struct tune_boot *boot);

/* How many pages of 2 MiB are free below `sys` ("/sys"); 0 also where there are none at all. */
unsigned tune_pages_free(const char *sys);

#endif
