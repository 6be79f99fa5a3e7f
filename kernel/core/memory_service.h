/* SPDX-License-Identifier: MIT
 * The scheme `memory:`, whose descriptors of `anon` and of physical ranges are memory objects. A
 * server offers memory to its clients by such a descriptor; see mapping.c. */
#ifndef TACH_CORE_MEMORY_SERVICE_H
#define TACH_CORE_MEMORY_SERVICE_H

#include "servers/service.h"

/* A handle below OBJECTS is the number of an object. */
extern const struct service_ops memory_service;

#endif
