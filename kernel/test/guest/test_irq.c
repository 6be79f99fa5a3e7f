/* SPDX-License-Identifier: MIT
 * Interrupts in user space: who may attach to what, the ways by notification and by a waiting
 * thread, over IRQ_SOFT, which is the same on every machine, and over the PIT, and what becomes of
 * a dead task's lines. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/irqs.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define ATTACHMENTS 32u
#define ABSENT      2u /* the cascade */
#define CONSOLE     4u
#define ROUNDS      12u

/* ---- T29: attach ---- */

static void attach_errors(void)
{
    const struct attach bits = {.argument = IRQS_BITS};
    const struct attach code = {.argument = (uint64_t)irqs_handler, .stack = irqs_stack};

    SHOWS("T29", "attach refuses absent lines, bad types, bad pages, what is taken");
    CHECK_EQ(sys_attach(ABSENT, AT_NOTIFY, bits), -T_ENODEV);
    CHECK_EQ(sys_attach(IRQ_SOFT + 1, AT_NOTIFY, bits), -T_ENODEV);
    CHECK_EQ(sys_attach(1ull << 32, AT_NOTIFY, bits), -T_ENODEV);
    CHECK_EQ(sys_attach(CONSOLE, AT_NOTIFY, bits), -T_EBUSY);
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME + 1, bits), -T_EINVAL);
    CHECK_EQ(sys_attach(IRQ_SOFT, 1ull << 32, bits), -T_EINVAL);
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_NOTIFY, (struct attach){0, 0, 0}), -T_EINVAL);
    struct attach bad = code;
    bad.argument = 8;
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME, bad), -T_EFAULT);
    bad.argument = 0xFFFF800000000000ull;
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME, bad), -T_EFAULT);
    bad.argument = irqs_stack - 64; /* not executable */
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME, bad), -T_EFAULT);
    bad = code;
    bad.stack -= 8;
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME, bad), -T_EFAULT);
    bad.stack = 16;
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME, bad), -T_EFAULT);
    bad.stack = ((uint64_t)irqs_handler & ~15ull) + 16; /* not writable */
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME, bad), -T_EFAULT);
    bad = code;
    bad.budget_ns = IRQ_BUDGET_MIN_NS - 1;
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME, bad), -T_EINVAL);
    bad.budget_ns = IRQ_BUDGET_MAX_NS + 1;
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_REALTIME, bad), -T_EINVAL);
    CHECK_EQ(irqs_number("attachments"), 0);
}

static void attach_sharing(void)
{
    const struct attach bits = {.argument = IRQS_BITS};
    long handles[ATTACHMENTS + 1];
    unsigned n = 0;

    SHOWS("T29", "AT_NOTIFY alone shares a line; the table is bounded; handles go stale");
    long a = sys_attach(IRQ_SOFT, AT_NOTIFY, bits), b = sys_attach(IRQ_SOFT, AT_NOTIFY, bits);
    CHECK(a > 0 && b > 0 && a != b);
    CHECK_EQ(sys_attach(IRQ_SOFT, AT_THREAD, bits), -T_EBUSY);
    CHECK_EQ(irqs_realtime(IRQ_SOFT, IRQS_HANDLER, 0), -T_EBUSY);
    CHECK_EQ(file_open("irq:soft", O_RDONLY), -T_EBUSY);
    CHECK_EQ(sys_detach((uint64_t)a), 0);
    CHECK_EQ(sys_detach((uint64_t)a), 0); /* idempotent */
    CHECK_EQ(sys_irq_done((uint64_t)a), -T_EBADF);
    CHECK_EQ(sys_detach((uint64_t)a + 0x100), -T_EBADF); /* never given */
    CHECK_EQ(sys_detach(ATTACHMENTS), -T_EBADF);
    CHECK_EQ(sys_detach(~0ull), -T_EBADF);
    CHECK_EQ(sys_detach((uint64_t)b), 0);
    b = sys_attach(IRQ_SOFT, AT_NOTIFY, bits); /* where a was */
    CHECK(b > 0 && b != a);
    CHECK_EQ(sys_irq_done((uint64_t)a), -T_EBADF);
    CHECK_EQ(sys_detach((uint64_t)a), 0);
    CHECK_EQ(sys_irq_done((uint64_t)b), 0);
    CHECK_EQ(sys_detach((uint64_t)b), 0);
    for (unsigned type = AT_THREAD; type <= AT_REALTIME; type++) {
        const struct attach x = {(uint64_t)irqs_handler, irqs_stack, 0};
        a = sys_attach(IRQ_SOFT, type, x);
        CHECK(a > 0);
        CHECK_EQ(sys_attach(IRQ_SOFT, AT_NOTIFY, bits), -T_EBUSY);
        CHECK_EQ(sys_detach((uint64_t)a), 0);
    }
    while (n <= ATTACHMENTS && (handles[n] = sys_attach(IRQ_SOFT, AT_NOTIFY, bits)) > 0)
        n++;
    CHECK_EQ(n, ATTACHMENTS);
    CHECK_EQ(handles[n], -T_EMFILE);
    while (n)
        CHECK_EQ(sys_detach((uint64_t)handles[--n]), 0);
    CHECK_EQ(irqs_number("attachments"), 0);
}

/* ---- the ways ---- */

static void notify_way(void)
{
    SHOWS("T29,T30", "AT_NOTIFY: bits come; who does not acknowledge gets no more, and loses none");
    long a = sys_attach(IRQ_SOFT, AT_NOTIFY, (struct attach){.argument = IRQS_BITS});
    irqs_raise();
    CHECK_EQ(irqs_bits(), IRQS_BITS);
    irqs_raise();
    CHECK_EQ(irqs_bits(), 0);
    CHECK(sysfile_number("sys:irq", "line 24 edge masked") >= -1);
    long count = irqs_number("line 24 edge masked count");
    irqs_raise(); /* held back: the line is masked */
    irqs_raise();
    CHECK_EQ(irqs_number("line 24 edge masked count"), count);
    CHECK_EQ(sys_irq_done((uint64_t)a), 2);
    CHECK_EQ(irqs_bits(), IRQS_BITS); /* the one that was held back */
    CHECK_EQ(sys_irq_done((uint64_t)a), 1);
    CHECK_EQ(sys_irq_done((uint64_t)a), 0);
    long b = sys_attach(IRQ_SOFT, AT_NOTIFY, (struct attach){.argument = 1});
    for (unsigned i = 0; i < 10; i++) { /* a never acknowledges: b is served */
        irqs_raise();
        CHECK_EQ(irqs_bits(), i ? 1 : IRQS_BITS | 1);
        CHECK_EQ(sys_irq_done((uint64_t)b), 1);
    }
    CHECK_EQ(sys_irq_done((uint64_t)a), 10);
    CHECK_EQ(sys_detach((uint64_t)a), 0);
    CHECK_EQ(sys_detach((uint64_t)b), 0);
    CHECK_EQ(irqs_number("attachments"), 0);
}

static volatile long waited[64];
static volatile unsigned waits;
static volatile bool waiter_gone;

static void waiter(uint64_t own)
{
    long n;

    do {
        n = sys_irq_done(own);
        waited[waits++ % 64] = n;
    } while (n > 0);
    waiter_gone = true;
    for (;;)
        sys_sleep(~0ull);
}

static int child_thread(void)
{
    long a = sys_attach(IRQ_SOFT, AT_THREAD, (struct attach){0, 0, 0});
    CHECK(a > 0);
    sys_taskctl(0, TASK_PRIORITY, (struct taskctl){.a = PRIORITY_DEFAULT - 1});
    CHECK(guest_thread(waiter, (uint64_t)a) > 0); /* above: it runs at once */
    CHECK_EQ(sys_irq_done((uint64_t)a), -T_EBUSY);
    for (unsigned i = 0; i < 20; i++) {
        irqs_raise();
        CHECK_EQ(waits, i + 1);
        CHECK_EQ(waited[i], 1);
    }
    CHECK_EQ(sys_detach((uint64_t)a), 0); /* ends the wait */
    CHECK(waiter_gone);
    CHECK_EQ(waited[20], -T_EBADF);
    a = sys_attach(IRQ_SOFT, AT_THREAD, (struct attach){0, 0, 0});
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 30 * MS});
    CHECK_EQ(sys_irq_done((uint64_t)a), -T_ETIMEDOUT);
    irqs_raise();
    irqs_raise();
    irqs_raise(); /* the line is masked by now */
    CHECK_EQ(sys_irq_done((uint64_t)a), 2);
    CHECK_EQ(sys_irq_done((uint64_t)a), 1);
    CHECK_EQ(sys_irq_done((uint64_t)a), -T_ETIMEDOUT);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){0, 0, 0, 0});
    sys_taskctl(0, TASK_PRIORITY, (struct taskctl){.a = PRIORITY_DEFAULT});
    CHECK_EQ(sys_detach((uint64_t)a), 0);
    return guest_failed() != 0;
}

/* ---- a device: the PIT on line 0 ---- */

static void pit_files(void)
{
    struct irq_record a = {0}, b = {0};
    bool holdable = sysfile_line("sys:irq", "controller apic");

    SHOWS("V17,T29", "irq:N waits for the interrupts of a device, as AT_NOTIFY and AT_THREAD do");
    long fd = file_open("irq:0", O_RDONLY), pit = irqs_pit("1000");
    CHECK(fd >= 0);
    CHECK_EQ(file_open("irq:pit", O_WRONLY), -T_EBUSY);
    CHECK_EQ(file_read((int)fd, &a, sizeof(a)), (long)sizeof(a));
    uint64_t start = sys_clock(CLOCK_NS);
    for (unsigned i = 0; i < 20; i++) {
        CHECK_EQ(file_read((int)fd, &b, sizeof(b)), (long)sizeof(b));
        CHECK(b.count > a.count && b.taken > a.taken);
        a = b;
    }
    uint64_t took = sys_clock(CLOCK_NS) - start;
    CHECK(took > 5 * MS);
    CHECK_EQ(file_read((int)fd, &b, sizeof(b) - 1), -T_EINVAL);
    CHECK_EQ(file_write((int)fd, "1", 1), -T_EBADF);
    CHECK_EQ(file_close((int)fd), 0);
    long h = sys_attach(IRQS_PIT_LINE, AT_THREAD, (struct attach){0, 0, 0});
    for (unsigned i = 0; i < 5; i++)
        CHECK(sys_irq_done((uint64_t)h) > 0);
    CHECK_EQ(sys_detach((uint64_t)h), 0);
    h = sys_attach(IRQS_PIT_LINE, AT_NOTIFY, (struct attach){.argument = IRQS_BITS});
    for (unsigned i = 0; i < 5; i++) {
        sys_wait();
        CHECK_EQ(irqs_bits(), IRQS_BITS);
        CHECK(sys_irq_done((uint64_t)h) > 0);
    }
    CHECK_EQ(sys_detach((uint64_t)h), 0);
    irqs_bits(); /* of one that came before the detach */
    if (!holdable)
        CHECK_EQ(irqs_realtime(IRQS_PIT_LINE, IRQS_HANDLER, 0), -T_ENODEV);
    CHECK_EQ(file_close((int)pit), 0);
}

static void files(void)
{
    struct irq_record r;
    uint64_t words[5] = {0};

    SHOWS("V17",
          "irq:soft is raised by a write and read like any line; what is no line is refused");
    CHECK_EQ(file_open("irq:24", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_open("irq:2", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_open("irq:4", O_RDONLY), -T_EBUSY);
    CHECK_EQ(file_open("irq:-1", O_RDONLY), -T_ENOENT);
    CHECK_EQ(file_open("irq:99999999999999999999", O_RDONLY), -T_ENOENT);
    CHECK_EQ(file_open("irq:softer", O_RDONLY), -T_ENOENT);
    long fd = file_open("irq:soft", O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQ(file_write((int)fd, "!", 1), 1);
    CHECK_EQ(file_read((int)fd, &r, sizeof(r)), (long)sizeof(r));
    CHECK(r.raised && r.taken > r.raised);
    CHECK_EQ(file_call(irqs_soft, FCALL_SERVICE, words), 0);
    CHECK(words[0] == r.count && words[1] == r.taken && words[2] == r.raised);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = MS});
    CHECK_EQ(file_read((int)fd, &r, sizeof(r)), -T_ETIMEDOUT);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){0, 0, 0, 0});
    CHECK_EQ(file_close((int)fd), 0);
    fd = file_open("irq:", O_RDONLY);
    char text[16];
    CHECK_EQ(file_read((int)fd, text, 11), 11);
    CHECK(!memcmp(text, "controller ", 11));
    CHECK_EQ(file_write((int)fd, "1", 1), -T_EBADF);
    CHECK_EQ(file_close((int)fd), 0);
}

static void events(void)
{
    struct irq_record r;
    struct event_record e;

    SHOWS("V30", "a file of irq: is ready from an interrupt until it is read");
    int queue = (int)file_open("event:", O_RDONLY | O_NONBLOCK);
    int fd = (int)file_open("irq:soft", O_RDWR | O_NONBLOCK);
    CHECK_EQ(sys_fevent(queue, fd, EVENT_READ, 5), 0);
    CHECK_EQ(file_read(queue, &e, sizeof(e)), -T_EAGAIN);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(file_write(fd, "!", 1), 1);
        CHECK_EQ(file_read(queue, &e, sizeof(e)), (long)sizeof(e));
        CHECK(e.data == 5 && e.fd == (uint32_t)fd && e.mask == EVENT_READ);
        CHECK_EQ(file_read(fd, &r, sizeof(r)), (long)sizeof(r));
        CHECK_EQ(file_read(queue, &e, sizeof(e)), -T_EAGAIN);
    }
    CHECK_EQ(file_read(fd, &r, sizeof(r)), -T_EAGAIN);
    CHECK_EQ(file_write(fd, "!", 1), 1);
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(file_read(queue, &e, sizeof(e)), -T_EAGAIN);
    fd = (int)file_open("irq:", O_RDONLY);
    CHECK_EQ(sys_fevent(queue, fd, EVENT_READ, 5), -T_EOPNOTSUPP);
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(file_close(queue), 0);
}

/* ---- T31, T37: children ---- */

static int child_hold(void)
{
    if (sys_attach(IRQS_PIT_LINE, AT_NOTIFY, (struct attach){.argument = IRQS_BITS}) <= 0)
        return 1;
    if (irqs_realtime(IRQ_SOFT, IRQS_HANDLER, 0) <= 0)
        return 2;
    sys_notify((uint32_t)sys_self(SELF_PARENT), 1);
    for (;;)
        sys_sleep(~0ull);
}

static void killed(void)
{
    SHOWS("T31", "a killed task's lines are masked, nothing stray comes, they are free again");
    long pit = irqs_pit("1000");
    for (unsigned i = 0; i < 3; i++) {
        long tid = guest_child("hold", 0);
        sys_wait();
        CHECK_EQ(irqs_bits(), 1);
        CHECK_EQ(irqs_number("attachments"), 2);
        CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
        guest_wait(tid);
        CHECK_EQ(irqs_number("attachments"), 0);
        long count = irqs_number("line 0 edge masked count"), stray = irqs_number("stray");
        CHECK(count >= 0);
        CHECK(irqs_number("line 24 edge masked count") >= 0);
        clock_nap(5 * MS);
        CHECK(irqs_number("line 0 edge masked count") <= count + 1); /* one was under way at most */
        CHECK(irqs_number("stray") <= stray + 1);
        irqs_raise(); /* nobody hears it */
    }
    CHECK_EQ(file_close((int)pit), 0);
}

static int child_lowly(void)
{
    bool good = !sys_taskctl(0, TASK_LEVEL, (struct taskctl){.a = 1});

    good &= sys_attach(IRQ_SOFT, AT_NOTIFY, (struct attach){.argument = IRQS_BITS}) == -T_EPERM;
    good &= sys_attach(ABSENT, AT_NOTIFY, (struct attach){.argument = IRQS_BITS}) == -T_EPERM;
    good &= file_open("irq:0", O_RDONLY) == -T_EPERM;
    good &= file_open("irq:soft", O_WRONLY) == -T_EPERM;
    good &= file_open("irq:pit", O_WRONLY) == -T_EPERM;
    good &= file_open("irq:", O_RDONLY) >= 0;
    return !good;
}

static void thread_way(void)
{
    SHOWS("T29,T30", "AT_THREAD: a thread waits in irq_done and wakes at each interrupt");
    CHECK_EQ(guest_wait(guest_child("thread", 0)), 0); /* it ends with its threads */
}

static volatile bool dropped;

static void dropper(uint64_t ns)
{
    sys_sleep(sys_clock(CLOCK_NS) + ns);
    sys_taskctl(0, TASK_LEVEL, (struct taskctl){.a = 1});
    dropped = true;
    for (;;)
        sys_sleep(~0ull);
}

/* Attaches and detaches without end, until the right is gone: from then on never again. */
static int child_storm(uint64_t us)
{
    unsigned good = 0, bad = 0;

    guest_thread(dropper, us * 1000);
    for (unsigned after = 0; after < 1000;) {
        bool late = dropped;
        long a = sys_attach(IRQ_SOFT, AT_NOTIFY, (struct attach){.argument = IRQS_BITS});
        if (a > 0 && (late || bad))
            return 1; /* it was given what it had no right to any more */
        if (a < 0 && a != -T_EPERM)
            return 2;
        if (a > 0 && sys_detach((uint64_t)a))
            return 3;
        good += a > 0;
        bad += a < 0;
        after += bad != 0;
    }
    return sys_self(SELF_LEVEL) == 1 && good && bad ? 0 : 4;
}

static void rights(void)
{
    SHOWS("T29,T37", "EPERM without the right; a storm of attaches while another thread drops it");
    CHECK_EQ(guest_wait(guest_child("lowly", 0)), 0);
    for (unsigned i = 1; i <= ROUNDS; i++)
        CHECK_EQ(guest_wait(guest_child("storm", i * 700)), 0);
    CHECK_EQ(irqs_number("attachments"), 0);
}

static void all(void)
{
    attach_errors();
    attach_sharing();
    notify_way();
    thread_way();
    files();
    events();
    pit_files();
    killed();
    rights();
}

static uint64_t decimal(const char *digits)
{
    uint64_t n = 0;

    while (*digits)
        n = n * 10 + (uint64_t)(*digits++ - '0');
    return n;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    irqs_open();
    if (argc > 2 && !strcmp(argv[1], "hold"))
        return child_hold();
    if (argc > 2 && !strcmp(argv[1], "thread"))
        return child_thread();
    if (argc > 2 && !strcmp(argv[1], "lowly"))
        return child_lowly();
    if (argc > 2)
        return child_storm(decimal(argv[2]));
    irqs_twice(all);
    return guest_end("irq");
}
