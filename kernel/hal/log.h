/* SPDX-License-Identifier: MIT
 * The one formatter behind klog and panic. Reentrant, no allocation, no static state. */
#ifndef TACH_HAL_LOG_H
#define TACH_HAL_LOG_H

#include <stdarg.h>

/* klog with its arguments in a list. */
void klog_list(const char *format, va_list arguments);

#endif
