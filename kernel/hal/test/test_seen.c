/* SPDX-License-Identifier: MIT
 * The page that the kernel remembers of a space: whatever was mapped, unmapped, protected, shared
 * or filled since, a copy goes where a walk of the tables says, and fails where that says no. */
#include "kernel/abi/msg.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/ptwalk.h"
#include "kernel/hal/test/mock.h"
#include "kernel/hal/tramp.h"
#include "traces/test/check.h"

#define FRAMES 400u
#define SPACES 3u
#define PAGES  6u
#define AT     ((vaddr_t)0x40000000 - 2 * PAGE_SIZE) /* across the border of two tables */
#define STEPS  200000u
#define PROTS  5u
#define WORDS  (PAGE_SIZE / 8)
#define SIDES  3u /* addresses tried beside the pages */

static struct space spaces[SPACES];
static const unsigned prots[PROTS] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_EXEC,
                                      PROT_READ | PROT_EXEC};

/* Where the tables say that va is, if it has that right; unfilled lazy pages are filled first. */
static char *truth(struct space *s, vaddr_t va, unsigned prot)
{
    uint64_t *path[PT_LEVELS];

    if (va < USER_MIN || va >= USER_END)
        return 0;
    if (pt_walk(s->kernel_root, va, path) != 0)
        return 0;
    if (*path[0] & PT_LAZY && !(*path[0] & PT_PRESENT) && space_fill(s, va, prot))
        return 0;
    if (!(*path[0] & PT_PRESENT) || (prot & PROT_WRITE && !(*path[0] & PT_WRITE)))
        return 0;
    return (char *)page_pointer(*path[0] & PT_FRAME) + va % PAGE_SIZE;
}

static void change(struct space *s)
{
    struct space *other = &spaces[mock_random(SPACES)];
    vaddr_t at = AT + mock_random(PAGES) * PAGE_SIZE, to = AT + mock_random(PAGES) * PAGE_SIZE;
    uint64_t bytes = (1 + mock_random(2)) * PAGE_SIZE;
    unsigned prot = prots[mock_random(PROTS)];
    const struct share share = {other, s, to, at, bytes, prot & ~PROT_WRITE};
    enum err e = OK;

    switch (mock_random(7)) {
    case 0:
        e = space_map(s, at, bytes, prot);
        break;
    case 1:
        e = space_map_lazy(s, at, bytes, prot);
        break;
    case 2:
    case 3:
        e = space_unmap(s, at, bytes);
        break;
    case 4:
    case 5:
        e = space_protect(s, at, bytes, prot);
        break;
    default:
        e = space_share(&share);
        break;
    }
    CHECK(e == OK || e == T_EEXIST || e == T_EFAULT || e == T_EACCES);
}

/* Inside the pages mostly, and where nothing can be: a null pointer, the last page, the kernel. */
static vaddr_t address(void)
{
    const vaddr_t beside[SIDES] = {0, USER_END, KERNEL_BASE};

    if (!mock_random(8))
        return beside[mock_random(SIDES)] + mock_random(WORDS) * 8;
    return AT + mock_random(PAGES * WORDS) * 8;
}

/* One word each way, by the copies that remember and by the walk. */
static unsigned copies_compare(struct space *s)
{
    vaddr_t va = address();
    uint64_t word = 0, value = mock_random(~0ull >> 1);
    const uint64_t *from;

    if (mock_random(2)) {
        enum err e = space_copy_out(s, va, &value, sizeof(value));
        from = (const uint64_t *)truth(s, va, PROT_WRITE);
        CHECK_EQ(e, from ? OK : T_EFAULT);
        CHECK(!from || *from == value);
    } else {
        enum err e = space_copy_in(s, &word, va, sizeof(word));
        from = (const uint64_t *)truth(s, va, PROT_READ);
        CHECK_EQ(e, from ? OK : T_EFAULT);
        CHECK(!from || *from == word);
    }
    return from != 0;
}

static void test_random(bool pti)
{
    unsigned there = 0, refused = 0;

    hal_config.pti = pti;
    mock_boot(FRAMES);
    CHECK_EQ(percpu_map(0), OK);
    CHECK_EQ(tramp_init(), OK);
    uint64_t before = page_free_count();
    for (unsigned i = 0; i < SPACES; i++)
        CHECK_EQ(space_init(&spaces[i]), OK);
    for (unsigned step = 0; step < STEPS; step++) {
        struct space *s = &spaces[mock_random(SPACES)];
        if (!mock_random(4))
            change(s);
        bool good = copies_compare(s);
        there += good;
        refused += !good;
    }
    CHECK(there > STEPS / 8 && refused > STEPS / 8);
    for (unsigned i = 0; i < SPACES; i++)
        space_destroy(&spaces[i]);
    CHECK_EQ(page_free_count(), before);
    CHECK_EQ(mock_stale(), 0);
}

/* A new space remembers nothing: a null pointer is not that nothing. */
static void test_null(void)
{
    uint64_t word = 7;

    CHECK_EQ(space_init(&spaces[0]), OK);
    CHECK_EQ(space_copy_in(&spaces[0], &word, 0, sizeof(word)), T_EFAULT);
    CHECK_EQ(space_copy_in(&spaces[0], &word, PAGE_SIZE - 8, sizeof(word)), T_EFAULT);
    CHECK_EQ(space_copy_in(&spaces[0], &word, ~(PAGE_SIZE - 1), sizeof(word)), T_EFAULT);
    CHECK(!space_pointer(&spaces[0], 8, PROT_READ));
    CHECK_EQ(word, 7);
    space_destroy(&spaces[0]);
}

int main(void)
{
    mock_boot(FRAMES);
    CHECK_EQ(percpu_map(0), OK);
    CHECK_EQ(tramp_init(), OK);
    test_null();
    for (unsigned pti = 0; pti < 2; pti++)
        test_random(pti);
    return check_end("hal_seen");
}
