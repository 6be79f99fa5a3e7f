/* SPDX-License-Identifier: MIT
 * The host's CPUs; see bench/tune/cpus.h. */
#include "bench/tune/cpus.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/file.h"

#define WATCH_NS 50000000L
#define LIST_MAX 4096u

/* What /proc/stat says of each CPU, in its ticks. */
struct ticks {
    double all[CPU_SETSIZE], idle[CPU_SETSIZE], stolen[CPU_SETSIZE];
    unsigned cpus; /* that are listed */
};

bool cpus_list_read(const char *text, cpu_set_t *out)
{
    CPU_ZERO(out);
    while (*text && *text != '\n') {
        char *end;
        const unsigned long low = strtoul(text, &end, 10);
        unsigned long high = low;
        if (*text < '0' || *text > '9')
            return false;
        if (*end == '-') {
            text = end + 1;
            high = strtoul(text, &end, 10);
            if (*text < '0' || *text > '9')
                return false;
        }
        if (high < low || high >= CPU_SETSIZE)
            return false; /* what follows is a comma, or no digit in the next turn */
        for (unsigned long cpu = low; cpu <= high; cpu++)
            CPU_SET(cpu, out);
        text = end + (*end == ',');
    }
    return true;
}

void cpus_list_write(const cpu_set_t *set, char *out, size_t size)
{
    size_t used = 0;

    out[0] = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++) {
        int last = cpu;
        if (!cpus_has(set, cpu))
            continue;
        while (last + 1 < CPU_SETSIZE && cpus_has(set, last + 1))
            last++;
        used += (size_t)snprintf(out + used, size - used, "%s%d", used ? "," : "", cpu);
        if (last > cpu && used < size)
            used +=
                (size_t)snprintf(out + used, size - used, "%c%d", last > cpu + 1 ? '-' : ',', last);
        cpu = last;
    }
}

/* A list in a file; false where there is none. */
static bool list_take(const char *sys, const char *name, cpu_set_t *out)
{
    char path[200], text[LIST_MAX];

    snprintf(path, sizeof(path), "%s/devices/system/cpu/%s", sys, name);
    return file_line(path, text, sizeof(text)) && cpus_list_read(text, out);
}

static int first_of(const cpu_set_t *set, int otherwise)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (cpus_has(set, cpu))
            return cpu;
    return otherwise;
}

void cpus_read(const char *sys, struct cpus *out)
{
    char name[64];
    cpu_set_t siblings;

    memset(out, 0, sizeof(*out));
    if (sched_getaffinity(0, sizeof(out->own), &out->own))
        CPU_ZERO(&out->own); /* more CPUs than a set holds: none is chosen */
    if (!list_take(sys, "online", &out->online))
        out->online = out->own;
    if (!list_take(sys, "isolated", &out->isolated))
        CPU_ZERO(&out->isolated);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        snprintf(name, sizeof(name), "cpu%d/topology/thread_siblings_list", cpu);
        out->core[cpu] = (uint16_t)cpu;
        if (cpus_has(&out->online, cpu) && list_take(sys, name, &siblings))
            out->core[cpu] = (uint16_t)first_of(&siblings, cpu);
    }
}

static void ticks_read(struct ticks *out)
{
    FILE *file = fopen("/proc/stat", "r");
    char line[512];
    unsigned cpu;

    memset(out, 0, sizeof(*out));
    while (file && fgets(line, sizeof(line), file)) {
        double at[8] = {0}; /* user nice system idle iowait irq softirq steal */
        /* the line of all together has no number, and %u would take its first count for one */
        if (strncmp(line, "cpu", 3) || !isdigit((unsigned char)line[3]) ||
            sscanf(line, "cpu%u %lf %lf %lf %lf %lf %lf %lf %lf", &cpu, &at[0], &at[1], &at[2],
                   &at[3], &at[4], &at[5], &at[6], &at[7]) < 5 ||
            cpu >= CPU_SETSIZE)
            continue;
        for (unsigned i = 0; i < 8; i++)
            out->all[cpu] += at[i];
        out->idle[cpu] = at[3] + at[4];
        out->stolen[cpu] = at[7];
        out->cpus++;
    }
    if (file)
        fclose(file);
}

void cpus_watch(struct cpus *cpus)
{
    static struct ticks before, after;

    ticks_read(&before);
    nanosleep(&(struct timespec){.tv_nsec = WATCH_NS}, NULL);
    ticks_read(&after);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        const double all = after.all[cpu] - before.all[cpu];
        const double idle = after.idle[cpu] - before.idle[cpu];
        cpus->busy[cpu] = all > 0 && idle < all ? (all - (idle > 0 ? idle : 0)) / all : 0;
    }
}

double cpus_stolen_ms(int cpu)
{
    static struct ticks now;
    double steal = 0;

    ticks_read(&now);
    for (int i = 0; cpu < 0 && i < CPU_SETSIZE; i++)
        steal += now.stolen[i];
    if (cpu < 0)
        steal /= now.cpus ? now.cpus : 1;
    else if (cpu < CPU_SETSIZE)
        steal = now.stolen[cpu];
    return steal * 1000 / (double)sysconf(_SC_CLK_TCK);
}

/* The CPUs that a guest may have. Isolated ones stand in nobody's mask by default; who narrowed
 * tach's mask, by taskset or a cpuset, meant it. */
static void candidates(const struct cpus *cpus, const cpu_set_t *taken, cpu_set_t *out)
{
    cpu_set_t usual, kept;

    CPU_AND(&kept, &cpus->online, &cpus->isolated);
    CPU_XOR(&usual, &cpus->online, &kept);
    *out = cpus->own;
    CPU_AND(&kept, &usual, &cpus->own);
    if (CPU_EQUAL(&kept, &usual))
        CPU_OR(out, out, &cpus->isolated);
    CPU_AND(out, out, &cpus->online);
    CPU_AND(&kept, out, taken);
    CPU_XOR(out, out, &kept);
}

/* A CPU of the same core that is busy or taken; -1: none. */
static int sibling_busy(const struct cpus *cpus, const cpu_set_t *taken, int cpu)
{
    for (int other = 0; other < CPU_SETSIZE; other++)
        if (other != cpu && cpus_has(&cpus->online, other) &&
            cpus->core[other] == cpus->core[cpu] &&
            (cpus->busy[other] > CPUS_BUSY || cpus_has(taken, other)))
            return other;
    return -1;
}

/* How much speaks against a CPU, the weightiest first. */
static unsigned against(const struct cpus *cpus, const cpu_set_t *taken, int cpu)
{
    return (cpus_isolated(cpus, cpu) ? 0 : 8u) + (cpu ? 0 : 4u) +
           (sibling_busy(cpus, taken, cpu) < 0 ? 0 : 2u) + (cpus->busy[cpu] > CPUS_BUSY ? 1u : 0);
}

static void choice_explain(const struct cpus *cpus, const cpu_set_t *taken, int cpu, char *why,
                           size_t size)
{
    const int sibling = sibling_busy(cpus, taken, cpu);
    size_t used;

    used = (size_t)snprintf(why, size, "CPU %d (%s", cpu,
                            cpus_isolated(cpus, cpu)        ? "isolated"
                            : CPU_COUNT(&cpus->isolated)    ? "not isolated"
                            : CPU_COUNT(&cpus->online) == 1 ? "the only one"
                                                            : "not isolated, as none is");
    if (sibling >= 0 && used < size)
        used += (size_t)snprintf(why + used, size - used, ", its SMT sibling %d is busy", sibling);
    if (cpus->busy[cpu] > CPUS_BUSY && used < size)
        used += (size_t)snprintf(why + used, size - used, ", %.0f %% busy before",
                                 100 * cpus->busy[cpu]);
    if (used < size)
        snprintf(why + used, size - used, ")");
}

int cpus_choose(const struct cpus *cpus, const cpu_set_t *taken, char *why, size_t size)
{
    cpu_set_t list;
    int best = -1;

    candidates(cpus, taken, &list);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
        if (cpus_has(&list, cpu) &&
            (best < 0 || against(cpus, taken, cpu) < against(cpus, taken, best)))
            best = cpu;
    if (best >= 0)
        choice_explain(cpus, taken, best, why, size);
    else
        snprintf(why, size, "%s",
                 CPU_COUNT(taken) ? "each CPU has a QEMU already"
                                  : "tach's own CPUs are not known");
    return best;
}

bool cpus_isolated(const struct cpus *cpus, int cpu)
{
    return cpus_has(&cpus->isolated, cpu);
}
