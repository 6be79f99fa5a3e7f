/* SPDX-License-Identifier: MIT
 * The legs of a call (see legs.h). Records of other CPUs between a call's stamps are no part of it;
 * those of its own CPU that are no stamps (an interrupt, say) end no leg, as in spans.c. */
#include "traces/legs.h"

#include "traces/body.h"

static bool is_stamp(const struct trace_record *record)
{
    return record->event >= EV_ph_entry && record->event <= EV_server_end;
}

/* The stamp of the same CPU behind `at`, up to the call's end; SIZE_MAX: none. */
static size_t stamp_after(const struct boot *boot, const struct span_call *call, size_t at)
{
    for (size_t i = at + 1; i <= call->last; i++)
        if (boot->events[i].cpu == boot->events[call->first].cpu && is_stamp(&boot->events[i]))
            return i;
    return SIZE_MAX;
}

/* By the stamp that ends it, in the words of spans.h. Between two crossings it is the service's. */
static const char *leg_name(uint16_t begun, uint16_t ended)
{
    switch (ended) {
    case EV_ph_entry:
        return span_phase_name(begun == EV_user_begin ? PHASE_entry : PHASE_server);
    case EV_ph_guards:
    case EV_ph_slow:
        return span_phase_name(PHASE_guards);
    case EV_ph_commit:
        return span_phase_name(PHASE_commit);
    case EV_ph_root:
        return span_phase_name(PHASE_root);
    case EV_ph_exit:
        return span_phase_name(begun == EV_ph_slow ? PHASE_slow : PHASE_exit);
    case EV_user_end:
        return span_phase_name(PHASE_return);
    default:
        return span_phase_name(PHASE_server);
    }
}

/* The call of a leg: it lasts from the entry that says it to the exit. */
static const char *leg_call(const struct trace_record *begin, const struct trace_record *end,
                            const struct leg_walk *walk)
{
    if (end->event == EV_ph_entry)
        return body_record_call(end);
    return begin->event >= EV_ph_entry && begin->event <= EV_ph_slow && begin->event != EV_ph_exit
               ? walk->call
               : NULL;
}

bool leg_next(const struct boot *boot, const struct span_call *call, struct leg_walk *walk,
              struct leg *out)
{
    const bool first = walk->at < call->first;
    const size_t from = first ? call->first : walk->at;
    const size_t to = stamp_after(boot, call, from);

    if (to == SIZE_MAX)
        return false;
    const struct trace_record *begin = &boot->events[from], *end = &boot->events[to];
    *out = (struct leg){.begin = begin->tsc,
                        .ticks = end->tsc - begin->tsc,
                        .thread = begin->thread,
                        .name = leg_name(begin->event, end->event),
                        .call = leg_call(begin, end, walk),
                        .arrives = !first && walk->thread != begin->thread,
                        .leaves = to < call->last && end->thread != begin->thread};
    *walk = (struct leg_walk){to, begin->thread, out->call};
    return true;
}
