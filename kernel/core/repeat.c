/* SPDX-License-Identifier: MIT
 * See repeat.h. Kept frames lie in pages of their own, none across two; they are found by looking
 * at all, which is faster than any line. While an answer leaves nobody reads: the UART holds 16
 * bytes, so a host waits for its answers before it asks again. */
#include "kernel/core/repeat.h"

#include "kernel/core/wire.h"
#include "kernel/core/words.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"

#define PAGES_MAX    1024u /* 4 MiB: a boot of the default matrix is 0.4 */
#define REQUEST_MIN  (sizeof(struct wire_header) + 4)
#define REQUEST_MAX  (REQUEST_MIN + 2 * REPEAT_MAX)
#define REQUEST_LINE (REQUEST_MAX + 2)
/* COBS has a code for 254 bytes without a zero, behind which no zero stands: no line is so long. */
_Static_assert(REQUEST_LINE <= 254, "coded_open does not know COBS's longest run");

/* In front of each frame in its page; 0 bytes: the page ends here. */
struct kept {
    uint32_t bytes;
};

static uint64_t wait_ticks; /* 0: off */
static uint8_t *pages[PAGES_MAX];
static uint32_t page_count, page_used;

void repeat_init(void)
{
    char value[8];
    uint64_t n = 0;
    unsigned seconds;

    if (!bootword("repeat", value, sizeof(value)))
        return;
    while (value[n])
        n++;
    if (words_repeat(value, n, &seconds)) /* else words_check ends the boot */
        wait_ticks = seconds * hal_config.tsc_hz;
}

void repeat_drop(void)
{
    wait_ticks = 0;
}

void repeat_keep(const uint8_t *frame, uint64_t bytes)
{
    const struct kept kept = {.bytes = (uint32_t)bytes};

    if (!wait_ticks)
        return;
    if (!page_count || page_used + sizeof(kept) + bytes > PAGE_SIZE) {
        paddr_t page = page_count < PAGES_MAX ? page_alloc() : 0;
        if (!page)
            return;
        pages[page_count++] = page_pointer(page);
        page_used = 0;
    }
    memcpy(pages[page_count - 1] + page_used, &kept, sizeof(kept));
    memcpy(pages[page_count - 1] + page_used + sizeof(kept), frame, bytes);
    page_used += (uint32_t)(sizeof(kept) + bytes);
}

/* The frame of a page with that number, or 0. */
static const uint8_t *page_find(const uint8_t *page, uint16_t sequence, uint64_t *bytes)
{
    struct wire_header header;
    struct kept kept;

    for (uint64_t at = 0; at + sizeof(kept) + sizeof(header) <= PAGE_SIZE;) {
        memcpy(&kept, page + at, sizeof(kept));
        if (!kept.bytes)
            break;
        memcpy(&header, page + at + sizeof(kept), sizeof(header));
        *bytes = kept.bytes;
        if (header.sequence == sequence)
            return page + at + sizeof(kept);
        at += sizeof(kept) + kept.bytes;
    }
    return 0;
}

/* Numbers wrap: of two frames with the same one, the later is what a host can still ask for. */
static void frame_repeat(uint16_t sequence)
{
    uint64_t bytes = 0;

    for (uint32_t i = page_count; i-- != 0;) {
        const uint8_t *frame = page_find(pages[i], sequence, &bytes);
        if (frame) {
            wire_again(frame, bytes);
            return;
        }
    }
}

/* Undoes COBS in place. Returns the size, 0: it breaks off. */
static uint64_t coded_open(uint8_t *bytes, uint64_t n)
{
    uint64_t at = 0, size = 0;

    while (at < n) {
        uint64_t run = bytes[at++] - 1u;
        if (run > n - at)
            return 0;
        for (uint64_t i = 0; i < run; i++)
            bytes[size++] = bytes[at++];
        if (at < n)
            bytes[size++] = 0;
    }
    return size;
}

/* Answers one request of n coded bytes. Returns false for what is none; *done where it says that
 * nothing is missing. */
static bool request_answer(uint8_t *line, uint64_t n, uint32_t boot_id, bool *done)
{
    struct wire_header header;
    uint32_t crc;
    uint64_t size = coded_open(line, n);

    if (size < REQUEST_MIN || size > REQUEST_MAX)
        return false;
    memcpy(&header, line, sizeof(header));
    memcpy(&crc, line + size - sizeof(crc), sizeof(crc));
    if (crc != crc32_update(0, line, size - sizeof(crc)) || header.type != WIRE_REPEAT ||
        header.boot_id != boot_id)
        return false;
    *done = size == REQUEST_MIN;
    for (uint64_t at = sizeof(header); at + 2 + sizeof(crc) <= size; at += 2)
        frame_repeat((uint16_t)(line[at] | line[at + 1] << 8));
    return true;
}

void repeat_serve(uint32_t boot_id)
{
    static uint8_t line[REQUEST_LINE];
    uint64_t heard = hal_tsc(), held = 0; /* held beyond the line: too long for a request */
    bool done = false;

    while (!done && hal_tsc() - heard < wait_ticks) {
        int byte = uart_get();
        if (byte < 0)
            continue;
        if (byte && held < sizeof(line))
            line[held] = (uint8_t)byte;
        held += byte != 0;
        if (byte)
            continue;
        if (held <= sizeof(line) && request_answer(line, held, boot_id, &done))
            heard = hal_tsc();
        held = 0;
    }
}
