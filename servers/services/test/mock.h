/* SPDX-License-Identifier: MIT
 * The services on the host behind file calls: what kernel and server host do for them, in the
 * smallest form. Used by the tests of this directory only.
 * Invariant: memory that a service is given is counted, so a leak shows; every long transfer is
 * checked against the caller's buffer. */
#ifndef TACH_SERVERS_SERVICES_TEST_MOCK_H
#define TACH_SERVERS_SERVICES_TEST_MOCK_H

#include "servers/services/test/conformance.h"

extern const struct conform_files mock_files;

/* Starts all services; alloc_limit: bytes that the mock gives away before it has no more. */
void mock_start(uint64_t alloc_limit);

/* A service that was started, for requests that no client call makes; or 0. */
struct svc *mock_service(const char *name);

/* Stops them: bytes that were not given back. */
uint64_t mock_stop(void);

/* From now on a long transfer fails with EFAULT once it passes this byte of a buffer. */
void mock_fault_at(uint64_t byte);

#endif
