/* SPDX-License-Identifier: MIT
 * The services that are always in the kernel, as tables of operations like any other. */
#ifndef TACH_CORE_SERVICES_H
#define TACH_CORE_SERVICES_H

#include "servers/service.h"

extern const struct service_ops debug_service, event_service, pipe_service, root_service,
    sys_service, trace_service, irq_service, time_service;

/* A byte came in on the serial line. */
void console_input(void);

/* Where no interrupt tells that: stands for the next look among the threads with a deadline, and
 * looks. */
struct thread;
extern struct thread console_alarm;
void console_poll(void);

/* The neutral services linked into this image (list in the Makefile); 0 ends it. */
extern const struct service_ops *const linked_services[];

#endif
