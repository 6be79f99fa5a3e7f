/* SPDX-License-Identifier: MIT
 * The arguments of the verb collect; receive.c does the work. */
#include <argp.h>
#include <string.h>

#include "bench/args.h"
#include "bench/verbs.h"
#include "traces/port.h"
#include "traces/receive.h"

enum { OPT_LIST = 256 };

/* What the arguments say. */
struct collect_args {
    struct receive_options options;
    bool list;
};

/* The next place of SOURCE and OUTPUT; --port has taken the first. */
static void name_take(struct argp_state *state, struct receive_options *options, char *argument)
{
    const char **slot = options->source ? &options->output : &options->source;

    if (*slot)
        argp_error(state, "%s: one SOURCE and one OUTPUT", argument);
    *slot = argument;
}

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
    struct collect_args *args = state->input;
    struct receive_options *options = &args->options;

    switch (key) {
    case 'u':
        options->until = (uint32_t)args_whole(state, argument, 1, 1000);
        return 0;
    case 'n':
    case 'b':
        *(key == 'n' ? &options->boots : &options->baud) =
            (uint32_t)args_whole(state, argument, 0, 1000000000);
        return 0;
    case 't':
        options->timeout_s = strcmp(argument, "0") ? args_number(state, argument, 1e6) : 0;
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
    case 'w':
        options->wait = true;
        return 0;
    case 'p':
        options->wait = true;
        if (options->source)
            argp_error(state, "--port DEVICE stands before OUTPUT, and once");
        options->source = argument;
        return 0;
    case 'l':
        options->live = true;
        return 0;
    case 'r':
        options->repeat = true;
        return 0;
    case OPT_LIST:
        args->list = true;
        return 0;
    case ARGP_KEY_ARG:
        name_take(state, options, argument);
        return 0;
    case ARGP_KEY_END:
        if (!args->list && !options->output)
            argp_error(state, "a SOURCE and an OUTPUT are needed");
        if (options->until && options->boots != RECEIVE_DEFAULT)
            argp_error(state, "--boots and --until are two ways to stop");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option collect_options[] = {
    {"boots", 'n', "N", 0, "Stop at the END of N boots; 0: at the end of the source", 0},
    {"until", 'u', "N", 0,
     "Stop when each part that the boots announce (the image's \"boot after boot\") came whole N "
     "times",
     0},
    {"timeout", 't', "SECONDS", 0, "Stop after this long without the last END", 0},
    {"baud", 'b', "RATE", 0, "Rate of a serial line (115200)", 0},
    {"port", 'p', "DEVICE", 0, "The SOURCE is this serial port, and waited for as with --wait", 0},
    {"wait", 'w', NULL, 0, "Wait for SOURCE to be there, and to come back once it is gone", 0},
    {"live", 'l', NULL, 0,
     "Show cells done, rate, losses and the time left; where errors go to no terminal, a line a "
     "second",
     0},
    {"repeat", 'r', NULL, 0,
     "Ask for lost frames again: the line goes both ways, and the target has the boot word repeat=",
     0},
    {"list", OPT_LIST, NULL, 0, "List the serial ports of this machine", 0},
    {"append", 'a', NULL, 0, "Add to OUTPUT where it is there", 0},
    {"force", 'f', NULL, 0, "Replace OUTPUT where it is there", 0},
    {"quiet", 'q', NULL, 0, "Neither progress nor summary", 0},
    {0}};

static const struct argp collect_argp = {
    collect_options,
    option_parse,
    "SOURCE OUTPUT",
    "Receive frames and keep every byte of them.\v"
    "SOURCE is a file, a pipe, a serial device or pty, a unix socket, tcp:HOST:PORT (the raw bytes "
    "of a line, as ser2net gives them), or - for standard input. "
    "A device or socket is read until the END of one boot, anything else to its end. A line is "
    "read by one program at a time.\n\n"
    "  tach collect --list\n"
    "  tach collect --port /dev/ttyUSB0 metal.tach\n"
    "  tach collect --wait tcp:rack7:2001 metal.tach\n"
    "  tach collect --live --until 5 --port /dev/ttyUSB0 metal.tach\n"
    "  tach collect --boots 4 --timeout 60 /tmp/serial.sock run.tach\n"
    "  qemu-system-x86_64 ... -serial stdio | tach collect - run.tach\n\n"
    "Exits with 0 when every boot wanted came whole; 65 when the source ended, timed out or was "
    "damaged before that; 66 when SOURCE is missing or cannot be read; 69 when there is no serial "
    "port to list; 73 when OUTPUT cannot be written; 74 when a device failed. Whatever was "
    "received is kept.",
    NULL,
    NULL,
    NULL};

int verb_collect(int argc, char **argv)
{
    static char name[] = "tach collect";
    struct collect_args args = {.options = {.boots = RECEIVE_DEFAULT, .baud = 115200}};

    argv[0] = name;
    argp_parse(&collect_argp, argc, argv, 0, NULL, &args);
    return args.list ? port_list("collect") : receive(&args.options);
}
