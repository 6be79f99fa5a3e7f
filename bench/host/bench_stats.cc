// SPDX-License-Identifier: MIT
// Google Benchmark suites of the statistics and the histogram code: how long a run takes to be
// judged, by the number of distinct values. Built by make bench-host; nothing else depends on it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

extern "C" {
#include "bench/histogram.h"
#include "bench/judge/detect.h"
#include "bench/judge/judge.h"
#include "bench/sha256.h"
#include "bench/stats.h"
}

namespace
{

// Distinct values with a long tail, the same ones each time.
std::vector<wire_hist_entry> entries_make(std::int64_t count)
{
    std::vector<wire_hist_entry> entries;
    std::uint64_t state = 1, value = 100;

    for (std::int64_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        value += 1 + (state >> 60);
        entries.push_back({value, 1 + (state >> 33) % 1000});
    }
    return entries;
}

void stats_location_of(benchmark::State &state)
{
    const auto entries = entries_make(state.range(0));

    for (auto _ : state)
        benchmark::DoNotOptimize(stats_location(entries.data(), entries.size()));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(stats_location_of)->Name("stats/location/values")->RangeMultiplier(8)->Range(8, 4096);

void stats_everything(benchmark::State &state)
{
    const auto entries = entries_make(state.range(0));

    for (auto _ : state) {
        struct stats stats = stats_of(entries.data(), entries.size());
        benchmark::DoNotOptimize(stats);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(stats_everything)->Name("stats/of/values")->RangeMultiplier(8)->Range(8, 4096);

void histogram_adding(benchmark::State &state)
{
    const auto entries = entries_make(state.range(0));

    for (auto _ : state) {
        struct histogram histogram = {};
        for (std::size_t i = 0; i < entries.size(); i++)
            if (histogram_add(&histogram, entries[i * 7919 % entries.size()].value, 1))
                state.SkipWithError("out of memory");
        histogram_free(&histogram);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(histogram_adding)->Name("histogram/add/values")->RangeMultiplier(8)->Range(8, 4096);

void histogram_merging(benchmark::State &state)
{
    const auto entries = entries_make(state.range(0));

    for (auto _ : state) {
        struct histogram histogram = {};
        for (int boot = 0; boot < 10; boot++)
            if (histogram_merge(&histogram, entries.data(), entries.size()))
                state.SkipWithError("merge failed");
        histogram_free(&histogram);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * 10);
}
BENCHMARK(histogram_merging)->Name("histogram/merge10/values")->RangeMultiplier(8)->Range(8, 4096);

void digest_of(benchmark::State &state)
{
    const std::vector<char> bytes(static_cast<std::size_t>(state.range(0)));
    char text[SHA256_TEXT];

    for (auto _ : state) {
        sha256_text(bytes.data(), bytes.size(), text);
        benchmark::DoNotOptimize(text);
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(digest_of)->Name("sha256/bytes")->Arg(1 << 20);

// Boots around 5000 with a triangular noise of about 0.3 %, the same ones each time.
std::vector<double> boots_make(std::int64_t count)
{
    std::vector<double> boots;
    std::uint64_t state = 2;

    for (std::int64_t i = 0; i < count; i++) {
        double sum = 0;
        for (int part = 0; part < 2; part++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            sum += static_cast<double>(state >> 40) / (1 << 24) - 0.5;
        }
        boots.push_back(5000 * (1 + 0.007 * sum));
    }
    return boots;
}

void judge_two(benchmark::State &state)
{
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto boots = boots_make(2 * state.range(0));
    struct judgement out;

    for (auto _ : state) {
        if (judge_sides(boots.data(), count, boots.data() + count, count, &judge_default, &out))
            state.SkipWithError("refused");
        benchmark::DoNotOptimize(out);
    }
}
BENCHMARK(judge_two)->Name("judge/sides/boots")->Arg(5)->Arg(10)->Arg(40)->Arg(1000);

// `range(0)` points in all, in histories of `range(1)` points, a step of 1 % in the middle of each.
void detect_all(benchmark::State &state)
{
    const auto length = static_cast<std::size_t>(state.range(1));
    auto points = boots_make(state.range(0));
    struct change out[16];

    for (std::size_t i = 0; i < points.size(); i++)
        points[i] *= i % length >= length / 2 ? 1.01 : 1;
    for (auto _ : state)
        for (std::size_t at = 0; at + length <= points.size(); at += length)
            if (detect_changes(&points[at], nullptr, length, &detect_default, out, 16) < 0)
                state.SkipWithError("refused");
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(detect_all)
    ->Name("detect/points")
    ->Args({100000, 100000})
    ->Args({100000, 50})
    ->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
