/* SPDX-License-Identifier: MIT
 * What equal sides showed, for people and as the file of floors; see bench/compare/aa.h. */
#include <string.h>

#include "bench/compare/aa.h"
#include "bench/compare/floor.h"
#include "bench/compare/parts.h"
#include "bench/screen.h"
#include "bench/table.h"
#include "traces/say.h"

json_t *aa_json(const struct aa *aa)
{
    json_t *cells = json_array();

    for (size_t i = 0; i < aa->count; i++) {
        const struct aa_cell *cell = &aa->cells[i];
        json_t *finds = json_object();
        char size[16];
        for (unsigned s = 0; s < AA_SIZES; s++) {
            snprintf(size, sizeof(size), "%u", aa_sizes[s]);
            json_object_set_new(finds, size, json_number(cell->detectable[s]));
        }
        json_t *json = json_pack("{so so so so si so}", "name", json_text(cell->name), "location",
                                 json_number(cell->location), "floor", json_number(cell->floor),
                                 "noise_boot", json_number(cell->noise_boot), "alarms",
                                 (int)cell->alarms, "detectable", finds);
        if (json && figure_has(cell->noise_iteration))
            json_object_set_new(json, "noise_iteration", json_number(cell->noise_iteration));
        json_array_append_new(cells, json);
    }
    return json_pack("{si ss so so si si sb sI si si so so so so so}", "tach_floor", FLOOR_SCHEMA,
                     "class", aa->class, "machine", json_text(aa->machine), "kernel",
                     json_text(aa->kernel), "boots", (int)aa->boots, "splits", (int)aa->splits,
                     "all_splits", (int)aa->all, "seed", (json_int_t)aa->seed, "alarms",
                     (int)aa->alarms, "alarms_above_floor", (int)aa->alarms_above, "rate",
                     json_number(aa->rate), "rate_bound", json_number(aa->bound), "confidence",
                     json_number(AA_CONFIDENCE), "floor", json_number(aa->floor), "cells", cells);
}

static void percent_print(FILE *out, double part)
{
    if (figure_has(part))
        fprintf(out, " %9.2f %%", 100 * part);
    else
        fprintf(out, " %11s", "-");
}

static void cell_print(FILE *out, const struct aa_cell *cell, int width)
{
    char location[40];

    say_name(out, cell->name);
    number_text(cell->location, location, sizeof(location));
    fprintf(out, "%*s %12s", width - (int)strlen(cell->name), "", location);
    percent_print(out, cell->noise_iteration);
    percent_print(out, cell->noise_boot);
    percent_print(out, cell->floor);
    for (unsigned s = 0; s < AA_SIZES; s++)
        percent_print(out, cell->detectable[s]);
    fprintf(out, " %7zu\n", cell->alarms);
}

void aa_print(FILE *out, const struct aa *aa)
{
    char text[640];
    int width = (int)strlen("figure");

    for (size_t i = 0; i < aa->count; i++) {
        const int length = (int)strlen(aa->cells[i].name);
        width = length > width ? length : width;
    }
    fprintf(out, "%-*s %12s %11s %11s %11s %11s %11s %11s %7s\n", width, "figure",
            figure_unit(aa->class), "call noise", "boot noise", "floor", "5 find", "10 find",
            "20 find", "alarms");
    for (size_t i = 0; i < aa->count; i++)
        cell_print(out, &aa->cells[i], width);
    fputc('\n', out);
    if (aa->all)
        snprintf(text, sizeof(text),
                 "%zu boots of one image, dealt out in all %u ways: %zu false alarms, %.2g %%; "
                 "above the floor of each figure %zu. Largest floor %.2g %%.",
                 aa->boots, aa->splits, aa->alarms, 100 * aa->rate, aa->alarms_above,
                 100 * aa->floor);
    else
        snprintf(text, sizeof(text),
                 "%zu boots of one image, dealt out in %u random ways (seed %u): %zu false alarms, "
                 "%.2g %%, at most %.2g %% with 95 %% confidence; above the floor of each figure "
                 "%zu. Largest floor %.2g %%.",
                 aa->boots, aa->splits, aa->seed, aa->alarms, 100 * aa->rate, 100 * aa->bound,
                 aa->alarms_above, 100 * aa->floor);
    screen_wrap(out, 0, text);
}
