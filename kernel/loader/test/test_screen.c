/* SPDX-License-Identifier: MIT
 * The loader's screen in memory of three makes: a card's, a bus without a card, whose writes go
 * nowhere, and none below 4 GiB. The bus is a page without the right to write: a write to it is let
 * through for one instruction, and what it left is taken away. */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "bench/test/unit.h"
#include "kernel/loader/io.h"
#include "kernel/loader/screen.h"

#define TEXT_BASE   0xB8000u
#define TEXT_BYTES  0x1000u /* 80 * 25 cells, and the rest of a page */
#define PIXELS      0x50000000u
#define PIXEL_BYTES (320u * 64 * 4)
#define CELLS       (TEXT_BYTES / 2)
#define LINE        80u
#define TRAP_FLAG   0x100
#define PORTS_MAX   8u

static const struct boot_screen text = {
    .kind = BOOT_SCREEN_TEXT, .base = TEXT_BASE, .width = LINE, .height = 25, .pitch = 2 * LINE};
static const struct boot_screen pixels = {.kind = BOOT_SCREEN_RGB,
                                          .base = PIXELS,
                                          .width = 320,
                                          .height = 64,
                                          .pitch = 320 * 4,
                                          .bits = 32,
                                          .red_shift = 16,
                                          .red_bits = 8,
                                          .green_shift = 8,
                                          .green_bits = 8,
                                          .blue_bits = 8};
static volatile uint16_t *const cells = (volatile uint16_t *)(uintptr_t)TEXT_BASE;
static volatile uint32_t *const points = (volatile uint32_t *)(uintptr_t)PIXELS;
static uint16_t bus_shows;
static unsigned bus_writes;
static struct {
    uint16_t port;
    uint8_t value;
} ports[PORTS_MAX];
static unsigned port_writes;

void io_out8(uint16_t port, uint8_t value)
{
    EXPECT(port_writes < PORTS_MAX);
    ports[port_writes % PORTS_MAX].port = port;
    ports[port_writes++ % PORTS_MAX].value = value;
}

static void cells_fill(uint16_t value)
{
    for (unsigned i = 0; i < CELLS; i++)
        cells[i] = value;
}

static void text_allow(int rights)
{
    if (mprotect((void *)(uintptr_t)TEXT_BASE, TEXT_BYTES, rights))
        abort();
}

/* ---- a bus without a card ---- */
static void bus_written(int number, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;
    const uintptr_t at = (uintptr_t)info->si_addr - TEXT_BASE;

    if (at >= TEXT_BYTES)
        signal(number, SIG_DFL); /* the test itself is wrong: end of it at the next try */
    bus_writes++;
    text_allow(PROT_READ | PROT_WRITE);
    machine->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void bus_forgets(int number, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;

    (void)number, (void)info;
    cells_fill(bus_shows);
    text_allow(PROT_READ);
    machine->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static void bus_begin(uint16_t shows)
{
    const struct sigaction write = {.sa_sigaction = bus_written, .sa_flags = SA_SIGINFO};
    const struct sigaction step = {.sa_sigaction = bus_forgets, .sa_flags = SA_SIGINFO};

    EXPECT(!sigaction(SIGSEGV, &write, NULL) && !sigaction(SIGTRAP, &step, NULL));
    bus_shows = shows;
    bus_writes = 0;
    cells_fill(shows);
    text_allow(PROT_READ);
}

static void bus_end(void)
{
    text_allow(PROT_READ | PROT_WRITE);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGTRAP, SIG_DFL);
}

/* Memory that shows one value whatever is written is no screen, were it a value of the probe. */
static void test_absent(void)
{
    static const uint16_t shown[] = {0xFFFF, 0, 0x5AA5, 0xA55A, ' ' | 0x0F00};

    for (unsigned i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        port_writes = 0;
        bus_begin(shown[i]);
        screen_take(&text);
        screen_put('x');
        EXPECT(bus_writes == 3); /* what was there is put back: one cannot know */
        screen_put('y');
        screen_urgent();
        EXPECT(bus_writes == 3 && !port_writes);
        EXPECT(screen_left().kind == BOOT_SCREEN_NONE && !screen_left().top);
        bus_end();
    }
}

/* ---- a card ---- */
static void say(const char *line)
{
    while (*line)
        screen_put(*line++);
}

static bool cell_is(unsigned at, char c, uint8_t colours)
{
    return cells[at] == (uint16_t)(colours << 8 | c);
}

/* Nothing before the first character, all of it from then on; the cursor is hidden once. */
static void test_text(void)
{
    cells_fill(0x1741);
    port_writes = 0;
    screen_take(&text);
    EXPECT(screen_left().kind == BOOT_SCREEN_TEXT && !screen_left().clear && !port_writes);
    EXPECT(cells[0] == 0x1741 && cells[LINE] == 0x1741);
    say("one");
    EXPECT(cell_is(0, 'o', 0x0F) && cell_is(2, 'e', 0x0F) && cell_is(3, ' ', 0x0F));
    EXPECT(cells[25 * LINE] == 0x1741); /* behind the screen */
    EXPECT(port_writes == 2 && ports[0].port == 0x3D4 && ports[0].value == 0x0A &&
           ports[1].port == 0x3D5 && ports[1].value == 0x20);
    EXPECT(screen_left().top == 1 && screen_left().clear == 1); /* a line begun is a line */
    say("\n");
    EXPECT(screen_left().top == 1);
    say("two\n\n");
    EXPECT(screen_left().top == 3 && cell_is(LINE, 't', 0x0F));
    screen_urgent();
    say("end");
    EXPECT(cell_is(3 * LINE, 'e', 0x4F) && cell_is(0, 'o', 0x0F) && port_writes == 2);
    EXPECT(screen_left().base == TEXT_BASE && screen_left().width == LINE);
}

/* The probe leaves the cell as it was: a screen that need not be cleared is not touched. */
static void test_probe(void)
{
    struct boot_screen clean = text;

    clean.clear = 1;
    cells_fill(0x0F00 | ' ');
    cells[0] = 0x1F4B;
    screen_take(&clean);
    say("\n");
    EXPECT(cells[0] == 0x1F4B && screen_left().top == 1);
    screen_take(&text); /* as after a guess: once more from the beginning */
    screen_urgent();
    say("a");
    EXPECT(cell_is(0, 'a', 0x4F) && cells[1] == (0x0F00 | ' '));
}

/* Pixels have no cursor and are not probed; those above 4 GiB are told of, and not written. */
static void test_pixels(void)
{
    struct boot_screen far = pixels;

    port_writes = 0;
    points[PIXEL_BYTES / 4] = 0x123456;
    screen_take(&pixels);
    say("M");
    unsigned white = 0;
    for (unsigned y = 0; y < 16; y++)
        for (unsigned x = 0; x < 8; x++)
            white += points[y * 320 + x] == 0xFFFFFF;
    EXPECT(white > 20 && points[8] == 0 && points[PIXEL_BYTES / 4] == 0x123456 && !port_writes);
    EXPECT(screen_left().kind == BOOT_SCREEN_RGB && screen_left().top == 1);
    far.base = (1ull << 32) - PIXEL_BYTES + 4; /* its last pixel is out of reach */
    screen_take(&far);
    say("M\n\n");
    EXPECT(screen_left().kind == BOOT_SCREEN_RGB && screen_left().base == far.base);
    EXPECT(!screen_left().top && !screen_left().clear && !port_writes);
    screen_take(&(struct boot_screen){.kind = BOOT_SCREEN_NONE});
    say("M");
    EXPECT(screen_left().kind == BOOT_SCREEN_NONE && !port_writes);
}

static bool memory_at(uint32_t address, size_t bytes)
{
    void *at = (void *)(uintptr_t)address;
    return mmap(at, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at;
}

int main(void)
{
    const bool there = memory_at(TEXT_BASE, TEXT_BYTES) && memory_at(PIXELS, PIXEL_BYTES + 4096);

    EXPECT(there);
    if (there) {
        test_absent();
        test_text();
        test_probe();
        test_pixels();
    }
    return unit_done("loader-screen");
}
