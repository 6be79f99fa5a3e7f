/* SPDX-License-Identifier: MIT
 * The loader's ports, and PCI's memory, on the host: each access is a call of the test. */
#ifndef TACH_LOADER_IO_H
#define TACH_LOADER_IO_H

#include <stdint.h>

void io_out8(uint16_t port, uint8_t value);
uint8_t io_in8(uint16_t port);
uint64_t io_tsc(void);
void io_out32(uint16_t port, uint32_t value);
uint32_t io_in32(uint16_t port);
uint32_t io_config_in32(uint32_t address);
void io_config_out32(uint32_t address, uint32_t value);

#endif
