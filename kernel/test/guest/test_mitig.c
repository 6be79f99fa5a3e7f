/* SPDX-License-Identifier: MIT
 * Mitigations: each is switched on and off by its file, whoever may, and every kind of crossing
 * works under each of them. Where the clock counts instructions (icount), the price of each is
 * measured. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define ROUNDS          200u
#define TRIES           5u
#define SWITCHES        50u
#define FAULT_ISOLATION 11u /* instructions a fault and its return */
#define FILE            "sys:mitig"

static const char *const names[] = {"fence", "verw", "ibpb", "rsb"};
#define NAMES (sizeof(names) / sizeof(names[0]))

static long mitig_put(const char *name, const char *how)
{
    char text[24];
    print_to(text, sizeof(text), "%s %s", name, how);
    return file_put(FILE, text);
}

static bool mitig_is(const char *name, const char *how)
{
    char line[24], needed[32];
    print_to(line, sizeof(line), "%s %s", name, how);
    print_to(needed, sizeof(needed), "%s needed", line);
    return sysfile_line(FILE, line) || sysfile_line(FILE, needed);
}

/* ---- the other side of the crossings ---- */
static __attribute__((noreturn)) void echo_serve(void)
{
    struct msg m = {0};
    for (;;) {
        long status = sys_reply_wait(&m);
        if ((uint8_t)status != KIND_CALL)
            m.caller = 0;
        m.w[0]++;
    }
}

static long peer;

/* A message there and back with every word used. */
static bool call_good(void)
{
    struct msg m = {.tag = TAG(1, 0, 48, 7), .w = {1, 2, 3, 4, 5, 6}};
    long status = sys_call(&m, (uint32_t)peer);
    return status == 0 && m.w[0] == 2 && m.w[1] == 2 && m.w[5] == 6 && TAG_HEADER(m.tag) == 7;
}

/* Calls, linked and served reads, a fault with its handler, a null call. */
static void crossings_check(int zero)
{
    for (unsigned i = 0; i < 16; i++) {
        uint64_t byte = 1;
        CHECK(call_good());
        CHECK_EQ(file_read(zero, &byte, 8), 8);
        CHECK_EQ(byte, 0);
        CHECK_EQ(syscall0(SYS_null), 0);
    }
    struct guest_fault fault = guest_probe(0xFFFF800000000000ull);
    CHECK_EQ(fault.vector, 14);
    CHECK(sys_sleep(sys_clock(CLOCK_NS) + 100000) == 0);
}

static uint64_t null_once(void)
{
    uint64_t start = sys_clock(CLOCK_TSC);
    for (unsigned i = 0; i < ROUNDS; i++)
        syscall0(SYS_null);
    return sys_clock(CLOCK_TSC) - start;
}

static uint64_t call_once(void)
{
    uint64_t start = sys_clock(CLOCK_TSC);
    for (unsigned i = 0; i < ROUNDS; i++)
        if (!call_good())
            return 0;
    return sys_clock(CLOCK_TSC) - start;
}

static uint64_t fault_once(void)
{
    uint64_t start = sys_clock(CLOCK_TSC);
    for (unsigned i = 0; i < ROUNDS; i++)
        guest_probe(0xFFFF800000000000ull);
    return sys_clock(CLOCK_TSC) - start;
}

/* The least of some: without what the timer and the clock's own conversion add now and then. */
static uint64_t least(uint64_t (*once)(void))
{
    uint64_t best = once();
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t next = once();
        best = next < best ? next : best;
    }
    return best;
}

static void switches_check(int zero)
{
    SHOWS("X10", "each mitigation by name, in writing, with all crossings under it");
    CHECK_EQ(mitig_put("all", "off"), 0);
    for (unsigned i = 0; i < NAMES; i++) {
        bool absent = mitig_is(names[i], "absent");
        CHECK(absent || mitig_is(names[i], "off"));
        CHECK_EQ(mitig_put(names[i], "on"), absent ? -T_EOPNOTSUPP : 0);
        CHECK(absent || mitig_is(names[i], "on"));
        crossings_check(zero);
        CHECK_EQ(mitig_put(names[i], "off"), 0);
        CHECK(!mitig_is(names[i], "on"));
    }
    CHECK_EQ(mitig_put("all", "on"), 0);
    crossings_check(zero);
    CHECK_EQ(mitig_put("nothing", "on"), -T_EINVAL);
    CHECK_EQ(mitig_put("verw", "maybe"), -T_EINVAL);
    CHECK(mitig_is("verw", "on"));
    CHECK_EQ(mitig_put("all", "off"), 0);
    CHECK(!mitig_is("verw", "on") && !mitig_is("fence", "on"));
}

/* The tick is an instruction: two runs of the same code count the same. */
static bool clock_counts(void)
{
    return least(null_once) == least(null_once) && least(call_once) == least(call_once);
}

/* Off, a fault costs nothing of isolation: neither its gates nor its exit touch CR3. */
static void faults_check(void)
{
    CHECK_EQ(mitig_put("pti", "off"), 0);
    uint64_t off = least(fault_once);
    CHECK_EQ(mitig_put("pti", "on"), 0);
    uint64_t on = least(fault_once);
    print("fault: isolation +%lu instructions\n", (unsigned long)((on - off) / ROUNDS));
    CHECK(on >= off + FAULT_ISOLATION * ROUNDS);
}

/* Isolation goes and comes under threads that wait, call and fault; nothing of the kernel is ever
 * left in the user's tables, and user code never runs by the kernel's. */
static void isolation_check(int zero)
{
    SHOWS("V41", "isolation switched while the machine runs");
    bool was = sysfile_line(FILE, "pti on");
    if (mitig_put("pti", "off") == -T_EOPNOTSUPP) {
        CHECK_EQ(mitig_put("pti", "on"), -T_EOPNOTSUPP);
        CHECK(was == sysfile_line(FILE, "pti on"));
        return;
    }
    for (unsigned i = 0; i < SWITCHES; i++) {
        CHECK(sysfile_line(FILE, "pti off"));
        crossings_check(zero);
        long other = guest_child("echo", 0); /* a space made now must follow too */
        CHECK_EQ(mitig_put("pti", "on"), 0);
        CHECK(sysfile_line(FILE, "pti on"));
        CHECK_EQ(sysfile_number(FILE, "trampoline_differences"), 0);
        crossings_check(zero);
        CHECK_EQ(sys_kill((uint32_t)other, SIGKILL), 0);
        CHECK(guest_wait(other) != 0);
        CHECK_EQ(mitig_put("pti", "off"), 0);
    }
    if (clock_counts())
        faults_check();
    if (was)
        CHECK_EQ(mitig_put("pti", "on"), 0);
}

static void prices_check(void)
{
    uint64_t null = least(null_once), call = least(call_once);
    SHOWS("X10", "each mitigation has a price in instructions, and none when it is off");
    for (unsigned i = 0; i < NAMES; i++) {
        if (mitig_put(names[i], "on") < 0)
            continue;
        uint64_t null_on = least(null_once), call_on = least(call_once);
        CHECK_EQ(mitig_put(names[i], "off"), 0);
        print("%s: null +%lu, call and reply +%lu instructions\n", names[i],
              (unsigned long)((null_on - null) / ROUNDS),
              (unsigned long)((call_on - call) / ROUNDS));
        CHECK(null_on >= null + ROUNDS && call_on >= call + 2 * ROUNDS);
        CHECK(least(null_once) < null + ROUNDS && least(call_once) < call + ROUNDS);
    }
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 1)
        echo_serve();
    peer = guest_child("echo", 0);
    int zero = (int)file_open("zero:", O_RDONLY);
    CHECK(peer > 0 && zero >= 0);
    CHECK(call_good());
    switches_check(zero);
    isolation_check(zero);
    if (clock_counts())
        prices_check();
    CHECK_EQ(sys_kill((uint32_t)peer, SIGKILL), 0);
    return guest_end("mitig");
}
