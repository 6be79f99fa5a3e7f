/* SPDX-License-Identifier: MIT
 * See trace.h. Writers only move cpu->trace_next and count; the reader knows from the count what it
 * has not seen yet and how much of that was overwritten. */
#include "kernel/core/trace.h"

#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"

struct trace_record trace_ring[TRACE_RING_RECORDS] __attribute__((aligned(4096)));
static uint64_t drained; /* records ever taken or forgotten */
static uint64_t lost;

void trace_init(void)
{
    struct cpu *cpu = cpu_this();

    cpu->trace_next = trace_ring;
    cpu->trace_count = 0;
}

void trace_event(enum event event, uint64_t arg, uint64_t aux)
{
    struct cpu *cpu = cpu_this();
    struct thread *t = cpu->current;
    bool nobody = t == &thread_none || !t->task;

    *cpu->trace_next = (struct trace_record){
        .tsc = hal_tsc(),
        .arg = arg,
        .aux = aux,
        .thread = nobody ? ~0u : t->slot | (t->tid & TID_SLOT_MASK) << 12,
        .event = (uint16_t)event,
        .cpu = (uint8_t)cpu->index,
    };
    if (++cpu->trace_next == trace_ring_end)
        cpu->trace_next = trace_ring;
    cpu->trace_count++;
}

uint64_t trace_drain(struct trace_record *to, uint64_t max)
{
    const struct cpu *cpu = cpu_this();
    uint64_t waiting = cpu->trace_count - drained, n;

    if (waiting > TRACE_RING_RECORDS) {
        lost += waiting - TRACE_RING_RECORDS;
        drained += waiting - TRACE_RING_RECORDS;
        waiting = TRACE_RING_RECORDS;
    }
    uint64_t next = (uint64_t)(cpu->trace_next - trace_ring);
    uint64_t first = (next + TRACE_RING_RECORDS - waiting) % TRACE_RING_RECORDS;
    for (n = 0; n < waiting && n < max; n++)
        to[n] = trace_ring[(first + n) % TRACE_RING_RECORDS];
    drained += n;
    return n;
}

void trace_clear(void)
{
    drained = cpu_this()->trace_count;
}

uint64_t trace_lost(void)
{
    return lost;
}
