/* SPDX-License-Identifier: MIT
 * The page allocator against a model that knows who owns each frame: zeroed, never handed out
 * twice, all counts right, a pair whenever two neighbours are free, everything back at the end. */
#include <stdlib.h>
#include <string.h>

#include "kernel/hal/test/mock.h"
#include "traces/test/check.h"

#define FRAMES 301u
#define STEPS  200000u

static unsigned model[FRAMES]; /* references; 0 free or not ours */
static bool ours[FRAMES];

static bool zero_then_soil(paddr_t page)
{
    static const char zeros[PAGE_SIZE];
    bool zero = memcmp(page_pointer(page), zeros, PAGE_SIZE) == 0;
    memset(page_pointer(page), 0xEE, PAGE_SIZE);
    return zero;
}

static bool pair_exists(void)
{
    for (unsigned i = 0; i + 1 < FRAMES; i += 2)
        if (ours[i] && ours[i + 1] && !model[i] && !model[i + 1])
            return true;
    return false;
}

static unsigned model_free(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FRAMES; i++)
        count += ours[i] && !model[i];
    return count;
}

static void take(paddr_t page)
{
    unsigned frame = (unsigned)(page / PAGE_SIZE);
    CHECK(page && page % PAGE_SIZE == 0 && frame < FRAMES && ours[frame] && !model[frame]);
    CHECK(zero_then_soil(page));
    model[frame] = 1;
}

static void step_alloc(void)
{
    unsigned before = model_free();
    paddr_t page = page_alloc();
    CHECK((page != 0) == (before != 0));
    if (page)
        take(page);
}

static void step_pair(void)
{
    bool possible = pair_exists();
    paddr_t page = page_alloc_pair();
    CHECK((page != 0) == possible);
    if (!page)
        return;
    CHECK(page / PAGE_SIZE % 2 == 0);
    take(page);
    take(page + PAGE_SIZE);
}

static void step_reference(void)
{
    unsigned frame = (unsigned)mock_random(FRAMES);
    if (!model[frame])
        return;
    if (mock_random(3) == 0 && model[frame] < 5) {
        page_ref(frame * PAGE_SIZE);
        model[frame]++;
    } else {
        page_unref(frame * PAGE_SIZE);
        model[frame]--;
    }
    if (model[frame])
        CHECK_EQ(page_refs(frame * PAGE_SIZE), model[frame]);
}

/* Which frames belong to the allocator is seen by taking all of them once. */
static void learn(uint64_t count)
{
    memset(ours, 0, sizeof(ours));
    memset(model, 0, sizeof(model));
    for (uint64_t i = 0; i < count; i++) {
        paddr_t page = page_alloc();
        if (!CHECK(page && page / PAGE_SIZE < FRAMES))
            return;
        ours[page / PAGE_SIZE] = true;
    }
    CHECK_EQ(page_alloc(), 0);
    CHECK_EQ(page_alloc_pair(), 0);
    for (unsigned i = 0; i < FRAMES; i++)
        if (ours[i])
            page_unref(i * PAGE_SIZE);
}

static void test_random(void)
{
    struct bootinfo *boot = mock_memory(FRAMES);
    CHECK_EQ(page_init(boot), OK);
    uint64_t count = page_free_count();
    CHECK_EQ(count, page_total_count());
    CHECK_EQ(count, FRAMES - 6 - 1); /* the holes, one frame of counts */
    learn(count);
    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t kind = mock_random(10), phase = i / 1000 % 2;
        if (kind < (phase ? 3 : 1))
            step_alloc();
        else if (kind < (phase ? 5 : 2))
            step_pair();
        else
            step_reference();
        CHECK_EQ(page_free_count(), model_free());
    }
    for (unsigned i = 0; i < FRAMES; i++)
        while (model[i]) {
            page_unref(i * PAGE_SIZE);
            model[i]--;
        }
    CHECK_EQ(page_free_count(), count);
}

/* Pairs straight from the untouched memory, from even and odd ends, and none lost on the way. */
static void test_fresh_pairs(void)
{
    for (uint64_t frames = 20; frames < 40; frames++) {
        CHECK_EQ(page_init(mock_memory(frames)), OK);
        uint64_t left = page_free_count();
        for (unsigned i = 0; page_alloc_pair(); i++)
            left -= 2;
        CHECK(left <= 2); /* one odd frame at each end */
        CHECK_EQ(page_free_count(), left);
        while (page_alloc())
            left--;
        CHECK_EQ(left, 0);
    }
}

static void test_ranges(void)
{
    struct bootinfo *boot = mock_memory(FRAMES);
    boot->range_count = 4; /* two free ranges that meet at an odd frame, and a blob to be freed */
    boot->range[0] = (struct boot_range){0, 9 * PAGE_SIZE, RANGE_FREE, 0};
    boot->range[1] = (struct boot_range){9 * PAGE_SIZE, 2 * PAGE_SIZE, RANGE_FREE, 0};
    boot->range[2] = (struct boot_range){20 * PAGE_SIZE, 5 * PAGE_SIZE, RANGE_INITFS, 0};
    boot->range[3] = (struct boot_range){8ull << 30, 1ull << 30, RANGE_FREE, 0};
    CHECK_EQ(page_init(boot), OK);
    CHECK_EQ(page_free_count(), 9); /* 11 without frame 0 and the counts */
    learn(9);
    CHECK(!ours[0] && !ours[1] && ours[2] && ours[10]);
    for (unsigned i = 0; i < 4; i++)
        CHECK(page_alloc_pair() != 0);
    CHECK_EQ(page_alloc_pair(), 0);
    CHECK(page_alloc() != 0);
    page_release_range(20 * PAGE_SIZE, 5 * PAGE_SIZE);
    CHECK_EQ(page_free_count(), 5);
    CHECK_EQ(page_total_count(), 14);
    CHECK(page_alloc_pair() && page_alloc_pair() && page_alloc());
    CHECK_EQ(page_free_count(), 0);
}

static void test_bad_boot(void)
{
    struct bootinfo *boot = mock_memory(FRAMES);
    boot->magic ^= 1;
    CHECK_EQ(page_init(boot), T_EINVAL);
    boot = mock_memory(FRAMES);
    boot->version++;
    CHECK_EQ(page_init(boot), T_EINVAL);
    boot = mock_memory(FRAMES);
    boot->range_count = BOOT_RANGES + 1;
    CHECK_EQ(page_init(boot), T_EINVAL);
    boot = mock_memory(FRAMES);
    boot->range[1].base += 1;
    CHECK_EQ(page_init(boot), T_EINVAL);
    boot = mock_memory(FRAMES);
    boot->range[2].base -= PAGE_SIZE; /* overlap */
    CHECK_EQ(page_init(boot), T_EINVAL);
    boot = mock_memory(FRAMES);
    boot->range[2].size = ~0ull << 12;
    CHECK_EQ(page_init(boot), T_EINVAL);
    boot = mock_memory(FRAMES);
    boot->range[1].type = RANGE_RESERVED;
    CHECK_EQ(page_init(boot), T_ENOMEM);
}

/* What only a broken kernel does ends in a panic, not in a broken list. */
static bool panics(void (*function)(paddr_t), paddr_t page)
{
    jmp_buf here;
    bool jumped = true;
    mock_panic_to = &here;
    if (setjmp(here) == 0) {
        function(page);
        mock_panic_to = 0;
        jumped = false;
    }
    mock_panic_to = 0;
    return jumped;
}

static void refs_only(paddr_t page)
{
    (void)page_refs(page);
}

static void release_one(paddr_t page)
{
    page_release_range(page, PAGE_SIZE);
}

static void test_misuse(void)
{
    CHECK_EQ(page_init(mock_memory(FRAMES)), OK);
    paddr_t page = page_alloc();
    for (unsigned i = 1; i < 0xFFFE; i++)
        page_ref(page);
    CHECK(panics(page_ref, page));
    for (unsigned i = 1; i < 0xFFFE; i++)
        page_unref(page);
    page_unref(page);
    CHECK(panics(page_unref, page));
    CHECK(panics(page_unref, 0));
    CHECK(panics(page_ref, FRAMES * PAGE_SIZE));
    CHECK(panics(refs_only, page));
    CHECK(panics(release_one, page));
}

int main(void)
{
    test_random();
    test_fresh_pairs();
    test_ranges();
    test_bad_boot();
    test_misuse();
    return check_end("hal_page");
}
