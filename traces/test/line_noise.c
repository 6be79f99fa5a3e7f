/* SPDX-License-Identifier: MIT
 * See line_noise.h. The distance to the next event is drawn, not each byte: rare noise costs
 * nothing. */
#include "traces/test/line_noise.h"

#include <math.h>
#include <string.h>

#define XON  0x11u
#define XOFF 0x13u

static const struct {
    const char *name;
    unsigned run;
} kinds[NOISE_COUNT] = {
#define X(name, run) {#name, run},
    NOISES(X)
#undef X
};

const char *line_noise_name(enum noise_kind kind)
{
    return kinds[kind].name;
}

uint64_t line_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static unsigned below(struct line_noise *noise, unsigned limit)
{
    return (unsigned)((line_random(&noise->random) >> 11) % limit);
}

/* Bytes up to and with the one that the next event begins at: geometric, 1 or more. */
static uint64_t gap_draw(struct line_noise *noise)
{
    const double u = ((double)(line_random(&noise->random) >> 11) + 0.5) * 0x1p-53;
    const double gap = ceil(log(u) / log1p(-noise->rate));

    return gap < 1 ? 1 : (uint64_t)gap;
}

static void event_begin(struct line_noise *noise)
{
    do
        noise->kind = (enum noise_kind)below(noise, NOISE_COUNT);
    while (!(noise->kinds >> noise->kind & 1));
    noise->run = 1 + below(noise, kinds[noise->kind].run);
    noise->level = below(noise, 2) ? 0xFF : 0x00;
    if (noise->kind == NOISE_baud)
        noise->level = (uint8_t)(8 + below(noise, 5) + (noise->level ? 1 : 0));
    noise->events++;
}

/* What a receiver takes for the byte whose bits last so many tenths of the sender's: each is what
 * the line had at the middle of the receiver's bit; behind the last bit the line is at rest. */
static uint8_t baud_read(uint8_t byte, unsigned tenths)
{
    const unsigned line = 0xFFFFFE00u | (unsigned)byte << 1; /* start 0, data, stop and rest 1 */
    unsigned taken = 0;

    for (unsigned i = 0; i < 8; i++)
        taken |= (line >> (15 + 10 * i) * tenths / 100 & 1u) << i;
    return (uint8_t)taken;
}

/* What one byte becomes under the event. Returns how many bytes, up to 2. */
static size_t byte_hurt(struct line_noise *noise, uint8_t byte, uint8_t *out)
{
    out[0] = out[1] = byte;
    switch (noise->kind) {
    case NOISE_flip:
        out[0] ^= (uint8_t)(1u << below(noise, 8));
        return 1;
    case NOISE_drop:
        return 0;
    case NOISE_twice:
        return 2;
    case NOISE_insert:
        out[1] = (uint8_t)below(noise, 256);
        return 2;
    case NOISE_burst:
        out[0] = (uint8_t)below(noise, 256);
        return 1;
    case NOISE_stuck:
        out[0] = noise->level;
        return 1;
    case NOISE_baud:
        out[0] = baud_read(byte, noise->level);
        return 1;
    case NOISE_brk:
        out[1] = 0;
        return 2;
    case NOISE_flow:
        out[1] = below(noise, 2) ? XON : XOFF;
        return 2;
    case NOISE_swap:
        noise->held = byte + 1;
        return 0;
    default:
        return 1;
    }
}

size_t line_noise_pass(struct line_noise *noise, const uint8_t *in, size_t length, uint8_t *out,
                       uint8_t *touched)
{
    size_t size = 0;

    if (touched)
        memset(touched, 0, length);
    for (size_t at = 0; at < length; at++) {
        if (noise->gap == 0)
            noise->gap = gap_draw(noise);
        if (--noise->gap == 0 && noise->run == 0)
            event_begin(noise);
        const int held = noise->held;
        const int hurt = noise->run != 0;

        noise->held = 0;
        if (touched)
            touched[at] = hurt || held;
        if (hurt) {
            noise->run--;
            size += byte_hurt(noise, in[at], out + size);
        } else {
            out[size++] = in[at];
        }
        if (held)
            out[size++] = (uint8_t)(held - 1);
    }
    return size;
}
