/* SPDX-License-Identifier: MIT
 * The border as data: no register shows anything of the kernel, no argument makes it touch what is
 * not the caller's, no number but those of the table does anything. Parts say "hazard N: ok". */
#include "kernel/test/guest/lib/hazard.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PAGE    4096ull
#define POISON  0x5A17C0DE00000000ull
#define WAIT_NS 50000u
#define FAR_NS  1000000000000ull
#define TOP     (1ull << 63)

static int zero_fd, null_fd;
static uint64_t return_address;
static uint64_t page; /* one page of ours */

/* A number that could be an address of the kernel: no error, and nothing that we gave. */
static bool secret(uint64_t value, const struct guest_regs *in)
{
    const uint64_t *given = &in->rax;

    if (value < DIRECT_BASE || value >= (uint64_t)ERR_FLOOR)
        return false;
    for (unsigned i = 0; i < sizeof(*in) / sizeof(*given); i++)
        if (given[i] == value)
            return false;
    return true;
}

/* One call with every register looked at; poison where the caller says nothing of it. */
static long call(struct guest_regs *r)
{
    r->rbx = POISON + 1, r->rbp = POISON + 2, r->r14 = POISON + 3, r->r15 = POISON + 4;
    const struct guest_regs in = *r;
    const uint64_t *out = &r->rax;

    guest_syscall(r);
    bool kept = r->rbx == in.rbx && r->rbp == in.rbp && r->r14 == in.r14 && r->r15 == in.r15;
    bool good = kept && (r->r11 == FLAGS_CONSTANT || in.rax == SYS_null);
    return_address = return_address ? return_address : r->rcx;
    good = good && r->rcx == return_address;
    for (unsigned i = 0; i < 15; i++)
        good = good && !secret(out[i], &in);
    if (!CHECK(good))
        print("     call %lx\n", in.rax);
    return (long)r->rax;
}

static void deadline(uint64_t ns)
{
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){ns, 0, 0, 0});
}

static bool blocks(const struct guest_regs *r)
{
    return r->rax == SYS_wait || r->rax == SYS_receive || (r->rax == SYS_reply_wait && !r->rdi);
}

/* Every call once with arguments that do little. Blocking ones need a deadline, which keeps the
 * thread off the fast path: so each way once. */
static void every_call(uint64_t junk, bool limited)
{
    static const char path[] = "sys:boot";
    const struct guest_regs some[] = {
        {.rax = SYS_null},
        {.rax = SYS_yield},
        {.rax = SYS_sleep},
        {.rax = SYS_clock, .rdi = CLOCK_HZ},
        {.rax = SYS_self, .rdi = SELF_TID},
        {.rax = SYS_kill, .rdi = TID_ANY, .rsi = SIGKILL},
        {.rax = SYS_mprotect, .rdi = page, .rsi = PAGE, .rdx = PROT_READ | PROT_WRITE},
        {.rax = SYS_munmap, .rdi = page + 16 * PAGE, .rsi = 0},
        {.rax = SYS_taskctl, .rsi = TASK_RXBUF, .rdx = page, .r10 = PAGE},
        {.rax = SYS_waitpid, .rdi = TID_ANY, .rsi = 1},
        {.rax = SYS_sigreturn},
        {.rax = SYS_open, .rdi = (uint64_t)path, .rsi = 8},
        {.rax = SYS_close, .rdi = 255},
        {.rax = SYS_dup, .rdi = 255},
        {.rax = SYS_read, .rdi = (uint64_t)zero_fd, .rsi = TAG_READ_SHORT, .r10 = 40},
        {.rax = SYS_write, .rdi = (uint64_t)null_fd, .rsi = TAG(OP_write, 0, 48, 0)},
        {.rax = SYS_lseek, .rdi = (uint64_t)zero_fd},
        {.rax = SYS_fcall, .rdi = (uint64_t)zero_fd, .rsi = TAG(OP_fcall, 0, 48, 0)},
        {.rax = SYS_fmap, .rdi = (uint64_t)zero_fd},
        {.rax = SYS_call, .rdi = TID_ANY},
        {.rax = SYS_reply_wait},
        {.rax = SYS_reply_wait, .rdi = POISON},
        {.rax = SYS_send, .rdi = TID_ANY},
        {.rax = SYS_recv},
        {.rax = SYS_wait},
        {.rax = SYS_receive},
        {.rax = SYS_reply, .rdi = POISON},
        {.rax = SYS_notify, .rdi = TID_ANY, .rsi = 1},
        {.rax = SYS_post, .rdi = TID_ANY},
        {.rax = SYS_xfer, .rdi = POISON}};

    for (unsigned i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        struct guest_regs r = some[i];
        if (!limited && blocks(&r))
            continue;
        r.r9 = r.r9 ? r.r9 : junk;
        r.r12 = r.r12 ? r.r12 : junk;
        long result = call(&r);
        if (some[i].rax == SYS_open)
            CHECK_EQ(sys_close((int)result), 0);
    }
}

static void new_thread(void)
{
    static struct {
        struct guest_regs regs;
        volatile uint64_t done;
    } seen;
    const uint64_t *r = &seen.regs.rax;
    uint64_t sum = 0;

    for (unsigned round = 0; round < 4; round++) {
        memset(&seen, 0xA5, sizeof(seen));
        seen.done = 0;
        seen.regs.rdi = 0; /* not stored: it holds the argument */
        CHECK(sys_thread_create((uint64_t)thread_registers, page + PAGE, (uint64_t)&seen) > 0);
        for (unsigned i = 0; i < 1000 && !seen.done; i++)
            sys_yield();
        CHECK_EQ(seen.done, 1);
        for (unsigned i = 0; i < 15; i++)
            sum |= r[i];
        CHECK_EQ(sum, 0);
        CHECK_EQ(seen.regs.rflags, FLAGS_CONSTANT);
    }
}

/* A handler begins with nothing but what it is told, and everything comes back after it. */
static void handler_registers(void (*body)(uint64_t), uint64_t vector)
{
    const uint64_t *back = &catch_regs.rax;

    CHECK_EQ(guest_catch(body, POISON).vector, vector);
    for (unsigned i = 0; i < 9; i++)
        CHECK_EQ(catch_entry[i], 0);
    for (unsigned i = 0; i < 15; i++)
        CHECK_EQ(back[i], POISON);
}

static void hazard_13(void)
{
    deadline(WAIT_NS);
    every_call(0, true);
    every_call(POISON, true);
    deadline(0);
    every_call(0, false);
    every_call(POISON, false);
    new_thread();
    handler_registers(poison_ud, VECTOR_UD);
    handler_registers(poison_pf, VECTOR_PF);
}

/* The kernel copies through its own map, never through the user's address, whatever AC says. */
static void hazard_14(void)
{
    uint8_t *bytes = (uint8_t *)page;

    CHECK(sysfile_line("sys:mitig", "smap on"));
    CHECK(sysfile_line("sys:mitig", "smep on"));
    CHECK(sysfile_line("sys:mitig", "umip on"));
    for (unsigned ac = 0; ac < 2; ac++) {
        struct guest_regs r = {.rax = SYS_read,
                               .rdi = (uint64_t)zero_fd,
                               .rsi = TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0),
                               .r10 = 64,
                               .r12 = page,
                               .r13 = 64,
                               .rflags = FLAGS_CONSTANT | (ac ? FLAG_AC : 0)};
        bytes[0] = bytes[63] = bytes[64] = 0xA5;
        flags_call(&r);
        CHECK_EQ(r.rax, 0);
        CHECK_EQ(r.rdx, 64);
        CHECK(!bytes[0] && !bytes[63] && bytes[64] == 0xA5);
        r.rax = SYS_read, r.r12 = 64, r.rdx = 0;
        flags_call(&r);
        CHECK((long)r.rax == -T_EFAULT || (long)r.rdx == -T_EFAULT);
    }
}

struct range {
    uint64_t at, bytes;
};

/* A call that takes a range: `place` and `size` are which registers. */
struct range_call {
    const char *name;
    struct guest_regs regs;
    uint64_t place, size; /* offsets in struct guest_regs */
};
#define OFFSET(field) __builtin_offsetof(struct guest_regs, field)

static void range_try(const struct range_call *c, struct range range, bool pages)
{
    struct guest_regs r = c->regs;

    if (pages) { /* the same range in whole pages */
        range.bytes = (range.bytes + range.at % PAGE + PAGE - 1) & ~(PAGE - 1);
        range.at &= ~(PAGE - 1);
    }
    if (!range.bytes)
        range.bytes = PAGE;
    *(uint64_t *)((char *)&r + c->place) = range.at;
    *(uint64_t *)((char *)&r + c->size) = range.bytes;
    long result = call(&r);
    bool file = c->regs.rax == SYS_read || c->regs.rax == SYS_write || c->regs.rax == SYS_dup;
    if (!CHECK((result < 0 && result >= ERR_FLOOR) || (file && (long)r.rdx < 0)))
        print("     %s %lx + %lx: %ld\n", c->name, range.at, range.bytes, result);
}

static void ranges_refused(const struct range_call *c, unsigned count, bool pages)
{
    const struct range bad[] = {{USER_END - 8, 16},
                                {USER_END, 8},
                                {USER_END, 1},
                                {(1ull << 47) - 8, 8},
                                {(1ull << 47) - 8, 16},
                                {1ull << 47, 8},
                                {1ull << 62, 8},
                                {TOP, 8},
                                {DIRECT_BASE, 8},
                                {DIRECT_BASE, 4096},
                                {KERNEL_BASE, 64},
                                {KERNEL_BASE + 0x100000, 64},
                                {PERCPU_BASE + 6144, 8},
                                {-8ull, 8},
                                {-8ull, 16},
                                {8, -8ull},
                                {8, -1ull},
                                {page, -page},
                                {page, -page + 8},
                                {page, TOP},
                                {page, TOP - page},
                                {USER_MIN, USER_END},
                                {page, USER_END - page + 1}};

    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
            range_try(&c[i], bad[k], pages);
}

static void ranges_of_bytes(void)
{
    const uint64_t out = TAG(0, MSG_OUT, MSG_LENGTH_BUFFER, 0);
    const uint64_t in = TAG(0, MSG_IN, MSG_LENGTH_BUFFER, 0);
    const struct range_call calls[] = {
        {"open", {.rax = SYS_open}, OFFSET(rdi), OFFSET(rsi)},
        {"read",
         {.rax = SYS_read, .rdi = (uint64_t)zero_fd, .rsi = in, .r10 = 64},
         OFFSET(r12),
         OFFSET(r13)},
        {"write",
         {.rax = SYS_write, .rdi = (uint64_t)null_fd, .rsi = out, .r10 = 64},
         OFFSET(r12),
         OFFSET(r13)},
        {"dup", {.rax = SYS_dup, .rdi = (uint64_t)zero_fd, .rsi = out}, OFFSET(r12), OFFSET(r13)},
        {"call out",
         {.rax = SYS_call, .rdi = TID_NAMESERVER, .rsi = out},
         OFFSET(r12),
         OFFSET(r13)},
        {"call in", {.rax = SYS_call, .rdi = TID_NAMESERVER, .rsi = in}, OFFSET(r12), OFFSET(r13)},
        {"send", {.rax = SYS_send, .rdi = TID_NAMESERVER, .rsi = out}, OFFSET(r12), OFFSET(r13)},
        {"rxbuf", {.rax = SYS_taskctl, .rsi = TASK_RXBUF}, OFFSET(rdx), OFFSET(r10)}};

    ranges_refused(calls, sizeof(calls) / sizeof(calls[0]), false);
}

static void ranges_of_pages(void)
{
    uint64_t child = (uint64_t)sys_spawn(0, 0, sys_name("ranges")), status;
    const struct range_call calls[] = {
        {"fmap",
         {.rax = SYS_fmap, .rdi = -1ull, .r10 = PROT_READ | MAP_PRIVATE | MAP_FIXED_NOREPLACE},
         OFFSET(rsi),
         OFFSET(rdx)},
        {"mprotect", {.rax = SYS_mprotect, .rdx = PROT_READ}, OFFSET(rdi), OFFSET(rsi)},
        {"munmap", {.rax = SYS_munmap}, OFFSET(rdi), OFFSET(rsi)},
        {"map",
         {.rax = SYS_taskctl, .rdi = child, .rsi = TASK_MAP, .r8 = PROT_READ},
         OFFSET(rdx),
         OFFSET(r10)},
        {"write there",
         {.rax = SYS_taskctl, .rdi = child, .rsi = TASK_WRITE, .r8 = page},
         OFFSET(rdx),
         OFFSET(r10)},
        {"write from",
         {.rax = SYS_taskctl, .rdi = child, .rsi = TASK_WRITE, .rdx = page},
         OFFSET(r8),
         OFFSET(r10)},
        {"share there",
         {.rax = SYS_taskctl, .rdi = child, .rsi = TASK_SHARE, .r8 = page, .r9 = PROT_READ},
         OFFSET(rdx),
         OFFSET(r10)},
        {"share from",
         {.rax = SYS_taskctl, .rdi = child, .rsi = TASK_SHARE, .rdx = page, .r9 = PROT_READ},
         OFFSET(r8),
         OFFSET(r10)}};

    CHECK((long)child > 0);
    CHECK_EQ(sys_taskctl((uint32_t)child, TASK_MAP, (struct taskctl){page, PAGE, PROT_READ, 0}), 0);
    ranges_refused(calls, sizeof(calls) / sizeof(calls[0]), true);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    CHECK_EQ(sys_waitpid((uint32_t)child, 0, &status), child);
}

/* What touches the very end is good: the last 64 bytes are our own argument block's page. */
static void hazard_15(void)
{
    ranges_of_bytes();
    ranges_of_pages();
    CHECK_EQ(file_write(null_fd, (const void *)(USER_END - 64), 64), 64);
    CHECK_EQ(file_write(null_fd, (const void *)(USER_END - 64), 65), -T_EFAULT);
    CHECK_EQ(file_read(zero_fd, (void *)page, PAGE), (long)PAGE);
    CHECK_EQ(sys_open(0, 0, O_RDONLY), -T_EINVAL);
}

static bool in_table(uint64_t number)
{
#define X(name, cls, kind, ret, index)                                                             \
    if (number == SYS_##name)                                                                      \
        return true;
    SYSCALLS(X)
#undef X
    return false;
}

/* EINVAL: a call of that class and index, with the argument bits of another. ENOSYS: none at all.
 */
static long refusal(uint64_t number)
{
    const uint64_t bits = 0xFull << 24 | SYS_RET_FILE;

#define X(name, cls, kind, ret, index)                                                             \
    if ((number & ~bits) == (SYS_##name & ~bits))                                                  \
        return -T_EINVAL;
    SYSCALLS(X)
#undef X
    return -T_ENOSYS;
}

static void hazard_16(void)
{
    const uint64_t fd = (uint64_t)zero_fd;
    unsigned wrong = 0;

    for (uint64_t n = 0; n < 0x10000; n++) {
        uint64_t number = (n >> 7) << 23 | (n >> 6 & 1) << 20 | (n & 63); /* class, kind, file */
        struct guest_regs r = {.rax = number, .rdi = POISON};
        if (in_table(number))
            continue;
        guest_syscall(&r);
        wrong += (long)r.rax != refusal(number) || r.rdi != POISON;
    }
    CHECK_EQ(wrong, 0);
    for (unsigned bit = 6; bit < 32; bit++) {
        struct guest_regs r = {.rax = SYS_self ^ 1ull << bit};
        guest_syscall(&r);
        CHECK_EQ(r.rax, refusal(SYS_self ^ 1ull << bit));
    }
    for (unsigned bit = 32; bit < 64; bit++) { /* 32 bits are the number, everywhere */
        struct guest_regs r = {.rax = SYS_self | 1ull << bit};
        guest_syscall(&r);
        CHECK_EQ(r.rax, sys_self(SELF_TID));
        deadline(FAR_NS); /* a thread with one is looked at elsewhere */
        r = (struct guest_regs){.rax = SYS_self | 1ull << bit};
        guest_syscall(&r);
        CHECK_EQ(r.rax, sys_self(SELF_TID));
        deadline(0);
        r = (struct guest_regs){.rax = SYS_read | 1ull << bit,
                                .rdi = (uint64_t)zero_fd,
                                .rsi = TAG_READ_SHORT,
                                .r10 = 8};
        guest_syscall(&r);
        CHECK_EQ(r.rdx, 8);
        r = (struct guest_regs){
            .rax = SYS_read, .rdi = fd | 1ull << bit, .rsi = TAG_READ_SHORT, .r10 = 8};
        guest_syscall(&r);
        CHECK_EQ(r.rax, -T_EBADF);
    }
}

int main(int argc, char **argv, char **envp)
{
    static const struct {
        unsigned number;
        void (*run)(void);
    } hazards[] = {{13, hazard_13}, {14, hazard_14}, {15, hazard_15}, {16, hazard_16}};

    (void)argc, (void)envp;
    guest_path_set(argv[0]);
    zero_fd = (int)file_open("zero:", O_RDWR);
    null_fd = (int)file_open("null:", O_RDWR);
    page = (uint64_t)guest_memory(PAGE);
    CHECK(zero_fd >= 0 && null_fd >= 0);
    for (unsigned i = 0; i < sizeof(hazards) / sizeof(hazards[0]); i++) {
        unsigned before = guest_failed();
        hazards[i].run();
        print("hazard %u: %s\n", hazards[i].number, guest_failed() == before ? "ok" : "FAIL");
    }
    return guest_end("leak");
}
