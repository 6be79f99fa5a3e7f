/* SPDX-License-Identifier: MIT
 * See target.h. */
#include "bench/received/target.h"

#include <stdio.h>
#include <string.h>

#include "bench/bochs.h"
#include "bench/calibration.h"

#define CPU_ICOUNT "QEMU Virtual CPU version" /* how BOOT_GUEST_CPU names itself */
#define CPU_BOCHS  "i7-1185G7"                /* and BOCHS_CPU */

/* Where an instruction is a tick, single ones take one, in both rings and whatever they do. */
static bool counts_instructions(const struct wire_calib *calib)
{
    return calib->rdtsc_cost == 1 && calib->out_cost == 1 && calib->cr3_cost == 1 &&
           calib->empty == calib->empty_max && calibration_counts(calib);
}

const char *target_class(const struct boot *boot, char *why, size_t size)
{
    const struct wire_machine *machine = &boot->machine[0];

    if (!boot->has_hello || !boot->has_calib || !boot->has_machine[0]) {
        snprintf(why, size, "no %s came, so its class is not known",
                 !boot->has_hello   ? "HELLO"
                 : !boot->has_calib ? "calibration"
                                    : "facts of the machine");
        return NULL;
    }
    const bool guest = machine->have & MACHINE_GUEST;
    if (counts_instructions(&boot->calib))
        return guest ? "icount" : BOCHS_CLASS;
    if (guest)
        return "tcg";
    if (!(machine->have & MACHINE_INVARIANT)) {
        snprintf(why, size,
                 "refused: the time stamp counter is not invariant, so its ticks have no one rate");
        return NULL;
    }
    return TARGET_CLASS;
}

bool target_fits(const char *derived, const char *wanted)
{
    return !strcmp(derived, wanted) || (!strcmp(derived, "tcg") && !strcmp(wanted, "kvm"));
}

void target_machine(const struct boot *boot, const char *class, struct machine *out)
{
    const struct wire_hello *hello = &boot->hello;
    const char *known = !strcmp(class, "icount")      ? CPU_ICOUNT
                        : !strcmp(class, BOCHS_CLASS) ? CPU_BOCHS
                                                      : NULL;
    char brand[sizeof(hello->brand) + 1] = "";

    *out = (struct machine){.mhz = (double)hello->tsc_hz / 1e6, .cpus = hello->cpus};
    memcpy(brand, hello->brand, sizeof(hello->brand));
    snprintf(out->host, sizeof(out->host), "none: at the other end of a line");
    snprintf(out->kernel, sizeof(out->kernel), "none");
    snprintf(out->cpu, sizeof(out->cpu), "%s%s%.16s signature %x", brand + strspn(brand, " "),
             *brand ? " " : "", hello->vendor, hello->cpu_signature);
    snprintf(out->microcode, sizeof(out->microcode), "0x%x", hello->microcode);
    snprintf(out->governor, sizeof(out->governor), "none");
    snprintf(out->smt, sizeof(out->smt), "unknown");
    snprintf(out->qemu, sizeof(out->qemu), "none");
    out->target = !known || !strstr(brand, known);
}

/* Words that tell the boots of one run apart, or where their bytes go. */
static bool word_free(const char *word, size_t length)
{
    static const char *const names[] = {
        "pti=",   "pcid=",   "trace=", "bench=",  "part=", "end=",
        "limit=", "repeat=", "wire=",  "serial=", "baud=", "screen="};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (length >= strlen(names[i]) && !memcmp(word, names[i], strlen(names[i])))
            return true;
    return false;
}

void target_words(const char *cmdline, char out[TARGET_WORDS])
{
    size_t used = 0;

    out[0] = 0;
    for (const char *at = cmdline; *at; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        if (length && !word_free(at, length) && used + length + 2 < TARGET_WORDS)
            used += (size_t)snprintf(out + used, TARGET_WORDS - used, "%s%.*s", used ? " " : "",
                                     (int)length, at);
        at += length;
    }
}

const char *target_differs(const struct boot *a, const struct boot *b)
{
    const struct wire_hello *x = &a->hello, *y = &b->hello;
    char words[2][TARGET_WORDS];

    if (y->abi_version != x->abi_version || y->abi_hash != x->abi_hash)
        return "another version of the contract";
    if (memcmp(x->build_id, y->build_id, sizeof(x->build_id)))
        return "another build of the kernel";
    if (memcmp(x->vendor, y->vendor, sizeof(x->vendor)) ||
        memcmp(x->brand, y->brand, sizeof(x->brand)) || x->cpu_signature != y->cpu_signature ||
        x->microcode != y->microcode)
        return "another CPU or microcode";
    target_words(a->cmdline, words[0]);
    target_words(b->cmdline, words[1]);
    return strcmp(words[0], words[1]) ? "other boot words" : NULL;
}
