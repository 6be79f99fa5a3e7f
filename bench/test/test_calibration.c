/* SPDX-License-Identifier: MIT
 * Each way in which a boot is refused by its calibration, one change at a time from captures that
 * pass, and the limits on both of their sides. */
#include <math.h>
#include <string.h>

#include "bench/calibration.h"
#include "bench/test/unit.h"
#include "traces/test/synth.h"

#define HZ 2600000000ull

/* A calm boot of a machine of 2.6 GHz, its clock in steps of 26 as that of some of them. */
struct made {
    struct wire_calib calib;
    uint64_t tsc_hz, ring3; /* ring3: ticks of the guest's own loop; 0: not sent */
    struct calibration_host host;
};

static struct made calm(void)
{
    return (struct made){.calib = {.empty = 52,
                                   .empty_max = 78,
                                   .loop_ring0 = 1040,
                                   .quantum = 26,
                                   .gap_max = 7800,
                                   .gap_watch = HZ / 10,
                                   .rdtsc_cost = 26},
                         .tsc_hz = HZ,
                         .ring3 = 1066,
                         .host = {.ran_ms = 900, .waited_ms = 45}};
}

/* What the frames of such a boot come to: sent, received and judged. */
static bool fits(const struct made *made, const char *class, char reason[256])
{
    struct synth synth = {.boot_id = 7};
    struct wire_hello hello = {
        .abi_version = body_abi_version(), .cpus = 1, .tsc_hz = made->tsc_hz};
    struct {
        struct wire_hist head;
        struct wire_hist_entry entries[1];
    } loop = {.head = {.cell = "calibration",
                       .metric = "loop",
                       .samples = 65,
                       .calls = 1000,
                       .entries = 1,
                       .parts = 1},
              .entries = {{made->ring3, 65}}};
    struct capture capture;

    synth_frame(&synth, WIRE_HELLO, &hello, sizeof(hello));
    synth_frame(&synth, WIRE_CALIB, &made->calib, sizeof(made->calib));
    if (made->ring3)
        synth_frame(&synth, WIRE_HIST, &loop, sizeof(loop));
    EXPECT(!capture_parse(synth.bytes, synth.size, &capture) && capture.boot_count == 1);
    reason[0] = 0;
    const bool fit = calibration_fits(&capture.boots[0], class, &made->host, reason, 256);
    EXPECT(fit == !reason[0] && !strchr(reason, '\n'));
    capture_free(&capture);
    free(synth.bytes);
    return fit;
}

/* Refused in class kvm, with these words. */
static bool refused(const struct made *made, const char *words)
{
    char reason[256];

    if (fits(made, "kvm", reason))
        return false;
    if (!strstr(reason, words))
        printf("  %s\n", reason);
    return strstr(reason, words) != NULL;
}

static bool passes(const struct made *made)
{
    char reason[256];

    if (!fits(made, "kvm", reason))
        printf("  %s\n", reason);
    return !reason[0];
}

static void test_rings(void)
{
    struct made made = calm();

    EXPECT(passes(&made));
    made.calib.loop_ring0 = 4 * 1066;
    EXPECT(passes(&made)); /* the clock rose between the two */
    made.calib.loop_ring0++;
    EXPECT(refused(&made, "ring 0 took 4265 ticks where ring 3 took 1066"));
    made.calib.loop_ring0 = 1400000; /* an interpreter below a native ring 3 */
    EXPECT(refused(&made, "ring 0 took 1400000 ticks"));
    made.calib.loop_ring0 = 0;
    EXPECT(refused(&made, "ring 0 took 0 ticks"));
    made = calm();
    made.ring3 = 4 * 1040;
    EXPECT(passes(&made));
    made.ring3++;
    EXPECT(refused(&made, "ring 0 took 1040 ticks where ring 3 took 4161"));
    made.ring3 = 0;
    EXPECT(refused(&made, "no loop of ring 3"));
    made.calib.loop_ring3 = 1040; /* where the kernel itself sent it */
    EXPECT(passes(&made));
    made.ring3 = 5000; /* and then that is the one */
    EXPECT(passes(&made));
}

static void test_speed(void)
{
    struct made made = calm();

    made.calib.loop_ring0 = made.ring3 = 10000;
    EXPECT(passes(&made));
    made.calib.loop_ring0 = made.ring3 = 10001; /* both rings alike, and no CPU */
    EXPECT(refused(&made, "they are interpreted"));
    made.calib.loop_ring0 = made.ring3 = 250;
    EXPECT(passes(&made));
    made.calib.loop_ring0 = made.ring3 = 249;
    EXPECT(refused(&made, "the clock is another's"));
}

static void test_clock(void)
{
    struct made made = calm();

    made.calib.quantum = 0;
    EXPECT(refused(&made, "in steps of 0 ticks"));
    made.calib.quantum = 200;
    EXPECT(passes(&made));
    made.calib.quantum = 201;
    EXPECT(refused(&made, "in steps of 201 ticks"));
    made = calm();
    made.tsc_hz = 0;
    EXPECT(refused(&made, "rate of the time stamp counter is not known"));
}

static void test_gaps(void)
{
    struct made made = calm();

    made.calib.gap_max = HZ / 10000;
    EXPECT(passes(&made));
    made.calib.gap_max = HZ / 10000 + 1;
    EXPECT(refused(&made, "disturbed: the guest stood still for 100 us"));
    made.calib.gap_max = HZ / 20; /* a scheduler's slice */
    EXPECT(refused(&made, "for 50000 us at a time (of 100 ms watched, 100 us are allowed)"));
    made = calm();
    made.calib.gap_watch = HZ / 20;
    EXPECT(passes(&made));
    made.calib.gap_watch = HZ / 20 - 1;
    EXPECT(refused(&made, "watched for 50000 us only"));
    made.calib.gap_watch = 0;
    EXPECT(refused(&made, "watched for 0 us only"));
}

static void test_steal(void)
{
    struct made made = calm();

    made.host = (struct calibration_host){.ran_ms = 900, .waited_ms = 100};
    EXPECT(passes(&made));
    made.host.waited_ms = 101;
    EXPECT(refused(&made, "had its CPU for 900 ms, waited for it 101 ms"));
    made.host = (struct calibration_host){.ran_ms = 900, .waited_ms = 60, .stolen_ms = 60};
    EXPECT(refused(&made, "an outer host took 60 ms"));
    made.host = (struct calibration_host){.ran_ms = 49, .waited_ms = 100};
    EXPECT(passes(&made)); /* too little for a share: the guest's own watch took longer */
    made.host.ran_ms = 50;
    EXPECT(refused(&made, "had its CPU for 50 ms"));
    made.host = (struct calibration_host){.ran_ms = 0};
    EXPECT(passes(&made)); /* over before anybody looked: the guest's own watch decides */
    made.host = (struct calibration_host){.ran_ms = NAN, .waited_ms = NAN};
    EXPECT(passes(&made)); /* nobody looked */
}

/* Classes without cycles ask for other things, and for no more than they can have. */
static void test_classes(void)
{
    struct made made = calm();
    char reason[256];

    made.calib = (struct wire_calib){.loop_ring0 = 2002, .quantum = 1};
    made.ring3 = 0;
    EXPECT(fits(&made, "icount", reason) && fits(&made, "bochs", reason));
    EXPECT(fits(&made, "tcg", reason) && !fits(&made, "kvm", reason));
    EXPECT(!fits(&made, "metal", reason) && strstr(reason, "no loop of ring 3"));
    made.calib.loop_ring0 = 2101;
    EXPECT(!fits(&made, "icount", reason) && strstr(reason, "so they are no instructions"));
    made.calib.loop_ring0 = 1999;
    EXPECT(!fits(&made, "bochs", reason) && fits(&made, "tcg", reason));

    struct boot none = {.has_hello = true};
    EXPECT(!calibration_fits(&none, "kvm", &made.host, reason, sizeof(reason)) &&
           strstr(reason, "no calibration"));
}

int main(void)
{
    test_rings();
    test_speed();
    test_clock();
    test_gaps();
    test_steal();
    test_classes();
    return unit_done("calibration");
}
