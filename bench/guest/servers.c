/* SPDX-License-Identifier: MIT
 * The other side of the cells: a second task, which is this program again with the words "server
 * NAME", or a thread of this task. Invariant: at most one task is there at a time; when
 * server_use returns, its loop is about to wait or waits, with its receive buffer in place. */
#include "bench/guest/bench.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define HANDLE_BARE  8u /* its handle in rdx is the answer's W0 too: 8 bytes read */
#define THREAD_STACK 16384u
#define SAMPLES_MAX  256u
#define SERVICE      "zero " /* what follows is the route by which it is reached */

/* loops.asm */
long server_call(void *buffer);
long server_reply(void *buffer);
long server_pair(void *buffer);
long server_classic(void *buffer);
long server_waiter(void *buffer);
__attribute__((noreturn)) void server_bare(const struct msg *first);
void waiter_bare(uint64_t *samples, uint64_t count);

/* regions.asm */
void server_thread(void);
__attribute__((noreturn)) void server_thread_main(const char *name);

static unsigned char buffer[PAYLOAD_MAX] __attribute__((aligned(4096)));
static unsigned char thread_stack[THREAD_STACK] __attribute__((aligned(16)));
static uint64_t samples[SAMPLES_MAX];

static struct {
    char name[16];
    uint32_t tid;
} running;

static long call_bare(void *unused)
{
    const struct msg none = {0};
    (void)unused;
    server_bare(&none);
}

/* A scheme whose only answer to a read is 8 bytes: opens one file, then loops. */
static long read_bare(void *unused)
{
    struct msg m = {0};
    (void)unused;
    long fd = file_open(":zero.bare", O_RDWR | O_CREAT | O_EXCL);
    if (fd < 0)
        return fd;
    exec_ready();
    while (TAG_OP(m.tag) != OP_open)
        if (sys_reply_wait(&m) < 0)
            return -T_EIO;
    const struct msg opened = {
        .tag = TAG(OP_open, 0, 8, 0), .w = {HANDLE_BARE}, .caller = m.caller};
    server_bare(&opened);
}

/* Waits for one notification a sample, then reports and is done. */
static long waiter_stamps(void *unused)
{
    (void)unused;
    if (machine.samples > SAMPLES_MAX)
        return -T_ERANGE;
    waiter_bare(samples, machine.samples);
    long error = waiter_report(samples, machine.samples);
    sys_exit(error < 0);
}

static const struct loop {
    const char *name;
    long (*serve)(void *buffer);
    bool ready_itself; /* says ready by itself, when its scheme stands */
} loops[] = {
    {"call", server_call, false},     {"reply", server_reply, false},
    {"pair", server_pair, false},     {"classic", server_classic, false},
    {"waiter", server_waiter, false}, {"call-bare", call_bare, false},
    {"read-bare", read_bare, true},   {"waiter-bare", waiter_stamps, false},
    {"stream", stream_serve, false},
};

static const struct loop *loop_find(const char *name)
{
    for (unsigned i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
        if (!strcmp(loops[i].name, name))
            return &loops[i];
    return 0;
}

/* Serves until something odd comes, which is an error. */
static long loop_run(const struct loop *loop)
{
    long error =
        sys_taskctl(0, TASK_RXBUF, (struct taskctl){.a = (uint64_t)buffer, .b = MSG_COPY_MAX});
    if (error < 0)
        return error;
    return loop->serve(buffer);
}

int server_main(const char *name)
{
    const struct loop *loop = loop_find(name);
    if (!loop) {
        print("bench: server %s: no such loop\n", name);
        return 1;
    }
    long error = machine_calibrate(false);
    if (!loop->ready_itself)
        exec_ready();
    if (error >= 0)
        error = loop_run(loop);
    print("bench: server %s: %s (%ld)\n", name, error < 0 ? error_text(error) : "odd message",
          error);
    return 1;
}

static long service_start(const char *route, long *tid)
{
    const char *const argv[] = {"initfs:/bin/svc-zero", "zero.server", route, 0};
    const struct exec what = {.path = argv[0], .args = {argv, 0}, .ready_write = -1};
    return exec_spawn_ready(&what, tid);
}

static long loop_start(const char *name, long *tid)
{
    const char *const argv[] = {BENCH_PATH, "server", name, 0};
    const struct exec what = {.path = argv[0], .args = {argv, 0}, .ready_write = -1};
    return exec_spawn_ready(&what, tid);
}

/* Lets whoever is ready at this priority run until it waits. */
static void others_run(void)
{
    for (unsigned i = 0; i < 4; i++)
        sys_yield();
}

long server_use(const char *name)
{
    long tid = 0;
    if (running.tid && !strcmp(running.name, name))
        return running.tid;
    server_end();
    long answer = strncmp(name, SERVICE, sizeof(SERVICE) - 1)
                      ? loop_start(name, &tid)
                      : service_start(name + sizeof(SERVICE) - 1, &tid);
    if (tid > 0)
        running.tid = (uint32_t)tid;
    print_to(running.name, sizeof(running.name), "%s", name);
    if (answer < 0)
        server_end();
    others_run();
    return answer;
}

long server_wait(uint64_t *status)
{
    long dead = sys_waitpid(running.tid, 0, status);
    running.tid = 0;
    return dead;
}

void server_end(void)
{
    uint64_t status;
    if (!running.tid)
        return;
    sys_kill(running.tid, SIGKILL);
    server_wait(&status);
}

void server_thread_main(const char *name)
{
    const struct loop *loop = loop_find(name);
    long error = loop ? loop_run(loop) : -T_ENOENT;
    print("bench: thread %s: %ld\n", name, error);
    sys_exit(1);
}

long server_thread_start(const char *name)
{
    long slot = sys_thread_create((uint64_t)server_thread,
                                  (uint64_t)(thread_stack + sizeof(thread_stack)), (uint64_t)name);
    others_run();
    return slot;
}
