/* SPDX-License-Identifier: MIT
 * System calls of class CORE: small ones, each over a function of the module that owns the matter.
 */
#include "kernel/core/calls.h"

#include "kernel/core/futex.h"
#include "kernel/core/ipc.h"
#include "kernel/core/names.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"

#define NS_PER_S       1000000000ull
#define SYSCALL_LENGTH 2 /* bytes of the instruction */

/* 128-bit products: a TSC of years at 5 GHz times 10^9 does not fit 64 bits. */
static uint64_t scale(uint64_t value, uint64_t multiply, uint64_t divide)
{
    uint64_t high, low, quotient;

    __asm__("mulq %3" : "=d"(high), "=a"(low) : "a"(value), "r"(multiply) : "cc");
    if (high >= divide)
        return ~0ull;
    __asm__("divq %3" : "=a"(quotient), "+d"(high) : "a"(low), "r"(divide) : "cc");
    return quotient;
}

uint64_t ns_to_ticks(uint64_t ns)
{
    return scale(ns, hal_config.tsc_hz, NS_PER_S);
}

uint64_t ticks_to_ns(uint64_t ticks)
{
    return scale(ticks, NS_PER_S, hal_config.tsc_hz);
}

static void result(struct thread *t, long value)
{
    t->rax = (uint64_t)value;
}

void call_again(struct thread *t, uint32_t number)
{
    list_remove(&t->link);
    t->again = t->deadline;
    sched_deadline_cancel(t);
    t->call_scheme = 0;
    t->rip -= SYSCALL_LENGTH;
    t->rax = number;
    sched_ready(t);
}

void call_null(struct thread *t)
{
    result(t, 0);
}

void call_exit(struct thread *t)
{
    uint32_t status = (uint32_t)(t->rdi & 0xFF);

    if (t->rsi & EXIT_THREAD) {
        if (t->rdx)
            futex_say_ended(t->task, t->rdx);
        task_thread_end(t, status);
        return;
    }
    if (t->task->tid == TID_BOOTSTRAP)
        hal_exit(status ? EXIT_FAIL : EXIT_PASS, "the bootstrap's status");
    task_kill(t->task, status);
}

void call_yield(struct thread *t)
{
    result(t, 0);
    sched_give_way();
}

void call_sleep(struct thread *t)
{
    uint64_t deadline = ns_to_ticks(t->rdi);

    result(t, 0);
    if (deadline <= hal_tsc())
        return;
    sched_block(t, THREAD_SLEEPING);
    sched_deadline(t, deadline);
}

void call_clock(struct thread *t)
{
    switch (t->rdi) {
    case CLOCK_TSC:
        t->rax = hal_tsc();
        break;
    case CLOCK_NS:
        t->rax = ticks_to_ns(hal_tsc());
        break;
    case CLOCK_HZ:
        t->rax = hal_config.tsc_hz;
        break;
    default:
        result(t, -T_EINVAL);
    }
}

void call_self(struct thread *t)
{
    const uint64_t answers[] = {
        [SELF_TID] = t->task->tid,         [SELF_LEVEL] = t->task->level,
        [SELF_THREAD] = t->slot,           [SELF_PARENT] = t->task->parent,
        [SELF_SUPERVISOR] = TID_BOOTSTRAP, [SELF_PRIORITY] = t->priority,
    };

    if (t->rdi < sizeof(answers) / sizeof(answers[0]))
        t->rax = answers[t->rdi];
    else
        result(t, -T_EINVAL);
}

/* Names stand in lines of sys: and of the log: nothing in them may end a word or a line. */
static char name_byte(uint8_t byte)
{
    return !byte || (byte > ' ' && byte <= '~') ? (char)byte : '?';
}

void call_spawn(struct thread *t)
{
    struct task_wish wish = {.parent = t->task->tid, .slot = (uint32_t)t->rsi};
    struct task *child = 0;

    wish.level = (uint32_t)(t->rdi >> 8) & 0xFF;
    for (unsigned i = 0; i < 8; i++)
        wish.name[i] = name_byte((uint8_t)(t->rdx >> (8 * i)));
    bool special = !wish.level || wish.level < t->task->level || wish.slot;
    if ((special || t->rdi & SPAWN_CRITICAL) && !task_may(t->task, RIGHT_SPAWN0)) {
        result(t, -T_EPERM);
        return;
    }
    enum err e = t->rsi < TID_SLOTS ? task_create(&wish, &child) : T_EINVAL;
    if (e) {
        result(t, -(long)e);
        return;
    }
    child->critical = (t->rdi & SPAWN_CRITICAL) != 0;
    child->rights = wish.level ? 0 : t->task->rights;
    child->cookie = t->task->cookie;
    names_ref(t->task->names);
    names_unref(child->names);
    child->names = t->task->names;
    t->rax = child->tid;
}

void call_thread_create(struct thread *t)
{
    const struct thread_wish wish = {.rip = t->rdi, .rsp = t->rsi, .argument = t->rdx};
    struct thread *made = 0;
    enum err e =
        t->task->thread_count < TASK_THREADS ? task_thread(t->task, &wish, &made) : T_EAGAIN;

    result(t, e ? -(long)e : made->slot);
}

struct task *task_governed(const struct thread *t, uint32_t tid)
{
    struct task *task = tid ? task_find(tid) : t->task;

    if (!task || task == &task_kernel)
        return 0;
    if (task != t->task && task->parent != t->task->tid && t->task->level)
        return 0;
    return task;
}

void call_waitpid(struct thread *t)
{
    long value = child_wait(t, (uint32_t)t->rdi, !(t->rsi & 1));

    if (value)
        result(t, value);
}
