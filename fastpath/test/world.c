/* SPDX-License-Identifier: MIT
 * See world.h. A task is either quiet (its mailbox is empty, threads may wait in it) or has mail
 * (nobody is held in `waiter`, which is thread_slow). Everything that no invariant fixes is random,
 * the registers above all. */
#include "fastpath/test/world.h"

#include <string.h>

#include "fastpath/test/registers.h"
#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"

#define POOL_WORDS (1u << 16)
#define SLICE_END  5000u /* ticks; the clock of the tests is before it */
#define CALL_STEP  (1ull << 44)

struct world world;
struct task *host_tasks[2 * TID_SLOTS];
static uint64_t pool[POOL_WORDS + 1024]; /* random words to copy from */
static uint64_t state;

uint64_t world_random(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return ((state * 0x2545F4914F6CDD1Dull) >> 32) % below;
}

uint64_t world_random64(void)
{
    return world_random(1ull << 32) << 32 | world_random(1ull << 32);
}

void world_seed(uint64_t seed)
{
    state = seed * 0x9E3779B97F4A7C15ull | 1;
    for (unsigned i = 0; i < POOL_WORDS + 1024; i++)
        pool[i] = world_random64();
}

static bool one_in(unsigned n)
{
    return !world_random(n);
}

static void noise(void *to, size_t bytes)
{
    memcpy(to, pool + world_random(POOL_WORDS), bytes);
}

void world_init(void)
{
    task_init();
    for (unsigned i = 0; i < TID_SLOTS; i++) {
        host_tasks[i] = &task_none;
        host_tasks[TID_SLOTS + i] = &world.task[W_TASKS - 1];
    }
    host_tasks[TID_KERNEL] = &task_kernel;
}

static const struct service_ops service = {
    .name = "service", .flags = SVC_PROMPT, .read = host_service_read};

/* ---- tasks ---- */

/* Frees the slots of the world before and takes new ones: low, high, neighbours. */
static void slots_make(void)
{
    static unsigned old[W_TASKS], old_thread[W_THREADS];
    unsigned base = one_in(2) ? 1 : TID_SLOTS - 1 - W_TASKS, first = one_in(2) ? 1 : 4088;

    for (unsigned i = 0; i < W_TASKS - 1; i++) {
        tasks[old[i] ? old[i] : 1] = host_tasks[old[i] ? old[i] : 1] = &task_none;
        old[i] = 0;
    }
    for (unsigned i = 0; i < W_THREADS; i++)
        threads[old_thread[i]] = &thread_none;
    for (unsigned i = 0; i < W_TASKS - 1; i++) {
        old[i] = base + i;
        tasks[old[i]] = host_tasks[old[i]] = &world.task[i];
        world.task[i].tid = old[i] | (uint32_t)world_random(1u << 20) << TID_SLOT_BITS;
    }
    for (unsigned i = 0; i < W_THREADS - 1; i++) {
        old_thread[i] = first + i;
        threads[first + i] = &world.thread[i];
        world.thread[i].slot = (uint16_t)(first + i);
    }
}

static void mail_make(struct task *task)
{
    unsigned kinds = 1 + (unsigned)world_random(7);

    task->waiter = &thread_slow;
    if (kinds & 1)
        task->notification = 1 + world_random(1u << 31);
    if (kinds & 2)
        task->post_count = 1 + (uint32_t)world_random(POST_SLOTS);
    if (kinds & 4 && list_empty(&world.file[7].record))
        list_push_back(&task->closes, &world.file[7].record);
    else if (!(kinds & 3))
        task->notification = 1;
}

static void memory_make(struct memory *memory)
{
    static const uint8_t some[4] = {PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, 0};

    noise(memory, sizeof(*memory));
    for (unsigned i = 0; i < 2; i++)
        memory->prot[i] = some[one_in(4) ? world_random(4) : 0];
}

static void task_make(unsigned i)
{
    struct task *task = &world.task[i];
    uint32_t tid = task->tid;

    memset(task, 0, offsetof(struct task, posts));
    noise(task->posts, sizeof(task->posts));
    memset((char *)task + offsetof(struct task, post_head), 0,
           sizeof(*task) - offsetof(struct task, post_head));
    task->tid = tid;
    task->level = (uint32_t)world_random(LEVELS);
    task->allow = one_in(10) ? (uint8_t)world_random(LEVELS - 1) : LEVELS - 1;
    task->waiter = task->allow == LEVELS - 1 ? &thread_none : &thread_slow;
    task->post_head = (uint32_t)world_random(POST_SLOTS);
    task->space.kernel_root = 0x100000 + i * 0x2000;
    task->space.seen = task->space.seen_write = SEEN_NONE;
    memory_make(&world.memory[i]);
    task->fd = (struct fd_table){.slots = world.fds, .sides = world.side, .limit = FDS_CHUNK};
    list_init(&task->senders);
    list_init(&task->receivers);
    list_init(&task->waiting);
    list_init(&task->closes);
    list_init(&task->cancels);
    list_init(&task->captures);
    list_init(&task->threads);
    list_init(&task->link);
}

/* The root with which a thread leaves, as vm.c makes it for the variant of this run. */
static void roots_make(unsigned pti)
{
    for (unsigned i = 0; i < W_TASKS; i++) {
        struct space *s = &world.task[i].space;
        s->pcid = (uint16_t)(pti == 2 ? 1 + i : 0);
        s->exit_root = s->kernel_root | s->pcid;
        if (pti)
            s->exit_root += 0x1000;
        if (pti == 2)
            s->exit_root |= 1ull << 63 | 0x800;
    }
}

/* ---- threads ---- */

static uint8_t priority(void)
{
    static const uint8_t some[8] = {0, 1, 15, 16, 16, 17, 20, 31};

    return some[world_random(8)];
}

static void blockers_make(struct thread *t, uint8_t blockers)
{
    t->blockers = blockers;
    t->timeout_ticks = blockers & BLOCK_DEADLINE ? 1000 : 0;
    t->fs_base = blockers & BLOCK_FSBASE ? 0x5000 : 0;
    t->signals = 0;
    t->passive = false;
    t->served_by = 0;
    t->base_priority = t->priority;
    list_init(&t->donors);
    list_init(&t->donor);
    t->signal_depth = blockers & BLOCK_SIGNAL ? 1 : 0;
    t->signal_frames[0].in_handler = (uint8_t)world_random(2);
}

/* A thread in no queue and waiting for nothing. */
static void thread_make(struct thread *t, struct task *task)
{
    static const uint8_t some_blocker[5] = {BLOCK_DEADLINE, BLOCK_TRACED, BLOCK_FSBASE,
                                            BLOCK_WATCHED, BLOCK_SIGNAL};
    uint16_t slot = t->slot;

    noise(t, sizeof(*t));
    t->slot = slot;
    t->task = task;
    t->stamp = (t->stamp & ~0xFFFFFFFFFFFull) | (uint64_t)slot << 32;
    if (one_in(16))
        t->stamp |= 0xFFFFFull << 44;
    t->client = &thread_none;
    t->wait_task = 0;
    t->priority = priority();
    blockers_make(t, one_in(10) ? some_blocker[world_random(5)] : 0);
    t->watch = 0;
    t->frame = (uint8_t)world_random(2);
    t->in_handler = (uint8_t)world_random(2);
    t->state = THREAD_ACTIVE;
    t->deadline = t->again = 0;
    t->slice_used = world_random(1000);
    t->rxbuf = W_MEMORY + world_random(W_MEMORY_BYTES);
    t->rxbuf_size = world_random(one_in(4) ? 16 : 2048);
    t->buffer_size = 0;
    t->buffer_flags = 0;
    t->call_file = 0;
    t->call_scheme = 0;
    t->capture = 0;
    list_init(&t->cancel);
    list_init(&t->link);
    list_init(&t->timer);
    list_push_back(&task->threads, &t->siblings);
    task->thread_count++;
    thread_refresh(t);
}

/* In receive: held by the task if it is the first, for C or for the path, which leaves the state
 * byte and wait_task of before. */
static void receive_make(struct thread *t)
{
    struct task *task = t->task;
    bool held = task->waiter == &thread_none && list_empty(&task->receivers) && !t->blockers;

    if (held) {
        task->waiter = t;
        t->state = one_in(2) ? THREAD_RECEIVING : THREAD_ACTIVE;
        t->wait_task = one_in(2) ? &world.task[world_random(W_TASKS - 1)] : 0;
    } else {
        t->state = THREAD_RECEIVING;
        list_push_back(&task->receivers, &t->link);
    }
}

static void queue_make(struct thread *t, struct task *at)
{
    t->wait_task = at;
    t->state = one_in(2) ? THREAD_CALLING : THREAD_SENDING;
    list_push_back(&at->senders, &t->link);
}

/* Its request was taken; the caller may be who answers. */
static void taken_make(struct thread *t, struct task *by)
{
    struct thread *caller = &world.thread[0];

    t->wait_task = by;
    t->state = one_in(2) ? THREAD_CALLING : THREAD_ACTIVE;
    t->call_op = one_in(2) ? OP_read : 0;
    if (one_in(2)) { /* with a payload in memory, which only C answers */
        t->buffer_flags = (uint8_t)(1 + world_random(3));
        t->buffer_size = world_random(5000);
        t->state = THREAD_CALLING;
        t->call_scheme = one_in(8) ? &world.scheme[1] : 0;
    } else if (by == caller->task && caller->client == &thread_none && !t->blockers) {
        caller->client = t;
    }
}

static void ready_make(struct thread *t)
{
    const struct thread *caller = &world.thread[0];

    if (t->priority > caller->priority)
        t->priority = one_in(2) ? caller->priority : (uint8_t)world_random(caller->priority + 1u);
    sched_ready(t);
}

static bool has_mail(const struct task *task)
{
    return task->waiter == &thread_slow;
}

/* What one of the other threads is doing; `op` tips the balance. */
static void role_make(struct thread *t, enum operation op)
{
    struct task *other = &world.task[world_random(W_TASKS - 1)];
    unsigned dice = (unsigned)world_random(16);

    if (op == DO_REPLY_WAIT && dice < 8)
        taken_make(t, one_in(4) ? other : world.thread[0].task);
    else if (dice < 11 && !has_mail(t->task))
        receive_make(t);
    else if (dice < 12 && !has_mail(t->task))
        t->state = THREAD_WAITING, list_push_back(&t->task->waiting, &t->link);
    else if (dice < 13 && has_mail(other))
        queue_make(t, other);
    else if (dice < 14)
        taken_make(t, other);
    else if (dice < 15)
        t->state = THREAD_SLEEPING;
    else
        ready_make(t);
}

/* ---- descriptors ---- */

static void descriptor_make(unsigned i, unsigned scheme, uint8_t fast)
{
    struct scheme *s = &world.scheme[scheme];
    struct file *file = &world.file[scheme];

    *file = (struct file){.scheme = s, .handle = (uint32_t)world_random(1ull << 32)};
    file->references = 1;
    file->opened = true;
    file->flags = fast || one_in(2) ? O_RDWR : O_WRONLY;
    list_init(&file->record);
    world.side[i].file = file;
    world.fds[i] = (struct fd){.scheme = s, .handle = file->handle, .fast = fast};
    world.fds[i].rights = (uint8_t)(file->flags & O_RDWR);
}

/* 0 and 255 a server, 1 one in the kernel, 2 dead, 3 and 17 closed; behind the table only poison.
 */
static void descriptors_make(void)
{
    struct task *server = &world.task[world_random(W_TASKS - 1)];

    memset(world.scheme, 0, sizeof(world.scheme));
    memset(&world.file[7], 0, sizeof(world.file[7]));
    list_init(&world.file[7].record);
    world.scheme[0].server = server;
    world.scheme[1].server = &task_kernel;
    world.scheme[1].svc.ops = &service;
    world.scheme[2].server = &task_none;
    world.scheme[3].server = &world.task[W_TASKS - 1];
    world.scheme[4].server = &task_kernel;
    world.scheme[4].svc.ops = &service;
    world.scheme[4].flags = O_POSITIONED;
    descriptor_make(1, 1, FD_FAST_LINKED | FD_FAST_LONG);
    descriptor_make(4, 4, FD_FAST_LONG);
    world.file[4].offset = one_in(6) ? world_random64() : world_random(100000);
    descriptor_make(2, 2, 0);
    descriptor_make(0, 0, FD_FAST_SERVER);
    world.side[255].file = &world.file[0];
    world.fds[255] = world.fds[0];
    for (unsigned i = 0; i < 2; i++)
        world.fds[i ? 17 : 3] = (struct fd){.scheme = &world.scheme[i], .handle = 1};
    for (unsigned i = 0; i < W_POISON; i++)
        world.fds[FDS_CHUNK + i] = (struct fd){.scheme = &world.scheme[i % 2 ? 3 : 1],
                                               .fast = i % 2 ? FD_FAST_SERVER : FD_FAST_LINKED};
}

/* ---- the CPU, and all of it ---- */

static void cpu_make(void)
{
    struct cpu *cpu = &world.cpu;

    sched_init();
    cpu->current = &world.thread[0];
    noise(cpu->scratch, sizeof(cpu->scratch));
    cpu->self = cpu;
    cpu->index = 0;
}

/* What sched_leave would have left when it chose the caller. A slice that ran out belongs to
 * others: the caller's own would have ended its turn. */
static void settle(struct thread *caller)
{
    struct cpu *cpu = &world.cpu;
    bool equals = cpu->ready_bits >> caller->priority & 1;

    cpu->odd = !equals && one_in(32) ? ODD_RESCHED : 0;
    cpu->slice_level = (uint8_t)((caller->priority + 1) % PRIORITIES);
    if (equals && (uint32_t)host_in.rax !=
                      SYS_notify) { /* who gives way to a notified thread takes his rest along */
        cpu->slice_level = caller->priority;
        cpu->slice_owner = caller;
        cpu->slice_end = cpu->armed = SLICE_END;
    }
    cpu->fs_base = caller->fs_base;
    cpu->fs_owner = caller->fs_base ? caller : 0;
    cpu->odd |= caller->fs_base ? ODD_LOADED : 0;
    sched_gate(caller);
}

/* The thread and the task that a wrong look-up would find: they fit this very call. */
static void poison_make(void)
{
    struct thread *t = &world.thread[W_THREADS - 1];
    struct task *task = &world.task[W_TASKS - 1];

    t->slot = 0;
    thread_make(t, task);
    blockers_make(t, 0);
    t->priority = 31;
    t->tid = (uint32_t)host_in.rdi;
    t->stamp = host_in.rdi;
    t->fast_prio = 32;
    task->waiter = t;
}

void world_make(enum operation op, unsigned pti)
{
    slots_make();
    descriptors_make();
    for (unsigned i = 0; i < W_TASKS; i++)
        task_make(i);
    roots_make(pti);
    cpu_make();
    for (unsigned i = 0; i < W_TASKS - 1; i++)
        if (one_in(5))
            mail_make(&world.task[i]);
    struct thread *caller = &world.thread[0];
    thread_make(caller, &world.task[world_random(W_TASKS - 1)]);
    if (op == DO_NULL || one_in(2))
        blockers_make(caller, 0);
    if (op == DO_NOTIFY && caller->priority > 16)
        caller->priority = 5;
    for (unsigned i = 1; i < W_THREADS - 1; i++) {
        thread_make(&world.thread[i], &world.task[world_random(W_TASKS - 1)]);
        role_make(&world.thread[i], op);
    }
    registers_make(op);
    settle(caller);
    poison_make();
}

void world_copy(struct world *to, const struct world *from)
{
    memcpy(to, from, offsetof(struct world, entry));
}
