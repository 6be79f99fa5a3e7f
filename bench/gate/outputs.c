/* SPDX-License-Identifier: MIT
 * What the gate leaves for people and for programs: gate.json, gate.md and the report. The verdict
 * is in each of them. See bench/gate/gate.h. */
#include <stdlib.h>
#include <string.h>

#include "bench/compare/parts.h"
#include "bench/file.h"
#include "bench/gate/gate.h"
#include "bench/verbs.h"
#include "traces/say.h"

static const char *exit_name(int status)
{
    return status == TACH_OK ? "passed" : status == TACH_DIFFERENT ? "failed" : "inconclusive";
}

static json_t *findings_json(const struct gate *gate)
{
    json_t *list = json_array();

    for (size_t i = 0; i < gate->count; i++)
        json_array_append_new(list, json_pack("{ss ss sb so}", "what", gate->findings[i].what,
                                              "verdict", exit_name(gate->findings[i].exit), "gates",
                                              (int)gate->findings[i].gates, "text",
                                              json_text(gate->findings[i].text)));
    return list;
}

static int gate_json(const struct gate *gate, const char *path)
{
    json_t *json = json_pack("{si ss si so so}", "tach_gate", GATE_SCHEMA, "verdict",
                             exit_name(gate_exit(gate)), "exit", gate_exit(gate), "command",
                             json_text(gate->command), "findings", findings_json(gate));

    if (json && gate->has_baseline)
        json_object_set_new(json, "baseline", comparison_json(&gate->baseline.comparison));
    if (json && gate->has_base)
        json_object_set_new(json, "base", comparison_json(&gate->base.comparison));
    if (json && gate->has_beside)
        json_object_set_new(json, "cycles", comparison_json(&gate->beside.comparison));
    return json_put("gate", path, json);
}

static void findings_markdown(FILE *out, const struct gate *gate)
{
    fprintf(out, "## tach gate: %s\n\n| looked at | verdict | found |\n| --- | --- | --- |\n",
            exit_name(gate_exit(gate)));
    for (size_t i = 0; i < gate->count; i++) {
        const struct finding *finding = &gate->findings[i];
        fprintf(out, "| %s | %s%s | ", finding->what, exit_name(finding->exit),
                finding->gates ? "" : " (report only)");
        markdown_text(out, finding->text);
        fputs(" |\n", out);
    }
}

static int part_markdown(FILE *out, bool there, const char *title,
                         const struct comparison *comparison)
{
    if (!there)
        return 0;
    fprintf(out, "\n## %s\n\n", title);
    return comparison_markdown(out, comparison, NULL);
}

static int gate_markdown(const struct gate *gate, const char *path)
{
    FILE *out = file_create("gate", path);

    if (!out)
        return TACH_CANTCREATE;
    findings_markdown(out, gate);
    int failed = part_markdown(out, gate->has_baseline, "Head against the committed baseline",
                               &gate->baseline.comparison);
    failed |= part_markdown(out, gate->has_base, "Head against base, instructions",
                            &gate->base.comparison);
    failed |=
        part_markdown(out, gate->has_beside, "Head against base, cycles", &gate->beside.comparison);
    fputs("\nmade by: ", out);
    markdown_text(out, gate->command);
    fputc('\n', out);
    const int status = file_finish("gate", path, out);
    return failed ? TACH_INTERNAL : status;
}

/* The page of the head, as tach report makes it. What keeps it from being drawn is said, and is no
 * reason to fail a change. */
static int gate_report(const struct gate *gate, const char *path)
{
    char *head = NULL, *out = strdup(path), *against = strdup(gate->args->baseline);
    int status = TACH_INTERNAL;

    if (asprintf(&head, run_is_pair(gate->exact) ? "%s/head" : "%s", gate->exact) < 0)
        head = NULL;
    if (head && out && against) {
        /* The verb's parser puts the words into an order of its own. */
        char *words[] = {
            (char[]){"report"}, head, (char[]){"--out"}, out, (char[]){"--against"}, against, NULL};
        words[gate->has_baseline ? 6 : 4] = NULL;
        status = verb_report(gate->has_baseline ? 6 : 4, words);
    }
    free(head);
    free(out);
    free(against);
    return status == TACH_INTERNAL || status == TACH_CANTCREATE ? status : TACH_OK;
}

int gate_write(const struct gate *gate)
{
    static const struct {
        const char *name;
        int (*write)(const struct gate *gate, const char *path);
    } files[] = {
        {"gate.json", gate_json}, {"gate.md", gate_markdown}, {"report.html", gate_report}};
    int status = TACH_OK;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *path = gate_path(gate, files[i].name);
        const int written = path ? files[i].write(gate, path) : TACH_INTERNAL;
        status = status ? status : written;
        free(path);
    }
    return status ? status : gate_mirrors(gate);
}
