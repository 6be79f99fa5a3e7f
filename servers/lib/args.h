/* SPDX-License-Identifier: MIT
 * The argument block: what a new task finds at rdi. The one who starts it (exec.c) builds it in a
 * buffer for the address where it will lie; the entry code of the new task reads it.
 * Invariant: every pointer in a block points into the block. */
#ifndef TACH_SERVERS_LIB_ARGS_H
#define TACH_SERVERS_LIB_ARGS_H

#include <stdint.h>

#define ARGS_BYTES_MAX 4096u

struct args_block {
    uint64_t argc;
    char *pointers[]; /* argv, 0, envp, 0; then the strings */
};

struct args_source {
    const char *const *argv; /* 0-terminated; 0: none */
    const char *const *envp; /* 0-terminated; 0: none */
};

/* Builds the block for an end at address `top` (multiple of 16) in buffer[ARGS_BYTES_MAX], at the
 * buffer's start. Returns its bytes, a multiple of 16: it belongs at top - bytes. E2BIG. */
long args_build(const struct args_source *source, uint64_t top, unsigned char *buffer);

#endif
