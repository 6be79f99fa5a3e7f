/* SPDX-License-Identifier: MIT
 * Fills the text screen with an A, white on blue, and holds it for screen.py to look at. */
#include "kernel/test/guest/lib/guest.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"

#define VGA_BYTES 4000u
#define VGA_A     0x1F41u

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    long at = sys_req_sys_mem(sys_name("vga"), VGA_BYTES, PROT_READ | PROT_WRITE);

    CHECK(at > 0);
    if (at <= 0)
        return guest_end("screen");
    for (unsigned i = 0; i < VGA_BYTES / 2; i++)
        ((volatile uint16_t *)at)[i] = VGA_A;
    print("screen: written\n");
    for (;;)
        sys_yield();
}
