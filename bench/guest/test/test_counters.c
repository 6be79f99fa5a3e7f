/* SPDX-License-Identifier: MIT
 * The counters' pass from end to end, on the model of kernel/hal/test/pmu_model.h: what the calls
 * of a cell do is what the frame says, whatever lies between its pieces, the readings' own cost is
 * the same in both passes, and where nothing is counted no frame is sent. The kernel's file sys:pmu
 * is the kernel's own code. */
#include <stdlib.h>
#include <string.h>

#include "bench/guest/bench.h"
#include "bench/guest/frames.h"
#include "bench/test/unit.h"
#include "kernel/core/counters.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/found.h"
#include "kernel/hal/pmu.h"
#include "kernel/hal/test/pmu_model.h"

#define SYSCALL_CYCLES 1234u

static const struct pmu_model skylake = {.vendor = "GenuineIntel",
                                         .signature = 0x506E3,
                                         .version = 4,
                                         .general = 4,
                                         .bits = 48,
                                         .fixed = 3,
                                         .fixed_bits = 48,
                                         .said = 7};

/* ---- the machine and the kernel around the pass ---- */
struct machine machine;
long region_empty(struct region *r);
long file_text(const char *path, char *buffer, uint64_t size);
static char sys_pmu[2048];
static uint64_t now;
static long fails; /* what the region returns */
static const char *off;

bool bootword(const char *name, char *value, size_t size)
{
    if (!off || strcmp(name, "counters"))
        return false;
    strncpy(value, off, size);
    return true;
}

void text_put(struct text *text, const char *string)
{
    (void)text;
    strcat(sys_pmu, string);
}

static unsigned lines_found;

void hal_found(const char *format, ...)
{
    (void)format;
    lines_found++;
}

/* A reading costs a part before and a part behind it. */
long file_text(const char *path, char *buffer, uint64_t size)
{
    EXPECT(!strcmp(path, "sys:pmu"));
    model_work(&(struct pmu_work){.ring = 0, .cycles = SYSCALL_CYCLES, .l1d_misses = 3});
    *sys_pmu = 0;
    report_pmu(NULL);
    model_work(&(struct pmu_work){.ring = 3, .cycles = SYSCALL_CYCLES, .store_walks = 2});
    EXPECT(strlen(sys_pmu) < size);
    strcpy(buffer, sys_pmu);
    return (long)strlen(buffer);
}

void machine_quiet(void)
{
}

long region_empty(struct region *r)
{
    r->begin = now;
    now += 10 * r->turns;
    r->end = now;
    model_work(&(struct pmu_work){.ring = 3, .cycles = 6 * r->turns});
    return 0;
}

/* Each call: 100 cycles in the kernel, 40 outside, and what the caches do. */
static long region_cell(struct region *r)
{
    r->begin = now;
    now += 210 * r->turns;
    r->end = now;
    for (uint64_t i = 0; i < r->turns; i++) {
        model_work(&(struct pmu_work){.ring = 0, .cycles = 100, .load_walks = 2, .store_walks = 1});
        model_work(&(struct pmu_work){.ring = 3, .cycles = 40, .l1d_misses = 5});
    }
    return fails;
}

long regions_run(struct work *w, struct span *to, unsigned n)
{
    (void)to, (void)n;
    return w->body(&w->region);
}

/* An interrupt's cell, of which nothing is counted. */
long irq_run(struct work *w, struct span *to, unsigned n)
{
    return regions_run(w, to, n);
}

/* Cells with more than calls: what belongs to none of them does far more than a call. */
static uint64_t ready_count, pieces_count;
static uint64_t ready_fails; /* the one of that number; 0: none */
static bool is_ready;

static long ready(void)
{
    model_work(&(struct pmu_work){.ring = 0, .cycles = 99999, .l1d_misses = 9999});
    ready_count++;
    is_ready = true;
    return ready_count == ready_fails ? -4 : 0;
}

long ram_run(struct work *w, struct span *to, unsigned n)
{
    return regions_run(w, to, n);
}

uint64_t ram_calls(const struct work *w)
{
    return 65536 / w->size;
}

long ram_rewind(struct work *w)
{
    (void)w;
    return ready();
}

/* Reads that would go beyond the file's end are no reads. */
static long region_ram(struct region *r)
{
    EXPECT(is_ready);
    is_ready = false;
    pieces_count++;
    return region_cell(r);
}

long fault_run(struct work *w, struct span *to, unsigned n)
{
    return regions_run(w, to, n);
}

/* Faults, and one that is a call's no more than the system call before them. */
long fault_piece(struct work *w, uint64_t calls, struct span *ticks)
{
    (void)w;
    model_work(&(struct pmu_work){.ring = 0, .cycles = 777, .store_walks = 4});
    for (uint64_t i = 0; i <= calls; i++)
        model_work(&(struct pmu_work){.ring = 0, .cycles = 300, .load_walks = 1});
    *ticks = (struct span){now, now + 500 * calls};
    return fails;
}

long fault_none(struct work *w, uint64_t calls, struct span *ticks)
{
    EXPECT(calls == PASS_CALLS);
    return fault_piece(w, 0, ticks);
}

long move_run(struct work *w, struct span *to, unsigned n)
{
    return regions_run(w, to, n);
}

long move_back(struct work *w)
{
    (void)w;
    return ready();
}

long move_piece(struct work *w, uint64_t calls, struct span *ticks)
{
    (void)w;
    EXPECT(is_ready && calls == 1);
    is_ready = false;
    pieces_count++;
    model_work(&(struct pmu_work){.ring = 0, .cycles = 70000 + pieces_count, .l1d_misses = 64});
    *ticks = (struct span){now, now + 90010};
    return fails;
}

long move_none(struct work *w, uint64_t calls, struct span *ticks)
{
    (void)w, (void)calls;
    *ticks = (struct span){now, now + 10};
    return 0;
}

static struct wire_counters sent;
static struct wire_counter list[COUNTERS_MAX];
static unsigned frames;

void frames_counters(const struct wire_counters *head, const struct wire_counter *counters)
{
    frames++;
    sent = *head;
    memcpy(list, counters, head->entries * sizeof(*counters));
}

/* ---- the tests ---- */
static struct rung rung = {.name = "R0", .run = regions_run};

static long measured(const struct pmu_model *model)
{
    struct work w = {.rung = &rung,
                     .name = "R0/size:8",
                     .region.turns = 4,
                     .body = rung.run == ram_run ? region_ram : region_cell,
                     .size = 1024};
    model_reset(model);
    ready_count = pieces_count = 0;
    frames = lines_found = 0;
    counters_begin();
    char text[sizeof(sys_pmu)];
    machine.pmu = file_text("sys:pmu", text, sizeof(text)) > 0 && !strncmp(text, PMU_HEAD "0", 5);
    const long error = counters_measure(&w);
    CHECK_EQ(w.region.turns, 4);
    return error;
}

static void test_counted(void)
{
    CHECK_EQ(measured(&skylake), 0);
    CHECK_EQ(frames, 1);
    CHECK_EQ(lines_found, 4); /* the walks' two are one */
    CHECK_TEXT(sent.cell, "R0/size:8");
    EXPECT(sent.version == 4 && sent.bits == 48);
    CHECK_EQ(sent.entries, 5);
    CHECK_EQ(sent.calls, 1000);
    CHECK_EQ(sent.ticks, 210 * sent.calls);
    CHECK_EQ(sent.ticks_empty, 10 * sent.calls);
    const uint64_t net[] = {134, 134, 5, 2, 1}; /* cycles, instructions, misses, loads, stores */
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQ(list[i].state, COUNTER_COUNTED);
        CHECK_EQ(list[i].count - list[i].empty, net[i] * sent.calls);
    }
    CHECK_EQ(list[0].kind, COUNTER_CYCLES);
    CHECK_EQ(list[0].event, COUNTER_FIXED | 1);
    EXPECT(list[0].empty > SYSCALL_CYCLES); /* the readings' cost is in both */
}

static void test_absent(void)
{
    struct pmu_model model = skylake;
    model.signature = 0x806A1; /* in no table */
    CHECK_EQ(measured(&model), 0);
    CHECK_EQ(sent.entries, 4);
    EXPECT(list[2].state == COUNTER_NO_EVENT && list[2].count == 0 && list[2].empty == 0);
    model.version = 0;
    CHECK_EQ(measured(&model), 0);
    CHECK_EQ(frames, 0);
    CHECK_EQ(lines_found, 1);
    off = "off";
    CHECK_EQ(measured(&skylake), 0);
    CHECK_EQ(frames, 0);
    CHECK_EQ(model_accesses, 0);
    off = "auto";
    CHECK_EQ(measured(&skylake), 0);
    CHECK_EQ(frames, 1);
    off = NULL;
}

static uint64_t net_of(unsigned i)
{
    CHECK_EQ(list[i].state, COUNTER_COUNTED);
    return list[i].count - list[i].empty;
}

/* As many calls as the file is long enough for, set back before each piece; nothing of that counts.
 */
static void test_ram(void)
{
    rung.run = ram_run;
    CHECK_EQ(measured(&skylake), 0);
    CHECK_EQ(frames, 1);
    CHECK_EQ(sent.calls, 960); /* 15 pieces of 64 */
    CHECK_EQ(ready_count, 16); /* the first one's is to be warm */
    CHECK_EQ(pieces_count, 16);
    CHECK_EQ(sent.ticks - sent.ticks_empty, 200 * sent.calls);
    CHECK_EQ(net_of(0), 134 * sent.calls);
    CHECK_EQ(net_of(2), 5 * sent.calls);
    EXPECT(list[0].empty > 15 * SYSCALL_CYCLES && list[0].empty < 99999);
}

/* What is taken off is one fault, with what it takes to make any. */
static void test_fault(void)
{
    rung.run = fault_run;
    CHECK_EQ(measured(&skylake), 0);
    CHECK_EQ(sent.calls, PASS_CALLS);
    CHECK_EQ(sent.ticks, 500 * PASS_CALLS);
    CHECK_EQ(sent.ticks_empty, 0);
    CHECK_EQ(net_of(0), 300 * PASS_CALLS);
    CHECK_EQ(net_of(3), PASS_CALLS);
    CHECK_EQ(net_of(4), 0);
}

/* The way back is nobody's. */
static void test_move(void)
{
    rung.run = move_run;
    CHECK_EQ(measured(&skylake), 0);
    CHECK_EQ(sent.calls, 64);
    CHECK_EQ(ready_count, 65);
    CHECK_EQ(sent.ticks - sent.ticks_empty, 64 * 90000);
    CHECK_EQ(net_of(0), 64 * 70000 + 65 * 66 / 2 - 1); /* 2 to 65, the first was to be warm */
    CHECK_EQ(net_of(2), 64 * 64);
    for (ready_fails = 1; ready_fails <= 3; ready_fails++) {
        EXPECT(measured(&skylake) == -4);
        CHECK_EQ(frames, 0);
    }
    ready_fails = 0;
}

/* A cell that fails sends nothing, and neither does one of which two readings hold more than calls.
 */
static void test_left_out(void)
{
    fails = -5;
    EXPECT(measured(&skylake) == -5);
    CHECK_EQ(frames, 0);
    fails = 0;
    rung.run = irq_run;
    const uint64_t ran = now;
    CHECK_EQ(measured(&skylake), 0);
    CHECK_EQ(frames, 0);
    CHECK_EQ(now, ran);
}

int main(void)
{
    test_counted();
    test_absent();
    test_left_out();
    test_ram();
    test_fault();
    test_move();
    return unit_done("guest-counters");
}
