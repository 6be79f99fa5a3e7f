/* SPDX-License-Identifier: MIT
 * Circular doubly linked lists of nodes inside other structs. A head is a node; a node in no list
 * is linked to itself, so removing it twice is harmless. Interrupts off, one CPU. */
#ifndef TACH_HAL_LIST_H
#define TACH_HAL_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/hal/thread.h"

/* The struct of the given type that holds this node as its field. */
#define list_entry(node, type, field) ((type *)(void *)((char *)(node)-offsetof(type, field)))

static inline void list_init(struct list *node)
{
    node->next = node->prev = node;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_insert_after(struct list *where, struct list *node)
{
    node->next = where->next;
    node->prev = where;
    where->next->prev = node;
    where->next = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_after(head, node);
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_after(head->prev, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The first node of a list that is not empty; it is in none afterwards. */
static inline struct list *list_take(struct list *head)
{
    struct list *node = head->next;
    head->next = node->next;
    node->next->prev = head;
    list_init(node);
    return node;
}

/* list_remove for a node whose memory goes: it is not linked to itself. */
static inline void list_drop(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
}

#endif
