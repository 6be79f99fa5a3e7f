/* SPDX-License-Identifier: MIT
 * What can be asked of a loaded boot, and how it is let go (see capture.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/capture.h"
#include "traces/words.h"

bool boot_whole(const struct boot *boot)
{
    const struct boot_losses *lost = &boot->lost;

    return boot->has_hello && boot->has_end && lost->missing == 0 && lost->malformed == 0 &&
           lost->incomplete == 0 && lost->events_lost == 0;
}

const struct hist *boot_hist(const struct boot *boot, const char *cell, const char *metric)
{
    for (size_t i = 0; i < boot->hist_count; i++)
        if (strcmp(boot->hists[i].cell, cell) == 0 && strcmp(boot->hists[i].metric, metric) == 0)
            return &boot->hists[i];
    return NULL;
}

bool boot_cell_name(const struct boot *boot, uint64_t index, char *name, size_t size)
{
    size_t length;
    const char *at = words_find(boot->cmdline, "bench=", &length);

    for (uint64_t i = 0; at && i < index; i++) {
        at += strcspn(at, ", ");
        at = *at == ',' ? at + 1 : NULL;
    }
    if (at && strcspn(at, ", ") > 0 && strcspn(at, ", ") < size) {
        snprintf(name, size, "%.*s", (int)strcspn(at, ", "), at);
        return true;
    }
    snprintf(name, size, "cell %llu", (unsigned long long)index);
    return false;
}

static void boot_free(struct boot *boot)
{
    for (size_t i = 0; i < boot->hist_count; i++)
        free(boot->hists[i].entries);
    for (size_t i = 0; i < boot->raw_count; i++)
        free(boot->raws[i].samples);
    free(boot->hists);
    free(boot->gaps);
    free(boot->raws);
    free(boot->counts);
    free(boot->counters);
    free(boot->events);
    free(boot->samples);
    free(boot->text);
    free(boot->cmdline);
}

void capture_free(struct capture *capture)
{
    for (size_t i = 0; i < capture->boot_count; i++)
        boot_free(&capture->boots[i]);
    free(capture->boots);
    free(capture->foreign);
    memset(capture, 0, sizeof *capture);
}
