/* SPDX-License-Identifier: MIT
 * SHA-256 (FIPS 180-4) of files, to name the images that were measured. Nothing secret passes
 * through it. Called by tach run. */
#ifndef TACH_BENCH_SHA256_H
#define TACH_BENCH_SHA256_H

#include <stddef.h>

#define SHA256_TEXT 65u /* 64 hexadecimal digits and a zero byte */

/* The digest of size bytes as lower-case hexadecimal text. */
void sha256_text(const void *data, size_t size, char out[SHA256_TEXT]);

#endif
