// SPDX-License-Identifier: MIT
// Google Benchmark suites of the statistics and the histogram code: how long a run takes to be
// judged, by the number of distinct values. Built by make bench-host; nothing else depends on it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

extern "C" {
#include "bench/histogram.h"
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

} // namespace

BENCHMARK_MAIN();
