/* SPDX-License-Identifier: MIT
 * `sys:held`: how much of everything that can be held is held now. Two readings with the same tasks
 * alive are equal, or something has leaked: init compares them around each test. What services in
 * the kernel hold for their clients' data is not in it. Read-only. */
#include "kernel/core/calls.h"
#include "kernel/core/capture.h"
#include "kernel/core/event.h"
#include "kernel/core/file.h"
#include "kernel/core/irq.h"
#include "kernel/core/mapping.h"
#include "kernel/core/names.h"
#include "kernel/core/object.h"
#include "kernel/core/passing.h"
#include "kernel/core/text.h"
#include "kernel/core/timer.h"
#include "kernel/hal/list.h"
#include "kernel/hal/page.h"

static uint64_t length(const struct list *head)
{
    uint64_t n = 0;

    for (const struct list *l = head->next; l != head; l = l->next)
        n++;
    return n;
}

void report_threads(struct text *text)
{
    uint64_t all = 0, futexes = 0;

    for (unsigned i = 0; i < THREAD_SLOTS; i++) {
        const struct thread *t = threads[i];
        all += t != &thread_none;
        futexes += t->state == THREAD_FUTEX;
    }
    text_pair(text, "threads", all);
    text_pair(text, "futex_waiters", futexes);
}

void report_held(struct text *text)
{
    text_pair(text, "frames",
              page_total_count() - page_free_count() - page_kept_count - linked_pages);
    text_pair(text, "tasks", length(&task_list));
    text_pair(text, "schemes", length(&scheme_list));
    report_threads(text);
    text_pair(text, "files", file_count());
    text_pair(text, "namespaces", names_count());
    text_pair(text, "passing", passing_count());
    text_pair(text, "pipes", pipe_count());
    text_pair(text, "watches", event_count());
    text_pair(text, "timer_files", timer_count());
    text_pair(text, "objects", object_count());
    text_pair(text, "object_pages", object_page_count());
    text_pair(text, "mappings", mapping_count());
    text_pair(text, "captures", capture_counts.open);
    text_pair(text, "attachments", irq_attachments());
}
