/* SPDX-License-Identifier: MIT
 * Facts of the machine and the choice of the class; see bench/machine.h. */
#include "bench/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/bochs.h"
#include "bench/boots.h"
#include "bench/figure.h"
#include "bench/file.h"
#include "bench/kvm.h"
#include "bench/process.h"

#define QEMU_LIMIT_S 5.0

/* The first line of a small file, or "unknown". */
static void line_read(const char *path, char *out, size_t size)
{
    if (!file_line(path, out, size))
        snprintf(out, size, "unknown");
}

/* Whether the clock may rise above its nominal rate: two drivers say so, one of them by its
 * contrary. */
static void turbo_read(char out[8])
{
    char word[8];

    snprintf(out, 8, "unknown");
    if (file_line("/sys/devices/system/cpu/intel_pstate/no_turbo", word, sizeof(word)))
        snprintf(out, 8, "%s", word[0] == '0' ? "on" : "off");
    else if (file_line("/sys/devices/system/cpu/cpufreq/boost", word, sizeof(word)))
        snprintf(out, 8, "%s", word[0] == '1' ? "on" : "off");
}

/* Copies the value of a field of /proc/cpuinfo. */
static void cpuinfo_read(const char *field, char *out, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[512];

    snprintf(out, size, "unknown");
    while (file && fgets(line, sizeof(line), file)) {
        const char *value = strchr(line, ':');
        if (!value || strncmp(line, field, strlen(field)))
            continue;
        value += 1 + strspn(value + 1, " ");
        snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    if (file)
        fclose(file);
}

bool output_line(const char *const *argv, const char *word, double limit_s, char *out, size_t size)
{
    char log[] = "/tmp/tach-output-XXXXXX", line[512];
    const int file = mkstemp(log);
    struct process process;
    bool found = false;

    if (file < 0)
        return false;
    close(file);
    if (!process_start(&process, argv, log, limit_s)) {
        process_wait(&process);
        FILE *text = fopen(log, "r");
        while (text && !found && fgets(line, sizeof(line), text))
            found = strstr(line, word) != NULL;
        if (text)
            fclose(text);
    }
    unlink(log);
    if (found)
        snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
    return found;
}

void machine_governor(struct machine *out)
{
    line_read("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", out->governor,
              sizeof(out->governor));
}

void machine_read(struct machine *out)
{
    const char *version[] = {QEMU_PROGRAM, "--version", NULL};
    struct kvm_facts facts;
    struct utsname name;
    char mhz[32];

    *out = (struct machine){0};
    uname(&name);
    snprintf(out->host, sizeof(out->host), "%s", name.nodename);
    snprintf(out->kernel, sizeof(out->kernel), "%s %s", name.sysname, name.release);
    cpuinfo_read("model name", out->cpu, sizeof(out->cpu));
    cpuinfo_read("microcode", out->microcode, sizeof(out->microcode));
    cpuinfo_read("cpu MHz", mhz, sizeof(mhz));
    out->mhz = strtod(mhz, NULL);
    machine_governor(out);
    turbo_read(out->turbo);
    line_read("/sys/devices/system/cpu/smt/control", out->smt, sizeof(out->smt));
    kvm_facts_read("/proc/cpuinfo", &facts);
    out->guest = facts.known && facts.guest;
    if (!output_line(version, "version", QEMU_LIMIT_S, out->qemu, sizeof(out->qemu)))
        snprintf(out->qemu, sizeof(out->qemu), "unknown");
    if (getloadavg(out->load, 3) != 3)
        memset(out->load, 0, sizeof(out->load));
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    out->cpus = cpus > 0 ? (unsigned)cpus : 1;
}

int class_choose(const char *wish, const char *probe_image, struct class_choice *out)
{
    *out = (struct class_choice){0};
    if (wish && strcmp(wish, "kvm")) {
        snprintf(out->class, sizeof(out->class), "%s", wish);
        snprintf(out->reason, sizeof(out->reason), "asked for%s",
                 strcmp(wish, "tcg") ? "" : "; functional only, never a verdict");
        return 0;
    }
    probe_run(probe_image, "kvm", &out->probe);
    if (out->probe.passed || !wish)
        snprintf(out->class, sizeof(out->class), "%s", out->probe.passed ? "kvm" : "icount");
    snprintf(out->reason, sizeof(out->reason), "KVM %s: %s",
             out->probe.passed ? "passed its probe" : "is refused", out->probe.reason);
    return out->class[0] ? 0 : -1;
}

void machine_fingerprint(const struct machine *machine, const char *class, unsigned abi,
                         struct fingerprint *out)
{
    const size_t size = sizeof(out->text);

    if (machine->target)
        snprintf(out->text, size, "%s %s microcode %s abi %u", class, machine->cpu,
                 machine->microcode, abi);
    else if (!strcmp(class, BOCHS_CLASS))
        snprintf(out->text, size, "%s " BOCHS_CPU " abi %u", class, abi);
    else if (!strcmp(figure_unit(class), "instructions"))
        snprintf(out->text, size, "%s microvm %s abi %u", class, BOOT_GUEST_CPU, abi);
    else
        snprintf(out->text, size, "%s %s microcode %s abi %u", class, machine->cpu,
                 machine->microcode, abi);
}

json_t *machine_json(const struct machine *machine)
{
    return json_pack(
        "{so so so so so so so sb so so si s[fff]}", "host_name", json_text(machine->host),
        "host_kernel", json_text(machine->kernel), "cpu", json_text(machine->cpu), "microcode",
        json_text(machine->microcode), "governor", json_text(machine->governor), "smt",
        json_text(machine->smt), "turbo", json_text(machine->turbo), "guest", machine->guest,
        "qemu", json_text(machine->qemu), "mhz", json_number(machine->mhz), "cpus",
        (int)machine->cpus, "load", machine->load[0], machine->load[1], machine->load[2]);
}
