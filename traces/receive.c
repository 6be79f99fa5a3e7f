/* SPDX-License-Identifier: MIT
 * Receives bytes and writes them to a file as they come (see receive.h). Frames are decoded to know
 * when to stop and what was lost, never to change what is kept. */
#include "traces/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/exits.h"
#include "traces/frame.h"
#include "traces/live.h"
#include "traces/repeat.h"
#include "traces/say.h"
#include "traces/source.h"

#define VERB        "collect"
#define CHUNK_BYTES (64u << 10)
#define PROGRESS_MS 100
#define QUIET_MS    150  /* this long without a byte after the last END: nothing more comes */
#define LINGER_MS   1000 /* and no longer than this for the line that says how the boot ended */
#define TICK_MS     1000 /* the longest sleep: a longer one was not ours */
#define REPEAT_MS   50   /* between two looks at what is still missing */
#define RETRY_MS    200  /* between two looks for a source that is not there */

struct receiver {
    struct receive_options options;
    struct source source;
    int output;
    struct frame_decoder decoder;
    struct live live;
    struct repeat repeat;
    uint64_t ends, bytes, kept;
    uint64_t end_boot; /* the boot, from 1, that the last END was of */
    uint64_t cut;      /* boots that began before the last END and had none */
    int64_t started_ms, ended_ms, heard_ms, shown_ms; /* ended: at the last END wanted, else 0 */
    bool terminal, eof, timed_out;
    bool silent; /* behind the last END nothing came for QUIET_MS, unless it waits to be read */
    bool missed; /* said that the source is not there */
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
    struct receiver *receiver = context;

    live_frame(&receiver->live, frame, receiver->bytes);
    if (receiver->options.repeat)
        repeat_frame(&receiver->repeat, frame);
    if (frame->header.type != WIRE_END)
        return;
    if (frame->again && receiver->end_boot == receiver->decoder.counts.boots)
        return; /* asked for twice */
    receiver->end_boot = receiver->decoder.counts.boots;
    receiver->ends++;
    receiver->cut = receiver->decoder.counts.boots - receiver->ends;
}

static bool boots_done(const struct receiver *receiver)
{
    const struct receive_options *options = &receiver->options;

    if (options->until)
        return live_least(&receiver->live) >= options->until;
    return options->boots != RECEIVE_ANY && receiver->ends >= options->boots;
}

static void frame_ignore(void *context, const struct frame *frame)
{
    (void)context;
    (void)frame;
}

/* Whether the next piece of the line completes a frame of another boot. */
static bool boot_next(const struct receiver *receiver, const uint8_t *piece, size_t length)
{
    static struct frame_decoder probe;

    probe = receiver->decoder;
    probe.sink = (struct frame_sink){frame_ignore, NULL, NULL};
    frame_push(&probe, piece, length);
    return probe.counts.boots > receiver->decoder.counts.boots;
}

/* Decodes a chunk. Returns how much of it to keep: all, but a file is cut where the boot after the
 * last one wanted begins, and so is a line whose target starts anew by itself. */
static size_t chunk_decode(struct receiver *receiver, const uint8_t *chunk, size_t length)
{
    size_t at = 0;

    while (at < length) {
        const uint8_t *zero = memchr(chunk + at, 0, length - at);
        size_t part = zero ? (size_t)(zero - chunk) + 1 - at : length - at;

        receiver->eof = (receiver->source.file || receiver->options.until) &&
                        boots_done(receiver) && boot_next(receiver, chunk + at, part);
        if (receiver->eof)
            break;
        frame_push(&receiver->decoder, chunk + at, part);
        at += part;
    }
    return at;
}

/* Gives the unfinished end of a chunk back to a file that may have to be cut there. */
static size_t chunk_trim(const struct receiver *receiver, const uint8_t *chunk, size_t length)
{
    const uint8_t *zero = memrchr(chunk, 0, length);
    size_t whole = zero ? (size_t)(zero - chunk) + 1 : length;

    if (!receiver->source.file || receiver->options.boots == RECEIVE_ANY || whole == length ||
        lseek(receiver->source.fd, -(off_t)(length - whole), SEEK_CUR) < 0)
        return length;
    return whole;
}

static int output_error(const struct receiver *receiver)
{
    return say_error(TACH_CANTCREATE, VERB, receiver->options.output,
                     "%s; the %" PRIu64 " bytes before that are kept", strerror(errno),
                     receiver->kept);
}

static int chunk_write(struct receiver *receiver, const uint8_t *chunk, size_t length)
{
    while (length > 0) {
        ssize_t put = write(receiver->output, chunk, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return output_error(receiver);
        receiver->kept += (uint64_t)put;
        chunk += put;
        length -= (size_t)put;
    }
    return TACH_OK;
}

/* Puts the output on the disk; a pipe or a device has none, which is fine. */
static int output_sync(const struct receiver *receiver)
{
    if (fsync(receiver->output) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP)
        return TACH_OK;
    return output_error(receiver);
}

static int chunk_take(struct receiver *receiver, const uint8_t *chunk, size_t length)
{
    uint64_t ends = receiver->ends;
    size_t keep = chunk_decode(receiver, chunk, length);
    int status = chunk_write(receiver, chunk, keep);

    receiver->bytes += keep;
    receiver->heard_ms = now_ms();
    if (boots_done(receiver) && receiver->ended_ms == 0)
        receiver->ended_ms = receiver->heard_ms;
    return status == TACH_OK && receiver->ends > ends ? output_sync(receiver) : status;
}

static uint64_t frames_lost(const struct receiver *receiver)
{
    const struct frame_counts *counts = &receiver->decoder.counts;

    return counts->missing > frame_damaged(counts) ? counts->missing : frame_damaged(counts);
}

static void live_draw(struct receiver *receiver)
{
    const struct live_state state = {.counts = &receiver->decoder.counts,
                                     .bytes = receiver->bytes,
                                     .lost = frames_lost(receiver),
                                     .now_ms = now_ms(),
                                     .baud = receiver->options.baud};

    live_show(&receiver->live, &state, receiver->terminal);
}

static void progress_show(struct receiver *receiver)
{
    int64_t now = now_ms();

    if (now - receiver->shown_ms < (receiver->terminal ? PROGRESS_MS : TICK_MS))
        return;
    receiver->shown_ms = now;
    if (receiver->options.live)
        live_draw(receiver);
    else if (receiver->terminal)
        fprintf(stderr,
                "\r%10.1f KiB  %" PRIu64 " frames  %" PRIu64 " lost  %" PRIu64 " boots ended ",
                (double)receiver->bytes / 1024, receiver->decoder.counts.good,
                frames_lost(receiver), receiver->ends);
}

/* The last state of the view stays, a line of progress goes. */
static void progress_end(struct receiver *receiver)
{
    if (receiver->options.live)
        live_draw(receiver);
    else if (receiver->terminal)
        fprintf(stderr, "\r%79s\r", "");
}

/* Whether lost frames of the boot may still come: its end is put off. */
static bool repeat_open(const struct receiver *receiver)
{
    return receiver->options.repeat && receiver->repeat.boot_id && !receiver->repeat.over;
}

static void repeat_look(struct receiver *receiver)
{
    if (!repeat_open(receiver))
        return;
    repeat_tick(&receiver->repeat, receiver->source.fd, now_ms(), receiver->heard_ms);
    if (!repeat_open(receiver) && receiver->ended_ms != 0)
        receiver->ended_ms = receiver->heard_ms = now_ms();
}

/* Milliseconds until something is due, and whether it is: the stop is noted in `receiver`. */
static int due_ms(struct receiver *receiver)
{
    int64_t now = now_ms(), due = receiver->terminal ? PROGRESS_MS : INT32_MAX;
    int64_t limit = (int64_t)(receiver->options.timeout_s * 1000) - (now - receiver->started_ms);

    receiver->silent = false;
    if (repeat_open(receiver))
        due = REPEAT_MS;
    if (receiver->ended_ms != 0 && !repeat_open(receiver)) {
        int64_t quiet = QUIET_MS - (now - receiver->heard_ms);
        int64_t linger = LINGER_MS - (now - receiver->ended_ms);

        limit = quiet < linger ? quiet : linger;
        receiver->silent = quiet <= 0;
        receiver->eof = receiver->eof || linger <= 0;
    } else if (receiver->options.timeout_s <= 0) {
        limit = INT32_MAX;
    } else {
        receiver->timed_out = limit <= 0;
    }
    due = due < limit ? due : limit;
    due = due < TICK_MS ? due : TICK_MS;
    return due > 0 ? (int)due : 0;
}

/* Tells, beside the error lines, how the source comes and goes. */
static void source_note(struct receiver *receiver, const char *what)
{
    if (receiver->options.quiet)
        return;
    live_leave(&receiver->live);
    fprintf(stderr, "%stach " VERB ": ", receiver->terminal ? "\r\x1b[K" : "");
    say_name(stderr, receiver->options.source);
    fprintf(stderr, ": %s\n", what);
}

/* Opens the source, or where it may still come notes that it is waited for: then fd stays -1. */
static int source_connect(struct receiver *receiver)
{
    const struct receive_options *options = &receiver->options;
    struct source *source = &receiver->source;
    int status = source_open(options->source, options->baud, source);
    char what[300];

    if (status == TACH_OK) {
        if (options->boots == RECEIVE_DEFAULT)
            receiver->options.boots = source->live && !options->until ? 1 : RECEIVE_ANY;
        if (options->repeat && !source->live)
            return say_error(TACH_USAGE, VERB, options->source,
                             "--repeat needs a line that goes both ways");
        if (receiver->missed)
            source_note(receiver, "is there");
        receiver->missed = false;
        return TACH_OK;
    }
    source_close(source);
    if (status != TACH_NOINPUT || !options->wait)
        return say_error(status, VERB, options->source, "%s", source->why);
    snprintf(what, sizeof what, "%s; waiting for it", source->why);
    if (!receiver->missed)
        source_note(receiver, what);
    receiver->missed = true;
    return TACH_OK;
}

/* The source ended: for good, or it is waited for. */
static void source_gone(struct receiver *receiver)
{
    receiver->eof = !receiver->options.wait || !receiver->source.live || receiver->ended_ms != 0;
    if (receiver->eof)
        return;
    source_close(&receiver->source);
    source_note(receiver, "is gone; waiting for it to come back");
    receiver->missed = true;
}

/* Reads what is there. Returns an enum tach_exit; the end of the source is noted. */
static int source_read(struct receiver *receiver, uint8_t *chunk)
{
    ssize_t got = read(receiver->source.fd, chunk, CHUNK_BYTES);
    bool live = receiver->source.live;

    if (got > 0)
        return chunk_take(receiver, chunk, chunk_trim(receiver, chunk, (size_t)got));
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return TACH_OK;
    /* A pty whose other side is gone says EIO, an adapter that was pulled out too or ENXIO, ENODEV;
     * a socket may say that it was reset: all ended. */
    if (got == 0 || errno == ECONNRESET ||
        (live && (errno == EIO || errno == ENXIO || errno == ENODEV || errno == ETIMEDOUT))) {
        source_gone(receiver);
        return TACH_OK;
    }
    return say_error(errno == EBADF ? TACH_NOINPUT : TACH_IOERR, VERB, receiver->options.source,
                     "%s; the %" PRIu64 " bytes are kept", strerror(errno), receiver->kept);
}

/* Sleeps until there is something to read, at most `due` milliseconds. True: there is. What passes
 * beyond that while the process or the host is stopped is no time that the target had: the limits
 * are moved by it. */
static bool source_wait(struct receiver *receiver, int due)
{
    struct pollfd wait = {.fd = receiver->source.fd, .events = POLLIN};
    int64_t began = now_ms(), over;
    bool ready = poll(&wait, 1, due) > 0;

    over = now_ms() - began - due;
    if (over < TICK_MS)
        return ready;
    receiver->started_ms += over;
    receiver->heard_ms += over;
    receiver->ended_ms += receiver->ended_ms ? over : 0;
    return ready;
}

/* Waits, at most `due` milliseconds, and reads. Also where a limit is over already: what waits then
 * came before, and whoever was late to look for it is this process. */
static int source_take(struct receiver *receiver, int due, uint8_t *chunk)
{
    if (source_wait(receiver, due))
        return source_read(receiver, chunk);
    receiver->eof = receiver->eof || receiver->silent;
    return TACH_OK;
}

static int loop(struct receiver *receiver)
{
    uint8_t *chunk = malloc(CHUNK_BYTES);
    int status = chunk ? TACH_OK : say_error(TACH_INTERNAL, VERB, "memory", "out of it");

    while (status == TACH_OK && !receiver->eof && !receiver->timed_out && !stop_asked) {
        int due = due_ms(receiver);

        progress_show(receiver);
        if (receiver->source.fd >= 0) {
            repeat_look(receiver);
            status = source_take(receiver, due, chunk);
        } else if (!receiver->timed_out) {
            poll(NULL, 0, due < RETRY_MS ? due : RETRY_MS);
            status = stop_asked ? TACH_OK : source_connect(receiver);
        }
    }
    free(chunk);
    return status;
}

/* The reception stopped before what it was to wait for. */
static int outcome_early(const struct receiver *receiver)
{
    const uint64_t boots = receiver->decoder.counts.boots;
    const char *what = stop_asked                                ? "interrupted"
                       : receiver->timed_out && receiver->missed ? "not there in time"
                       : receiver->timed_out                     ? "timed out"
                       : boots == 0                              ? "no frame came"
                                                                 : "ended";
    char before[80];

    if (receiver->options.until)
        snprintf(before, sizeof before, "each of %u parts had come %" PRIu32 " times",
                 receiver->live.parts, receiver->options.until);
    else
        snprintf(before, sizeof before, "END of boot %" PRIu64, receiver->ends + 1);
    return say_error(TACH_BADDATA, VERB, receiver->options.source,
                     "%s before %s; the %" PRIu64 " bytes received are kept", what, before,
                     receiver->kept);
}

/* What the end of the source means for the exit code. */
static int outcome_judge(struct receiver *receiver)
{
    const char *source = receiver->options.source;
    const struct frame_counts *counts = &receiver->decoder.counts;
    const bool repeat = receiver->options.repeat;
    const uint64_t missing = repeat ? receiver->repeat.lost : counts->missing;
    const uint64_t refused = repeat ? 0 : frame_damaged(counts); /* what they held is missing */
    uint64_t wanted =
        receiver->options.boots == RECEIVE_ANY ? counts->boots : receiver->options.boots;

    if (receiver->options.until)
        return boots_done(receiver) ? TACH_OK : outcome_early(receiver);
    if (receiver->ends < wanted || counts->boots == 0)
        return outcome_early(receiver);
    if (missing == 0 && refused == 0 && receiver->cut == 0)
        return TACH_OK;
    return say_error(TACH_BADDATA, VERB, source,
                     "damaged: %" PRIu64 " frames missing, %" PRIu64 " refused, %" PRIu64
                     " boots broke off; what came is kept",
                     missing, refused, receiver->cut);
}

static int output_open(struct receiver *receiver)
{
    const struct receive_options *options = &receiver->options;
    struct stat in, out;
    bool there = stat(options->output, &out) == 0;
    bool regular = there && S_ISREG(out.st_mode);
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;

    if (regular && fstat(receiver->source.fd, &in) == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
        return say_error(TACH_USAGE, VERB, options->output, "is the source itself");
    if (regular && out.st_size > 0 && !options->append && !options->force)
        return say_error(TACH_CANTCREATE, VERB, options->output,
                         "is there already; --append adds to it, --force replaces it");
    flags |= options->append ? O_APPEND : O_TRUNC;
    receiver->output = open(options->output, flags, 0644);
    if (receiver->output < 0)
        return say_error(TACH_CANTCREATE, VERB, options->output, "%s", strerror(errno));
    return TACH_OK;
}

static int receiver_run(struct receiver *receiver)
{
    struct frame_sink sink = {frame_seen, NULL, receiver};
    struct sigaction stop = {.sa_handler = stop_note};
    int status;

    frame_decoder_init(&receiver->decoder, &sink);
    receiver->started_ms = receiver->heard_ms = now_ms();
    receiver->shown_ms = receiver->terminal ? 0 : receiver->started_ms;
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    signal(SIGPIPE, SIG_IGN); /* a socket may close while a request is written */
    status = loop(receiver);
    if (!boots_done(receiver)) /* after the last END, half a frame belongs to what comes next */
        frame_finish(&receiver->decoder);
    progress_end(receiver);
    if (status == TACH_OK)
        status = output_sync(receiver);
    if (close(receiver->output) != 0 && status == TACH_OK)
        status = output_error(receiver);
    if (status == TACH_OK)
        status = outcome_judge(receiver);
    if (receiver->repeat.again > 0 && !receiver->options.quiet)
        printf("%" PRIu64 " frames were lost and sent again\n", receiver->repeat.again);
    if (!receiver->options.quiet)
        printf("%" PRIu64 " bytes, %" PRIu64 " frames, %" PRIu64 " boots, %" PRIu64 " ended\n",
               receiver->kept, receiver->decoder.counts.good, receiver->decoder.counts.boots,
               receiver->ends);
    return status;
}

int receive(const struct receive_options *options)
{
    static struct receiver receiver;
    int status;

    receiver = (struct receiver){.options = *options, .output = -1};
    receiver.terminal = isatty(STDERR_FILENO) && !options->quiet;
    status = source_connect(&receiver);
    if (status == TACH_OK)
        status = output_open(&receiver);
    if (status == TACH_OK)
        status = receiver_run(&receiver);
    source_close(&receiver.source);
    return status;
}
