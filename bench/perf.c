/* SPDX-License-Identifier: MIT
 * The host's counters; see bench/perf.h. Opened by the system call that perf itself uses, so that
 * its answer is an errno and no text. A counter begins with the program and is passed on to its
 * threads. */
#include "bench/perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/figure.h"
#include "bench/process.h"

static const struct perf_event_choice hardware[] = {
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    {"branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
    {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
};
static const struct perf_event_choice software[] = {
    {"task_clock_ns", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
    {"page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    {"context_switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
    {"cpu_migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
};
/* Of QEMU's emulator of x86; interrupts are among the exceptions. */
static const struct uprobe emulator[] = {
    {.name = "cr3_writes", .symbol = "cpu_x86_update_cr3"},
    {.name = "exceptions", .symbol = "do_interrupt_all"},
    {.name = "hardware_interrupts", .symbol = "do_interrupt_x86_hardirq"},
    {.name = "tlb_fills", .symbol = "tlb_set_page_full"},
};

#define TRIAL_TURNS 100000u
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int event_open(const struct perf_event_choice *event, pid_t pid)
{
    struct perf_event_attr attr = {.type = event->type,
                                   .size = sizeof(attr),
                                   .config = event->config,
                                   .disabled = 1,
                                   .enable_on_exec = 1,
                                   .inherit = 1,
                                   .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
                                                  PERF_FORMAT_TOTAL_TIME_RUNNING};
    const unsigned long flags = PERF_FLAG_FD_CLOEXEC;

    int fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, flags);
    if (fd < 0 && (errno == EACCES || errno == EPERM)) { /* users may count their own mode */
        attr.exclude_kernel = 1;
        fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, flags);
    }
    return fd;
}

/* Lets a counter run over a loop of this process: one that opens may still count nothing. */
static bool event_counts(const struct perf_event_choice *event, int *error)
{
    uint64_t values[3] = {0};
    const int fd = event_open(event, 0);

    *error = fd < 0 ? errno : 0;
    if (fd < 0)
        return false;
    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
    for (volatile unsigned turn = 0; turn < TRIAL_TURNS; turn++)
        continue;
    const bool counted = read(fd, values, sizeof(values)) == sizeof(values) && values[0];
    close(fd);
    return counted;
}

bool perf_hardware(char *why, size_t size)
{
    int error = 0;

    if (event_counts(&hardware[0], &error) && event_counts(&hardware[1], &error)) {
        snprintf(why, size, "cycles and instructions are counted");
        return true;
    }
    if (error == EACCES || error == EPERM)
        snprintf(why, size, "%s: as root, sysctl kernel.perf_event_paranoid=2", strerror(error));
    else if (error == ENOENT || error == EOPNOTSUPP)
        snprintf(why, size, "%s: this machine shows its system no counters, as most guests",
                 strerror(error));
    else
        snprintf(why, size, "%s", error ? strerror(error) : "they open, and count nothing");
    return false;
}

static void why_add(struct perf *out, const char *what, const char *why)
{
    const size_t used = strlen(out->why);

    snprintf(out->why + used, sizeof(out->why) - used, "%s%s: %s", used ? "; " : "", what, why);
}

/* Takes those events of a list that can be opened. The first that cannot says why. */
static size_t events_take(const struct perf_event_choice *list, size_t count, const char *what,
                          struct perf *out)
{
    int error = 0;

    for (size_t i = 0; i < count; i++) {
        const int fd = event_open(&list[i], 0);
        if (fd >= 0) {
            out->events[out->count++] = list[i];
            close(fd);
        } else if (!error) {
            error = errno;
        }
    }
    if (!out->count)
        why_add(out, what, strerror(error));
    return out->count;
}

static size_t probes_take(bool emulated, struct perf *out)
{
    struct perf_event_choice list[COUNT(emulator)];
    char program[4096], why[160] = "";
    size_t count = 0;

    if (!emulated || geteuid() || !process_path(QEMU_PROGRAM, program, sizeof(program))) {
        why_add(out, "uprobes", emulated ? "root only" : "QEMU does not emulate here");
        return 0;
    }
    memcpy(out->probes, emulator, sizeof(emulator));
    if (!uprobe_make(program, out->probes, COUNT(emulator), why)) {
        why_add(out, "uprobes", why);
        return 0;
    }
    out->probe_count = COUNT(emulator);
    for (size_t i = 0; i < COUNT(emulator); i++)
        if (out->probes[i].event)
            list[count++] = (struct perf_event_choice){emulator[i].name, PERF_TYPE_TRACEPOINT,
                                                       out->probes[i].event};
    return events_take(list, count, "uprobes", out);
}

void perf_open(bool emulated, struct perf *out)
{
    *out = (struct perf){.source = "none"};
    if (events_take(hardware, COUNT(hardware), "hardware events", out))
        out->source = "hardware";
    else if (probes_take(emulated, out))
        out->source = "uprobes";
    else if (events_take(software, COUNT(software), "software events", out))
        out->source = "software";
    fprintf(stderr, "tach run: perf counts by %s%s%s%s\n",
            !strcmp(out->source, "uprobes") ? "probes on QEMU" : out->source,
            out->why[0] ? " (" : "", out->why, out->why[0] ? ")" : "");
}

void perf_attach(const struct perf *perf, pid_t pid, struct perf_boot *boot)
{
    perf_boot_free(boot);
    for (size_t i = 0; i < perf->count; i++)
        boot->fds[i] = event_open(&perf->events[i], pid);
    boot->count = perf->count;
}

void perf_detach(const struct perf *perf, struct perf_boot *boot)
{
    json_t *events = json_object(), *shares = json_object();
    uint64_t values[3]; /* the count, and for how many ns it was wanted and made */

    for (size_t i = 0; i < boot->count; i++) {
        if (boot->fds[i] < 0 || read(boot->fds[i], values, sizeof(values)) != sizeof(values))
            continue;
        json_object_set_new(events, perf->events[i].name, json_integer((json_int_t)values[0]));
        if (values[2] < values[1])
            json_object_set_new(shares, perf->events[i].name,
                                json_number((double)values[2] / (double)values[1]));
    }
    perf_boot_free(boot);
    boot->json = json_pack("{ss so so}", "source", perf->source, "why", json_text(perf->why),
                           "events", events);
    if (boot->json && json_object_size(shares))
        json_object_set(boot->json, "counted_share", shares);
    json_decref(shares);
}

void perf_boot_free(struct perf_boot *boot)
{
    for (size_t i = 0; i < boot->count; i++)
        if (boot->fds[i] >= 0)
            close(boot->fds[i]);
    json_decref(boot->json);
    *boot = (struct perf_boot){.count = 0};
}

void perf_close(struct perf *perf)
{
    if (perf->probe_count)
        uprobe_remove(perf->probes, perf->probe_count);
    *perf = (struct perf){.source = "none"};
}
