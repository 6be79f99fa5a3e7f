/* SPDX-License-Identifier: MIT
 * The boot CPU: what it can, its control registers, its own pages and tables, and its system call
 * MSRs. Each bit that a CPU may lack is gated by CPUID: one emulator loops for ever where hardware
 * faults. */
#include "kernel/hal/cpu.h"

#include "kernel/abi/check.h"
#include "kernel/hal/apic.h"
#include "kernel/hal/gdt.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/idt.h"
#include "kernel/hal/init.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/mitig.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/vendor.h"
#include "kernel/hal/x86.h"

#define LEAF_BASIC        0u
#define LEAF_FEATURES     1u
#define LEAF_STRUCTURED   7u
#define LEAF_EXTENDED     0x80000000u
#define LEAF_EXTENDED_1   0x80000001u
#define LEAF_BRAND        0x80000002u
#define LEAF_BRAND_LAST   0x80000004u
#define ECX_PCID          (1u << 17)
#define EBX7_INVPCID      (1u << 10)
#define EDX_TSC           (1u << 4)
#define EDX_MCE           (1u << 7)
#define EBX7_SMEP         (1u << 7)
#define EBX7_SMAP         (1u << 20)
#define ECX7_UMIP         (1u << 2)
#define EDX_LONG          (1u << 29)
#define EDX_NX            (1u << 20)
#define EDX_SYSCALL       (1u << 11)
#define FMASK_ALL_BUT_1   0xFFFFFFFDull /* NT, TF, AC, DF, IF: nothing of the user's is left */
#define STAR_KERNEL_SHIFT 32
#define STAR_USER_SHIFT   48
#define ENTRIES_PER_PATH  6u
#define ENTRIES_HARD      12u

ABI_ASSERT(sizeof(struct cpu) <= 2048, "struct cpu has half a page");
ABI_ASSERT(PERCPU_ENTRY_TOP - PERCPU_CPU == 0x2800, "ENTRY_STACK_FROM_CPU in percpu.inc");

/* fastpath/entry.asm: system call entries by path, isolation and trace; here, the rest. */
extern const uint64_t entry_table[];
extern const char entry_cstar[], __entry_ro_start[], __entry_ro_end[];
extern const char exit_user_off[], exit_user_on[], exit_user_off_trace[], exit_user_on_trace[];
extern const char exit_user_off_hard[], exit_user_on_hard[], exit_user_off_trace_hard[],
    exit_user_on_trace_hard[];
extern uint64_t exit_user;

bool hal_tracing;
static bool local, has_mce;

bool cpu_is_local(void)
{
    return local;
}

uint64_t hal_tsc(void)
{
    return x86_rdtsc();
}

static void identify_names(uint32_t extended_max)
{
    const struct x86_cpuid r = x86_cpuid(LEAF_BASIC, 0);
    const uint32_t vendor[] = {r.ebx, r.edx, r.ecx};
    memcpy(hal_config.vendor, vendor, sizeof(vendor));
    for (uint32_t leaf = LEAF_BRAND; leaf <= LEAF_BRAND_LAST && leaf <= extended_max; leaf++) {
        const struct x86_cpuid part = x86_cpuid(leaf, 0);
        memcpy(hal_config.brand + (leaf - LEAF_BRAND) * sizeof(part), &part, sizeof(part));
    }
}

static void identify_structured(uint32_t basic_max)
{
    if (basic_max < LEAF_STRUCTURED) {
        hal_config.pcid = false;
        return;
    }
    const struct x86_cpuid r = x86_cpuid(LEAF_STRUCTURED, 0);
    hal_config.pcid &= (r.ebx & EBX7_INVPCID) != 0; /* without it nothing could be flushed */
    hal_config.smep = (r.ebx & EBX7_SMEP) != 0;
    hal_config.smap = (r.ebx & EBX7_SMAP) != 0;
    hal_config.umip = (r.ecx & ECX7_UMIP) != 0;
}

bool cpu_identify(void)
{
    const uint32_t need_extended = EDX_LONG | EDX_NX | EDX_SYSCALL;
    const uint32_t basic_max = x86_cpuid(LEAF_BASIC, 0).eax;
    const uint32_t extended_max = x86_cpuid(LEAF_EXTENDED, 0).eax;
    const struct x86_cpuid r = x86_cpuid(LEAF_FEATURES, 0);
    identify_names(extended_max);
    hal_config.signature = r.eax;
    hal_config.pcid = (r.ecx & ECX_PCID) != 0;
    identify_structured(basic_max);
    has_mce = (r.edx & EDX_MCE) != 0;
    const uint32_t extended = x86_cpuid(LEAF_EXTENDED_1, 0).edx;
    if ((r.edx & EDX_TSC) != 0 && (extended & need_extended) == need_extended && apic_present())
        return true;
    klog("cpu: lacks a local APIC, TSC, NX or SYSCALL\n");
    return false;
}

bool cpu_protect(void)
{
    /* EM, MP and TS: every x87, MMX and SSE instruction of ring 3 faults; there is no such state */
    x86_write_cr0(x86_read_cr0() | CR0_WP | CR0_NE | CR0_EM | CR0_MP | CR0_TS);
    uint64_t cr4 = CR4_PAE;
    cr4 |= has_mce ? CR4_MCE : 0;
    cr4 |= hal_config.umip ? CR4_UMIP : 0;
    cr4 |= hal_config.smep ? CR4_SMEP : 0;
    cr4 |= hal_config.smap ? CR4_SMAP : 0;
    /* PCIDE faults unless CR3's low bits are zero: the boot root has PCID 0 */
    cr4 |= hal_config.pcid ? CR4_PCIDE : 0;
    x86_write_cr4(cr4);
    return true;
}

static unsigned isolation(void)
{
    return hal_config.pcid ? 2 : hal_config.pti ? 1 : 0;
}

/* What the paranoid entries find at the top of the stack that ends at `top`. */
static void ist_prepare(uint64_t top, const struct cpu *cpu)
{
    uint64_t *words = (uint64_t *)(top - PERCPU_IST_RESERVE);
    words[0] = (uint64_t)cpu;
    words[1] = cpu->kernel_root;
}

static void cpu_gs_set(struct cpu *cpu)
{
    x86_wrmsr(MSR_GS_BASE, (uint64_t)cpu);
    /* ring 3's stays zero: no call sets it, and trap.asm tells the two apart by their sign */
    x86_wrmsr(MSR_KERNEL_GS_BASE, 0);
    x86_wrmsr(MSR_FS_BASE, 0);
    local = true;
}

bool cpu_local(void)
{
    const uint64_t area = PERCPU_AREA(0);
    struct cpu *cpu = (struct cpu *)(area + PERCPU_CPU);
    if (percpu_map(0) != OK)
        return false;
    gdt_init(0);
    cpu_gs_set(cpu);
    ist_prepare(area + PERCPU_DB_TOP, cpu);
    ist_prepare(area + PERCPU_NMI_TOP, cpu);
    ist_prepare(area + PERCPU_DF_TOP, cpu);
    ist_prepare(area + PERCPU_MC_TOP, cpu);
    idt_fill(isolation());
    idt_load();
    hal_config.microcode = vendor_microcode();
    vendor_fence();
    vendor_halt();
    return paging_protect_ro((vaddr_t)__entry_ro_start, (vaddr_t)__entry_ro_end) == OK;
}

bool hal_fault_fast; /* the assembly delivers page faults to handlers: fastpath/fault.inc */

void hal_entry_select(bool fastpath, bool trace)
{
    const char *const exits[2][2][2] = {
        {{exit_user_off, exit_user_off_trace}, {exit_user_on, exit_user_on_trace}},
        {{exit_user_off_hard, exit_user_off_trace_hard},
         {exit_user_on_hard, exit_user_on_trace_hard}}};
    bool hard = mitig_state.on != 0;
    hal_tracing = trace;
    hal_fault_fast = fastpath && !trace && !hard;
    hal_config.fastpath = fastpath;
    hal_config.trace = trace;
    exit_user = (uint64_t)exits[hard][hal_config.pti][trace];
    x86_wrmsr(MSR_LSTAR, entry_table[(hard ? ENTRIES_HARD : 0) + (fastpath ? ENTRIES_PER_PATH : 0) +
                                     isolation() * 2 + (trace ? 1 : 0)]);
}

enum err hal_isolation_select(bool on)
{
    if (!hal_config.hot)
        return T_EOPNOTSUPP;
    hal_config.pti = on;
    hal_config.pcid = on && hal_config.hot_pcid;
    idt_switch(isolation());
    hal_entry_select(hal_config.fastpath, hal_config.trace);
    return OK;
}

bool cpu_syscall(void)
{
    x86_wrmsr(MSR_EFER, x86_rdmsr(MSR_EFER) | EFER_SCE);
    x86_wrmsr(MSR_STAR, (uint64_t)SEL_KERNEL_CODE << STAR_KERNEL_SHIFT |
                            (uint64_t)(SEL_USER_BASE | 3u) << STAR_USER_SHIFT);
    x86_wrmsr(MSR_CSTAR, (uint64_t)entry_cstar);
    x86_wrmsr(MSR_FMASK, FMASK_ALL_BUT_1);
    x86_wrmsr(MSR_SYSENTER_CS, 0);
    x86_wrmsr(MSR_SYSENTER_ESP, 0);
    x86_wrmsr(MSR_SYSENTER_EIP, 0);
    mitig_init();
    hal_entry_select(hal_config.fastpath, hal_config.trace);
    return true;
}
