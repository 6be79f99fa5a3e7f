/* SPDX-License-Identifier: MIT
 * Pages that come at their first use, and frames that are nobody's: what a leaf of either kind
 * does, what it costs, and that everything is back in the end, whichever allocation fails. */
#include "kernel/abi/msg.h"
#include "kernel/hal/audit.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/test/mock.h"
#include "kernel/hal/tramp.h"
#include "traces/test/check.h"

#define FRAMES  400u
#define AT      ((vaddr_t)0x40000000 - 2 * PAGE_SIZE) /* across the border of two tables */
#define PAGES   8u
#define BYTES   (PAGES * PAGE_SIZE)
#define RW      (PROT_READ | PROT_WRITE)
#define TABLES  7u /* at most, of AT's pages: two of each level, and one more */
#define DEVICE  ((paddr_t)0xFEE00000)
#define REFUSED 20u

static struct space s, other;

static void begin(bool pti)
{
    hal_config.pti = pti;
    mock_boot(FRAMES);
    CHECK_EQ(percpu_map(0), OK);
    CHECK_EQ(tramp_init(), OK);
    CHECK_EQ(space_init(&s), OK);
    CHECK_EQ(space_init(&other), OK);
}

static void test_fill(void)
{
    uint64_t before = page_free_count(), word = 7;

    CHECK_EQ(space_map_lazy(&s, AT, BYTES, RW), OK);
    uint64_t mapped = page_free_count();
    CHECK(before - mapped <= TABLES);
    CHECK_EQ(s.pages, PAGES);
    CHECK_EQ(s.lazy, PAGES);
    CHECK_EQ(space_map_lazy(&s, AT + BYTES - PAGE_SIZE, PAGE_SIZE, RW), T_EEXIST);
    CHECK_EQ(space_map(&s, AT, PAGE_SIZE, RW), T_EEXIST);
    CHECK_EQ(space_map_lazy(&s, AT + 1, PAGE_SIZE, RW), T_EINVAL);
    CHECK_EQ(space_fill(&s, AT + 5, PROT_WRITE), OK);
    CHECK_EQ(page_free_count(), mapped - 1);
    CHECK_EQ(space_fill(&s, AT, PROT_READ), T_EFAULT); /* not twice */
    CHECK_EQ(space_fill(&s, AT + PAGE_SIZE, PROT_EXEC), T_EFAULT);
    CHECK_EQ(space_fill(&s, AT + BYTES, PROT_READ), T_EFAULT);
    CHECK_EQ(space_fill(&s, KERNEL_BASE, PROT_READ), T_EFAULT);
    CHECK_EQ(space_copy_in(&s, &word, AT + 3 * PAGE_SIZE - 4, 8), OK);
    CHECK_EQ(word, 0);
    CHECK_EQ(page_free_count(), mapped - 3);
    CHECK_EQ(space_protect(&s, AT + 4 * PAGE_SIZE, PAGE_SIZE, PROT_NONE), OK);
    CHECK_EQ(space_protect(&s, AT, PAGE_SIZE, PROT_NONE), OK);
    CHECK(!space_pointer(&s, AT + 4 * PAGE_SIZE, 0) && !space_pointer(&s, AT, 0));
    CHECK_EQ(space_protect(&s, AT + 4 * PAGE_SIZE, PAGE_SIZE, PROT_READ), OK);
    CHECK(!space_pointer(&s, AT + 4 * PAGE_SIZE, PROT_WRITE));
    CHECK(space_pointer(&s, AT + 4 * PAGE_SIZE, PROT_READ));
    CHECK_EQ(page_free_count(), mapped - 4);
    CHECK_EQ(space_unmap(&s, AT, BYTES), OK);
    CHECK_EQ(page_free_count(), before);
    CHECK_EQ(s.pages + s.lazy, 0);
    CHECK_EQ(mock_stale(), 0);
}

/* A page that is given on is there for both. */
static void test_share(void)
{
    uint64_t before = page_free_count();
    const struct share share = {&other, &s, AT, AT, BYTES, PROT_READ};

    CHECK_EQ(space_map_lazy(&s, AT, BYTES, RW), OK);
    CHECK_EQ(space_share(&share), OK);
    *(uint64_t *)space_pointer(&s, AT + PAGE_SIZE, PROT_WRITE) = 99;
    CHECK_EQ(*(uint64_t *)space_pointer(&other, AT + PAGE_SIZE, PROT_READ), 99);
    CHECK_EQ(other.lazy, 0);
    CHECK_EQ(space_unmap(&s, AT, BYTES), OK);
    CHECK_EQ(*(uint64_t *)space_pointer(&other, AT + PAGE_SIZE, PROT_READ), 99);
    CHECK_EQ(space_unmap(&other, AT, BYTES), OK);
    CHECK_EQ(page_free_count(), before);
}

static void test_frames(void)
{
    uint64_t before = page_free_count();
    paddr_t page = page_alloc();
    char byte;
    const struct page_grant ours = {page, PROT_READ, RW, false, false};
    const struct page_grant device = {DEVICE, RW, RW, true, true};
    const struct page_grant above = {page, RW, PROT_READ, false, false};
    const struct share share = {&other, &s, AT, AT + PAGE_SIZE, PAGE_SIZE, PROT_READ};

    CHECK_EQ(space_map_frame(&s, AT, &above), T_EINVAL);
    CHECK_EQ(space_map_frame(&s, USER_END, &ours), T_EINVAL);
    CHECK_EQ(space_map_frame(&s, AT, &ours), OK);
    CHECK_EQ(space_map_frame(&s, AT, &device), T_EEXIST);
    CHECK_EQ(space_map_frame(&s, AT + PAGE_SIZE, &device), OK);
    CHECK_EQ(page_refs(page), 2);
    CHECK_EQ(space_leaf(&s, AT + PAGE_SIZE, false) & 0x18, 0x18); /* uncached */
    CHECK_EQ(space_leaf(&s, AT, true) & 0x18, 0);
    CHECK_EQ(space_protect(&s, AT, PAGE_SIZE, RW), OK);
    CHECK_EQ(space_protect(&s, AT + PAGE_SIZE, PAGE_SIZE, PROT_READ), OK);
    CHECK_EQ(space_leaf(&s, AT + PAGE_SIZE, false) & 0x18, 0x18);
    CHECK(!space_pointer(&s, AT + PAGE_SIZE, PROT_READ));
    CHECK_EQ(space_copy_in(&s, &byte, AT + PAGE_SIZE, 1), T_EFAULT);
    CHECK_EQ(space_share(&share), T_EACCES);
    CHECK_EQ(space_unmap(&s, AT, 2 * PAGE_SIZE), OK);
    page_unref(page);
    CHECK_EQ(page_free_count(), before);
}

/* Every allocation of a lazy range fails once; nothing is left of it then. */
static void test_refused(void)
{
    uint64_t before = page_free_count();
    unsigned failed = 0;

    for (unsigned n = 1; n <= REFUSED; n++) {
        mock_asked = 0;
        mock_refuse = n;
        enum err e = space_map_lazy(&s, AT, BYTES, RW);
        if (!e)
            e = space_fill(&s, AT, PROT_READ);
        CHECK(e == OK || e == T_ENOMEM);
        failed += e != OK;
        mock_refuse = 0;
        CHECK_EQ(space_unmap(&s, AT, BYTES), OK);
        CHECK_EQ(page_free_count(), before);
        CHECK_EQ(s.lazy, 0);
    }
    CHECK(failed >= 3 && failed < REFUSED);
}

/* The kernel half as the walk counts it. */
static void test_audit(void)
{
    struct audit half = audit_kernel_half(&s);

    CHECK_EQ(half.differences, 0);
    CHECK_EQ(half.user_entries, 1);
    CHECK_EQ(half.user_pages, MOCK_TRAMP_PAGES);
    uint64_t *root = page_pointer(s.kernel_root);
    root[300] ^= 1;
    root[PAGE_SIZE / 8 + 300] ^= 2;
    half = audit_kernel_half(&s);
    CHECK_EQ(half.differences, 1);
    CHECK_EQ(half.user_entries, 2);
    root[300] ^= 1;
    root[PAGE_SIZE / 8 + 300] ^= 2;
}

int main(void)
{
    for (unsigned pti = 0; pti < 2; pti++) {
        begin(pti);
        test_fill();
        test_share();
        test_frames();
        test_refused();
        test_audit();
        space_destroy(&other);
        space_destroy(&s);
    }
    return check_end("hal_lazy");
}
