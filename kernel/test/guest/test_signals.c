/* SPDX-License-Identifier: MIT
 * Signals: what a handler finds and what it leaves, which thread is told, how handlers nest, and
 * what happens without one. How they end waits is test_interrupt.c's. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/start.h"
#include "servers/lib/thread.h"

static volatile unsigned told[SIGNALS], depth, deepest;
static volatile uint64_t handler_stack;
static volatile long in_handler[4];

static void on(uint64_t signal, void (*handler)(uint64_t signal), uint64_t flags)
{
    CHECK_EQ(sys_sigaction(signal, (uint64_t)handler, flags, 0), 0);
}

static void off(uint64_t signal)
{
    CHECK_EQ(sys_sigaction(signal, SIG_DFL, 0, 0), 0);
}

static long raise(uint64_t signal)
{
    return sys_kill(0, signal);
}

static uint64_t mask(uint64_t signals)
{
    return (uint64_t)sys_taskctl(0, TASK_SIGMASK, (struct taskctl){signals, 0, 0, 0});
}

static void count(uint64_t signal)
{
    uint64_t here = 0;

    told[signal]++;
    handler_stack = (uint64_t)&here;
    sys_sigreturn(0);
}

static void actions(void)
{
    uint64_t before = 99;

    SHOWS("T6", "sigaction takes 31 numbers, tells the handler before, and refuses what cannot be");
    CHECK_EQ(sys_sigaction(0, SIG_IGN, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_sigaction(32, SIG_IGN, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_sigaction(~0ull, SIG_IGN, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_sigaction(SIGKILL, SIG_IGN, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_sigaction(SIGUSR1, USER_END, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_sigaction(SIGUSR1, 2, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_sigaction(SIGUSR1, DIRECT_BASE, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_sigaction(SIGUSR1, SIG_IGN, 2, 0), -T_EINVAL);
    CHECK_EQ(sys_sigaction(SIGUSR1, (uint64_t)count, 0, &before), 0);
    CHECK_EQ(before, SIG_DFL);
    CHECK_EQ(sys_sigaction(SIGUSR1, SIG_IGN, 0, &before), 0);
    CHECK_EQ(before, (uint64_t)count);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(raise(SIGCHLD), 0); /* ignored when nothing is said */
    CHECK_EQ(raise(0), -T_EINVAL);
    CHECK_EQ(raise(32), -T_EINVAL);
    for (uint64_t s = 1; s < SIGNALS; s++) {
        if (s == SIGKILL)
            continue;
        on(s, count, 0);
        CHECK_EQ(raise(s), 0);
        CHECK_EQ(told[s], 1);
        off(s);
    }
}

static void spoil(uint64_t signal)
{
    told[signal]++;
    in_handler[0] = sys_sigreturn(USER_END);
    in_handler[1] = sys_sigreturn(1ull << 63);
    in_handler[2] = sys_sigreturn(8);
    __asm__ volatile(
        "std\n\tpushfq\n\torq $0x244dd5, (%%rsp)\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"
        "mov $-1, %%rbx\n\tmov %%rbx, %%rbp\n\tmov %%rbx, %%r12\n\tmov %%rbx, %%r13\n\t"
        "mov %%rbx, %%r14\n\tmov %%rbx, %%r15\n\tmov %%rbx, %%r9\n\tmov %%rbx, %%r10\n\t"
        "xor %%r8d, %%r8d\n\tmov %0, %%eax\n\tsyscall"
        :
        : "i"(SYS_sigreturn)
        : "memory", "rbx", "r12", "r13", "r14", "r15", "r8", "r9", "r10", "rax");
}

/* All registers and flags are as they were, whatever the handler had in them. */
static void registers(void)
{
    struct guest_regs r = {.rax = SYS_kill, .rdi = 0, .rsi = SIGUSR1, .rdx = 5, .r10 = 6};

    SHOWS("T6", "sigreturn finds its frame in the kernel: registers and flags come back whole");
    CHECK_EQ(sys_sigreturn(0), -T_EINVAL);
    on(SIGUSR1, spoil, 0);
    r.r8 = 7, r.r9 = 8, r.r12 = 9, r.r13 = 10, r.rbx = 11, r.rbp = 12, r.r14 = 13, r.r15 = 14;
    told[SIGUSR1] = 0;
    guest_syscall(&r);
    CHECK_EQ(told[SIGUSR1], 1);
    CHECK_EQ(r.rax, 0);
    CHECK_EQ(r.rsi, SIGUSR1);
    CHECK(r.rdx == 5 && r.r10 == 6 && r.r8 == 7 && r.r9 == 8 && r.r12 == 9 && r.r13 == 10);
    CHECK(r.rbx == 11 && r.rbp == 12 && r.r14 == 13 && r.r15 == 14);
    CHECK_EQ(r.r11, 0x202);
    CHECK_EQ(r.rflags & 0x244DD5 & ~0x55ull, 0); /* DF, NT, AC, ID: none of the handler's */
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(in_handler[i], -T_EINVAL);
    CHECK_EQ(sys_sigreturn(0), -T_EINVAL);
    off(SIGUSR1);
}

static void fates(void)
{
    static const uint64_t deadly[] = {SIGHUP, SIGINT, SIGTERM, SIGALRM, 31};

    SHOWS("T6", "without a handler a signal kills, is ignored, or SIGCHLD; SIGKILL cannot be held");
    for (unsigned i = 0; i < 5; i++) {
        long tid = guest_child("sleep", 0);
        sys_yield();
        CHECK_EQ(sys_kill((uint32_t)tid, SIGCHLD), 0);
        CHECK_EQ(sys_kill((uint32_t)tid, deadly[i]), 0);
        CHECK_EQ(guest_wait(tid), 512 + deadly[i]);
    }
    long tid = guest_child("ignore", SIGTERM);
    clock_settle();
    CHECK_EQ(sys_kill((uint32_t)tid, SIGTERM), 0);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGHUP), 0); /* held back */
    CHECK_EQ(sys_notify((uint32_t)tid, 1), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGHUP); /* when it let go */
    tid = guest_child("ignore", SIGTERM);
    clock_settle();
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
    tid = sys_spawn(0, 0, sys_name("unborn"));
    CHECK_EQ(sys_kill((uint32_t)tid, SIGTERM), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGTERM);
    CHECK_EQ(guest_wait(guest_child("rights", 0)), 0);
    CHECK_EQ(guest_wait(guest_child("suicide", 0)), 512 + SIGTERM);
}

static int ignore_role(void)
{
    struct msg m = {0};

    sys_sigaction(SIGTERM, SIG_IGN, 0, 0);
    mask(~0u);
    long kind = sys_receive(&m);
    mask(0);
    return kind == KIND_NOTIFY ? 3 : 4; /* not reached: what was held back kills */
}

static int rights_role(void)
{
    uint32_t parent = (uint32_t)sys_self(SELF_PARENT);

    if (sys_taskctl(0, TASK_LEVEL, (struct taskctl){9, 0, 0, 0}))
        return 1;
    return sys_kill(parent, SIGUSR1) == -T_EPERM && sys_kill(parent, SIGKILL) == -T_EPERM &&
                   sys_kill(TID_NAMESERVER, SIGTERM) != 0
               ? 0
               : 2;
}

static void children(void)
{
    SHOWS("T6", "SIGCHLD tells the parent of each death");
    on(SIGCHLD, count, 0);
    told[SIGCHLD] = 0;
    for (unsigned i = 1; i <= 3; i++) {
        CHECK_EQ(guest_wait(guest_child("last", 0)), 7);
        CHECK_EQ(told[SIGCHLD], i);
    }
    off(SIGCHLD);
}

static void masks(void)
{
    SHOWS("T6", "what a thread holds back stays pending, once, until it lets go");
    on(SIGUSR1, count, 0);
    told[SIGUSR1] = 0;
    CHECK_EQ(mask(1u << SIGUSR1 | 1u << SIGKILL), 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(told[SIGUSR1], 0);
    CHECK_EQ(sys_sleep(clock_in(MS)), 0);
    CHECK_EQ(mask(0), 1u << SIGUSR1);
    CHECK_EQ(told[SIGUSR1], 1);
    CHECK_EQ(mask(1u << SIGUSR1), 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(sys_sigaction(SIGUSR1, SIG_IGN, 0, 0), 0); /* forgets what is pending */
    on(SIGUSR1, count, 0);
    CHECK_EQ(mask(0), 1u << SIGUSR1);
    CHECK_EQ(told[SIGUSR1], 1);
    CHECK_EQ(sys_taskctl(0, TASK_SIGMASK, (struct taskctl){1ull << 32, 0, 0, 0}), -T_EINVAL);
    off(SIGUSR1);
}

static volatile unsigned free_thread_told;

static void free_thread(uint64_t argument)
{
    (void)argument;
    unsigned before = told[SIGUSR2];
    free_thread_told = sys_sleep(clock_in(5000 * MS)) == -T_EINTR && told[SIGUSR2] == before + 1;
}

static void threads(void)
{
    struct user_thread u;

    SHOWS("T6", "a thread that does not hold it back is told in the place of one that does");
    on(SIGUSR2, count, 0);
    mask(1u << SIGUSR2);
    CHECK(thread_start(&u, free_thread, 0) > 0);
    clock_settle();
    CHECK_EQ(raise(SIGUSR2), 0);
    thread_join(&u);
    CHECK_EQ(free_thread_told, 1);
    CHECK_EQ(mask(0), 1u << SIGUSR2);
    off(SIGUSR2);
}

/* Each handler is interrupted by the next until the levels are used up. */
static void nest(uint64_t signal)
{
    unsigned mine = ++told[signal];

    depth++;
    deepest = depth > deepest ? depth : deepest;
    if (mine < 8)
        sys_kill(0, signal);
    depth--;
    sys_sigreturn(0);
}

static void nested(void)
{
    SHOWS("T6", "handlers nest to their limit; what comes beyond waits and is not lost");
    on(SIGUSR1, nest, SIG_NODEFER);
    told[SIGUSR1] = 0;
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(deepest, SIGNAL_LEVELS);
    CHECK_EQ(told[SIGUSR1], 8);
    CHECK_EQ(depth, 0);
    on(SIGUSR1, nest, 0);
    told[SIGUSR1] = deepest = 0;
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(deepest, 1); /* its own signal is held back */
    CHECK_EQ(told[SIGUSR1], 8);
    off(SIGUSR1);
}

static void probing(uint64_t signal)
{
    told[signal]++;
    in_handler[0] = (long)guest_probe(0x10).vector;
    in_handler[1] = (long)guest_probe(DIRECT_BASE).vector;
    sys_sigreturn(0);
}

static volatile unsigned fault_order;

/* A fault's handler that is interrupted by a signal's. */
static void fault_handler(uint64_t address, uint64_t error, uint64_t rip)
{
    (void)address, (void)error;
    unsigned before = told[SIGUSR2];
    sys_kill(0, SIGUSR2);
    fault_order = told[SIGUSR2] - before;
    sys_sigreturn(rip + 2); /* behind `mov al, [rdi]` */
}

static void with_faults(void)
{
    static uint8_t stack[8192] __attribute__((aligned(16)));

    SHOWS("T6", "handlers of faults and of signals interrupt each other in any order");
    on(SIGUSR1, probing, 0);
    on(SIGUSR2, count, 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(in_handler[0], 14);
    CHECK_EQ(in_handler[1], 14);
    const struct taskctl handler = {(uint64_t)fault_handler, (uint64_t)(stack + 8192 - 8), 0, 0};
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(sys_taskctl(0, TASK_FAULT, handler), 0);
        fault_order = 0;
        __asm__ volatile("movb (%0), %%al" : : "D"(16ull) : "rax", "memory");
        CHECK_EQ(fault_order, 1);
    }
    CHECK_EQ(sys_taskctl(0, TASK_FAULT, (struct taskctl){0, 0, 0, 0}), 0);
    CHECK_EQ(sys_sigreturn(0), -T_EINVAL);
    off(SIGUSR1);
    off(SIGUSR2);
}

static void stacks(void)
{
    static uint8_t stack[8192] __attribute__((aligned(16)));
    uint64_t top = (uint64_t)(stack + sizeof(stack));

    SHOWS("T6", "a handler has the stack that was named, even where the thread has none");
    on(SIGUSR1, count, 0);
    CHECK_EQ(sys_taskctl(0, TASK_SIGSTACK, (struct taskctl){USER_END + 1, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_SIGSTACK, (struct taskctl){top, 0, 0, 0}), 0);
    told[SIGUSR1] = 0;
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK(handler_stack < top && handler_stack > top - sizeof(stack));
    long result = SYS_kill;
    __asm__ volatile("mov %%rsp, %%rbx\n\txor %%esp, %%esp\n\tsyscall\n\tmov %%rbx, %%rsp"
                     : "+a"(result)
                     : "D"(0ull), "S"((uint64_t)SIGUSR1)
                     : "rbx", "rcx", "r11", "memory");
    CHECK_EQ(result, 0);
    CHECK_EQ(told[SIGUSR1], 2);
    CHECK_EQ(sys_taskctl(0, TASK_SIGSTACK, (struct taskctl){0, 0, 0, 0}), 0);
    off(SIGUSR1);
}

static int role(const char *name)
{
    if (name[0] == 's' && name[1] == 'l')
        sys_sleep(~0ull);
    if (name[0] == 's' && name[1] == 'u')
        sys_kill(0, SIGTERM);
    return name[0] == 'l' ? 7 : name[0] == 'i' ? ignore_role() : rights_role();
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return role(argv[1]);
    long count_before[3] = {0}, free = 0;
    static const char *const names[] = {"threads", "timers", "files"};
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 3; i++)
            count_before[i] = sysfile_number("sys:counters", names[i]);
        free = sysfile_number("sys:memory", "free_pages");
        for (unsigned i = 0; i < SIGNALS; i++)
            told[i] = 0;
        deepest = 0;
        actions();
        registers();
        fates();
        children();
        masks();
        threads();
        nested();
        with_faults();
        stacks();
    }
    SHOWS("T6", "no thread, timer, file or page is left");
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(sysfile_number("sys:counters", names[i]), count_before[i]);
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), free);
    return guest_end("signals");
}
