/* SPDX-License-Identifier: MIT
 * Runs made of captures: where a capture is cut, what a boot says of its class and its machine,
 * which of its words tell boots apart, and which cells it names. */
#include <stdlib.h>
#include <string.h>

#include "bench/received/cells.h"
#include "bench/received/cut.h"
#include "bench/received/gaps.h"
#include "bench/received/target.h"
#include "bench/test/unit.h"
#include "traces/test/synth.h"
#include "traces/words.h"

/* A frame that came twice, as a line with repeats has them, is the boot's that it belongs to: in
 * front of the next one's it would be lost. */
static void cut_twice_test(void)
{
    struct synth synth = {.boot_id = 5};
    struct cut cut;

    synth_frame(&synth, WIRE_HELLO, "x", 1);
    synth_frame(&synth, WIRE_TEXT, "y", 1);
    synth.sequence--;
    synth_frame(&synth, WIRE_TEXT, "y", 1);
    const size_t behind = synth.size;
    synth.boot_id = 9;
    synth.sequence = 0;
    synth_frame(&synth, WIRE_HELLO, "x", 1);
    EXPECT(!cut_boots(synth.bytes, synth.size, &cut) && cut.count == 2);
    if (cut.count == 2)
        CHECK_EQ(cut.pieces[1].start, behind);
    cut_free(&cut);
    free(synth.bytes);
}

static void cut_test(void)
{
    static const char *const texts[] = {"SeaBIOS\r\n\xda\xc4\xc4 menu", "loader: multiboot 2\r\n",
                                        "half a frame"};
    struct synth synth = {.boot_id = 5};
    size_t starts[3], behind = 0;
    struct cut cut;

    for (unsigned boot = 0; boot < 3; boot++) {
        starts[boot] = boot ? behind : 0;
        synth_text(&synth, texts[boot]);
        synth_bytes(&synth, "", 1);
        synth.boot_id = boot == 2 ? 9 : 5; /* the first two drew one id: HELLO tells them apart */
        synth.sequence = 0;
        synth_frame(&synth, WIRE_HELLO, "x", 1);
        synth_frame(&synth, WIRE_TEXT, "y", 1);
        behind = synth.size;
    }
    synth_text(&synth, "behind the last");
    EXPECT(!cut_boots(synth.bytes, synth.size, &cut) && cut.count == 3);
    for (size_t i = 0; i < cut.count; i++) {
        CHECK_EQ(cut.pieces[i].start, starts[i]);
        CHECK_EQ(cut.pieces[i].end, i < 2 ? starts[i + 1] : synth.size);
    }
    cut_free(&cut);
    EXPECT(!cut_boots((const uint8_t *)"text only", 9, &cut) && cut.count == 0);
    cut_free(&cut);
    EXPECT(!cut_boots(synth.bytes, 0, &cut) && cut.count == 0);
    cut_free(&cut);
    free(synth.bytes);
}

static struct boot boot_metal(void)
{
    struct boot boot = {.has_hello = true, .has_calib = true, .has_machine = {true, true}};

    boot.calib = (struct wire_calib){.loop_ring0 = 1010, .quantum = 2, .rdtsc_cost = 24};
    boot.calib.out_cost = 900;
    boot.calib.cr3_cost = 180;
    boot.machine[0].have = MACHINE_INVARIANT;
    boot.hello.tsc_hz = 3000000000u;
    boot.hello.microcode = 0xf4;
    memcpy(boot.hello.brand, "  A CPU", 8);
    boot.cmdline = (char[]){""};
    return boot;
}

static const char *class_of(const struct boot *boot)
{
    char why[160] = "";
    const char *class = target_class(boot, why, sizeof(why));

    EXPECT(class || why[0]);
    return class ? class : "";
}

static void class_test(void)
{
    struct boot boot = boot_metal(), exact = boot_metal(), less;

    CHECK_TEXT(class_of(&boot), "metal");
    boot.machine[0].have |= MACHINE_GUEST;
    CHECK_TEXT(class_of(&boot), "tcg");
    boot.machine[0].have = 0;
    CHECK_TEXT(class_of(&boot), "");
    exact.calib = (struct wire_calib){.empty = 9,
                                      .empty_max = 9,
                                      .loop_ring0 = 2010,
                                      .rdtsc_cost = 1,
                                      .out_cost = 1,
                                      .cr3_cost = 1};
    CHECK_TEXT(class_of(&exact), "bochs");
    exact.machine[0].have |= MACHINE_GUEST;
    CHECK_TEXT(class_of(&exact), "icount");
    uint64_t *const costs[] = {&exact.calib.rdtsc_cost, &exact.calib.out_cost,
                               &exact.calib.cr3_cost, &exact.calib.empty_max};
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        ++*costs[i]; /* one instruction of two ticks, or that varies: they are no instructions */
        CHECK_TEXT(class_of(&exact), "tcg");
        --*costs[i];
    }
    exact.calib.loop_ring0 = 2101;
    CHECK_TEXT(class_of(&exact), "tcg");
    for (unsigned lacks = 0; lacks < 3; lacks++) {
        less = boot_metal();
        *(lacks == 0 ? &less.has_hello : lacks == 1 ? &less.has_calib : less.has_machine) = false;
        CHECK_TEXT(class_of(&less), "");
    }
    EXPECT(target_fits("metal", "metal") && target_fits("tcg", "kvm"));
    EXPECT(!target_fits("metal", "kvm") && !target_fits("icount", "metal") &&
           !target_fits("kvm", "tcg"));
}

static void machine_test(void)
{
    struct boot boot = boot_metal(), other;
    struct fingerprint text;
    struct machine machine;

    target_machine(&boot, "metal", &machine);
    machine_fingerprint(&machine, "metal", 7, &text);
    CHECK_TEXT(text.text, "metal A CPU  signature 0 microcode 0xf4 abi 7");
    memcpy(boot.hello.brand, "QEMU Virtual CPU version 2.5+", 30);
    target_machine(&boot, "icount", &machine);
    EXPECT(!machine.target);
    target_machine(&boot, "bochs", &machine);
    EXPECT(machine.target);
    other = boot;
    EXPECT(!target_differs(&boot, &other));
    other.cmdline = (char[]){"pti=on trace=on bench=R0 part=1/4 end=reset repeat=on"};
    EXPECT(!target_differs(&boot, &other));
    other.cmdline = (char[]){"pti=on fastpath=0"};
    EXPECT(target_differs(&boot, &other));
}

/* One thing of HELLO that is another makes it another machine, or other images. */
static void differs_test(void)
{
    const struct boot boot = boot_metal();
    struct boot others[7];

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        others[i] = boot;
    others[0].hello.abi_version++;
    others[1].hello.abi_hash++;
    others[2].hello.build_id[19] = 1;
    others[3].hello.vendor[11]++;
    others[4].hello.brand[sizeof(boot.hello.brand) - 1]++;
    others[5].hello.cpu_signature++;
    others[6].hello.microcode++;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const char *why = target_differs(&boot, &others[i]);
        EXPECT(why && strstr(why, i < 2 ? "contract" : i == 2 ? "build" : "CPU"));
    }
}

static void words_test(void)
{
    static const struct {
        const char *line;
        unsigned part, of;
    } parts[] = {{"part=3/8", 3, 8},  {"a part=1/1 b", 1, 1}, {"part=1/2 part=2/2", 2, 2},
                 {"part=0/8", 0, 0},  {"part=9/8", 0, 0},     {"part=1000/1000", 0, 0},
                 {"part=1", 0, 0},    {"part=1/", 0, 0},      {"part=/2", 0, 0},
                 {"part=1/2x", 0, 0}, {"apart=1/2", 0, 0},    {"part=99999999999999999999/2", 0, 0},
                 {"", 0, 0}};
    char words[TARGET_WORDS];
    unsigned part, of;
    size_t length;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        EXPECT(words_part(parts[i].line, &part, &of) == (parts[i].of != 0));
        EXPECT(part == parts[i].part && of == parts[i].of);
    }
    EXPECT(words_is("pcid=off pcid=on", "pcid=", "on") && !words_is("pcid=on1", "pcid=", "on"));
    EXPECT(words_is("x pcid=on", "pcid=", "on") && !words_is("xpcid=on", "pcid=", "on"));
    EXPECT(!words_find("a  b ", "c=", &length) && length == 0);
    EXPECT(words_is("x pti=on", "pti=", "on") && !words_is("pti=only", "pti=", "on") &&
           !words_is("pti=o", "pti=", "on"));
    target_words("pti=on  mitig=off bench=R0 samples=5 end=halt", words);
    CHECK_TEXT(words, "mitig=off samples=5");
    char *line = calloc(1, 3 * TARGET_WORDS); /* longer than what is kept */
    for (size_t i = 0; i + 6 < 3 * TARGET_WORDS; i += 5)
        memcpy(line + i, "abcd ", 5);
    target_words(line, words);
    EXPECT(strlen(words) < TARGET_WORDS && strlen(words) > TARGET_WORDS / 2);
    free(line);
    line = strdup("mitig=off x"); /* whose last word is shorter than any that is left out */
    target_words(line, words);
    CHECK_TEXT(words, "mitig=off x");
    free(line);
}

static void cells_test(void)
{
    static const char *const bad[] = {
        "",        ",,",           "R0,R9",      "R1/size:",
        "R0/x",    "R1/size:8/",   "R1/size:08", "D4/size:0",
        "R0\nR0",  "axis",         "R0,R0/",     "R1/size:8/size:8",
        "R0 - - ", "R1/space:two", "R0\t",       "T2/mitig:verw/size:8"};
    struct run run = {.matrix_text = NULL};
    struct cells cells = {.list_count = 0};
    struct boot_run boots[3] = {{.first = 0}};
    char why[200];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EXPECT(cells_take(&cells, bad[i], &boots[0], why, sizeof(why)) == 1 && why[0]);
        EXPECT(cells.matrix.cell_count == 0);
    }
    EXPECT(!cells_take(&cells, "R0,D4/size:8/space:two", &boots[0], why, sizeof(why)));
    EXPECT(!cells_take(&cells, "R0,T2/size:8/mitig:verw", &boots[1], why, sizeof(why)));
    EXPECT(!cells_take(&cells, "R0,D4/size:8/space:two", &boots[2], why, sizeof(why)));
    EXPECT(boots[0].first == 0 && boots[0].count == 2 && boots[1].first == 2);
    EXPECT(boots[2].first == 0 && boots[2].count == 2);
    char *many = calloc(MATRIX_CELLS_MAX + 1, 3); /* as many as a matrix has, and one more */
    for (size_t i = 0; i <= MATRIX_CELLS_MAX; i++)
        memcpy(many + 3 * i, "R0,", 3);
    many[3 * MATRIX_CELLS_MAX + 2] = 0;
    EXPECT(cells_take(&cells, many, &boots[2], why, sizeof(why)) == 1 && strstr(why, "more than"));
    EXPECT(cells.matrix.cell_count == 4 && cells.list_count == 2);
    free(many);
    cells.matrix.pti = AXIS_OFF | AXIS_ON;
    cells.matrix.trace = AXIS_OFF;
    EXPECT(!cells_give(&cells, &run) && run.matrix.cell_count == 4);
    EXPECT(strstr(run.matrix_text, "axis pti off,on\naxis trace off\nR0 - - \nD4 8 two \n"
                                   "T2 8 - mitig:verw\n"));
    cells_free(&cells);
    run_free(&run);
}

static void gaps_test(void)
{
    struct matrix_cell cells[] = {{"R0"}, {"pipe"}, {"R0"}};
    struct boot_run boots[] = {
        {.count = 2, .state = BOOT_PASSED, .words = (char[]){"part=1/3"}},
        {.count = 2, .state = BOOT_FAILED, .pti = true, .words = (char[]){"part=2/3"}},
        {.first = 2, .count = 1, .state = BOOT_PASSED, .trace = true, .words = (char[]){"a"}},
        {.state = BOOT_PASSED, .words = (char[]){"part=1/2"}}};
    const struct run run = {.boots = {.runs = boots, .count = 4},
                            .matrix = {.cells = cells, .cell_count = 3}};
    static const char *const says[] = {"parts that did not come: 2 of 3, 3 of 3",
                                       "not measured with isolation on: R0, pipe",
                                       "no phases with isolation off: pipe"};
    json_t *gaps = gaps_find(&run);

    CHECK_EQ(json_array_size(gaps), 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_TEXT(json_string_value(json_array_get(gaps, i)), says[i]);
    json_decref(gaps);
}

/* With PCID is a point of its own, where the CPU has it and words ask for it. */
static void gaps_pcid_test(void)
{
    struct matrix_cell cells[] = {{"R0"}};
    struct boot_run boots[] = {
        {.count = 1, .state = BOOT_PASSED, .words = (char[]){"part=1/6"}},
        {.count = 1, .state = BOOT_PASSED, .pti = true, .words = (char[]){"part=2/6 pcid=off"}},
        {.state = BOOT_PASSED, .pti = true, .words = (char[]){"part=3/6 pcid=on"}},
        {.count = 1, .state = BOOT_FAILED, .words = (char[]){"part=6/6"}},
        {.state = BOOT_PASSED, .trace = true, .pti = true, .words = (char[]){"part=4/6 pcid=on"}}};
    const struct run run = {.boots = {.runs = boots, .count = 5},
                            .matrix = {.cells = cells, .cell_count = 1}};
    static const char *const says[] = {
        "parts that did not come: 5 of 6, 6 of 6", "no phases with isolation off: R0",
        "no phases with isolation on: R0", "isolation with PCID is not measured: the CPU lacks it"};
    json_t *gaps = gaps_find(&run);

    CHECK_EQ(json_array_size(gaps), 4);
    for (size_t i = 0; i < 4; i++)
        CHECK_TEXT(json_string_value(json_array_get(gaps, i)), says[i]);
    json_decref(gaps);
    boots[1].pcid = boots[4].pcid = true; /* this one has it, and what was measured with it is no */
    boots[2].state = BOOT_FAILED;         /* figure without */
    boots[4].count = 1;
    gaps = gaps_find(&run);
    CHECK_EQ(json_array_size(gaps), 3);
    CHECK_TEXT(json_string_value(json_array_get(gaps, 1)), "not measured with isolation on: R0");
    CHECK_TEXT(json_string_value(json_array_get(gaps, 2)), "no phases with isolation off: R0");
    boots[4].state = BOOT_FAILED;
    json_decref(gaps);
    gaps = gaps_find(&run);
    CHECK_EQ(json_array_size(gaps), 4);
    CHECK_TEXT(json_string_value(json_array_get(gaps, 3)), "no phases with isolation on, PCID: R0");
    json_decref(gaps);
}

/* A list too long to be read is cut, and its length told. */
static void gaps_many_test(void)
{
    struct matrix_cell cells[40];
    struct boot_run none = {.state = BOOT_FAILED, .words = (char[]){""}};
    const struct run run = {.boots = {.runs = &none, .count = 1},
                            .matrix = {.cells = cells, .cell_count = 40}};

    for (size_t i = 0; i < run.matrix.cell_count; i++)
        snprintf(cells[i].name, sizeof(cells[i].name), "R%zu", i);
    json_t *gaps = gaps_find(&run);
    CHECK_EQ(json_array_size(gaps), 2); /* no phases of what has no figures */
    CHECK_TEXT(json_string_value(json_array_get(gaps, 0)),
               "not measured with isolation off: R0, R1, R2, R3 and 36 more");
    json_decref(gaps);
}

int main(void)
{
    cut_test();
    cut_twice_test();
    class_test();
    machine_test();
    differs_test();
    words_test();
    cells_test();
    gaps_test();
    gaps_pcid_test();
    gaps_many_test();
    return unit_done("received");
}
