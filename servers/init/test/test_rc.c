/* SPDX-License-Identifier: MIT
 * Lines of rc: good ones, bad ones with their reason, limits, and the end of the text. */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"
#include "servers/init/rc.h"

static struct rc_line line;

/* The text in a block of its exact size, so that ASan sees a byte too far. */
static const char *parse(const char *text)
{
    static char *copy;
    free(copy);
    copy = strdup(text);
    const char *next = rc_parse(copy, &line);
    return next ? text + (next - copy) : 0;
}

static void test_good(void)
{
    const char *text = "serve echo\n\n# note with serve\nrun initfs:/bin/x a b";
    text = parse(text);
    EXPECT(line.kind == RC_SERVE && line.count == 1 && !strcmp(line.word[0], "echo"));
    text = parse(text);
    EXPECT(line.kind == RC_EMPTY);
    text = parse(text);
    EXPECT(line.kind == RC_EMPTY);
    EXPECT(parse(text) == 0);
    EXPECT(line.kind == RC_RUN && line.count == 3 && !strcmp(line.word[2], "b") && !line.word[3]);
    parse(" serve\techo other \r\n");
    EXPECT(line.kind == RC_SERVE && line.count == 2 && !strcmp(line.word[1], "other"));
    parse("serve a b ready=60000 ping=1");
    EXPECT(line.kind == RC_SERVE && line.count == 2 && !line.word[2] && line.ping_ms == 1 &&
           line.ready_ms == 60000);
    parse("serve initfs:/bin/x y ping=7");
    EXPECT(line.kind == RC_SERVE && line.count == 2 && line.ping_ms == 7 && !line.ready_ms);
    parse("run initfs:/bin/x a=b");
    EXPECT(line.kind == RC_RUN && line.count == 2);
    parse("   # indented");
    EXPECT(line.kind == RC_EMPTY);
    EXPECT(parse("") == 0 && line.kind == RC_EMPTY);
}

static void test_bad(void)
{
    static const char *const bad[] = {"serve",
                                      "serve a b c",
                                      "run",
                                      "frob x",
                                      "Serve echo",
                                      "run 1 2 3 4 5 6 7 8 9",
                                      "serve ping=5",
                                      "serve a ping=0",
                                      "serve a ping=60001",
                                      "serve a ping=5x",
                                      "serve a ping=",
                                      "serve a pong=5",
                                      "serve a b ping=5 ping=6",
                                      "serve initfs:/bin/x",
                                      "serve a ping=99999999999999999999",
                                      "serve a ping=5 b c d"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        parse(bad[i]);
        EXPECT(line.kind == RC_BAD && line.reason);
    }
    parse("run 1 2 3 4 5 6 7 8");
    EXPECT(line.kind == RC_RUN && line.count == RC_WORDS_MAX && !line.word[RC_WORDS_MAX]);
}

static void test_long(void)
{
    char text[600];
    for (size_t n = 200; n < 500; n++) {
        memset(text, 'x', n);
        memcpy(text, "run ", 4);
        memcpy(text + n, "\nserve a", 9);
        const char *next = parse(text);
        EXPECT(line.kind == (n <= RC_LINE_MAX ? RC_RUN : RC_BAD));
        EXPECT(next && !strcmp(next, "serve a"));
    }
}

int main(void)
{
    test_good();
    test_bad();
    test_long();
    return unit_done("rc");
}
