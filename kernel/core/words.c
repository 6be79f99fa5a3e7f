/* SPDX-License-Identifier: MIT
 * See words.h. A table of words, each with the values that it may take. */
#include "kernel/core/words.h"

#include <stddef.h>

#include "kernel/core/services.h"
#include "kernel/core/wire.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"

#define WAIT_ON_S   10u
#define WAIT_MAX_S  3600u
#define LIMIT_MAX_S 86400u

/* Values between bars; an empty list: anything. */
static const struct {
    const char *name, *values;
} words[] = {
    {"pti=", "|off|on|hot|"},
    {"pcid=", "|off|on|"},
    {"trace=", "|off|on|"},
    {"fastpath=", "|0|1|"},
    {"wire=", "|text|frames|"},
    {"bench=", ""},
    {"test=", ""},
    {"console=", "|off|on|"},
    {"mitig=", "|auto|off|all|fence|verw|ibpb|rsb|"},
    {"schemes=", "|off|on|"},
    {"inject=", "|daemon|"},
    {"irq=", "|apic|pic|"},
    {"apic=", "|auto|x2|"},
    {"timer=", "|auto|oneshot|deadline|"},
    {"free=", ""},
    {"serial=", ""}, /* the loader has judged these two */
    {"baud=", ""},
    {"screen=", "|auto|off|"}, /* the loader turns it off */
    {"profile=", ""},
    {"profile.source=", "|pit|pmi|"},
    {"counters=", "|auto|off|"},
    {"end=", "|halt|reset|"},
    {"samples=", ""},
};

static bool starts(const char *text, size_t length, const char *with, size_t *rest)
{
    size_t n = 0;

    while (with[n])
        n++;
    *rest = n;
    return length >= n && !memcmp(text, with, n);
}

/* |value| stands in the list. */
static bool listed(const char *values, const char *value, size_t n)
{
    for (; *values; values++) {
        size_t i = 0;
        while (*values == '|' && i < n && values[1 + i] == value[i])
            i++;
        if (*values == '|' && n && i == n && values[1 + i] == '|')
            return true;
    }
    return false;
}

/* A number up to `most` at value[*at], and the comma before it. */
static bool number_follows(const char *value, size_t n, size_t *at, unsigned most)
{
    unsigned number = 0;
    size_t digits = 0;

    for ((*at)++; *at < n && value[*at] >= '0' && value[*at] <= '9' && digits < 4;
         (*at)++, digits++)
        number = number * 10 + (unsigned)(value[*at] - '0');
    return digits && number <= most;
}

/* linked|module|server, the last perhaps with ",PRIORITY" or ",PRIORITY,LEVEL". */
static bool placement_valid(const char *value, size_t n)
{
    size_t word = 0;

    while (word < n && value[word] != ',')
        word++;
    if (word == n || !listed("|server|", value, word))
        return listed("|linked|module|server|", value, n);
    return number_follows(value, n, &word, PRIORITIES - 1) &&
           (word == n ||
            (value[word] == ',' && number_follows(value, n, &word, LEVELS - 1) && word == n));
}

/* place.NAME=..., NAME one of the services of this image. */
static bool place_valid(const char *word, size_t n)
{
    for (const struct service_ops *const *s = linked_services; *s; s++) {
        size_t name;
        if (starts(word, n, (*s)->name, &name) && name < n && word[name] == '=')
            return placement_valid(word + name + 1, n - name - 1);
    }
    return false;
}

/* route.SCHEME=ROUTE, of a server. */
static bool route_valid(const char *word, size_t n)
{
    for (size_t i = 1; i + 1 < n; i++)
        if (word[i] == '=')
            return listed("|t0|t0c|t1|t1h|t2|", word + i + 1, n - i - 1);
    return false;
}

/* A number from 1 to `most`, or 0: it is none. */
static unsigned seconds_read(const char *value, uint64_t n, unsigned most)
{
    unsigned seconds = 0;

    for (uint64_t i = 0; i < n; i++) {
        if (value[i] < '0' || value[i] > '9' || seconds > most)
            return 0;
        seconds = seconds * 10 + (unsigned)(value[i] - '0');
    }
    return seconds <= most ? seconds : 0;
}

bool words_repeat(const char *value, uint64_t n, unsigned *seconds)
{
    *seconds = 0;
    if (n == 3 && !memcmp(value, "off", 3))
        return true;
    if (n == 2 && !memcmp(value, "on", 2)) {
        *seconds = WAIT_ON_S;
        return true;
    }
    *seconds = seconds_read(value, n, WAIT_MAX_S);
    return *seconds != 0;
}

unsigned words_limit(const char *value, uint64_t n)
{
    return seconds_read(value, n, LIMIT_MAX_S);
}

/* K/N, K from 1 to N: which part of a measurement this boot is, for whoever counts them. */
static bool part_valid(const char *value, size_t n)
{
    unsigned numbers[2] = {0, 0};
    size_t which = 0, digits = 0;

    for (size_t i = 0; i < n; i++) {
        if (value[i] == '/' && which == 0 && digits) {
            which = 1;
            digits = 0;
        } else if (value[i] >= '0' && value[i] <= '9' && digits < 3) {
            numbers[which] = numbers[which] * 10 + (unsigned)(value[i] - '0');
            digits++;
        } else {
            return false;
        }
    }
    return which && digits && numbers[0] && numbers[0] <= numbers[1];
}

static bool word_valid(const char *word, size_t n)
{
    size_t rest;

    if (starts(word, n, "route.", &rest))
        return route_valid(word + rest, n - rest);
    if (starts(word, n, "place.", &rest))
        return place_valid(word + rest, n - rest);
    if (starts(word, n, "repeat=", &rest))
        return words_repeat(word + rest, n - rest, &(unsigned){0});
    if (starts(word, n, "limit=", &rest))
        return words_limit(word + rest, n - rest) != 0;
    if (starts(word, n, "part=", &rest))
        return part_valid(word + rest, n - rest);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (starts(word, n, words[i].name, &rest))
            return !*words[i].values ? n > rest : listed(words[i].values, word + rest, n - rest);
    return false;
}

/* Faults are injected into tests only. */
static void inject_check(bool inject, bool test)
{
    if (inject && !test)
        wire_exit(EXIT_CMDLINE, "inject= without test=");
}

void words_check(const char *cmdline)
{
    static char message[64];
    bool inject = false, test = false;

    for (const char *at = cmdline; *at;) {
        size_t n = 0, m = 0;
        while (at[n] && at[n] != ' ')
            n++;
        if (n && !word_valid(at, n)) {
            for (size_t i = 0; i < n && m < sizeof(message) - 1; i++)
                message[m++] = at[i] >= ' ' && at[i] <= '~' ? at[i] : '?';
            wire_exit(EXIT_CMDLINE, message);
        }
        inject |= n > 7 && !memcmp(at, "inject=", 7);
        test |= n > 5 && !memcmp(at, "test=", 5);
        at += n + (at[n] == ' ');
    }
    inject_check(inject, test);
}

bool words_place_linked(const char *name)
{
    char word[32] = "place.", value[20] = "";
    size_t n = 6;

    while (*name && n < sizeof(word) - 1)
        word[n++] = *name++;
    return !bootword(word, value, sizeof(value)) || !memcmp(value, "linked", 7);
}

bool words_schemes_off(void)
{
    char value[4] = "";

    return bootword("schemes", value, sizeof(value)) && !memcmp(value, "off", 4);
}
