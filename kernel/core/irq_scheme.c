/* SPDX-License-Identifier: MIT
 * `irq:`, interrupts as files. `irq:` itself lists the lines, as sys:irq does. `irq:N` waits for
 * interrupts of line N, `irq:soft` of the line that a write to it raises; opened only for writing
 * it is no party to the line. `irq:pit` is a source to try things with: a number written to it
 * makes line 0 come so often in a second, until it is closed. All but the list want the right. */
#include "kernel/core/irq.h"
#include "kernel/core/services.h"
#include "kernel/core/snapshot.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/mem.h"

/* Handles that are no attachment's: those have a generation above their lowest byte. */
#define HANDLE_RAISE 0u
#define HANDLE_PIT   1u
#define HANDLE_LIST  0xFFu /* the lowest byte, which no line is; the rest is a snapshot's */
#define WORD_MAX     7u

static bool pit_open;
static struct svc *service; /* once somebody asked for readiness */

void irq_file_post(uint64_t handle, uint32_t ready)
{
    service->host->post(service, handle, ready);
}

static bool is_list(uint64_t handle)
{
    return (handle & 0xFF) == HANDLE_LIST;
}

static long list_open(void)
{
    long snapshot = snapshot_make(0, report_irq);

    return snapshot < 0 ? snapshot : snapshot << 8 | HANDLE_LIST;
}

/* Decimal digits and nothing else. */
static long number_read(const char *text, uint64_t length)
{
    long value = 0;

    for (uint64_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || i == WORD_MAX)
            return -T_EINVAL;
        value = value * 10 + (text[i] - '0');
    }
    return length ? value : -T_EINVAL;
}

static long pit_take(void)
{
    if (pit_open)
        return -T_EBUSY;
    pit_open = true;
    return HANDLE_PIT;
}

static long irq_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self;
    const struct task *task = cpu_this()->current->task;
    const bool soft = length == 4 && !memcmp(path, "soft", 4);

    if (!length)
        return list_open();
    if (!irq_may(task))
        return -T_EPERM;
    if (length == 3 && !memcmp(path, "pit", 3))
        return pit_take();
    if (soft && !(req->words[0] & O_RDONLY))
        return HANDLE_RAISE;
    long line = soft ? (long)IRQ_SOFT : number_read(path, length);
    if (line < 0 || (!soft && line >= (long)IRQ_LINES))
        return line < 0 ? -T_ENOENT : -T_ENODEV;
    return irq_file_open(task, (unsigned)line);
}

static long irq_close(struct svc *self, struct svc_req *req)
{
    if (req->handle == HANDLE_PIT) {
        irq_clock(0);
        pit_open = false;
    } else if (is_list(req->handle)) {
        req->handle >>= 8;
        return snapshot_close(self, req);
    } else {
        irq_file_close(req->handle);
    }
    return 0;
}

static long list_read(struct svc *self, struct svc_req *req)
{
    req->handle >>= 8;
    return snapshot_read(self, req);
}

static long irq_read(struct svc *self, struct svc_req *req)
{
    struct irq_record record;

    if (is_list(req->handle))
        return list_read(self, req);
    if (req->handle <= HANDLE_PIT)
        return -T_EBADF;
    if (req->count < sizeof(record))
        return -T_EINVAL;
    long line = irq_file_take(req->handle, !(req->flags & SVC_REQ_NONBLOCK));
    if (line < 0)
        return line;
    irq_record((unsigned)line, &record);
    long e = svc_put(self, req, &record, sizeof(record));
    return e < 0 ? e : (long)sizeof(record);
}

static long irq_write(struct svc *self, struct svc_req *req)
{
    char word[WORD_MAX + 1];
    const uint64_t n = req->count < WORD_MAX ? req->count : WORD_MAX;

    if (req->handle != HANDLE_PIT && !is_list(req->handle)) {
        if (req->handle != HANDLE_RAISE && !irq_file_soft(req->handle))
            return -T_EBADF;
        irq_raise_soft();
        return (long)req->count;
    }
    if (req->handle != HANDLE_PIT)
        return -T_EBADF;
    long e = svc_get(self, req, word, n);
    long hz = e < 0 ? e : number_read(word, n);
    if (hz < 0)
        return hz;
    irq_clock((unsigned)hz);
    return (long)n;
}

/* FCALL_SERVICE: the record of IRQ_SOFT, without waiting: W1 count, W2 taken, W3 raised. */
static long irq_fcall(struct svc *self, struct svc_req *req)
{
    struct irq_record record;

    (void)self;
    if (req->count != FCALL_SERVICE)
        return -T_EOPNOTSUPP;
    irq_record(IRQ_SOFT, &record);
    req->words[0] = record.count;
    req->words[1] = record.taken;
    req->words[2] = record.raised;
    return 0;
}

/* The files that wait for interrupts. A line that is level triggered stays masked until its last
 * interrupt is acknowledged, by the next read: who polls reads until EAGAIN. */
static long irq_fevent(struct svc *self, struct svc_req *req)
{
    service = self;
    return req->handle <= HANDLE_PIT || is_list(req->handle) ? -T_EOPNOTSUPP
                                                             : irq_file_watch(req->handle);
}

const struct service_ops irq_service = {.name = "irq",
                                        .open = irq_open,
                                        .close = irq_close,
                                        .read = irq_read,
                                        .write = irq_write,
                                        .fcall = irq_fcall,
                                        .fevent = irq_fevent};
