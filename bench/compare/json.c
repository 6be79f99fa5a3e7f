/* SPDX-License-Identifier: MIT
 * A comparison as JSON, for programs; its members stand in bench/compare.h and stay as they are.
 * Invariant: no number in it is NaN or infinite, and no text holds a byte outside of ASCII. */
#include <string.h>

#include "bench/compare/parts.h"
#include "bench/exits.h"
#include "bench/file.h"

int json_put(const char *verb, const char *path, json_t *json)
{
    FILE *out = path ? file_create(verb, path) : stdout;
    int failed = json ? 0 : -1;

    if (out && json) {
        failed = json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        fputc('\n', out);
    }
    json_decref(json);
    if (!out)
        return TACH_CANTCREATE;
    const int status = path ? file_finish(verb, path, out) : TACH_OK;
    return status ? status : failed ? TACH_INTERNAL : TACH_OK;
}

static json_t *metric_json(const struct compared_metric *metric)
{
    const struct judgement *judged = &metric->judged;

    return json_pack("{sb ss so so so so so so so so so so so so s[ii] si}", "exact",
                     (int)metric->exact, "verdict", verdict_name(judged->verdict), "base",
                     json_number(judged->location[0]), "head", json_number(judged->location[1]),
                     "shift", json_number(judged->shift), "percent", json_number(judged->percent),
                     "low", json_number(judged->low), "high", json_number(judged->high),
                     "percent_low", json_number(judged->percent_low), "percent_high",
                     json_number(judged->percent_high), "p", json_number(judged->p), "p_holm",
                     json_number(judged->p_holm), "noise", json_number(judged->noise), "detectable",
                     json_number(judged->detectable), "boots", (int)judged->boots[0],
                     (int)judged->boots[1], "boots_more", (int)judged->boots_more);
}

static json_t *figure_json(const struct compared *figure)
{
    static const char *const on[] = {"both", "base", "head"};
    json_t *metrics = json_object();
    json_t *json =
        json_pack("{so so sb ss ss sb ss ss so so}", "name", json_text(figure->name), "cell",
                  json_text(figure->cell), "pti", (int)figure->pti_on, "on", on[figure->on],
                  "verdict", verdict_name(figure->verdict), "moved", (int)figure->moved, "reading",
                  reading_name(figure->reading), "cause", figure->cause, "floor",
                  json_number(figure->floor), "metrics", metrics);

    for (enum metric metric = 0; json && metric < METRIC_COUNT; metric++)
        if (figure->metrics[metric].there)
            json_object_set_new(metrics, metric_name(metric),
                                metric_json(&figure->metrics[metric]));
    if (json && figure->instructions.there)
        json_object_set_new(json, "instructions", metric_json(&figure->instructions));
    return json;
}

static json_t *side_json(const struct compared_side *side)
{
    return json_pack("{so si si sb so so}", "path", json_text(side->path), "boots",
                     (int)side->boots, "excluded", (int)side->excluded, "complete",
                     (int)side->complete, "kernel", json_text(side->kernel), "revision",
                     json_text(side->revision));
}

static json_t *rule_json(const struct judge_rule *rule)
{
    return json_pack("{so so so so so so}", "matters", json_number(rule->matters), "floor",
                     json_number(rule->floor), "alarm", json_number(rule->alarm), "confidence",
                     json_number(rule->confidence), "family", json_number(rule->family), "power",
                     json_number(rule->power));
}

static json_t *counts_json(const struct comparison *comparison)
{
    json_t *json = json_object();

    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        json_object_set_new(json, verdict_name(verdict),
                            json_integer((json_int_t)comparison->verdicts[verdict]));
    json_object_set_new(json, "moved", json_integer((json_int_t)comparison->moved));
    json_object_set_new(json, "only_base", json_integer((json_int_t)comparison->lone[0]));
    json_object_set_new(json, "only_head", json_integer((json_int_t)comparison->lone[1]));
    return json;
}

json_t *comparison_json(const struct comparison *comparison)
{
    json_t *figures = json_array();

    for (size_t i = 0; i < comparison->count; i++)
        json_array_append_new(figures, figure_json(&comparison->figures[i]));
    return json_pack("{si ss so ss sb ss si so s[oo] so so}", "tach_compare", COMPARE_SCHEMA,
                     "class", comparison->class, "machine", json_text(comparison->machine), "unit",
                     figure_unit(comparison->class), "exact", (int)comparison->exact, "verdict",
                     verdict_name(comparison_verdict(comparison)), "exit",
                     comparison_exit(comparison), "rule", rule_json(&comparison->rule), "sides",
                     side_json(&comparison->sides[0]), side_json(&comparison->sides[1]), "counts",
                     counts_json(comparison), "figures", figures);
}
