/* SPDX-License-Identifier: MIT
 * `time:`, timers as files. Each open file is one: a write of an absolute time arms it (8 bytes, ns
 * of CLOCK_NS; 0 disarms), a read waits for it, if it is armed, and gives the time. Armed ones are
 * in order of their deadlines; the first is the deadline of `timer_alarm`, a thread block that
 * stands for all of them in the scheduler and never runs. For fevent a timer is ready to be read
 * from when its deadline has passed until a read has told that. */
#include "kernel/core/timer.h"

#include "kernel/core/calls.h"
#include "kernel/core/services.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"

#define TIMERS      64u
#define TIMERS_EACH 16u /* of one task, by who opened them */

struct timer {
    struct list link; /* armed ones, by deadline; self-linked: not armed */
    struct list readers;
    uint64_t deadline, deadline_ns; /* TSC; as written, until it was read */
    uint32_t owner;                 /* TID; 0: free */
    bool watched;                   /* somebody asked for readiness */
};

struct thread timer_alarm;
static struct timer timers[TIMERS];
static struct list armed;
static struct timer kernel_timer; /* the kernel's, which no file is */
static void (*kernel_call)(void);
static struct svc *service; /* once somebody asked for readiness */

static struct timer *from_link(struct list *node)
{
    return list_entry(node, struct timer, link);
}

void timer_init(void)
{
    list_init(&armed);
    list_init(&timer_alarm.timer);
    for (unsigned i = 0; i < TIMERS; i++) {
        list_init(&timers[i].link);
        list_init(&timers[i].readers);
    }
}

/* The alarm follows the first of the armed. */
static void alarm_set(void)
{
    if (list_empty(&armed))
        sched_deadline_cancel(&timer_alarm);
    else
        sched_deadline(&timer_alarm, from_link(armed.next)->deadline);
}

static void readers_wake(struct timer *timer)
{
    while (!list_empty(&timer->readers))
        call_again(list_entry(timer->readers.next, struct thread, link), SYS_read);
}

/* What a read would tell of a deadline. */
static uint32_t ready(const struct timer *timer)
{
    return list_empty(&timer->link) && timer->deadline_ns ? EVENT_READ : 0;
}

static void tell(const struct timer *timer)
{
    if (timer->watched)
        service->host->post(service, (uint64_t)(timer - timers), ready(timer));
}

void timer_expire(void)
{
    const uint64_t now = hal_tsc();

    while (!list_empty(&armed) && from_link(armed.next)->deadline <= now) {
        struct timer *timer = from_link(armed.next);
        list_remove(&timer->link);
        if (timer == &kernel_timer) {
            kernel_call();
            continue;
        }
        readers_wake(timer);
        tell(timer);
    }
    alarm_set();
}

static void timer_insert(struct timer *timer, uint64_t deadline)
{
    struct list *at = armed.prev;

    timer->deadline = deadline;
    while (at != &armed && from_link(at)->deadline > deadline)
        at = at->prev;
    list_insert_after(at, &timer->link);
}

void timer_call(uint64_t deadline, void (*call)(void))
{
    kernel_call = call;
    timer_insert(&kernel_timer, deadline);
    alarm_set();
}

/* Whoever waits looks again: for another time, or for none. */
static void timer_arm_at(struct timer *timer, uint64_t ns)
{
    list_remove(&timer->link);
    timer->deadline_ns = ns;
    timer->deadline = ns_to_ticks(ns);
    if (ns && timer->deadline > hal_tsc())
        timer_insert(timer, timer->deadline);
    alarm_set();
    readers_wake(timer);
    tell(timer);
}

static struct timer *timer_of(const struct svc_req *req)
{
    return &timers[req->handle % TIMERS];
}

static long time_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    const uint32_t owner = (uint32_t)req->caller;
    unsigned own = 0, free = TIMERS;

    (void)self, (void)path;
    if (length)
        return -T_ENOENT;
    for (unsigned i = TIMERS; i-- != 0;) {
        own += timers[i].owner == owner;
        free = timers[i].owner ? free : i;
    }
    if (free == TIMERS || own >= TIMERS_EACH)
        return -T_EMFILE;
    timers[free].owner = owner;
    timers[free].deadline_ns = 0;
    timers[free].watched = false;
    return (long)free;
}

static long time_close(struct svc *self, struct svc_req *req)
{
    struct timer *timer = timer_of(req);

    (void)self;
    timer_arm_at(timer, 0);
    timer->owner = 0;
    return 0;
}

static long time_read(struct svc *self, struct svc_req *req)
{
    struct timer *timer = timer_of(req);
    const struct time_record record = {.now_ns = ticks_to_ns(hal_tsc()),
                                       .deadline_ns = timer->deadline_ns};

    if (req->count < sizeof(record))
        return -T_EINVAL;
    if (!list_empty(&timer->link)) {
        if (req->flags & SVC_REQ_NONBLOCK)
            return -T_EAGAIN;
        list_push_back(&timer->readers, &cpu_this()->current->link);
        return SVC_PENDING;
    }
    long e = svc_put(self, req, &record, sizeof(record));
    if (e < 0)
        return e;
    timer->deadline_ns = 0; /* told once */
    tell(timer);
    return (long)sizeof(record);
}

static long time_write(struct svc *self, struct svc_req *req)
{
    uint64_t ns;

    if (req->count != sizeof(ns))
        return -T_EINVAL;
    long e = svc_get(self, req, &ns, sizeof(ns));
    if (e < 0)
        return e;
    timer_arm_at(timer_of(req), ns);
    return (long)sizeof(ns);
}

static long time_fevent(struct svc *self, struct svc_req *req)
{
    struct timer *timer = timer_of(req);

    service = self;
    timer->watched = true;
    return ready(timer);
}

const struct service_ops time_service = {.name = "time",
                                         .open = time_open,
                                         .close = time_close,
                                         .read = time_read,
                                         .write = time_write,
                                         .fevent = time_fevent};

unsigned timer_count(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < TIMERS; i++)
        n += timers[i].owner != 0;
    return n;
}
