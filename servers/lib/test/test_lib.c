/* SPDX-License-Identifier: MIT
 * The pure parts of the user library: argument blocks, words of a line, restarts, formatting. */
#include "servers/lib/args.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/restart.h"
#include "servers/lib/word.h"

/* Behind the contract, whose SEEK_* the C library defines too, with the same values. */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"

#define TOP 0x10000ull

/* print() ends here instead of on a console. */
static char printed[1024];

long file_write_all(int fd, const void *buffer, uint64_t n)
{
    EXPECT(fd == 1 && n < sizeof(printed));
    memcpy(printed, buffer, n);
    printed[n] = 0;
    return (long)n;
}

static const char *at(const unsigned char *block, long bytes, uint64_t word)
{
    uint64_t address;
    memcpy(&address, block + 8 * word, 8);
    EXPECT(address >= TOP - (uint64_t)bytes && address < TOP);
    return (const char *)block + (address - (TOP - (uint64_t)bytes));
}

static void test_args(void)
{
    const char *const argv[] = {"prog", "", "two", 0}, *const envp[] = {"A=1", 0};
    unsigned char *block = malloc(ARGS_BYTES_MAX);
    long bytes = args_build(&(struct args_source){argv, envp}, TOP, block);
    uint64_t argc, end, last;
    EXPECT(bytes > 0 && bytes % 16 == 0);
    memcpy(&argc, block, 8);
    memcpy(&end, block + 32, 8);
    memcpy(&last, block + 48, 8);
    EXPECT(argc == 3 && end == 0 && last == 0);
    EXPECT(!strcmp(at(block, bytes, 1), "prog") && !strcmp(at(block, bytes, 2), ""));
    EXPECT(!strcmp(at(block, bytes, 3), "two") && !strcmp(at(block, bytes, 5), "A=1"));
    bytes = args_build(&(struct args_source){0, 0}, TOP, block);
    memcpy(&argc, block, 8);
    EXPECT(bytes == 32 && argc == 0);
    free(block);
}

static void test_args_limit(void)
{
    char *text = calloc(1, 2 * ARGS_BYTES_MAX);
    unsigned char *block = malloc(ARGS_BYTES_MAX);
    const char *const argv[] = {text, 0};
    const char *many[2000] = {0};
    for (size_t n = 0; n < 2 * ARGS_BYTES_MAX - 1; n += 61) {
        memset(text, 'a', n);
        long bytes = args_build(&(struct args_source){argv, 0}, TOP, block);
        EXPECT(n + 33 <= ARGS_BYTES_MAX ? bytes >= (long)n + 33 : bytes == -T_E2BIG);
    }
    for (unsigned i = 0; i < 1999; i++)
        many[i] = "";
    EXPECT(args_build(&(struct args_source){many, 0}, TOP, block) == -T_E2BIG);
    free(block);
    free(text);
}

static void test_words(void)
{
    const char *line = "  one\ttwo   much-too-long three\n";
    char word[8], value[16] = "keep";
    EXPECT(word_next(&line, word, sizeof(word)) && !strcmp(word, "one"));
    EXPECT(word_next(&line, word, sizeof(word)) && !strcmp(word, "two"));
    EXPECT(word_next(&line, word, sizeof(word)) && !strcmp(word, "three"));
    EXPECT(!word_next(&line, word, sizeof(word)) && !word[0]);
    EXPECT(!word_value("xtest=a test", "test", value, sizeof(value)) && !strcmp(value, "keep"));
    EXPECT(word_value("test=a pti=on", "test", value, sizeof(value)) && !strcmp(value, "a"));
    EXPECT(word_value("pti=on test=a test=b", "test", value, sizeof(value)) && value[0] == 'b');
    EXPECT(word_value("test=", "test", value, sizeof(value)) && !value[0]);
    EXPECT(!word_value("test=0123456789abcdef", "test", value, sizeof(value)));
    EXPECT(word_value("test=0123456789abcde", "test", value, sizeof(value)));
    EXPECT(!word_value("", "test", value, sizeof(value)));
}

static void test_restarts(void)
{
    struct restart r = {{0}, 0, false};
    const uint64_t second = 1000000000;
    EXPECT(restart_allow(&r, 0) && restart_allow(&r, second) && restart_allow(&r, 2 * second));
    EXPECT(!restart_allow(&r, 3 * second) && r.failed);
    EXPECT(!restart_allow(&r, 300 * second));
    r = (struct restart){{0}, 0, false};
    for (uint64_t i = 0; i < 100; i++)
        EXPECT(restart_allow(&r, i * 4 * second));
    EXPECT(restart_allow(&r, 398 * second) && !restart_allow(&r, 399 * second));
    r = (struct restart){{0}, 0, false};
    for (unsigned i = 0; i < RESTART_MAX; i++) {
        EXPECT(restart_allow(&r, (50 + i) * second));
        EXPECT(restart_delay(&r, (50 + i) * second) == (i ? RESTART_DELAY_NS << (i - 1) : 0));
    }
    EXPECT(restart_allow(&r, 90 * second) && restart_delay(&r, 90 * second) == 0);
}

static void expect_text(const char *wanted, const char *got)
{
    if (strcmp(wanted, got) != 0)
        printf("wanted %s, got %s\n", wanted, got);
    EXPECT(!strcmp(wanted, got));
}

/* A format that the compiler would refuse comes through here. */
static void print_any(char *buffer, uint64_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_list(buffer, size, format, list);
    va_end(list);
}

static void test_print(void)
{
    char text[64], small[4];
    print_to(text, sizeof(text), "%d %i %u %x|%5d|%-5d|%05d|%s", -1, 7, 8u, 0xBEEFu, 42, 42, -42,
             "s");
    expect_text("-1 7 8 beef|   42|42   |-0042|s", text);
    print_to(text, sizeof(text), "%ld %lu %016lx %zu", INT64_MIN, UINT64_MAX, 0xABCul, (size_t)3);
    expect_text("-9223372036854775808 18446744073709551615 0000000000000abc 3", text);
    print_to(text, sizeof(text), "%c%%%10s|%-4s|", 'x', "right", "l");
    expect_text("x%     right|l   |", text);
    EXPECT(print_to(small, sizeof(small), "%s", "longer") == 6);
    expect_text("lon", small);
    print_any(text, sizeof(text), "a %q b %", 1);
    expect_text("a %q b %", text);
    print("%s %d\n", "line", 5);
    expect_text("line 5\n", printed);
    expect_text("no such name", error_text(-T_ENOENT));
    expect_text("unknown error", error_text(-4000));
}

int main(void)
{
    test_args();
    test_args_limit();
    test_words();
    test_restarts();
    test_print();
    return unit_done("lib");
}
