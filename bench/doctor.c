/* SPDX-License-Identifier: MIT
 * tach doctor: what this machine can measure, and why not more. Every line is the outcome of a look
 * or a trial made now; a tool that exits 0 and prints `<not supported>` is taken at its word, not
 * at its exit code. */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bochs.h"
#include "bench/exits.h"
#include "bench/figure.h"
#include "bench/machine.h"
#include "bench/process.h"
#include "bench/screen.h"
#include "bench/verbs.h"
#include "traces/say.h"

#define LOOK_LIMIT_S 10.0
#define PORTS_MAX    16u

struct doctor_args {
    const char *probe;
    bool json;
};

/* One finding: what, whether it can be had, and the reason or the detail. */
struct finding {
    const char *what;
    bool can;
    char why[600];
};

static struct finding find_icount(const struct machine *machine, const char *image)
{
    struct finding finding = {.what = "icount (exact instructions)"};
    struct probe probe;

    probe_run(image, "tcg", &probe);
    finding.can = probe.passed;
    snprintf(finding.why, sizeof(finding.why), "%s; %s", machine->qemu,
             probe.passed ? "its emulation passes the probe" : probe.reason);
    return finding;
}

static struct finding find_kvm(const char *image)
{
    struct finding finding = {.what = "kvm (cycles)"};
    struct probe probe;

    probe_run(image, "kvm", &probe);
    finding.can = probe.passed;
    snprintf(finding.why, sizeof(finding.why), "%s", probe.reason);
    if (probe.took_s > 0)
        snprintf(finding.why + strlen(finding.why), sizeof(finding.why) - strlen(finding.why),
                 " [%.0f ms]", probe.took_s * 1000);
    return finding;
}

static struct finding find_bochs(void)
{
    const char *argv[] = {BOCHS_PROGRAM, "--help", NULL};
    struct finding finding = {.what = "bochs (instructions, PCID)"};
    char line[200];

    if (!bochs_ready(finding.why, sizeof(finding.why)))
        return finding;
    finding.can = output_line(argv, "Usage: bochs", LOOK_LIMIT_S, line, sizeof(line));
    snprintf(finding.why, sizeof(finding.why),
             finding.can ? "bochs starts; its BIOS and GRUB's image tools are there"
                         : "bochs is in PATH but does not start");
    return finding;
}

static struct finding find_perf(void)
{
    const char *argv[] = {"perf", "stat", "-e", "cycles,instructions", "true", NULL};
    struct finding finding = {.what = "perf hardware counters"};
    char line[200];

    if (!process_found("perf"))
        snprintf(finding.why, sizeof(finding.why), "perf is not in PATH");
    else if (output_line(argv, "<not supported>", LOOK_LIMIT_S, line, sizeof(line)))
        snprintf(finding.why, sizeof(finding.why), "perf stat says <not supported> for cycles");
    else if (output_line(argv, "<not counted>", LOOK_LIMIT_S, line, sizeof(line)))
        snprintf(finding.why, sizeof(finding.why), "perf stat says <not counted>");
    else if (!output_line(argv, "cycles", LOOK_LIMIT_S, line, sizeof(line)))
        snprintf(finding.why, sizeof(finding.why), "perf stat says nothing of cycles");
    else
        finding.can = true;
    if (finding.can)
        snprintf(finding.why, sizeof(finding.why), "perf stat counts: %s",
                 line + strspn(line, " "));
    return finding;
}

/* A port that opens; O_NONBLOCK, or a port without a carrier would hold the doctor. */
static bool port_opens(const char *name, char *why, size_t size)
{
    char path[300];

    snprintf(path, sizeof(path), "/dev/%s", name);
    const int port = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    const bool there = port >= 0 && isatty(port);
    const int error = port < 0 ? errno : ENOTTY;
    if (port >= 0)
        close(port);
    const size_t used = strlen(why);
    if (used + sizeof(path) + 100 > size)
        return there;
    snprintf(why + used, size - used, "%s%s %s", used ? ", " : "", path,
             there ? "opens" : strerror(error));
    return there;
}

static struct finding find_serial(void)
{
    struct finding finding = {.what = "serial port, for class metal"};
    DIR *devices = opendir("/dev");
    unsigned ports = 0;

    for (struct dirent *entry; devices && ports < PORTS_MAX && (entry = readdir(devices));) {
        if (strncmp(entry->d_name, "ttyS", 4) && strncmp(entry->d_name, "ttyUSB", 6) &&
            strncmp(entry->d_name, "ttyACM", 6))
            continue;
        ports++;
        finding.can |= port_opens(entry->d_name, finding.why, sizeof(finding.why));
    }
    if (devices)
        closedir(devices);
    if (!ports)
        snprintf(finding.why, sizeof(finding.why), "no serial port in /dev");
    if (finding.can)
        strcat(finding.why, "; whether a PC is at its other end shows only when it sends");
    return finding;
}

static struct finding find_plots(void)
{
    struct finding finding = {.what = "plots and reports"};

    finding.can = process_found("gnuplot");
    snprintf(finding.why, sizeof(finding.why), "gnuplot is %sin PATH", finding.can ? "" : "not ");
    return finding;
}

static void findings_print(const struct machine *machine, const struct finding *findings, size_t n,
                           const char *class)
{
    printf("machine   ");
    say_name(stdout, machine->cpu);
    printf(", %u CPUs, ", machine->cpus);
    say_name(stdout, machine->kernel);
    printf("\ngovernor  %s, SMT %s\n\n", machine->governor, machine->smt);
    for (size_t i = 0; i < n; i++) {
        printf("%-3s  %-30s ", findings[i].can ? "yes" : "no", findings[i].what);
        screen_wrap(stdout, 36, findings[i].why);
    }
    printf("\n`tach run` would measure in class %s\n", class);
}

static void findings_json(const struct machine *machine, const struct finding *findings, size_t n,
                          const char *class)
{
    json_t *root = machine_json(machine), *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{ss sb so}", "what", findings[i].what, "can",
                                              findings[i].can, "why", json_text(findings[i].why)));
    json_object_set_new(root, "findings", list);
    json_object_set_new(root, "class", json_string(class));
    json_dumpf(root, stdout, JSON_INDENT(2));
    fputc('\n', stdout);
    json_decref(root);
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct doctor_args *args = state->input;

    switch (key) {
    case 'j':
        args->json = true;
        return 0;
    case 'p':
        args->probe = text;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: doctor takes options only", text);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int verb_doctor(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"json", 'j', NULL, 0, "Print the findings as JSON", 0},
        {"probe", 'p', "FILE", 0, "Image of the probe's guest (" PROBE_IMAGE ")", 0},
        {0}};
    static const struct argp argp = {
        options,
        option_parse,
        NULL,
        "Say what this machine can measure, and why not more.\v"
        "Runs a tiny guest for at most two seconds an accelerator; the host is not altered.\n\n"
        "Samples:\n"
        "  tach doctor\n"
        "  tach doctor --json | jq -r .class\n\n"
        "Exit codes: 0 some class can be measured, 69 none can.",
        NULL,
        NULL,
        NULL};
    struct doctor_args args = {.probe = PROBE_IMAGE};
    struct machine machine;

    argv[0] = (char[]){"tach doctor"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    machine_read(&machine);
    const struct finding findings[] = {find_icount(&machine, args.probe),
                                       find_kvm(args.probe),
                                       find_bochs(),
                                       find_perf(),
                                       find_serial(),
                                       find_plots()};
    const size_t n = sizeof(findings) / sizeof(findings[0]);
    const char *class = findings[1].can ? "kvm" : findings[0].can ? "icount" : "none";
    if (args.json)
        findings_json(&machine, findings, n, class);
    else
        findings_print(&machine, findings, n, class);
    return findings[0].can || findings[1].can ? TACH_OK : TACH_UNAVAILABLE;
}
