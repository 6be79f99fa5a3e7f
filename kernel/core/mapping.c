/* SPDX-License-Identifier: MIT
 * See mapping.h. Records never overlap, and cover exactly the object pages that are mapped: a
 * munmap through the middle of one makes two. */
#include "kernel/core/mapping.h"

#include "kernel/core/memory_service.h"
#include "kernel/core/pool.h"
#include "kernel/hal/list.h"

struct mapping {
    struct list link; /* in the task's */
    vaddr_t start, end;
    struct object *object;
    struct file *file; /* 0: of req_sys_mem */
};

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

static struct pool mapping_pool = {.size = sizeof(struct mapping)};

uint32_t mapping_count(void)
{
    return mapping_pool.used;
}

static struct mapping *record_make(struct task *task, const struct mapping *like)
{
    struct mapping *m = pool_alloc(&mapping_pool);

    if (!m)
        return 0;
    *m = *like;
    object_ref(m->object);
    if (m->file)
        m->file->references++;
    list_push_back(&task->mappings, &m->link);
    return m;
}

/* Its pages are gone. May call the service's close. */
static void record_free(struct mapping *m)
{
    struct object *object = m->object;
    struct file *file = m->file;

    list_remove(&m->link);
    pool_free(&mapping_pool, m);
    object_unref(object);
    if (file)
        file_unref(file);
}

static enum err pages_map(struct task *task, const struct mapping_wish *wish, vaddr_t va)
{
    for (uint64_t done = 0; done < wish->bytes; done += PAGE_SIZE) {
        struct page_grant grant = object_page(wish->object, (wish->offset + done) / PAGE_SIZE);
        grant.prot = (unsigned)wish->how & (PROT_READ | PROT_WRITE);
        grant.ceiling = wish->ceiling;
        enum err e = space_map_frame(&task->space, va + done, &grant);
        if (!e)
            continue;
        if (done && space_unmap(&task->space, va, done))
            return T_EINVAL;
        return e;
    }
    return OK;
}

long mapping_make(struct task *task, const struct mapping_wish *wish)
{
    uint64_t size = wish->object->pages * PAGE_SIZE;
    vaddr_t va = wish->at;
    enum err e = OK;

    if (wish->offset > size || wish->bytes > size - wish->offset)
        return -T_ERANGE;
    if (!(wish->how & MAP_FIXED_NOREPLACE))
        e = space_find(&task->space, wish->bytes, &va);
    if (e)
        return -(long)e;
    struct mapping *m = record_make(task, &(struct mapping){.start = va,
                                                            .end = va + wish->bytes,
                                                            .object = wish->object,
                                                            .file = wish->file});
    if (!m)
        return -T_ENOMEM;
    e = pages_map(task, wish, va);
    if (e)
        record_free(m);
    else if (wish->object->range)
        range_taken(wish->object->range);
    return e ? -(long)e : (long)va;
}

/* A service in the kernel answers an object's number; a server a descriptor of its own, of
 * `memory:`. What it may not do itself it cannot give away. */
static struct object *object_offered(const struct file *file, uint64_t number, unsigned *rights)
{
    const struct file *offered;

    if (scheme_linked(file->scheme))
        return object_find(number);
    if (file->scheme->server == &task_none)
        return 0; /* it gave up its scheme before it answered */
    offered = fd_file(file->scheme->server, number);
    if (!offered || !scheme_linked(offered->scheme) || offered->scheme->svc.ops != &memory_service)
        return 0;
    *rights &= fd_rights(file->scheme->server, number);
    return object_find(offered->handle);
}

static unsigned rights_prot(unsigned rights)
{
    return (rights & FD_READ ? PROT_READ : 0) | (rights & FD_WRITE ? PROT_WRITE : 0);
}

enum err mapping_check(uint64_t how, uint64_t bytes, uint64_t offset, unsigned rights)
{
    const uint64_t known = PROT_ALL | MAP_SHARED | MAP_FIXED_NOREPLACE;

    if (how & ~known || !(how & MAP_SHARED) || !bytes || bytes > USER_END || offset % PAGE_SIZE)
        return T_EINVAL;
    if (offset >> 32)
        return T_EFBIG;
    return !(rights & FD_MAP) || how & PROT_ALL & ~rights_prot(rights) ? T_EACCES : OK;
}

long mapping_finish(struct thread *c, struct file *file, uint64_t number, uint64_t offset)
{
    unsigned rights = (unsigned)c->call_regs[FMAP_RIGHTS];
    struct mapping_wish wish = {.object = object_offered(file, number, &rights),
                                .file = file,
                                .at = c->rsi,
                                .bytes = (c->rdx + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1),
                                .offset = offset,
                                .how = c->r10,
                                .ceiling = rights_prot(rights)};

    if (!wish.object || offset % PAGE_SIZE)
        return -T_EIO;
    if (wish.object->range)
        wish.ceiling &= wish.object->range->prot;
    if (wish.how & PROT_ALL & ~wish.ceiling)
        return -T_EACCES;
    return mapping_make(c->task, &wish);
}

static struct mapping *record_at(struct list *l)
{
    return list_entry(l, struct mapping, link);
}

static bool meets(const struct mapping *m, vaddr_t va, vaddr_t end)
{
    return m->start < end && va < m->end;
}

static struct mapping *record_meeting(const struct task *task, vaddr_t va, vaddr_t end)
{
    for (struct list *l = task->mappings.next; l != &task->mappings; l = l->next)
        if (meets(record_at(l), va, end))
            return record_at(l);
    return 0;
}

bool mapping_meets(const struct task *task, vaddr_t va, uint64_t bytes)
{
    return record_meeting(task, va, va + bytes) != 0;
}

/* A record around the whole range keeps its lower part; a new one takes the upper. */
static enum err split(struct task *task, vaddr_t va, vaddr_t end)
{
    for (struct list *l = task->mappings.next; l != &task->mappings; l = l->next) {
        struct mapping *m = record_at(l);
        if (m->start >= va || m->end <= end)
            continue;
        struct mapping upper = *m;
        upper.start = end;
        if (!record_make(task, &upper))
            return T_ENOMEM;
        m->end = end;
        return OK;
    }
    return OK;
}

enum err mapping_cut(struct task *task, vaddr_t va, uint64_t bytes)
{
    vaddr_t end = va + bytes;
    struct mapping *m;

    if (!bytes || (va | bytes) % PAGE_SIZE || !user_range(va, bytes))
        return T_EINVAL;
    enum err e = split(task, va, end);
    if (!e)
        e = space_unmap(&task->space, va, bytes);
    while (!e && (m = record_meeting(task, va, end)) != 0) {
        if (m->start >= va && m->end <= end)
            record_free(m);
        else if (m->start < va)
            m->end = va;
        else
            m->start = end;
    }
    return e;
}

/* One record of that handle in the task, or 0. A service may answer a close by anything, so the
 * list is not walked across it. */
static struct mapping *record_of(const struct task *task, const struct scheme *s, uint64_t handle)
{
    for (struct list *l = task->mappings.next; l != &task->mappings; l = l->next) {
        struct mapping *m = record_at(l);
        if (m->file && m->file->scheme == s && m->file->handle == handle)
            return m;
    }
    return 0;
}

long mapping_revoke(const struct scheme *s, uint64_t handle)
{
    struct mapping *m;
    long count = 0;

    for (struct list *l = task_list.next; l != &task_list; l = l->next) {
        struct task *task = list_entry(l, struct task, link);
        while ((m = record_of(task, s, handle)) != 0) {
            if (space_unmap(&task->space, m->start, m->end - m->start))
                return -T_EINVAL;
            record_free(m);
            count++;
        }
    }
    return count;
}

void mapping_drop_all(struct task *task)
{
    while (!list_empty(&task->mappings))
        record_free(record_at(task->mappings.next));
}
