/* SPDX-License-Identifier: MIT
 * See repeat_world.h. Pages are the sanitizer's memory, each with its own bounds, and never go
 * back: the kernel keeps them to its end, and so does the process. */
#include "kernel/core/test/repeat_world.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "kernel/core/repeat.h"
#include "kernel/core/wire.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/direct.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/page.h"

#define TICKS_A_SECOND 1000u
#define NUMBERS        65536u

struct repeat_world world;
struct hal_config hal_config = {.tsc_hz = TICKS_A_SECOND};
uint64_t direct_base;                                    /* 0: a page's address is the host's */
const struct service_ops *const linked_services[] = {0}; /* words.c asks for them */

static struct {
    uint16_t bytes;
    uint8_t *frame;
} kept[NUMBERS]; /* the last one of each number */
static uint64_t now_ticks;

bool bootword(const char *name, char *value, size_t size)
{
    if (!world.word || strcmp(name, "repeat") != 0)
        return false;
    size_t n = strlen(world.word);
    n = n < size ? n : size - 1;
    memcpy(value, world.word, n);
    value[n] = 0;
    return true;
}

_Noreturn void wire_exit(enum boot_exit code, const char *message)
{
    (void)code, (void)message; /* by words_check alone, which nobody calls here */
    abort();
}

uint32_t crc32_update(uint32_t crc, const void *bytes, uint64_t n)
{
    return (uint32_t)crc32(crc, bytes, (uInt)n);
}

uint64_t hal_tsc(void)
{
    return now_ticks;
}

int uart_get(void)
{
    if (world.left) {
        world.left--;
        now_ticks += world.byte_s * TICKS_A_SECOND;
        return *world.line++;
    }
    now_ticks += TICKS_A_SECOND;
    world.silent_s++;
    return -1;
}

paddr_t page_alloc(void)
{
    void *page = world.no_memory ? NULL : aligned_alloc(PAGE_SIZE, PAGE_SIZE);

    if (page)
        memset(page, 0, PAGE_SIZE);
    world.pages += page != NULL;
    return (paddr_t)page;
}

void wire_again(const uint8_t *frame, uint64_t n)
{
    struct wire_header header;

    memcpy(&header, frame, sizeof header);
    if (n != kept[header.sequence].bytes || memcmp(frame, kept[header.sequence].frame, n) != 0 ||
        world.answer_count == WORLD_ANSWERS)
        abort();
    world.answers[world.answer_count++] = header.sequence;
}

void world_keep(uint16_t sequence, size_t n)
{
    struct wire_header header = {.type = WIRE_TEXT, .sequence = sequence, .boot_id = WORLD_BOOT};
    static uint8_t filler;
    uint8_t *frame = realloc(kept[sequence].frame, n);

    if (!frame || n < sizeof header)
        abort();
    memset(frame, ++filler, n);
    memcpy(frame, &header, sizeof header);
    kept[sequence].frame = frame;
    kept[sequence].bytes = (uint16_t)n;
    repeat_keep(frame, n);
}

void world_serve(const uint8_t *line, size_t n)
{
    world.line = line;
    world.left = n;
    world.silent_s = 0;
    world.answer_count = 0;
    repeat_serve(WORLD_BOOT);
}
