/* SPDX-License-Identifier: MIT
 * tach doctor: what this machine can measure, and why not more. Every line is the outcome of a look
 * or a trial made now: a guest that runs, a counter that counts, a child that is moved. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bochs.h"
#include "bench/boots.h"
#include "bench/exits.h"
#include "bench/figure.h"
#include "bench/file.h"
#include "bench/machine.h"
#include "bench/perf.h"
#include "bench/process.h"
#include "bench/screen.h"
#include "bench/tune/tune.h"
#include "bench/verbs.h"
#include "traces/port.h"
#include "traces/say.h"

#define LOOK_LIMIT_S 10.0

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

/* Appends to the reason, cut where it is full. */
static void why_add(struct finding *finding, const char *text)
{
    const size_t used = strlen(finding->why);

    snprintf(finding->why + used, sizeof(finding->why) - used, "%s", text);
}

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

/* The counters that `tach run --perf` opens, and what it takes where they are not there. */
static struct finding find_perf(void)
{
    struct finding finding = {.what = "hardware counters (--perf)"};

    finding.can = perf_hardware(finding.why, sizeof(finding.why));
    if (!finding.can)
        why_add(&finding,
                geteuid() ? "; software events where they are allowed, or as root probes on QEMU"
                          : "; probes on QEMU instead where it emulates");
    return finding;
}

/* A child that never begins its program is put where QEMU would be, and let go. */
static struct finding find_quiet(void)
{
    const char *argv[] = {"true", NULL};
    const struct tune_ask ask = {.jobs = 1, .memory_mib = BOOT_MEMORY_MIB, .cpu = -1, .qemu = true};
    struct tune_wish wish = {.pin = true, .priority = true, .hugepages = true};
    struct finding finding = {.what = "a quiet host (--tune)"};
    struct process child;
    struct tune_boot boot;
    static struct tune tune;

    tune_open(&wish, &ask, &tune);
    if (process_start_held(&child, argv, "/dev/null", LOOK_LIMIT_S)) {
        snprintf(finding.why, sizeof(finding.why), "no process: %s", strerror(errno));
        return finding;
    }
    tune_begin(&tune, child.pid, &boot);
    process_kill(&child);
    finding.can = boot.pin.got && boot.priority.got;
    why_add(&finding, boot.pin.got ? "" : "no pin: ");
    why_add(&finding, boot.pin.what);
    why_add(&finding, boot.priority.got ? "; " : "; no priority: ");
    why_add(&finding, boot.priority.what);
    why_add(&finding, tune.hugetlb ? "; hugepages for the guest" : "; no hugepages: ");
    why_add(&finding, tune.hugepages.what);
    tune_end(&tune, &boot);
    tune_close(&tune);
    return finding;
}

/* Whether the kernel writes its own messages to a port, by its name without /dev/. */
static bool port_console(const char *name)
{
    char active[256];

    if (!file_line("/sys/class/tty/console/active", active, sizeof(active)))
        return false;
    for (char *rest = active, *word; (word = strsep(&rest, " ")) != NULL;)
        if (!strcmp(word, name))
            return true;
    return false;
}

/* A port of those that libserialport lists. O_NONBLOCK, or one without a carrier would hold the
 * doctor. */
static void port_look(void *context, const char *name)
{
    struct finding *finding = context;
    const int port = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    const int error = port >= 0 ? 0 : errno;
    const struct group *group;
    struct stat facts;
    const bool console = port_console(name + (strncmp(name, "/dev/", 5) ? 0 : 5));

    if (port >= 0)
        close(port);
    finding->can |= !error && !console;
    why_add(finding, finding->why[0] ? ", " : "");
    why_add(finding, name);
    why_add(finding, error     ? " does not open: "
                     : console ? " opens, but is this machine's own console"
                               : " opens");
    why_add(finding, error ? strerror(error) : "");
    if (error == EACCES && !stat(name, &facts) && facts.st_gid &&
        (group = getgrgid(facts.st_gid)) != NULL) {
        why_add(finding, " (its group may: as root, usermod -aG ");
        why_add(finding, group->gr_name);
        why_add(finding, " USER)");
    }
}

static struct finding find_serial(void)
{
    struct finding finding = {.what = "serial port, for class metal"};
    const int ports = port_each(port_look, &finding);

    if (ports <= 0)
        why_add(&finding, ports ? "the ports cannot be listed"
                                : "this machine has none; a USB adapter would be one");
    if (finding.can)
        why_add(&finding, "; whether a PC is at its other end shows only when it sends");
    return finding;
}

static struct finding find_plots(void)
{
    const char *argv[] = {
        "gnuplot", "-e",
        "set terminal svg; set terminal pngcairo; set print '-'; print sprintf('gnuplot %.1f draws "
        "SVG and PNG', GPVAL_VERSION)",
        NULL};
    struct finding finding = {.what = "plots and reports"};

    if (!process_found("gnuplot"))
        why_add(&finding, "gnuplot is not in PATH");
    else if (output_line(argv, "draws", LOOK_LIMIT_S, finding.why, sizeof(finding.why)))
        finding.can = true;
    else
        why_add(&finding, "gnuplot has no svg or no pngcairo terminal");
    return finding;
}

static void findings_print(const struct machine *machine, const struct finding *findings, size_t n,
                           const char *class)
{
    printf("machine   ");
    say_name(stdout, machine->cpu);
    printf(", %u CPUs, ", machine->cpus);
    say_name(stdout, machine->kernel);
    printf("\nclock     governor %s, turbo %s, SMT %s%s\n\n", machine->governor, machine->turbo,
           machine->smt, machine->guest ? "; a guest: its clock is its host's" : "");
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
                                       find_quiet(),
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
