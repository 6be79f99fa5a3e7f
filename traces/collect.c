/* SPDX-License-Identifier: MIT
 * The arguments of the verb collect; receive.c does the work. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "bench/verbs.h"
#include "traces/receive.h"

static bool number_parse(const char *text, double limit, double *out)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    return end != text && *end == 0 && errno == 0 && *out >= 0 && *out <= limit;
}

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
    struct receive_options *options = state->input;
    double number = 0;

    switch (key) {
    case 'n':
    case 'b':
        if (!number_parse(argument, 1e9, &number) || number != (double)(uint32_t)number)
            argp_error(state, "%s: not a whole number from 0 to 1000000000", argument);
        *(key == 'n' ? &options->boots : &options->baud) = (uint32_t)number;
        return 0;
    case 't':
        if (!number_parse(argument, 1e6, &options->timeout_s))
            argp_error(state, "%s: not seconds from 0 to 1000000", argument);
        return 0;
    case 'a':
        options->append = true;
        return 0;
    case 'f':
        options->force = true;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 2)
            argp_error(state, "one SOURCE and one OUTPUT");
        *(state->arg_num == 0 ? &options->source : &options->output) = argument;
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num < 2)
            argp_error(state, "a SOURCE and an OUTPUT are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option collect_options[] = {
    {"boots", 'n', "N", 0, "Stop at the END of N boots; 0: at the end of the source", 0},
    {"timeout", 't', "SECONDS", 0, "Stop after this long without the last END", 0},
    {"baud", 'b', "RATE", 0, "Rate of a serial line (115200)", 0},
    {"append", 'a', NULL, 0, "Add to OUTPUT where it is there", 0},
    {"force", 'f', NULL, 0, "Replace OUTPUT where it is there", 0},
    {"quiet", 'q', NULL, 0, "Neither progress nor summary", 0},
    {0}};

static const struct argp collect_argp = {
    collect_options,
    option_parse,
    "SOURCE OUTPUT",
    "Receive frames and keep every byte of them.\v"
    "SOURCE is a file, a pipe, a serial device or pty, a unix socket, or - for standard input. "
    "A device or socket is read until the END of one boot, anything else to its end.\n\n"
    "  tach collect /dev/ttyUSB0 metal.tach\n"
    "  tach collect --boots 4 --timeout 60 /tmp/serial.sock run.tach\n"
    "  qemu-system-x86_64 ... -serial stdio | tach collect - run.tach\n\n"
    "Exits with 0 when every boot wanted came whole; 65 when the source ended, timed out or was "
    "damaged before that; 66 when SOURCE is missing or unreadable; 73 when OUTPUT cannot be "
    "written; 74 when a device failed. Whatever was received is kept.",
    NULL,
    NULL,
    NULL};

int verb_collect(int argc, char **argv)
{
    static char name[] = "tach collect";
    struct receive_options options = {.boots = RECEIVE_DEFAULT, .baud = 115200};

    argv[0] = name;
    argp_parse(&collect_argp, argc, argv, 0, NULL, &options);
    return receive(&options);
}
