/* SPDX-License-Identifier: MIT
 * The hazards of entry code, from ring 3: each part does what a hostile program would do at the
 * border and says "hazard N: ok". A kernel that gets one wrong dies of it, or shows it here. Some
 * of them only Intel's rules show, others only AMD's: run on both. */
#include "kernel/test/guest/lib/hazard.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"

#define PAGE   4096u
#define ROUNDS 16u

/* Where no user code can be: above the last mappable page, at the hole, in the kernel. */
static const uint64_t outside[] = {
    USER_END,    USER_END + PAGE - 1,     1ull << 47,         (1ull << 47) + 1, 1ull << 62,
    DIRECT_BASE, KERNEL_BASE + 0x100000u, PERCPU_BASE + PAGE, ~0ull - 1,        ~0ull};
#define OUTSIDE (sizeof(outside) / sizeof(outside[0]))

static long raw(uint64_t number, uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
    struct guest_regs r = {.rax = number, .rdi = rdi, .rsi = rsi, .rdx = rdx};

    guest_syscall(&r);
    return (long)r.rax;
}

/* The kernel still works, with the right GS, root and stack. */
static void alive(void)
{
    long tid = sys_self(SELF_TID);

    CHECK(tid > 0);
    CHECK_EQ(raw(SYS_self, SELF_TID, 0, 0), tid);
    CHECK_EQ(guest_catch(flags_ud, FLAGS_CONSTANT).vector, VECTOR_UD);
}

/* A task of one page at the very end of the user addresses, whose last bytes are `code`. */
static uint64_t last_page_run(const uint8_t *code, unsigned bytes)
{
    const uint64_t page = USER_END - PAGE, rip = USER_END - bytes;
    long tid = sys_spawn(0, 0, sys_name("last"));

    if (!CHECK(tid > 0))
        return 0;
    CHECK_EQ(sys_taskctl((uint32_t)tid, TASK_MAP,
                         (struct taskctl){page, PAGE, PROT_READ | PROT_EXEC, 0}),
             0);
    CHECK_EQ(
        sys_taskctl((uint32_t)tid, TASK_WRITE, (struct taskctl){rip, bytes, (uint64_t)code, 0}), 0);
    for (unsigned i = 0; i < OUTSIDE; i++)
        CHECK_EQ(sys_taskctl((uint32_t)tid, TASK_START, (struct taskctl){outside[i], 0, 0, 0}),
                 -T_EINVAL);
    CHECK_EQ(sys_taskctl((uint32_t)tid, TASK_START, (struct taskctl){rip, 0, 0, 0}), 0);
    return guest_wait(tid);
}

static void sigreturn_outside(void)
{
    for (unsigned i = 0; i < OUTSIDE; i++)
        CHECK_EQ(sys_sigreturn(outside[i]), -T_EINVAL);
}

/* Returning to an address that is none. */
static void hazard_1(void)
{
    static const uint8_t call[] = {0xB8, SYS_self, 0, 0, 0, 0x31, 0xFF, 0x0F, 0x05};
    static const uint8_t breakpoint[] = {0xCC};

    CHECK_EQ(last_page_run(call, sizeof(call)), 256 + VECTOR_PF);
    CHECK_EQ(last_page_run(breakpoint, sizeof(breakpoint)), 256 + VECTOR_BP);
    for (unsigned i = 0; i < OUTSIDE; i++) {
        CHECK_EQ(sys_thread_create(outside[i], 0, 0), -T_EINVAL);
        if (outside[i] != USER_END)
            CHECK_EQ(sys_thread_create(USER_MIN, outside[i], 0), -T_EINVAL);
        CHECK_EQ(sys_taskctl(0, TASK_FAULT, (struct taskctl){outside[i], 0, 0, 0}), -T_EINVAL);
        CHECK_EQ(sys_fmap(outside[i] & ~(PAGE - 1ull), PAGE,
                          PROT_READ | MAP_PRIVATE | MAP_FIXED_NOREPLACE),
                 -T_EINVAL);
    }
    catch_hook = sigreturn_outside;
    CHECK_EQ(guest_catch(flags_ud, FLAGS_CONSTANT).vector, VECTOR_UD);
    catch_hook = 0;
}

static void selectors_check(void)
{
    uint16_t cs, ss;

    __asm__ volatile("mov %%cs, %0\n\tmov %%ss, %1" : "=r"(cs), "=r"(ss));
    CHECK_EQ(cs, SEL_CODE);
    CHECK_EQ(ss, SEL_DATA);
}

static void flags_check(void (*body)(uint64_t), uint64_t flags, uint64_t vector)
{
    CHECK_EQ(guest_catch(body, flags).vector, vector);
    CHECK_EQ(catch_regs.rflags & ~FLAG_TF, (flags & FLAGS_KEPT) | FLAGS_CONSTANT);
    CHECK_EQ(catch_count, 1);
}

/* Frames that IRETQ would refuse or that would give more than a program may have. */
static void hazard_2(void)
{
    static const uint64_t flags[] = {2,
                                     FLAGS_KEPT,
                                     FLAG_NT | 2,
                                     FLAG_AC | 2,
                                     FLAG_ID | 2,
                                     FLAG_IOPL | 2,
                                     FLAG_NT | FLAG_AC | FLAG_IOPL | FLAGS_KEPT};

    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        flags_check(flags_ud, flags[i], VECTOR_UD);
        flags_check(flags_bp, flags[i], VECTOR_BP);
        flags_check(flags_pf, flags[i], VECTOR_PF);
    }
    /* The way back itself, entered with every flag: what was saved counts. */
    catch_flags = FLAG_NT | FLAG_AC | FLAG_DF | FLAGS_KEPT;
    flags_check(flags_ud, FLAGS_CONSTANT, VECTOR_UD);
    flags_check(flags_pf, FLAG_DF | 2, VECTOR_PF);
    catch_flags = 0;
    catch_hook = selectors_check;
    CHECK_EQ(guest_catch(flags_ud, FLAGS_CONSTANT).vector, VECTOR_UD);
    catch_hook = 0;
}

/* The null call gives back the flags that it found; every other call's are constant. */
static void flags_of(struct guest_regs r, uint64_t flags)
{
    bool null = r.rax == SYS_null;

    r.rflags = flags;
    CHECK_EQ(flags_call(&r), SEL_CODE | SEL_DATA << 16);
    CHECK_EQ(r.rflags & FLAG_IOPL, 0);
    if (!null || (r.rflags | 0x202) != ((flags & ~FLAG_IOPL) | 0x202))
        CHECK_EQ(r.rflags, FLAGS_CONSTANT);
}

/* Flags that the kernel must not run with. */
static void flags_of_calls(void)
{
    static const uint64_t bits[] = {0x1,     0x4,       0x10,    0x40,    0x80,    0x800,
                                    FLAG_DF, FLAG_IOPL, FLAG_NT, FLAG_AC, FLAG_ID, 0x247CD5};
    static const char path[] = "sys:boot";
    long fd = file_open("zero:", O_RDWR);

    CHECK(fd >= 0);
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        uint64_t flags = bits[i] | FLAGS_CONSTANT;
        flags_of((struct guest_regs){.rax = SYS_null}, flags);
        flags_of((struct guest_regs){.rax = SYS_self}, flags);
        flags_of((struct guest_regs){.rax = SYS_yield}, flags);
        flags_of((struct guest_regs){.rax = 63}, flags);
        flags_of((struct guest_regs){.rax = SYS_call, .rdi = TID_ANY}, flags);
        flags_of((struct guest_regs){.rax = SYS_open, .rdi = (uint64_t)path, .rsi = 3}, flags);
        flags_of(
            (struct guest_regs){
                .rax = SYS_read, .rdi = (uint64_t)fd, .rsi = TAG_READ_SHORT, .r10 = 8},
            flags);
    }
    file_close((int)fd);
}

/* Copies go forwards whatever DF was. */
static void flags_of_copies(void)
{
    static uint8_t in[20000], out[20000];
    long fd = file_open("ram:flags", O_RDWR | O_CREAT | O_TRUNC);

    CHECK(fd >= 0);
    for (unsigned i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)(i * 7 + i / 256);
    for (unsigned way = 0; way < 2; way++) {
        uint64_t tag = TAG(way ? OP_read : OP_write, way ? MSG_IN : MSG_OUT, MSG_LENGTH_BUFFER, 0);
        struct guest_regs r = {.rax = way ? SYS_read : SYS_write,
                               .rdi = (uint64_t)fd,
                               .rsi = tag,
                               .r10 = sizeof(in),
                               .r12 = (uint64_t)(way ? out : in),
                               .r13 = sizeof(in),
                               .rflags = FLAGS_CONSTANT | FLAG_DF | FLAG_AC};
        file_seek((int)fd, 0, SEEK_SET);
        flags_call(&r);
        CHECK_EQ(r.rdx, sizeof(in));
    }
    unsigned wrong = 0;
    for (unsigned i = 0; i < sizeof(in); i++)
        wrong += in[i] != out[i];
    CHECK_EQ(wrong, 0);
    file_close((int)fd);
}

static void hazard_3(void)
{
    flags_of_calls();
    flags_of_copies();
}

/* User selectors with RPL 3, after a call, after a trap and in a new task. */
static void hazard_4(void)
{
    struct guest_regs r = {.rax = SYS_self, .rflags = FLAGS_CONSTANT};

    selectors_check();
    CHECK_EQ(flags_call(&r), SEL_CODE | SEL_DATA << 16);
    sys_yield();
    selectors_check();
    CHECK_EQ(sys_sleep(sys_clock(CLOCK_NS) + 100000), 0);
    selectors_check();
}

/* The stack pointer is the program's own business. */
static void hazard_5(void)
{
    long tid = sys_self(SELF_TID);
    uint64_t page = (uint64_t)guest_memory(PAGE);

    CHECK_EQ(sys_mprotect(page, PAGE, PROT_READ), 0);
    const uint64_t stacks[] = {0, 8, PAGE, page + 64, page + PAGE, 0x1234567, (uint64_t)&hazard_5};
    for (unsigned i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        CHECK_EQ(stack_call(stacks[i]), tid);
        CHECK_EQ(guest_catch(stack_ud, stacks[i]).vector, VECTOR_UD);
        CHECK_EQ(catch_stack, stacks[i]);
    }
    for (unsigned i = 0; i < OUTSIDE; i++) {
        CHECK_EQ(stack_call(outside[i]), tid);
        CHECK_EQ(stack_call(outside[i] & ~15ull), tid);
        CHECK_EQ(guest_catch(stack_ud, outside[i]).vector, VECTOR_UD);
        CHECK_EQ(catch_stack, outside[i]);
    }
    CHECK_EQ(sys_munmap(page, PAGE), 0);
}

/* A watchpoint that MOV SS holds back strikes on the kernel's first instruction (Intel's rules), or
 * before (AMD's): vector 0 or the body's own, or 1. */
static void hazard_6(void)
{
    static const struct {
        void (*body)(uint64_t watched);
        uint64_t vector;
    } way[] = {{shadow_syscall, 0},
               {shadow_null, 0},
               {shadow_bp, VECTOR_BP},
               {shadow_ud, VECTOR_UD},
               {shadow_int, VECTOR_GP}};
    static uint64_t selector __attribute__((aligned(8))) = SEL_DATA;
    uint64_t at = (uint64_t)&selector;

    CHECK_EQ(sys_taskctl(0, TASK_WATCH, (struct taskctl){at + 1, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_WATCH, (struct taskctl){DIRECT_BASE, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_WATCH, (struct taskctl){at, 0, 0, 0}), 0);
    CHECK_EQ(guest_catch(shadow_none, at).vector, VECTOR_DB);
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
            uint64_t vector = guest_catch(way[i].body, at).vector;
            CHECK(vector == way[i].vector || vector == VECTOR_DB);
        }
    CHECK_EQ(sys_taskctl(0, TASK_WATCH, (struct taskctl){0, 0, 0, 0}), 0);
    CHECK_EQ(guest_catch(shadow_none, at).vector, 0);
}

/* Whatever the user loads into a segment register, the kernel finds its own data. */
static void hazard_9(void)
{
    static void (*const load[])(uint64_t) = {segment_gs, segment_fs, segment_ds, segment_es};
    static const uint64_t good[] = {0, 1, 2, 3, SEL_DATA, SEL_DATA & ~3u, SEL_CODE};
    static const uint64_t bad[] = {0x08, 0x0B, 0x10, 0x13, 0x18, 0x1B,
                                   0x27, 0x30, 0x33, 0x38, 0x40, 0xFFF8};
    uint64_t page = (uint64_t)guest_memory(PAGE);

    CHECK_EQ(sys_taskctl(0, TASK_FSBASE, (struct taskctl){page, 0, 0, 0}), 0);
    for (unsigned s = 0; s < 4; s++) {
        for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
            CHECK_EQ(guest_catch(load[s], good[i]).vector, 0);
            alive();
        }
        for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            struct guest_fault f = guest_catch(load[s], bad[i]);
            CHECK_EQ(f.vector, VECTOR_GP);
            CHECK_EQ(f.error, bad[i] & ~3ull);
        }
    }
    CHECK_EQ(guest_catch(segment_ss, 0).vector, VECTOR_GP);
    CHECK_EQ(guest_catch(segment_ss, 0x10).vector, VECTOR_GP);
    CHECK_EQ(guest_catch(segment_ss, SEL_CODE).vector, VECTOR_GP);
    CHECK_EQ(guest_catch(segment_ss, SEL_DATA).vector, 0);
    CHECK_EQ(sys_taskctl(0, TASK_FSBASE, (struct taskctl){DIRECT_BASE, 0, 0, 0}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_FSBASE, (struct taskctl){0, 0, 0, 0}), 0);
    segment_ds(SEL_DATA), segment_es(SEL_DATA), segment_fs(0), segment_gs(0);
    alive();
}

/* QEMU reads the stack of a far return with the kernel's rights, so that SMAP stops it. */
static bool far_works(void)
{
    uint64_t vector = guest_catch(far_return, SEL_CODE).vector;

    CHECK(!vector || vector == VECTOR_PF);
    return !vector;
}

/* No other code segment than the one. */
static void far_doors(void)
{
    static const uint64_t doors[] = {0, 0x08, 0x0B, 0x10, 0x18, 0x1B, SEL_DATA, 0x30, 0x38};
    uint64_t vector = far_works() ? VECTOR_GP : VECTOR_PF;

    for (unsigned i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
        CHECK_EQ(guest_catch(far_return, doors[i]).vector, vector);
        CHECK_EQ(guest_catch(far_iret, doors[i]).vector, vector);
    }
}

/* INT n for every n, from a page made for it, and the other doors. */
static void hazard_17(void)
{
    uint8_t *page = guest_memory(PAGE);

    for (unsigned n = 0; n < 256; n++) {
        page[4 * n] = 0xCD, page[4 * n + 1] = (uint8_t)n;
        page[4 * n + 2] = page[4 * n + 3] = 0xC3;
    }
    page[1024] = 0xF1, page[1025] = 0xC3;
    CHECK_EQ(sys_mprotect((uint64_t)page, PAGE, PROT_READ | PROT_EXEC), 0);
    for (unsigned n = 0; n < 256; n++) {
        struct guest_fault f = guest_catch((void (*)(uint64_t))(uint64_t)(page + 4 * n), 0);
        CHECK_EQ(f.vector, n == VECTOR_BP ? VECTOR_BP : VECTOR_GP);
        CHECK(n == VECTOR_BP ? !f.error : f.error == n * 8 + 2 || f.error == n * 16 + 2);
        CHECK_EQ(f.rip, (uint64_t)(page + 4 * n) + (n == VECTOR_BP ? 2 : 0));
    }
    for (unsigned i = 0; i < ROUNDS; i++) { /* ICEBP, which QEMU does not know */
        uint64_t vector = guest_catch((void (*)(uint64_t))(uint64_t)(page + 1024), 0).vector;
        CHECK(vector == VECTOR_DB || vector == VECTOR_UD);
    }
    CHECK_EQ(sys_munmap((uint64_t)page, PAGE), 0);
    far_doors();
}

static void ports(void)
{
    static const uint64_t port[] = {
        0, 0x20, 0x40, 0x60, 0x80, EXIT_PORT, 0x3F8, 0xCF8, BOCHS_EXIT_PORT, 0xFFFF};

    for (unsigned i = 0; i < sizeof(port) / sizeof(port[0]); i++) {
        CHECK_EQ(guest_catch(attempt_in, port[i]).vector, VECTOR_GP);
        CHECK_EQ(guest_catch(attempt_out, port[i]).vector, VECTOR_GP);
        CHECK_EQ(guest_catch(attempt_ins, port[i]).vector, VECTOR_GP);
        CHECK_EQ(guest_catch(attempt_outs, port[i]).vector, VECTOR_GP);
    }
}

/* Nothing that only ring 0 may do, and no way to more rights by flags. */
static void hazard_18(void)
{
    static const uint64_t msr[] = {0x10,       0x1B,       0x174,      0xC0000080, 0xC0000081,
                                   0xC0000082, 0xC0000084, 0xC0000100, 0xC0000101, 0xC0000102};

    for (const struct attempt *a = attempts; a->code; a++) {
        uint64_t vector = guest_catch(a->code, 0).vector;
        if (!CHECK(vector < 32 && a->vectors >> vector & 1 && vector))
            print("     %s: vector %lu\n", a->name, vector);
    }
    ports();
    for (unsigned i = 0; i < sizeof(msr) / sizeof(msr[0]); i++) {
        CHECK_EQ(guest_catch(attempt_rdmsr, msr[i]).vector, VECTOR_GP);
        CHECK_EQ(guest_catch(attempt_wrmsr, msr[i]).vector, VECTOR_GP);
    }
    for (unsigned iopl = 0; iopl < 4; iopl++) {
        CHECK_EQ(guest_catch(popf_flags, iopl << 12 | 2).vector, 0);
        CHECK_EQ(catch_flags_kept & (FLAG_IOPL | 0x200), 0x200);
        if (!far_works())
            continue;
        CHECK_EQ(guest_catch(iret_flags, iopl << 12 | 2).vector, 0);
        CHECK_EQ(catch_flags_kept & (FLAG_IOPL | 0x200), 0x200);
    }
}

/* A stepped program goes on being stepped behind a call, exactly one instruction later. POPF right
 * before SYSCALL loses its step: a call returns with constant flags to whoever did not step yet. */
static void hazard_20(void)
{
    const uint64_t calls[] = {SYS_self, SYS_yield, 63, SYS_recv};
    const uint64_t want[] = {(uint64_t)step_first, (uint64_t)step_syscall, (uint64_t)step_after_2,
                             (uint64_t)step_end};

    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        CHECK_EQ(guest_step(step_body, calls[i]).vector, 0);
        CHECK(step_count >= 5);
        for (unsigned k = 0; k < 4; k++)
            CHECK_EQ(step_rips[k], want[k]);
        CHECK_EQ(guest_step(step_entry, calls[i]).vector, 0);
        CHECK(step_count < 8);
    }
    CHECK_EQ(guest_step(step_body, SYS_null).vector, 0);
    CHECK_EQ(step_rips[1], (uint64_t)step_syscall);
    CHECK_EQ(guest_step(step_entry, SYS_null).vector, 0);
}

static const struct {
    unsigned number;
    void (*run)(void);
} hazards[] = {{1, hazard_1}, {2, hazard_2}, {3, hazard_3},   {4, hazard_4},   {5, hazard_5},
               {6, hazard_6}, {9, hazard_9}, {17, hazard_17}, {18, hazard_18}, {20, hazard_20}};

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)envp;
    guest_path_set(argv[0]);
    for (unsigned i = 0; i < sizeof(hazards) / sizeof(hazards[0]); i++) {
        unsigned before = guest_failed();
        const char *what = hazards[i].number == 1    ? "the last user page can hold a system call"
                           : hazards[i].number == 20 ? "TF set before and during a call"
                                                     : 0;
        SHOWS(what ? "T33" : 0, what);
        hazards[i].run();
        alive();
        print("hazard %u: %s\n", hazards[i].number, guest_failed() == before ? "ok" : "FAIL");
    }
    return guest_end("hazard");
}
