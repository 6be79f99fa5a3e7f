/* SPDX-License-Identifier: MIT
 * Descriptors and what stands behind them. A description is shared by duplicates; it remembers the
 * scheme that opened it, the service's handle and the position. File calls become requests: to a
 * function for a service in the kernel, to a task for a server; what remains to be done with the
 * result is the same for both and happens in file_reply. */
#ifndef TACH_CORE_FILE_H
#define TACH_CORE_FILE_H

#include "kernel/core/scheme.h"
#include "kernel/core/task.h"

struct file {
    struct list record; /* in the server's `closes`, once the last descriptor is gone */
    struct list link;   /* in the scheme's `files` */
    struct scheme *scheme;
    struct names *names; /* a namespace as a descriptor, else 0 */
    char *path;          /* as opened, behind the scheme's name; 0: nothing */
    uint64_t offset;     /* position, if the scheme is positioned */
    uint32_t handle;
    uint32_t references; /* descriptors and requests under way */
    uint32_t flags;      /* O_* of the open */
    uint32_t watches;    /* registrations of its descriptors: event.h */
    uint16_t path_length;
    bool opened; /* the service gave the handle: it must hear of the close */
    bool root;   /* the descriptor by which a scheme lives */
};

/* System calls. */
void file_open(struct thread *t);
void file_unlink(struct thread *t);
void file_close(struct thread *t);
void file_dup(struct thread *t);
void file_read(struct thread *t);
void file_write(struct thread *t);
void file_lseek(struct thread *t);
void file_fcall(struct thread *t);
void file_dup2(struct thread *t);
void file_fcntl(struct thread *t);
void file_fevent(struct thread *t);
void file_fmap(struct thread *t);

/* The result of c's scheme request stands in its registers: finishes the call. c may be ready or
 * not. */
void file_reply(struct thread *c);

/* t's request for the file, which stands in its registers, was taken by a service in the kernel
 * that will answer later. */
void file_request_wait(struct thread *t, struct file *file, enum op op);

/* The description that t's open request is for. */
const struct file *file_requested(const struct thread *t);

/* The request of t to scheme s, which waits for nobody any more, goes to where s is now. */
void file_request_again(struct thread *t, struct scheme *s);

/* c's request will not be answered: lets go of what it held. */
void file_abandon(struct thread *c);

/* The close request `record` was taken by its server: frees the description, returns its handle. */
uint64_t file_close_taken(struct list *record);

/* A descriptor of that description with those FD_* rights, which takes over a reference: its
 * number, EMFILE, ENOMEM. */
long fd_install(struct task *task, struct file *file, unsigned rights);
/* The description, 0: no such descriptor. Its FD_* rights, none then. */
struct file *fd_file(const struct task *task, uint64_t fd);
unsigned fd_rights(const struct task *task, uint64_t fd);
/* An open descriptor keeps at most those rights. */
void fd_rights_keep(struct task *task, uint64_t fd, unsigned rights);
/* An open descriptor goes; its description with its reference is the caller's. */
struct file *fd_remove(struct task *task, unsigned fd);
void fd_close_all(struct task *task);
/* One more descriptor of the same description and rights. EBADF, EMFILE, ENOMEM. */
long fd_dup(struct task *task, uint64_t fd);
/* Gives `to` such a one at the free number `at`. EBADF, EACCES (no FD_PASS), EBUSY, ENOMEM. */
long fd_give_at(struct task *to, const struct task *from, uint64_t fd, uint64_t at);
/* Recomputes what the fast path may do with each descriptor of scheme s: its server or a flag
 * changed. Looks at every open descriptor. */
void fd_scheme_refresh(const struct scheme *s);

/* The rights of a descriptor that was just opened. */
static inline unsigned file_rights(const struct file *file)
{
    return (file->flags & O_RDWR) | FD_MAP | FD_PASS | FD_ADMIN;
}

/* A new description of the scheme, one reference. 0: no memory. */
struct file *file_make(struct scheme *s, uint32_t handle, uint32_t flags);
void file_unref(struct file *file);

/* The path as opened. False: no memory. */
bool file_path_set(struct file *file, const char *path, uint64_t length);
void file_path_free(struct file *file);

/* WHERE_*: how calls on the file reach their service now. */
unsigned file_where(const struct file *file);
uint32_t file_count(void);

#endif
