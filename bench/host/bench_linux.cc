// SPDX-License-Identifier: MIT
// The host's own Linux as reference lines: a null call, and round trips between two threads over a
// futex, a pipe, eventfds and a Unix socket, 8 bytes where bytes travel. Wall time of this host, so
// it stands beside the guest's figures and never among them. The peer thread ends with its suite.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>

#include <linux/futex.h>
#include <linux/perf_event.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace
{

constexpr std::uint64_t kStop = ~0ull;

void null_call(benchmark::State &state)
{
    for (auto _ : state)
        benchmark::DoNotOptimize(syscall(SYS_getppid));
}
BENCHMARK(null_call)->Name("linux/null_call");

void futex_wait(std::atomic<std::uint32_t> *word, std::uint32_t old)
{
    while (word->load() == old)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
}

void futex_set(std::atomic<std::uint32_t> *word, std::uint32_t value)
{
    word->store(value);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

// Turns count up by one each; the last one is all ones.
void futex_round_trip(benchmark::State &state)
{
    constexpr std::uint32_t stop = ~0u;
    std::atomic<std::uint32_t> asked{0}, answered{0};
    std::uint32_t turn = 0;
    std::thread peer([&] {
        for (std::uint32_t seen = 0; seen != stop;) {
            futex_wait(&asked, seen);
            seen = asked.load();
            futex_set(&answered, seen);
        }
    });

    for (auto _ : state) {
        futex_set(&asked, turn + 1);
        futex_wait(&answered, turn);
        turn++;
    }
    futex_set(&asked, stop);
    peer.join();
}
BENCHMARK(futex_round_trip)->Name("linux/futex_round_trip")->UseRealTime();

// Ends of two one-way channels, or one descriptor twice.
struct channel {
    int client_in, client_out, peer_in, peer_out;
};

bool word_send(int fd, std::uint64_t word)
{
    return write(fd, &word, sizeof(word)) == sizeof(word);
}

bool word_receive(int fd, std::uint64_t *word)
{
    return read(fd, word, sizeof(*word)) == sizeof(*word);
}

void channel_round_trip(benchmark::State &state, const channel &ends, std::uint64_t stop)
{
    std::uint64_t word = 1;
    std::thread peer([&] {
        std::uint64_t got = 0;
        while (word_receive(ends.peer_in, &got) && got != stop)
            if (!word_send(ends.peer_out, got))
                break;
    });

    for (auto _ : state)
        if (!word_send(ends.client_out, 1) || !word_receive(ends.client_in, &word))
            state.SkipWithError("the peer is gone");
    word_send(ends.client_out, stop);
    peer.join();
}

void pipe_round_trip(benchmark::State &state)
{
    int there[2], back[2];

    if (pipe(there) || pipe(back)) {
        state.SkipWithError("pipe");
        return;
    }
    channel_round_trip(state, {back[0], there[1], there[0], back[1]}, kStop);
    for (int fd : {there[0], there[1], back[0], back[1]})
        close(fd);
}
BENCHMARK(pipe_round_trip)->Name("linux/pipe_round_trip/8")->UseRealTime();

// An eventfd refuses the value of all ones, so 2 stops it; a turn is 1.
void eventfd_round_trip(benchmark::State &state)
{
    const int there = eventfd(0, 0), back = eventfd(0, 0);

    if (there < 0 || back < 0) {
        state.SkipWithError("eventfd");
        return;
    }
    channel_round_trip(state, {back, there, there, back}, 2);
    close(there);
    close(back);
}
BENCHMARK(eventfd_round_trip)->Name("linux/eventfd_round_trip/8")->UseRealTime();

void unix_round_trip(benchmark::State &state, int type)
{
    int ends[2];

    if (socketpair(AF_UNIX, type, 0, ends)) {
        state.SkipWithError("socketpair");
        return;
    }
    channel_round_trip(state, {ends[0], ends[0], ends[1], ends[1]}, kStop);
    close(ends[0]);
    close(ends[1]);
}
BENCHMARK_CAPTURE(unix_round_trip, stream, SOCK_STREAM)
    ->Name("linux/unix_stream_round_trip/8")
    ->UseRealTime();
BENCHMARK_CAPTURE(unix_round_trip, seqpacket, SOCK_SEQPACKET)
    ->Name("linux/unix_seqpacket_round_trip/8")
    ->UseRealTime();

// Whether this machine counts cycles in hardware; where not, wall time is all there is.
std::string hardware_counters()
{
    perf_event_attr wanted{};

    wanted.type = PERF_TYPE_HARDWARE;
    wanted.size = sizeof wanted;
    wanted.config = PERF_COUNT_HW_CPU_CYCLES;
    const long fd = syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0);
    if (fd < 0)
        return std::string("none: ") + std::strerror(errno);
    close(static_cast<int>(fd));
    return "there; not used here";
}

} // namespace

int main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 64;
    benchmark::AddCustomContext("figures",
                                "the host's own cycles, as wall time: nothing of a guest");
    benchmark::AddCustomContext("hardware_counters", hardware_counters());
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
