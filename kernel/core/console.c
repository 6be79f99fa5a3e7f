/* SPDX-License-Identifier: MIT
 * The kernel schemes at the serial line: `debug:` (text out, bytes in) and `trace:` (frames out,
 * records in). A write to `trace:` is one frame: its type in the first byte, then the body. */
#include "kernel/core/calls.h"
#include "kernel/core/sampler.h"
#include "kernel/core/services.h"
#include "kernel/core/trace.h"
#include "kernel/core/wire.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/uart.h"

#define CHUNK       256u
#define LOOKS_PER_S 100u /* at a port whose interrupt is not known, once somebody reads */

static long any_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)req, (void)path;
    return length ? -T_ENOENT : 0;
}

/* Passes what a writer has on in pieces; the pieces of one call leave together. */
static long debug_write(struct svc *self, struct svc_req *req)
{
    char chunk[CHUNK];
    uint64_t n = req->count < CHUNK ? req->count : CHUNK;
    long e = svc_get(self, req, chunk, n);

    if (e < 0)
        return e;
    klog_bytes(chunk, n);
    return (long)n;
}

/* What was typed and nobody has read yet: it leaves only once a reader has it. */
static char typed[CHUNK];
static uint32_t typed_count;

static void typed_take(void)
{
    for (int byte; typed_count < CHUNK && (byte = uart_get()) >= 0;)
        typed[typed_count++] = (char)byte;
}

static void typed_drop(uint32_t n)
{
    typed_count -= n;
    memmove(typed, typed + n, typed_count);
}

/* Readers that found nothing. A byte's interrupt sends them all to look again. */
static struct list readers = {&readers, &readers};
static struct svc *watched; /* the service, once somebody asked for readiness */

static uint32_t ready(void)
{
    return EVENT_WRITE | (typed_count ? EVENT_READ : 0u);
}

void console_input(void)
{
    while (!list_empty(&readers))
        call_again(list_entry(readers.next, struct thread, link), SYS_read);
    if (!watched)
        return;
    typed_take();
    watched->host->post(watched, 0, ready());
}

struct thread console_alarm;

void console_poll(void)
{
    console_input();
    sched_deadline(&console_alarm, hal_tsc() + hal_config.tsc_hz / LOOKS_PER_S);
}

static void listen(void)
{
    static bool listening;

    if (listening)
        return;
    listening = true;
    uart_listen();
    if (uart_irq() != UART_IRQ_NONE)
        return;
    list_init(&console_alarm.timer);
    sched_deadline(&console_alarm, hal_tsc() + hal_config.tsc_hz / LOOKS_PER_S);
}

static long debug_fevent(struct svc *self, struct svc_req *req)
{
    (void)req;
    watched = self;
    listen();
    typed_take();
    return ready();
}

static long read_later(void)
{
    listen();
    list_push_back(&readers, &cpu_this()->current->link);
    return SVC_PENDING;
}

/* What has been typed; waits for the first byte. */
static long debug_read(struct svc *self, struct svc_req *req)
{
    typed_take();
    if (!typed_count && req->count)
        return req->flags & SVC_REQ_NONBLOCK ? -T_EAGAIN : read_later();
    uint32_t n = req->count < typed_count ? (uint32_t)req->count : typed_count;
    long e = svc_put(self, req, typed, n);
    if (e < 0)
        return e;
    typed_drop(n);
    if (watched)
        self->host->post(self, 0, ready());
    return (long)n;
}

const struct service_ops debug_service = {.name = "debug",
                                          .open = any_open,
                                          .read = debug_read,
                                          .write = debug_write,
                                          .fevent = debug_fevent};

static long trace_write(struct svc *self, struct svc_req *req)
{
    static uint8_t body[1 + WIRE_BODY_MAX];

    if (req->level)
        return -T_EACCES;
    if (req->count < 1 || req->count > sizeof(body))
        return -T_EINVAL;
    long e = svc_get(self, req, body, req->count);
    if (e < 0)
        return e;
    const struct wire_part parts[2] = {{body + 1, req->count - 1}, {0, 0}};
    sampler_send();
    return wire_send(body[0], parts) ? (long)req->count : -T_EINVAL;
}

static long trace_read(struct svc *self, struct svc_req *req)
{
    static struct trace_record records[32];
    uint64_t max = req->count / sizeof(records[0]);

    if (req->level)
        return -T_EACCES;
    if (!max)
        return -T_EINVAL;
    uint64_t n = trace_drain(records, max < 32 ? max : 32) * sizeof(records[0]);
    long e = svc_put(self, req, records, n);
    return e < 0 ? e : (long)n;
}

const struct service_ops trace_service = {
    .name = "trace", .open = any_open, .read = trace_read, .write = trace_write};
