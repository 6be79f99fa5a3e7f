/* SPDX-License-Identifier: MIT
 * The fast path against its C twin: random kernel states and hostile registers through the path as
 * assembled for this process, in each variant. If it left to user mode, the C code runs from a copy
 * of the same state and the two ends must be equal (compare.c), the user's registers too. If it
 * went to C, nothing may have changed but what SLOW saves, or the trap's own words. Either way the
 * CR3 writes, the counters, the trace and the GS base are what the variant promises.
 *
 * usage: check [worlds [seed]] */
#include "fastpath/test/compare.h"
#include "fastpath/test/effects.h"
#include "fastpath/test/trap.h"
#include "kernel/core/ipc.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/upcall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLDS          1000000u
#define FAST_FRACTION   8u    /* at least one world in so many takes the fast path */
#define MEMORY_FRACTION 32u   /* and at least one in so many of the others the way for memory */
#define STACK_NOISE     1024u /* of the kernel's stack, so that nothing on it is zero by chance */
#define FAILURES_MAX    20u

static struct world before, after;
static char stack[16384] __attribute__((aligned(64)));
static unsigned passed, failed;

/* [operation][fast] */
static unsigned ways[OPERATIONS][2];
static unsigned in_memory[OPERATIONS]; /* of the slow ones, done by ipc_memory */
static const char *const names[OPERATIONS] = {"call", "reply_wait", "read", "notify",
                                              "null", "sigreturn",  "fault"};

long service_read(struct svc *self, struct svc_req *req)
{
    struct svc_req asked = *req;

    asked.zero = 0; /* nobody reads these, nor those two of a short request */
    asked.next = 0;
    if (req->shorts)
        asked.buffer = asked.buffer_size = 0;
    else
        memset(asked.words, 0, sizeof(asked.words));
    service_plan.self = self;
    service_plan.asked = asked;
    service_plan.calls++;
    for (long i = 0; req->shorts && i < 5; i++)
        if (i * 8 < service_plan.result)
            req->words[i] = service_plan.words[i];
    return service_plan.result;
}

static struct thread *caller(void)
{
    return &world.thread[0];
}

/* The user's registers in the block of the caller, as SLOW puts them there. */
static void registers_save(const struct host_regs *r)
{
    struct thread *t = caller();

    t->rip = r->rcx, t->rsp = r->rsp;
    t->rax = r->rax, t->rdi = r->rdi, t->rsi = r->rsi, t->rdx = r->rdx;
    t->r10 = r->r10, t->r8 = r->r8, t->r9 = r->r9, t->r12 = r->r12, t->r13 = r->r13;
    t->rbx = r->rbx, t->rbp = r->rbp, t->r14 = r->r14, t->r15 = r->r15;
    t->frame = FRAME_SYSCALL;
}

/* What the exit would load for t. */
static struct host_regs registers_load(const struct thread *t)
{
    bool iret = host_way == WAY_IRET;

    return (struct host_regs){.rax = t->rax,
                              .rbx = t->rbx,
                              .rcx = iret ? t->rcx : t->rip,
                              .rdx = t->rdx,
                              .rsi = t->rsi,
                              .rdi = t->rdi,
                              .rbp = t->rbp,
                              .rsp = iret ? host_out.rsp : t->rsp, /* trap.c reads the frame */
                              .r8 = t->r8,
                              .r9 = t->r9,
                              .r10 = t->r10,
                              .r11 = iret ? t->r11 : 0x202,
                              .r12 = t->r12,
                              .r13 = t->r13,
                              .r14 = t->r14,
                              .r15 = t->r15};
}

static bool registers_differ(const struct host_regs *got, const struct host_regs *want)
{
    static const char *const reg[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    const uint64_t *g = (const uint64_t *)got, *w = (const uint64_t *)want;

    for (unsigned i = 0; i < 16; i++)
        if (g[i] != w[i])
            return fprintf(stderr, "%s is %lx, the twin's %lx\n", reg[i], g[i], w[i]) > 0;
    return false;
}

/* The one call that may leave with the user's own flags in place of the constant, stepping
 * included: nothing of the kernel's is in them. */
static bool is_null(enum operation op)
{
    return op != DO_FAULT && (uint32_t)host_in.rax == SYS_null;
}

/* The twin leaves t the same way. */
static bool frame_good(const struct thread *t)
{
    bool sysret = t->frame == FRAME_SYSCALL && !(t->blockers & BLOCK_TRACED);

    return host_way == WAY_USER ? sysret : t->frame == FRAME_FULL;
}

static void twin_run(enum operation op)
{
    if (op == DO_FAULT) {
        trap_run();
        return;
    }
    registers_save(&host_in);
    core_syscall(caller());
}

/* It left to user mode: the twin does the same from the state before. */
static bool fast_good(enum operation op)
{
    struct host_regs got = host_out;
    struct service_plan asked = service_plan;

    compare_canon();
    world_copy(&after, &world);
    world_copy(&world, &before);
    service_plan.calls = 0;
    twin_run(op);
    const struct thread *next = sched_leave();
    struct host_regs want = registers_load(next);
    bool frame = frame_good(next);
    bool entry = trap_stack_good(next);
    compare_canon();
    if (is_null(op) && got.r11 == host_in.r11)
        want.r11 = got.r11, frame = true;
    bool service =
        asked.calls == service_plan.calls &&
        (!asked.calls || !memcmp(&asked.asked, &service_plan.asked, sizeof(asked.asked)));
    if (!frame || !service)
        fprintf(stderr, !frame ? "the twin leaves by the other way\n"
                               : "the service was asked otherwise\n");
    return !registers_differ(&got, &want) && frame && entry && service &&
           !compare_differs(&after, "path and twin");
}

/* It went to C: the state before, and the registers saved. The number loses its upper half. */
static bool slow_good(void)
{
    bool good = host_out.rdi == (uint64_t)(uintptr_t)caller() &&
                host_out.rsp == world.cpu.kernel_stack - 8 && !service_plan.calls;

    effects_forget();
    world_copy(&after, &world);
    world_copy(&world, &before);
    registers_save(&host_in);
    effects_forget();
    caller()->rax = (uint32_t)host_in.rax;
    after.thread[0].rax = (uint32_t)after.thread[0].rax;
    if (!good)
        fprintf(stderr, "C was called with a wrong thread or stack\n");
    return !compare_differs(&after, "before and at C") && trap_stack_good(caller()) && good;
}

/* It went to C for a message in memory: as by the dispatcher, or nothing has changed. */
static bool memory_good(enum operation op)
{
    if (!slow_good()) /* the state is now that at C */
        return false;
    world_copy(&before, &world);
    if (!ipc_memory(caller())) {
        world.thread[0].call_op = before.thread[0].call_op; /* of no call: those of the next */
        world.thread[0].call_scheme = before.thread[0].call_scheme;
        return !compare_differs(&before, "before and refused");
    }
    in_memory[op]++;
    struct host_regs got = registers_load(sched_leave());
    compare_canon();
    world_copy(&after, &world);
    world_copy(&world, &before);
    core_syscall(caller());
    struct host_regs want = registers_load(sched_leave());
    compare_canon();
    return !registers_differ(&got, &want) &&
           !compare_differs(&after, "the way for memory and twin");
}

/* It went to C with the trap: the state before, registers and stack as they came. */
static bool trap_good(void)
{
    bool good = trap_registers_good() && trap_stack_good(caller());

    caller()->rbx = before.thread[0].rbx; /* trap_user puts the user's there */
    effects_forget();
    world_copy(&after, &world);
    world_copy(&world, &before);
    effects_forget();
    return !compare_differs(&after, "before and at trap_user") && good;
}

static bool fixed_good(void)
{
    static struct thread none, slow;
    static struct task no_task, kernel;
    static bool known;

    if (!known)
        none = thread_none, slow = thread_slow, no_task = task_none, kernel = task_kernel;
    known = true;
    return !memcmp(&none, &thread_none, sizeof(none)) &&
           !memcmp(&slow, &thread_slow, sizeof(slow)) &&
           !memcmp(&no_task, &task_none, sizeof(no_task)) &&
           !memcmp(&kernel, &task_kernel, sizeof(kernel));
}

static void (*entry_of(enum operation op, unsigned variant))(void)
{
    if (op == DO_FAULT)
        return variant / 2 % 3 ? fault_entry_1 : fault_entry_0;
    return entry_table[6 + variant % 6 + (variant >= 6 ? 12 : 0)];
}

static void run(enum operation op, unsigned variant, unsigned number)
{
    world_make(op, variant / 2 % 3);
    trap_make(op, variant % 2 || variant >= 6);
    world.cpu.kernel_stack = (uint64_t)(uintptr_t)(stack + sizeof(stack));
    effects_expect(variant, op == DO_FAULT);
    world_copy(&before, &world);
    service_plan.calls = 0;
    memset(stack + sizeof(stack) - STACK_NOISE, 0xEE, STACK_NOISE);
    host_way = WAY_NONE;
    host_enter(entry_of(op, variant));
    bool fast = host_way == WAY_USER || host_way == WAY_IRET;
    bool linked = op == DO_READ && world.cpu.current == caller(); /* nobody else is asked */
    bool good = effects_good(fast, linked) && fixed_good();
    good = (fast                     ? fast_good(op)
            : op == DO_FAULT         ? trap_good()
            : host_way == WAY_MEMORY ? memory_good(op)
                                     : slow_good()) &&
           good;
    ways[op][fast]++;
    passed += good;
    failed += !good;
    if (!good)
        fprintf(stderr, "world %u: %s, variant %u, %s: differs\n", number, names[op], variant,
                fast ? "fast" : "slow");
}

int main(int argc, char **argv)
{
    unsigned worlds = argc > 1 ? (unsigned)strtoul(argv[1], 0, 10) : WORLDS;
    unsigned seed = argc > 2 ? (unsigned)strtoul(argv[2], 0, 10) : 1;

    host_prepare(&world.cpu);
    world_seed(seed);
    world_init();
    for (unsigned i = 0; i < worlds && failed < FAILURES_MAX; i++)
        run(i % OPERATIONS, i / OPERATIONS % 12, i);
    for (unsigned op = 0; op < OPERATIONS; op++) {
        unsigned all = ways[op][0] + ways[op][1];
        bool enough = !failed && all && ways[op][1] * FAST_FRACTION > all;
        printf("%-10s %u worlds, %u%% by the fast path\n", names[op], all,
               all ? ways[op][1] * 100 / all : 0);
        passed += enough;
        failed += !enough;
    }
    for (unsigned op = DO_CALL; op <= DO_REPLY_WAIT; op++) {
        bool enough = !failed && in_memory[op] * MEMORY_FRACTION > ways[op][0];
        printf("%-10s %u with a payload in memory\n", names[op], in_memory[op]);
        passed += enough;
        failed += !enough;
    }
    printf("fastpath: %u passed, %u failed\n", passed, failed);
    return failed != 0;
}
