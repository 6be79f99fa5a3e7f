/* SPDX-License-Identifier: MIT
 * What the twin needs of the machine beside the scheduler: nothing that a call on the fast path may
 * use. Of memory there are two pages a task (world.h), seen anew at each access; the clock stands
 * still, a panic ends the test. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fastpath/test/world.h"
#include "kernel/core/services.h"
#include "kernel/hal/apic.h"
#include "kernel/hal/audit.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/screen.h"
#include "kernel/hal/trap.h"
#include "kernel/hal/uart.h"
#include "kernel/hal/x86.h"

uint64_t direct_base, page_kept_count;
char *mock_windows;
struct hal_config hal_config = {.tsc_hz = 1000000};
bool hal_fault_fast;

struct cpu *cpu_this(void)
{
    return &world.cpu;
}

void panic(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    exit(3);
}

void klog(const char *format, ...)
{
    (void)format;
}

void klog_bytes(const char *bytes, uint64_t count)
{
    (void)bytes, (void)count;
}

void screen_give(void)
{
}

void hal_exit(enum boot_exit code, const char *message)
{
    panic("exit %d: %s", code, message);
}

uint64_t hal_tsc(void)
{
    return 1000;
}

uint64_t x86_rdtsc(void)
{
    return 1000;
}

void x86_wrmsr(uint32_t msr, uint64_t value)
{
    panic("wrmsr %x %lx", msr, (unsigned long)value);
}

void x86_write_cr8(uint64_t value)
{
    panic("cr8 %lx", (unsigned long)value);
}

void x86_idle(void)
{
    panic("idle");
}

static void arm(uint64_t tsc)
{
    (void)tsc;
}

void (*timer_arm)(uint64_t tsc) = arm;

void debug_watch(uint64_t address)
{
    (void)address;
}

struct thread console_alarm;

void console_input(void)
{
}

void console_poll(void)
{
}

unsigned uart_irq(void)
{
    return 4;
}

enum err paging_map(vaddr_t at, paddr_t frame, unsigned prot)
{
    (void)at, (void)frame, (void)prot;
    return T_ENOMEM;
}

paddr_t paging_unmap(vaddr_t at)
{
    (void)at;
    return 0;
}
bool page_fails;
uint64_t page_allocs;

const struct bootinfo *hal_boot;

paddr_t page_alloc(void)
{
    return 0;
}

void page_ref(paddr_t page)
{
    (void)page;
}

uint64_t page_total_count(void)
{
    return 0;
}

void page_unref(paddr_t page)
{
    (void)page;
}

unsigned page_refs(paddr_t page)
{
    (void)page;
    return 0;
}

const struct service_ops *const linked_services[] = {0};

enum err space_init(struct space *s)
{
    (void)s;
    return T_ENOMEM;
}

void space_destroy(struct space *s)
{
    (void)s;
}

enum err space_map(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot)
{
    (void)s, (void)va, (void)bytes, (void)prot;
    return T_ENOMEM;
}

enum err space_map_lazy(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot)
{
    (void)s, (void)va, (void)bytes, (void)prot;
    return T_ENOMEM;
}

enum err space_fill(const struct space *s, vaddr_t va, unsigned prot)
{
    (void)s, (void)va, (void)prot;
    return T_EFAULT;
}

enum err space_map_frame(struct space *s, vaddr_t va, const struct page_grant *grant)
{
    (void)s, (void)va, (void)grant;
    return T_ENOMEM;
}

uint64_t space_leaf(const struct space *s, vaddr_t va, bool user_root)
{
    (void)s, (void)va, (void)user_root;
    return 0;
}

struct audit audit_kernel_half(const struct space *s)
{
    (void)s;
    return (struct audit){0};
}

uint64_t page_free_count(void)
{
    return 0;
}

enum err space_find(struct space *s, uint64_t bytes, vaddr_t *va)
{
    (void)s, (void)bytes, (void)va;
    return T_ENOMEM;
}

enum err space_share(const struct share *share)
{
    (void)share;
    return T_EFAULT;
}

enum err space_protect(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot)
{
    (void)s, (void)va, (void)bytes, (void)prot;
    return T_EFAULT;
}

enum err space_unmap(struct space *s, vaddr_t va, uint64_t bytes)
{
    (void)s, (void)va, (void)bytes;
    return T_EINVAL;
}

void *space_pointer(const struct space *s, vaddr_t va, unsigned prot)
{
    for (unsigned i = 0; i < W_TASKS; i++) {
        struct memory *memory = &world.memory[i];
        uint64_t at = va - W_MEMORY, page = at / PAGE_SIZE;
        if (s == &world.task[i].space && at < W_MEMORY_BYTES && !(prot & ~memory->prot[page]))
            return &memory->byte[page][at % W_PAGE_KEPT];
    }
    return 0;
}

enum err space_copy_in_pages(const struct space *s, void *to, vaddr_t from, uint64_t bytes)
{
    (void)s, (void)to, (void)from, (void)bytes;
    return T_EFAULT;
}

enum err space_copy_out_pages(const struct space *s, vaddr_t to, const void *from, uint64_t bytes)
{
    (void)s, (void)to, (void)from, (void)bytes;
    return T_EFAULT;
}

enum err space_copy(const struct space_copy *copy)
{
    for (uint64_t i = 0; i < copy->bytes; i++) {
        char *to = space_pointer(copy->dst, copy->to + i, PROT_WRITE);
        const char *from = space_pointer(copy->src, copy->from + i, PROT_READ);
        if (!to || !from)
            return T_EFAULT;
        *to = *from;
    }
    return OK;
}

bool user_range(vaddr_t a, uint64_t bytes)
{
    return a < USER_END && bytes <= USER_END - a;
}
