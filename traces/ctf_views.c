/* SPDX-License-Identifier: MIT
 * sched_switch, sys_NAME and exit_syscall (see ctf_views.h). A trace of domain "kernel" whose
 * tracer Trace Compass does not know is read by the names of the first LTTng: system calls begin
 * with "sys_" and end with "exit_syscall". Thread 0 is an idle CPU there, and here what no thread
 * did. */
#include "traces/ctf_views.h"

#include <string.h>

#include "kernel/abi/syscalls.h"
#include "traces/body.h"

#define VIEW_SWITCH EV_COUNT
#define VIEW_EXIT   (EV_COUNT + 1)
#define VIEW_ODD    (EV_COUNT + 2) /* the entry of a call that has no name */
#define VIEW_ENTRY  (EV_COUNT + 3) /* and its index on */
#define COMM_BYTES  16u
#define STATE_WAITS 1
#define THREAD_NONE UINT32_MAX

static uint8_t *bytes_put(uint8_t *out, const void *bytes, size_t size)
{
    memcpy(out, bytes, size);
    return out + size;
}

static uint8_t *head_put(uint8_t *out, uint16_t id, uint64_t stamp)
{
    return bytes_put(bytes_put(out, &id, sizeof id), &stamp, sizeof stamp);
}

/* Name and number of a thread. */
static uint8_t *thread_put(uint8_t *out, uint32_t thread)
{
    const int32_t tid = thread == THREAD_NONE ? 0 : (int32_t)(thread & INT32_MAX);
    char comm[COMM_BYTES] = "kernel";

    if (thread != THREAD_NONE)
        snprintf(comm, sizeof comm, "task-%u", thread >> 12);
    out = bytes_put(out, comm, strlen(comm) + 1);
    return bytes_put(out, &tid, sizeof tid);
}

static uint8_t *switch_put(uint8_t *out, const struct trace_record *record, uint32_t before)
{
    const int64_t state = STATE_WAITS;

    out = head_put(out, VIEW_SWITCH, record->tsc);
    out = thread_put(out, before);
    out = bytes_put(out, &state, sizeof state);
    return thread_put(out, record->thread);
}

/* An event that has no fields. */
static void bare_describe(FILE *out, unsigned id, const char *name)
{
    fprintf(out, "\nevent {\n\tid = %u;\n\tstream_id = 0;\n\tname = \"%s\";\n};\n", id, name);
}

void view_describe(FILE *out)
{
    fprintf(
        out,
        "\ntypealias integer { size = 32; align = 8; signed = true; } := int32_t;\n"
        "typealias integer { size = 64; align = 8; signed = true; } := int64_t;\n"
        "\nevent {\n\tid = %u;\n\tstream_id = 0;\n\tname = \"sched_switch\";\n\tfields := struct {"
        " string prev_comm; int32_t prev_tid; int64_t prev_state; string next_comm;"
        " int32_t next_tid; };\n};\n",
        VIEW_SWITCH);
    bare_describe(out, VIEW_EXIT, "exit_syscall");
    bare_describe(out, VIEW_ODD, "sys_unknown");
#define X(name, cls, kind, ret, index) bare_describe(out, VIEW_ENTRY + (index), "sys_" #name);
    SYSCALLS(X)
#undef X
}

static uint16_t entry_id(const struct trace_record *record)
{
    return (uint16_t)(body_record_call(record) ? VIEW_ENTRY + (record->arg & SYS_INDEX_MASK)
                                               : VIEW_ODD);
}

size_t view_make(const struct trace_record *record, uint32_t *thread, uint8_t *out)
{
    uint8_t *at = out;

    if (record->event != EV_lost && record->thread != *thread) {
        at = switch_put(at, record, *thread);
        *thread = record->thread;
    }
    if (record->event == EV_ph_entry)
        at = head_put(at, entry_id(record), record->tsc);
    if (record->event == EV_ph_exit)
        at = head_put(at, VIEW_EXIT, record->tsc);
    return (size_t)(at - out);
}
