/* SPDX-License-Identifier: MIT
 * See config.h. The firmware's word is not enough: memory that shows another host bridge than the
 * ports do, or none, is not the configuration space. */
#include "kernel/loader/config.h"

#include <stddef.h>

#include "kernel/loader/io.h"

#define CONFIG_ADDRESS 0xCF8u
#define CONFIG_DATA    0xCFCu
#define CONFIG_ENABLE  0x80000000u
#define BUS(a)         ((a) >> 16 & 0xFFu)
#define OFFSET(a)      (((a)&0xFFFF00u) << 4 | ((a)&0xFCu))
#define NONE           0xFFFFFFFFu

static struct ecam ecam;

static uint32_t memory_read(uint32_t address)
{
    return io_config_in32(ecam.base + OFFSET(address));
}

static uint32_t port_read(uint32_t address)
{
    io_out32(CONFIG_ADDRESS, address);
    return io_in32(CONFIG_DATA);
}

void config_open(const struct phys *phys, const struct source *source)
{
    ecam = ecam_find(phys, source);
    if (!ecam.buses)
        return;
    const uint32_t seen = port_read(CONFIG_ENABLE);
    if (seen == NONE || memory_read(CONFIG_ENABLE) != seen)
        ecam = (struct ecam){.why = "its range shows another host bridge than the ports"};
}

uint32_t config_read(uint32_t address)
{
    return BUS(address) < ecam.buses ? memory_read(address) : port_read(address);
}

void config_write(uint32_t address, uint32_t value)
{
    if (BUS(address) < ecam.buses) {
        io_config_out32(ecam.base + OFFSET(address), value);
        return;
    }
    io_out32(CONFIG_ADDRESS, address);
    io_out32(CONFIG_DATA, value);
}

const struct ecam *config_way(void)
{
    return ecam.buses || ecam.why ? &ecam : NULL;
}
