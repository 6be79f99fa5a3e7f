/* SPDX-License-Identifier: MIT
 * Messages: eight 64-bit words that travel in registers, and what their fields mean.
 *
 *   register      client to kernel              what the receiver sees            record word
 *   rax           call number                   kind 7:0, sender's level 15:8,    -
 *                                               its cookie 31:16; negative: error
 *   rdi           TID or descriptor             sender TID 31:0, token 63:32      7
 *   rsi           tag                           tag                               0
 *   rdx           W0 (file calls: ignored)      W0 (file calls: service handle)   1
 *   r10 r8 r9 r12 r13   W1..W5                  W1..W5                            2..6
 *   rcx r11       destroyed                     return address, 0x202 (null: the flags as they
 * were) rbx rbp r14 r15 rsp preserved; every word beyond the inline length arrives as zero
 *
 * rdi as received is the whole right to reply: echo it to reply or reply_wait (0: nothing to reply
 * to). The token is thread slot 11:0 and a counter 31:12; a double, late or forged one gets
 * EBADFD. */
#ifndef TACH_ABI_MSG_H
#define TACH_ABI_MSG_H

#include <stdint.h>

/* Task identifiers: slot 11:0, generation 31:12. The same number everywhere. */
#define TID_SLOT_BITS  12
#define TID_SLOTS      4096u
#define TID_SLOT_MASK  0xFFFu
#define TID_KERNEL     0u
#define TID_BOOTSTRAP  1u
#define TID_NAMESERVER 2u
#define TID_CONSOLE    3u
#define TID_ANY        0xFFFFFFFFu

/* Tag: op 7:0, flags 15:8, inline length in bytes 31:16, header 63:32 (free for the user in a raw
 * message; in a scheme request the file position, so positioned files end below 4 GiB). */
#define TAG_OP(tag)     ((uint8_t)(tag))
#define TAG_FLAGS(tag)  ((uint8_t)((tag) >> 8))
#define TAG_LENGTH(tag) ((uint16_t)((tag) >> 16))
#define TAG_HEADER(tag) ((uint32_t)((tag) >> 32))
#define TAG(op, flags, length, header)                                                             \
    ((uint64_t)(uint8_t)(op) | (uint64_t)(uint8_t)(flags) << 8 |                                   \
     (uint64_t)(uint16_t)(length) << 16 | (uint64_t)(header) << 32)

#define MSG_WORDS         6
#define MSG_INLINE_MAX    48      /* bytes in W0..W5 */
#define FILE_INLINE_MAX   40      /* bytes in W1..W5: W0 is the handle or the result */
#define MSG_LENGTH_BUFFER 0xFFFFu /* payload in memory: W4 address, W5 bytes */
#define MSG_SIZE_MAX      (1u << 20)
#define MSG_COPY_MAX      (16u << 10) /* most that one xfer moves */
#define RXBUF_MAX         (64u << 10)
#define POST_SLOTS        32

/* Tag flags. */
#define MSG_TRUNC    0x80 /* to a receiver, with a buffer: it did not fit; pull W5 bytes with xfer */
#define MSG_NONBLOCK 0x08 /* of a request: its file has O_NONBLOCK */
#define MSG_MOVED                                                                                  \
    0x10 /* of an answer to open or dup: W0 is a descriptor of the server's, which it loses and    \
            the client gets, with at most the rights that the client opened with */
#define MSG_OUT 0x01 /* buffer payload goes from caller to receiver */
#define MSG_IN  0x02 /* buffer payload of the reply goes into W4, at most W5 bytes */

/* Kinds in rax of what was received. */
#define KIND_CALL   0 /* a message; its token says whether a reply is waited for (0: no) */
#define KIND_NOTIFY 1 /* W0: the notification bits, cleared by taking them */
#define KIND_SCHEME 2 /* a request to a scheme that this task serves */
#define KIND_POST   3 /* buffered header-only message: header in the tag */
#define KIND_CANCEL                                                                                \
    4 /* W0: the caller word of a request whose caller wants out; answer it soon                   \
       */

/* Eight words in the order of the 64-byte request record, which a classic scheme's server reads: as
 * the message would have been, with rax in W3 of open, dup and unlink. Close and cancel have W0
 * only: the handle, the caller word. */
struct msg {
    uint64_t tag;
    uint64_t w[MSG_WORDS];
    uint64_t caller;
};

/* X(name, value): operations of a scheme request, in the tag's low byte. */
#define OPS(X)                                                                                     \
    X(open, 1)                                                                                     \
    X(close, 2)                                                                                    \
    X(dup, 3)                                                                                      \
    X(read, 4)                                                                                     \
    X(write, 5)                                                                                    \
    X(fcall, 6)                                                                                    \
    X(fmap, 7)                                                                                     \
    X(fevent, 8)                                                                                   \
    X(cancel, 9)                                                                                   \
    X(unlink, 10)                                                                                  \
    X(save, 11)                                                                                    \
    X(load, 12)

enum op {
#define X(name, value) OP_##name = value,
    OPS(X)
#undef X
};

/* The one tag that a short read has: count in W1, nothing else. */
#define TAG_READ_SHORT ((uint64_t)OP_read | (uint64_t)16 << 16)
/* The one that a long read has: W4 address, W5 bytes there, W1 count. */
#define TAG_READ_LONG TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0)

/* open flags */
#define O_RDONLY 0x1u
#define O_WRONLY 0x2u
#define O_RDWR   0x3u
#define O_CREAT  0x10u
#define O_EXCL   0x20u
#define O_TRUNC  0x40u
/* open(":NAME", O_CREAT | O_EXCL, level 0): the caller's task serves scheme NAME; the descriptor is
 * its root: the scheme dies with its last copy. With O_POSITIONED the kernel keeps file positions.
 */
#define O_POSITIONED 0x100u
#define O_NONBLOCK   0x80u /* what would wait answers EAGAIN */
/* How requests reach the opener of ":NAME": by message to its task (none of these: rung T2), or as
 * records that it reads from the root descriptor. */
#define O_CLASSIC       0x200u /* records: struct msg in, struct answer out */
#define O_MAPPED        0x400u /* payloads are mapped, head and tail by way of bounce pages */
#define O_HANDOFF       0x800u /* a reply runs its caller at once, a request its server (rung T1h) */
#define O_ADOPT         0x1000u /* take over a frozen scheme of that name (placement) */
#define PATH_MAX_BYTES  1024u
#define SCHEME_NAME_MAX 31u

/* lseek: the values of <stdio.h>, where that is there too */
#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif

/* fcntl(fd, op, flags): the O_* flags of the open file as they were; of them O_NONBLOCK can be set
 * and cleared, for all duplicates at once. */
#define FCNTL_GET_FLAGS 0u
#define FCNTL_SET_FLAGS 1u

/* fcall kinds (W1); arguments and results in W2..W5 */
#define FCALL_STAT     1u /* -> W1 size in bytes, W2 mode */
#define FCALL_TRUNCATE 2u /* W2: new size */
#define FCALL_SYNC     3u
#define FCALL_PATH     4u     /* buffer: the path as opened, "name:rest" -> bytes */
#define FCALL_ENTRIES  5u     /* buffer: names of a directory, one a line, from W2 on -> bytes */
#define FCALL_SERVICE  0x80u  /* from here to 0xFF: the service's own */
#define FCALL_KERNEL   0x100u /* from here on the kernel answers, whoever serves the file */
#define FCALL_NEXT                                                                                 \
    0x100u /* root: W2 answers, W3 bytes of them, W4 records, W5 bytes: reply and next.            \
              -> W0 bytes of records, W1 bytes of answers taken; if not all, W0 says why */
#define FCALL_SEND                                                                                 \
    0x101u /* W2: a descriptor of the caller's, for whoever serves the file, or for the other end  \
              of a pipe or channel */
#define FCALL_OBTAIN                                                                               \
    0x102u /* root, pipe or channel: the oldest descriptor that was sent -> descriptor, W1 the     \
              handle of the file that it was sent on */
#define FCALL_NAMES                                                                                \
    0x103u /* on ":": W2, W3 a list of names, one a line: a namespace of only these */
#define FCALL_ENTER  0x104u /* on such a namespace: it becomes that of task W2 (0: the caller's) */
#define FCALL_REVOKE 0x105u /* root: W2 a handle: its mappings go, touching them faults */
#define FCALL_POST   0x106u /* root: W2 a handle, W3 its readiness now (EVENT_*) */
#define FCALL_RIGHTS 0x107u /* W2: keep only these FD_* rights -> those that it has */
#define FCALL_WHERE  0x108u /* -> W1 WHERE_*, W2 the TID that serves it, 0: the kernel */
#define FCALL_MAP_FROM                                                                             \
    0x109u /* root with O_MAPPED: payloads of at least W2 bytes are mapped, others copied */

/* How calls on a file reach its service; sys:fds has the same as words. */
#define WHERE_DEAD    0u /* nowhere: the scheme died */
#define WHERE_KERNEL  1u /* by a function call */
#define WHERE_SERVER  2u /* by message */
#define WHERE_CLASSIC 3u /* as records */
#define WHERE_MAPPED  4u /* as records, payloads mapped */

/* On a descriptor of open(":NAME", O_CREAT | O_ADOPT), which holds the scheme frozen; closing it
 * before FCALL_THAW leaves the service where it was. */
#define FCALL_SAVE                                                                                 \
    0x110u /* W2 address, W3 bytes (4096): the next piece of its state -> bytes, 0 at the end */
#define FCALL_LOAD   0x111u /* W2 address, W3 bytes, W4 PLACE_*: such a piece, into the kernel */
#define FCALL_THAW   0x112u /* W2 PLACE_*: it is there from now on; a server is the caller's task */
#define PLACE_LINKED 0u
#define PLACE_MODULE 1u
#define PLACE_SERVER 2u

/* Rights of a descriptor; they only shrink. The first two are O_RDONLY and O_WRONLY. */
#define FD_READ  0x01u
#define FD_WRITE 0x02u
#define FD_MAP   0x04u
#define FD_PASS  0x08u /* may be given to other tasks */
#define FD_ADMIN 0x10u /* fcalls that change the file */
#define FD_ALL   0x1Fu

/* fevent(queue, fd, mask, data): from now on a read of the queue, a descriptor of `event:`, gives a
 * record while one of these is so; mask 0 undoes it. One registration a queue and descriptor. */
/* Readiness, in fevent's mask and in an event record. */
#define EVENT_READ   0x1u
#define EVENT_WRITE  0x2u
#define EVENT_HANGUP 0x4u
/* What a read of `event:` gives: as many whole records as fit. */
struct event_record {
    uint64_t data; /* as registered */
    uint32_t fd;   /* as registered, of the reader's task */
    uint32_t mask; /* EVENT_*: ready now */
};

/* The answer to a record: 16 bytes, or 56 with up to 40 bytes of data behind it. */
struct answer {
    uint64_t caller; /* as in the record */
    int64_t result;  /* with ANSWER_INLINE: words follow */
};
#define ANSWER_INLINE (1ll << 62)
#define ANSWER_WORDS  5

/* fmap / mprotect */
#define PROT_NONE           0u
#define PROT_READ           1u
#define PROT_WRITE          2u
#define PROT_EXEC           4u
#define MAP_PRIVATE         0x10u
#define MAP_SHARED          0x20u
#define MAP_FIXED_NOREPLACE 0x40u
#define MAP_LAZY            0x80u /* anonymous: each page comes at its first use */

/* The last page below 2^47 is never mappable: SYSRET to it would fault in ring 0. */
#define USER_END 0x7FFFFFFFF000ull
#define USER_MIN 0x1000ull

/* memory: `anon` is memory to be mapped and passed on (its size by FCALL_TRUNCATE or the first
 * fmap), the name of a range of sys:ranges that range, `pt` the page tables, which fcalls tell of
 * (both level 0). */
#define MEMORY_LEAF                                                                                \
    0x80u /* W2 tid, W3 address -> W1, W2 its entry in kernel's and user's root, 0: absent */
#define MEMORY_HALF                                                                                \
    0x81u /* W2 tid -> of the kernel half: W1 PML4 entries and W2 pages in the user's root, W3     \
             PML4 entries of the kernel's root that are not everybody's */

/* req_sys_mem(what, bytes, PROT): what is the name of a range of sys:ranges, packed as spawn's, or
 * a page aligned physical address in one -> address. Level 0. */

/* sleep, clock */
#define CLOCK_TSC 0u
#define CLOCK_NS  1u
#define CLOCK_HZ  2u /* TSC ticks in a second */

/* self(what) */
#define SELF_TID        0u
#define SELF_LEVEL      1u
#define SELF_THREAD     2u /* slot of the calling thread */
#define SELF_PARENT     3u
#define SELF_SUPERVISOR 4u
#define SELF_PRIORITY   5u /* that the calling thread runs with, lent or its own */

/* exit(status, flags, word): the task ends, or with EXIT_THREAD the calling thread alone (the task
 * with its last). The 32-bit word at that address, if it is not 0, becomes 1 when the thread is
 * gone, and who waits on it by a private futex wakes: that is how a thread is joined. */
#define EXIT_THREAD 0x1u

/* spawn(flags | level << 8, wanted slot or 0, name 8 bytes) -> TID of an empty task, child of the
 * caller */
#define SPAWN_CRITICAL                                                                             \
    0x1u /* its death is reported to the supervisor; slot may be a reserved one */

/* taskctl(tid, op, a, b, c, d): tid 0 is the caller's own task. Others': own children, or level 0.
 */
#define TASK_MAP 1u /* a address, b bytes, c PROT: fresh zero pages */
#define TASK_WRITE                                                                                 \
    2u /* a address there, b bytes, c address here: copy into it before its start                  \
        */
#define TASK_SHARE                                                                                 \
    3u /* a address there, b bytes, c address here, d PROT without W: same frames                  \
        */
#define TASK_FD       4u /* a descriptor there, b descriptor here: give a duplicate */
#define TASK_START    5u /* a rip, b rsp, c rdi: first thread */
#define TASK_LEVEL    6u /* a new level, never below the present number */
#define TASK_PRIORITY 7u /* own thread: a priority 0..31, higher first, never above the task's */
#define TASK_RXBUF    8u /* own thread: a address, b bytes: where long messages land */
#define TASK_FAULT                                                                                 \
    9u /* own task: a handler address or 0, b its stack or 0; ended by sigreturn(r8 = resume or 0) \
        */
#define TASK_FSBASE 10u /* own thread: a */
#define TASK_ALLOW  11u /* own task: a highest level it hears; 0 and family always */
#define TASK_DEADLINE                                                                              \
    12u                    /* own thread: a ns from now for each blocking call after this, 0 none  \
                            */
#define TASK_WATCH     13u /* own thread, level 0: a address of a write watchpoint, 0 none */
#define TASK_SUPERVISE 14u /* level 0: from now on deaths of critical tasks notify the caller */

#define TASK_RIGHTS  15u /* child before its start, or own task: a RIGHT_*, never more than now */
#define TASK_COOKIE  16u /* child before its start, level 0: a 16 bits for servers to know it by */
#define TASK_NAMES   17u /* child before its start: a descriptor of a namespace */
#define TASK_PASSIVE 18u /* own thread: a 1: runs with the priority of whom it serves */
#define TASK_SIGSTACK                                                                              \
    19u /* own thread: a top of the stack for signal handlers, 0: the present one */
#define TASK_SIGMASK 20u /* own thread: a signals held back -> those before */
/* own task: a notification bits when a child has died, with b 1 (level 0) any task; a 0: none */
#define TASK_DEATHS 21u

/* What level 0 may, given in parts to others. */
#define RIGHT_IRQ    0x01u /* attach */
#define RIGHT_SYSMEM 0x02u /* req_sys_mem */
#define RIGHT_SPAWN0 0x04u /* children of level 0, priorities above the own, reserved slots */
#define RIGHT_SCHEME 0x08u /* open(":NAME", O_CREAT) */
#define RIGHT_PLACE  0x10u /* sys:place, modules */
#define RIGHT_MITIG  0x20u /* sys:mitig, sys:path, sys:trace */
#define RIGHT_ALL    0x3Fu

#define LEVELS           256u
#define PRIORITIES       32u
#define PRIORITY_DEFAULT 16u

/* Signals: 1..31, numbered as everywhere; the default of all but SIGCHLD is death. */
#define SIGHUP  1u
#define SIGINT  2u
#define SIGKILL 9u /* cannot be held or handled */
#define SIGUSR1 10u
#define SIGUSR2 12u
#define SIGALRM 14u
#define SIGTERM 15u
#define SIGCHLD 17u
#define SIGNALS 32u
#define SIG_DFL 0u
#define SIG_IGN 1u

/* sigaction(signal, handler, flags) -> rdx the handler before. A handler begins with a cleared
 * register file, the number in rdi, 8 below a multiple of 16 as after a CALL, and ends by
 * sigreturn; its own signal is held back meanwhile unless SIG_NODEFER. A wait that a signal ends
 * answers EINTR; none is begun again by the kernel. At most SIGNAL_LEVELS handlers of signals and
 * one of faults interrupt each other in one thread; further signals wait. */
#define SIG_NODEFER   0x1u
#define SIGNAL_LEVELS 3u

/* futex(address, op, value, deadline in ns or 0): WAIT sleeps if *address == value (EAGAIN), until
 * WAKE (0), the deadline (ETIMEDOUT) or a signal (EINTR). WAKE wakes up to value threads, the
 * oldest first, and says how many. Private: the address is one of this task; else it is the memory
 * behind it, whoever maps it where. */
#define FUTEX_WAIT    0u
#define FUTEX_WAKE    1u
#define FUTEX_PRIVATE 0x80u

/* attach(line, type, argument, stack, budget ns) -> handle: how an interrupt reaches its task. Each
 * interrupt is acknowledged by irq_done(handle) -> interrupts since the last one; until then a
 * level triggered line stays masked, and any other is as soon as nobody who shares it keeps up. */
#define AT_NOTIFY   0u /* argument: notification bits; the only type that shares a line */
#define AT_THREAD   1u /* irq_done waits for the next one */
#define AT_REALTIME 2u /* argument: handler, run at once on `stack`, device interrupts held off */
#define IRQ_LINES   24u
#define IRQ_SOFT    24u /* a line that only software raises: a write to irq:soft */
/* A real-time handler starts with rdi the handle, rsi the interrupts of its line so far, rdx the
 * TSC when the kernel took this one. It ends by irq_done(handle); beside that it may call notify
 * (and null, which does nothing). Its pages are mapped beforehand. Longer than its budget, a fault,
 * another call: it is ended and detached, its line masked. Its budgets may take half of the CPU;
 * what comes more often is a storm, and the attachment becomes one of AT_NOTIFY. Either way its
 * task gets NOTIFY_IRQ. */
#define IRQ_BUDGET_NS     20000u /* when 0 is said */
#define IRQ_BUDGET_MIN_NS 1000u
#define IRQ_BUDGET_MAX_NS 200000u
#define IRQ_ENDED_BUDGET  1u /* why, in the trace */
#define IRQ_ENDED_FAULT   2u
#define IRQ_ENDED_CALL    3u
#define IRQ_ENDED_STORM   4u
#define NOTIFY_IRQ        (1ull << 62)

/* What a read of `time:` gives. A write of 8 bytes arms that file's timer: an absolute time of
 * CLOCK_NS, 0 disarms it; while it is armed, a read waits for it. */
struct time_record {
    uint64_t now_ns;
    uint64_t deadline_ns; /* that passed, told once; 0: none */
};

/* What a read of irq:N (N a line, or soft) gives, once for each interrupt or several that came
 * since the last read. */
struct irq_record {
    uint64_t count;  /* interrupts of the line since boot */
    uint64_t taken;  /* TSC when the kernel took the last one */
    uint64_t raised; /* irq:soft: TSC when it was raised */
};
/* Notification bit that a supervisor receives when a critical task died; waitpid(TID_ANY) says
 * which. */
#define NOTIFY_CHILD (1ull << 63)

#endif
