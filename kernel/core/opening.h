/* SPDX-License-Identifier: MIT
 * Between file.c, which makes requests and finishes them, and opening.c, which does so for calls
 * that have a path or make a description. Nobody else includes it. */
#ifndef TACH_CORE_OPENING_H
#define TACH_CORE_OPENING_H

#include "kernel/core/file.h"

/* The path being opened; as words, for whoever looks at eight bytes at a time, with one more behind
 * the longest. One CPU, no preemption. */
extern uint64_t opening_words[PATH_MAX_BYTES / 8 + 1];
#define opening_path ((char *)opening_words)

/* The eight message registers of a call that returns in rax only, kept over its request. */
void file_regs_save(struct thread *t);
void file_regs_restore(struct thread *t, long result);

/* The description behind rdi, if the call has its rights and the message in the registers is sound;
 * 0: the error is in rax. */
struct file *file_checked(struct thread *t, unsigned rights);

/* Sends the request in t's registers to the service of `file`. With `finish`, file_reply has work
 * to do. */
void file_request(struct thread *t, struct file *file, enum op op, bool finish);

/* The request of that description was answered: c's registers hold the answer, and then the call's
 * result. */
void open_finish(struct thread *c, struct file *file);
void dup_finish(struct thread *c, struct file *file);
void unlink_finish(struct thread *c, struct file *file);

#endif
