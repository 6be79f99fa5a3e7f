/* SPDX-License-Identifier: MIT
 * Death notices (TASK_DEATHS): who asked hears, as bits of his notification, that a child of his
 * has died, or that any task has. Bits add up, so a notice needs no memory and a deaf receiver
 * costs nothing; who has died he finds out himself, by waitpid or signal 0. */
#include "kernel/core/calls.h"
#include "kernel/core/ipc.h"
#include "kernel/core/task.h"
#include "kernel/hal/list.h"

long deaths_ask(struct task *task, uint64_t bits, uint64_t any)
{
    if (any > 1)
        return -T_EINVAL;
    if (any && task->level)
        return -T_EPERM;
    task->death_bits = bits;
    task->death_any = any;
    return 0;
}

void deaths_tell(const struct task *dead)
{
    for (struct list *l = task_list.next; l != &task_list; l = l->next) {
        struct task *task = list_entry(l, struct task, link);
        if (task->death_bits && !task->dying && (task->death_any || dead->parent == task->tid))
            ipc_notify_task(task, task->death_bits);
    }
}
