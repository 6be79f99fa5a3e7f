/* SPDX-License-Identifier: MIT
 * Memory objects: frames that the kernel owns and that may be mapped in many spaces. An object has
 * a number for as long as somebody holds it; each mapping holds it too, and each leaf holds its
 * frame, so what is mapped stays whatever becomes of those who named it. An object of a physical
 * range owns no frames. Used by mapping.c, the scheme `memory:` and services in the kernel. */
#ifndef TACH_CORE_OBJECT_H
#define TACH_CORE_OBJECT_H

#include "kernel/core/ranges.h"
#include "kernel/hal/vm.h"

#define OBJECTS          512u
#define OBJECTS_EACH     128u /* of one task, by who made them */
#define OBJECT_PAGES_MAX (64u << 10)
#define OBJECT_TABLE     (PAGE_SIZE / sizeof(paddr_t)) /* frames that an index page names */

struct object {
    uint32_t references; /* the number's holder, and mappings */
    uint32_t number;
    uint32_t owner; /* TID: whose count it is; 0: a service's in the kernel, which counts itself */
    uint64_t pages;
    const struct range *range; /* 0: own frames, by index pages */
    paddr_t index[OBJECT_PAGES_MAX / OBJECT_TABLE];
};

/* A new object of no pages (or of that range), one reference: its number; on the
 * account of that TID, or of nobody's, 0. EMFILE, ENOMEM. */
long object_make(const struct range *range, uint32_t owner);

/* The object of that number, or 0. */
struct object *object_find(uint64_t number);

/* To that many pages: new ones are zero. EFBIG; ENOMEM, nothing changed; EBUSY: a page that would
 * go is mapped; EINVAL: of a range. */
WARN_UNUSED enum err object_resize(struct object *o, uint64_t pages);

void object_ref(struct object *o);
void object_unref(struct object *o);

/* What is to be mapped for page i of the object, which it has. */
struct page_grant object_page(const struct object *o, uint64_t i);

/* For reports: objects alive, and the frames that they own. */
uint64_t object_count(void);
uint64_t object_page_count(void);

#endif
