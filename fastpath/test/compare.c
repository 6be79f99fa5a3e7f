/* SPDX-License-Identifier: MIT
 * What the path and its twin may leave different, each with the reason why nobody can tell. All
 * else is compared: every byte of each thread, task, scheme, description, descriptor and of the
 * CPU. */
#include "fastpath/test/compare.h"

#include <stdio.h>
#include <string.h>

#include "kernel/hal/list.h"

#define RUNNING   (1u << THREAD_ACTIVE)
#define RECEIVING (1u << THREAD_RECEIVING)
#define CALLING   (1u << THREAD_CALLING)
#define READY     (1u << THREAD_READY)
#define ANY       (~0u)
#define SPAN(first, last)                                                                          \
    offsetof(struct thread, first),                                                                \
        offsetof(struct thread, last) + sizeof(((struct thread *)0)->last)
#define FIELD(name) SPAN(name, name)

/* In a thread of one of these states, the bytes from..to are blanked. */
static const struct {
    unsigned states;
    size_t from, to;
    const char *why;
} spared[] = {
    {RUNNING, SPAN(rip, r15), "it runs: its registers are the CPU's, and those are compared"},
    {RUNNING, SPAN(rax, rflags), "the same"},
    {RUNNING, FIELD(frame), "written at each entry"},
    {RUNNING | RECEIVING, FIELD(wait_task), "thread_status asks for it in no such state"},
    {RECEIVING | CALLING, SPAN(rax, rflags), "whoever ends the wait gives all message registers"},
    {RECEIVING | CALLING, FIELD(frame), "whoever ends the wait gives it"},
    {RECEIVING, FIELD(client), "whoever ends the wait gives it"},
    {READY, SPAN(rcx, rflags), "FRAME_SYSCALL, compared, shows rip and a constant instead"},
    {RUNNING | RECEIVING | CALLING, FIELD(call_op), "read of queued senders and with call_file"},
    {ANY, FIELD(slice_used), "time slices are settled by C at its next entry"},
    /* Of a task, in receivers_canon: which of its threads in receive is held in `waiter` and the
     * order of the others. Each of them may take what comes next, and C refills `waiter`.
     * Of the CPU, in compare_canon: scratch (dead between two entries) and the trace's counters and
     * place, which effects.c compares with what the variant has to count.
     * At trap_user, in trap.c: rax, whose value was pushed, and rbx in the thread's block, where
     * trap_user puts it next. Of a fault on the path: what is left of the hardware's frame, as the
     * entry stack is empty again, and its record, as no trace variant takes the path. */
};

static void thread_canon(struct thread *t)
{
    unsigned status = thread_status(t);
    bool queued = !list_empty(&t->link) && status == THREAD_CALLING;
    bool full = status == THREAD_READY && t->frame != FRAME_SYSCALL;

    for (unsigned i = 0; !queued && !full && i < sizeof(spared) / sizeof(spared[0]); i++)
        if (spared[i].states & 1u << status)
            memset((char *)t + spared[i].from, 0, spared[i].to - spared[i].from);
    t->state = (uint8_t)status;
    t->slice_used = 0;
    if (!t->buffer_flags && !t->buffer_size) /* they guard it */
        t->buffer = 0;
}

/* All threads in receive into the list, by address. */
static void receivers_canon(struct task *task)
{
    struct list sorted;

    if (task->waiter != &thread_none && task->waiter != &thread_slow) {
        list_push_back(&task->receivers, &task->waiter->link);
        task->waiter = &thread_none;
    }
    list_init(&sorted);
    while (!list_empty(&task->receivers)) {
        struct list *least = task->receivers.next;
        for (struct list *l = least; l != &task->receivers; l = l->next)
            least = l < least ? l : least;
        list_remove(least);
        list_push_back(&sorted, least);
    }
    while (!list_empty(&sorted)) {
        struct list *l = sorted.next;
        list_remove(l);
        list_push_back(&task->receivers, l);
    }
}

void compare_canon(void)
{
    struct cpu *cpu = &world.cpu;

    for (unsigned i = 0; i < W_THREADS; i++)
        thread_canon(&world.thread[i]);
    for (unsigned i = 0; i < W_TASKS; i++)
        receivers_canon(&world.task[i]);
    memset(cpu->scratch, 0, sizeof(cpu->scratch));
    cpu->mitig_root = 0;
    cpu->trace_next = 0;
    cpu->trace_count = cpu->traps = cpu->cr3_writes = 0;
}

static const struct {
    const char *name;
    size_t at, size, count;
} parts[] = {
#define PART(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct world, name), sizeof(world.name[0]),                                \
            sizeof(world.name) / sizeof(world.name[0])                                             \
    }
    {"cpu", offsetof(struct world, cpu), sizeof(struct cpu), 1},
    PART(thread),
    PART(task),
    PART(scheme),
    PART(file),
    PART(fds),
    PART(side),
    PART(memory),
#undef PART
};

bool compare_differs(const struct world *want, const char *what)
{
    if (!memcmp(&world, want, offsetof(struct world, entry)))
        return false;
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        for (size_t n = 0; n < parts[i].count * parts[i].size; n++) {
            size_t at = parts[i].at + n;
            if (((char *)&world)[at] == ((const char *)want)[at])
                continue;
            fprintf(stderr, "%s: %s[%zu] differs at byte %zu\n", what, parts[i].name,
                    n / parts[i].size, n % parts[i].size);
            return true;
        }
    }
    return true; /* in the padding */
}
