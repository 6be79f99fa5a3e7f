/* SPDX-License-Identifier: MIT
 * Boot words: every good one passes, every bad one ends the boot with the word in its message. */
#include "kernel/core/words.h"

#include "kernel/core/services.h"
#include "kernel/core/wire.h"
#include "kernel/hal/hal.h"
#include "traces/test/check.h"

#include <setjmp.h>

static const struct service_ops one = {.name = "ram"}, two = {.name = "null"};
const struct service_ops *const linked_services[] = {&one, &two, 0};
static struct bootinfo boot;
const struct bootinfo *hal_boot = &boot;
static jmp_buf ended;
static char said[128];

_Noreturn void wire_exit(enum boot_exit code, const char *message)
{
    CHECK_EQ(code, EXIT_CMDLINE);
    snprintf(said, sizeof(said), "%s", message);
    longjmp(ended, 1);
}

/* The message that a command line earns, or 0. */
static const char *checked(const char *line)
{
    memset(said, 0, sizeof(said));
    if (setjmp(ended))
        return said;
    words_check(line);
    return 0;
}

int main(void)
{
    static const char *const good[] = {"",
                                       " ",
                                       "pti=on",
                                       "pti=off trace=on pcid=off",
                                       "fastpath=0  fastpath=1",
                                       "bench=R0",
                                       "test=x,y",
                                       "wire=frames",
                                       "place.ram=linked",
                                       "place.null=server pti=on",
                                       "route.zero.server=t1h route.x=t0",
                                       "place.ram=module",
                                       "place.ram=server,16",
                                       "place.ram=server,31,255",
                                       "wire=text",
                                       "screen=auto screen=off",
                                       "console=off ",
                                       "schemes=off",
                                       "profile=1000 samples=5",
                                       "counters=off",
                                       "counters=auto",
                                       "profile=1000 profile.source=pmi",
                                       "profile=1000 profile.source=pit",
                                       "repeat=on repeat=off repeat=3600",
                                       "end=halt end=reset",
                                       "limit=1 limit=86400 limit=0900",
                                       "part=1/1 part=8/8 part=12/999",
                                       "apic=x2 apic=auto timer=auto timer=oneshot timer=deadline",
                                       "inject=daemon test=x"};
    static const char *const bad[] = {"pti",
                                      "pti=",
                                      "pti=ON",
                                      "pti=onn",
                                      "pti=o",
                                      "xpti=on",
                                      "ptis=on",
                                      "pti=on|off",
                                      "pti=|",
                                      "route.x=",
                                      "route.x=t3",
                                      "route.=t1",
                                      "fastpath=2",
                                      "fastpath=",
                                      "bench=",
                                      "test=",
                                      "place.=x",
                                      "place.ram=",
                                      "place.ram=module,1",
                                      "place.ram=server,",
                                      "place.ram=server,32",
                                      "place.ram=server,1,",
                                      "place.ram=server,1,256",
                                      "place.ram=server,1,2,3",
                                      "place.ram=server,00001",
                                      "place.ram=modules",
                                      "place.x=linked",
                                      "place.ram",
                                      "place.rams=linked",
                                      "trace=yes",
                                      "timer=deadlin",
                                      "apic=on",
                                      "=",
                                      "|",
                                      "pti=on pti=maybe",
                                      "\x1b[2J",
                                      "wire=framesx",
                                      "schemes=",
                                      "profile=",
                                      "profile.source=",
                                      "profile.source=tsc",
                                      "counters=",
                                      "counters=on",
                                      "repeat=",
                                      "repeat=0",
                                      "repeat=3601",
                                      "repeat=10000000000000000000000",
                                      "repeat=onn",
                                      "repeat=1s",
                                      "screen=",
                                      "screen=on",
                                      "end=",
                                      "end=resets",
                                      "end=off",
                                      "limit=",
                                      "limit=0",
                                      "limit=86401",
                                      "limit=99999999999999999999",
                                      "limit=on",
                                      "limit=5s",
                                      "limit=-5",
                                      "part=",
                                      "part=1",
                                      "part=/2",
                                      "part=1/",
                                      "part=0/2",
                                      "part=3/2",
                                      "part=1/2/3",
                                      "part=1/1000",
                                      "part=1/2x",
                                      "inject=daemon",
                                      "inject=init.99 test=x"};

    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CHECK_TEXT(checked(good[i]), 0);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(checked(bad[i]) != 0);
    /* The message is built once a boot, so what an earlier one left may follow. */
    const char *message = checked("pti=on colour=\x1bred");
    CHECK(message && strstr(message, "colour=?red"));
    char line[BOOT_CMDLINE];
    memset(line, 'a', sizeof(line) - 1);
    line[sizeof(line) - 1] = 0;
    CHECK(checked(line) != 0 && strlen(said) < 80); /* cut, and ended */
    strcpy(boot.cmdline, "place.ram=server place.null=linked");
    CHECK(!words_place_linked("ram"));
    CHECK(words_place_linked("null"));
    CHECK(words_place_linked("log"));
    strcpy(boot.cmdline, "place.ram=module place.null=server,16,200");
    CHECK(!words_place_linked("ram"));
    CHECK(!words_place_linked("null"));
    CHECK(!words_schemes_off());
    strcpy(boot.cmdline, "schemes=off pti=on");
    CHECK(words_schemes_off());
    strcpy(boot.cmdline, "schemes=on");
    CHECK(!words_schemes_off());
    check_shows("T41", "CORE's own tests on a mock machine: words");
    return check_end("core words");
}
