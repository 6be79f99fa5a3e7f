/* SPDX-License-Identifier: MIT
 * capture_make OUT [first|middle|end|nested]: writes the synthetic capture of synth.h, four whole
 * boots, the same bytes each time; or one boot that lost records: told by its first record, by one
 * in the middle, or by END alone; or one whose service calls another. For trying the verbs, and for
 * tests, without a machine that boots. */
#include <stdio.h>
#include <string.h>

#include "traces/test/synth.h"

#define NESTED_CALLS 4u

static void nested_make(struct synth *synth)
{
    synth_hello(synth, 0xB007000Au, 0, 1);
    for (unsigned i = 0; i < NESTED_CALLS; i++)
        synth_nested(synth, i);
    synth_event(synth, 10, EV_task_exit, 1, SYS_read); /* no entry: its numbers name no call */
    synth_event(synth, 10, EV_ph_entry, 0xABCDull << 32 | SYS_read, 0);
    synth_flush(synth);
    synth_end(synth, 0, 0);
}

/* A boot of three records that lost some more. Returns false for an unknown word. */
static int lossy_make(struct synth *synth, const char *where)
{
    uint32_t lost = strcmp(where, "end") == 0 ? 9 : 0;

    synth_hello(synth, 0xB0070009u, 0, 1);
    if (strcmp(where, "first") == 0)
        synth_event(synth, 1, EV_lost, lost = 5, 0);
    synth_event(synth, 10, EV_hal_entry, 0, 0);
    if (strcmp(where, "middle") == 0)
        synth_event(synth, 1, EV_lost, lost = 7, 0);
    synth_event(synth, 10, EV_core_entry, 0, 0);
    synth_flush(synth);
    synth_end(synth, 0, lost);
    return lost != 0;
}

int main(int argc, char **argv)
{
    struct synth synth = {0};
    FILE *out = argc == 2 || argc == 3 ? fopen(argv[1], "wb") : NULL;
    int bad;

    if (!out) {
        fprintf(stderr, "usage: capture_make OUT [first|middle|end|nested] (OUT can be written)\n");
        return 64;
    }
    const int nested = argc == 3 && strcmp(argv[2], "nested") == 0;
    if (argc == 2)
        synth_capture(&synth);
    if (nested)
        nested_make(&synth);
    bad = argc == 3 && !nested && !lossy_make(&synth, argv[2]);
    bad |= fwrite(synth.bytes, 1, synth.size, out) != synth.size;
    bad |= fclose(out) != 0;
    free(synth.bytes);
    if (bad)
        fprintf(stderr, "capture_make: %s was not written as asked\n", argv[1]);
    return bad ? 73 : 0;
}
