/* SPDX-License-Identifier: MIT
 * The history without its verbs: exact texts, the three import formats line by line, runs by their
 * contents, segments and what changed in them. */
#include <math.h>
#include <stdlib.h>

#include "bench/exits.h"
#include "bench/history/import.h"
#include "bench/history/number.h"
#include "bench/history/segment.h"
#include "bench/test/unit.h"

static const struct import_options plain = {.source = "test",
                                            .class = "foreign",
                                            .machine = "m",
                                            .suite = "import",
                                            .metric = "value",
                                            .unit = "",
                                            .commit = ""};

/* Reads a text with the options of these tests. */
static int text_parse(enum import_format format, const char *text, struct entries *entries,
                      struct import_error *error)
{
    const struct import_text bytes = {format, text, strlen(text)};

    return import_parse(&bytes, &plain, entries, error);
}

static void exact_same(double number, const char *text)
{
    char out[EXACT_MAX];
    double back = -1;

    exact_text(number, out);
    CHECK_TEXT(out, text);
    EXPECT(!exact_parse(out, strlen(out), &back));
    EXPECT(back == number);
}

static void exact_refused(const char *text)
{
    double number = 7;

    EXPECT(exact_parse(text, strlen(text), &number) != NULL);
    EXPECT(number == 7);
}

static void numbers_test(void)
{
    static const char *const bad[] = {
        "",  "-",  "nan", "inf", "Infinity", "0x10", "1e",    "1e+",
        ".", "1 ", " 1",  "1,5", "1e999",    "--1",  "1.2.3", "9007199254740993"};

    exact_same(130, "130");
    exact_same(0.1, "0.1");
    exact_same(-2.5, "-2.5");
    exact_same(1.0 / 3, "0.3333333333333333");
    exact_same(9007199254740992.0, "9007199254740992");
    exact_same(1.7976931348623157e308, "1.7976931348623157e+308");
    exact_same(5e-324, "4.94065645841247e-324");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        exact_refused(bad[i]);
    uint64_t count = 0;
    CHECK_TEXT(count_parse("-1", 2, 10, &count), "a negative count");
    CHECK_TEXT(count_parse("11", 2, 10, &count), "a count beyond its limit");
    CHECK_TEXT(count_parse("1.0", 3, 10, &count), "no count");
    EXPECT(!count_parse("10", 2, 10, &count) && count == 10);
}

static void lists_test(void)
{
    const double numbers[] = {1, 0.1, -3e100};
    struct arena arena = {0};
    double back[3];

    CHECK_TEXT(exact_list_text(&arena, numbers, 3), "1 0.1 -3e+100");
    CHECK_EQ(exact_list_parse("1 0.1 -3e+100", back, 3), 3);
    EXPECT(!memcmp(numbers, back, sizeof(back)));
    CHECK_EQ(exact_list_parse("1 2 3", back, 2), (uint64_t)-1);
    CHECK_EQ(exact_list_parse("1  2", back, 3), (uint64_t)-1);
    CHECK_EQ(exact_list_parse("", back, 3), 0);
    arena_free(&arena);
}

static void time_same(const char *text, int64_t want_us)
{
    int64_t time_us = -1;
    const char *wrong = time_parse(text, strlen(text), &time_us);

    CHECK_TEXT(wrong, NULL);
    CHECK_EQ(time_us, want_us);
}

static void times_test(void)
{
    static const char *const bad[] = {"",
                                      "2026",
                                      "1969-12-31",
                                      "2026-13-01",
                                      "2026-02-30",
                                      "2026-01-01T25:00",
                                      "2026-01-01T10",
                                      "2026-01-01x",
                                      "2026-01-01T10:00+9",
                                      "-5",
                                      "1e30",
                                      "yesterday"};
    char text[TIME_MAX];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t time_us;
        /* "2026" is half an hour and a bit after 1970: a number of seconds, and good. */
        EXPECT((time_parse(bad[i], strlen(bad[i]), &time_us) == NULL) == (i == 1));
    }
    time_same("2026-11-21T23:52:17+0000", 1795305137000000);
    time_same("2026-11-22T00:52:17+01:00", 1795305137000000);
    time_same("2026-11-21 23:52:17.25", 1795305137250000);
    time_same("2026-11-21", 1795219200000000);
    time_same("1795305137", 1795305137000000);
    time_same("1795305137000", 1795305137000000);
    time_same("1795305137000000", 1795305137000000);
    time_same("1795305137000000000", 1795305137000000);
    time_text(1795305137250000, text);
    CHECK_TEXT(text, "2026-11-21T23:52:17.250000Z");
    time_text(1795305137000000, text);
    CHECK_TEXT(text, "2026-11-21T23:52:17Z");
}

/* Parses and expects an error at that line with that text within; line 0: a good text. */
static void import_judge(enum import_format format, const char *text, size_t line,
                         const char *within)
{
    struct import_error error = {0};
    struct entries entries;
    const int wrong = text_parse(format, text, &entries, &error);

    if (!EXPECT(wrong == (line ? -1 : 0)) || (line && !EXPECT(strstr(error.text, within))))
        fprintf(stderr, "    %zu: %s in %s\n", error.line, error.text, text);
    if (line)
        CHECK_EQ(error.line, line);
    entries_free(&entries);
}

static void csv_bad_test(void)
{
    static const struct {
        const char *text;
        size_t line;
        const char *within;
    } rows[] = {
        {"", 1, "name"},
        {"name,value\n", 2, "no run"},
        {"name,other\na,1\n", 1, "no column is the value"},
        {"time,value\n1,1\n", 1, "no column is the name"},
        {"name,value,mean\na,1,2\n", 1, "both"},
        {"name,value\na,NaN\n", 2, "no decimal"},
        {"name,value\na,1\nb,inf\n", 3, "no decimal"},
        {"name,value\na,1e400\n", 2, "beyond"},
        {"name,value\na,9007199254740993\n", 2, "exactly"},
        {"name,value\na,\n", 2, "missing"},
        {"name,value\n,1\n", 2, "a name is missing"},
        {"name,value\na,1,2\n", 2, "3 columns"},
        {"name,value\na\n", 2, "1 columns"},
        {"name,value,boots\na,1,-3\n", 2, "negative"},
        {"name,value,boots,samples\na,1,3,1 2\n", 2, "as many"},
        {"name,value,samples\na,1,1 x\n", 2, "no list"},
        {"name,value,time\na,1,1960-01-01\n", 2, "1970"},
        {"name,value,digest\na,1,12\n", 2, "SHA-256"},
        {"name,value\n\"a,1\n", 2, "does not end"},
        {"name,value\n\"a\"b,1\n", 2, "behind a quotation"},
        {"name,value\n\"a\n\nb\",1\nc,x\n", 5, "no decimal"},
        {"name,value,boots,time\na,1,1,5\na,2,1,5\n", 2, "twice"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        import_judge(IMPORT_CSV, rows[i].text, rows[i].line, rows[i].within);
    import_judge(IMPORT_AUTO, "name,value\r\n\r\na,1\r\n", 0, "");
}

static void lines_bad_test(void)
{
    static const struct {
        const char *text;
        size_t line;
        const char *within;
    } rows[] = {
        {"{\"timestamp\": 5, \"a\": 1}\nnonsense\n", 2, "no JSON object"},
        {"{\"timestamp\": 5, \"a\": NaN}\n", 1, "no JSON"},
        {"{\"timestamp\": 5, \"a\": 1e999}\n", 1, "no JSON"},
        {"{\"timestamp\": 5, \"a\": 1, \"a\": 2}\n", 1, "no JSON"},
        {"\n{\"a\": 1}\n", 2, "no member is the time"},
        {"{\"timestamp\": -5, \"a\": 1}\n", 1, "1970"},
        {"{\"timestamp\": [], \"a\": 1}\n", 1, "no time"},
        {"{\"timestamp\": 5, \"a\": 9007199254740993}\n", 1, "exact"},
        {"{\"timestamp\": 5, \"a\": [1,2,3]}\n", 1, "3 numbers instead"},
        {"{\"timestamp\": 5, \"a\": [1,2,3,4,5,6,\"x\",8]}\n", 1, "number 7"},
        {"{\"timestamp\": 5, \"a\": [1,2,3,4,5,6,7,-8]}\n", 1, "count"},
        {"{\"timestamp\": 5, \"a\": [1,2,3,4,5,6,7,1.5]}\n", 1, "count"},
        {"{\"tach_history\": 2, \"points\": []}\n", 1, "no export"},
        {"{\"tach_history\": 1, \"run\": {}, \"points\": []}\n", 1, "digest"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        import_judge(IMPORT_LINES, rows[i].text, rows[i].line, rows[i].within);
}

#define CONTEXT "{\"context\": {\"date\": \"2026-01-01T00:00:00\"},\n\"benchmarks\": [\n"
#define ROW(time, unit)                                                                            \
    "{\"name\": \"[{\", \"run_type\": \"iteration\", \"real_time\": " time                         \
    ", \"cpu_time\": 1, \"time_unit\": \"" unit "\", \"iterations\": 3}"

static void benchmark_bad_test(void)
{
    static const struct {
        const char *text;
        size_t line;
        const char *within;
    } rows[] = {
        {"{\n\n\"context\": }", 3, "no JSON"},
        {"{\"benchmarks\": 7}", 1, "no Google Benchmark"},
        {"{\"context\": {\"date\": \"x\"}, \"benchmarks\": []}", 1, "date"},
        {CONTEXT ROW("1", "ns") ",\n" ROW("2", "h") "]}", 4, "time_unit"},
        {CONTEXT ROW("1", "ns") ",\n\n" ROW("-2", "ns") "]}", 5, "real_time"},
        {CONTEXT ROW("1e308", "s") "]}", 3, "real_time"},
        {CONTEXT "{}]}", 3, "without a name"},
        {CONTEXT "{\"name\": \"a\", \"real_time\": 1, \"cpu_time\": 1, \"time_unit\": \"ns\", "
                 "\"lost\": 9007199254740993}]}",
         3, "counter"},
        {CONTEXT "{\"name\": \"a\", \"iterations\": -1}]}", 3, "iterations"},
        {CONTEXT "]}", 0, ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        import_judge(IMPORT_BENCHMARK, rows[i].text, rows[i].line, rows[i].within);
}

static const struct entry_point *point_find(const struct entries *entries, size_t run,
                                            const char *name, const char *metric)
{
    static const struct entry_point none;

    for (size_t i = 0; run < entries->count && i < entries->list[run].count; i++)
        if (!strcmp(entries->list[run].points[i].name, name) &&
            !strcmp(entries->list[run].points[i].metric, metric))
            return &entries->list[run].points[i];
    fprintf(stderr, "no %s %s in run %zu\n", name, metric, run);
    return &none;
}

static void good_test(void)
{
    static const char csv[] = "sha,time,benchmark,value,p99\n"
                              "c1,2026-01-01,a,10,20\nc1,2026-01-01,\"b,\"\"x\"\"\",5,\n"
                              "c1,2026-01-01,a,13,21\nc2,2026-01-02,a,11,22\n";
    static const char benchmark[] = CONTEXT
        "{\"name\": \"q\", \"run_type\": \"aggregate\", \"aggregate_name\": \"mean\", "
        "\"real_time\": 9, \"cpu_time\": 8, \"time_unit\": \"us\", \"repetitions\": 5},\n"
        "{\"name\": \"q_median\", \"run_name\": \"q\", \"run_type\": \"aggregate\", "
        "\"aggregate_name\": \"median\", \"real_time\": 7.5, \"cpu_time\": 8, \"time_unit\": "
        "\"us\", \"repetitions\": 5, \"misses\": 3}," ROW("2", "ms") "," ROW(
            "4",
            "ms") ",\n"
                  "{\"name\": \"n\", \"run_type\": \"iteration\", \"real_time\": 1, \"cpu_time\": "
                  "1, "
                  "\"time_unit\": \"ns\", \"iterations\": 3, \"threads\": 2, \"family_index\": 1, "
                  "\"label\": \"x\", \"items_per_second\": 5e6, \"misses\": -0.5}]}";
    static const char lines[] = "{\"timestamp\": 1700000000, \"sha\": \"abc\", \"note\": \"x\", "
                                "\"call\": [1, 2, 3, 4, 5, 6, 0.5, 16], \"plain\": 2.5}\n";
    struct import_error error;
    struct entries entries;

    EXPECT(!text_parse(IMPORT_AUTO, csv, &entries, &error));
    CHECK_EQ(entries.count, 2);
    const struct entry_point *a = point_find(&entries, 0, "a", "value");
    EXPECT(a->point.value == 11.5 && a->point.low == 10 && a->point.high == 13);
    EXPECT(a->sample_count == 2 && a->samples[1] == 13 && !figure_has(a->point.p99));
    EXPECT(point_find(&entries, 0, "b,\"x\"", "value")->point.value == 5);
    EXPECT(point_find(&entries, 1, "a", "value")->point.p99 == 22);
    CHECK_TEXT(entries.list[1].run.commit, "c2");
    entries_free(&entries);
    EXPECT(!text_parse(IMPORT_AUTO, benchmark, &entries, &error));
    EXPECT(point_find(&entries, 0, "q", "real_time")->point.value == 7500);
    EXPECT(point_find(&entries, 0, "[{", "real_time")->point.value == 3e6);
    CHECK_EQ(point_find(&entries, 0, "q", "real_time")->point.boots, 5);
    CHECK_EQ(entries.list[0].count, 9); /* three by time twice, and three counters */
    CHECK_EQ(point_find(&entries, 0, "q", "misses")->point.boots, 5);
    const struct entry_point *rate = point_find(&entries, 0, "n", "items_per_second");
    const struct entry_point *misses = point_find(&entries, 0, "n", "misses");
    EXPECT(rate->point.value == 5e6 && rate->larger_better && !*rate->unit);
    EXPECT(misses->point.value == -0.5 && !misses->larger_better && misses->sample_count == 1);
    entries_free(&entries);
    EXPECT(!text_parse(IMPORT_AUTO, lines, &entries, &error));
    const struct history_point *call = &point_find(&entries, 0, "call", "value")->point;
    EXPECT(call->value == 3 && call->low == 2 && call->high == 5 && call->max == 6);
    EXPECT(call->boots == 16 && call->min == 1);
    EXPECT(point_find(&entries, 0, "plain", "value")->point.value == 2.5);
    CHECK_EQ(entries.list[0].count, 2);
    entries_free(&entries);
}

/* Equal contents are one run wherever they stand; any other number is another run. */
static void digest_of(const char *text, char out[65])
{
    struct import_error error;
    struct entries entries;

    out[0] = 0;
    EXPECT(!text_parse(IMPORT_CSV, text, &entries, &error));
    if (entries.count)
        snprintf(out, 65, "%s", entries.list[entries.count - 1].run.digest);
    entries_free(&entries);
}

static void digests_test(void)
{
    char a[65], b[65], c[65];

    digest_of("name,time,value\nx,5,1\ny,5,2\n", a);
    digest_of("time,name,value\n4,z,9\n5,y,2\n5,x,1\n", b);
    digest_of("name,time,value\nx,5,1\ny,5,2.0000000000000004\n", c);
    CHECK_EQ(strlen(a), 64);
    CHECK_TEXT(a, b);
    EXPECT(strcmp(a, c));
}

/* Points of two machines, in turns; images by number. */
struct series_made {
    struct history_run runs[64];
    struct history_point points[64];
    struct history_series series;
    struct arena arena;
};

static int series_make(struct series_made *made, const double *values, const uint64_t *images,
                       size_t last)
{
    for (size_t i = 0; i < made->series.count; i++) {
        made->runs[i] = run_empty();
        made->runs[i].machine = i % 2 ? "odd" : "even";
        made->runs[i].image = images ? images[i] : 0;
        made->points[i] = point_empty();
        made->points[i].run = &made->runs[i];
        made->points[i].value = values[i];
    }
    return segments_make(&made->arena, made->points, last, &made->series);
}

static void segments_test(void)
{
    static struct series_made made;
    const double values[] = {1, 100, 1, 100, 2, 100, 2, 101};
    const uint64_t images[] = {1, 1, 2, 1, 2, 3, 3, 3};

    /* Machines far apart in level are no change of each other. */
    made.series = (struct history_series){.exact = true, .count = 8};
    CHECK_EQ(series_make(&made, values, NULL, 0), 0);
    CHECK_EQ(made.series.segment_count, 2);
    CHECK_TEXT(made.series.segments[0].machine, "even");
    CHECK_EQ(made.series.segments[0].count, 4);
    CHECK_EQ(made.series.segments[0].change_count, 1);
    CHECK_EQ(made.series.segments[0].changes[0].at, 2);
    EXPECT(made.series.segments[0].changes[0].percent == 100);
    CHECK_EQ(made.series.segments[1].changes[0].at, 3);
    arena_free(&made.arena);
    /* Of one image: never a change, but noise. */
    made.series = (struct history_series){.exact = true, .count = 8};
    CHECK_EQ(series_make(&made, values, images, 0), 0);
    CHECK_EQ(made.series.segments[0].change_count, 0);
    CHECK_EQ(made.series.segments[1].change_count, 0);
    CHECK_EQ(made.series.segments[1].noise_pairs, 2);
    arena_free(&made.arena);
    /* The last points only: changes are counted from there. */
    made.series = (struct history_series){.exact = true, .count = 8};
    CHECK_EQ(series_make(&made, values, NULL, 2), 0);
    CHECK_EQ(made.series.segments[0].count, 2);
    CHECK_EQ(made.series.segments[0].change_count, 1);
    CHECK_EQ(made.series.segments[0].changes[0].at, 0);
    arena_free(&made.arena);
}

static void detector_test(void)
{
    static struct series_made made;
    double values[64];

    /* Cycles: a step of 5 % in noise of 0.2 %, on one of two machines. */
    for (size_t i = 0; i < 64; i++)
        values[i] = 1000 + (double)((i * 37) % 5) - 2 + (i % 2 && i >= 32 ? 50 : 0);
    made.series = (struct history_series){.count = 64};
    CHECK_EQ(series_make(&made, values, NULL, 0), 0);
    CHECK_EQ(made.series.segments[0].change_count, 0);
    CHECK_EQ(made.series.segments[1].change_count, 1);
    CHECK_EQ(made.series.segments[1].changes[0].at, 16);
    arena_free(&made.arena);
    values[7] = NAN;
    made.series = (struct history_series){.count = 64};
    CHECK_EQ(series_make(&made, values, NULL, 0), TACH_BADDATA);
    arena_free(&made.arena);
}

int main(void)
{
    numbers_test();
    lists_test();
    times_test();
    csv_bad_test();
    lines_bad_test();
    benchmark_bad_test();
    good_test();
    digests_test();
    segments_test();
    detector_test();
    return unit_done("history-units");
}
