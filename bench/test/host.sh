#!/bin/sh
# SPDX-License-Identifier: MIT
# host.sh: the Google Benchmark suites of the host. The frame decoder keeps its promise of 500 MB/s on
# one core, the suites run to their end, and the report takes the host's own baselines. Wants a quiet
# machine: the best of several tries is judged. Last line: the sum.
set -u
tach=build/tach name=host
work=$(mktemp -d /tmp/tach-host-XXXXXX)
trap 'rm -rf "$work"' EXIT
. bench/test/expect.sh

# best FILTER: the lowest, over the suites that match, of the best of seven tries, in MB/s.
best() {
    build/bench_frame --benchmark_filter="$1" --benchmark_min_time=0.1 --benchmark_repetitions=7 \
        --benchmark_format=json 2>"$work/err" | jq '[.benchmarks[] | select(.run_type == "iteration")] |
        group_by(.name) | map(map(.bytes_per_second) | max) | min / 1e6 | floor'
}

# What captures are made of stays half above the promise; short texts, all delimiters, keep it too.
bulk=$(best 'decode/content:[01]/chunk:4096$')
text=$(best 'decode/content:2/chunk:4096$')
echo "host: frame decoder: $bulk MB/s of records and histograms, $text MB/s of short texts"
check test "$bulk" -ge 750
check test "$text" -ge 500

for suite in stats linux; do
    expect 0 '' "build/bench_$suite" --benchmark_min_time=0.01 --benchmark_format=json
    cp "$work/out" "$work/$suite.json"
    check jq -e '(.benchmarks | length) > 4 and ([.benchmarks[] | .error_occurred // false] | any | not)' \
        "$work/$suite.json"
done

# The host's baselines as reference lines: every row, and whether the host can count cycles.
expect 0 '' "$tach" report results/baseline.json --linux "$work/linux.json" --out "$work/page.html"
check /usr/bin/python3 bench/test/check_report.py "$work/page.html" results/baseline.json
for row in null_call futex pipe eventfd unix_stream unix_seqpacket; do
    check grep -q "<td>linux/$row" "$work/page.html"
done
check grep -q 'These figures are the host&#39;s own cycles, as wall time' "$work/page.html"
check grep -q 'Hardware counters of this host: [nt]' "$work/page.html"
sed 's/"tach_class": "icount"/"tach_class": "kvm"/; s/"instructions"/"cycles"/' results/baseline.json \
    >"$work/kvm.json"
expect 0 '' "$tach" report "$work/kvm.json" --linux "$work/linux.json" --out "$work/kvm.html"
check grep -q 'Linux of this host' "$work/kvm.html"
finish
