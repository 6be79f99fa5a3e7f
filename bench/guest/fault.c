/* SPDX-License-Identifier: MIT
 * The cell "fault": see fault.asm. One sample is the time from one entry of the handler to the
 * next; so is what the event counters count, as the faults of a pass less one fault. Invariant: the
 * handler stands only while the cell is measured, and the page is open outside of faults_make. */
#include "bench/guest/bench.h"
#include "servers/lib/syscall.h"

#define PAGE          4096u
#define STACK_BYTES   4096u
#define FAULTS_A_TIME 1024u

void fault_handler(void);
void fault_touch(const void *page);
extern uint64_t *fault_next;
extern uint64_t fault_left;
extern void *fault_page;

static unsigned char page[PAGE] __attribute__((aligned(4096)));
static unsigned char stack[STACK_BYTES] __attribute__((aligned(16)));
static uint64_t stamps[FAULTS_A_TIME + 1];
_Static_assert(PASS_CALLS <= FAULTS_A_TIME, "a piece of the counters' pass");

/* Under a clock that counts instructions the recording ones are taken off, and the empty region,
 * which is taken off every sample, is put on. */
long fault_set_up(struct work *w)
{
    if (machine.counts)
        w->adjust = (int64_t)machine.empty - (int64_t)fault_record;
    w->region.turns = 1;
    fault_page = page;
    return sys_taskctl(
        0, TASK_FAULT,
        (struct taskctl){.a = (uint64_t)fault_handler, .b = (uint64_t)(stack + sizeof(stack))});
}

void fault_tear_down(void)
{
    sys_taskctl(0, TASK_FAULT, (struct taskctl){.a = 0});
}

/* n faults from the first stamp to the last, and the last one's end, in which the page opens. */
static long faults_make(uint64_t n)
{
    long error = sys_mprotect((uint64_t)page, PAGE, PROT_NONE);
    if (error < 0)
        return error;
    fault_next = stamps;
    fault_left = n + 1;
    fault_touch(page);
    return 0;
}

static long faults_take(struct span *to, unsigned n)
{
    long error = faults_make(n);
    for (unsigned i = 0; i < n && error >= 0; i++)
        to[i] = (struct span){stamps[i], stamps[i + 1]};
    return error;
}

/* No samples cost what some cost besides them: the page is closed, and opened by one fault. */
long fault_run(struct work *w, struct span *to, unsigned n)
{
    (void)w;
    for (;;) {
        unsigned piece = n < FAULTS_A_TIME ? n : FAULTS_A_TIME;
        long error = faults_take(to, piece);
        n -= piece;
        to += piece;
        if (error < 0 || n == 0)
            return error;
    }
}

long fault_piece(struct work *w, uint64_t calls, struct span *ticks)
{
    (void)w;
    long error = faults_make(calls);
    *ticks = (struct span){stamps[0], stamps[calls]};
    return error;
}

long fault_none(struct work *w, uint64_t calls, struct span *ticks)
{
    (void)calls;
    return fault_piece(w, 0, ticks);
}
