/* SPDX-License-Identifier: MIT
 * See trap.h. The saved flags are hostile: no bit of them is what the hardware promises. Addresses
 * crowd around the ends of the user's half; stacks around zero, where the red zone wraps. */
#include "fastpath/test/trap.h"

#include <stdio.h>
#include <string.h>

#include "kernel/hal/init.h"
#include "kernel/hal/upcall.h"

#define PAGE_FAULT    14u
#define USER_CODE     0x2Bu
#define USER_DATA     0x23u
#define FLAGS_TF      0x100ull
#define FLAGS_KEPT    0xDD5ull /* CF PF AF ZF SF TF DF OF */
#define FLAGS_SET     0x202ull
#define SAVED_RIP     15
#define SAVED_RFLAGS  16
#define WATCHED_WORDS 32u /* of the entry stack's top, with what lies behind it */

/* What the CPU pushes for a page fault. */
struct hardware {
    uint64_t error, rip, cs, rflags, rsp, ss;
};

/* What the path pushes, for IRETQ and for trap_user. */
struct leaving {
    uint64_t rax, rip, cs, rflags, rsp, ss;
};
struct arriving {
    uint64_t rax, vector;
    struct hardware hardware;
};

static struct host_regs user;
static struct hardware pushed;
static uint64_t found[WATCHED_WORDS]; /* the stack before the run */

static bool one_in(unsigned n)
{
    return !world_random(n);
}

static uint64_t *watched(void)
{
    return world.behind + sizeof(world.behind) / 8 - WATCHED_WORDS;
}

static uint64_t address_make(void)
{
    uint64_t address = USER_MIN + world_random64() % (USER_END - USER_MIN);

    return one_in(16) ? address >> 32 << 32 | 1ull << 32 : address; /* zero to who takes 32 bits */
}

/* Where user code may have been: a fault at once of a jump to nowhere included. */
static uint64_t rip_make(void)
{
    const uint64_t borders[] = {
        0,          1,          USER_MIN - 1, USER_MIN, USER_END - 1, USER_END, USER_END + 4096,
        1ull << 47, 1ull << 63, ~0ull};

    return one_in(8) ? borders[world_random(sizeof(borders) / 8)] : address_make();
}

static uint64_t stack_make(void)
{
    return one_in(4) ? world_random(300) : one_in(2) ? address_make() : world_random64();
}

/* Every task has another handler, the poison task too. */
static void handlers_make(void)
{
    for (unsigned i = 0; i < W_TASKS; i++) {
        world.task[i].fault_handler = one_in(8) ? 0 : address_make();
        world.task[i].fault_fast = world.task[i].fault_handler;
        world.task[i].fault_stack = one_in(2) ? 0 : address_make();
    }
}

static void fault_make(bool trace)
{
    handlers_make();
    hal_fault_fast = !trace && !one_in(8); /* as hal_entry_select sets it: never with a trace */
    world.thread[0].in_handler = one_in(8);
    user = host_in;
    user.rsp = stack_make();
    pushed = (struct hardware){one_in(2) ? world_random(32) : world_random64(),
                               rip_make(),
                               USER_CODE,
                               world_random64(),
                               user.rsp,
                               USER_DATA};
    memcpy(world.behind - sizeof(pushed) / 8, &pushed, sizeof(pushed));
    world.cpu.scratch[0] = user.rax;
    host_cr2 = world_random64();
    host_in.rax = world_random64();
    host_in.rsp = (uint64_t)(uintptr_t)world.behind - sizeof(pushed);
}

/* The saved address is whatever the fault left: good or not, the thread goes back to it. */
static void sigreturn_make(void)
{
    struct thread *t = &world.thread[0];

    t->in_handler = !one_in(8);
    t->fault_regs[SAVED_RIP] = one_in(4) ? rip_make() : address_make();
    if (!one_in(8))
        t->fault_regs[SAVED_RFLAGS] &= ~FLAGS_TF;
    host_in.r8 = one_in(8) ? rip_make() : 0;
}

void trap_make(enum operation op, bool trace)
{
    memset(watched(), 0xEE, sizeof(found));
    if (op == DO_FAULT)
        fault_make(trace);
    if (op == DO_SIGRETURN)
        sigreturn_make();
    memcpy(found, watched(), sizeof(found));
}

void trap_run(void)
{
    struct thread *t = &world.thread[0];
    const struct host_regs *r = &user;

    t->rip = pushed.rip, t->rsp = pushed.rsp, t->rflags = pushed.rflags;
    t->rax = r->rax, t->rbx = r->rbx, t->rcx = r->rcx, t->rdx = r->rdx, t->rsi = r->rsi;
    t->rdi = r->rdi, t->rbp = r->rbp, t->r8 = r->r8, t->r9 = r->r9, t->r10 = r->r10;
    t->r11 = r->r11, t->r12 = r->r12, t->r13 = r->r13, t->r14 = r->r14, t->r15 = r->r15;
    t->frame = FRAME_FULL;
    core_trap(t, PAGE_FAULT, pushed.error, host_cr2);
}

/* The stack as it has to be, in `want`; the stack pointer that goes with it. */
static uint64_t stack_want(const struct thread *next, uint64_t *want)
{
    uint64_t *top = want + WATCHED_WORDS - sizeof(world.behind) / 8;
    uint64_t real_top = (uint64_t)(uintptr_t)world.behind;

    if (host_way == WAY_TRAP) {
        const struct arriving words = {user.rax, PAGE_FAULT, pushed};
        memcpy(top - sizeof(words) / 8, &words, sizeof(words));
        return real_top - sizeof(words);
    }
    if (host_way == WAY_IRET) {
        const struct leaving words = {next->rax, next->rip,
                                      USER_CODE, (next->rflags & FLAGS_KEPT) | FLAGS_SET,
                                      next->rsp, USER_DATA};
        memcpy(top - sizeof(words) / 8, &words, sizeof(words));
        return real_top - sizeof(words) + sizeof(words.rax);
    }
    return host_out.rsp;
}

bool trap_stack_good(const struct thread *next)
{
    uint64_t want[WATCHED_WORDS];

    memcpy(want, found, sizeof(want));
    if (host_out.rsp != stack_want(next, want))
        return fprintf(stderr, "the stack pointer at the way out\n") < 0;
    for (unsigned i = 0; i < WATCHED_WORDS; i++)
        if (watched()[i] != want[i])
            return fprintf(stderr, "word %u of the entry stack is %lx, not %lx\n", i, watched()[i],
                           want[i]) < 0;
    return true;
}

bool trap_registers_good(void)
{
    struct host_regs want = host_in;

    want.rax = host_out.rax;
    want.rsp = host_out.rsp;
    return !memcmp(&want, &host_out, sizeof(want)) ||
           fprintf(stderr, "a register at trap_user is not the user's\n") < 0;
}
