/* SPDX-License-Identifier: MIT
 * Paths of open against the plainest reading of them, byte by byte: random ones of every length, at
 * every place of a page and across two, at the end of the last page that there is, and what a
 * longer path before left in the kernel's copy. The schemes' names are short, a word, more than
 * one, and beginnings of each other. */
#include "kernel/core/opening.h"
#include "kernel/core/test/kit.h"
#include "traces/test/check.h"

#define TRIES 40000u

static const char *const scheme_names[] = {"a",
                                           "b",
                                           "ab",
                                           "aaaaaa",
                                           "aaaaaaa",
                                           "aaaaaaaa",
                                           "aaaaaaab",
                                           "aaaaaaaaa",
                                           "aaaaaaaab",
                                           "aaaaaaaaaaaaaaab",
                                           "aaaaaaaaaaaaaaaab",
                                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
#define NAMES (sizeof(scheme_names) / sizeof(scheme_names[0]))

static struct thread *client, *server;

static uint64_t random_below(uint64_t bound)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % bound;
}

/* What open has to make of it: an error, or 0 and where the rest is. */
struct outcome {
    long error;
    uint64_t rest, rest_length;
};

static bool name_known(const char *name, uint64_t length)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (strlen(scheme_names[i]) == length && !memcmp(scheme_names[i], name, length))
            return true;
    return false;
}

static struct outcome expect(const char *path, uint64_t length)
{
    bool alias = length > 8 && !memcmp(path, "/scheme/", 8);
    uint64_t from = alias ? 8 : 0, at = from;

    if (memchr(path, 0, length))
        return (struct outcome){.error = -T_EINVAL};
    while (at < length && path[at] != (alias ? '/' : ':'))
        at++;
    if (at == length && !alias)
        return (struct outcome){.error = -T_EINVAL};
    uint64_t rest = at < length ? at + 1 : at;
    if (at == from) /* a new scheme, without O_CREAT; or `root`, which is not here */
        return (struct outcome){.error = rest < length ? -T_EINVAL : -T_ENODEV};
    if (!name_known(path + from, at - from))
        return (struct outcome){.error = -T_ENODEV};
    return (struct outcome){.rest = rest, .rest_length = length - rest};
}

/* Pieces, so that names and separators come often; cut off anywhere. */
static uint64_t path_make(char *path, uint64_t room)
{
    static const char odd[] = {'a', 'b', ':', '/', (char)0xFF, (char)0x80, 1, (char)0xBA, 0};
    uint64_t length = 0;

    if (random_below(3) == 0)
        length = (uint64_t)sprintf(path, "/scheme/");
    if (random_below(4))
        length += (uint64_t)sprintf(path + length, "%s", scheme_names[random_below(NAMES)]);
    if (random_below(4))
        path[length++] = random_below(2) ? ':' : '/';
    for (uint64_t more = random_below(12); more && length < room; more--)
        path[length++] = odd[random_below(sizeof(odd) - (random_below(4) != 0))];
    return random_below(8) ? length : random_below(length + 1);
}

static bool path_right(const char *path, uint64_t length, vaddr_t at)
{
    struct outcome want = expect(path, length);
    long result = sys(client, SYS_open, (struct args){.rdi = at, .rsi = length});

    if (want.error)
        return !blocked(client) && result == want.error;
    if (!blocked(client))
        return false;
    bool right = client->r12 == at + want.rest && client->r13 == want.rest_length &&
                 !memcmp(opening_path, path + want.rest, want.rest_length);
    sys(server, SYS_recv, (struct args){0});
    struct args reply = {.rdi = server->rdi, .rsi = TAG(0, 0, 8, 0), .w = {(uint64_t)-T_ENOENT}};
    return !sys(server, SYS_reply, reply) && (long)client->rax == -T_ENOENT && right;
}

static void path_print(const char *path, uint64_t length, vaddr_t at)
{
    fprintf(stderr, "at %#lx:", (unsigned long)at);
    for (uint64_t i = 0; i < length; i++)
        fprintf(stderr, " %02x", (unsigned char)path[i]);
    fputc('\n', stderr);
}

static void random_paths(void)
{
    char path[128];
    unsigned wrong = 0;

    for (unsigned i = 0; i < TRIES && !wrong; i++) {
        uint64_t length = path_make(path, sizeof(path));
        vaddr_t at = KIT_MEMORY + PAGE_SIZE - random_below(random_below(2) ? 16 : PAGE_SIZE);
        poke(client, at, path, length);
        if (path_right(path, length, at))
            continue;
        path_print(path, length, at);
        wrong++;
    }
    CHECK_EQ(wrong, 0);
}

/* A byte 0 is found at every place of a long path, and only inside of it. */
static void zeros(void)
{
    static char path[PATH_MAX_BYTES + 8];

    memset(path, 'x', sizeof(path));
    path[1] = ':', path[0] = 'a';
    for (uint64_t length = 2; length <= PATH_MAX_BYTES; length += 1 + length / 16) {
        for (uint64_t at = 0; at < length + 8; at++) {
            char kept = path[at];
            path[at] = 0;
            poke(client, KIT_MEMORY, path, sizeof(path));
            CHECK(path_right(path, length, KIT_MEMORY));
            path[at] = kept;
        }
    }
}

/* Whole words are read, but no byte behind the page: at its end, with nothing behind it, the frame
 * that the kernel remembers is one of the host's. */
static void page_end(void)
{
    static const char path[] = "aaaaaaaa:xyzxyzxyzxyzxy";
    char *page = mock_last_page();

    for (uint64_t length = 1; length < sizeof(path); length++) {
        poke(client, KIT_MEMORY + PAGE_SIZE - length, path, length);
        memcpy(page + PAGE_SIZE - length, path, length);
        client->task->space.window = page;
        CHECK(path_right(path, length, KIT_MEMORY + PAGE_SIZE - length));
        CHECK_EQ(client->task->space.window == page, 1);
        client->task->space.seen = client->task->space.seen_write = SEEN_NONE;
    }
}

int main(void)
{
    kit_boot();
    client = kit_task(0, 0);
    server = kit_task(0, 0);
    for (unsigned i = 0; i < NAMES; i++) {
        char path[40];
        sprintf(path, ":%s", scheme_names[i]);
        CHECK_EQ(kit_open(server, path, O_CREAT | O_EXCL), i);
    }
    random_paths();
    zeros();
    page_end();
    CHECK_TEXT(kit_broken(), 0);
    kit_end_all();
    return check_end("core paths");
}
