/* SPDX-License-Identifier: MIT
 * What CORE may ask of the machine, beyond threads (sched.h) and memory (vm.h, page.h). */
#ifndef TACH_HAL_HAL_H
#define TACH_HAL_HAL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot.h"
#include "kernel/abi/errors.h"
#include "kernel/abi/wire.h"

/* What the boot words and the CPU decided; constant after hal_main. */
struct hal_config {
    bool pti, pcid, trace, fastpath;
    bool reset;  /* where no emulator ends the boot, the machine starts anew */
    bool x2apic; /* asked for, though firmware did not switch it on */
    /* isolation may be switched while the kernel runs; with PCIDs when it is on */
    bool hot, hot_pcid;
    /* a mode of the timer asked for; neither: as the CPU can */
    bool timer_count, timer_deadline;
    uint64_t tsc_hz;
    uint8_t tsc_source; /* as in struct wire_hello */
    bool smap, smep, umip;
    uint32_t signature, microcode;
    char vendor[16], brand[48];
};
extern struct hal_config hal_config;
extern const struct bootinfo *hal_boot; /* in the direct map */

/* First C function of the kernel, on the boot stack: runs the table of initialisers, then
 * core_entry. */
_Noreturn void hal_main(const struct bootinfo *boot);

/* CORE's beginning (upwards call of the boot order, not one of the five). Returns with a thread
 * ready. */
void core_entry(void);

uint64_t hal_tsc(void);

/* Picks the system call entry by the present configuration: fast or plain, isolation, trace. */
void hal_entry_select(bool fastpath, bool trace);

/* Isolation on or off, while the kernel runs: table of interrupts, entries and exits. Every space
 * must follow by space_isolate, and its threads' roots, before anything leaves to user mode.
 * EOPNOTSUPP: the boot word was not pti=hot. */
__attribute__((warn_unused_result)) enum err hal_isolation_select(bool on);

/* Measures what struct wire_calib asks of ring 0. Takes about 100 ms; interrupts off. */
void hal_calibrate(struct wire_calib *calib);

/* Prints one line on the serial port (frames or plain text as the wire is set) and ends the
 * machine: an emulator exits, else the CPU halts or, with the boot word end=reset, starts anew. */
_Noreturn void hal_exit(enum boot_exit code, const char *message);

/* One byte to, and from (-1: none), the serial port. Polling; bounded if no UART answers. */
void uart_put(uint8_t byte);
int uart_get(void);

/* A broken invariant: prints registers, the current thread and the last trace records; never
 * returns. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Plain log line to the console (text, or TEXT frames). Formats: %s %c %d %u %x %lx %lu %p %%. */
void klog(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Text as it is: to klog's sink, and to the screen. */
void klog_bytes(const char *bytes, uint64_t count);
/* Where text goes on the serial port: CORE's wire replaces the UART by frames. */
extern void (*klog_sink)(const char *bytes, uint64_t count);

/* 20-byte build id of the kernel image. */
const uint8_t *hal_build_id(void);

#endif
