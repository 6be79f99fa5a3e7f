/* SPDX-License-Identifier: MIT
 * Where the serial port is looked for: every word, a PCI bus made up here, and a firmware's SPCR
 * with each of its bytes wrong. The tables lie in a heap block, so that ASan sees a byte too far.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"
#include "kernel/loader/serial.h"
#include "kernel/loader/test/firmware.h"

#define BASE FIRMWARE_BASE
#define SIZE FIRMWARE_BYTES
#define RSDT FIRMWARE_RSDT
#define SPCR FIRMWARE_TABLE

static void words_good(void)
{
    static const struct {
        const char *words;
        enum serial_kind kind;
        struct boot_serial line;
    } good[] = {
        {"", SERIAL_ANY, {0, 0, 0, 0, 115200, 0}},
        {"pti=on xserial=com7 serialx=1", SERIAL_ANY, {0, 0, 0, 0, 115200, 0}},
        {"serial=com1", SERIAL_NAMED, {1, 0, 1, 0, 115200, 0x3F8}},
        {"serial=com2 baud=9600", SERIAL_NAMED, {1, 0, 1, 0, 9600, 0x2F8}},
        {"baud=9600 serial=com3", SERIAL_NAMED, {1, 0, 1, 0, 9600, 0x3E8}},
        {"serial=com4 x", SERIAL_NAMED, {1, 0, 1, 0, 115200, 0x2E8}},
        {"serial=0x2F8", SERIAL_NAMED, {1, 0, 1, 0, 115200, 0x2F8}},
        {"serial=0xfff8", SERIAL_NAMED, {1, 0, 1, 0, 115200, 0xFFF8}},
        {"serial=mmio:0xFE032001", SERIAL_NAMED, {2, 0, 1, 0, 115200, 0xFE032001}},
        {"serial=mmio32:0xfe032000", SERIAL_NAMED, {2, 2, 1, 0, 115200, 0xFE032000}},
        {"serial=pci baud=2", SERIAL_PCI, {0, 0, 1, 0, 2, 0}},
        {"serial=mmio:0xfe032000 serial=com1 baud=300 baud=1200",
         SERIAL_NAMED,
         {1, 0, 1, 0, 1200, 0x3F8}},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct serial_wish w;
        struct outcome o = serial_wish_read(good[i].words, &w);
        EXPECT(o.exit == 0 && w.kind == good[i].kind);
        EXPECT(!memcmp(&w.line, &good[i].line, sizeof(w.line)));
        EXPECT(w.baud_given == (strstr(good[i].words, "baud=") != NULL));
    }
}

static void words_bad(void)
{
    static const char *const bad[] = {"serial=",
                                      "serial=com",
                                      "serial=com0",
                                      "serial=com5",
                                      "serial=com11",
                                      "serial=COM1",
                                      "serial=0x",
                                      "serial=3f8",
                                      "serial=0x3g8",
                                      "serial=0xfff9",
                                      "serial=0x80",
                                      "serial=0x10003f8",
                                      "serial=pcix",
                                      "serial=pci:1",
                                      "serial=mmio:",
                                      "serial=mmio:1000000",
                                      "serial=mmio:0xf",
                                      "serial=mmio:0xfffff",
                                      "serial=mmio:0xfffffff9",
                                      "serial=mmio32:0xfe032002",
                                      "serial=mmio64:0x1",
                                      "serial=mmio:0x100000000",
                                      "serial=mmio:0x1fe032000",
                                      "baud=",
                                      "baud=0",
                                      "baud=7",
                                      "baud=115201",
                                      "baud=230400",
                                      "baud=9600x",
                                      "baud=99999999999",
                                      "baud=4294976896",
                                      "baud=-1",
                                      "baud=1"};
    struct serial_wish w;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char line[128];
        struct outcome o;
        snprintf(line, sizeof(line), "pti=on %s serial=com1 baud=9600", bad[i]);
        o = serial_wish_read(line, &w);
        EXPECT(o.exit == EXIT_CMDLINE && !strcmp(o.why, bad[i]));
    }
    struct outcome o = serial_wish_read("serial=\033[2J\377", &w);
    EXPECT(o.exit == EXIT_CMDLINE && !strcmp(o.why, "serial=?[2J?"));
}

/* ---- PCI: functions with a class, a header and regions ---- */
struct device {
    uint32_t at, class, header, bar[6];
};
#define AT(bus, device, function)                                                                  \
    (0x80000000u | (uint32_t)(bus) << 16 | (device) << 11 | (function) << 8)
static const struct device *bus;
static size_t bus_count;

static uint32_t config(uint32_t address)
{
    for (size_t i = 0; i < bus_count; i++) {
        uint32_t at = address - bus[i].at;
        if (at >= 0x100)
            continue;
        if (at >= 0x10 && at < 0x28)
            return bus[i].bar[(at - 0x10) / 4];
        return at == 0 ? 0x00021B36 : at == 8 ? bus[i].class : at == 0xC ? bus[i].header : 0;
    }
    return 0xFFFFFFFF;
}

/* What is found of these functions: its base, 0 nothing. */
static uint64_t found(const struct device *devices, size_t count, struct boot_serial *line)
{
    uint32_t function = 0;
    bus = devices;
    bus_count = count;
    memset(line, 0, sizeof(*line));
    if (!serial_pci_find(config, line, &function))
        return 0;
    EXPECT(config(function) != 0xFFFFFFFF && line->space && !line->shift);
    return line->base;
}

static void pci(void)
{
    struct boot_serial line;
    struct device d[] = {{AT(0, 0, 0), 0x06000000, 0, {0}},
                         {AT(0, 3, 0), 0x02000000, 0x800000, {0x1001}},
                         {AT(0, 3, 7), 0x07000200, 0, {0, 0xC051}},
                         {AT(255, 31, 0), 0x07000600, 0, {0xFEB00000}}};
    EXPECT(found(d, 4, &line) == 0xC050 && line.space == BOOT_SERIAL_PORT);
    d[1].header = 0; /* one function only: the others are its echoes */
    EXPECT(found(d, 4, &line) == 0xFEB00000 && line.space == BOOT_SERIAL_MEMORY);
    d[3].bar[0] = 0xFEB00004; /* 64 bits wide, high half zero, then beyond reach */
    EXPECT(found(d, 4, &line) == 0xFEB00000);
    d[3].bar[1] = 1;
    EXPECT(found(d, 4, &line) == 0);
    d[3].bar[2] = 0xC101;
    EXPECT(found(d, 4, &line) == 0xC100);
    d[3].class = 0x07000100; /* a 16450, whose FIFO is none */
    EXPECT(found(d, 4, &line) == 0);
    d[3].class = 0x07800200;
    EXPECT(found(d, 4, &line) == 0);
    d[3].class = 0x07000200;
    d[3].header = 0x010000; /* a bridge has no such regions */
    EXPECT(found(d, 4, &line) == 0);
    EXPECT(found(d, 0, &line) == 0);
}

/* ---- SPCR ---- */
static uint8_t *bytes;
static struct phys phys;
static struct source source;

/* SPCR: COM2 by ports, 57600. */
static void firmware_make(void)
{
    const uint16_t port = 0x2F8;
    firmware_root(bytes, &source);
    bytes[SPCR + 40] = 1;
    memcpy(bytes + SPCR + 44, &port, 2);
    bytes[SPCR + 58] = 6;
    firmware_table(bytes, SPCR, "SPCR", 80);
}

static bool spcr(struct boot_serial *line)
{
    memset(line, 0, sizeof(*line));
    return serial_spcr_find(&phys, &source, line);
}

/* The SPCR with one byte changed and its sum right again. */
static bool spcr_with(uint32_t at, uint8_t value, struct boot_serial *line)
{
    firmware_make();
    bytes[SPCR + at] = value;
    firmware_sum(bytes + SPCR, 80, 9);
    return spcr(line);
}

static void spcr_fields(void)
{
    struct boot_serial line;
    firmware_make();
    EXPECT(spcr(&line) && line.space == BOOT_SERIAL_PORT && line.base == 0x2F8 &&
           line.baud == 57600 && line.shift == 0);
    EXPECT(spcr_with(58, 0, &line) && line.baud == 115200);
    EXPECT(spcr_with(58, 200, &line) && line.baud == 115200);
    EXPECT(spcr_with(36, 1, &line) && spcr_with(36, 18, &line));
    EXPECT(!spcr_with(36, 3, &line));
    EXPECT(!spcr_with(40, 2, &line));
    EXPECT(!spcr_with(46, 1, &line)); /* port 0x102F8 */
    EXPECT(!spcr_with(48, 1, &line)); /* above 4 GiB */
    EXPECT(spcr_with(40, 0, &line) && line.space == BOOT_SERIAL_MEMORY && line.shift == 0);
    firmware_make();
    bytes[SPCR + 40] = 0;
    bytes[SPCR + 41] = 32;
    firmware_sum(bytes + SPCR, 80, 9);
    EXPECT(spcr(&line) && line.shift == 2);
    bytes[SPCR + 44] = 0xF9;
    firmware_sum(bytes + SPCR, 80, 9);
    EXPECT(!spcr(&line)); /* not aligned */
}

static void spcr_broken(void)
{
    struct boot_serial line;
    firmware_make();
    bytes[SPCR + 60]++;
    EXPECT(!spcr(&line)); /* its sum */
    firmware_make();
    firmware_table(bytes, SPCR, "SPCR", 59);
    EXPECT(!spcr(&line)); /* too short */
    firmware_make();
    bytes[RSDT + 43]++;
    firmware_sum(bytes + RSDT, 44, 9);
    EXPECT(!spcr(&line)); /* out of the window */
    firmware_make();
    source.rsdp[0] = 'r';
    EXPECT(!spcr(&line));
    firmware_make();
    source.rsdp_bytes = 19;
    EXPECT(!spcr(&line));
    for (uint32_t cut = 0; cut < SIZE; cut += 3) { /* memory that ends anywhere */
        firmware_make();
        uint8_t *part = malloc(cut ? cut : 1);
        memcpy(part, bytes, cut);
        struct phys window = {part, BASE, cut};
        EXPECT(serial_spcr_find(&window, &source, &line) == (cut >= SPCR + 80));
        free(part);
    }
}

int main(void)
{
    bytes = calloc(1, SIZE);
    phys = (struct phys){bytes, BASE, SIZE};
    words_good();
    words_bad();
    pci();
    spcr_fields();
    spcr_broken();
    free(bytes);
    return unit_done("serial-words");
}
