/* SPDX-License-Identifier: MIT
 * The run that is shown beside another; see bench/beside.h. */
#include "bench/beside.h"

#include <dirent.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "traces/say.h"

static bool class_counts(const char *class)
{
    return !strcmp(figure_unit(class), "instructions");
}

static const char *fact(const json_t *context, const char *name)
{
    const char *text = json_string_value(json_object_get(context, name));

    return text ? text : "";
}

/* The kernel is what runs, the initial file system holds the clients and servers that are measured;
 * each machine may have a way of its own to load them. */
static bool builds_equal(const json_t *a, const json_t *b)
{
    static const char *const images[] = {"kernel_sha256", "initfs_sha256"};

    for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
        if (!*fact(a, images[i]) || strcmp(fact(a, images[i]), fact(b, images[i])))
            return false;
    return true;
}

int beside_load(const char *verb, const char *path, const struct document *document,
                struct beside *out)
{
    *out = (struct beside){0};
    int status = document_load(verb, path, &out->document);
    if (status)
        return status;
    if (!class_counts(document->class) || !class_counts(out->document.class))
        status = say_error(TACH_BADDATA, verb, path,
                           "both must count instructions: the run is of class %.16s, this of %.16s",
                           document->class, out->document.class);
    else if (!strcmp(document->class, out->document.class))
        status = say_error(TACH_BADDATA, verb, path,
                           "is of class %.16s as the run itself: --against compares such runs",
                           document->class);
    out->path = status ? NULL : strdup(path);
    out->same_build = builds_equal(document->context, out->document.context);
    if (!status && !out->path)
        status = TACH_INTERNAL;
    if (status)
        beside_free(out);
    return status;
}

/* The context of a run's document, the caller's; NULL where it cannot be read. */
static json_t *context_peek(const char *directory, const char *name)
{
    json_t *root = NULL, *context = NULL;
    char *path;

    if (asprintf(&path, "%s/%s/" FIGURE_SUITE ".ci.json", directory, name) < 0)
        return NULL;
    root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    context = json_incref(json_object_get(root, "context"));
    json_decref(root);
    free(path);
    return context;
}

static bool context_fits(const json_t *context, const struct document *document)
{
    const char *class = fact(context, "tach_class");

    return *class && class_counts(class) && strcmp(class, document->class) &&
           !strcmp(fact(context, "tach_complete"), "yes") &&
           builds_equal(context, document->context);
}

/* The name of the newest run that fits, from malloc; NULL where there is none. */
static char *newest_find(const char *directory, const struct document *document)
{
    DIR *stream = opendir(directory);
    char *best = NULL, date[64] = "";
    const struct dirent *file;

    while (stream && (file = readdir(stream)) != NULL) {
        if (file->d_name[0] == '.' || file->d_type == DT_LNK || file->d_type == DT_REG)
            continue;
        json_t *context = context_peek(directory, file->d_name);
        if (context && context_fits(context, document) &&
            (!best || strcmp(fact(context, "date"), date) > 0)) {
            snprintf(date, sizeof(date), "%s", fact(context, "date"));
            free(best);
            best = strdup(file->d_name);
        }
        json_decref(context);
    }
    if (stream)
        closedir(stream);
    return best;
}

int beside_find(const char *verb, const char *path, const struct document *document,
                struct beside *out)
{
    char *directory = strdup(path), *full = NULL;
    int status = TACH_OK;

    *out = (struct beside){0};
    if (!directory)
        return TACH_INTERNAL;
    const char *above = dirname(directory);
    char *name = class_counts(document->class) ? newest_find(above, document) : NULL;
    if (name && asprintf(&full, "%s/%s", above, name) < 0)
        status = TACH_INTERNAL;
    else if (name)
        status = beside_load(verb, full, document, out);
    free(full);
    free(name);
    free(directory);
    return status;
}

void beside_free(struct beside *beside)
{
    document_free(&beside->document);
    free(beside->path);
    *beside = (struct beside){0};
}
