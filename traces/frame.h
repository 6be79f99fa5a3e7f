/* SPDX-License-Identifier: MIT
 * Owns the coding of the serial line: frames to bytes and bytes to frames, in any chunking.
 * Invariant: a frame is handed on only when its COBS and its CRC-32 hold, once, in order; every
 * byte pushed is counted as good, bad, foreign or delimiter. Bodies are not looked at here.
 * Called by capture.c, collect.c, dump.c and the tests; no allocation, no I/O. */
#ifndef TACH_TRACES_FRAME_H
#define TACH_TRACES_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/wire.h"

/* A good frame. `body` lives until the callback returns and is 8-byte aligned. */
struct frame {
    struct wire_header header;
    const uint8_t *body;
    size_t length;    /* of the body in bytes, 0..WIRE_BODY_MAX */
    bool again;       /* sent again on request, behind END; WIRE_AGAIN is taken out of flags */
    bool new_boot;    /* the first frame seen of its boot */
    uint32_t missing; /* frames of the same boot lost just before this one */
};

struct frame_counts {
    uint64_t good;       /* handed on */
    uint64_t bad_cobs;   /* refused: the coding breaks off, or too short for a frame */
    uint64_t bad_crc;    /* refused: CRC-32 differs */
    uint64_t bad_header; /* refused: boot id 0 */
    uint64_t oversize;   /* refused: longer than any frame */
    uint64_t missing;    /* never seen, by the gaps in the sequence numbers */
    uint64_t duplicates; /* seen before, not handed on again */
    uint64_t again;      /* handed on that were sent again: in none of the above */
    uint64_t between;    /* of the refused, those outside of boots: firmware, noise */
    uint64_t boots;      /* boot ids met */
    uint64_t good_bytes, bad_bytes, foreign_bytes, delimiters; /* sum: every byte pushed */
};

struct frame_sink {
    void (*frame)(void *context, const struct frame *frame);
    void (*foreign)(void *context, const uint8_t *bytes, size_t length); /* may be NULL */
    void *context;
};

struct frame_decoder {
    struct frame_counts counts;
    struct frame_sink sink;
    uint32_t boot_id;  /* of the last good frame; 0: none yet */
    uint16_t expected; /* sequence number that comes next */
    uint64_t damaged;  /* of counts, when the last good frame came */
    bool ended;        /* the last good frame was of a boot whose END had come */
    bool skipping;     /* inside a segment that was given up as oversize */
    size_t held;       /* bytes in `coded` */
    uint8_t coded[WIRE_CODED_MAX];
    uint64_t plain[(WIRE_CODED_MAX + 7) / 8]; /* of words, so that bodies are aligned */
};

/* Makes a decoder that knows nothing yet. `sink` is copied; its frame callback is required. */
void frame_decoder_init(struct frame_decoder *decoder, const struct frame_sink *sink);

/* Feeds `length` received bytes; calls the sink for what they complete. Any chunking gives the
 * same calls. */
void frame_push(struct frame_decoder *decoder, const uint8_t *bytes, size_t length);

/* Says that nothing follows: what is held is judged as if a delimiter had come. */
void frame_finish(struct frame_decoder *decoder);

/* Segments refused for whatever reason (bad COBS, CRC or header, oversize). */
uint64_t frame_refused(const struct frame_counts *counts);

/* Those among them that may have been a frame of a boot: what stands behind an END, or in front of
 * a boot that is here from its first frame on, was none. */
uint64_t frame_damaged(const struct frame_counts *counts);

/* Codes a frame, delimiter included, into `out` (WIRE_CODED_MAX bytes). Returns its size in bytes,
 * or 0 where `length` is above WIRE_BODY_MAX. */
size_t frame_encode(const struct wire_header *header, const void *body, size_t length,
                    uint8_t *out);

#endif
