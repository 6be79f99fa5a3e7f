/* SPDX-License-Identifier: MIT
 * COM1, beyond the two calls that hal.h shows. */
#ifndef TACH_HAL_UART_H
#define TACH_HAL_UART_H

#include <stdbool.h>

/* 115200 8N1, FIFO on, no interrupts. True also when no UART answers: output then goes nowhere. */
bool uart_init(void);

/* From now on a received byte raises line UART_IRQ. */
#define UART_IRQ 4u
void uart_listen(void);

/* Waits, bounded, until the last bit has left. */
void uart_flush(void);

#endif
