/* SPDX-License-Identifier: MIT
 * The verb collect: receives bytes and writes them to a file as they come. Invariant: what was
 * received is written at once and stays there whatever happens after; at each END it is on the
 * disk. Frames are decoded to know when to stop and what was lost, never to change what is kept. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/verbs.h"
#include "traces/frame.h"
#include "traces/say.h"
#include "traces/source.h"

#define VERB         "collect"
#define CHUNK_BYTES  (64u << 10)
#define PROGRESS_MS  100
#define QUIET_MS     150  /* this long without a byte after the last END: nothing more comes */
#define LINGER_MS    1000 /* and no longer than this for the line that says how the boot ended */
#define BOOTS_ANY    0u
#define BOOTS_UNSAID UINT32_MAX

struct options {
    const char *source, *output;
    uint32_t boots;
    double timeout_s; /* 0: none */
    unsigned baud;
    bool append, force, quiet;
};

struct collect {
    struct options options;
    struct source source;
    int output;
    struct frame_decoder decoder;
    uint64_t ends, bytes, kept;
    int64_t started_ms, ended_ms, heard_ms, shown_ms; /* ended: at the last END wanted, else 0 */
    bool terminal, eof, timed_out;
};

static volatile sig_atomic_t stop_asked;

static void stop_note(int number)
{
    stop_asked = number;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void frame_seen(void *context, const struct frame *frame)
{
    struct collect *collect = context;

    collect->ends += frame->header.type == WIRE_END;
}

static bool boots_done(const struct collect *collect)
{
    return collect->options.boots != BOOTS_ANY && collect->ends >= collect->options.boots;
}

static void frame_ignore(void *context, const struct frame *frame)
{
    (void)context;
    (void)frame;
}

/* Whether the next piece of the line completes a frame of another boot. */
static bool boot_next(const struct collect *collect, const uint8_t *piece, size_t length)
{
    static struct frame_decoder probe;

    probe = collect->decoder;
    probe.sink = (struct frame_sink){frame_ignore, NULL, NULL};
    frame_push(&probe, piece, length);
    return probe.counts.boots > collect->decoder.counts.boots;
}

/* Decodes a chunk. Returns how much of it to keep: all, but a file is cut where the boot after the
 * last one wanted begins. */
static size_t chunk_decode(struct collect *collect, const uint8_t *chunk, size_t length)
{
    size_t at = 0;

    while (at < length) {
        const uint8_t *zero = memchr(chunk + at, 0, length - at);
        size_t part = zero ? (size_t)(zero - chunk) + 1 - at : length - at;

        collect->eof =
            collect->source.file && boots_done(collect) && boot_next(collect, chunk + at, part);
        if (collect->eof)
            break;
        frame_push(&collect->decoder, chunk + at, part);
        at += part;
    }
    return at;
}

/* Gives the unfinished end of a chunk back to a file that may have to be cut there. */
static size_t chunk_trim(const struct collect *collect, const uint8_t *chunk, size_t length)
{
    const uint8_t *zero = memrchr(chunk, 0, length);
    size_t whole = zero ? (size_t)(zero - chunk) + 1 : length;

    if (!collect->source.file || collect->options.boots == BOOTS_ANY || whole == length ||
        lseek(collect->source.fd, -(off_t)(length - whole), SEEK_CUR) < 0)
        return length;
    return whole;
}

static int output_error(const struct collect *collect)
{
    return say_error(TACH_CANTCREATE, VERB, collect->options.output,
                     "%s; the %" PRIu64 " bytes before that are kept", strerror(errno),
                     collect->kept);
}

static int chunk_write(struct collect *collect, const uint8_t *chunk, size_t length)
{
    while (length > 0) {
        ssize_t put = write(collect->output, chunk, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return output_error(collect);
        collect->kept += (uint64_t)put;
        chunk += put;
        length -= (size_t)put;
    }
    return TACH_OK;
}

/* Puts the output on the disk; a pipe or a device has none, which is fine. */
static int output_sync(const struct collect *collect)
{
    if (fsync(collect->output) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP)
        return TACH_OK;
    return output_error(collect);
}

static int chunk_take(struct collect *collect, const uint8_t *chunk, size_t length)
{
    uint64_t ends = collect->ends;
    size_t keep = chunk_decode(collect, chunk, length);
    int status = chunk_write(collect, chunk, keep);

    collect->bytes += keep;
    collect->heard_ms = now_ms();
    if (boots_done(collect) && collect->ended_ms == 0)
        collect->ended_ms = collect->heard_ms;
    return status == TACH_OK && collect->ends > ends ? output_sync(collect) : status;
}

static uint64_t frames_lost(const struct collect *collect)
{
    const struct frame_counts *counts = &collect->decoder.counts;

    return counts->missing > frame_refused(counts) ? counts->missing : frame_refused(counts);
}

static void progress_show(struct collect *collect)
{
    int64_t now = now_ms();

    if (!collect->terminal || now - collect->shown_ms < PROGRESS_MS)
        return;
    collect->shown_ms = now;
    fprintf(stderr, "\r%10.1f KiB  %" PRIu64 " frames  %" PRIu64 " lost  %" PRIu64 " boots ended ",
            (double)collect->bytes / 1024, collect->decoder.counts.good, frames_lost(collect),
            collect->ends);
}

/* Milliseconds until something is due, and whether it is: the stop is noted in `collect`. */
static int due_ms(struct collect *collect)
{
    int64_t now = now_ms(), due = collect->terminal ? PROGRESS_MS : INT32_MAX;
    int64_t limit = (int64_t)(collect->options.timeout_s * 1000) - (now - collect->started_ms);

    if (collect->ended_ms != 0) {
        int64_t quiet = QUIET_MS - (now - collect->heard_ms);
        int64_t linger = LINGER_MS - (now - collect->ended_ms);

        limit = quiet < linger ? quiet : linger;
        collect->eof = collect->eof || limit <= 0;
    } else if (collect->options.timeout_s <= 0) {
        limit = INT32_MAX;
    } else {
        collect->timed_out = limit <= 0;
    }
    due = due < limit ? due : limit;
    return due > 0 ? (int)due : 0;
}

/* Reads what is there. Returns an enum tach_exit; the end of the source is noted. */
static int source_read(struct collect *collect, uint8_t *chunk)
{
    ssize_t got = read(collect->source.fd, chunk, CHUNK_BYTES);

    if (got > 0)
        return chunk_take(collect, chunk, chunk_trim(collect, chunk, (size_t)got));
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return TACH_OK;
    /* A pty whose other side is gone says EIO, a socket may say that it was reset: both ended. */
    collect->eof = got == 0 || errno == ECONNRESET || (errno == EIO && collect->source.live);
    return collect->eof ? TACH_OK
                        : say_error(errno == EBADF ? TACH_NOINPUT : TACH_IOERR, VERB,
                                    collect->options.source, "%s; the %" PRIu64 " bytes are kept",
                                    strerror(errno), collect->kept);
}

static int loop(struct collect *collect)
{
    struct pollfd wait = {.fd = collect->source.fd, .events = POLLIN};
    uint8_t *chunk = malloc(CHUNK_BYTES);
    int status = chunk ? TACH_OK : say_error(TACH_INTERNAL, VERB, "memory", "out of it");

    while (status == TACH_OK && !collect->eof && !stop_asked) {
        int due = due_ms(collect);

        if (collect->eof || collect->timed_out)
            break;
        progress_show(collect);
        if (poll(&wait, 1, due) > 0)
            status = source_read(collect, chunk);
    }
    free(chunk);
    return status;
}

/* What the end of the source means for the exit code. */
static int outcome_judge(struct collect *collect)
{
    const char *source = collect->options.source;
    const struct frame_counts *counts = &collect->decoder.counts;
    uint64_t wanted = collect->options.boots == BOOTS_ANY ? counts->boots : collect->options.boots;

    if (collect->ends < wanted || counts->boots == 0) {
        const char *what = stop_asked           ? "interrupted"
                           : collect->timed_out ? "timed out"
                           : counts->boots == 0 ? "no frame came"
                                                : "ended";

        return say_error(TACH_BADDATA, VERB, source,
                         "%s before END of boot %" PRIu64 "; the %" PRIu64
                         " bytes received are kept",
                         what, collect->ends + 1, collect->kept);
    }
    if (counts->missing == 0 && frame_refused(counts) == 0)
        return TACH_OK;
    return say_error(TACH_BADDATA, VERB, source,
                     "damaged: %" PRIu64 " frames missing, %" PRIu64 " refused; what came is kept",
                     counts->missing, frame_refused(counts));
}

static int output_open(struct collect *collect)
{
    const struct options *options = &collect->options;
    struct stat in, out;
    bool there = stat(options->output, &out) == 0;
    bool regular = there && S_ISREG(out.st_mode);
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;

    if (regular && fstat(collect->source.fd, &in) == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
        return say_error(TACH_USAGE, VERB, options->output, "is the source itself");
    if (regular && out.st_size > 0 && !options->append && !options->force)
        return say_error(TACH_CANTCREATE, VERB, options->output,
                         "is there already; --append adds to it, --force replaces it");
    flags |= options->append ? O_APPEND : O_TRUNC;
    collect->output = open(options->output, flags, 0644);
    if (collect->output < 0)
        return say_error(TACH_CANTCREATE, VERB, options->output, "%s", strerror(errno));
    return TACH_OK;
}

static int collect_run(struct collect *collect)
{
    struct frame_sink sink = {frame_seen, NULL, collect};
    struct sigaction stop = {.sa_handler = stop_note};
    int status;

    frame_decoder_init(&collect->decoder, &sink);
    collect->started_ms = now_ms();
    collect->terminal = isatty(STDERR_FILENO) && !collect->options.quiet;
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    status = loop(collect);
    frame_finish(&collect->decoder);
    if (collect->terminal)
        fprintf(stderr, "\r%79s\r", "");
    if (status == TACH_OK)
        status = output_sync(collect);
    if (close(collect->output) != 0 && status == TACH_OK)
        status = output_error(collect);
    if (status == TACH_OK)
        status = outcome_judge(collect);
    if (!collect->options.quiet)
        printf("%" PRIu64 " bytes, %" PRIu64 " frames, %" PRIu64 " boots, %" PRIu64 " ended\n",
               collect->kept, collect->decoder.counts.good, collect->decoder.counts.boots,
               collect->ends);
    return status;
}

static bool number_parse(const char *text, double limit, double *out)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    return end != text && *end == 0 && errno == 0 && *out >= 0 && *out <= limit;
}

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
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
    static struct collect collect;
    static char name[] = "tach " VERB;
    int status;

    collect = (struct collect){.options = {.boots = BOOTS_UNSAID, .baud = 115200}, .output = -1};
    argv[0] = name;
    argp_parse(&collect_argp, argc, argv, 0, NULL, &collect.options);
    status = source_open(VERB, collect.options.source, collect.options.baud, &collect.source);
    if (collect.options.boots == BOOTS_UNSAID)
        collect.options.boots = collect.source.live ? 1 : BOOTS_ANY;
    if (status == TACH_OK)
        status = output_open(&collect);
    if (status == TACH_OK)
        status = collect_run(&collect);
    if (collect.source.fd > STDIN_FILENO)
        close(collect.source.fd);
    return status;
}
