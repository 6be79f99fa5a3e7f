/* SPDX-License-Identifier: MIT
 * See event.h. A registration lies in three lists: its queue's, that of all with the same hash of
 * scheme and handle, and, while it is ready, the queue's ready ones. Invariant: it is among those
 * exactly when its service's last word and its mask have a bit in common; threads wait at a queue
 * only while nothing is ready there. */
#include "kernel/core/event.h"

#include "kernel/core/opening.h"
#include "kernel/core/pool.h"
#include "kernel/core/services.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"

#define BUCKETS       256u
#define QUEUE_WATCHES 1024u /* of one queue */
#define RECORDS_MAX   256u  /* of one read */
#define EVENT_ALL     (EVENT_READ | EVENT_WRITE | EVENT_HANGUP)

struct queue {
    struct list watches, ready, waiting;
    uint32_t count;
    bool closed;
    uint8_t zero[11];
};
_Static_assert(sizeof(struct queue) % 16 == 0, "its handle is a pool_number");

struct watch {
    struct list hash, owned, ready;
    struct queue *queue;
    struct file *file;
    const struct task *task;
    uint64_t data;
    uint32_t fd, mask, now;
};

static struct pool queue_pool = {.size = sizeof(struct queue)};
static struct pool watch_pool = {.size = sizeof(struct watch)};
static struct list buckets[BUCKETS];
static struct svc *service;

uint32_t event_count(void)
{
    return watch_pool.used;
}

static struct list *bucket(const struct scheme *s, uint64_t handle)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)s >> 6) + handle * 0x9E3779B97F4A7C15ull;

    return &buckets[(mixed ^ mixed >> 32) % BUCKETS];
}

static struct watch *watch_find(const struct queue *q, const struct file *file,
                                const struct task *task, uint64_t fd)
{
    struct list *head = bucket(file->scheme, file->handle);

    for (struct list *l = head->next; file->watches && l != head; l = l->next) {
        struct watch *w = list_entry(l, struct watch, hash);
        if (w->file == file && w->task == task && w->fd == fd && (!q || w->queue == q))
            return w;
    }
    return 0;
}

static void watch_free(struct watch *w)
{
    list_remove(&w->hash);
    list_remove(&w->owned);
    list_remove(&w->ready);
    w->queue->count--;
    w->file->watches--;
    pool_free(&watch_pool, w);
}

/* One of those who wait takes what is there. */
static void queue_wake(struct queue *q)
{
    struct list *first = q->waiting.next;

    if (first == &q->waiting)
        return;
    list_remove(first);
    (void)linked_again(service, list_entry(first, struct thread, link));
}

static void watch_set(struct watch *w, uint32_t now)
{
    bool was = !list_empty(&w->ready);

    w->now = now;
    if (was == ((now & w->mask) != 0))
        return;
    if (was) {
        list_remove(&w->ready);
        return;
    }
    list_push_back(&w->queue->ready, &w->ready);
    queue_wake(w->queue);
}

void event_post(const struct scheme *s, uint64_t handle, uint32_t mask)
{
    struct list *head = bucket(s, handle), *next;

    for (struct list *l = head->next; l != head; l = next) {
        struct watch *w = list_entry(l, struct watch, hash);
        next = l->next;
        if (w->file->scheme == s && w->file->handle == handle)
            watch_set(w, mask & EVENT_ALL);
    }
}

void event_scheme_died(const struct scheme *s)
{
    struct list *next;

    for (unsigned i = 0; watch_pool.used && i < BUCKETS; i++)
        for (struct list *l = buckets[i].next; l != &buckets[i]; l = next) {
            struct watch *w = list_entry(l, struct watch, hash);
            next = l->next;
            if (w->file->scheme == s)
                watch_set(w, EVENT_ALL);
        }
}

void event_forget(struct file *file, const struct task *task, unsigned fd)
{
    for (struct watch *w; (w = watch_find(0, file, task, fd));)
        watch_free(w);
}

static struct queue *queue_of(const struct file *file)
{
    return file && &file->scheme->svc == service ? pool_block(file->handle) : 0;
}

static long watch_make(struct queue *q, const struct thread *t, struct file *file)
{
    struct watch *w = q->count < QUEUE_WATCHES ? pool_alloc(&watch_pool) : 0;

    if (!w)
        return q->count < QUEUE_WATCHES ? -T_ENOMEM : -T_ENOSPC;
    w->queue = q;
    w->file = file;
    w->task = t->task;
    w->fd = (uint32_t)t->rsi;
    w->mask = (uint32_t)t->rdx;
    w->data = t->r10;
    list_push_back(bucket(file->scheme, file->handle), &w->hash);
    list_push_back(&q->watches, &w->owned);
    list_init(&w->ready);
    q->count++;
    file->watches++;
    return 1;
}

/* mask 0: it goes. Otherwise what it is asked for changes; what is known of the file holds. */
static long watch_change(struct watch *w, const struct thread *t)
{
    if (!t->rdx) {
        watch_free(w);
        return 0;
    }
    w->mask = (uint32_t)t->rdx;
    w->data = t->r10;
    watch_set(w, w->now);
    return 0;
}

/* fevent's registers: rdi queue, rsi fd, rdx mask (0: undo), r10 data. 0: done; 1: a new
 * registration, whose service has to say how it stands. */
static long event_register(struct thread *t, struct file *file)
{
    const struct file *at = fd_file(t->task, t->rdi);
    struct queue *q = queue_of(at);

    if (!at || !file)
        return -T_EBADF;
    if (!q || t->rdx & ~(uint64_t)EVENT_ALL)
        return -T_EINVAL;
    if (file->scheme->server == &task_none)
        return -T_ENODEV;
    struct watch *w = watch_find(q, file, t->task, t->rsi);
    if (w)
        return watch_change(w, t);
    return t->rdx ? watch_make(q, t, file) : -T_ENOENT;
}

long event_answered(struct thread *t, const struct file *file, long result)
{
    struct queue *q = queue_of(fd_file(t->task, t->rdi));
    struct watch *w = q ? watch_find(q, file, t->task, t->rsi) : 0;

    if (!w) /* the queue or the descriptor was closed meanwhile */
        return result < 0 ? result : -T_EBADF;
    if (result < 0) {
        watch_free(w);
        return result;
    }
    watch_set(w, w->now | ((uint32_t)result & EVENT_ALL)); /* it may have posted meanwhile */
    return 0;
}

/* fevent(queue, fd, mask, data): the service is asked once, from then on it posts. */
void file_fevent(struct thread *t)
{
    struct file *file = fd_file(t->task, t->rsi);
    long result = event_register(t, file);

    if (result <= 0) {
        t->rax = (uint64_t)result;
        return;
    }
    file_regs_save(t);
    t->rsi = TAG(OP_fevent, 0, 16, 0);
    t->r10 = t->rdx;
    file_request(t, file, OP_fevent, true);
}

static long event_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)req, (void)path;
    struct queue *q = length ? 0 : pool_alloc(&queue_pool);

    if (!q)
        return length ? -T_ENOENT : -T_ENOMEM;
    list_init(&q->watches);
    list_init(&q->ready);
    list_init(&q->waiting);
    return (long)pool_number(q);
}

static long event_close(struct svc *self, struct svc_req *req)
{
    struct queue *q = pool_block(req->handle);

    (void)self;
    q->closed = true;
    while (!list_empty(&q->waiting))
        queue_wake(q);
    while (!list_empty(&q->watches))
        watch_free(list_entry(q->watches.next, struct watch, owned));
    pool_free(&queue_pool, q);
    return 0;
}

static long event_wait(struct queue *q, const struct svc_req *req)
{
    struct thread *t = linked_caller(req);

    if (req->flags & SVC_REQ_NONBLOCK)
        return -T_EAGAIN;
    if (t == cpu_this()->current)
        list_push_back(&q->waiting, &t->link);
    else
        list_push_front(&q->waiting, &t->link);
    return SVC_PENDING;
}

static long record_put(struct svc *self, struct svc_req *req, uint64_t i, const struct watch *w)
{
    const struct event_record record = {.data = w->data, .fd = w->fd, .mask = w->now & w->mask};

    if (!req->shorts)
        return self->host->put(req, i * sizeof(record), &record, sizeof(record));
    req->words[2 * i] = record.data;
    req->words[2 * i + 1] = record.fd | (uint64_t)record.mask << 32;
    return 0;
}

/* Whole records of what is ready, each once; the next read begins with the others. */
static long event_read(struct svc *self, struct svc_req *req)
{
    struct queue *q = pool_block(req->handle);
    uint64_t n = 0, max = req->count / sizeof(struct event_record);
    const struct list *last = q->ready.prev;

    if (q->closed)
        return -T_EBADF;
    if (!max)
        return -T_EINVAL;
    if (list_empty(&q->ready))
        return event_wait(q, req);
    for (const struct list *at = 0; n < max && n < RECORDS_MAX && at != last; n++) {
        struct watch *w = list_entry(q->ready.next, struct watch, ready);
        long e = record_put(self, req, n, w);
        if (e < 0)
            return e;
        at = &w->ready;
        list_remove(&w->ready);
        list_push_back(&q->ready, &w->ready);
    }
    return (long)(n * sizeof(struct event_record));
}

static long event_start(struct svc *self)
{
    service = self;
    for (unsigned i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
    return 0;
}

const struct service_ops event_service = {.name = "event",
                                          .start = event_start,
                                          .open = event_open,
                                          .close = event_close,
                                          .read = event_read};
