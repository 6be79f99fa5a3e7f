/* SPDX-License-Identifier: MIT
 * Locks for threads, over futex: mutex, condition, semaphore, once. A zeroed one is ready for the
 * threads of one task; with `shared` 1 it works between tasks that map its memory. Uncontended,
 * none of them enters the kernel. A wait that a signal ends goes on waiting; none is fair. */
#ifndef TACH_SERVERS_LIB_SYNC_H
#define TACH_SERVERS_LIB_SYNC_H

#include <stdbool.h>
#include <stdint.h>

struct mutex {
    uint32_t state; /* 0 free, 1 held, 2 held and maybe waited for */
    uint32_t shared;
};

void mutex_lock(struct mutex *m);
/* False: somebody holds it. */
bool mutex_try(struct mutex *m);
/* By who holds it; wakes one that waits. */
void mutex_unlock(struct mutex *m);

struct condition {
    uint32_t sequence;
    uint32_t shared;
};

/* Gives the mutex up, waits for a signal, takes it again. May come back without one: ask again what
 * was waited for. False: the deadline (CLOCK_NS, 0 none) passed. */
bool condition_wait(struct condition *c, struct mutex *m, uint64_t deadline_ns);
void condition_signal(struct condition *c);
void condition_broadcast(struct condition *c);

struct semaphore {
    uint32_t count, waiting;
    uint32_t shared;
};

/* Takes one. False: the deadline (CLOCK_NS, 0 none) passed. */
bool semaphore_take(struct semaphore *s, uint64_t deadline_ns);
void semaphore_give(struct semaphore *s);

struct once {
    uint32_t state; /* 0 not yet, 1 somebody is at it, 2 the same and waited for, 3 done */
};

/* Runs it the first time; everyone else comes back when it has run. */
void once_run(struct once *o, void (*run)(void));

#endif
