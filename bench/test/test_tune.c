/* SPDX-License-Identifier: MIT
 * The quiet host: which CPU a guest gets of made-up machines, wishes, the governor of a made-up
 * /sys, and a child that is put in its place, by what Linux says of it afterwards. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/file.h"
#include "bench/process.h"
#include "bench/test/unit.h"
#include "bench/tune/tune.h"

/* A machine of so many CPUs, each a core of its own, all idle, all tach's. */
static void machine_make(unsigned cpus, struct cpus *out)
{
    memset(out, 0, sizeof(*out));
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        CPU_SET(cpu, &out->own);
        CPU_SET(cpu, &out->online);
    }
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
        out->core[cpu] = (uint16_t)cpu;
}

static int choice(const struct cpus *cpus, const char *taken, const char *says)
{
    char why[200] = "";
    cpu_set_t set;

    if (!cpus_list_read(taken, &set))
        abort();
    const int cpu = cpus_choose(cpus, &set, why, sizeof(why));
    EXPECT(strstr(why, says) != NULL);
    if (!strstr(why, says))
        printf("  %s\n", why);
    return cpu;
}

static void test_lists(void)
{
    cpu_set_t set;
    char text[32];

    EXPECT(cpus_list_read("0-3,8", &set) && CPU_COUNT(&set) == 5 && cpus_has(&set, 8));
    cpus_list_write(&set, text, sizeof(text));
    EXPECT(!strcmp(text, "0-3,8"));
    EXPECT(cpus_list_read("1,2", &set) && CPU_COUNT(&set) == 2);
    cpus_list_write(&set, text, sizeof(text));
    EXPECT(!strcmp(text, "1,2"));
    EXPECT(cpus_list_read("", &set) && !CPU_COUNT(&set));
    EXPECT(cpus_list_read("\n", &set) && !CPU_COUNT(&set));
    cpus_list_write(&set, text, sizeof(text));
    EXPECT(!strcmp(text, ""));
    EXPECT(!cpus_list_read("3-1", &set) && !cpus_list_read("x", &set) &&
           !cpus_list_read("1-", &set) && !cpus_list_read("0-99999", &set) &&
           !cpus_list_read("1;2", &set) && !cpus_list_read("-1", &set));
    EXPECT(!cpus_list_read(" 1", &set) && !cpus_list_read("+1", &set) &&
           !cpus_list_read("1-+2", &set) && !cpus_list_read("1,,2", &set) &&
           !cpus_list_read("1 2", &set) && !cpus_list_read("1-2-3", &set));
    cpus_list_read("0,2,4,6,8,10,12,14,16,18,20,22,24,26", &set);
    cpus_list_write(&set, text, 8); /* cut, not beyond */
    EXPECT(strlen(text) == 7);
    cpus_list_read("10-19,30,40-49,100-109", &set);
    for (size_t size = 1; size < 30; size++) {
        char *cut = malloc(size);
        cpus_list_write(&set, cut, size);
        EXPECT(strlen(cut) < size && !strncmp(cut, "10-19,30,40-49,100-109", strlen(cut)));
        free(cut);
    }
}

static void test_choice(void)
{
    static struct cpus cpus;

    machine_make(4, &cpus);
    EXPECT(choice(&cpus, "", "CPU 3 (not isolated, as none is)") == 3);
    EXPECT(choice(&cpus, "3", "CPU 2") == 2);
    EXPECT(choice(&cpus, "1-3", "CPU 0") == 0); /* the last that anybody wants */
    EXPECT(choice(&cpus, "0-3", "a QEMU already") == -1);
    cpus.busy[3] = 0.5;
    EXPECT(choice(&cpus, "", "CPU 2") == 2);
    cpus.busy[1] = cpus.busy[2] = 1;
    EXPECT(choice(&cpus, "", "50 % busy before") == 3); /* but 0 is worse than a busy one */
    machine_make(4, &cpus);
    cpus.core[2] = 0; /* 0 and 2, 1 and 3 are siblings */
    cpus.core[3] = 1;
    cpus.busy[1] = 0.5;
    EXPECT(choice(&cpus, "", "CPU 2") == 2);
    EXPECT(choice(&cpus, "0,1", "SMT sibling 1 is busy") == 3);
    machine_make(1, &cpus);
    EXPECT(choice(&cpus, "", "the only one") == 0);
    CPU_ZERO(&cpus.own);
    EXPECT(choice(&cpus, "", "not known") == -1);
}

/* Isolated CPUs are in no mask by default; a mask that somebody narrowed is kept to. */
static void test_isolated(void)
{
    static struct cpus cpus;

    machine_make(8, &cpus);
    CPU_SET(5, &cpus.isolated);
    CPU_CLR(5, &cpus.own);
    EXPECT(choice(&cpus, "", "CPU 5 (isolated)") == 5);
    EXPECT(choice(&cpus, "5", "(not isolated)") == 7);
    CPU_CLR(7, &cpus.own);
    EXPECT(choice(&cpus, "", "CPU 6") == 6);
    CPU_SET(5, &cpus.own);
    EXPECT(choice(&cpus, "", "CPU 5") == 5);
    CPU_CLR(5, &cpus.online);
    EXPECT(choice(&cpus, "", "CPU 6") == 6);
}

static void file_put(const char *directory, const char *name, const char *text)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = file_create("test", path);
    EXPECT(file && fputs(text, file) >= 0 && !file_finish("test", path, file));
}

static bool file_is(const char *directory, const char *name, const char *text)
{
    char path[300], line[64];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return file_line(path, line, sizeof(line)) && !strcmp(line, text);
}

static void test_topology(const char *sys)
{
    static struct cpus cpus;

    file_put(sys, "devices/system/cpu/online", "0-3\n");
    file_put(sys, "devices/system/cpu/isolated", "3\n");
    file_put(sys, "devices/system/cpu/cpu1/topology/thread_siblings_list", "0-1\n");
    cpus_read(sys, &cpus);
    EXPECT(CPU_COUNT(&cpus.online) == 4 && cpus_isolated(&cpus, 3) && !cpus_isolated(&cpus, 2));
    EXPECT(cpus.core[1] == 0 && cpus.core[2] == 2 && CPU_COUNT(&cpus.own) > 0);
    cpus_read("/nonexistent", &cpus);
    EXPECT(CPU_EQUAL(&cpus.online, &cpus.own) && !CPU_COUNT(&cpus.isolated));
    cpus_watch(&cpus);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        EXPECT(cpus.busy[cpu] >= 0 && cpus.busy[cpu] <= 1);
    EXPECT(tune_pages_free(sys) == 0);
    file_put(sys, "kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "130\n");
    EXPECT(tune_pages_free(sys) == 130);
    file_put(sys, "kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "131\n");
    EXPECT(tune_pages_free(sys) == 0);
}

#define POLICY "devices/system/cpu/cpufreq/policy"

static void test_governor(const char *sys)
{
    struct governor changed;
    char why[200], path[300];

    EXPECT(!governor_set("/nonexistent", "performance", &changed, why) &&
           strstr(why, "no cpufreq"));
    file_put(sys, POLICY "0/scaling_governor", "powersave\n");
    file_put(sys, POLICY "1/scaling_governor", "performance\n");
    file_put(sys, POLICY "2/scaling_governor", "schedutil\n");
    EXPECT(governor_set(sys, "performance", &changed, why) && changed.count == 2);
    EXPECT(strstr(why, "was powersave") &&
           file_is(sys, POLICY "2/scaling_governor", "performance"));
    governor_restore(&changed);
    EXPECT(file_is(sys, POLICY "0/scaling_governor", "powersave") && !changed.count &&
           file_is(sys, POLICY "1/scaling_governor", "performance"));
    EXPECT(governor_set(sys, "performance", &changed, why));
    governor_restore(&changed);
    governor_restore(&changed); /* once is enough */
    /* One that does not take it: the others are as they were. A directory opens for nobody. */
    snprintf(path, sizeof(path), "%s/" POLICY "3/scaling_governor", sys);
    EXPECT(!file_directory("test", path));
    EXPECT(!governor_set(sys, "performance", &changed, why) && !changed.count && *why);
    EXPECT(file_is(sys, POLICY "0/scaling_governor", "powersave"));
    EXPECT(!rmdir(path));
    /* One that takes the word and does not keep it, as a driver may. */
    EXPECT(!symlink("/dev/zero", path));
    EXPECT(!governor_set(sys, "performance", &changed, why) && !changed.count);
    EXPECT(!unlink(path));
}

static void test_wishes(void)
{
    struct tune_wish wish = {.governor = "performance"};
    char text[64];

    EXPECT(!tune_parse("all", &wish) && wish.pin && wish.priority && wish.hugepages);
    tune_text(&wish, text, sizeof(text));
    EXPECT(!strcmp(text, "pin,priority,hugepages") && !strcmp(wish.governor, "performance"));
    EXPECT(!tune_parse("hugepages,pin", &wish) && wish.pin && !wish.priority && wish.hugepages);
    EXPECT(!tune_parse("off", &wish) && !wish.pin && !wish.hugepages);
    tune_text(&wish, text, sizeof(text));
    EXPECT(!strcmp(text, "off"));
    EXPECT(tune_parse("", &wish) && tune_parse("pin,", &wish) && tune_parse("pi", &wish) &&
           tune_parse("pinning", &wish) && tune_parse("all,pin", &wish));
}

/* A child in its place, by Linux's own word and not by what tune_begin says. */
static void test_child(const char *log)
{
    const char *slow[] = {"sleep", "60", NULL};
    const struct tune_wish wish = {.pin = true, .priority = true};
    const struct tune_ask ask = {.jobs = 1, .memory_mib = 256, .cpu = -1, .qemu = true};
    struct tune_boot boots[2];
    struct process child;
    static struct tune tune;
    cpu_set_t now;

    tune_open(&wish, &ask, &tune);
    EXPECT(!process_start_held(&child, slow, log, 10));
    tune_begin(&tune, child.pid, &boots[0]);
    EXPECT(boots[0].pin.got && boots[0].cpu >= 0 &&
           !sched_getaffinity(child.pid, sizeof(now), &now) && CPU_COUNT(&now) == 1 &&
           cpus_has(&now, boots[0].cpu));
    const int policy = sched_getscheduler(child.pid), nice = getpriority(PRIO_PROCESS, 0);
    EXPECT((policy == SCHED_FIFO) == boots[0].real_time);
    EXPECT(boots[0].priority.got ==
           (boots[0].real_time || getpriority(PRIO_PROCESS, (id_t)child.pid) < nice));
    if (CPU_COUNT(&tune.cpus.own) < 2)
        EXPECT(!boots[0].real_time && strstr(boots[0].priority.what, "left for the host"));
    tune_begin(&tune, getpid(), &boots[1]); /* the next takes another, or none */
    EXPECT(boots[1].cpu != boots[0].cpu);
    tune_end(&tune, &boots[1]);
    process_release(&child);
    tune_follow(&tune, child.pid, &boots[0]);
    EXPECT(!boots[0].placed); /* `sleep` has no thread of a guest */
    process_kill(&child);
    tune_end(&tune, &boots[0]);
    EXPECT(!CPU_COUNT(&tune.taken) && !tune.real_times && strstr(boots[0].pin.what, "not seen"));
    tune_close(&tune);
}

/* Where the mask holds one CPU only, nothing is real-time, whoever asks. */
static void test_lone(const char *log)
{
    const char *slow[] = {"sleep", "60", NULL};
    const struct tune_wish wish = {.pin = true, .priority = true};
    const struct tune_ask ask = {.jobs = 1, .memory_mib = 256, .cpu = -1, .qemu = true};
    struct tune_boot boot;
    struct process child;
    static struct tune tune;
    cpu_set_t before, one;

    EXPECT(!sched_getaffinity(0, sizeof(before), &before));
    CPU_ZERO(&one);
    for (int cpu = 0; !CPU_COUNT(&one); cpu++)
        if (cpus_has(&before, cpu))
            CPU_SET((size_t)cpu, &one);
    EXPECT(!sched_setaffinity(0, sizeof(one), &one));
    tune_open(&wish, &ask, &tune);
    EXPECT(!tune.cpu_free && !process_start_held(&child, slow, log, 10));
    tune_begin(&tune, child.pid, &boot);
    EXPECT(!boot.real_time && strstr(boot.priority.what, "no CPU would be left for the host"));
    EXPECT(sched_getscheduler(child.pid) == SCHED_OTHER && cpus_has(&one, boot.cpu));
    process_kill(&child);
    tune_end(&tune, &boot);
    tune_close(&tune);
    EXPECT(!sched_setaffinity(0, sizeof(before), &before));
}

int main(void)
{
    char directory[] = "/tmp/tach-tune-XXXXXX", sys[64], log[64];
    const char *clean[] = {"rm", "-rf", directory, NULL};
    struct process process;

    EXPECT(mkdtemp(directory) != NULL);
    snprintf(sys, sizeof(sys), "%s/sys", directory);
    snprintf(log, sizeof(log), "%s/log", directory);
    test_lists();
    test_choice();
    test_isolated();
    test_topology(sys);
    test_governor(sys);
    test_wishes();
    test_child(log);
    test_lone(log);
    EXPECT(!process_start(&process, clean, "/dev/null", 10));
    process_wait(&process);
    return unit_done("tune");
}
