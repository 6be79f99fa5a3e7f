/* SPDX-License-Identifier: MIT
 * Memory that is more than a task's own pages: lazy pages, memory objects, shared memory by name,
 * in the kernel and at a server, and what becomes of mappings when others go away. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PAGE    4096ull
#define RW      (PROT_READ | PROT_WRITE)
#define LAZY    (RW | MAP_PRIVATE | MAP_LAZY)
#define SHARED  (RW | MAP_SHARED)
#define FAR     0x500000000ull
#define PATTERN 0x1122334455667788ull

static uint64_t *word_at(long address)
{
    return (uint64_t *)address;
}

/* Everything that a test may forget to give back. */
struct amounts {
    long free, objects, object_pages, mappings, files;
};

/* After a pause: a server hears of a close when it next runs. */
static struct amounts amounts(void)
{
    clock_settle();
    return (struct amounts){
        sysfile_number("sys:memory", "free_pages"), sysfile_number("sys:memory", "objects"),
        sysfile_number("sys:memory", "object_pages"), sysfile_number("sys:memory", "mappings"),
        sysfile_number("sys:counters", "files")};
}

/* The kernel's pools keep the pages of a first round. */
static bool second;

static void same(struct amounts before)
{
    struct amounts now = amounts();

    if (!second)
        return;
    CHECK_EQ(now.free, before.free);
    CHECK_EQ(now.objects, before.objects);
    CHECK_EQ(now.object_pages, before.object_pages);
    CHECK_EQ(now.mappings, before.mappings);
    CHECK_EQ(now.files, before.files);
}

/* Lazy pages come one by one, to user mode and to the kernel's copies alike. */
static void lazy_use(void)
{
    long before = sysfile_number("sys:memory", "free_pages");
    long at = sys_fmap(FAR, 64 * PAGE, LAZY | MAP_FIXED_NOREPLACE);
    char text[32] = {0};

    CHECK_EQ(at, FAR);
    long mapped = sysfile_number("sys:memory", "free_pages");
    CHECK(before - mapped <= 4); /* tables */
    CHECK_EQ(*(volatile uint64_t *)at, 0);
    CHECK_EQ(mapped - sysfile_number("sys:memory", "free_pages"), 1);
    word_at(at)[PAGE / 8] = PATTERN;
    CHECK_EQ(word_at(at)[PAGE / 8], PATTERN);
    CHECK_EQ(mapped - sysfile_number("sys:memory", "free_pages"), 2);
    CHECK(file_text("sys:boot", (char *)at + 3 * PAGE - 8, 64) > 8); /* into two fresh pages */
    CHECK_EQ(mapped - sysfile_number("sys:memory", "free_pages"), 4);
    long fd = file_open("ram:lazy", O_RDWR | O_CREAT);
    CHECK_EQ(file_write((int)fd, (char *)at + 10 * PAGE, 100), 100); /* from a fresh page */
    CHECK_EQ(file_seek((int)fd, 0, SEEK_SET), 0);
    CHECK_EQ(file_read((int)fd, text, 32), 32);
    CHECK_EQ(text[0] | text[31], 0);
    CHECK_EQ(file_truncate((int)fd, 0), 0);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(sys_munmap((uint64_t)at, 64 * PAGE), 0);
}

/* Rights of pages that are not there yet; a handler hears of what is a fault, and of nothing else.
 */
static void lazy_rights(void)
{
    long at = sys_fmap(FAR, 8 * PAGE, LAZY | MAP_FIXED_NOREPLACE);

    CHECK_EQ(at, FAR);
    CHECK_EQ(guest_probe(FAR).vector, 0);
    CHECK_EQ(guest_probe_write(FAR + PAGE).vector, 0);
    CHECK_EQ(guest_probe_jump(FAR + 2 * PAGE).vector, 14);
    CHECK_EQ(sys_mprotect(FAR + 3 * PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(guest_probe_write(FAR + 3 * PAGE).vector, 14);
    CHECK_EQ(guest_probe(FAR + 3 * PAGE).vector, 0);
    CHECK_EQ(guest_probe_write(FAR + 3 * PAGE).vector, 14);
    CHECK_EQ(guest_probe(FAR + 8 * PAGE).vector, 14);
    CHECK_EQ(sys_mprotect(FAR + 4 * PAGE, PAGE, PROT_NONE), 0); /* a guard page */
    CHECK_EQ(guest_probe(FAR + 4 * PAGE).vector, 14);
    CHECK_EQ(guest_probe_write(FAR + 4 * PAGE).vector, 14);
    int fd = (int)file_open("sys:boot", O_RDONLY);
    CHECK_EQ(file_read(fd, (char *)FAR + 5 * PAGE - 4, 64), -T_EFAULT);
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(sys_mprotect(FAR + 4 * PAGE, PAGE, RW), 0);
    CHECK_EQ(guest_probe_write(FAR + 4 * PAGE).vector, 0);
    CHECK_EQ(sys_fmap(FAR, PAGE, LAZY | MAP_FIXED_NOREPLACE), -T_EEXIST);
    CHECK_EQ(sys_fmap(0, PAGE, PROT_EXEC | LAZY), -T_EACCES);
    CHECK_EQ(sys_munmap(FAR, 8 * PAGE), 0);
    CHECK_EQ(guest_probe(FAR).vector, 14);
}

/* More than there is: the task that cannot have its page dies, and nobody else. */
static void lazy_exhausted(void)
{
    long tid = guest_child("eat", 0);

    CHECK(tid > 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

static int eat(void)
{
    uint64_t bytes = (uint64_t)sysfile_number("sys:memory", "free_pages") * PAGE;
    long at = sys_fmap(0, bytes, LAZY);

    for (uint64_t done = 0; at > 0 && done < bytes; done += PAGE)
        *(volatile uint8_t *)(at + (long)done) = 1;
    return 1;
}

static void lazy(void)
{
    struct amounts before = amounts();

    SHOWS("T5", "lazy pages come at their first use, with their rights, and go again");
    lazy_use();
    lazy_rights();
    lazy_exhausted();
    same(before);
}

/* One object, mapped in pieces. */
static void anon_map(int fd)
{
    long a = sys_fmap_fd(fd, (struct fmap){0, 8 * PAGE, SHARED, 0});
    long b = sys_fmap_fd(fd, (struct fmap){0, 2 * PAGE, PROT_READ | MAP_SHARED, 3 * PAGE});
    struct file_stat stat;

    CHECK(a > 0 && b > 0 && a != b);
    CHECK_EQ(file_stat(fd, &stat), 0);
    CHECK_EQ(stat.bytes, 8 * PAGE);
    word_at(a)[3 * PAGE / 8] = PATTERN;
    CHECK_EQ(*word_at(b), PATTERN);
    CHECK_EQ(guest_probe_write((uint64_t)b).vector, 14);
    CHECK_EQ(file_truncate(fd, 7 * PAGE), -T_EBUSY);
    CHECK_EQ(file_truncate(fd, 0), -T_EBUSY);
    CHECK_EQ(file_truncate(fd, 10 * PAGE), 0);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, 3 * PAGE, SHARED, 8 * PAGE}), -T_ERANGE);
    CHECK_EQ(sys_munmap((uint64_t)a + 2 * PAGE, 3 * PAGE), 0); /* out of the middle */
    CHECK_EQ(guest_probe((uint64_t)a + 2 * PAGE).vector, 14);
    CHECK_EQ(guest_probe((uint64_t)a + 5 * PAGE).vector, 0);
    CHECK_EQ(sysfile_number("sys:memory", "mappings"), 3);
    CHECK_EQ(*word_at(b), PATTERN);
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(sysfile_number("sys:memory", "objects"), 1);
    CHECK_EQ(sys_munmap((uint64_t)a, 8 * PAGE), 0);
    CHECK_EQ(*word_at(b), PATTERN);
    CHECK_EQ(sys_munmap((uint64_t)b, 2 * PAGE), 0);
}

static void anon_rights(void)
{
    int fd = (int)file_open("memory:anon", O_RDONLY);
    const struct taskctl share = {FAR, PAGE, FAR + PAGE, PROT_READ};

    CHECK(fd >= 0);
    CHECK_EQ(file_truncate(fd, 1ull << 40), -T_EFBIG);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, PAGE, SHARED, 0}), -T_EACCES);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, PAGE, PROT_READ | PROT_EXEC | MAP_SHARED, 0}),
             -T_EACCES);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, PAGE, PROT_READ | MAP_PRIVATE, 0}), -T_EINVAL);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, PAGE, PROT_READ | MAP_SHARED, 1}), -T_EINVAL);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, 0, PROT_READ | MAP_SHARED, 0}), -T_EINVAL);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, PAGE, PROT_READ | MAP_SHARED, 1ull << 32}), -T_EFBIG);
    CHECK_EQ(sys_fmap_fd(77, (struct fmap){0, PAGE, PROT_READ | MAP_SHARED, 0}), -T_EBADF);
    CHECK_EQ(sys_fmap_fd(1, (struct fmap){0, PAGE, MAP_SHARED, 0}), -T_EOPNOTSUPP);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){FAR + PAGE, PAGE,
                                           PROT_READ | MAP_SHARED | MAP_FIXED_NOREPLACE, 0}),
             FAR + PAGE);
    CHECK_EQ(sys_mprotect(FAR + PAGE, PAGE, RW), -T_EACCES);
    CHECK_EQ(sys_mprotect(FAR + PAGE, PAGE, PROT_READ | PROT_EXEC), -T_EACCES);
    long child = sys_spawn(0, 0, sys_name("empty"));
    CHECK_EQ(sys_taskctl((uint32_t)child, TASK_SHARE, share), -T_EACCES);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    CHECK_EQ(guest_wait(child), 512 + SIGKILL);
    CHECK_EQ(sys_munmap(FAR + PAGE, PAGE), 0);
    CHECK_EQ(file_close(fd), 0);
}

/* Half of all memory as one object, and more than all of it, which is refused at once. */
static void anon_large(void)
{
    uint64_t pages = (uint64_t)sysfile_number("sys:memory", "free_pages");
    uint64_t bytes = pages / 2 * PAGE;
    int fd = (int)file_open("memory:anon", O_RDWR);

    CHECK_EQ(file_truncate(fd, (pages + 1) * PAGE), -T_ENOMEM);
    long at = sys_fmap_fd(fd, (struct fmap){0, bytes, SHARED, 0});
    CHECK(at > 0);
    CHECK_EQ(*word_at(at) | word_at(at)[bytes / 8 - 1], 0);
    word_at(at)[bytes / 8 - 1] = PATTERN;
    CHECK_EQ(sysfile_number("sys:memory", "object_pages"), pages / 2);
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(sys_munmap((uint64_t)at, bytes), 0);
}

static void anon(void)
{
    struct amounts before = amounts();

    SHOWS("V35", "a memory object is mapped by its descriptor, and pinned while it is");
    anon_map((int)file_open("memory:anon", O_RDWR));
    anon_rights();
    anon_large();
    same(before);
}

/* Two names for one thing; what there is of it ends with the last user. */
static void shm_rules(const char *name)
{
    char path[32];
    struct file_stat stat;

    print_to(path, sizeof(path), "%s:one", name);
    CHECK_EQ(file_open(path, O_RDWR), -T_ENOENT);
    int a = (int)file_open(path, O_RDWR | O_CREAT | O_EXCL);
    CHECK_EQ(file_open(path, O_RDWR | O_CREAT | O_EXCL), -T_EEXIST);
    int b = (int)file_open(path, O_RDWR | O_CREAT);
    CHECK(a >= 0 && b >= 0);
    long at = sys_fmap_fd(a, (struct fmap){0, 2 * PAGE, SHARED, PAGE}); /* sets the size: 3 */
    CHECK_EQ(file_stat(b, &stat), 0);
    CHECK_EQ(stat.bytes, 3 * PAGE);
    CHECK_EQ(file_truncate(b, 3 * PAGE), 0);
    CHECK_EQ(file_truncate(b, 2 * PAGE), -T_ERANGE);
    CHECK_EQ(sys_fmap_fd(b, (struct fmap){0, 4 * PAGE, SHARED, 0}), -T_ERANGE);
    long all = sys_fmap_fd(b, (struct fmap){0, 3 * PAGE, SHARED, 0});
    CHECK(at > 0 && all > 0);
    word_at(at)[0] = PATTERN;
    CHECK_EQ(word_at(all)[PAGE / 8], PATTERN);
    CHECK_EQ(file_close(a), 0);
    CHECK_EQ(file_close(b), 0);
    a = (int)file_open(path, O_RDWR); /* two mappings keep it */
    CHECK(a >= 0);
    CHECK_EQ(file_close(a), 0);
    CHECK_EQ(sys_munmap((uint64_t)all, 3 * PAGE), 0);
    CHECK_EQ(word_at(at)[0], PATTERN);
    CHECK_EQ(sys_munmap((uint64_t)at, 2 * PAGE), 0);
    CHECK_EQ(file_open(path, O_RDWR), -T_ENOENT);
}

/* Without its name it is what it was to those who have it, and the name another's. */
static void shm_unlinked(const char *name)
{
    char path[32];

    print_to(path, sizeof(path), "%s:gone", name);
    int a = (int)file_open(path, O_RDWR | O_CREAT);
    long at = sys_fmap_fd(a, (struct fmap){0, PAGE, SHARED, 0});
    CHECK(at > 0);
    *word_at(at) = PATTERN;
    CHECK_EQ(file_unlink(path), 0);
    CHECK_EQ(file_unlink(path), -T_ENOENT);
    CHECK_EQ(file_open(path, O_RDWR), -T_ENOENT);
    int b = (int)file_open(path, O_RDWR | O_CREAT | O_EXCL);
    long other = sys_fmap_fd(b, (struct fmap){0, PAGE, SHARED, 0});
    CHECK(other > 0);
    CHECK_EQ(*word_at(other), 0);
    CHECK_EQ(*word_at(at), PATTERN);
    CHECK_EQ(file_close(a), 0);
    CHECK_EQ(file_close(b), 0);
    CHECK_EQ(sys_munmap((uint64_t)at, PAGE), 0);
    CHECK_EQ(sys_munmap((uint64_t)other, PAGE), 0);
}

/* What one task writes the other reads, by a mapping of its own. */
static void shm_two_tasks(const char *role, const char *path)
{
    int fd = (int)file_open(path, O_RDWR | O_CREAT);
    long at = sys_fmap_fd(fd, (struct fmap){0, PAGE, SHARED, 0});

    CHECK(at > 0);
    if (at <= 0)
        return;
    for (uint64_t round = 1; round <= 3; round++) {
        *word_at(at) = PATTERN + round;
        long tid = guest_child(role, round);
        CHECK_EQ(guest_wait(tid), 0);
        CHECK_EQ(*word_at(at), ~(PATTERN + round));
    }
    CHECK_EQ(sys_munmap((uint64_t)at, PAGE), 0);
    CHECK_EQ(file_close(fd), 0);
}

/* The other side: 0 when it found what was written. It leaves its mapping to the task's end. */
static int shm_other(const char *path, uint64_t round)
{
    int fd = (int)file_open(path, O_RDWR);
    long at = sys_fmap_fd(fd, (struct fmap){0, PAGE, SHARED, 0});

    if (at <= 0 || *word_at(at) != PATTERN + round)
        return 1;
    *word_at(at) = ~*word_at(at);
    return 0;
}

static void shm_here(void)
{
    struct amounts before = amounts();

    SHOWS("V27,V35", "shm: names memory that two tasks share, until the last one lets go");
    shm_rules("shm");
    shm_unlinked("shm");
    shm_two_tasks("shm", "shm:two");
    same(before);
}

/* The same service as a task of its own, by that route, which then dies. */
static void shm_server(const char *route)
{
    struct amounts before = amounts();
    const char *argv[] = {"svc-shm", "shmtest", route, 0};
    const struct exec what = {.path = "initfs:/bin/svc-shm", .args = {argv, 0}, .ready_write = -1};
    long tid = 0;

    SHOWS("V27,V35", "shared memory outlives the server that named it");
    CHECK(exec_spawn_ready(&what, &tid) > 0);
    tid = tid ? tid : sysfile_task("svc-shm");
    shm_rules("shmtest");
    shm_unlinked("shmtest");
    shm_two_tasks("shmtest", "shmtest:two");
    int fd = (int)file_open("shmtest:left", O_RDWR | O_CREAT);
    long at = sys_fmap_fd(fd, (struct fmap){0, 2 * PAGE, SHARED, 0});
    CHECK(at > 0);
    *word_at(at) = PATTERN;
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
    CHECK_EQ(*word_at(at), PATTERN);
    CHECK_EQ(guest_probe_write((uint64_t)at + PAGE).vector, 0);
    CHECK_EQ(file_open("shmtest:left", O_RDWR), -T_ENODEV);
    CHECK_EQ(sys_fmap_fd(fd, (struct fmap){0, PAGE, SHARED, 0}), -T_ENODEV);
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(sys_munmap((uint64_t)at, 2 * PAGE), 0);
    same(before);
}

/* A server of the test's own: what it may do to memory that it lent. */
#define LEND_SHRINK 0x80u /* answers what taking the memory away did */
#define LEND_REVOKE 0x81u
#define LEND_BAD    0x82u /* from now on fmap answers a number that is none */

struct lender {
    int root, memory;
    bool bad;
};

static long lend(struct lender *l, const struct msg *m)
{
    uint64_t words[5] = {m->w[0]};

    if (TAG_OP(m->tag) == OP_open)
        return 7;
    if (TAG_OP(m->tag) == OP_fmap)
        return l->bad ? l->root : l->memory;
    if (TAG_OP(m->tag) != OP_fcall)
        return 0;
    l->bad = l->bad || m->w[1] == LEND_BAD;
    if (m->w[1] == LEND_SHRINK)
        return file_truncate(l->memory, 0);
    return m->w[1] == LEND_REVOKE ? file_call(l->root, FCALL_REVOKE, words) : 0;
}

static int lender(void)
{
    struct lender l = {(int)file_open(":lend", O_RDWR | O_CREAT | O_EXCL),
                       (int)file_open("memory:anon", O_RDWR), false};
    struct msg m = {0};

    if (l.root < 0 || file_truncate(l.memory, 4 * PAGE) < 0)
        return 1;
    for (;;) {
        long kind = sys_reply_wait(&m);
        if ((uint8_t)kind != KIND_SCHEME)
            return 2;
        long result = lend(&l, &m);
        m = (struct msg){
            .tag = TAG(TAG_OP(m.tag), 0, 16, 0), .w = {(uint64_t)result, PAGE}, .caller = m.caller};
    }
}

static long ask(int fd, uint64_t kind)
{
    uint64_t words[5] = {0};

    return file_call(fd, kind, words);
}

static void revoked(void)
{
    struct amounts before = amounts();
    long tid = guest_child("lend", 0), fd;

    SHOWS("V35", "a server cannot take pinned memory away, but revoke it: a fault to the client");
    while ((fd = file_open("lend:", O_RDWR)) == -T_ENODEV)
        sys_yield();
    CHECK(fd >= 0);
    CHECK_EQ(ask((int)fd, FCALL_REVOKE), -T_EACCES); /* not the root */
    CHECK_EQ(sys_fmap_fd((int)fd, (struct fmap){0, 4 * PAGE, SHARED, 0}), -T_ERANGE);
    long at = sys_fmap_fd((int)fd, (struct fmap){0, 3 * PAGE, SHARED, 0}); /* its pages 1 to 3 */
    long other = sys_fmap_fd((int)fd, (struct fmap){0, PAGE, PROT_READ | MAP_SHARED, 0});
    CHECK(at > 0 && other > 0);
    *word_at(at) = PATTERN;
    CHECK_EQ(*word_at(other), PATTERN);
    CHECK_EQ(ask((int)fd, LEND_SHRINK), -T_EBUSY);
    CHECK_EQ(*word_at(at), PATTERN);
    CHECK_EQ(ask((int)fd, LEND_REVOKE), 2);
    CHECK_EQ(guest_probe((uint64_t)at).vector, 14);
    CHECK_EQ(guest_probe_write((uint64_t)at + 2 * PAGE).vector, 14);
    CHECK_EQ(guest_probe((uint64_t)other).vector, 14);
    CHECK_EQ(ask((int)fd, LEND_SHRINK), 0);
    CHECK_EQ(ask((int)fd, LEND_BAD), 0);
    CHECK_EQ(sys_fmap_fd((int)fd, (struct fmap){0, PAGE, SHARED, 0}), -T_EIO);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
    CHECK_EQ(file_close((int)fd), 0);
    same(before);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2 && !strcmp(argv[1], "eat"))
        return eat();
    if (argc > 2 && !strcmp(argv[1], "lend"))
        return lender();
    if (argc > 2)
        return shm_other(!strcmp(argv[1], "shm") ? "shm:two" : "shmtest:two",
                         (uint64_t)(argv[2][0] - '0'));
    for (unsigned round = 0; round < 2; round++) {
        second = round == 1;
        lazy();
        anon();
        shm_here();
        shm_server("t2");
        shm_server("t0");
        shm_server("t1h");
        revoked();
    }
    return guest_end("object");
}
