/* SPDX-License-Identifier: MIT
 * Receives frames from a source and keeps every byte. Invariant: what was received is written at
 * once and stays there whatever happens after; at each END it is on the disk. Called by the collect
 * verb. */
#ifndef TACH_TRACES_RECEIVE_H
#define TACH_TRACES_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#define RECEIVE_ANY     0u         /* as many boots as come before the source ends */
#define RECEIVE_DEFAULT UINT32_MAX /* one of a device or socket, any of all others */

struct receive_options {
    const char *source, *output; /* see source.h; the output is a path */
    uint32_t boots;              /* to wait for the END of, or RECEIVE_* */
    uint32_t until;              /* until each part (boot word part=) passed so often; 0: no */
    double timeout_s;            /* until the last END; 0: none */
    unsigned baud;
    bool append, force, quiet;
    bool live;   /* the view of live.h, in a pipe a line a second */
    bool repeat; /* ask for frames that were lost, see repeat.h */
    bool wait;   /* for a source that is not there yet, or gone for a while */
};

/* Receives until the boots wanted have ended, the source has, the time is up or SIGINT or SIGTERM
 * comes. Returns an enum tach_exit as `tach collect --help` lists them, errors said in one line. */
int receive(const struct receive_options *options);

#endif
