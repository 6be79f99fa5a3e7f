/* SPDX-License-Identifier: MIT
 * Chart "waterfall": one scheme-routed call, an interval a line from stamp to stamp, isolation off
 * and on beside each other; where calls vary, the call at the 99.9th percentile below the median.
 * Called by chart.c. */
#include <string.h>

#include "bench/chart/chart.h"
#include "bench/chart/waterfall.h"

size_t waterfall_of(const struct kept *kept, const struct waterfall_ask *ask,
                    struct waterfall_step steps[WATERFALL_MAX])
{
    const struct span_cell *cell;
    const struct kept_boot *kept_boot = kept_traced(kept, ask->cell, ask->pti_on, &cell);
    size_t count = 0;

    if (!kept_boot)
        return 0;
    const struct span_call *call =
        &kept_boot->spans.calls[ask->slowest ? cell->slowest : cell->typical];
    const struct trace_record *events = kept_boot->boot->events;
    uint64_t before = call->start;
    unsigned crossings = 0;
    for (size_t i = call->first + 1; i <= call->last && count < WATERFALL_MAX; i++) {
        if (events[i].cpu != events[call->first].cpu)
            continue;
        crossings += events[i].event == EV_ph_entry;
        steps[count++] = (struct waterfall_step){
            .event = events[i].event,
            .from = (double)(before - call->start),
            .to = (double)(events[i].tsc - call->start),
            .crossing = crossings,
        };
        before = events[i].tsc;
    }
    return count;
}

const char *waterfall_meaning(const struct waterfall_step *step)
{
    switch (step->event) {
    case EV_ph_entry:
        return step->crossing > 1 ? "user code, then into the kernel" : "into the kernel";
    case EV_ph_guards:
        return "guards of the fast path";
    case EV_ph_commit:
        return "change of state";
    case EV_ph_root:
        return "page tables switched";
    case EV_ph_exit:
        return "registers, out to user mode";
    case EV_ph_slow:
        return "into C";
    case EV_user_end:
        return "back in the client";
    case EV_server_begin:
    case EV_server_end:
        return "the server's own code";
    default:
        return "something else came";
    }
}

static unsigned step_colour(const struct waterfall_step *step)
{
    switch (step->event) {
    case EV_ph_entry:
        return chart_phase_colours[step->crossing > 1 ? PHASE_server : PHASE_entry];
    case EV_ph_guards:
        return chart_phase_colours[PHASE_guards];
    case EV_ph_commit:
        return chart_phase_colours[PHASE_commit];
    case EV_ph_root:
        return chart_phase_colours[PHASE_root];
    case EV_ph_exit:
        return chart_phase_colours[PHASE_exit];
    case EV_user_end:
        return chart_phase_colours[PHASE_return];
    default:
        return chart_phase_colours[PHASE_slow];
    }
}

/* One panel's data; returns how many steps it has. */
static size_t panel_print(const struct sheet *sheet, const struct waterfall_ask *ask,
                          unsigned number, double *most)
{
    struct waterfall_step steps[WATERFALL_MAX];
    const size_t count = waterfall_of(sheet->data->kept, ask, steps);

    fprintf(sheet->script, "$panel%u << EOD\n", number);
    for (size_t i = 0; i < count; i++) {
        fprintf(sheet->script, "%zu %.17g %.17g 0x%s \"%s\"\n", i, steps[i].from, steps[i].to,
                chart_light[step_colour(&steps[i])] + 1,
                number % 2 && !sheet->narrow ? "" : waterfall_meaning(&steps[i]));
        *most = steps[i].to > *most ? steps[i].to : *most;
    }
    fputs("EOD\n", sheet->script);
    return count;
}

bool waterfall_script(const struct sheet *sheet)
{
    const bool exact = strcmp(figure_unit(sheet->document->class), "cycles") != 0;
    const unsigned panels = exact ? 2 : 4;
    size_t counts[4], all = 0;
    double most = 0;

    if (!sheet->data->kept)
        return false;
    for (unsigned i = 0; i < panels; i++)
        all += counts[i] = panel_print(
            sheet, &(struct waterfall_ask){WATERFALL_CELL, i % 2 == 1, i > 1}, i, &most);
    if (!all)
        return false;
    fprintf(sheet->script,
            "set multiplot layout %u,%u margins %s\nunset key\nset ylabel ''\nset grid xtics "
            "noytics lt 1 lw 1 "
            "lc rgb '%s'\nset xrange [0:%.6g]\nset ytics font ',11'\nset xtics font ',11'\n",
            sheet->narrow ? panels : panels / 2, sheet->narrow ? 1u : 2u,
            sheet->narrow ? "0.46,0.97,0.05,0.95 spacing 0.05,0.1"
                          : "0.26,0.98,0.08,0.92 spacing 0.03,0.14",
            CHART_GRID, most * 1.14);
    for (unsigned i = 0; i < panels; i++) {
        fprintf(sheet->script,
                "set title '%sisolation %s' textcolor rgb '%s' offset 0,-0.7\nset yrange "
                "[%zu.6:-0.6]\nplot ",
                exact   ? ""
                : i > 1 ? "99.9th percentile, "
                        : "median, ",
                i % 2 ? "on" : "off", CHART_INK, counts[i] ? counts[i] - 1 : 0);
        if (counts[i])
            fprintf(sheet->script,
                    "$panel%u using 2:1:2:3:($1-0.38):($1+0.38):4:ytic(5) with boxxyerror lc rgb "
                    "variable, '' using 3:1:(sprintf('%%.6g',$3-$2)) with labels left offset 0.4,0 "
                    "font ',11' textcolor rgb '%s', ",
                    i, CHART_INK);
        fputs("NaN\n", sheet->script);
    }
    fputs("unset multiplot\n", sheet->script);
    return true;
}
