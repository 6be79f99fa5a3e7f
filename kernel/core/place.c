/* SPDX-License-Identifier: MIT
 * See place.h. A frozen scheme's server is task_frozen, a task without threads: whoever calls
 * blocks in its mailbox by the same code as at any server that is busy, and the fast path finds no
 * waiter there. Thawing hands that mailbox over, in its order, to whoever answers then. */
#include "kernel/core/place.h"

#include "kernel/core/calls.h"
#include "kernel/core/ipc.h"
#include "kernel/core/message.h"
#include "kernel/core/module.h"
#include "kernel/core/request.h"
#include "kernel/core/services.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/sched.h"

struct task task_frozen = {.waiter = &thread_none};

static struct move {
    struct scheme *scheme;    /* 0: none moves */
    const struct file *file;  /* the descriptor that holds the move, 0: none does */
    struct task *old;         /* who answered before */
    struct svc next;          /* the instance that is being filled; ops 0: none */
    uint64_t cursor, pieces;  /* of the old placement's save */
    uint64_t since, deadline; /* TSC */
} move;

struct place_last place_last;

void place_init(void)
{
    list_init(&task_frozen.senders);
    list_init(&task_frozen.receivers);
    list_init(&task_frozen.waiting);
    list_init(&task_frozen.closes);
    list_init(&task_frozen.cancels);
    list_init(&task_frozen.captures);
    list_init(&task_frozen.threads);
}

/* The request of t, which is queued at a mailbox, is one of scheme s. */
static bool request_of(const struct thread *t, const struct scheme *s)
{
    bool request = t->call_op && t->call_op != OP_save; /* that one is the mover's own */
    const struct file *file = request ? file_requested(t) : 0;

    return file && file->scheme == s;
}

/* Requests and closes for s that its server has not taken wait at task_frozen instead. */
static void queue_take(struct task *server, const struct scheme *s)
{
    struct list *next;

    for (struct list *l = server->senders.next; l != &server->senders; l = next) {
        struct thread *t = list_entry(l, struct thread, link);
        next = l->next;
        if (!request_of(t, s))
            continue;
        list_remove(l);
        list_push_back(&task_frozen.senders, l);
        t->wait_task = &task_frozen;
        place_held(t);
    }
    for (struct list *l = server->closes.next; l != &server->closes; l = next) {
        next = l->next;
        if (list_entry(l, struct file, record)->scheme != s)
            continue;
        list_remove(l);
        list_push_back(&task_frozen.closes, l);
    }
    mailbox_refresh(server);
}

static void freeze(struct scheme *s, const struct file *file)
{
    uint64_t now = hal_tsc();

    move = (struct move){.scheme = s,
                         .file = file,
                         .old = s->server,
                         .since = now,
                         .deadline = now + ns_to_ticks(PLACE_LIMIT_NS)};
    s->server = &task_frozen;
    if (move.old != &task_kernel)
        queue_take(move.old, s);
    fd_scheme_refresh(s); /* nothing of it may go by the fast path */
}

/* t no longer waits for the move's end, but for its own deadline again, if it has one. */
static void released(struct thread *t)
{
    uint64_t own = t->again;

    list_remove(&t->link);
    sched_deadline_cancel(t);
    t->again = 0;
    if (own)
        sched_deadline(t, own);
    place_last.held++;
}

static void queue_to_kernel(struct scheme *s)
{
    while (!list_empty(&task_frozen.closes)) {
        struct list *record = task_frozen.closes.next;
        list_remove(record);
        struct svc_req req = {.handle = file_close_taken(record)};
        if (s->svc.ops->close)
            s->svc.ops->close((struct svc *)&s->svc, &req);
    }
    while (!list_empty(&task_frozen.senders)) {
        struct thread *t = list_entry(task_frozen.senders.next, struct thread, link);
        released(t);
        file_request_again(t, s);
    }
}

static void queue_to_server(struct scheme *s)
{
    struct task *server = s->server;
    struct thread *r;

    while (!list_empty(&task_frozen.closes)) {
        struct list *record = task_frozen.closes.next;
        list_remove(record);
        list_push_back(&server->closes, record);
    }
    while (!list_empty(&task_frozen.senders)) {
        struct thread *t = list_entry(task_frozen.senders.next, struct thread, link);
        released(t);
        file_request_again(t, s);
    }
    while ((r = mailbox_arrived(server)))
        sched_ready(r);
}

/* Whether t's request was taken by `old`, which answers for s no more: it will not be answered
 * there. Of one that left no mark nobody knows. */
static bool left_behind(const struct thread *t, const struct scheme *s, const struct task *old)
{
    enum thread_state state = thread_status(t);
    bool taken = state == THREAD_CALLING && t->wait_task == old && list_empty(&t->link);

    return t->call_scheme == s && (taken || (state == THREAD_PENDING && old == &task_kernel));
}

/* Those who wait in the old placement ask again in the new one, and nothing that the old one may
 * still say reaches them; who wants out is let out. */
static void pending_move(struct scheme *s, const struct task *old)
{
    for (unsigned i = 0; i < THREAD_SLOTS; i++) {
        struct thread *t = threads[i];
        if (t == &thread_none || !left_behind(t, s, old))
            continue;
        request_revoke(t);
        place_last.held++;
        if (t->blockers & BLOCK_CANCEL)
            request_abort(t, -T_EINTR);
        else
            file_request_again(t, s);
    }
}

/* `server` answers from now on, those first who waited. */
static void thaw(struct task *server, bool moved)
{
    struct scheme *s = move.scheme;
    const struct task *old = move.old;

    place_last.held = 0;
    place_last.pieces = move.pieces;
    place_last.since = move.since;
    place_last.gap_ticks = hal_tsc() - move.since;
    move.scheme = 0;
    move.file = 0;
    s->server = server;
    fd_scheme_refresh(s);
    if (moved)
        pending_move(s, old);
    if (server == &task_kernel)
        queue_to_kernel(s);
    else
        queue_to_server(s);
}

static void next_stop(void)
{
    if (move.next.ops && move.next.ops->stop)
        move.next.ops->stop(&move.next);
    move.next.ops = 0;
}

static void rollback(void)
{
    next_stop();
    place_last.rollbacks++;
    thaw(move.old, false);
}

/* Who answered before does not any more: its instance in the kernel ends, or its task does. */
static void old_end(struct task *old, struct svc *svc)
{
    if (old != &task_kernel) {
        task_kill(old, 0);
        return;
    }
    if (svc->ops->stop)
        svc->ops->stop(svc);
    module_drop(svc->ops);
}

/* The move succeeds: to a task, or to the instance in the kernel that was filled. */
static void commit(struct task *server, struct file *root)
{
    struct scheme *s = move.scheme;
    struct task *old = move.old;
    struct svc svc = s->svc;

    list_remove(&s->served);
    list_push_back(&server->schemes, &s->served);
    s->root = root;
    s->svc = move.next;
    if (server == &task_kernel) {
        s->flags = s->svc.ops->flags & SVC_POSITIONED ? O_POSITIONED : 0;
        module_use(s->svc.ops);
    }
    s->generation = scheme_generation();
    place_last.moves++;
    thaw(server, true);
    old_end(old, &svc);
}

/* The table that would answer for s as a linked service or as a module. */
static const struct service_ops *ops_find(const char *name, uint64_t placement)
{
    if (placement == PLACE_MODULE)
        return module_find(name);
    for (const struct service_ops *const *ops = linked_services; *ops; ops++)
        if (!memcmp((*ops)->name, name, sizeof((*ops)->name)))
            return *ops;
    return 0;
}

static bool movable(const struct service_ops *ops)
{
    return ops->save && ops->load;
}

/* The instance in the kernel that takes the state, started when it is first asked for. */
static long next_start(uint64_t placement)
{
    const struct service_ops *ops =
        placement <= PLACE_MODULE ? ops_find(move.scheme->name, placement) : 0;

    if (move.next.ops)
        return move.next.ops == ops ? 0 : -T_EINVAL;
    if (!ops || !movable(ops))
        return ops ? -T_EOPNOTSUPP : -T_ENOENT;
    if (move.old == &task_kernel && move.scheme->svc.ops == ops)
        return -T_EEXIST;
    move.next = (struct svc){.ops = ops, .host = &linked_host};
    long result = ops->start ? ops->start(&move.next) : 0;
    if (result < 0)
        move.next.ops = 0;
    return result;
}

static uint8_t piece[PLACE_PIECE_BYTES] __attribute__((aligned(16)));

/* The next piece of an instance in the kernel: its bytes, or an error. */
static long piece_save(void)
{
    struct svc *svc = &move.scheme->svc;
    long n = svc->ops->save(svc, &move.cursor, piece, sizeof(piece));

    move.pieces += n > 0;
    return n > (long)sizeof(piece) ? -T_EIO : n;
}

/* A server is asked by a request of t, whose buffer takes the piece. */
static void server_save(struct thread *t, struct file *file)
{
    uint64_t address = t->r8;

    t->rsi = TAG(OP_save, MSG_IN, MSG_LENGTH_BUFFER, 0);
    t->r10 = move.pieces++;
    t->r8 = t->r9 = 0;
    t->r12 = address;
    t->r13 = PLACE_PIECE_BYTES;
    t->rdx = 0;
    t->call_op = OP_save;
    t->call_file = file;
    file->references++;
    message_buffer(t);
    ipc_request(t, move.old);
}

static long call_save(struct thread *t)
{
    long n = piece_save();

    return n > 0 && space_copy_out(&t->task->space, t->r8, piece, (uint64_t)n) ? -T_EFAULT : n;
}

static long call_load(const struct thread *t)
{
    uint64_t n = t->r9;
    long result = next_start(t->r12);

    if (result < 0)
        return result;
    if (n > sizeof(piece) || space_copy_in(&t->task->space, piece, t->r8, n))
        return n > sizeof(piece) ? -T_EINVAL : -T_EFAULT;
    return move.next.ops->load(&move.next, piece, n);
}

static long call_thaw(struct thread *t, struct file *file)
{
    if (t->r8 == PLACE_SERVER && !move.next.ops) {
        commit(t->task, file);
        return 0;
    }
    long result = next_start(t->r8);
    if (result >= 0)
        commit(&task_kernel, 0);
    return result < 0 ? result : 0;
}

void place_call(struct thread *t, struct file *file)
{
    uint64_t kind = t->r10;
    long result = -T_EBADFD;

    if (move.scheme && move.file == file) {
        bool short_piece = t->r9 < PLACE_PIECE_BYTES || !user_range(t->r8, t->r9);
        if (kind == FCALL_SAVE && !short_piece && move.old != &task_kernel) {
            server_save(t, file);
            return;
        }
        result = kind == FCALL_LOAD   ? call_load(t)
                 : kind == FCALL_THAW ? call_thaw(t, file)
                 : short_piece        ? -T_EINVAL
                                      : call_save(t);
    }
    t->rax = 0;
    t->rdi = t->stamp;
    t->rsi = TAG(OP_fcall, 0, MSG_INLINE_MAX, 0);
    t->rdx = (uint64_t)result;
    t->r10 = t->r8 = t->r9 = t->r12 = t->r13 = 0;
}

long place_open(struct thread *t, const char *name, uint64_t length)
{
    struct scheme *s = scheme_find(name, length);

    if (!task_may(t->task, RIGHT_PLACE))
        return -T_EACCES;
    if (!s || move.scheme)
        return s ? -T_EBUSY : -T_ENODEV;
    if (s->server == t->task)
        return -T_EINVAL;
    if (s->flags & O_CLASSIC || (scheme_linked(s) && !movable(s->svc.ops)))
        return -T_EOPNOTSUPP;
    struct file *file = file_make(s, ~0u, 0);
    if (!file)
        return -T_ENOMEM;
    file->root = true;
    long fd = fd_install(t->task, file, 0);
    if (fd < 0)
        file_unref(file);
    else
        freeze(s, file);
    return fd;
}

void place_held(struct thread *t)
{
    t->again = t->deadline;
    if (!t->deadline || t->deadline > move.deadline)
        sched_deadline(t, move.deadline);
}

bool place_expired(const struct thread *t)
{
    if (t->wait_task != &task_frozen || hal_tsc() < move.deadline)
        return false;
    rollback();
    return true;
}

void place_root_gone(const struct file *file)
{
    if (move.scheme && move.file == file)
        rollback();
    else if (file->scheme->root == file)
        scheme_kill(file->scheme);
}

void place_scheme_died(const struct scheme *s)
{
    if (move.scheme != s)
        return;
    next_stop();
    place_last.rollbacks++;
    move.scheme = 0;
    move.file = 0;
    while (!list_empty(&task_frozen.closes)) {
        struct list *record = task_frozen.closes.next;
        list_remove(record);
        (void)file_close_taken(record);
    }
    ipc_task_died(&task_frozen); /* callers get ENODEV */
}

const struct scheme *place_moving(void)
{
    return move.scheme;
}

const char *place_name(const struct scheme *s)
{
    const struct task *server = move.scheme == s ? move.old : s->server;

    if (server != &task_kernel)
        return "server";
    return module_holds(s->svc.ops) ? "module" : "linked";
}

/* Both placements are in the kernel, so nobody can call meanwhile. */
static long move_inside(struct scheme *s, uint64_t placement)
{
    long n = 0;

    freeze(s, 0);
    long result = next_start(placement);
    while (result >= 0 && (n = piece_save()) > 0)
        result = move.next.ops->load(&move.next, piece, (uint64_t)n);
    result = n < 0 ? n : result;
    if (result >= 0)
        commit(&task_kernel, 0);
    else
        rollback();
    return result;
}

long place_write(const char *word, uint64_t n)
{
    static const char linked[] = "linked", module[] = "module";
    uint64_t length = 0, rest;

    while (length < n && word[length] != ' ')
        length++;
    rest = length < n ? length + 1 : n;
    bool to_module = n - rest >= 6 && !memcmp(word + rest, module, 6);
    if (!to_module && (n - rest < 6 || memcmp(word + rest, linked, 6)))
        return -T_EINVAL;
    struct scheme *s = scheme_find(word, length);
    if (!s || move.scheme)
        return s ? -T_EBUSY : -T_ENODEV;
    if (!scheme_linked(s) || !movable(s->svc.ops))
        return -T_EOPNOTSUPP;
    long result = move_inside(s, to_module ? PLACE_MODULE : PLACE_LINKED);
    return result < 0 ? result : (long)n;
}
