/* SPDX-License-Identifier: MIT
 * Puts QEMU where it is to run; see bench/tune/tune.h. A child that waits for its release is given
 * its CPU and priority, so that each of its threads inherits both from its first instruction on;
 * once the guest's thread has its name, all the others go elsewhere. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/file.h"
#include "bench/tune/tune.h"

#define REAL_TIME 1 /* of SCHED_FIFO: above all that is not real-time, below all that is */
#define NICE_LOW  -20
#define NS_A_MS   1e6
#define WORDS_MAX 64u

static bool only_cpu(const cpu_set_t *set, int cpu)
{
    return CPU_COUNT(set) == 1 && cpus_has(set, cpu);
}

/* The CPUs for what is not the guest's thread; all where none but its own is there. */
static void rest_of(const struct tune *tune, int cpu, cpu_set_t *out)
{
    cpu_set_t free_cpus, kept;

    *out = tune->cpus.own;
    if (cpu >= 0)
        CPU_CLR((size_t)cpu, out);
    CPU_AND(&kept, out, &tune->taken);
    CPU_XOR(&free_cpus, out, &kept);
    if (CPU_COUNT(&free_cpus))
        *out = free_cpus;
    if (!CPU_COUNT(out))
        *out = tune->cpus.own;
}

/* Puts the process on one CPU; false, and why, where it does not stay there. */
static bool cpu_give(pid_t pid, int cpu, struct tune_item *item)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    if (!sched_setaffinity(pid, sizeof(one), &one) && !sched_getaffinity(pid, sizeof(one), &one) &&
        only_cpu(&one, cpu))
        return true;
    snprintf(item->what, sizeof(item->what), "CPU %d: %s", cpu, strerror(errno));
    return false;
}

/* One that a cpuset keeps from tach is taken for absent from then on. */
static void pin_begin(struct tune *tune, pid_t pid, struct tune_boot *boot)
{
    struct tune_item *item = &boot->pin;

    if (!item->wanted)
        return;
    boot->cpu = tune->first;
    snprintf(item->what, sizeof(item->what), "%s", tune->first_why);
    if (boot->cpu < 0 || cpus_has(&tune->taken, boot->cpu))
        boot->cpu = cpus_choose(&tune->cpus, &tune->taken, item->what, sizeof(item->what));
    while (boot->cpu >= 0 && !cpu_give(pid, boot->cpu, item)) {
        char why[sizeof(item->what)];
        CPU_CLR((size_t)boot->cpu, &tune->cpus.online);
        boot->cpu = cpus_choose(&tune->cpus, &tune->taken, why, sizeof(why));
        if (boot->cpu >= 0)
            snprintf(item->what, sizeof(item->what), "%s", why);
    }
    if (boot->cpu < 0)
        return;
    item->got = true;
    CPU_SET((size_t)boot->cpu, &tune->taken);
    if (tune->first >= 0)
        return;
    tune->first = boot->cpu; /* all boots on one CPU, as no two are quite alike */
    snprintf(tune->first_why, sizeof(tune->first_why), "%.119s", item->what);
}

/* Whether the host keeps a CPU that no guest of real-time priority can hold. */
static bool host_kept(const struct tune *tune, int cpu)
{
    cpu_set_t rest = tune->cpus.own, kept;

    CPU_AND(&kept, &rest, &tune->cpus.online);
    rest = kept;
    if (cpu < 0)
        return (unsigned)CPU_COUNT(&rest) > tune->real_times + 1;
    CPU_AND(&kept, &rest, &tune->taken); /* this boot's own is among them */
    return CPU_COUNT(&rest) > CPU_COUNT(&kept);
}

/* The kernel takes some of each second from real-time threads, unless it was told not to. */
static void throttle_explain(char *out, size_t size)
{
    char runtime[32], period[32];

    out[0] = 0;
    if (file_line("/proc/sys/kernel/sched_rt_runtime_us", runtime, sizeof(runtime)) &&
        file_line("/proc/sys/kernel/sched_rt_period_us", period, sizeof(period)) &&
        atol(runtime) >= 0 && atol(runtime) < atol(period))
        snprintf(out, size, ", of which the host may take back %ld in %ld us (sched_rt_runtime_us)",
                 atol(period) - atol(runtime), atol(period));
}

/* The lowest nice value that is allowed. Returns whether it is lower than it was. */
static bool nice_begin(pid_t pid, const char *why, struct tune_item *item)
{
    struct rlimit limit = {.rlim_cur = 0};
    const int before = getpriority(PRIO_PROCESS, (id_t)pid);

    if (setpriority(PRIO_PROCESS, (id_t)pid, NICE_LOW) && !getrlimit(RLIMIT_NICE, &limit) &&
        limit.rlim_cur > 0 && limit.rlim_cur <= 40)
        setpriority(PRIO_PROCESS, (id_t)pid, 20 - (int)limit.rlim_cur);
    const int now = getpriority(PRIO_PROCESS, (id_t)pid);
    snprintf(item->what, sizeof(item->what), "nice %d%s%s", now,
             now < before ? ", not real-time: " : " as it was, neither real-time nor lower: ", why);
    return now < before;
}

static void priority_begin(struct tune *tune, pid_t pid, struct tune_boot *boot)
{
    const struct sched_param param = {.sched_priority = REAL_TIME};
    struct tune_item *item = &boot->priority;
    char throttle[100];

    if (!item->wanted)
        return;
    if (!host_kept(tune, boot->cpu)) {
        item->got = nice_begin(pid, "no CPU would be left for the host", item);
        return;
    }
    if (sched_setscheduler(pid, SCHED_FIFO, &param)) {
        item->got = nice_begin(pid,
                               errno == EPERM
                                   ? "no CAP_SYS_NICE or RLIMIT_RTPRIO (limits.d: USER - rtprio 1)"
                                   : strerror(errno),
                               item);
        return;
    }
    throttle_explain(throttle, sizeof(throttle));
    snprintf(item->what, sizeof(item->what), "SCHED_FIFO %d%s", REAL_TIME, throttle);
    item->got = sched_getscheduler(pid) == SCHED_FIFO;
    boot->real_time = true;
    tune->real_times++;
}

void tune_begin(struct tune *tune, pid_t pid, struct tune_boot *boot)
{
    *boot = (struct tune_boot){.begun = true, .cpu = -1, .hugepages = tune->hugepages};
    boot->pin.wanted = tune->wish.pin;
    boot->priority.wanted = tune->wish.priority;
    pin_begin(tune, pid, boot);
    priority_begin(tune, pid, boot);
    boot->stolen_before_ms = cpus_stolen_ms(boot->cpu);
}

/* A word of a file below /proc/PID, the first line of it. */
static bool proc_line(pid_t pid, pid_t thread, const char *name, char out[WORDS_MAX])
{
    char path[100];

    snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)thread, name);
    return file_line(path, out, WORDS_MAX);
}

/* QEMU's names: "CPU 0/KVM", "CPU 0/TCG", and "ALL CPUs/TCG" where one thread runs them all. */
static bool thread_guest(pid_t pid, pid_t thread)
{
    char name[WORDS_MAX];

    return proc_line(pid, thread, "comm", name) &&
           (!strncmp(name, "CPU ", 4) || !strncmp(name, "ALL CPUs/", 9));
}

/* Calls `each` for the threads of a process until it says true; the thread, or 0. */
static pid_t thread_find(pid_t pid, bool (*each)(pid_t, pid_t))
{
    char path[64];
    pid_t found = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    for (struct dirent *entry; threads && !found && (entry = readdir(threads));)
        if (isdigit((unsigned char)entry->d_name[0]) && each(pid, atoi(entry->d_name)))
            found = atoi(entry->d_name);
    if (threads)
        closedir(threads);
    return found;
}

/* Moves the other threads away from the guest's. Returns whether all of them went. */
static bool others_move(pid_t pid, pid_t vcpu, const cpu_set_t *rest)
{
    bool all = true;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    for (struct dirent *entry; threads && (entry = readdir(threads));) {
        const pid_t thread = atoi(entry->d_name);
        cpu_set_t now;
        if (!isdigit((unsigned char)entry->d_name[0]) || thread == vcpu)
            continue;
        sched_setaffinity(thread, sizeof(*rest), rest);
        /* one that has ended meanwhile is nowhere */
        all &= sched_getaffinity(thread, sizeof(now), &now) || CPU_EQUAL(&now, rest);
    }
    if (threads)
        closedir(threads);
    return threads && all;
}

static void pin_place(const struct tune *tune, pid_t pid, struct tune_boot *boot)
{
    struct tune_item *item = &boot->pin;
    const size_t used = strlen(item->what);
    char list[64];
    cpu_set_t rest, now;

    rest_of(tune, boot->cpu, &rest);
    cpus_list_write(&rest, list, sizeof(list));
    const bool moved = others_move(pid, boot->vcpu, &rest);
    item->got =
        !sched_getaffinity(boot->vcpu, sizeof(now), &now) && only_cpu(&now, boot->cpu) && moved;
    snprintf(item->what + used, sizeof(item->what) - used,
             cpus_has(&rest, boot->cpu) ? ", the rest of QEMU there too%.0s"
             : moved                    ? ", the rest of QEMU on %s"
                                        : ", but the rest of QEMU would not go to %s",
             list);
}

/* The pool's pages that the process holds. */
static void hugepages_place(pid_t pid, struct tune_boot *boot)
{
    char path[64], line[200];
    unsigned long kib = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        sscanf(line, "HugetlbPages: %lu", &kib);
    if (file)
        fclose(file);
    boot->hugepages.got = kib > 0;
    snprintf(boot->hugepages.what, sizeof(boot->hugepages.what), "%lu pages of 2 MiB", kib / 2048);
}

static void priority_place(struct tune_boot *boot)
{
    const int policy = sched_getscheduler(boot->vcpu);

    if (boot->real_time && policy != SCHED_FIFO) {
        boot->priority.got = false;
        snprintf(boot->priority.what, sizeof(boot->priority.what),
                 "the guest's thread lost SCHED_FIFO");
    }
}

/* Where the guest's thread spent its time; what is read last is kept. */
static void time_read(pid_t pid, struct tune_boot *boot)
{
    char line[WORDS_MAX];
    uint64_t ran, waited;

    if (!proc_line(pid, boot->vcpu, "schedstat", line) ||
        sscanf(line, "%" SCNu64 " %" SCNu64, &ran, &waited) != 2)
        return;
    boot->ran_ms = (double)ran / NS_A_MS;
    boot->waited_ms = (double)waited / NS_A_MS;
}

void tune_follow(struct tune *tune, pid_t pid, struct tune_boot *boot)
{
    if (!boot->begun)
        return;
    if (boot->placed) {
        time_read(pid, boot);
        return;
    }
    boot->vcpu = tune->qemu ? thread_find(pid, thread_guest) : pid; /* Bochs has one for all */
    if (!boot->vcpu)
        return;
    boot->placed = true;
    if (boot->cpu >= 0)
        pin_place(tune, pid, boot);
    if (boot->priority.wanted)
        priority_place(boot);
    if (tune->hugetlb)
        hugepages_place(pid, boot);
}

void tune_end(struct tune *tune, struct tune_boot *boot)
{
    if (!boot->begun)
        return;
    boot->begun = false;
    boot->stolen_ms = cpus_stolen_ms(boot->cpu) - boot->stolen_before_ms;
    tune->real_times -= boot->real_time;
    if (boot->cpu >= 0)
        CPU_CLR((size_t)boot->cpu, &tune->taken);
    if (boot->pin.wanted && boot->cpu >= 0 && !boot->placed) {
        const size_t used = strlen(boot->pin.what);
        snprintf(boot->pin.what + used, sizeof(boot->pin.what) - used,
                 ", all of it: the guest's own thread was not seen");
    }
}
