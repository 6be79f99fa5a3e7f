/* SPDX-License-Identifier: MIT
 * Services as modules: their images come from user space by a write to `sys:module`, are checked,
 * copied to fresh frames and mapped in the module window, text R X, tables R. A module without a
 * scheme that uses it is only kept until it is moved to, replaced or dropped. Interrupts off. */
#ifndef TACH_CORE_MODULE_H
#define TACH_CORE_MODULE_H

#include "kernel/hal/vm.h"
#include "servers/service.h"

#include <stdbool.h>

/* Loads the image that the request brings, whole; when no scheme has its name yet, it becomes one.
 * Bytes taken; EINVAL size, ENOEXEC (the reason is logged), EBUSY a module of that name is in use,
 * EMFILE, ENOMEM, EFAULT. */
long module_write(struct svc *self, struct svc_req *req);

/* The table of ops of the loaded module of that name, or 0. */
const struct service_ops *module_find(const char *name);

/* A scheme begins to use the ops; does not any more: a module goes with that. Other tables are let
 * alone. */
void module_use(const struct service_ops *ops);
void module_drop(const struct service_ops *ops);

/* Whether the table lies in a module. */
bool module_holds(const struct service_ops *ops);

/* The module at that place of the table, 0 where there is none; MODULES places. */
#define MODULES 16u
struct module_view {
    const char *name;
    uint64_t bytes;
    bool used;
};
bool module_view(unsigned index, struct module_view *view);

#endif
