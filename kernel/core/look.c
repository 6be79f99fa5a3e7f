/* SPDX-License-Identifier: MIT
 * See look.h. Invariant: only memory that the page tables call present and cached is read. */
#include "kernel/core/look.h"

#include "kernel/core/task.h"
#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/ptwalk.h"

#define PEEK_WORDS  8u
#define KERNEL_HALF 0xFFFF800000000000ull

/* A number of that base, all of the bytes. False: it is none, or more than 64 bits. */
static bool number_take(const char *from, uint64_t length, unsigned base, uint64_t *value)
{
    *value = 0;
    for (uint64_t i = 0; i < length; i++) {
        char c = from[i];
        unsigned digit = 99;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        if (digit >= base || *value > (~0ull - digit) / base)
            return false;
        *value = *value * base + digit;
    }
    return length > 0;
}

static uint64_t list_count(const struct list *head)
{
    uint64_t n = 0;

    for (const struct list *l = head->next; l != head; l = l->next)
        n++;
    return n;
}

long look_mbox(struct text *text, const char *thing, uint64_t length)
{
    uint64_t tid;

    if (!number_take(thing, length, 10, &tid) || tid > TID_ANY)
        return -T_EINVAL;
    const struct task *task = task_find((uint32_t)tid);
    if (!task)
        return -T_ESRCH;
    bool held = task->waiter != &thread_none && task->waiter != &thread_slow;
    text_pair(text, "receivers", held + list_count(&task->receivers));
    text_pair(text, "waiting", list_count(&task->waiting));
    text_pair(text, "senders", list_count(&task->senders));
    text_pair(text, "closes", list_count(&task->closes));
    text_pair(text, "posts", task->post_count);
    text_pair(text, "notification", task->notification);
    text_pair(text, "allow", task->allow);
    return 0;
}

static void text_hex(struct text *text, uint64_t value)
{
    char digits[17] = "";

    for (unsigned i = 0; i < 16; i++)
        digits[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    text_put(text, digits);
}

static bool readable(vaddr_t at)
{
    uint64_t *path[PT_LEVELS];
    uint64_t entry = *path[pt_walk(paging_boot_root(), at, path)];

    return entry & PT_PRESENT && !(entry & PT_UNCACHED);
}

long look_peek(struct text *text, const char *thing, uint64_t length)
{
    uint64_t at;

    if (length > 2 && thing[0] == '0' && thing[1] == 'x') {
        thing += 2;
        length -= 2;
    }
    if (!number_take(thing, length, 16, &at) || at < KERNEL_HALF)
        return -T_EINVAL;
    at &= ~7ull;
    for (unsigned i = 0; i < PEEK_WORDS; i++, at += 8) {
        if (at < KERNEL_HALF || !readable(at))
            return i ? 0 : -T_EFAULT;
        text_hex(text, at);
        text_put(text, " ");
        text_hex(text, *(const uint64_t *)at);
        text_put(text, "\n");
    }
    return 0;
}
