/* SPDX-License-Identifier: MIT
 * Timers as files (`time:`): the clock, waiting until a time, many at once, being told once, ends
 * of waits by deadlines and by other threads, bounds, and that nothing stays behind. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define TIMERS_EACH 16u
#define TIMERS      64u
#define PATIENTS    20u

static int timer_open(void)
{
    long fd = file_open("time:", O_RDWR);

    CHECK(fd >= 0);
    return (int)fd;
}

static void arm(int fd, uint64_t ns)
{
    CHECK_EQ(file_write(fd, &ns, sizeof(ns)), (long)sizeof(ns));
}

static struct time_record look(int fd)
{
    struct time_record r = {0};

    CHECK_EQ(file_read(fd, &r, sizeof(r)), (long)sizeof(r));
    return r;
}

static void one(void)
{
    SHOWS("V17", "time: gives the clock, and a read of an armed timer waits for its time");
    int fd = timer_open();
    uint64_t before = clock_now();
    struct time_record r = look(fd);
    CHECK(r.now_ns >= before && r.now_ns <= clock_now() && !r.deadline_ns);
    uint64_t at = clock_now() + 3 * MS;
    arm(fd, at);
    r = look(fd);
    CHECK(r.now_ns >= at && r.deadline_ns == at);
    CHECK_EQ(look(fd).deadline_ns, 0); /* told once */
    arm(fd, 1);                        /* long over */
    CHECK_EQ(look(fd).deadline_ns, 1);
    arm(fd, clock_now() + 1000000 * MS);
    arm(fd, 0); /* disarmed */
    CHECK_EQ(look(fd).deadline_ns, 0);
    arm(fd, clock_now() + 1000000 * MS);
    at = clock_now() + MS;
    arm(fd, at); /* earlier after all */
    CHECK_EQ(look(fd).deadline_ns, at);
    CHECK_EQ(file_close(fd), 0);
}

static void many(void)
{
    int fds[TIMERS_EACH];
    uint64_t at[TIMERS_EACH], base = clock_now() + 5 * MS;

    SHOWS("V17", "sixteen timers of a task, armed in no order, each comes at its own time");
    for (unsigned i = 0; i < TIMERS_EACH; i++) {
        fds[i] = timer_open();
        at[i] = base + (i * 7 % TIMERS_EACH) * MS / 4;
        arm(fds[i], at[i]);
    }
    CHECK_EQ(file_open("time:", O_RDWR), -T_EMFILE);
    CHECK_EQ(sysfile_number("sys:counters", "timer_files"), TIMERS_EACH);
    for (unsigned i = 0; i < TIMERS_EACH; i++) {
        struct time_record r = look(fds[i]);
        CHECK(r.now_ns >= at[i] && r.deadline_ns == at[i]);
        CHECK_EQ(file_close(fds[i]), 0);
    }
    CHECK_EQ(sysfile_number("sys:counters", "timer_files"), 0);
}

static void bad(void)
{
    struct time_record r;
    uint64_t ns[2] = {1, 1};

    SHOWS("V17", "bad reads and writes are refused and lose nothing");
    int fd = timer_open();
    CHECK_EQ(file_open("time:x", O_RDWR), -T_ENOENT);
    arm(fd, 1);
    CHECK_EQ(file_read(fd, &r, sizeof(r) - 1), -T_EINVAL);
    CHECK_EQ(file_write(fd, ns, 7), -T_EINVAL);
    CHECK_EQ(file_write(fd, ns, 16), -T_EINVAL);
    struct msg m = {.tag = TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0), .caller = (uint64_t)fd};
    m.w[1] = m.w[5] = 64;
    m.w[4] = 8; /* nothing is mapped there */
    CHECK_EQ(sys_message(SYS_read, &m), 0);
    CHECK_EQ((long)m.w[0], -T_EFAULT);
    CHECK_EQ(look(fd).deadline_ns, 1);
    CHECK_EQ(file_close(fd), 0);
}

/* ---- waits that end otherwise, in a child, which ends with its threads ---- */

static volatile long ended[2];
static volatile bool gone[2];

static void reader(uint64_t fd)
{
    struct time_record r = {0};
    long n = file_read((int)fd, &r, sizeof(r));

    ended[0] = n < 0 ? n : (long)r.deadline_ns;
    gone[0] = true;
    for (;;)
        sys_sleep(~0ull);
}

static void until_gone(void)
{
    for (unsigned i = 0; i < 1000 && !gone[0]; i++)
        sys_yield();
    CHECK(gone[0]);
    gone[0] = false;
}

static void patient(uint64_t fd)
{
    struct time_record r;

    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 300 * MS});
    ended[1] = file_read((int)fd, &r, sizeof(r));
    gone[1] = true;
    for (;;)
        sys_sleep(~0ull);
}

/* Each write makes both readers look again; the deadline of one is his call's, not his last look's.
 */
static void again(int fd)
{
    unsigned writes = 0;

    arm(fd, clock_now() + 1000000 * MS);
    guest_thread(reader, (uint64_t)fd);
    for (unsigned i = 0; i < PATIENTS && writes < 2; i++) { /* a host may sleep over one's time */
        gone[1] = false;
        guest_thread(patient, (uint64_t)fd);
        for (writes = 0; writes < 600 && !gone[1]; writes++) {
            clock_nap(2 * MS);
            arm(fd, clock_now() + 1000000 * MS);
        }
    }
    CHECK(gone[1] && writes > 1);
    CHECK_EQ(ended[1], -T_ETIMEDOUT);
    CHECK(!gone[0]);
    arm(fd, 7);
    until_gone();
    CHECK_EQ(ended[0], 7);
}

static int child_ends(void)
{
    struct time_record r;
    int fd = timer_open();

    arm(fd, clock_now() + 1000000 * MS);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 2 * MS});
    CHECK_EQ(file_read(fd, &r, sizeof(r)), -T_ETIMEDOUT);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){0, 0, 0, 0});
    guest_thread(reader, (uint64_t)fd);
    sys_yield();
    CHECK(!gone[0]);
    arm(fd, 5); /* another thread's write ends the wait */
    until_gone();
    CHECK_EQ(ended[0], 5);
    arm(fd, clock_now() + 1000000 * MS);
    guest_thread(reader, (uint64_t)fd);
    sys_yield();
    arm(fd, 0);
    until_gone();
    CHECK_EQ(ended[0], 0);
    again(fd);
    fd = (int)file_open("time:", O_RDWR | O_NONBLOCK);
    arm(fd, clock_now() + 1000000 * MS);
    CHECK_EQ(file_read(fd, &r, sizeof(r)), -T_EAGAIN);
    arm(fd, clock_now() + 1000000 * MS);
    guest_thread(reader, (uint64_t)fd); /* dies waiting, with its timer armed */
    return guest_failed() != 0;
}

static int child_many(void)
{
    for (unsigned i = 0; i < TIMERS_EACH; i++)
        if (file_open("time:", O_RDWR) < 0)
            return 1;
    sys_notify((uint32_t)sys_self(SELF_PARENT), 1);
    for (;;)
        sys_sleep(~0ull);
}

static void ends(void)
{
    long tids[TIMERS / TIMERS_EACH];
    struct msg m = {0};

    SHOWS("V17", "waits end by deadline, by another write, by death; the table is bounded");
    CHECK_EQ(guest_wait(guest_child("ends", 0)), 0);
    CHECK_EQ(sysfile_number("sys:counters", "timer_files"), 0);
    for (unsigned i = 0; i < TIMERS / TIMERS_EACH; i++) {
        tids[i] = guest_child("many", 0);
        if (CHECK(tids[i] > 0))
            CHECK((sys_receive(&m) & 0xFF) == KIND_NOTIFY);
    }
    CHECK_EQ(file_open("time:", O_RDWR), -T_EMFILE);
    for (unsigned i = 0; i < TIMERS / TIMERS_EACH; i++) {
        CHECK_EQ(sys_kill((uint32_t)tids[i], SIGKILL), 0);
        guest_wait(tids[i]);
    }
    CHECK_EQ(file_close(timer_open()), 0);
}

static long event_take(int queue, struct event_record *r)
{
    *r = (struct event_record){0};
    return file_read(queue, r, sizeof(*r));
}

static void events(void)
{
    struct event_record r;

    SHOWS("V30", "a timer is ready from its time until a read has told it");
    int fd = timer_open(), some = (int)file_open("event:", O_RDONLY | O_NONBLOCK),
        wait = (int)file_open("event:", O_RDONLY);
    CHECK_EQ(sys_fevent(some, fd, EVENT_READ, 1), 0);
    CHECK_EQ(sys_fevent(wait, fd, EVENT_READ, 2), 0);
    CHECK_EQ(event_take(some, &r), -T_EAGAIN);
    arm(fd, clock_now() + 1000000 * MS);
    CHECK_EQ(event_take(some, &r), -T_EAGAIN);
    uint64_t at = clock_now() + 3 * MS;
    arm(fd, at);
    CHECK_EQ(event_take(wait, &r), (long)sizeof(r));
    CHECK(clock_now() >= at && r.data == 2 && r.fd == (uint32_t)fd && r.mask == EVENT_READ);
    CHECK_EQ(event_take(some, &r), (long)sizeof(r));
    CHECK_EQ(look(fd).deadline_ns, at);
    CHECK_EQ(event_take(some, &r), -T_EAGAIN);
    arm(fd, 1);
    CHECK_EQ(event_take(some, &r), (long)sizeof(r));
    arm(fd, clock_now() + 1000000 * MS);
    CHECK_EQ(event_take(some, &r), -T_EAGAIN);
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(event_take(some, &r), -T_EAGAIN);
    CHECK_EQ(file_close(some), 0);
    CHECK_EQ(file_close(wait), 0);
}

static void all(void)
{
    events();
    one();
    many();
    bad();
    ends();
}

static long pages(void)
{
    return sysfile_number("sys:memory", "free_pages");
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return strcmp(argv[1], "ends") ? child_many() : child_ends();
    all(); /* once, so that the pools have their blocks */
    long before = pages(), files = sysfile_number("sys:counters", "files");
    all();
    SHOWS("V17", "nothing stays behind: frames, files, timers");
    for (unsigned i = 0; i < 200 && pages() != before; i++)
        sys_yield();
    CHECK_EQ(pages(), before);
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
    CHECK_EQ(sysfile_number("sys:counters", "timer_files"), 0);
    return guest_end("time");
}
