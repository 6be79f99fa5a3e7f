/* SPDX-License-Identifier: MIT
 * What a program gives to the library and what its entry stub calls.
 * Invariant: every program has one main of exactly this type; it may ignore envp. */
#ifndef TACH_SERVERS_LIB_START_H
#define TACH_SERVERS_LIB_START_H

#include "servers/lib/args.h"

/* The program; its result is the exit status, 0 for success. Descriptors 0, 1, 2 are the console.
 */
int main(int argc, char **argv, char **envp);

/* Called once by the entry stub; does not return. */
__attribute__((noreturn)) void start_main(struct args_block *block);

#endif
