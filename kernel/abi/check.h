/* SPDX-License-Identifier: MIT
 * A layout assertion that C11 and C++17 both read. */
#ifndef TACH_ABI_CHECK_H
#define TACH_ABI_CHECK_H

#ifdef __cplusplus
#define ABI_ASSERT(condition, text) static_assert(condition, text)
#else
#define ABI_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#endif
