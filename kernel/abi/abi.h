/* SPDX-License-Identifier: MIT
 * The whole public contract in one include. A change of a value or a size bumps ABI_VERSION. */
#ifndef TACH_ABI_ABI_H
#define TACH_ABI_ABI_H

#include "kernel/abi/boot.h"
#include "kernel/abi/errors.h"
#include "kernel/abi/events.h"
#include "kernel/abi/msg.h"
#include "kernel/abi/syscalls.h"
#include "kernel/abi/wire.h"

#define ABI_VERSION 7u

#endif
