// SPDX-License-Identifier: MIT
// Google Benchmark suite of the frame decoder: bytes of the line a second, by what the frames carry
// and how the bytes arrive. 500 MB/s on one core is the floor that the project promises itself.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

extern "C" {
#include "traces/frame.h"
}
#include "kernel/abi/events.h"

namespace
{
enum Content { RECORDS, HISTOGRAM, TEXT };

// A trace record as the kernel makes it: small numbers, many zeros.
size_t records_fill(uint8_t *body)
{
    for (size_t i = 0; i < WIRE_BODY_MAX / sizeof(trace_record); i++) {
        trace_record record = {1000000 + 37 * i, i, 0, 0x5005, (uint16_t)(16 + i % 5), 0, 0};
        std::memcpy(body + i * sizeof record, &record, sizeof record);
    }
    return WIRE_BODY_MAX;
}

size_t histogram_fill(uint8_t *body)
{
    std::memset(body, 0, WIRE_BODY_MAX);
    for (size_t at = sizeof(wire_hist); at + 16 <= WIRE_BODY_MAX; at += 16) {
        wire_hist_entry entry = {12000 + at, 1 + at % 999};
        std::memcpy(body + at, &entry, sizeof entry);
    }
    return WIRE_BODY_MAX;
}

size_t text_fill(uint8_t *body)
{
    for (size_t at = 0; at < 100; at++)
        body[at] = (uint8_t)('a' + at % 26);
    return 100;
}

std::vector<uint8_t> stream_make(Content content, size_t frames)
{
    size_t (*const fills[])(uint8_t *) = {records_fill, histogram_fill, text_fill};
    uint8_t body[WIRE_BODY_MAX], coded[WIRE_CODED_MAX];
    size_t length = fills[content](body);
    std::vector<uint8_t> stream;

    for (size_t i = 0; i < frames; i++) {
        wire_header header = {WIRE_EVENTS, 0, (uint16_t)i, 7};
        size_t size = frame_encode(&header, body, length, coded);
        stream.insert(stream.end(), coded, coded + size);
    }
    return stream;
}

void frame_seen(void *context, const frame *frame)
{
    *static_cast<uint64_t *>(context) += frame->length;
}

void decode(benchmark::State &state)
{
    std::vector<uint8_t> stream = stream_make((Content)state.range(0), 1024);
    size_t chunk = (size_t)state.range(1);
    uint64_t bytes = 0;
    frame_sink sink = {frame_seen, nullptr, &bytes};
    static frame_decoder decoder;

    for (auto _ : state) {
        frame_decoder_init(&decoder, &sink);
        for (size_t at = 0; at < stream.size(); at += chunk)
            frame_push(&decoder, &stream[at], std::min(chunk, stream.size() - at));
        if (decoder.counts.good != 1024)
            state.SkipWithError("the decoder lost frames");
        benchmark::DoNotOptimize(bytes);
    }
    state.SetBytesProcessed((int64_t)(state.iterations() * stream.size()));
}

void encode(benchmark::State &state)
{
    uint8_t body[WIRE_BODY_MAX], coded[WIRE_CODED_MAX];
    size_t length = records_fill(body), size = 0;
    wire_header header = {WIRE_EVENTS, 0, 0, 7};

    for (auto _ : state) {
        size += frame_encode(&header, body, length, coded);
        benchmark::DoNotOptimize(coded);
        header.sequence++;
    }
    state.SetBytesProcessed((int64_t)size);
}
} // namespace

BENCHMARK(decode)
    ->Name("frame/decode")
    ->ArgNames({"content", "chunk"})
    ->ArgsProduct({{RECORDS, HISTOGRAM, TEXT}, {64, 4096, 262144}});
BENCHMARK(encode)->Name("frame/encode");
BENCHMARK_MAIN();
