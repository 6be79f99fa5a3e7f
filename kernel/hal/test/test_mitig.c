/* SPDX-License-Identifier: MIT
 * VERW by CPU: those that published lists name, before and after the microcode that makes VERW
 * clear anything. */
#include "kernel/hal/mitig_need.h"

#include <stdio.h>

#define RTM        (1u << 11)
#define MD_CLEAR   (1u << 10)
#define RDCL_NO    (1ull << 0)
#define MDS_NO     (1ull << 5)
#define TAA_NO     (1ull << 8)
#define RFDS_NO    (1ull << 27)
#define RFDS_CLEAR (1ull << 28)
#define VERW_CLEAR (1u << 5)
#define SQ_NO      (1u << 1)
#define L1_NO      (1u << 2)
#define ZEN_2      0x00870F10u
#define ZEN_3      0x00A20F10u
#define ZEN_5      0x00B40F40u

static const struct {
    const char *name;
    struct mitig_cpu cpu;
    bool needs;
} table[] = {
    {"Haswell, old microcode", {.signature = 0x306C3, .ebx7 = RTM}, false},
    {"Haswell", {.signature = 0x306C3, .edx7 = MD_CLEAR}, true},
    {"Skylake", {.signature = 0x506E3, .ebx7 = RTM, .edx7 = MD_CLEAR}, true},
    {"Cascade Lake", /* MDS_NO, but TAA */
     {.signature = 0x50657, .ebx7 = RTM, .edx7 = MD_CLEAR, .capabilities = RDCL_NO | MDS_NO},
     true},
    {"Cascade Lake without TSX",
     {.signature = 0x50657, .edx7 = MD_CLEAR, .capabilities = RDCL_NO | MDS_NO},
     false},
    {"Cooper Lake",
     {.signature = 0x5065B, .ebx7 = RTM, .edx7 = MD_CLEAR, .capabilities = MDS_NO | TAA_NO},
     false},
    {"Ice Lake",
     {.signature = 0x706E5, .edx7 = MD_CLEAR, .capabilities = RDCL_NO | MDS_NO | TAA_NO},
     false},
    {"Alder Lake N, old microcode",
     {.signature = 0xB06E0, .edx7 = MD_CLEAR, .capabilities = RDCL_NO | MDS_NO | TAA_NO},
     false},
    {"Alder Lake N",
     {.signature = 0xB06E0, .capabilities = RDCL_NO | MDS_NO | TAA_NO | RFDS_CLEAR},
     true},
    {"Sierra Forest",
     {.signature = 0xA06F3, .capabilities = RDCL_NO | MDS_NO | TAA_NO | RFDS_NO | RFDS_CLEAR},
     false},
    {"Zen 2", {.amd = true, .signature = ZEN_2, .eax_ext = VERW_CLEAR}, false},
    {"Zen 3, old microcode", {.amd = true, .signature = ZEN_3}, false},
    {"Zen 3", {.amd = true, .signature = ZEN_3, .eax_ext = VERW_CLEAR}, true},
    {"Zen 3, half free",
     {.amd = true, .signature = ZEN_3, .eax_ext = VERW_CLEAR, .ecx_ext = SQ_NO},
     true},
    {"Zen 3, free",
     {.amd = true, .signature = ZEN_3, .eax_ext = VERW_CLEAR, .ecx_ext = SQ_NO | L1_NO},
     false},
    {"Zen 5", {.amd = true, .signature = ZEN_5, .eax_ext = VERW_CLEAR}, false},
};

int main(void)
{
    unsigned passed = 0, failed = 0;
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const bool good = mitig_needs_verw(&table[i].cpu) == table[i].needs;
        passed += good;
        failed += !good;
        if (!good)
            printf("FAIL %s\n", table[i].name);
    }
    printf("hal mitig: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
