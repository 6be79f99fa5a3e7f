/* SPDX-License-Identifier: MIT
 * Which serial port a boot talks by: what the boot words ask, and where else one may be. Pure: the
 * command line, the firmware's tables and PCI's configuration space come in, a struct boot_serial
 * goes out. Called by port.c; nothing here touches the port. */
#ifndef TACH_LOADER_SERIAL_H
#define TACH_LOADER_SERIAL_H

#include <stdbool.h>

#include "kernel/loader/source.h"

#define SERIAL_BAUD      115200u
#define SERIAL_REGISTERS 8u

enum serial_kind {
    SERIAL_ANY,   /* no word: COM1, else the firmware's, else the first of PCI */
    SERIAL_NAMED, /* line is where the word says */
    SERIAL_PCI    /* the first that PCI's configuration space shows */
};

struct serial_wish {
    enum serial_kind kind;
    bool baud_given;
    struct boot_serial line;
};

/* The words serial= and baud= of the line, of each the last. EXIT_CMDLINE with the word for the
 * first that is wrong: serial=com1..com4, 0xPORT, mmio:0xADDRESS, mmio32:0xADDRESS (registers of 4
 * bytes) or pci; baud= a divisor of 115200. */
struct outcome serial_wish_read(const char *cmdline, struct serial_wish *wish);

/* One register of a function's configuration space; address as port 0xCF8 takes it. */
typedef uint32_t (*serial_config)(uint32_t address);

/* The first 16550 on any bus (class 07/00): line->space, shift and base, and at *function the
 * address of its configuration space, whose decoders the caller enables. False: none. */
bool serial_pci_find(serial_config config, struct boot_serial *line, uint32_t *function);

/* The port that the firmware's SPCR names, with its rate. rsdp_bytes 0: the root pointer is
 * searched for where a PC's BIOS leaves it. False: no sound table names a 16550 that can be
 * reached. */
bool serial_spcr_find(const struct phys *phys, const struct source *source,
                      struct boot_serial *line);

#endif
