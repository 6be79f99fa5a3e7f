/* SPDX-License-Identifier: MIT
 * The sending side of the wire. A frame is assembled, coded and sent while interrupts are off, so
 * frames never mix. */
#include "kernel/core/wire.h"

#include "build/abi_hash.h"
#include "kernel/core/repeat.h"
#include "kernel/core/sampler.h"
#include "kernel/core/trace.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/machine.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sampler.h"
#include "kernel/hal/screen.h"
#include "kernel/hal/watchdog.h"

static bool frames, measured;
static uint8_t frame[WIRE_FRAME_MAX];
static uint32_t boot_id, sent, cells;

/* COBS: groups of up to 254 bytes without a zero, each led by its length + 1; the frame ends with
 * 0. */
static void coded_put(const uint8_t *bytes, uint64_t n)
{
    uint64_t at = 0;

    do {
        uint64_t run = 0;
        while (run < 254 && at + run < n && bytes[at + run])
            run++;
        uart_put((uint8_t)(run + 1));
        for (uint64_t i = 0; i < run; i++)
            uart_put(bytes[at + i]);
        at += run;
        if (run < 254 && at < n &&
            ++at == n) /* a zero ends the frame's bytes: one empty group more */
            uart_put(1);
    } while (at < n);
    uart_put(0);
}

void wire_again(const uint8_t *kept, uint64_t n)
{
    memcpy(frame, kept, n);
    ((struct wire_header *)frame)->flags |= WIRE_AGAIN;
    uint32_t crc = crc32_update(0, frame, n);
    memcpy(frame + n, &crc, sizeof(crc));
    coded_put(frame, n + sizeof(crc));
}

/* Who has no cable sees at least which cell it is: these frames begin with its name, and are sent
 * between regions. */
static void cell_show(enum wire_type type, const struct wire_part *head)
{
    static char shown[sizeof(((struct wire_hist *)0)->cell)];
    uint64_t n = 0;

    if ((type != WIRE_HIST && type != WIRE_RAW && type != WIRE_COUNT) ||
        head->count < sizeof(shown) || !memcmp(shown, head->bytes, sizeof(shown)))
        return;
    memcpy(shown, head->bytes, sizeof(shown));
    while (n < sizeof(shown) && shown[n])
        n++;
    screen_write("cell ", 5);
    screen_write(shown, n);
    screen_write("\n", 1);
}

bool wire_send(enum wire_type type, const struct wire_part part[2])
{
    uint64_t n = part[0].count + part[1].count;

    if (n > WIRE_BODY_MAX)
        return false;
    cell_show(type, &part[0]);
    if (!frames)
        return true;
    sampler_hold(true);
    const struct wire_header header = {
        .type = (uint8_t)type, .sequence = (uint16_t)sent, .boot_id = boot_id};
    memcpy(frame, &header, sizeof(header));
    memcpy(frame + sizeof(header), part[0].bytes, part[0].count);
    memcpy(frame + sizeof(header) + part[0].count, part[1].bytes, part[1].count);
    n += sizeof(header);
    repeat_keep(frame, n);
    uint32_t crc = crc32_update(0, frame, n);
    memcpy(frame + n, &crc, sizeof(crc));
    coded_put(frame, n + sizeof(crc));
    sampler_hold(false);
    sent++;
    if (type == WIRE_HIST && part[0].count >= sizeof(struct wire_hist))
        cells += ((const struct wire_hist *)part[0].bytes)->part == 0;
    return true;
}

static void text_send(const char *bytes, uint64_t count)
{
    while (count) {
        uint64_t n = count < WIRE_BODY_MAX ? count : WIRE_BODY_MAX;
        (void)wire_send(WIRE_TEXT, (const struct wire_part[2]){{bytes, n}, {0, 0}});
        bytes += n;
        count -= n;
    }
}

static void hello_send(void)
{
    uint64_t length = 0;
    struct wire_hello hello = {
        .abi_version = ABI_VERSION,
        .abi_hash = ABI_HASH,
        .tsc_hz = hal_config.tsc_hz,
        .tsc_source = hal_config.tsc_source,
        .pti = hal_config.pti,
        .pcid = hal_config.pcid,
        .trace = hal_config.trace,
        .fastpath = hal_config.fastpath,
        .cpus = 1,
        .cpu_signature = hal_config.signature,
        .microcode = hal_config.microcode,
        .free_pages = (uint32_t)page_free_count(),
    };

    memcpy(hello.vendor, hal_config.vendor, sizeof(hello.vendor));
    memcpy(hello.brand, hal_config.brand, sizeof(hello.brand));
    memcpy(hello.build_id, hal_build_id(), sizeof(hello.build_id));
    while (length < WIRE_BODY_MAX - sizeof(hello) && hal_boot->cmdline[length])
        length++;
    hello.cmdline_truncated = hal_boot->cmdline[length] != 0;
    (void)wire_send(WIRE_HELLO, (const struct wire_part[2]){{&hello, sizeof(hello)},
                                                            {hal_boot->cmdline, length}});
}

void wire_init(void)
{
    char value[8];

    if (!bootword("wire", value, sizeof(value)) || memcmp(value, "frames", 7))
        return;
    frames = true;
    boot_id = (uint32_t)hal_tsc() | 1;
    klog_sink = text_send;
    repeat_init();
    uart_put(0); /* what a reset cut off, or a loader said, ends here, not in HELLO */
    hello_send();
}

void wire_machine(bool end)
{
    struct wire_machine machine;

    machine_read(&machine);
    machine.when = end;
    (void)wire_send(WIRE_MACHINE, (const struct wire_part[2]){{&machine, sizeof(machine)}, {0, 0}});
    measured = true;
}

void wire_cut(void)
{
    repeat_drop();
    sampler_hold(true);
    if (frames)
        uart_put(0);
    klog("\n");
}

_Noreturn void wire_exit(enum boot_exit code, const char *message)
{
    watchdog_stop();
    sampler_finish();
    if (measured)
        wire_machine(true);
    wire_end(code, message);
}

_Noreturn void wire_end(enum boot_exit code, const char *message)
{
    const struct wire_end end = {.frames = sent,
                                 .events_lost = (uint32_t)trace_lost(),
                                 .cells = cells,
                                 .failed = code != EXIT_PASS,
                                 .exit_code = code};

    (void)wire_send(WIRE_END, (const struct wire_part[2]){{&end, sizeof(end)}, {0, 0}});
    repeat_serve(boot_id);
    hal_exit(code, message);
}
