/* SPDX-License-Identifier: MIT
 * Address spaces against a model that is an array of pages: random maps, shares, protections and
 * unmaps in three spaces, with isolation off, on, and on with PCID. After each step the rights that
 * a walk finds equal the model's, no forgotten memory is left in the TLB, and each frame is
 * accounted for; each allocation is made to fail once. */
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/msg.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/ptwalk.h"
#include "kernel/hal/test/mock.h"
#include "kernel/hal/tramp.h"
#include "traces/test/check.h"

#define FRAMES 700u
#define SPACES 3u
#define PAGES  96u /* modelled pages of a space */
#define STEPS  30000u

struct page_model {
    bool used;
    unsigned prot, ceiling;
    unsigned content; /* index of what lies there */
};

struct world {
    struct space space[SPACES];
    struct page_model page[SPACES][PAGES];
    uint64_t content[65536]; /* first word of each page object */
    unsigned contents;
    uint64_t free_before;
};

static struct world w;

/* The modelled pages lie in groups: in neighbouring tables, at both ends of user memory, and far
 * apart, so that all levels of tables come and go. */
static vaddr_t va_of(unsigned page)
{
    static const vaddr_t group[] = {USER_MIN,    0x1FC000,       0x3FFF8000,
                                    0x7FFFFC000, 0x200000000000, USER_END - 16 * PAGE_SIZE};
    return group[page / 16] + page % 16 * PAGE_SIZE;
}

static unsigned complete(unsigned prot)
{
    return prot & (PROT_WRITE | PROT_EXEC) ? prot | PROT_READ : prot;
}

static void world_make(bool pti, bool pcid)
{
    hal_config.pti = pti;
    hal_config.pcid = pcid;
    struct bootinfo *boot = mock_boot(FRAMES);
    (void)boot;
    memset(&w, 0, sizeof(w));
    CHECK_EQ(percpu_map(0), OK);
    CHECK_EQ(tramp_init(), OK);
    w.free_before = page_free_count();
    for (unsigned i = 0; i < SPACES; i++)
        CHECK_EQ(space_init(&w.space[i]), OK);
}

/* A page of space s as the user table of the variant in force shows it. */
static void page_check(unsigned s, unsigned p)
{
    const struct space *space = &w.space[s];
    const struct page_model *m = &w.page[s][p];
    paddr_t root = space->exit_root & CR3_FRAME_MASK;
    uint64_t *path[PT_LEVELS];
    unsigned level = pt_walk(root, va_of(p), path);
    uint64_t leaf = level == 0 ? *path[0] : 0;
    unsigned prot = leaf & PT_PRESENT ? PROT_READ | (leaf & PT_WRITE ? PROT_WRITE : 0) |
                                            (leaf & PT_NX ? 0 : PROT_EXEC)
                                      : 0;
    HOLD_EQ(prot, m->used ? m->prot : 0);
    HOLD(!(leaf & PT_PRESENT) || (leaf & PT_USER));
    HOLD(!(leaf & PT_GLOBAL));
    HOLD_EQ((leaf & PT_OWNED) != 0, m->used);
    for (unsigned want = 0; want < 8; want++) {
        bool may = m->used && m->prot && !(want & ~m->prot);
        HOLD_EQ(space_pointer(space, va_of(p), want) != 0, may);
    }
    if (m->used)
        HOLD_EQ(*(uint64_t *)page_pointer(leaf & PT_FRAME), w.content[m->content]);
}

static void world_check(void)
{
    HOLD_EQ(mock_stale(), 0);
    for (unsigned s = 0; s < SPACES; s++) {
        uint64_t used = 0, wx = 0;
        for (unsigned p = 0; p < PAGES; p++) {
            page_check(s, p);
            used += w.page[s][p].used;
            wx += w.page[s][p].used && (w.page[s][p].prot & 6) == 6;
        }
        HOLD_EQ(w.space[s].pages, used);
        HOLD_EQ(space_count_wx(&w.space[s]), wx);
        HOLD_EQ(tramp_walk(w.space[s].kernel_root + PAGE_SIZE), 0);
    }
}

/* The first `count` pages from `first` of the same group. */
static unsigned clip(unsigned first, unsigned count)
{
    unsigned left = 16 - first % 16;
    return count < left ? count : left;
}

static bool model_any(unsigned s, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (w.page[s][first + i].used)
            return true;
    return false;
}

static void do_map(unsigned s, unsigned first, unsigned count, unsigned prot)
{
    uint64_t free_before = page_free_count();
    enum err e = space_map(&w.space[s], va_of(first), count * PAGE_SIZE, prot);
    if (model_any(s, first, count)) {
        HOLD_EQ(e, T_EEXIST);
        return;
    }
    if (e == T_ENOMEM) {
        HOLD(mock_refuse || page_free_count() < count + 3 * count);
        HOLD_EQ(page_free_count(), free_before);
        return;
    }
    HOLD_EQ(e, OK);
    for (unsigned i = 0; i < count; i++) {
        struct page_model *m = &w.page[s][first + i];
        *m = (struct page_model){true, complete(prot), 7, w.contents};
        w.content[w.contents] = 0;
        uint64_t mark = mock_random(~0ull), *word = space_pointer(&w.space[s], va_of(first + i), 0);
        if (word) { /* PROT_NONE has no view */
            HOLD_EQ(*word, 0);
            *word = w.content[w.contents] = mark;
        }
        w.contents = (w.contents + 1) % 65536;
    }
}

static void do_share(const unsigned *at, unsigned count, unsigned prot)
{
    unsigned dst = at[0], to = at[1], src = at[2], from = at[3];
    struct share share = {.dst = &w.space[dst],
                          .src = &w.space[src],
                          .to = va_of(to),
                          .from = va_of(from),
                          .bytes = count * PAGE_SIZE,
                          .prot = prot};
    uint64_t free_before = page_free_count();
    enum err want = model_any(dst, to, count) ? T_EEXIST : OK;
    prot = complete(prot);
    for (unsigned i = count; i-- > 0;) {
        const struct page_model *m = &w.page[src][from + i];
        if (!m->used)
            want = T_EFAULT;
        else if ((prot & ~m->prot) || (prot & PROT_EXEC && m->prot & PROT_WRITE))
            want = T_EACCES;
    }
    enum err e = space_share(&share);
    if (want == OK && e == T_ENOMEM) {
        CHECK(mock_refuse || page_free_count() < 3 * count);
        CHECK_EQ(page_free_count(), free_before);
        return;
    }
    CHECK_EQ(e, want);
    for (unsigned i = 0; e == OK && i < count; i++) {
        struct page_model *m = &w.page[src][from + i];
        w.page[dst][to + i] = (struct page_model){true, prot, prot, m->content};
        if (prot & PROT_EXEC)
            m->ceiling &= ~PROT_WRITE;
    }
}

static void do_protect(unsigned s, unsigned first, unsigned count, unsigned prot)
{
    enum err want = OK;
    for (unsigned i = count; i-- > 0;) {
        const struct page_model *m = &w.page[s][first + i];
        if (!m->used)
            want = T_EFAULT;
        else if (complete(prot) & ~m->ceiling)
            want = T_EACCES;
    }
    CHECK_EQ(space_protect(&w.space[s], va_of(first), count * PAGE_SIZE, prot), want);
    for (unsigned i = 0; want == OK && i < count; i++)
        w.page[s][first + i].prot = complete(prot);
}

static void do_unmap(unsigned s, unsigned first, unsigned count)
{
    CHECK_EQ(space_unmap(&w.space[s], va_of(first), count * PAGE_SIZE), OK);
    for (unsigned i = 0; i < count; i++)
        w.page[s][first + i].used = false;
}

static void do_destroy(unsigned s)
{
    space_destroy(&w.space[s]);
    CHECK_EQ(mock_stale(), 0);
    memset(w.page[s], 0, sizeof(w.page[s]));
    CHECK_EQ(space_init(&w.space[s]), OK);
}

/* The CPU runs the space a while and remembers pages of both roots. */
static void do_run(unsigned s)
{
    mock_exit(&w.space[s]);
    for (unsigned i = 0; i < 16; i++)
        mock_touch(va_of((unsigned)mock_random(PAGES)));
    mock_entry();
    for (unsigned i = 0; i < 8; i++)
        mock_touch(va_of((unsigned)mock_random(PAGES)));
}

static void step(void)
{
    unsigned s = (unsigned)mock_random(SPACES), prot = (unsigned)mock_random(8);
    unsigned first = (unsigned)mock_random(PAGES),
             count = clip(first, 1 + (unsigned)mock_random(9));
    unsigned from = (unsigned)mock_random(PAGES), kind = (unsigned)mock_random(100);
    if (kind < 25)
        do_map(s, first, count, prot);
    else if (kind < 45)
        do_share((unsigned[]){s, first, (unsigned)mock_random(SPACES), from}, clip(from, count),
                 prot & (unsigned)mock_random(8));
    else if (kind < 60)
        do_protect(s, first, count, prot);
    else if (kind < 79)
        do_unmap(s, first, count);
    else if (kind < 80)
        do_destroy(s);
    else
        do_run(s);
}

static void world_end(void)
{
    for (unsigned s = 0; s < SPACES; s++)
        space_destroy(&w.space[s]);
    CHECK_EQ(page_free_count(), w.free_before);
    CHECK_EQ(mock_stale(), 0);
}

static void test_random(bool pti, bool pcid)
{
    world_make(pti, pcid);
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        if (i % 8 == 0)
            world_check();
    }
    world_end();
}

/* Each allocation of a map and of a share fails once: nothing is mapped, nothing lost. */
static void test_refused(void)
{
    world_make(true, false);
    for (unsigned first = 0; first < PAGES; first += 16) {
        for (uint64_t n = 1;; n++) {
            mock_asked = 0;
            mock_refuse = n;
            do_map(0, first, 16, PROT_READ | PROT_WRITE);
            mock_refuse = 0;
            world_check();
            if (model_any(0, first, 16))
                break;
        }
        CHECK(mock_asked >= 17); /* pages, and one table at least */
        for (uint64_t n = 1;; n++) {
            mock_asked = 0;
            mock_refuse = n;
            do_share((unsigned[]){1, first, 0, first}, 16, PROT_READ);
            mock_refuse = 0;
            world_check();
            if (model_any(1, first, 16))
                break;
        }
    }
    struct space extra;
    mock_asked = 0;
    mock_refuse = 1;
    CHECK_EQ(space_init(&extra), T_ENOMEM);
    mock_refuse = 0;
    world_end();
}

/* Memory really ends: maps fail without loss until there is room again. */
static void test_exhaustion(void)
{
    world_make(true, true);
    uint64_t free_before = page_free_count();
    vaddr_t va = 0x40000000;
    CHECK_EQ(space_map(&w.space[0], va, FRAMES * PAGE_SIZE, PROT_READ), T_ENOMEM);
    CHECK_EQ(page_free_count(), free_before);
    CHECK_EQ(space_map(&w.space[0], va, (free_before - 5) * PAGE_SIZE, PROT_READ), OK);
    CHECK_EQ(space_map(&w.space[1], va, 6 * PAGE_SIZE, PROT_READ), T_ENOMEM);
    CHECK_EQ(space_unmap(&w.space[0], va, (free_before - 5) * PAGE_SIZE), OK);
    CHECK_EQ(page_free_count(), free_before);
    world_end();
}

static void test_arguments(void)
{
    world_make(true, false);
    struct space *s = &w.space[0];
    static const struct {
        vaddr_t va;
        uint64_t bytes;
    } bad[] = {{0, PAGE_SIZE},
               {USER_MIN, 0},
               {USER_MIN + 1, PAGE_SIZE},
               {USER_MIN, 1},
               {USER_END, PAGE_SIZE},
               {USER_END - PAGE_SIZE, 2 * PAGE_SIZE},
               {USER_MIN, ~0ull << 12},
               {0xFFFF800000000000ull, PAGE_SIZE},
               {0x8000000000000000ull, PAGE_SIZE}};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_EQ(space_map(s, bad[i].va, bad[i].bytes, 1), T_EINVAL);
        CHECK_EQ(space_unmap(s, bad[i].va, bad[i].bytes), T_EINVAL);
        CHECK_EQ(space_protect(s, bad[i].va, bad[i].bytes, 1), T_EINVAL);
        struct share to = {s, s, bad[i].va, USER_MIN, bad[i].bytes, 0};
        CHECK_EQ(space_share(&to), T_EINVAL);
        struct share from = {s, s, USER_MIN, bad[i].va, bad[i].bytes, 0};
        CHECK_EQ(space_share(&from), T_EINVAL);
    }
    CHECK_EQ(space_map(s, USER_MIN, PAGE_SIZE, 8), T_EINVAL);
    CHECK_EQ(space_protect(s, USER_MIN, PAGE_SIZE, 8), T_EINVAL);
    CHECK(user_range(0, 0) && user_range(USER_END - 1, 1) && !user_range(USER_END - 1, 2));
    CHECK(!user_range(USER_END, 0) && !user_range(1, ~0ull) && !user_range(~0ull, 1));
    CHECK_EQ(space_pointer(s, 0xFFFFFFFF80100000ull, 0) == 0, 1);
    CHECK_EQ(space_pointer(s, 0xFFFF800000000000ull, 0) == 0, 1);
    world_end();
}

/* One frame mapped until its count is full: refused, not wrapped to a free frame in use. */
static void test_reference_limit(void)
{
    world_make(false, false);
    struct space *s = &w.space[0];
    CHECK_EQ(space_map(s, USER_MIN, PAGE_SIZE, PROT_READ), OK);
    enum err e = OK;
    uint64_t shares = 0;
    for (; e == OK && shares < 70000; shares++) {
        struct share share = {s, s, 0x40000000 + shares * PAGE_SIZE, USER_MIN, PAGE_SIZE, 1};
        e = space_share(&share);
    }
    CHECK_EQ(e, T_ENOMEM);
    CHECK_EQ(shares, PAGE_REFS_MAX);
    CHECK(page_free_count() > 100);
    world_end();
}

static void test_find(void)
{
    world_make(true, false);
    struct space *s = &w.space[0];
    vaddr_t last = 0;
    for (unsigned i = 0; i < 40; i++) {
        vaddr_t va;
        CHECK_EQ(space_find(s, 3 * PAGE_SIZE - 5, &va), OK);
        CHECK(va % PAGE_SIZE == 0 && va >= last + 4 * PAGE_SIZE); /* with a hole */
        CHECK_EQ(space_map(s, va, 3 * PAGE_SIZE, PROT_READ), OK);
        last = va;
    }
    s->brk = USER_END - 2 * PAGE_SIZE; /* the end is near: begins again, around what is there */
    vaddr_t va;
    CHECK_EQ(space_find(s, 5 * PAGE_SIZE, &va), OK);
    CHECK_EQ(space_map(s, va, 5 * PAGE_SIZE, PROT_READ), OK);
    CHECK(va < USER_END - 2 * PAGE_SIZE);
    CHECK_EQ(space_find(s, USER_END, &va), T_ENOMEM);
    CHECK_EQ(space_find(s, ~0ull, &va), T_ENOMEM);
    CHECK_EQ(space_find(s, 0, &va), T_EINVAL);
    world_end();
}

#define COPY_BYTES (6 * PAGE_SIZE)

static void test_copy(void)
{
    static unsigned char plain[COPY_BYTES], back[COPY_BYTES], old[COPY_BYTES];
    world_make(true, false);
    vaddr_t va = 0x3FFFD000; /* crosses a table */
    for (unsigned s = 0; s < 2; s++)
        CHECK_EQ(space_map(&w.space[s], va, COPY_BYTES, PROT_READ | PROT_WRITE), OK);
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t at = mock_random(COPY_BYTES), to = mock_random(COPY_BYTES);
        uint64_t bytes = mock_random(COPY_BYTES - (at > to ? at : to) + 1);
        for (unsigned k = 0; k < bytes; k++)
            plain[k] = (unsigned char)mock_random(256);
        CHECK_EQ(space_copy_in(&w.space[1], old, va, COPY_BYTES), OK);
        CHECK_EQ(space_copy_out(&w.space[0], va + at, plain, bytes), OK);
        struct space_copy copy = {&w.space[1], &w.space[0], va + to, va + at, bytes};
        CHECK_EQ(space_copy(&copy), OK);
        memcpy(old + to, plain, bytes);
        CHECK_EQ(space_copy_in(&w.space[1], back, va, COPY_BYTES), OK);
        CHECK(memcmp(back, old, COPY_BYTES) == 0);
    }
    CHECK_EQ(space_protect(&w.space[0], va + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ), OK);
    CHECK_EQ(space_protect(&w.space[1], va + 3 * PAGE_SIZE, PAGE_SIZE, PROT_NONE), OK);
    CHECK_EQ(space_copy_out(&w.space[0], va, plain, COPY_BYTES), T_EFAULT);
    CHECK_EQ(space_copy_in(&w.space[0], back, va, COPY_BYTES), OK);
    CHECK_EQ(space_copy_in(&w.space[1], back, va, COPY_BYTES), T_EFAULT);
    CHECK_EQ(space_copy_in(&w.space[0], back, va + COPY_BYTES, 1), T_EFAULT);
    CHECK_EQ(space_copy_in(&w.space[0], back, USER_END - 1, 2), T_EFAULT);
    CHECK_EQ(space_copy_in(&w.space[0], back, ~0ull, 2), T_EFAULT);
    CHECK_EQ(space_copy_out(&w.space[0], KERNEL_BASE + 0x100000, plain, 1), T_EFAULT);
    struct space_copy in = {&w.space[0], &w.space[1], va, va + 3 * PAGE_SIZE, 1};
    CHECK_EQ(space_copy(&in), T_EFAULT);
    struct space_copy out = {&w.space[0], &w.space[1], va + 2 * PAGE_SIZE, va, 1};
    CHECK_EQ(space_copy(&out), T_EFAULT);
    world_end();
}

/* The roots of a pair: what each may execute, and what CR3 holds afterwards. */
static void test_roots(bool pti, bool pcid)
{
    world_make(pti, pcid);
    struct space *s = &w.space[0];
    CHECK_EQ(s->kernel_root % (2 * PAGE_SIZE), 0);
    CHECK_EQ(s->exit_root & CR3_FRAME_MASK, s->kernel_root + (pti ? PAGE_SIZE : 0));
    CHECK_EQ(s->exit_root >> 63, pcid);
    CHECK_EQ(s->exit_root & 0xFFF, pcid ? s->pcid | 0x800u : 0u);
    CHECK(!pcid || (s->pcid >= 1 && s->pcid <= 2047 && s->pcid != w.space[1].pcid));
    CHECK_EQ(space_map(s, USER_MIN, PAGE_SIZE, PROT_EXEC), OK);
    const uint64_t *kernel = page_pointer(s->kernel_root), *user = kernel + 512;
    CHECK_EQ(kernel[0], user[0] | (pti ? PT_NX : 0));
    CHECK(user[0] && !(user[0] & PT_NX));
    mock_exit(s);
    mock_entry();
    CHECK_EQ(x86_read_cr3() & CR3_FRAME_MASK, s->kernel_root);
    mock_touch(USER_MIN);
    space_destroy(s);
    CHECK_EQ(x86_read_cr3(), paging_boot_root());
    CHECK_EQ(mock_stale(), 0);
    CHECK_EQ(space_init(s), OK);
    world_end();
}

/* More spaces than PCIDs: the rest share one that is flushed at each exit. */
static void test_pcids(void)
{
    enum { MANY = 2100 };
    static struct space many[MANY];
    static bool seen[2048];
    hal_config.pti = hal_config.pcid = true;
    mock_boot(2 * MANY + 200);
    uint64_t free_before = page_free_count();
    for (unsigned i = 0; i < MANY; i++) {
        CHECK_EQ(space_init(&many[i]), OK);
        CHECK(many[i].pcid >= 1 && many[i].pcid <= 2047);
        bool shared = i >= 2046;
        CHECK_EQ(many[i].pcid == 2047, shared);
        CHECK_EQ(many[i].exit_root >> 63, !shared);
        CHECK(shared || !seen[many[i].pcid]);
        seen[many[i].pcid] = true;
    }
    uint16_t back = many[700].pcid;
    space_destroy(&many[700]);
    CHECK_EQ(space_init(&many[700]), OK);
    CHECK_EQ(many[700].pcid, back);
    for (unsigned i = 0; i < MANY; i++)
        space_destroy(&many[i]);
    CHECK_EQ(page_free_count(), free_before);
}

int main(void)
{
    test_arguments();
    test_find();
    test_copy();
    test_refused();
    test_exhaustion();
    test_reference_limit();
    test_roots(false, false);
    test_roots(true, false);
    test_roots(true, true);
    test_pcids();
    test_random(false, false);
    test_random(true, false);
    test_random(true, true);
    return check_end("hal_vm");
}
