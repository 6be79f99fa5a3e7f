/* SPDX-License-Identifier: MIT
 * A scheme server that does what its client asks of it, for file tests. Its scheme is DAEMON. */
#ifndef TACH_KERNEL_TEST_DAEMON_H
#define TACH_KERNEL_TEST_DAEMON_H

#include <stdint.h>

#define DAEMON "test-daemon"

/* fcall kinds. */
#define DAEMON_CLOSES 100u /* result: closes until now */
#define DAEMON_EXIT   101u /* ends without an answer */
#define DAEMON_RETURN 102u /* the answer's W0 is W2, whatever that is */
#define DAEMON_CALLER 103u /* W1 rdi, W2 rax as received */

/* What a path begins with: 'x' the daemon ends, 'e' it answers ENOENT, anything else opens. A read
 * gives bytes of that handle, a write takes what came. */
__attribute__((noreturn)) void daemon_serve(uint64_t flags);

static inline uint8_t daemon_byte(uint64_t handle, uint64_t at)
{
    return (uint8_t)(handle * 17 + at * 3 + (at >> 7));
}

#endif
