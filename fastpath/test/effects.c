/* SPDX-License-Identifier: MIT
 * See effects.h. The ring gets garbage where the next records go, so a record too many or a field
 * left out shows; its end is near as often as not. */
#include "fastpath/test/effects.h"

#include <stdio.h>
#include <string.h>

#include "fastpath/test/world.h"
#include "kernel/core/trace.h"
#include "kernel/hal/init.h"
#include "kernel/hal/mitig.h"

#define NOFLUSH   (1ull << 63)
#define USER_BITS 0x1800ull
#define RECORDS   8u

static struct {
    unsigned pti;
    bool trace, hard, fault;
    uint64_t user_root, traps, cr3_writes, trace_count, mitig_root;
    struct trace_record *next;
} was;

/* What VERW may be given: the data segment of this process. */
static uint16_t data_selector(void)
{
    uint16_t selector;

    __asm__("mov %%ds, %0" : "=r"(selector));
    return selector;
}

static struct trace_record *after_n(unsigned n)
{
    return trace_ring + ((unsigned)(was.next - trace_ring) + n) % TRACE_RING_RECORDS;
}

static uint64_t kernel_root(void)
{
    return was.user_root & ~NOFLUSH & ~USER_BITS;
}

void effects_expect(unsigned variant, bool fault)
{
    struct cpu *cpu = &world.cpu;
    unsigned at = (unsigned)world_random(16);

    was.pti = variant / 2 % 3;
    was.trace = variant % 2;
    was.hard = variant >= 6;
    cpu->mitig = was.hard ? (uint8_t)world_random(16) : 0;
    cpu->mitig_selector = data_selector();
    was.mitig_root = cpu->mitig_root =
        world_random(4) ? world.task[world_random(W_TASKS)].space.exit_root : 0;
    host_switches = 0;
    was.fault = fault;
    was.next = cpu->trace_next = trace_ring + (at < 8 ? TRACE_RING_RECORDS - 1 - at : 100);
    was.traps = cpu->traps = world_random(1u << 20);
    was.cr3_writes = cpu->cr3_writes = world_random(1u << 20);
    was.trace_count = cpu->trace_count = world_random(1u << 20);
    for (unsigned i = 0; was.trace && i < RECORDS; i++)
        memset(after_n(i), 0xEE, sizeof(*was.next));
    was.user_root = world.thread[0].root;
    host_cr3 = fault ? kernel_root() : was.user_root & ~NOFLUSH; /* CR3 does not keep that bit */
    host_roots = host_root_reads = 0;
    host_gs = fault ? ~0ull : 0;
    host_exit = ~0u;
    host_tsc = 0x123456789ABCDEF0ull + world_random(1000);
}

static bool complain(const char *what)
{
    fprintf(stderr, "%s\n", what);
    return false;
}

/* The roots written, in order: the kernel's at entry with isolation; then the next thread's. */
static bool roots_good(bool fast, bool null)
{
    const struct thread *next = world.cpu.current;
    uint64_t kernel = kernel_root() | (was.pti == 2 ? NOFLUSH : 0);
    uint64_t want[2] = {kernel, next->root};
    unsigned count = fast ? 2 : 1;

    if (null && was.pti) /* back to where it came from; PCID keeps its entries */
        want[1] = was.pti == 2 ? was.user_root : was.user_root & ~NOFLUSH;
    if (!was.pti) {
        want[0] = next->root;
        count = fast && next->root != was.user_root;
    }
    if (was.fault) /* the stub had entered the kernel's */
        want[0] = next->root, count = fast && was.pti;
    if (host_roots != count || memcmp(host_root, want, count * sizeof(want[0])))
        return complain("CR3 writes");
    return host_root_reads == (was.pti && !was.fault ? 1 : 0) || complain("CR3 reads");
}

/* What a record of a way in says of the call: all of rax, but where the path has put the number
 * back its upper half is gone. */
static uint64_t call_said(const struct trace_record *record)
{
    if (record->event == EV_ph_slow && record->arg == (uint32_t)host_in.rax)
        return record->arg;
    return record->event == EV_ph_entry || record->event == EV_ph_slow ? host_in.rax : 0;
}

static bool record_good(unsigned n, enum event event, const struct thread *t)
{
    struct trace_record want = {.tsc = host_tsc,
                                .arg = call_said(after_n(n)),
                                .thread = t->slot | (t->tid & TID_SLOT_MASK) << 12,
                                .event = (uint16_t)event};

    return !memcmp(after_n(n), &want, sizeof(want));
}

static bool records_good(bool fast, bool linked, unsigned *count)
{
    const struct thread *caller = &world.thread[0], *next = world.cpu.current;
    const struct thread *who[5] = {caller, caller, next, next, next};
    enum event events[5] = {EV_ph_entry, EV_ph_guards, EV_ph_commit, EV_ph_root, EV_ph_exit};
    struct trace_record untouched;

    *count = fast ? 5 : 2;
    if (!fast)
        events[1] = EV_ph_slow;
    if (host_way == WAY_IRET)
        *count = 1;
    if (fast && linked)
        events[1] = EV_ph_exit, *count = 2;
    for (unsigned i = 0; i < *count; i++)
        if (!record_good(i, events[i], who[i]))
            return complain("trace record");
    memset(&untouched, 0xEE, sizeof(untouched));
    return !memcmp(after_n(*count), &untouched, sizeof(untouched)) || complain("records too many");
}

static bool counters_good(bool fast, bool linked, bool null)
{
    const struct cpu *cpu = &world.cpu;
    unsigned records = 0;

    if (was.trace && !null && !was.fault && !records_good(fast, linked, &records))
        return false;
    bool good = cpu->traps == was.traps + (was.trace && !was.fault) &&
                cpu->cr3_writes == was.cr3_writes + (was.trace && !was.fault ? host_roots : 0) &&
                cpu->trace_count == was.trace_count + records &&
                cpu->trace_next == after_n(records);
    return good || complain("counters");
}

/* One barrier for each change of the space whose predictions the CPU holds, by the hardened
 * variants. */
static bool switch_good(bool fast, bool null, bool linked)
{
    uint64_t root = world.cpu.current->root;
    bool looked = world.cpu.mitig & (MITIG_IBPB | MITIG_RSB) && fast && !null && !linked;
    bool moved = looked && root != was.mitig_root;
    bool good = host_switches == moved && world.cpu.mitig_root == (moved ? root : was.mitig_root);

    return good || complain("the barrier between tasks");
}

bool effects_good(bool fast, bool linked)
{
    bool null = fast && !was.fault && (uint32_t)host_in.rax == SYS_null;
    bool way = was.fault ? host_way == WAY_USER || host_way == WAY_TRAP
                         : host_way == WAY_USER || host_way == WAY_IRET || host_way == WAY_C ||
                               host_way == WAY_MEMORY;
    bool left = host_exit == (host_way == WAY_C || host_way == WAY_MEMORY ? 1u : ~0u);

    if (!way || !left)
        return complain("the way out");
    if (was.fault && fast && !hal_fault_fast)
        return complain("a fault on the path, which is off");
    if (host_gs != (fast ? 0 : ~0ull))
        return complain("GS base");
    return switch_good(fast, null, linked) && roots_good(fast, null) &&
           counters_good(fast, linked, null);
}

void effects_forget(void)
{
    struct cpu *cpu = &world.cpu;

    memset(cpu->scratch, 0, sizeof(cpu->scratch));
    cpu->mitig_root = 0;
    cpu->trace_next = 0;
    cpu->traps = cpu->cr3_writes = cpu->trace_count = 0;
}
