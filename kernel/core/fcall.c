/* SPDX-License-Identifier: MIT
 * See fcall.h. Each function gives the call's result, which becomes W0, and may change the words.
 */
#include "kernel/core/fcall.h"

#include "kernel/core/calls.h"
#include "kernel/core/event.h"
#include "kernel/core/mapping.h"
#include "kernel/core/names.h"
#include "kernel/core/passing.h"
#include "kernel/hal/mem.h"

#define LIST_BYTES 4096u

bool fcall_own(uint64_t kind)
{
    return kind == FCALL_PATH || kind >= FCALL_KERNEL;
}

unsigned fcall_rights(uint64_t kind)
{
    bool own_of_service = kind >= FCALL_SERVICE && kind < FCALL_KERNEL;

    return kind == FCALL_TRUNCATE || own_of_service ? FD_ADMIN : 0;
}

/* Copies text to the caller's buffer from *at on, as much as there is room for. */
static enum err text_out(const struct fcall *f, uint64_t *at, const char *text, uint64_t bytes)
{
    uint64_t room = f->words[4] > *at ? f->words[4] - *at : 0, from = f->words[3] + *at;

    *at += bytes;
    return space_copy_out(&f->t->task->space, from, text, bytes < room ? bytes : room);
}

/* "name:rest" as opened, ":name" for a scheme's root; the bytes of all of it. */
static long call_path(struct fcall *f)
{
    const struct scheme *s = f->file->scheme;
    bool own = f->file->root, bare = own || f->file->names;
    uint64_t at = 0;
    enum err e = OK;

    if (TAG_LENGTH(f->t->rsi) != MSG_LENGTH_BUFFER)
        return -T_EINVAL;
    if (!f->file->names && !own)
        e = text_out(f, &at, s->name, s->length);
    if (!e)
        e = text_out(f, &at, ":", 1);
    if (!e && own)
        e = text_out(f, &at, s->name, s->length);
    if (!e && !bare)
        e = text_out(f, &at, f->file->path, f->file->path_length);
    return e ? -(long)e : (long)at;
}

static long call_send(struct fcall *f)
{
    return passing_send(f->t->task, f->file, f->words[1]);
}

static long call_obtain(struct fcall *f)
{
    return passing_obtain(f->t->task, f->file, &f->words[0]);
}

static long call_rights(struct fcall *f)
{
    fd_rights_keep(f->t->task, f->t->rdi, (unsigned)f->words[1] & FD_ALL);
    return fd_rights(f->t->task, f->t->rdi) & FD_ALL;
}

static long call_where(struct fcall *f)
{
    const struct scheme *s = f->file->scheme;

    f->words[0] = file_where(f->file);
    f->words[1] = s->server->tid;
    return 0;
}

/* A namespace as a description of the scheme "root". */
static long names_install(struct fcall *f, struct names *names)
{
    struct file *file = file_make(f->file->scheme, ~0u, 0);

    if (!file) {
        names_unref(names);
        return -T_ENOMEM;
    }
    file->names = names;
    long fd = fd_install(f->t->task, file, file_rights(file));
    if (fd < 0)
        file_unref(file);
    return fd;
}

static long call_names(struct fcall *f)
{
    static char list[LIST_BYTES]; /* one CPU, no preemption */
    struct names *parent = f->file->names ? f->file->names : f->t->task->names, *made;
    uint64_t bytes = f->words[2];

    if (f->file->scheme != scheme_find("root", 4))
        return -T_EOPNOTSUPP;
    if (bytes > sizeof(list))
        return -T_E2BIG;
    enum err e = space_copy_in(&f->t->task->space, list, f->words[1], bytes);
    if (!e)
        e = names_make(parent, list, bytes, &made);
    return e ? -(long)e : names_install(f, made);
}

static long call_enter(struct fcall *f)
{
    struct task *task = task_governed(f->t, (uint32_t)f->words[1]);

    if (!f->file->names)
        return -T_EOPNOTSUPP;
    if (!task)
        return task_find((uint32_t)f->words[1]) ? -T_EPERM : -T_ESRCH;
    return fcall_enter(f->t->task, f->file, task);
}

long fcall_enter(const struct task *own, const struct file *file, struct task *task)
{
    if (!file->names)
        return -T_EINVAL;
    if (task != own && task->started)
        return -T_EBUSY;
    names_ref(file->names);
    names_unref(task->names);
    task->names = file->names;
    return 0;
}

static long call_revoke(struct fcall *f)
{
    return f->file->root ? mapping_revoke(f->file->scheme, f->words[1]) : -T_EACCES;
}

static long call_post(struct fcall *f)
{
    if (!f->file->root)
        return -T_EACCES;
    event_post(f->file->scheme, f->words[1], (uint32_t)f->words[2]);
    return 0;
}

static long call_map_from(struct fcall *f)
{
    struct scheme *s = f->file->scheme;

    if (!f->file->root || !(s->flags & O_MAPPED))
        return f->file->root ? -T_EOPNOTSUPP : -T_EACCES;
    s->map_from = f->words[1] < UINT32_MAX ? (uint32_t)f->words[1] : UINT32_MAX;
    return 0;
}

static long (*const own_kinds[])(struct fcall *f) = {
    [FCALL_SEND - FCALL_KERNEL] = call_send,         [FCALL_OBTAIN - FCALL_KERNEL] = call_obtain,
    [FCALL_NAMES - FCALL_KERNEL] = call_names,       [FCALL_ENTER - FCALL_KERNEL] = call_enter,
    [FCALL_REVOKE - FCALL_KERNEL] = call_revoke,     [FCALL_RIGHTS - FCALL_KERNEL] = call_rights,
    [FCALL_POST - FCALL_KERNEL] = call_post,         [FCALL_WHERE - FCALL_KERNEL] = call_where,
    [FCALL_MAP_FROM - FCALL_KERNEL] = call_map_from,
};
#define OWN_KINDS (sizeof(own_kinds) / sizeof(own_kinds[0]))

void fcall_answer(struct thread *t, struct file *file)
{
    struct fcall f = {t, file, {t->r10, t->r8, t->r9, t->r12, t->r13}};
    uint64_t index = f.words[0] - FCALL_KERNEL;
    long result = -T_EOPNOTSUPP;

    if (f.words[0] == FCALL_PATH)
        result = call_path(&f);
    else if (index < OWN_KINDS && own_kinds[index])
        result = own_kinds[index](&f);
    t->rsi = TAG(OP_fcall, 0, MSG_INLINE_MAX, 0);
    t->rdi = t->stamp;
    t->rdx = (uint64_t)result;
    t->r10 = f.words[0], t->r8 = f.words[1], t->r9 = f.words[2];
    t->r12 = f.words[3], t->r13 = f.words[4];
}
