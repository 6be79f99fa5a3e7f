/* SPDX-License-Identifier: MIT
 * Mappings of memory objects, done at random: tasks open, map, unmap in pieces, shrink, share,
 * close and die, with allocations that fail now and then. A model says for each page which object's
 * page lies there; after each step the words of all pages agree with it. At the end no object,
 * record or frame is left. */
#include "kernel/core/mapping.h"
#include "kernel/core/test/kit.h"
#include "traces/test/check.h"

#include <string.h>

#define TASKS        3u
#define OBJECTS_USED 4u
#define PAGES        24u /* of a task, from AREA on */
#define SIZE         8u  /* pages of an object */
#define AREA         ((vaddr_t)0x40000000)
#define ROUNDS       20u
#define STEPS        1500u
#define NONE         0xFFu
#define HOW          (PROT_READ | PROT_WRITE | MAP_SHARED | MAP_FIXED_NOREPLACE)

/* What lies where: the object, and its page. */
struct cell {
    uint8_t object, page;
};

static struct thread *task[TASKS];
static struct cell cell[TASKS][PAGES];
static long fd[TASKS][OBJECTS_USED]; /* -1: closed there */
static bool revoked;

#define random mock_random /* reproducible */

static vaddr_t va_of(unsigned page)
{
    return AREA + page * PAGE_SIZE;
}

static void task_make(unsigned t)
{
    static const char *const path[] = {"shm:a", "shm:b", "shm:c", "shm:d"};

    task[t] = kit_task(0, 0);
    for (unsigned i = 0; i < PAGES; i++)
        cell[t][i] = (struct cell){NONE, 0};
    for (unsigned i = 0; i < OBJECTS_USED; i++)
        fd[t][i] = kit_open(task[t], path[i], O_RDWR | O_CREAT);
}

/* Whether anybody has the object still, by a descriptor or a mapping. */
static bool object_used(unsigned object)
{
    for (unsigned t = 0; t < TASKS; t++) {
        if (fd[t][object] >= 0)
            return true;
        for (unsigned i = 0; i < PAGES; i++)
            if (cell[t][i].object == object)
                return true;
    }
    return false;
}

static void do_map(unsigned t)
{
    unsigned object = (unsigned)random(OBJECTS_USED), first = (unsigned)random(PAGES);
    unsigned count = 1 + (unsigned)random(5), from = (unsigned)random(SIZE);
    enum err want = OK;

    if (fd[t][object] < 0)
        return;
    for (unsigned i = 0; i < count; i++)
        if (first + i >= PAGES || cell[t][first + i].object != NONE)
            want = T_EEXIST;
    if (first + count > PAGES)
        return;
    if (from + count > SIZE)
        want = T_ERANGE;
    long got = sys(task[t], SYS_fmap,
                   (struct args){.rdi = (uint64_t)fd[t][object],
                                 .rsi = va_of(first),
                                 .w = {count * PAGE_SIZE, HOW, from * PAGE_SIZE}});
    if (got == -T_ENOMEM && mock_refuse)
        return;
    HOLD_EQ(got, want ? -(long)want : (long)va_of(first));
    for (unsigned i = 0; !want && i < count; i++)
        cell[t][first + i] = (struct cell){(uint8_t)object, (uint8_t)(from + i)};
}

static void do_unmap(unsigned t)
{
    unsigned first = (unsigned)random(PAGES), count = 1 + (unsigned)random(PAGES - first);
    long got =
        sys(task[t], SYS_munmap, (struct args){.rdi = va_of(first), .rsi = count * PAGE_SIZE});

    if (got == -T_ENOMEM && mock_refuse)
        return;
    HOLD_EQ(got, 0);
    for (unsigned i = 0; i < count; i++)
        cell[t][first + i] = (struct cell){NONE, 0};
}

static void do_close(unsigned t)
{
    unsigned object = (unsigned)random(OBJECTS_USED);

    if (fd[t][object] < 0)
        return;
    HOLD_EQ(sys(task[t], SYS_close, (struct args){.rdi = (uint64_t)fd[t][object]}), 0);
    fd[t][object] = -1;
}

/* All mappings of one object go, everywhere; its handle is its place in shm's table. */
static void do_revoke(void)
{
    unsigned object = (unsigned)random(OBJECTS_USED);
    const struct file *file = 0;

    for (unsigned t = 0; t < TASKS && !file; t++)
        file = fd[t][object] >= 0 ? fd_file(task[t]->task, (uint64_t)fd[t][object]) : 0;
    if (!file)
        return;
    HOLD(mapping_revoke(file->scheme, file->handle) >= 0);
    for (unsigned t = 0; t < TASKS; t++)
        for (unsigned i = 0; i < PAGES; i++)
            if (cell[t][i].object == object)
                cell[t][i] = (struct cell){NONE, 0};
    revoked = true;
}

static void do_die(unsigned t)
{
    task_kill(task[t]->task, 0);
    for (unsigned i = 0; i < OBJECTS_USED; i++)
        fd[t][i] = -1;
    for (unsigned i = 0; i < PAGES; i++)
        cell[t][i] = (struct cell){NONE, 0};
    mock_refuse = 0;
    task_make(t);
}

/* Each mapped page shows the word that its object's page was given, through whichever mapping. */
static void agree(void)
{
    static uint64_t written[OBJECTS_USED][SIZE];
    uint64_t mark = random(~0ull);

    memset(written, 0, sizeof(written));
    for (unsigned t = 0; t < TASKS; t++)
        for (unsigned i = 0; i < PAGES; i++) {
            uint64_t *word = space_pointer(&task[t]->task->space, va_of(i), PROT_WRITE);
            struct cell c = cell[t][i];
            HOLD_EQ(word != 0, c.object != NONE);
            if (!word || c.object == NONE)
                continue;
            if (written[c.object][c.page])
                HOLD_EQ(*word, written[c.object][c.page]);
            *word = written[c.object][c.page] = mark + c.object * SIZE + c.page + 1;
        }
}

static void step(void)
{
    unsigned t = (unsigned)random(TASKS);

    mock_asked = 0;
    mock_refuse = random(20) ? 0 : 1 + random(6);
    switch (random(16)) {
    case 0:
        do_close(t);
        break;
    case 1:
        if (!random(4))
            do_die(t);
        break;
    case 2:
        if (!random(8))
            do_revoke();
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        do_unmap(t);
        break;
    default:
        do_map(t);
        break;
    }
    mock_refuse = 0;
}

/* Sizes are set once, by the first task; nobody unlinks, so the names stay as long as they are
 * used. A name that nobody used any more begins again. */
static void sizes_set(void)
{
    for (unsigned t = 0; t < TASKS; t++)
        for (unsigned i = 0; i < OBJECTS_USED; i++) {
            struct args a = {.rdi = (uint64_t)fd[t][i],
                             .rsi = TAG(0, 0, 48, 0),
                             .w = {0, FCALL_TRUNCATE, SIZE * PAGE_SIZE}};
            if (fd[t][i] >= 0 && sys(task[t], SYS_fcall, a) >= 0)
                HOLD_EQ(word_of(task[t], 0), 0);
        }
}

int main(void)
{
    kit_boot();
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t files = file_count();
        uint64_t free_before = page_free_count();
        for (unsigned t = 0; t < TASKS; t++)
            task_make(t);
        for (unsigned i = 0; i < STEPS; i++) {
            sizes_set();
            step();
            agree();
        }
        for (unsigned i = 0; i < OBJECTS_USED; i++)
            HOLD(object_used(i) || object_count() < OBJECTS_USED);
        CHECK_TEXT(kit_broken(), 0);
        kit_end_all();
        CHECK_EQ(mapping_count(), 0);
        CHECK_EQ(object_count(), 0);
        CHECK_EQ(object_page_count(), 0);
        CHECK_EQ(file_count(), files);
        if (round) /* the pools keep what the first one made them take */
            CHECK_EQ(page_free_count(), free_before);
    }
    CHECK(revoked);
    check_shows("T41", "CORE's own tests on a mock machine: mappings");
    return check_end("core mappings");
}
