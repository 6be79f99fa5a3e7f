/* SPDX-License-Identifier: MIT
 * See snapshot.h. Texts lie in pages that are taken as they fill and given back at the close. */
#include "kernel/core/snapshot.h"

#include "kernel/core/pool.h"
#include "kernel/core/task.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/page.h"

#define SNAPSHOTS 2048u

struct snapshot {
    struct text text;
    uint32_t at, file;
    uint32_t owner; /* TID: whose count it is */
};

static struct pool snapshot_pool = {.size = sizeof(struct snapshot)};
static struct snapshot *snapshots[SNAPSHOTS];

static struct snapshot *snapshot_at(uint64_t handle)
{
    return snapshots[handle % SNAPSHOTS];
}

static void snapshot_free(uint64_t handle)
{
    struct snapshot *s = snapshot_at(handle);
    struct task *owner = task_find(s->owner);

    if (owner)
        owner->snapshots--;
    text_free(&s->text);
    pool_free(&snapshot_pool, s);
    snapshots[handle % SNAPSHOTS] = 0;
}

long snapshot_begin(struct text **text)
{
    struct task *task = cpu_this()->current->task;
    unsigned i = 0;

    while (i < SNAPSHOTS && snapshots[i])
        i++;
    if (i == SNAPSHOTS || task->snapshots == SNAPSHOTS_TASK)
        return -T_EMFILE;
    struct snapshot *s = pool_alloc(&snapshot_pool);
    if (!s)
        return -T_ENOMEM;
    s->owner = task->tid;
    task->snapshots++;
    snapshots[i] = s;
    *text = &s->text;
    return (long)i;
}

long snapshot_end(long handle, unsigned file, long error)
{
    struct snapshot *s = snapshot_at((uint64_t)handle);

    s->file = file;
    if (error >= 0 && text_finish(&s->text))
        return handle;
    snapshot_free((uint64_t)handle);
    return error < 0 ? error : -T_ENOMEM;
}

long snapshot_make(unsigned file, void (*report)(struct text *text))
{
    struct text *text;
    long handle = snapshot_begin(&text);

    if (handle >= 0 && report)
        report(text);
    return handle < 0 ? handle : snapshot_end(handle, file, 0);
}

unsigned snapshot_file(uint64_t handle)
{
    return snapshot_at(handle)->file;
}

long snapshot_close(struct svc *self, struct svc_req *req)
{
    (void)self;
    snapshot_free(req->handle);
    return 0;
}

/* Up to the end of a page; a long read is made of several. */
static long piece_read(struct svc *self, struct svc_req *req, uint64_t at, uint64_t n)
{
    struct snapshot *s = snapshot_at(req->handle);
    uint64_t from = s->at + at, room = PAGE_SIZE - from % PAGE_SIZE;
    const char *bytes = s->text.page[from / PAGE_SIZE] + from % PAGE_SIZE;
    char *words = (char *)req->words + at;

    n = n < room ? n : room;
    if (!req->shorts) {
        long e = self->host->put(req, at, bytes, n);
        return e < 0 ? e : (long)n;
    }
    for (uint64_t i = 0; i < n; i++)
        words[i] = bytes[i];
    return (long)n;
}

long snapshot_read(struct svc *self, struct svc_req *req)
{
    struct snapshot *s = snapshot_at(req->handle);
    uint64_t left = s->text.used - s->at, n = req->count < left ? req->count : left;

    for (uint64_t at = 0; at < n;) {
        long moved = piece_read(self, req, at, n - at);
        if (moved < 0)
            return moved;
        at += (uint64_t)moved;
    }
    s->at += (uint32_t)n;
    return (long)n;
}
