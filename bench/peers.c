/* SPDX-License-Identifier: MIT
 * The peers' figures; see bench/peers.h. Debian's 6.1.0 cloud kernel, -cpu qemu64, isolation off.
 */
#include "bench/peers.h"

#include <string.h>

const struct peer_point peer_points[] = {
    {"pipe", 8, 10553},          {"pipe", 4096, 12491},        {"tmpfs pread", 64, 1335},
    {"tmpfs pread", 4096, 1784}, {"unix stream", 4096, 21794},
};
const size_t peer_point_count = sizeof(peer_points) / sizeof(peer_points[0]);

#define NAME_LETTERS                                                                               \
    "abcdefghijklmnopqrstuvwxyz"                                                                   \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define NAME_PREFIX    "linux/"
#define NAME_MAX_SHOWN 24

static bool points_print(FILE *script)
{
    for (size_t i = 0; i < peer_point_count; i++)
        fprintf(script, "%ld %d \"  %s\"\n", peer_points[i].size, peer_points[i].whole,
                peer_points[i].name);
    return true;
}

/* Cycles in a nanosecond, by the first figure that tells both; 0 where none does. */
static double cycles_per_ns(const struct document *document)
{
    for (size_t i = 0; i < document->count; i++)
        if (document->figures[i].ns > 0 && document->figures[i].whole > 0)
            return document->figures[i].whole / document->figures[i].ns;
    return 0;
}

/* One row of the host's document. Its name goes into a script: only letters, digits and _ do. */
static bool host_print(FILE *script, const json_t *row, double rate)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *unit = json_string_value(json_object_get(row, "time_unit"));
    const double ns = json_number_value(json_object_get(row, "real_time"));

    if (!name || !unit || strcmp(unit, "ns") || !(ns > 0) || !(rate > 0) ||
        strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)))
        return false;
    name += strlen(NAME_PREFIX);
    const size_t length = strspn(name, NAME_LETTERS);
    fprintf(script, "8 %.6g \"  %.*s\"\n", ns * rate,
            (int)(length < NAME_MAX_SHOWN ? length : NAME_MAX_SHOWN), name);
    return true;
}

bool peers_print(FILE *script, const struct document *document)
{
    const json_t *rows = json_object_get(document->host, "benchmarks");
    bool any = false;
    size_t index;
    json_t *row;

    if (!strcmp(document->class, "icount"))
        return points_print(script);
    if (strcmp(figure_unit(document->class), "cycles"))
        return false;
    json_array_foreach(rows, index, row) any |= host_print(script, row, cycles_per_ns(document));
    return any;
}
