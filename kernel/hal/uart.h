/* SPDX-License-Identifier: MIT
 * The serial port, beyond the two calls that hal.h shows. */
#ifndef TACH_HAL_UART_H
#define TACH_HAL_UART_H

#include <stdbool.h>

/* 8N1 at the rate that the loader says, FIFO on, no interrupts. True also when no UART answers:
 * output then goes nowhere. */
bool uart_init(void);

/* The line that a received byte raises: those of a PC's four ports are known. A port elsewhere is
 * looked at from time to time (console.c). */
#define UART_IRQ_NONE 0xFFu
unsigned uart_irq(void);

/* From now on a received byte raises line uart_irq(). */
void uart_listen(void);

/* Waits, bounded, until the last bit has left. */
void uart_flush(void);

#endif
