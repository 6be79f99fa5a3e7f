/* SPDX-License-Identifier: MIT
 * The peers' figures; see bench/peers.h. Debian's 6.1.0 cloud kernel, -cpu qemu64, isolation off.
 */
#include "bench/peers.h"

const struct peer_point peer_points[] = {
    {"pipe", 8, 10553},          {"pipe", 4096, 12491},        {"tmpfs pread", 64, 1335},
    {"tmpfs pread", 4096, 1784}, {"unix stream", 4096, 21794},
};
const size_t peer_point_count = sizeof(peer_points) / sizeof(peer_points[0]);
