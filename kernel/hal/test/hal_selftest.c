/* SPDX-License-Identifier: MIT
 * HAL without CORE: a program of its own that takes CORE's place, runs one space with two threads
 * of selftest_user.asm, and compares each trap with what the user program announced. It prints a
 * line for each difference and ends the machine with PASS or FAIL. Boot words: those of HAL, and
 * break=LETTER to see a panic, spin=0 for the impatient (one instruction at a time). */
#include "kernel/abi/events.h"
#include "kernel/abi/msg.h"
#include "kernel/hal/apic.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/init.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/tramp.h"
#include "kernel/hal/trap.h"
#include "kernel/hal/upcall.h"

#define TEXT_ADDRESS  0x400000ull
#define STACK_ADDRESS 0x500000ull
#define SPIN_MANY     100000000ull
#define SPIN_FEW      1000ull
#define FLAGS_CLEAR   0x44700ull
#define VECTOR_DB     1u
#define VECTOR_BP     3u
#define VECTOR_UD     6u
#define VECTOR_GP     13u
#define VECTOR_ANY    (~0ull)

extern const char __entry_ro_start[];
extern const uint8_t selftest_user_start[], selftest_user_end[], selftest_user_second[];

static struct {
    bool armed;
    uint64_t vector, error, resume;
} expected;

/* Where the exits of the trace variants put their stamps. */
struct trace_record trace_ring[TRACE_RING_RECORDS];

static struct space space;
static unsigned passed, failed, running, ticks;

static void check(bool good, const char *what, uint64_t a, uint64_t b)
{
    if (good) {
        passed++;
        return;
    }
    failed++;
    klog("selftest: %s: %lx, wanted %lx\n", what, a, b);
}

static void finish(void)
{
    struct wire_calib c;
    hal_calibrate(&c);
    klog("calib: empty %lu max %lu loop %lu quantum %lu gap %lu of %lu\n", c.empty, c.empty_max,
         c.loop_ring0, c.quantum, c.gap_max, c.gap_watch);
    klog("calib: rdtsc %lu out %lu cr3 %lu stamp %lu\n", c.rdtsc_cost, c.out_cost, c.cr3_cost,
         c.stamp_cost);
    klog("traps: nmi %lu debug %lu iret %lu spurious %lu interrupts %lu\n", trap_nmi_count,
         trap_debug_count, trap_iret_count, trap_spurious_count, trap_interrupt_count);
    check(trap_interrupt_count >= 1, "timer interrupts", trap_interrupt_count, 1);
    check((cpu_this()->trace_count != 0) == hal_config.trace, "stamps", cpu_this()->trace_count,
          hal_config.trace);
    check(ticks == 1, "deadlines", ticks, 1);
    klog("selftest: %u passed, %u failed\n", passed, failed);
    hal_exit(failed == 0 ? EXIT_PASS : EXIT_FAIL, NULL);
}

static void thread_end(struct thread *t)
{
    sched_block(t, THREAD_FREE);
    if (--running == 0)
        finish();
}

static void call_expect(const struct thread *t)
{
    check(!expected.armed, "an announced trap did not come", expected.vector, t->rdi);
    expected.armed = true;
    expected.vector = t->rdi;
    expected.error = t->rsi;
    expected.resume = t->rdx;
}

static void call_watch(struct thread *t)
{
    t->watch = t->rdi;
    if (t->watch != 0)
        t->blockers |= BLOCK_TRACED;
    else
        t->blockers &= (uint8_t)~BLOCK_TRACED;
}

static void call_sleep(struct thread *t)
{
    sched_deadline(t, hal_tsc() + t->rdi);
    sched_block(t, THREAD_SLEEPING);
}

static void call_goto(struct thread *t)
{
    t->rip = t->rdi;
}

static void call_check(const struct thread *t)
{
    if (t->rdi != t->rsi)
        klog("selftest: check %lu in ring 3, from %lx\n", t->rdx, t->rip);
    check(t->rdi == t->rsi, "ring 3", t->rdi, t->rsi);
}

/* Whatever the user's flags were, in the kernel AC, NT, DF, IF and TF are clear. */
static void check_flags(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
    check((flags & FLAGS_CLEAR) == 0, "flags in the kernel", flags, 0);
}

static uint64_t recurse(volatile uint64_t depth)
{
    return depth == 0 ? 0 : recurse(depth + 1) + depth;
}

/* The boot word break= ends the boot at the first system call in the way that it names. */
static void break_kernel(char how)
{
    switch (how) {
    case 'u':
        __asm__ volatile("ud2");
        break;
    case 'p':
        *(volatile uint64_t *)TEXT_ADDRESS = 0; /* a user address: SMAP, or no mapping */
        break;
    case 'w':
        *(volatile uint64_t *)(uint64_t)core_idle = 0; /* text is read-only */
        break;
    case 'i':
        *(volatile uint64_t *)(uint64_t)__entry_ro_start = 0; /* so are the IDT, GDT and TSS */
        break;
    case 'x':
        ((void (*)(void))TEXT_ADDRESS)(); /* SMEP, or NX */
        break;
    case 's':
        panic("depth %lu", recurse(1)); /* into the guard page: a double fault */
    case 'a':
        panic("asked to, by %s", "a boot word");
    default:
        break;
    }
}

void core_syscall(struct thread *t)
{
    char how[2];
    check_flags();
    if (bootword("break", how, sizeof(how)))
        break_kernel(how[0]);
    const uint64_t number = t->rax;
    t->rax = 0;
    switch (number) {
    case 0:
        break;
    case 1:
        thread_end(t);
        break;
    case 2:
        call_check(t);
        break;
    case 3:
        call_expect(t);
        break;
    case 4:
        t->rdi = VECTOR_ANY;
        call_expect(t);
        break;
    case 5:
        call_sleep(t);
        break;
    case 6:
        call_watch(t);
        break;
    case 7:
        call_goto(t);
        break;
    case 8:
        t->rax = trap_debug_count;
        break;
    default:
        check(false, "call number", number, 0);
    }
}

void core_trap(struct thread *t, unsigned vector, uint64_t error, uint64_t address)
{
    check_flags();
    if (vector == VECTOR_BP)
        return;
    if (vector == VECTOR_DB && t->watch != 0)
        return;
    if (!expected.armed) {
        klog("selftest: unannounced trap %u error %lx address %lx rip %lx\n", vector, error,
             address, t->rip);
        hal_exit(EXIT_FAIL, "unannounced trap");
    }
    if (expected.vector == VECTOR_ANY) {
        check(vector == VECTOR_GP || vector == VECTOR_UD, "vector", vector, VECTOR_GP);
    } else {
        check(vector == expected.vector, "vector", vector, expected.vector);
        check(error == expected.error, "error code", error, expected.error);
    }
    expected.armed = false;
    t->rflags &= 0xDD5 & ~0x100ull;
    t->rip = expected.resume;
}

void core_tick(struct thread *t)
{
    ticks++;
    sched_ready(t);
}

void core_interrupt(unsigned vector)
{
    klog("selftest: interrupt %u\n", vector);
}

bool core_idle(void)
{
    return false;
}

static void must(enum err e, const char *what)
{
    if (e != OK)
        panic("%s: error %d", what, (int)e);
}

static void thread_make(uint64_t offset, uint64_t stack)
{
    char few[2];
    struct thread *t;
    must(thread_alloc(&t), "thread_alloc");
    t->rip = TEXT_ADDRESS + offset;
    t->rsp = stack;
    t->root = space.exit_root;
    t->priority = PRIORITY_DEFAULT;
    t->rdi = bootword("spin", few, sizeof(few)) ? SPIN_FEW : SPIN_MANY;
    sched_ready(t);
    running++;
}

void core_entry(void)
{
    cpu_this()->trace_next = trace_ring;
    const uint64_t bytes = (uint64_t)(selftest_user_end - selftest_user_start);
    klog("selftest: pti %u pcid %u trace %u tsc %lu Hz source %u timer ok, %lu pages free\n",
         hal_config.pti, hal_config.pcid, hal_config.trace, hal_config.tsc_hz,
         hal_config.tsc_source, page_free_count());
    klog("selftest: '%s' '%s' signature %x microcode %x smep %u smap %u umip %u\n",
         hal_config.vendor, hal_config.brand, hal_config.signature, hal_config.microcode,
         hal_config.smep, hal_config.smap, hal_config.umip);
    for (unsigned i = 0; i < hal_init_count; i++)
        klog(" %lu", hal_init_stamp[i] - (i == 0 ? hal_entry_stamp : hal_init_stamp[i - 1]));
    klog(" ticks a step\n");
    must(space_init(&space), "space_init");
    must(space_map(&space, TEXT_ADDRESS, PAGE_SIZE * 2, PROT_READ | PROT_WRITE), "text");
    must(space_map(&space, STACK_ADDRESS, PAGE_SIZE * 4, PROT_READ | PROT_WRITE), "stack");
    must(space_copy_out(&space, TEXT_ADDRESS, selftest_user_start, bytes), "copy");
    must(space_protect(&space, TEXT_ADDRESS, PAGE_SIZE * 2, PROT_READ | PROT_EXEC), "protect");
    if (hal_config.pti)
        check(tramp_walk(space.kernel_root | PAGE_SIZE) == 0, "trampoline", 1, 0);
    thread_make(0, STACK_ADDRESS + PAGE_SIZE * 2);
    thread_make((uint64_t)(selftest_user_second - selftest_user_start),
                STACK_ADDRESS + PAGE_SIZE * 4);
}
