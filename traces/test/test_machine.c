/* SPDX-License-Identifier: MIT
 * MACHINE frames: sound ones pass, each that says what cannot be is refused with its reason. */
#include <string.h>

#include "bench/test/unit.h"
#include "traces/body.h"

static const char *judged(const struct wire_machine *machine, size_t length)
{
    const struct frame frame = {
        .header = {.type = WIRE_MACHINE}, .body = (const uint8_t *)machine, .length = length};
    const char *why = body_check(&frame);
    return why ? why : "sound";
}

#define JUDGED(reason, ...)                                                                        \
    EXPECT(                                                                                        \
        !strcmp(judged(&(struct wire_machine){__VA_ARGS__}, sizeof(struct wire_machine)), reason))

int main(void)
{
    static const char strange[] = "unknown bits, or padding that is not zero",
                      unread[] = "a value that was not read";
    struct wire_machine none = {0};

    JUDGED("sound", .when = 1);
    JUDGED("sound", .have = MACHINE_KNOWN, .smis = 1, .aperf = 2, .mperf = 3, .capabilities = 4);
    JUDGED("sound", .pmu_version = 5, .pmu_counters = 8, .pmu_bits = 48, .pmu_events = 0x7F);
    JUDGED(strange, .have = MACHINE_KNOWN + 1);
    JUDGED(strange, .when = 2);
    JUDGED(strange, .zero = 1);
    JUDGED(unread, .have = MACHINE_APERF, .smis = 1);
    JUDGED(unread, .have = MACHINE_SMIS, .aperf = 1);
    JUDGED(unread, .have = MACHINE_SMIS, .mperf = 1);
    JUDGED(unread, .have = MACHINE_SMIS, .capabilities = 1);
    JUDGED(unread, .pmu_counters = 8);
    JUDGED(unread, .pmu_bits = 48);
    JUDGED(unread, .pmu_events = 1);
    EXPECT(!strcmp(judged(&none, sizeof none - 1), "length is not a machine's"));
    return unit_done("machine-frames");
}
