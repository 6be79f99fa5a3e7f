/* SPDX-License-Identifier: MIT
 * core_entry: the kernel's schemes, then the first task. Of the initfs blob the kernel reads the
 * header only: it copies the blob to user address 0x1000 of TID 1 and jumps to the offset that the
 * header names, with an empty stack pointer and every register zero. Everything else the bootstrap
 * does itself. */
#include "kernel/core/blob.h"
#include "kernel/core/calls.h"
#include "kernel/core/counters.h"
#include "kernel/core/irq.h"
#include "kernel/core/limit.h"
#include "kernel/core/memory_service.h"
#include "kernel/core/ranges.h"
#include "kernel/core/sampler.h"
#include "kernel/core/scheme.h"
#include "kernel/core/services.h"
#include "kernel/core/timer.h"
#include "kernel/core/trace.h"
#include "kernel/core/wire.h"
#include "kernel/core/words.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/init.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"

static void must(enum err e, enum boot_exit code, const char *what)
{
    if (e)
        wire_exit(e == T_ENOMEM ? EXIT_MEMORY : code, what);
}

static void schemes_make(void)
{
    static const struct service_ops *const own[] = {
        &root_service,  &debug_service,  &sys_service, &pipe_service, &event_service,
        &trace_service, &memory_service, &irq_service, &time_service, 0};

    ranges_init();
    scheme_init();
    if (words_schemes_off()) { /* messages alone: what the bootstrap prints on is all there is */
        must(scheme_link(&debug_service), EXIT_INIT, "a kernel scheme");
        scheme_refuse();
        return;
    }
    for (const struct service_ops *const *s = own; *s; s++)
        must(scheme_link(*s), EXIT_INIT, "a kernel scheme");
    for (const struct service_ops *const *s = linked_services; *s; s++)
        if (words_place_linked((*s)->name))
            must(scheme_link(*s), EXIT_INIT, "a linked service");
}

static const struct initfs_header *blob(void)
{
    const struct initfs_header *h = page_pointer(hal_boot->initfs_phys);
    uint32_t bad = blob_check(h, hal_boot->initfs_size);

    if (bad)
        wire_exit(bad, 0);
    return h;
}

static void bootstrap_start(const struct initfs_header *h)
{
    const struct task_wish wish = {.slot = TID_BOOTSTRAP, .name = "bootstrap"};
    const struct thread_wish start = {.rip = INITFS_BASE + h->entry_offset};
    struct task *task;
    struct thread *t;

    must(task_create(&wish, &task), EXIT_INIT, "the bootstrap's task");
    /* The one mapping that is writable and executable; the bootstrap takes that away from itself.
     */
    must(space_map(&task->space, INITFS_BASE, h->size, PROT_READ | PROT_WRITE | PROT_EXEC),
         EXIT_INIT, "the bootstrap's memory");
    must(space_copy_out(&task->space, INITFS_BASE, h, h->size), EXIT_INIT, "copying the blob");
    task->priority = PRIORITY_DEFAULT + 4;
    must(task_thread(task, &start, &t), EXIT_INIT, "the bootstrap's thread");
    trace_event(EV_first_user, t->rip, t->rsp);
}

/* The bootstrap has its copy: the blob's frames are free. */
static void blob_release(void)
{
    for (unsigned i = 0; i < hal_boot->range_count; i++)
        if (hal_boot->range[i].type == RANGE_INITFS)
            page_release_range(hal_boot->range[i].base, hal_boot->range[i].size);
}

/* free=KIB: user mode begins with that much memory; the rest stays unused. */
static void memory_limit(void)
{
    char value[12];
    uint64_t kib = 0;

    if (!bootword("free", value, sizeof(value)))
        return;
    for (const char *digit = value; *digit; digit++) {
        if (*digit < '0' || *digit > '9')
            wire_exit(EXIT_CMDLINE, "free=: not a number");
        kib = kib * 10 + (uint64_t)(*digit - '0');
    }
    while (page_free_count() > kib * 1024 / PAGE_SIZE && page_alloc())
        ;
}

/* In a measured boot the machine is calibrated before anything runs. */
static void calibrate(void)
{
    struct wire_calib calib;
    char value[2];

    if (!bootword("bench", value, sizeof(value)))
        return;
    memset(&calib, 0, sizeof(calib));
    hal_calibrate(&calib);
    (void)wire_send(WIRE_CALIB, (const struct wire_part[2]){{&calib, sizeof(calib)}, {0, 0}});
    wire_machine(false);
    counters_begin();
}

/* Who asks for PCID must not get figures without it under another name. A measured boot is perhaps
 * one of many that nobody attends to, and this CPU's other ones go on: it has nothing to do, and
 * that is no failure. */
static void pcid_demand(void)
{
    char value[4], cells[2];

    if (!hal_config.pti || hal_config.pcid || !bootword("pcid", value, sizeof(value)) ||
        memcmp(value, "on", 3))
        return;
    if (!bootword("bench", cells, sizeof(cells)))
        wire_exit(EXIT_INIT, "pcid=on: this CPU lacks PCID or INVPCID");
    klog("pcid=on: this CPU lacks PCID or INVPCID, so nothing is measured\n");
    wire_exit(EXIT_PASS, 0);
}

static void early_events(void)
{
    trace_event(EV_loader_done, hal_boot->tsc_start, 0);
    trace_event(EV_hal_entry, hal_entry_stamp, 0);
    for (unsigned i = 0; i < hal_init_count; i++)
        trace_event(EV_init_step, i, hal_init_stamp[i]);
    trace_event(EV_core_entry, 0, 0);
}

void core_entry(void)
{
    trace_init();
    early_events();
    wire_init();
    words_check(hal_boot->cmdline);
    task_init();
    irq_table_init();
    timer_init();
    limit_begin();
    schemes_make();
    calibrate();
    pcid_demand();
    bootstrap_start(blob());
    blob_release();
    memory_limit();
    sampler_begin();
}
