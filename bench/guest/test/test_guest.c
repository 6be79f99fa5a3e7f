/* SPDX-License-Identifier: MIT
 * Host tests of what is pure in the measuring program: names of cells, exact histograms.
 * Invariant: exit status 0 only when every check passed; the last line says how many. */
#include <stdio.h>
#include <string.h>

#include "bench/guest/bench.h"
#include "bench/guest/histogram.h"

static unsigned passed, failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (condition) {                                                                           \
            passed++;                                                                              \
        } else {                                                                                   \
            failed++;                                                                              \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                         \
        }                                                                                          \
    } while (0)

static const struct rung table[] = {{.name = "R0"},
                                    {.name = "R1", .has = HAS_SIZE},
                                    {.name = "D4", .has = HAS_SIZE | HAS_SPACE},
                                    {.name = "move", .has = HAS_SIZE | HAS_TO}};

const struct rung *rung_find(const char *name, uint64_t length)
{
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strlen(table[i].name) == length && !memcmp(table[i].name, name, length))
            return &table[i];
    return NULL;
}

static bool good(const char *name)
{
    struct work w;
    return cell_parse(name, strlen(name), &w) == 0;
}

static void names_test(void)
{
    static const char *const bad[] = {"",
                                      "R",
                                      "R00",
                                      "R0/",
                                      "R0/size:8",
                                      "R1",
                                      "R1/size:",
                                      "R1/size:8a",
                                      "R1/size:-8",
                                      "R1/size:65537",
                                      "R1/size:18446744073709551624",
                                      "R1/size:16385",
                                      "R1/size:8/size:8",
                                      "R1/size:8/space:two",
                                      "D4/size:8",
                                      "D4/space:two",
                                      "D4/size:8/space:three",
                                      "D4/size:8/space:two/",
                                      "D4/size:8/space:two/space:two",
                                      "R0/crowd:",
                                      "R0/to:module",
                                      "move/size:4096",
                                      "move/to:module",
                                      "move/size:8/to:",
                                      "move/size:8/to:x/to:x",
                                      "R0/crowd:descriptors",
                                      "R0/crowd:fds/crowd:fds",
                                      "D4/size:0000000000000000000000008/space:two"};
    struct work w;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(!good(bad[i]));
        if (good(bad[i]))
            printf("  taken: %s\n", bad[i]);
    }
    CHECK(good("R0") && good("R1/size:0") && good("R1/size:65536") && good("D4/space:one/size:8"));
    CHECK(cell_parse("D4/size:65536/space:two,R0", 23, &w) == 0 && w.size == 65536 && !w.one);
    CHECK(w.rung == &table[2] && strcmp(w.name, "D4/size:65536/space:two") == 0);
    CHECK(cell_parse("D4/size:0/space:two/crowd:tasks", 31, &w) == 0 && !strcmp(w.crowd, "tasks"));
    CHECK(cell_parse("move/size:4096/to:module", 24, &w) == 0 && !strcmp(w.to, "module"));
    CHECK(cell_parse("R0/crowd:schemes", 16, &w) == 0 && !strcmp(w.crowd, "schemes") && !*w.mitig);
    CHECK(cell_parse("D4/size:0/space:one", 19, &w) == 0 && w.size == 0 && w.one && w.fd == -1);
}

static void exact_test(void)
{
    static struct histogram h;
    uint64_t sum = 0;

    histogram_clear(&h);
    CHECK(histogram_median(&h) == 0);
    for (uint64_t i = 0; i < 1000; i++)
        histogram_add(&h, i * 7919 % 100);
    CHECK(h.count == 100 && h.samples == 1000 && !h.folded);
    for (uint32_t i = 0; i < h.count; i++) {
        CHECK(h.entry[i].value == i && h.entry[i].count == 10);
        sum += h.entry[i].count;
    }
    CHECK(sum == h.samples && histogram_median(&h) == 50);
}

/* More distinct values than entries: nothing is lost, and it says so. */
static void folded_test(void)
{
    static struct histogram h;
    uint64_t sum = 0;

    histogram_clear(&h);
    for (uint64_t i = 0; i < HISTOGRAM_ENTRIES; i++)
        histogram_add(&h, i * 10);
    CHECK(!h.folded);
    histogram_add(&h, 20);
    CHECK(!h.folded && h.entry[2].count == 2);
    histogram_add(&h, 25);
    CHECK(h.folded && h.count == HISTOGRAM_ENTRIES && h.entry[3].count == 2);
    histogram_add(&h, ~0ull);
    CHECK(h.entry[h.count - 1].count == 2);
    for (uint32_t i = 0; i < h.count; i++) {
        CHECK(i == 0 || h.entry[i].value > h.entry[i - 1].value);
        sum += h.entry[i].count;
    }
    CHECK(sum == h.samples);
}

int main(void)
{
    names_test();
    exact_test();
    folded_test();
    printf("guest: %u passed, %u failed\n", passed, failed);
    return failed != 0;
}
