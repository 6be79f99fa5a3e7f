/* SPDX-License-Identifier: MIT
 * The reports behind sys:svc, sys:place and sys:module: where services are. Read-only views. */
#include "kernel/core/module.h"
#include "kernel/core/place.h"
#include "kernel/core/text.h"
#include "kernel/hal/list.h"

void report_services(struct text *text)
{
    for (struct list *l = scheme_list.next; l != &scheme_list; l = l->next) {
        const struct scheme *s = list_entry(l, struct scheme, link);
        text_put(text, s->name);
        text_put(text, " ");
        text_put(text, place_name(s));
        text_pair(text, s == place_moving() ? " frozen" : " running", s->generation);
    }
}

void report_place(struct text *text)
{
    text_pair(text, "moves", place_last.moves);
    text_pair(text, "rollbacks", place_last.rollbacks);
    text_pair(text, "since_ticks", place_last.since);
    text_pair(text, "gap_ticks", place_last.gap_ticks);
    text_pair(text, "held", place_last.held);
    text_pair(text, "pieces", place_last.pieces);
}

void report_modules(struct text *text)
{
    struct module_view view;

    for (unsigned i = 0; i < MODULES; i++) {
        if (!module_view(i, &view))
            continue;
        text_put(text, view.name);
        text_put(text, view.used ? " used " : " unused ");
        text_number(text, view.bytes);
        text_put(text, "\n");
    }
}
