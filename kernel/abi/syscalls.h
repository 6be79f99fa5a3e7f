/* SPDX-License-Identifier: MIT
 * The system call table. Kernel dispatch, user stubs, the assembly path and the host decoder are
 * all made from it. A number is class << 28 | argument kind << 24 | returns-a-file << 20 | index;
 * the index alone is unique and dense, so dispatch is one bounded table look-up and a compare of
 * the whole number. */
#ifndef TACH_ABI_SYSCALLS_H
#define TACH_ABI_SYSCALLS_H

#define SYS_CLASS_CORE                0u
#define SYS_CLASS_PATH                1u
#define SYS_CLASS_FILE                2u
#define SYS_CLASS_MSG                 3u
#define SYS_ARG_NONE                  0u
#define SYS_ARG_SLICE                 1u /* bytes go in */
#define SYS_ARG_MSLICE                2u /* bytes come out */
#define SYS_ARG_PATH                  3u
#define SYS_ARG_INOUT                 4u
#define SYS_RET_FILE                  (1u << 20)
#define SYS_INDEX_MASK                0x3Fu
#define SYS_TABLE_MAX                 48u
#define SYS_NR(cls, kind, ret, index) ((cls) << 28 | (kind) << 24 | (ret) | (index))

/* X(name, class, argument kind, returns-a-file bit, index) */
#define SYSCALLS(X)                                                                                \
    X(null, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 0)                                                    \
    X(exit, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 1)                                                    \
    X(spawn, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 2)                                                   \
    X(thread_create, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 3)                                           \
    X(yield, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 4)                                                   \
    X(sleep, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 5)                                                   \
    X(clock, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 6)                                                   \
    X(self, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 7)                                                    \
    X(kill, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 8)                                                    \
    X(mprotect, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 9)                                                \
    X(munmap, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 10)                                                 \
    X(pipe2, SYS_CLASS_CORE, SYS_ARG_NONE, SYS_RET_FILE, 11)                                       \
    X(taskctl, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 12)                                                \
    X(waitpid, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 13)                                                \
    X(sigreturn, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 14)                                              \
    X(sigaction, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 15)                                              \
    X(futex, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 42)                                                  \
    X(open, SYS_CLASS_PATH, SYS_ARG_PATH, SYS_RET_FILE, 16)                                        \
    X(unlink, SYS_CLASS_PATH, SYS_ARG_PATH, 0, 17)                                                 \
    X(close, SYS_CLASS_FILE, SYS_ARG_NONE, 0, 20)                                                  \
    X(dup, SYS_CLASS_FILE, SYS_ARG_SLICE, SYS_RET_FILE, 21)                                        \
    X(read, SYS_CLASS_FILE, SYS_ARG_MSLICE, 0, 22)                                                 \
    X(write, SYS_CLASS_FILE, SYS_ARG_SLICE, 0, 23)                                                 \
    X(lseek, SYS_CLASS_FILE, SYS_ARG_NONE, 0, 24)                                                  \
    X(fcall, SYS_CLASS_FILE, SYS_ARG_INOUT, 0, 25)                                                 \
    X(fmap, SYS_CLASS_FILE, SYS_ARG_NONE, 0, 26)                                                   \
    X(dup2, SYS_CLASS_FILE, SYS_ARG_NONE, 0, 27)                                                   \
    X(fcntl, SYS_CLASS_FILE, SYS_ARG_NONE, 0, 28)                                                  \
    X(fevent, SYS_CLASS_FILE, SYS_ARG_NONE, 0, 29)                                                 \
    X(attach, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 43)                                                 \
    X(detach, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 44)                                                 \
    X(irq_done, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 45)                                               \
    X(call, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 32)                                                    \
    X(reply_wait, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 33)                                              \
    X(send, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 34)                                                    \
    X(recv, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 35)                                                    \
    X(wait, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 36)                                                    \
    X(receive, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 37)                                                 \
    X(reply, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 38)                                                   \
    X(notify, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 39)                                                  \
    X(post, SYS_CLASS_MSG, SYS_ARG_NONE, 0, 40)                                                    \
    X(xfer, SYS_CLASS_MSG, SYS_ARG_INOUT, 0, 41)                                                   \
    X(req_sys_mem, SYS_CLASS_CORE, SYS_ARG_NONE, 0, 46)

enum sysno {
#define X(name, cls, kind, ret, index) SYS_##name = SYS_NR(cls, kind, ret, index),
    SYSCALLS(X)
#undef X
};

#endif
