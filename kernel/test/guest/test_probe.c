/* SPDX-License-Identifier: MIT
 * The upper half as ring 3 can see it: nothing is readable, and with isolation nothing is present
 * but the trampoline, whose pages are printed for whoever knows where they should be. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"

#define PAGE          4096ull
#define MIB_2         (2ull << 20)
#define GIB           (1ull << 30)
#define ERROR_ABSENT  4u /* a read by ring 3, no page */
#define ERROR_PRESENT 5u /* a read by ring 3, a page of the kernel */
#define ERROR_FETCH   16u
#define ERROR_WRITE   2u
#define PAGES_MAX     64u
#define TRAMPOLINE    8u /* pages: 16 KiB, and 16 KiB for the one CPU */

static uint64_t present[PAGES_MAX];
static unsigned present_count, probes, odd;
static bool isolated;

static void note(uint64_t page)
{
    for (unsigned i = 0; i < present_count; i++)
        if (present[i] == page)
            return;
    if (present_count < PAGES_MAX)
        present[present_count++] = page;
}

/* Without isolation the kernel's pages are there, but not for us. */
static void probe(uint64_t address)
{
    struct guest_fault f = guest_probe(address);
    bool good = f.vector == 14 && f.address == address;

    probes++;
    if (good && f.error == ERROR_PRESENT)
        note(address & ~(PAGE - 1));
    else if (!good || f.error != ERROR_ABSENT) {
        odd++;
        print("probe: %lx: vector %lu error %lx\n", address, f.vector, f.error);
    }
}

static void sweep(uint64_t from, uint64_t bytes, uint64_t step)
{
    for (uint64_t at = 0; at < bytes; at += step)
        probe(from + at);
}

static void present_check(uint64_t page)
{
    struct guest_fault write = guest_probe_write(page), jump = guest_probe_jump(page);

    CHECK_EQ(write.error, ERROR_PRESENT | ERROR_WRITE);
    CHECK_EQ(jump.error, ERROR_PRESENT | ERROR_FETCH);
    CHECK(page >= KERNEL_BASE);
    print("probe: present %lx\n", page);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    isolated = sysfile_line("sys:mitig", "pti on");
    if (isolated)
        CHECK_EQ(sysfile_number("sys:mitig", "trampoline_differences"), 0);
    sweep(DIRECT_BASE, 1ull << 47, 512 * GIB);            /* every slot of the upper half */
    sweep(DIRECT_BASE, 512 * GIB, GIB);                   /* every table below the direct map's */
    sweep(DIRECT_BASE, GIB, MIB_2);                       /* all of a small machine's memory */
    sweep(KERNEL_BASE - 2 * GIB, 4 * GIB - MIB_2, MIB_2); /* around the image */
    sweep(KERNEL_BASE, 4 * MIB_2, PAGE);                  /* each page of the image */
    sweep(PERCPU_BASE, MIB_2, PAGE);                      /* each CPU's area */
    CHECK_EQ(odd, 0);
    CHECK(probes > 4000);
    if (isolated) {
        CHECK(present_count > 4 && present_count <= TRAMPOLINE);
        for (unsigned i = 0; i < present_count; i++)
            present_check(present[i]);
    }
    return guest_end("probe");
}
