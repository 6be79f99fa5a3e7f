/* SPDX-License-Identifier: MIT
 * See catch.h: the handler and its stack are set for one call and taken away after it. */
#include "kernel/test/guest/lib/catch.h"

#define STACK_BYTES 16384u

extern char catch_handler[], step_handler[];
extern uint64_t catch_fault[4];
void catch_run(void (*body)(uint64_t argument), uint64_t argument);

static struct guest_fault run(const char *handler, void (*body)(uint64_t), uint64_t argument)
{
    static uint8_t stack[STACK_BYTES] __attribute__((aligned(16)));
    const struct taskctl on = {.a = (uint64_t)handler, .b = (uint64_t)(stack + STACK_BYTES)};

    catch_fault[0] = catch_count = step_count = 0;
    sys_taskctl(0, TASK_FAULT, on);
    catch_run(body, argument);
    sys_taskctl(0, TASK_FAULT, (struct taskctl){0, 0, 0, 0});
    return (struct guest_fault){catch_fault[0], catch_fault[1], catch_fault[2], catch_fault[3]};
}

struct guest_fault guest_catch(void (*body)(uint64_t argument), uint64_t argument)
{
    return run(catch_handler, body, argument);
}

struct guest_fault guest_step(void (*body)(uint64_t argument), uint64_t argument)
{
    return run(step_handler, body, argument);
}
