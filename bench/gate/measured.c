/* SPDX-License-Identifier: MIT
 * What the gate measures: exact runs of head and base, cycles where the machine has them, and equal
 * sides for its floor. See bench/gate/gate.h. */
#include <stdlib.h>
#include <string.h>

#include "bench/compare/aa.h"
#include "bench/compare/parts.h"
#include "bench/file.h"
#include "bench/gate/gate.h"
#include "bench/machine.h"
#include "bench/runner.h"
#include "traces/say.h"

#define FLOOR_TIMES_MATTERS 5.0 /* a machine with a larger floor would let too much pass */

static int side_run(const struct gate *gate, const char *class, const char *base_rev,
                    unsigned boots, const char *out)
{
    const struct gate_args *args = gate->args;
    const struct run_args run = {.out = out,
                                 .matrix = args->matrix,
                                 .class = class,
                                 .probe = args->probe,
                                 .base_rev = base_rev,
                                 .limit_s = args->limit_s,
                                 .jobs = args->jobs,
                                 .boots = boots,
                                 .seed = -1,
                                 .quiet = true,
                                 .images = {{.path = "build/loader.elf"},
                                            {.path = "build/kernel.elf"},
                                            {.path = "build/initfs.img"}}};

    return runner_new(&run);
}

int gate_measure(struct gate *gate)
{
    gate->exact = gate->args->run ? strdup(gate->args->run) : gate_path(gate, "exact");
    if (!gate->exact)
        return TACH_INTERNAL;
    if (gate->args->run)
        return TACH_OK;
    const int status = side_run(gate, "icount", gate->args->base_rev, 0, gate->exact);
    /* A run of which some boot failed is there, and says so when it is judged. */
    return status == TACH_INCONCLUSIVE ? TACH_OK : status;
}

/* Equal sides: one run of the head, dealt out; its floors go beside the rest. */
static int equal_sides(struct gate *gate, const char *class)
{
    char *path = gate_path(gate, "equal"), *file = gate_path(gate, "floor.json");
    struct document run = {.count = 0};
    struct aa aa = {0};
    int status = path && file ? TACH_OK : TACH_INTERNAL;
    const unsigned both = 2 * gate->args->boots;

    if (!status)
        status = side_run(gate, class, NULL, both < AA_BOOTS_MIN ? AA_BOOTS_MIN : both, path);
    if (status == TACH_OK || status == TACH_INCONCLUSIVE)
        status = document_load_boots("gate", path, &run);
    const char *paths[] = {path};
    const struct aa_input input = {&run, paths, 1, 1000, 1, judge_default};
    if (!status)
        status = aa_make("gate", &input, &aa);
    if (!status) {
        gate_find(gate, &(struct finding){"equal sides", TACH_OK, false, ""},
                  "%zu false alarms in %u splits of %zu boots, at most %.2g %%; largest floor "
                  "%.2g %%",
                  aa.alarms, aa.splits, aa.boots, 100 * aa.bound, 100 * aa.floor);
        status = json_put("gate", file, aa_json(&aa));
        gate->floor = status ? NULL : strdup(file);
    }
    aa_free(&aa);
    document_free(&run);
    free(path);
    free(file);
    return status;
}

/* Whether cycles may fail a change here; else the text says why not. */
static bool cycles_gate(const struct gate *gate, const char **why)
{
    const struct floors *floors = &gate->beside.floors;

    *why = NULL;
    if (!figure_measured(gate->beside.sides[1].class))
        *why = "only the classes kvm and metal count cycles of a machine";
    else if (!gate->floor)
        *why = "the floor of this machine is not known: --aa measures it, --floor names it";
    else if (floors->rate > judge_default.family)
        *why = "equal sides alarm too often on this machine";
    else if (floors->floor > FLOOR_TIMES_MATTERS * gate->args->matters)
        *why = "the floor of this machine is too high";
    return !*why;
}

static int cycles_judge(struct gate *gate)
{
    const bool pair = gate->exact && run_is_pair(gate->exact);
    const struct sides_input input = {.paths = {gate->cycles},
                                      .exact = {pair ? gate->exact : NULL},
                                      .floor = gate->floor,
                                      .matters = gate->args->matters};
    const char *why;
    char summary[256];

    gate->has_beside = true;
    const int status = sides_load("gate", &input, &gate->beside);
    if (status)
        return status;
    const bool gates = cycles_gate(gate, &why);
    const int found = comparison_exit(&gate->beside.comparison);
    summary_text(&gate->beside.comparison, summary, sizeof(summary));
    /* What boots cannot decide is no reason to stop a change; what they have decided is. */
    gate_find(gate,
              &(struct finding){"cycles", found == TACH_DIFFERENT ? found : TACH_OK, gates, ""},
              "%s%s%s", summary, gates ? "" : "; a report only: ", gates ? "" : why);
    return TACH_OK;
}

/* The class that cycles are measured in; "" where there is none, and *why says so. */
static const char *cycles_class(const struct gate *gate, struct class_choice *choice)
{
    const char *wish = gate->args->cycles;

    snprintf(choice->reason, sizeof(choice->reason), "not asked for");
    if (!strcmp(wish, GATE_NONE))
        return "";
    if (!strcmp(wish, "tcg"))
        return wish;
    class_choose(!strcmp(wish, "kvm") ? wish : NULL, gate->args->probe, choice);
    return !strcmp(choice->class, "kvm") ? "kvm" : "";
}

/* Equal sides where they were asked for, then both sides beside each other. */
static int cycles_measure(struct gate *gate, const char *class)
{
    int status = gate->args->aa ? equal_sides(gate, class) : TACH_OK;

    gate->cycles = gate_path(gate, "cycles");
    if (!gate->cycles)
        return TACH_INTERNAL;
    if (!status)
        status = side_run(gate, class, gate->args->base_rev, gate->args->boots, gate->cycles);
    return status == TACH_INCONCLUSIVE ? TACH_OK : status;
}

int gate_cycles(struct gate *gate)
{
    const bool made = run_is_pair(gate->args->cycles);
    struct class_choice choice;
    const char *class = made ? "" : cycles_class(gate, &choice);
    int status = TACH_OK;

    if (!made && (!*class || !gate->args->base_rev)) {
        gate_find(gate, &(struct finding){"cycles", TACH_OK, false, ""}, "not measured: %s",
                  *class ? "there is no base revision to measure beside" : choice.reason);
        return TACH_OK;
    }
    if (gate->args->floor)
        gate->floor = strdup(gate->args->floor);
    if (made)
        gate->cycles = strdup(gate->args->cycles);
    else
        status = cycles_measure(gate, class);
    return status ? status : cycles_judge(gate);
}
