/* SPDX-License-Identifier: MIT
 * The scheduler. Ready threads are in cpu->ready by priority; the running one is cpu->current and
 * in no queue; when it stops, current becomes thread_none until sched_leave picks the next. The
 * assembly path changes current, ready, ready_bits and gate by itself, so nothing here trusts the
 * state byte of a thread that runs. A slice belongs to the CPU and a priority, not to a thread: who
 * is handed the CPU directly goes on in the slice of who gave it, and who gave it way finds it as
 * he left it, or two threads that call or notify each other would keep their equals out for ever.
 * There is a slice only while one of that priority waits. Own CPU, interrupts off. */
#include "kernel/hal/sched.h"

#include "kernel/hal/apic.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/trap.h"
#include "kernel/hal/upcall.h"
#include "kernel/hal/x86.h"

#define GATE_CLOSED  255
#define NS_PER_S     1000000000ull
#define HOLD_DEVICES 14 /* CR8: every class but the timer's */
#define HOLD_NOTHING 0

static struct thread *from_link(struct list *node)
{
    return list_entry(node, struct thread, link);
}

static struct thread *from_timer(struct list *node)
{
    return list_entry(node, struct thread, timer);
}

/* The priority of the best ready thread, -1 if there is none. */
static int best_ready(const struct cpu *cpu)
{
    return cpu->ready_bits ? 31 - __builtin_clz(cpu->ready_bits) : -1;
}

/* What comes first, or TIMER_NEVER. While a handler runs, only its budget does. */
static uint64_t timer_wanted(const struct cpu *cpu)
{
    if (cpu->handler)
        return cpu->budget_end;
    uint64_t want = cpu->odd & ODD_RESCHED || !cpu->slice_end ? TIMER_NEVER : cpu->slice_end;
    if (!list_empty(&cpu->deadlines)) {
        uint64_t deadline = from_timer(cpu->deadlines.next)->deadline;
        if (deadline < want)
            want = deadline;
    }
    return want;
}

/* Exactly what is wanted: after a tick, around a handler, and before the CPU halts. */
static void timer_set(struct cpu *cpu)
{
    uint64_t want = timer_wanted(cpu);
    if (want == cpu->armed)
        return;
    cpu->armed = want;
    timer_arm(want == TIMER_NEVER ? 0 : want);
}

/* Not later than that. A timer that is armed for earlier stays so, and one that nobody wants any
 * more fires once for nothing: threads that wake each other would set it twice a turn. */
static void timer_reach(struct cpu *cpu, uint64_t want)
{
    if (cpu->handler || want >= cpu->armed)
        return;
    cpu->armed = want;
    timer_arm(want);
}

static void slice_clear(struct cpu *cpu)
{
    cpu->slice_end = 0;
    cpu->odd &= (uint8_t)~ODD_RESCHED;
}

void sched_init(void)
{
    struct cpu *cpu = cpu_this();
    for (unsigned p = 0; p < READY_LEVELS; p++)
        list_init(&cpu->ready[p]);
    list_init(&cpu->deadlines);
    cpu->current = &thread_none;
    cpu->ready_bits = 0;
    cpu->gate = 0;
    cpu->odd = 0;
    cpu->slice_full = hal_config.tsc_hz / (NS_PER_S / SLICE_NS);
    cpu->slice_level = 0;
    cpu->slice_owner = &thread_none;
    cpu->slice_end = 0;
    cpu->armed = TIMER_NEVER;
    cpu->fs_owner = 0;
    cpu->fs_base = cpu->watch = 0;
    cpu->handler = 0;
}

static void stop_if_current(struct cpu *cpu, const struct thread *t)
{
    if (cpu->current == t)
        cpu->current = &thread_none;
}

static void enqueue(struct cpu *cpu, struct thread *t, bool first)
{
    struct list *head = &cpu->ready[t->priority];
    stop_if_current(cpu, t);
    t->state = THREAD_READY;
    if (first)
        list_push_front(head, &t->link);
    else
        list_push_back(head, &t->link);
    cpu->ready_bits |= 1u << t->priority;
}

static void dequeue(struct cpu *cpu, struct thread *t)
{
    list_remove(&t->link);
    if (list_empty(&cpu->ready[t->priority]))
        cpu->ready_bits &= ~(1u << t->priority);
}

/* The path may block it. The gate itself is set on the way out, which every C call goes. */
static void fast_prio_set(struct thread *t)
{
    t->fast_prio = t->blockers ? 0 : (uint8_t)(t->priority + 1);
}

void sched_ready(struct thread *t)
{
    t->deadline = 0; /* it was for the wait that ends here */
    if (!list_empty(&t->timer))
        list_remove(&t->timer);
    t->slice_used = 0;
    enqueue(cpu_this(), t, false);
    fast_prio_set(t);
}

void sched_ready_first(struct thread *t)
{
    sched_deadline_cancel(t);
    enqueue(cpu_this(), t, true);
    sched_gate(t);
}

void sched_remove(struct thread *t, enum thread_state state)
{
    struct cpu *cpu = cpu_this();
    dequeue(cpu, t);
    t->state = (uint8_t)state;
    sched_gate(t);
}

void sched_priority(struct thread *t, uint8_t priority)
{
    struct cpu *cpu = cpu_this();
    bool ready = t->state == THREAD_READY && t != cpu->current;
    if (ready)
        dequeue(cpu, t);
    t->priority = priority;
    if (ready)
        enqueue(cpu, t, false);
    sched_gate(t);
}

void sched_give_way(void)
{
    struct cpu *cpu = cpu_this();
    struct thread *t = cpu->current;
    if (t == &thread_none || best_ready(cpu) < t->priority)
        return;
    t->slice_used = 0;
    enqueue(cpu, t, false);
}

/* One that waits until a deadline, its own or that of each of its calls. */
static __attribute__((noinline)) void block_timed(struct thread *t)
{
    if (list_empty(&t->timer)) {
        if (!t->deadline)
            t->deadline = x86_rdtsc() + t->timeout_ticks;
        sched_deadline(t, t->deadline);
    }
    stop_if_current(cpu_this(), t);
}

void sched_block(struct thread *t, enum thread_state state)
{
    t->state = (uint8_t)state;
    if (t->deadline | t->timeout_ticks)
        block_timed(t);
    else
        stop_if_current(cpu_this(), t);
}

void sched_deadline(struct thread *t, uint64_t deadline)
{
    struct cpu *cpu = cpu_this();
    list_remove(&t->timer);
    t->deadline = deadline;
    /* From the end: most deadlines are later than those that wait already. */
    struct list *at = cpu->deadlines.prev;
    while (at != &cpu->deadlines && from_timer(at)->deadline > deadline)
        at = at->prev;
    list_insert_after(at, &t->timer);
    if (at == &cpu->deadlines)
        timer_reach(cpu, deadline);
}

void sched_deadline_cancel(struct thread *t)
{
    list_remove(&t->timer);
    t->deadline = 0;
}

/* After fs_base or watch changed. */
static void loaded_note(struct cpu *cpu)
{
    cpu->odd &= (uint8_t)~ODD_LOADED;
    if (cpu->fs_base | cpu->watch)
        cpu->odd |= ODD_LOADED;
}

void sched_forget(struct thread *t)
{
    struct cpu *cpu = cpu_this();
    sched_deadline_cancel(t);
    if (!list_empty(&t->link))
        dequeue(cpu, t);
    stop_if_current(cpu, t);
    if (cpu->slice_owner == t)
        cpu->slice_owner = &thread_none;
    if (cpu->fs_owner == t) {
        /* The base that is loaded is nobody's now; the next thread's differs from it. */
        x86_wrmsr(MSR_FS_BASE, 0);
        cpu->fs_owner = 0;
        cpu->fs_base = 0;
        loaded_note(cpu);
    }
}

/* An equal that is ready closes the fast path as a better one does: only C would give them a slice.
 * A slice that ran out while a better thread was handed the CPU closes the gate too: the way back
 * must lead through sched_leave. */
static void gate_set(struct cpu *cpu)
{
    int best = best_ready(cpu);
    if (cpu->current->blockers || cpu->odd & ODD_RESCHED)
        cpu->gate = GATE_CLOSED;
    else
        cpu->gate = (uint8_t)(best + 1);
}

void sched_gate(struct thread *t)
{
    fast_prio_set(t);
    gate_set(cpu_this());
}

void sched_switch_to(struct thread *t)
{
    struct cpu *cpu = cpu_this();
    sched_deadline_cancel(t);
    t->state = THREAD_ACTIVE;
    cpu->current = t;
    sched_gate(t);
}

void sched_timer(void)
{
    struct cpu *cpu = cpu_this();
    uint64_t now = x86_rdtsc();
    cpu->armed = TIMER_NEVER; /* one shot */
    if (cpu->handler) { /* the timer is its budget's; one that was armed before may still come */
        if (now >= cpu->budget_end)
            core_tick(cpu->handler);
        timer_set(cpu);
        return;
    }
    if (cpu->slice_end && now >= cpu->slice_end)
        cpu->odd |= ODD_RESCHED;
    while (!list_empty(&cpu->deadlines)) {
        struct thread *t = from_timer(cpu->deadlines.next);
        if (t->deadline > now)
            break;
        sched_deadline_cancel(t);
        core_tick(t);
    }
    timer_set(cpu);
}

/* current is ready again with the rest of its slice: it goes on before its equals. */
static void put_back(struct cpu *cpu, struct thread *t)
{
    if (cpu->slice_end && cpu->slice_level == t->priority) {
        uint64_t now = x86_rdtsc(), left = cpu->slice_end > now ? cpu->slice_end - now : 1;
        t->slice_used = cpu->slice_full - left;
        slice_clear(cpu);
    }
    enqueue(cpu, t, true);
}

void sched_handler_start(struct thread *t, uint64_t budget)
{
    struct cpu *cpu = cpu_this();
    if (cpu->current != &thread_none)
        put_back(cpu, cpu->current);
    t->state = THREAD_ACTIVE;
    cpu->current = cpu->handler = t;
    cpu->odd |= ODD_HANDLER;
    cpu->budget_end = x86_rdtsc() + budget;
    timer_set(cpu);
    x86_write_cr8(HOLD_DEVICES);
}

void sched_handler_end(void)
{
    struct cpu *cpu = cpu_this();
    stop_if_current(cpu, cpu->handler);
    cpu->handler = 0;
    cpu->odd &= (uint8_t)~ODD_HANDLER;
    timer_set(cpu);
    x86_write_cr8(HOLD_NOTHING);
}

/* Puts current back if it must give way: to a better one with the rest of its slice, to its equals
 * when the slice is over. */
static void preempt(struct cpu *cpu)
{
    struct thread *t = cpu->current;
    int best = best_ready(cpu);
    if (best > t->priority) {
        put_back(cpu, t);
    } else if (best == t->priority && cpu->odd & ODD_RESCHED && cpu->slice_level == t->priority) {
        t->slice_used = 0;
        enqueue(cpu, t, false);
        slice_clear(cpu);
    }
}

/* Waits until somebody is ready, or a handler is started. On the way an interrupt may have called
 * core_tick. */
static void idle(struct cpu *cpu)
{
    slice_clear(cpu);
    while (!cpu->ready_bits && !cpu->handler) {
        if (core_idle())
            continue;
        timer_set(cpu);
        cpu->halts++;
        x86_idle();
    }
}

/* The best ready thread becomes current; there is one. */
static inline struct thread *pick(struct cpu *cpu)
{
    unsigned best = (unsigned)best_ready(cpu);
    struct list *queue = &cpu->ready[best];
    struct thread *t = from_link(list_take(queue));
    if (list_empty(queue))
        cpu->ready_bits &= ~(1u << best);
    cpu->current = t;
    if (t != cpu->slice_owner && best == cpu->slice_level)
        slice_clear(cpu);
    return t;
}

/* The timer comes too late for the slice that begins. */
static __attribute__((noinline)) struct thread *slice_arm(struct cpu *cpu, struct thread *t)
{
    timer_reach(cpu, cpu->slice_end);
    return t;
}

/* An equal waits: unless a slice of theirs is under way, t's begins. Returns t. */
static inline struct thread *slice_begin(struct cpu *cpu, struct thread *t)
{
    if (cpu->slice_end && cpu->slice_level == t->priority)
        return t;
    cpu->slice_level = t->priority;
    cpu->slice_owner = t;
    cpu->odd &= (uint8_t)~ODD_RESCHED;
    cpu->slice_end = x86_rdtsc() + cpu->slice_full - t->slice_used;
    return cpu->slice_end < cpu->armed ? slice_arm(cpu, t) : t;
}

/* Nobody waits for the end of the slice any more. */
static inline void slice_drop(struct cpu *cpu)
{
    if (cpu->slice_end && !(cpu->ready_bits >> cpu->slice_level & 1))
        slice_clear(cpu);
}

/* The base is written only when it changes (a write costs tens of cycles). The owner is compared
 * too: a thread can destroy its base by loading the selector, which must hurt itself alone. */
static void fs_set(struct cpu *cpu, struct thread *t)
{
    struct thread *owner = t->fs_base ? t : 0;
    if (cpu->fs_owner == owner && cpu->fs_base == t->fs_base)
        return;
    x86_wrmsr(MSR_FS_BASE, t->fs_base);
    cpu->fs_owner = owner;
    cpu->fs_base = t->fs_base;
}

/* What few threads have: signals, an FS base, a watchpoint. A thread with one has blockers. */
static void specials_set(struct cpu *cpu, struct thread *t)
{
    if (t->blockers & BLOCK_SIGNAL)
        core_leave(t);
    fs_set(cpu, t);
    if (cpu->watch != t->watch) {
        cpu->watch = t->watch;
        debug_watch(t->watch);
    }
    loaded_note(cpu);
}

/* Whatever there may be to do. */
static __attribute__((noinline)) struct thread *leave_slowly(struct cpu *cpu)
{
    do {
        if (cpu->current == &thread_none) {
            if (!cpu->ready_bits)
                idle(cpu);
            if (!cpu->handler)
                pick(cpu);
        }
        preempt(cpu); /* the one just picked too: its slice may have ended while a better one ran */
    } while (cpu->current == &thread_none);
    struct thread *t = cpu->current;
    t->state = THREAD_ACTIVE;
    specials_set(cpu, t);
    slice_drop(cpu);
    if (best_ready(cpu) == t->priority)
        slice_begin(cpu, t);
    gate_set(cpu);
    return t;
}

/* The next thread if the caller waits, and a slice for equals: what most calls need of it. */
struct thread *sched_leave(void)
{
    struct cpu *cpu = cpu_this();
    struct thread *t = cpu->current;
    if (cpu->odd)
        return leave_slowly(cpu);
    if (t == &thread_none) {
        if (!cpu->ready_bits)
            return leave_slowly(cpu);
        t = pick(cpu);
    } else if ((uint64_t)cpu->ready_bits >> t->priority > 1) { /* a better one is ready */
        return leave_slowly(cpu);
    }
    if (t->blockers)
        return leave_slowly(cpu);
    t->state = THREAD_ACTIVE;
    if (cpu->ready_bits >> t->priority & 1) {
        cpu->gate = (uint8_t)(t->priority + 1);
        return slice_begin(cpu, t);
    }
    slice_drop(cpu);
    cpu->gate = (uint8_t)(best_ready(cpu) + 1);
    return t;
}
