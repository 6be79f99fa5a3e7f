/* SPDX-License-Identifier: MIT
 * capture_make OUT: writes the synthetic capture of synth.h, four whole boots, the same bytes each
 * time. For trying the verbs, and the tests of others, without a machine that boots. */
#include <stdio.h>

#include "traces/test/synth.h"

int main(int argc, char **argv)
{
    struct synth synth = {0};
    FILE *out = argc == 2 ? fopen(argv[1], "wb") : NULL;
    int bad = 1;

    if (!out) {
        fprintf(stderr, "usage: capture_make OUT (a file that can be written)\n");
        return 64;
    }
    synth_capture(&synth);
    bad = fwrite(synth.bytes, 1, synth.size, out) != synth.size;
    bad |= fclose(out) != 0;
    free(synth.bytes);
    if (bad)
        fprintf(stderr, "capture_make: %s cannot be written\n", argv[1]);
    return bad ? 73 : 0;
}
