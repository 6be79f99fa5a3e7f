/* SPDX-License-Identifier: MIT
 * /bin/bench CELL,CELL,...: measures the cells in their order and sends the frames. Exit status 0,
 * or 1 when a cell failed or a count differs from the table; each failure is one line.
 * With "say" behind the cells each histogram's median is printed too, for people.
 * Other words are for itself: "server NAME" is the other side of a cell, "cell INDEX NAME" measures
 * one cell in a task of its own. Started by init with the boot word bench=. */
#include "bench/guest/bench.h"
#include "bench/guest/frames.h"
#include "servers/lib/exec.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

static long cell_work(struct work *w)
{
    long error = cell_set_up(w);
    if (error >= 0)
        error = machine.trace ? cell_trace(w) : cell_measure(w);
    if (error >= 0 && !machine.trace)
        error = counters_measure(w);
    if (error >= 0 && !machine.trace)
        error = kernel_measure(w);
    cell_tear_down(w);
    return error < 0 ? error : frames_error();
}

/* Both sides in one space need a thread that nothing can end but its task: so the cell gets a task.
 */
static long cell_apart(const struct work *w)
{
    char index[24];
    uint64_t status = 0;
    const char *const argv[] = {BENCH_PATH, "cell", index, w->name, machine.say ? "say" : 0, 0};
    const struct exec what = {.path = argv[0], .args = {argv, 0}, .ready_write = -1};
    print_to(index, sizeof(index), "%lu", w->index);
    server_end();
    long tid = exec_spawn(&what);
    if (tid < 0)
        return tid;
    tid = sys_waitpid((uint32_t)tid, 0, &status);
    return tid < 0 ? tid : status ? -T_EIO : 0;
}

static bool cell_do(const char *name, uint64_t length, uint64_t index, bool apart)
{
    struct work w;
    long error = cell_parse(name, length, &w);
    w.index = index;
    if (error >= 0)
        error = w.one && apart ? cell_apart(&w) : cell_work(&w);
    if (error < 0)
        print("bench: %s: %s\n", w.name, error_text(error));
    return error >= 0;
}

/* Every region ends with RDTSCP: without it none can be measured, and other instructions would be
 * other figures. */
static bool has_rdtscp(void)
{
    uint32_t eax = 0x80000001u, ebx, ecx = 0, edx;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return edx >> 27 & 1;
}

static bool cells_do(const char *list)
{
    bool good = true;
    for (uint64_t index = 0; *list; index++) {
        const char *comma = strchr(list, ',');
        uint64_t length = comma ? (uint64_t)(comma - list) : strlen(list);
        good = cell_do(list, length, index, true) && good;
        list += length + (comma != 0);
    }
    return good;
}

static uint64_t number(const char *text)
{
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

int main(int argc, char **argv, char **envp)
{
    bool cell = argc > 3 && !strcmp(argv[1], "cell");
    (void)envp;
    if (argc == 3 && !strcmp(argv[1], "server"))
        return server_main(argv[2]);
    machine.say = argc == (cell ? 5 : 3) && !strcmp(argv[argc - 1], "say");
    if (argc != (cell ? 4 : 2) + machine.say) {
        print("usage: bench CELL,CELL,... [say]\n");
        return 1;
    }
    if (!has_rdtscp()) {
        print("bench: this CPU lacks RDTSCP, which ends each measured region\n");
        return 1;
    }
    long error = frames_open();
    if (error >= 0)
        error = machine_calibrate(!cell);
    if (error >= 0 && machine.trace && !cell)
        error = boot_trace();
    if (error < 0) {
        print("bench: trace: %s\n", error_text(error));
        return 1;
    }
    bool good =
        cell ? cell_do(argv[3], strlen(argv[3]), number(argv[2]), false) : cells_do(argv[1]);
    server_end();
    crowd_end();
    if (machine.trace && !cell)
        totals_send();
    return good ? 0 : 1;
}
