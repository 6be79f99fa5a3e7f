/* SPDX-License-Identifier: MIT
 * Loads what is compared; see bench/compare/sides.h. */
#include "bench/compare/sides.h"

#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "traces/say.h"

int run_paths_make(const char *const *named, size_t count, struct run_paths *out)
{
    *out = (struct run_paths){calloc(2 * count + 1, sizeof(char *)), 0};
    if (!out->all)
        return TACH_INTERNAL;
    for (size_t i = 0; i < count; i++) {
        const bool pair = run_is_pair(named[i]);
        for (unsigned side = 0; side <= pair; side++) {
            char *path = NULL;
            if (asprintf(&path, pair ? "%s/%s" : "%s", named[i], side ? "head" : "base") < 0)
                return TACH_INTERNAL;
            out->all[out->count++] = path;
        }
    }
    return TACH_OK;
}

void run_paths_free(struct run_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->all[i]);
    free(paths->all);
    *paths = (struct run_paths){0};
}

bool documents_comparable(const char *verb, const struct document sides[2])
{
    const bool class = strcmp(sides[0].class, sides[1].class) != 0;

    if (!class && !strcmp(sides[0].machine, sides[1].machine))
        return true;
    fprintf(stderr, "tach %s: figures of different %s are never compared: ", verb,
            class ? "classes" : "machines");
    say_name(stderr, class ? sides[0].class : sides[0].machine);
    fputs(" | ", stderr);
    say_name(stderr, class ? sides[1].class : sides[1].machine);
    if (class && !strcmp(figure_unit(sides[0].class), figure_unit(sides[1].class)))
        fputs("; tach report --beside shows both and says why they differ", stderr);
    fputc('\n', stderr);
    return false;
}

/* Loads two documents by one or two paths. */
static int pair_load(const char *verb, const char *const named[2], struct run_paths *paths,
                     struct document documents[2])
{
    int status = run_paths_make(named, named[1] ? 2 : 1, paths);

    if (!status && paths->count != 2)
        return say_error(TACH_USAGE, verb, named[0], "%s",
                         named[1] ? "holds two sides: name one of them, or this run alone"
                                  : "holds one side: two runs are needed, the old one first");
    for (unsigned side = 0; !status && side < 2; side++)
        status = document_load_boots(verb, paths->all[side], &documents[side]);
    if (!status && !documents_comparable(verb, documents))
        status = TACH_INCONCLUSIVE;
    return status;
}

static int companion_load(const char *verb, const struct sides_input *input,
                          struct sides_compared *out)
{
    int status = pair_load(verb, input->exact, &out->exact_paths, out->exact);

    if (!status && strcmp(figure_unit(out->exact[0].class), "instructions"))
        status = say_error(TACH_INCONCLUSIVE, verb, input->exact[0],
                           "is of class %.16s: only one that counts instructions is exact",
                           out->exact[0].class);
    return status;
}

int sides_load(const char *verb, const struct sides_input *input, struct sides_compared *out)
{
    struct comparison_input made = {.rule = judge_default};

    *out = (struct sides_compared){0};
    int status = pair_load(verb, input->paths, &out->paths, out->sides);
    if (!status && input->exact[0])
        status = companion_load(verb, input, out);
    if (!status && input->floor)
        status = floors_load(verb, input->floor, &out->floors);
    if (!status && input->floor && !floors_fit(verb, &out->floors, &out->sides[1]))
        status = TACH_INCONCLUSIVE;
    if (status)
        return status;
    made.rule.matters = input->matters;
    made.rule.floor = out->floors.floor;
    made.floors = input->floor ? &out->floors : NULL;
    for (unsigned side = 0; side < 2; side++) {
        made.sides[side] = &out->sides[side];
        made.paths[side] = out->paths.all[side];
        made.exact[side] = input->exact[0] ? &out->exact[side] : NULL;
    }
    return comparison_make(&made, &out->comparison) ? TACH_INTERNAL : TACH_OK;
}

void sides_free(struct sides_compared *sides)
{
    comparison_free(&sides->comparison);
    floors_free(&sides->floors);
    for (unsigned side = 0; side < 2; side++) {
        document_free(&sides->sides[side]);
        document_free(&sides->exact[side]);
    }
    run_paths_free(&sides->paths);
    run_paths_free(&sides->exact_paths);
}

void sides_warn(const char *verb, const struct comparison *comparison)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct compared_side *facts = &comparison->sides[side];
        if (facts->complete && !facts->excluded)
            continue;
        fprintf(stderr, "tach %s: the %s is of a run of which not every boot passed", verb,
                side ? "second" : "first");
        if (facts->excluded)
            fprintf(stderr, ": %zu are left out", facts->excluded);
        fputc('\n', stderr);
    }
}
