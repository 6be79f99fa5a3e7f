/* SPDX-License-Identifier: MIT
 * See object.h. The index is two levels deep: words of the object name index pages, which name
 * frames. A frame beyond the object's own reference is in use by a mapping (or lent by one), and so
 * is never taken away here: no count of mappings is kept. */
#include "kernel/core/object.h"

#include "kernel/core/pool.h"
#include "kernel/hal/page.h"

static struct pool object_pool = {.size = sizeof(struct object)};
static struct object *objects[OBJECTS];
static uint64_t pages_owned;

long object_make(const struct range *range, uint32_t owner)
{
    uint32_t number = OBJECTS, own = 0;

    for (uint32_t i = OBJECTS; i-- != 0;) {
        number = objects[i] ? number : i;
        own += owner && objects[i] && objects[i]->owner == owner;
    }
    if (number == OBJECTS || own >= OBJECTS_EACH)
        return -T_EMFILE;
    struct object *o = pool_alloc(&object_pool);
    if (!o)
        return -T_ENOMEM;
    o->references = 1;
    o->number = number;
    o->owner = owner;
    o->range = range;
    o->pages = range ? range->bytes / PAGE_SIZE : 0;
    objects[number] = o;
    return (long)number;
}

struct object *object_find(uint64_t number)
{
    return number < OBJECTS ? objects[number] : 0;
}

static paddr_t *slot(const struct object *o, uint64_t i)
{
    return (paddr_t *)page_pointer(o->index[i / OBJECT_TABLE]) + i % OBJECT_TABLE;
}

/* The last page goes, and with the first of its table the table. */
static void page_drop(struct object *o)
{
    uint64_t i = --o->pages;

    page_unref(*slot(o, i));
    *slot(o, i) = 0;
    if (i % OBJECT_TABLE == 0) {
        page_unref(o->index[i / OBJECT_TABLE]);
        o->index[i / OBJECT_TABLE] = 0;
    }
    pages_owned--;
}

static enum err page_add(struct object *o)
{
    paddr_t *table = &o->index[o->pages / OBJECT_TABLE];
    bool fresh = !*table;

    if (fresh)
        *table = page_alloc();
    paddr_t page = *table ? page_alloc() : 0;
    if (!page) {
        if (fresh && *table) {
            page_unref(*table);
            *table = 0;
        }
        return T_ENOMEM;
    }
    *slot(o, o->pages++) = page;
    pages_owned++;
    return OK;
}

static bool busy_from(const struct object *o, uint64_t pages)
{
    for (uint64_t i = pages; i < o->pages; i++)
        if (page_refs(*slot(o, i)) > 1)
            return true;
    return false;
}

enum err object_resize(struct object *o, uint64_t pages)
{
    uint64_t before = o->pages;

    if (o->range)
        return T_EINVAL;
    if (pages > OBJECT_PAGES_MAX)
        return T_EFBIG;
    if (busy_from(o, pages))
        return T_EBUSY;
    if (pages > before && pages - before > page_free_count())
        return T_ENOMEM; /* before all of it is cleared in vain */
    while (o->pages > pages)
        page_drop(o);
    while (o->pages < pages)
        if (page_add(o)) {
            while (o->pages > before)
                page_drop(o);
            return T_ENOMEM;
        }
    return OK;
}

void object_ref(struct object *o)
{
    o->references++;
}

void object_unref(struct object *o)
{
    if (--o->references)
        return;
    while (o->pages && !o->range)
        page_drop(o);
    objects[o->number] = 0;
    pool_free(&object_pool, o);
}

struct page_grant object_page(const struct object *o, uint64_t i)
{
    if (o->range)
        return (struct page_grant){.frame = o->range->base + i * PAGE_SIZE,
                                   .foreign = true,
                                   .uncached = o->range->uncached};
    return (struct page_grant){.frame = *slot(o, i)};
}

uint64_t object_count(void)
{
    return object_pool.used;
}

uint64_t object_page_count(void)
{
    return pages_owned;
}
