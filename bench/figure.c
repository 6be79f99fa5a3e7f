/* SPDX-License-Identifier: MIT
 * One figure, and its row in Google Benchmark's JSON form: the members that its tools read, then
 * ours as further numbers. See bench/figure.h. */
#include "bench/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool figure_plain(const char *cell, char out[MATRIX_NAME_MAX + 1])
{
    const size_t length = strlen(cell), suffix = strlen(FIGURE_PCID);
    const bool pcid = length > suffix && !strcmp(cell + length - suffix, FIGURE_PCID);

    snprintf(out, MATRIX_NAME_MAX + 1, "%.*s", (int)(pcid ? length - suffix : length), cell);
    return pcid;
}

bool figure_has(double number)
{
    return number > FIGURE_ABSENT / 2;
}

struct figure figure_empty(void)
{
    struct figure figure = {.boots = 1};

#define X(member, json) figure.member = FIGURE_ABSENT;
    FIGURE_EXTRAS(X)
#undef X
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        figure.phase[i] = FIGURE_ABSENT;
    return figure;
}

bool figure_paths_differ(const struct figure *figure)
{
    if (!figure_has(figure->residue) || !figure_has(figure->traps))
        return false;
    return figure->residue < -figure->stamp_cost ||
           figure->residue > figure->traps + figure->cr3_writes + figure->stamp_cost;
}

void figure_name(const struct figure *figure, char out[FIGURE_NAME_MAX])
{
    snprintf(out, FIGURE_NAME_MAX, FIGURE_SUITE "/%s/pti:%s", figure->cell,
             figure->pti_on ? "on" : "off");
}

const char *figure_unit(const char *class)
{
    return !strcmp(class, "icount") || !strcmp(class, "bochs") ? "instructions" : "cycles";
}

bool figure_measured(const char *class)
{
    return !strcmp(figure_unit(class), "instructions") || !strcmp(class, "kvm") ||
           !strcmp(class, "metal");
}

json_t *json_text(const char *text)
{
    char clean[8192];
    size_t used = 0;

    for (; *text && used + 5 < sizeof(clean); text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte >= ' ' && byte <= '~')
            clean[used++] = *text;
        else
            used += (size_t)snprintf(clean + used, 5, "\\x%02x", byte);
    }
    clean[used] = 0;
    return json_string(clean);
}

json_t *json_number(double number)
{
    if (!isfinite(number))
        number = 0;
    if (number == floor(number) && fabs(number) < 9e15)
        return json_integer((json_int_t)number);
    return json_real(number);
}

static void row_standard(json_t *row, const struct figure *figure, size_t family)
{
    char name[FIGURE_NAME_MAX];

    figure_name(figure, name);
    json_object_set_new(row, "name", json_text(name));
    json_object_set_new(row, "family_index", json_integer((json_int_t)family));
    json_object_set_new(row, "per_family_instance_index", json_integer(figure->pti_on));
    json_object_set_new(row, "run_name", json_text(name));
    json_object_set_new(row, "run_type", json_string("iteration"));
    json_object_set_new(row, "repetitions", json_integer(figure->boots));
    json_object_set_new(row, "repetition_index", json_integer(figure->boot));
    json_object_set_new(row, "threads", json_integer(1));
    json_object_set_new(row, "iterations", json_number(figure->samples));
    json_object_set_new(row, "real_time", json_number(figure->ns));
    json_object_set_new(row, "cpu_time", json_number(figure->ns));
    json_object_set_new(row, "time_unit", json_string("ns"));
}

json_t *figure_row(const struct figure *figure, const char *class, size_t family)
{
    json_t *row = json_object();
    char member[32];

    if (!row)
        return NULL;
    row_standard(row, figure, family);
    json_object_set_new(row, figure_unit(class), json_number(figure->whole));
#define X(field, name)                                                                             \
    if (figure_has(figure->field))                                                                 \
        json_object_set_new(row, name, json_number(figure->field));
    FIGURE_EXTRAS(X)
#undef X
    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        snprintf(member, sizeof(member), "phase_%s", span_phase_name((enum phase)i));
        if (figure_has(figure->phase[i]))
            json_object_set_new(row, member, json_number(figure->phase[i]));
    }
    return row;
}
