/* SPDX-License-Identifier: MIT
 * The placement "server": a program that serves one scheme with one service, linked in by name
 * (the linker sets `service` to its table). Usage: svc-NAME [SCHEME [ROUTE [PRIORITY,LEVEL]]];
 * without a route or with an empty one the boot word route.SCHEME= says it, else it is t2: the loop
 * here. Those of records are in classic.c. With "adopt" for a route it takes the scheme over, and
 * its state, from where the service is now.
 * Invariant: one thread; every request gets exactly one reply, now or through svc_complete. Started
 * by init, to which it says ready once the scheme stands. Exit status: 0 never, 1 and a line. */
#include <stdbool.h>

#include "servers/host/classic.h"
#include "servers/host/dispatch.h"
#include "servers/host/request.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/heap.h"
#include "servers/lib/ping.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"
#include "servers/lib/word.h"

#define STAGE_BYTES 4096u
#define WORD_BYTES  8u
/* Above it a push by xfer costs less than a second copy. */
#define GATHER_BYTES 2048u
/* A short answer's tag but for the bytes that follow the result. */
#define TAG_READ_ANSWER TAG(OP_read, 0, 8, 0)

extern const struct service_ops service;

static unsigned char receive_buffer[RXBUF_MAX] __attribute__((aligned(4096)));
/* Long answers of up to GATHER_BYTES are gathered here and leave with the reply; see host_put. A
 * piece of state is a page. */
static unsigned char stage[STAGE_BYTES] __attribute__((aligned(64)));

/* The scheme's root descriptor, and how requests come. */
static int root;
static const struct route *route;

static long pieces_move(struct xfer x)
{
    while (x.bytes) {
        long moved = sys_xfer(&x);
        if (moved <= 0)
            return moved ? moved : -T_EFAULT;
        x.offset += (uint64_t)moved;
        x.address += (uint64_t)moved;
        x.bytes -= (uint64_t)moved;
    }
    return 0;
}

static long host_get(struct svc_req *req, uint64_t at, void *to, uint64_t n)
{
    if (at > req->buffer_size || n > req->buffer_size - at)
        return -T_EFAULT;
    if (!req->buffer)
        return pieces_move((struct xfer){req->caller, XFER_PULL, at, (uint64_t)to, n});
    memcpy(to, (const void *)(req->buffer + at), n);
    return 0;
}

/* The first answer bytes are gathered; once a piece does not fit, they and all that follows are
 * pushed, and buffer 0 says that the reply carries no data any more. */
static long host_put(struct svc_req *req, uint64_t at, const void *from, uint64_t n)
{
    uint64_t most = req->op == OP_fcall ? req->words[4] : req->count;
    if (at > most || n > most - at)
        return -T_EFAULT;
    if (req->flags & REQUEST_MAPPED) {
        memcpy((void *)(req->buffer + at), from, n);
        return 0;
    }
    if (req->buffer && at <= req->buffer_size && at + n <= GATHER_BYTES) {
        memcpy(stage + at, from, n);
        if (req->buffer_size < at + n)
            req->buffer_size = at + n;
        return 0;
    }
    if (req->buffer) {
        long error =
            pieces_move((struct xfer){req->caller, XFER_PUSH, 0, req->buffer, req->buffer_size});
        if (error < 0)
            return error;
        req->buffer = 0;
    }
    return pieces_move((struct xfer){req->caller, XFER_PUSH, at, (uint64_t)from, n});
}

static void *host_alloc(struct svc *self, uint64_t bytes)
{
    (void)self;
    return heap_alloc(bytes);
}

static void host_free(struct svc *self, void *memory, uint64_t bytes)
{
    (void)self;
    heap_free(memory, bytes);
}

static long host_complete(struct svc *self, struct svc_req *req, long result)
{
    struct request request = {.req = *req, .op = req->op};
    struct msg m = {.caller = req->caller};
    request_answer(&request, result, &m);
    long error = route->flags & O_CLASSIC ? classic_complete(root, req, result) : sys_reply(&m);
    if (error == -T_EBADFD)
        request_unwanted(self, req->op, result);
    return error;
}

/* A memory object is a descriptor of ours; its number is what the kernel wants to hear. */
static long host_memory(struct svc *self, uint64_t bytes)
{
    long fd = file_open("memory:anon", O_RDWR);
    (void)self;
    long error = fd >= 0 && bytes ? file_truncate((int)fd, bytes) : 0;
    if (error >= 0)
        return fd;
    file_close((int)fd);
    return error;
}

static long host_memory_grow(struct svc *self, long memory, uint64_t bytes)
{
    struct file_stat stat;
    (void)self;
    long error = file_stat((int)memory, &stat);
    if (error < 0 || stat.bytes > bytes)
        return error < 0 ? error : -T_EINVAL;
    return file_truncate((int)memory, bytes);
}

static void host_memory_free(struct svc *self, long memory)
{
    (void)self;
    file_close((int)memory);
}

static long host_revoke(struct svc *self, uint64_t handle)
{
    uint64_t words[5] = {handle};
    (void)self;
    return file_call(root, FCALL_REVOKE, words);
}

static void host_post(struct svc *self, uint64_t handle, uint32_t mask)
{
    (void)self;
    file_call(root, FCALL_POST, (uint64_t[5]){handle, mask});
}

static uint64_t host_clock_ns(struct svc *self)
{
    (void)self;
    return sys_clock(CLOCK_NS);
}

static void host_log(struct svc *self, const char *text, uint64_t n)
{
    (void)self;
    file_write_all(1, text, n);
}

static const struct svc_host server_host = {
    .get = host_get,
    .put = host_put,
    .alloc = host_alloc,
    .free = host_free,
    .complete = host_complete,
    .post = host_post,
    .memory = host_memory,
    .memory_grow = host_memory_grow,
    .memory_free = host_memory_free,
    .revoke = host_revoke,
    .clock_ns = host_clock_ns,
    .log = host_log,
};

/* The kernel moves the service: piece W1 of its state leaves as the answer's data. */
static void state_give(struct svc *self, struct msg *m)
{
    static uint64_t cursor;
    if (m->w[1] == 0)
        cursor = 0;
    long n = service.save ? service.save(self, &cursor, stage, sizeof(stage)) : -T_EOPNOTSUPP;
    m->tag = TAG(OP_save, 0, 8, 0);
    m->w[0] = (uint64_t)n;
    if (n <= 0)
        return;
    m->tag = TAG(OP_save, MSG_OUT, MSG_LENGTH_BUFFER, 0);
    m->w[4] = (uint64_t)stage;
    m->w[5] = (uint64_t)n;
}

/* Anything but a short read. After it *m is what the next reply_wait takes. */
static __attribute__((noinline)) void message_serve(struct svc *self, struct msg *m,
                                                    uint64_t status)
{
    struct request request;
    if ((long)status < 0 || (uint8_t)status != KIND_SCHEME) {
        if ((long)status < 0 && !m->caller && (long)status != -T_EINTR) {
            print("svc-%s: cannot receive: %s\n", self->ops->name, error_text((long)status));
            sys_exit(1);
        }
        if ((long)status >= 0 && (uint8_t)status == KIND_NOTIFY)
            ping_answer(m->w[0]);
        if ((long)status == -T_EBADFD) /* the last answer: its caller is gone */
            request_unwanted(self, TAG_OP(m->tag), (long)m->w[0]);
        if ((long)status >= 0 && (uint8_t)status == KIND_CANCEL && self->ops->cancel)
            self->ops->cancel(self, m->w[0]);
        if ((uint8_t)status != KIND_CALL || (long)status < 0)
            m->caller = 0;
        m->tag = TAG(0, 0, 8, 0);
        m->w[0] = (uint64_t)-T_EOPNOTSUPP; /* raw messages mean nothing to a scheme */
        return;
    }
    if (TAG_OP(m->tag) == OP_save) {
        state_give(self, m);
        return;
    }
    request_take(&request, m, status, stage);
    long result = request.error;
    if (!result)
        result = svc_dispatch(self, &request.req, request.op, request.path, request.length);
    if (result == SVC_PENDING)
        m->caller = 0;
    else
        request_answer(&request, result, m);
}

static inline bool short_read(const struct msg *m, uint64_t status, uint64_t most)
{
    return (uint8_t)status == KIND_SCHEME && (uint32_t)m->tag == TAG_READ_SHORT && m->w[1] <= most;
}

/* What a short read needs besides its message. The request lies in one place for all of them, so
 * what never differs is written once. */
struct reader {
    struct svc *self;
    struct svc_req *req;
    long (*read)(struct svc *self, struct svc_req *req);
};

/* Runs the read and leaves its answer's header, W0 and W1 in *m. */
static inline void read_serve(struct reader by, struct msg *m, uint64_t status)
{
    struct svc_req *req = by.req;
    req->handle = m->w[0];
    req->count = m->w[1];
    req->offset = TAG_HEADER(m->tag);
    req->words[0] = 0;
    req->caller = m->caller;
    req->who = (uint32_t)status + OP_read - KIND_SCHEME;
    long n = by.read(by.self, req);
    m->caller = req->caller;
    m->tag = TAG_READ_ANSWER + ((uint64_t)n << 16);
    if (__builtin_expect(n < 0, 0)) {
        m->caller = n == SVC_PENDING ? 0 : req->caller;
        m->tag = TAG_READ_ANSWER;
    }
    m->w[0] = (uint64_t)n;
    m->w[1] = req->words[0];
}

/* Answers short reads as long as nothing else arrives: those of at most a word first of all. */
static inline uint64_t reads_serve(struct svc *self, struct svc_req *req, struct msg *m,
                                   uint64_t status)
{
    const struct reader by = {self, req, self->ops->read};
    for (;;) {
        if (__builtin_expect(short_read(m, status, WORD_BYTES), 1)) {
            read_serve(by, m, status);
            status = (uint64_t)sys_reply_wait_word(m);
        } else if (short_read(m, status, FILE_INLINE_MAX)) {
            for (unsigned i = 1; i < 5; i++)
                req->words[i] = 0;
            read_serve(by, m, status);
            for (unsigned i = 1; i < 5; i++)
                m->w[1 + i] = req->words[i];
            status = (uint64_t)sys_reply_wait(m);
        } else {
            return status;
        }
    }
}

static __attribute__((noreturn)) void server_loop(struct svc *self)
{
    struct svc_req req = {.shorts = 1};
    struct msg m = {0};
    for (;;) {
        uint64_t status = (uint64_t)sys_reply_wait(&m);
        if (self->ops->read)
            status = reads_serve(self, &req, &m, status);
        struct msg other = m; /* m itself stays in registers */
        message_serve(self, &other, status);
        m = other;
    }
}

/* The route that the command line or the boot asks for. 0: there is none of that name. */
static const struct route *route_asked(const char *scheme, const char *name)
{
    static char boot[BOOT_CMDLINE + 1];
    char key[SCHEME_NAME_MAX + 8], value[8] = "t2";
    if (name && *name)
        return route_find(name);
    print_to(key, sizeof(key), "route.%s", scheme);
    if (file_text("sys:boot", boot, sizeof(boot)) > 0 &&
        !word_value(boot, key, value, sizeof(value)))
        memcpy(value, "t2", 3);
    return route_find(value);
}

/* Takes the state of the frozen scheme behind fd, then the scheme. */
static long state_take(struct svc *self, int fd)
{
    long n;
    do {
        uint64_t words[5] = {(uint64_t)stage, sizeof(stage)};
        n = file_call(fd, FCALL_SAVE, words);
        if (n > 0 && service.load)
            n = service.load(self, stage, (uint64_t)n) < 0 ? -T_EIO : n;
    } while (n > 0);
    uint64_t words[5] = {PLACE_SERVER};
    return n < 0 ? n : file_call(fd, FCALL_THAW, words);
}

static long scheme_make(struct svc *self, const char *name, bool adopt)
{
    char path[SCHEME_NAME_MAX + 2];
    unsigned flags = O_RDWR | O_CREAT | (adopt ? O_ADOPT : O_EXCL | route->flags);
    if (print_to(path, sizeof(path), ":%s", name) >= sizeof(path))
        return -T_ENAMETOOLONG;
    if (service.flags & SVC_POSITIONED)
        flags |= O_POSITIONED;
    long fd = file_open(path, flags);
    root = (int)fd;
    return fd < 0 || !adopt ? fd : state_take(self, (int)fd);
}

static const char *number_take(const char *text, uint64_t *number)
{
    for (*number = 0; *text >= '0' && *text <= '9'; text++)
        *number = *number * 10 + (uint64_t)(*text - '0');
    return *text == ',' ? text + 1 : text;
}

/* "PRIORITY[,LEVEL]": what this server is from now on. */
static long rank_set(const char *rank)
{
    uint64_t priority, level;
    if (!*rank)
        return 0;
    rank = number_take(rank, &priority);
    long error = sys_taskctl(0, TASK_PRIORITY, (struct taskctl){.a = priority});
    if (error < 0 || !*rank)
        return error;
    number_take(rank, &level);
    return sys_taskctl(0, TASK_LEVEL, (struct taskctl){.a = level});
}

int main(int argc, char **argv, char **envp)
{
    struct svc self = {&service, &server_host, 0};
    const char *scheme = argc > 1 ? argv[1] : service.name;
    (void)envp;
    bool adopt = argc > 2 && !strcmp(argv[2], "adopt");
    route = route_asked(scheme, adopt ? "t2" : argc > 2 ? argv[2] : 0);
    /* Before the scheme exists: an open may come at once, with a path that needs the buffer. */
    long error =
        sys_taskctl(0, TASK_RXBUF, (struct taskctl){.a = (uint64_t)receive_buffer, .b = RXBUF_MAX});
    if (error >= 0 && !route)
        error = -T_EINVAL;
    if (error >= 0)
        error = service.start ? service.start(&self) : 0;
    if (error >= 0)
        error = scheme_make(&self, scheme, adopt);
    if (error >= 0 && argc > 3)
        error = rank_set(argv[3]);
    if (error < 0) {
        print("svc-%s: cannot serve %s: %s\n", service.name, scheme, error_text(error));
        return 1;
    }
    exec_ready();
    if (route->flags & O_CLASSIC)
        classic_serve(&self, root, route);
    server_loop(&self);
}
