/* SPDX-License-Identifier: MIT
 * PCI's configuration space: by memory (ECAM) where the firmware's MCFG names a range that can be
 * believed, else by ports CF8H and CFCH. Called by port.c. */
#ifndef TACH_LOADER_CONFIG_H
#define TACH_LOADER_CONFIG_H

#include "kernel/loader/source.h"

/* The registers of each function of segment 0 in memory, from bus 0 on: 1 MiB a bus. */
struct ecam {
    uint32_t base, buses; /* 0 buses: none */
    const char *why;      /* none: why, in a few words */
};

/* What the MCFG says: the first range of segment 0 that begins at bus 0, lies below 4 GiB and is
 * not memory. Pure. */
struct ecam ecam_find(const struct phys *phys, const struct source *source);

/* Takes that range if it shows the same host bridge as the ports do. */
void config_open(const struct phys *phys, const struct source *source);

/* One register; address as port CF8H takes it. Buses beyond the range are asked by ports. */
uint32_t config_read(uint32_t address);
void config_write(uint32_t address, uint32_t value);

/* What config_open decided; NULL: nobody has looked at PCI. */
const struct ecam *config_way(void);

#endif
