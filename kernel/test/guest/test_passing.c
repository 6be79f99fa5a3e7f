/* SPDX-License-Identifier: MIT
 * Descriptors on their way: sent and obtained, given as the answer to an open through a chain of
 * servers, with rights that only shrink; namespaces; and what the kernel says of a file. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define INBOX_TAKE FCALL_SERVICE /* the server takes a descriptor and writes by it */
#define QUEUE_MAX  64u

static long call(int fd, uint64_t kind, uint64_t w2, uint64_t w3)
{
    uint64_t words[5] = {w2, w3};

    return file_call(fd, kind, words);
}

/* ---- servers ---- */

static uint64_t receive_buffer[512] __attribute__((aligned(4096)));

static long obtain_and_write(int root)
{
    uint64_t words[5] = {0};
    long fd = file_call(root, FCALL_OBTAIN, words);

    if (fd < 0)
        return fd;
    long put = file_write((int)fd, "from the server", 15);
    file_close((int)fd);
    return words[0] == 7 ? put : -T_EIO; /* the handle that it was sent on */
}

/* Opens give what `target` is, a descriptor of the server's own; without one, handle 7. */
static __attribute__((noreturn)) void serve(const char *scheme, const char *target)
{
    struct msg m = {0};
    int root = (int)file_open(scheme, O_RDWR | O_CREAT | O_EXCL);

    sys_taskctl(0, TASK_RXBUF, (struct taskctl){(uint64_t)receive_buffer, 4096, 0, 0});
    for (;;) {
        long status = sys_reply_wait(&m);
        unsigned op = TAG_OP(m.tag);
        long answer = 7;
        if (status < 0 || (uint8_t)status != KIND_SCHEME || op == OP_close) {
            m.caller = 0;
            continue;
        }
        bool moved = op == OP_open && target;
        if (moved)
            answer = file_open(target, O_RDWR);
        if (op == OP_fcall)
            answer = m.w[1] == INBOX_TAKE ? obtain_and_write(root) : -T_EOPNOTSUPP;
        m.tag = TAG(op, moved ? MSG_MOVED : 0, 8, 0);
        m.w[0] = (uint64_t)answer;
    }
}

static int serve_role(uint64_t which)
{
    static const char *const scheme[] = {":chain-b", ":chain-a", ":inbox", ":liar"};

    serve(scheme[which], which == 0   ? "zero:"
                         : which == 1 ? "chain-b:x"
                         : which == 3 ? "nobody:"
                                      : 0);
}

static long server_start(uint64_t which, const char *path)
{
    long tid = guest_child("serve", which), fd = -T_ENODEV;

    for (unsigned i = 0; i < 10000 && (fd = file_open(path, O_RDWR)) == -T_ENODEV; i++)
        sys_yield();
    CHECK(fd >= 0);
    file_close((int)fd);
    return tid;
}

static void server_end(long tid)
{
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    (void)guest_wait(tid);
}

/* ---- tests ---- */

static void chain(void)
{
    uint64_t word = 1;
    char path[32];

    SHOWS("V31", "through A and B to zero: the descriptor is zero's own, and outlives both");
    long b = server_start(0, "chain-b:x"), a = server_start(1, "chain-a:x");
    int fd = (int)file_open("chain-a:x", O_RDONLY);
    int direct = (int)file_open("zero:", O_RDONLY);
    CHECK(fd >= 0);
    server_end(a), server_end(b);
    CHECK_EQ(file_read(fd, &word, 8), 8);
    CHECK_EQ(word, 0);
    CHECK_EQ(file_write(fd, &word, 8), -T_EBADF); /* opened for reading */
    uint64_t where[5] = {0}, want[5] = {0};
    CHECK_EQ(file_call(fd, FCALL_WHERE, where), 0);
    CHECK_EQ(file_call(direct, FCALL_WHERE, want), 0);
    CHECK(where[0] == want[0] && where[1] == want[1] && where[0] != WHERE_DEAD);
    CHECK_EQ(file_path(fd, path, sizeof(path)), 5);
    CHECK(strcmp(path, "zero:") == 0);
    file_close(fd), file_close(direct);
    long liar = guest_child("serve", 3);
    long answer = -T_ENODEV;
    for (unsigned i = 0; i < 10000 && (answer = file_open("liar:", O_RDWR)) == -T_ENODEV; i++)
        sys_yield();
    CHECK_EQ(answer, -T_ENODEV); /* its own error, as it is */
    server_end(liar);
}

static void inbox(void)
{
    char text[20] = {0};
    long tid = server_start(2, "inbox:x");
    int at = (int)file_open("inbox:x", O_RDWR), fd = (int)file_open("ram:gift", O_RDWR | O_CREAT);

    SHOWS("V31", "a descriptor sent to a server is what it writes by");
    CHECK_EQ(call(at, INBOX_TAKE, 0, 0), -T_EAGAIN);
    CHECK_EQ(call(at, FCALL_SEND, (uint64_t)fd, 0), 0);
    CHECK_EQ(call(at, FCALL_SEND, 5000, 0), -T_EBADF);
    CHECK_EQ(call(at, FCALL_OBTAIN, 0, 0), -T_EOPNOTSUPP);
    CHECK_EQ(call(at, INBOX_TAKE, 0, 0), 15);
    CHECK_EQ(file_seek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(file_read(fd, text, 15), 15);
    CHECK(strcmp(text, "from the server") == 0);
    CHECK_EQ(call(at, FCALL_SEND, (uint64_t)fd, 0), 0);
    server_end(tid); /* with one in its queue */
    CHECK_EQ(call(at, FCALL_SEND, (uint64_t)fd, 0), -T_ENODEV);
    CHECK_EQ(sysfile_number("sys:counters", "passing"), 0);
    file_close(fd), file_close(at);
    CHECK_EQ(file_unlink("ram:gift"), 0);
}

static void pairs(void)
{
    int ends[2], fd = (int)file_open("null:", O_RDWR);
    unsigned sent = 0;
    long got = 0;

    SHOWS("V31", "through a pipe; a full table or queue loses nothing; rights only shrink");
    CHECK_EQ(sys_pipe2(0, ends), 0);
    CHECK_EQ(call(ends[0], FCALL_OBTAIN, 0, 0), -T_EAGAIN);
    while (sent < 100 && (got = call(ends[1], FCALL_SEND, (uint64_t)fd, 0)) == 0)
        sent++;
    CHECK_EQ(sent, QUEUE_MAX);
    CHECK_EQ(got, -T_EAGAIN);
    while (file_dup(fd) >= 0)
        ;
    CHECK_EQ(call(ends[0], FCALL_OBTAIN, 0, 0), -T_EMFILE);
    CHECK_EQ(sysfile_number("sys:counters", "passing"), -1); /* no descriptor to look with */
    CHECK_EQ(file_close(60000), 0);
    uint64_t words[5] = {0};
    CHECK_EQ(file_call(ends[0], FCALL_OBTAIN, words), 60000);
    CHECK_EQ(words[0], 0); /* not what the kernel names the pipe by */
    for (int i = ends[1] + 1; i < 65536; i++)
        (void)file_close(i);
    CHECK_EQ(sysfile_number("sys:counters", "passing"), QUEUE_MAX - 1);
    CHECK_EQ(call(fd, FCALL_RIGHTS, FD_READ | FD_PASS, 0), FD_READ | FD_PASS);
    CHECK_EQ(call(fd, FCALL_RIGHTS, FD_ALL, 0), FD_READ | FD_PASS);
    CHECK_EQ(file_write(fd, "x", 1), -T_EBADF);
    CHECK_EQ(file_truncate(fd, 0), -T_EACCES);
    CHECK_EQ(call(ends[0], FCALL_OBTAIN, 0, 0) >= 0, 1);
    CHECK_EQ(call(ends[1], FCALL_SEND, (uint64_t)fd, 0), 0);
    CHECK_EQ(call(fd, FCALL_RIGHTS, FD_READ, 0), FD_READ);
    CHECK_EQ(call(ends[1], FCALL_SEND, (uint64_t)fd, 0), -T_EACCES);
    CHECK_EQ(file_close(ends[0]), 0); /* with all that waits */
    CHECK_EQ(sysfile_number("sys:counters", "passing"), 0);
    int other = (int)file_open("null:", O_RDWR);
    CHECK_EQ(call(ends[1], FCALL_SEND, (uint64_t)other, 0), -T_EPIPE);
    int report = (int)file_open("sys:tasks", O_RDONLY);
    CHECK_EQ(call(report, FCALL_SEND, (uint64_t)other, 0), -T_EOPNOTSUPP);
    for (int i = fd; i < fd + 12; i++)
        (void)file_close(i);
}

/* Sends as many as it may, and keeps them. */
static __attribute__((noreturn)) void hoard_role(void)
{
    int ends[2], fd = (int)file_open("null:", O_RDWR);
    unsigned sent = 0;

    CHECK_EQ(sys_pipe2(0, ends), 0);
    while (sent < 2 * QUEUE_MAX && !call(ends[1], FCALL_SEND, (uint64_t)fd, 0))
        sent++;
    CHECK_EQ(sent, QUEUE_MAX);
    sent = 0;
    while (sent < 512 && file_open("memory:anon", O_RDWR) >= 0)
        sent++;
    CHECK_EQ(sent, 128);
    sys_notify((uint32_t)sys_self(SELF_PARENT), guest_failed() ? 2 : 1);
    for (;;)
        sys_sleep(~0ull);
}

/* What one task hoards is not missing to the next. */
static void hoarded(void)
{
    struct msg m = {0};
    int ends[2];

    SHOWS("V31", "no task can take all places of queues in the kernel, nor all memory objects");
    long tid = guest_child("hoard", 0);
    CHECK((sys_receive(&m) & 0xFF) == KIND_NOTIFY);
    CHECK_EQ(m.w[0], 1);
    CHECK_EQ(sys_pipe2(0, ends), 0);
    CHECK_EQ(call(ends[1], FCALL_SEND, (uint64_t)ends[1], 0), 0);
    CHECK_EQ(call(ends[0], FCALL_OBTAIN, 0, 0) > ends[1], 1);
    CHECK(file_open("memory:anon", O_RDWR) > ends[1]);
    for (int fd = ends[0]; fd < ends[0] + 4; fd++)
        (void)file_close(fd);
    server_end(tid);
    CHECK_EQ(sysfile_number("sys:counters", "passing"), 0);
    CHECK_EQ(sysfile_number("sys:memory", "objects"), 0);
}

static int root_of(const char *list)
{
    int all = (int)file_open(":", O_RDONLY);
    long fd = call(all, FCALL_NAMES, (uint64_t)list, strlen(list));

    file_close(all);
    return (int)fd;
}

static int names_role(uint64_t which)
{
    uint64_t word;
    int kept = (int)file_open("zero:", O_RDWR), made = root_of(which ? "" : "null\nroot\n");

    CHECK(made >= 0);
    CHECK_EQ(root_of("nobody\n"), -T_ENODEV);
    CHECK_EQ(call(made, FCALL_NAMES, (uint64_t) "zero\n", 5), -T_ENODEV); /* of the subset */
    CHECK_EQ(call(kept, FCALL_ENTER, 0, 0), -T_EOPNOTSUPP);
    long child = sys_spawn(0, 0, sys_name("held"));
    CHECK_EQ(sys_taskctl((uint32_t)child, TASK_NAMES, (struct taskctl){(uint64_t)kept, 0, 0, 0}),
             -T_EINVAL);
    CHECK_EQ(sys_taskctl((uint32_t)child, TASK_NAMES, (struct taskctl){(uint64_t)made, 0, 0, 0}),
             0);
    CHECK_EQ(sys_kill((uint32_t)child, SIGKILL), 0);
    CHECK_EQ(call(made, FCALL_ENTER, 0, 0), 0);
    CHECK_EQ(file_open("zero:", O_RDWR), -T_ENODEV);
    CHECK_EQ(file_open("sys:tasks", O_RDONLY), -T_ENODEV);
    CHECK_EQ(file_read(kept, &word, 8), 8); /* what is open stays open */
    if (which) {
        CHECK_EQ(file_open("null:", O_RDWR), -T_ENODEV);
        CHECK_EQ(file_open(":", O_RDONLY), -T_ENODEV);
        return guest_failed() != 0;
    }
    CHECK(file_open("null:", O_RDWR) >= 0);
    CHECK(sysfile_line(":", "null") && sysfile_line(":", "root") && !sysfile_line(":", "zero"));
    int own = (int)file_open(":names-own", O_CREAT | O_EXCL);
    CHECK(own >= 0 && sysfile_line(":", "names-own"));
    sys_notify((uint32_t)sys_self(SELF_PARENT), 1);
    struct msg m = {0};
    sys_receive(&m); /* until it has looked */
    return guest_failed() != 0;
}

static void namespaces(void)
{
    SHOWS("V39", "a subset hides, a null namespace leaves what is open; children inherit");
    CHECK_EQ(guest_wait(guest_child("names", 1)), 0);
    long tid = guest_child("names", 0);
    struct msg m = {0};
    sys_receive(&m);
    CHECK(sysfile_line(":", "names-own")); /* those above see what is made below */
    CHECK_EQ(sys_notify((uint32_t)tid, 1), 0);
    CHECK_EQ(guest_wait(tid), 0);
    CHECK(!sysfile_line(":", "names-own"));
    CHECK_EQ(sysfile_number("sys:counters", "namespaces"), 0);
    SHOWS("V20", "the list is the caller's namespace");
    CHECK(sysfile_line(":", "zero") && sysfile_line(":", "sys"));
}

static void metadata(void)
{
    static const char *const paths[] = {"null:", "zero:", "echo:", "ram:meta", "log:meta"};
    struct file_stat stat;
    char text[256];

    SHOWS("V34", "stat, sync, truncate, path and entries alike in every placement");
    for (unsigned i = 0; i < 5; i++) {
        int fd = (int)file_open(paths[i], O_RDWR | O_CREAT);
        CHECK(fd >= 0);
        CHECK_EQ(file_sync(fd), 0);
        CHECK_EQ(file_stat(fd, &stat), 0);
        CHECK_EQ(stat.bytes, 0);
        CHECK_EQ(stat.mode >> 12, i < 3 ? 2 : 8);
        CHECK_EQ(file_truncate(fd, 1ull << 40), i == 3 ? -T_EFBIG : i == 4 ? -T_EACCES : -T_EINVAL);
        CHECK_EQ(file_entries(fd, 0, text, sizeof(text)), -T_EOPNOTSUPP);
        CHECK_EQ(file_path(fd, text, sizeof(text)), strlen(paths[i]));
        CHECK(strcmp(text, paths[i]) == 0);
        file_close(fd);
    }
    int dir = (int)file_open("ram:", O_RDONLY);
    long n = file_entries(dir, 0, text, sizeof(text));
    CHECK(n >= 5 && text[n - 1] == '\n');
    CHECK(n < 5 || strncmp(text + n - 5, "meta", 4) == 0);
    CHECK_EQ(file_entries(dir, (uint64_t)n - 3, text, sizeof(text)), 3);
    CHECK(strncmp(text, "ta\n", 3) == 0);
    CHECK_EQ(file_entries(dir, 1000, text, sizeof(text)), 0);
    CHECK_EQ(file_path(dir, text, sizeof(text)), 4);
    file_close(dir);
    CHECK_EQ(file_unlink("ram:meta"), 0);
    dir = (int)file_open("initfs:etc", O_RDONLY);
    CHECK_EQ(file_entries(dir, 0, text, sizeof(text)), 3);
    CHECK(strncmp(text, "rc\n", 3) == 0);
    CHECK_EQ(file_sync(dir), 0);
    file_close(dir);
}

static void routes(void)
{
    char text[64], line[64];
    int zero = (int)file_open("zero:", O_RDONLY),
        root = (int)file_open(":routes", O_CREAT | O_EXCL);
    uint64_t where[5] = {0};

    SHOWS("V10,V15", "sys:fds and FCALL_WHERE: how each descriptor is reached, and when no more");
    CHECK_EQ(file_call(zero, FCALL_WHERE, where), 0);
    if (where[0] == WHERE_KERNEL)
        print_to(line, sizeof(line), "%d zero linked kernel r-mpa", zero);
    else
        print_to(line, sizeof(line), "%d zero message %lu r-mpa", zero, (unsigned long)where[1]);
    CHECK(sysfile_line("sys:fds", line));
    print_to(line, sizeof(line), "%d routes message %lu --mpa", root,
             (unsigned long)sys_self(SELF_TID));
    CHECK(sysfile_line("sys:fds", line));
    CHECK_EQ(file_path(root, text, sizeof(text)), 7);
    CHECK(strcmp(text, ":routes") == 0);
    file_close(root), file_close(zero);
    long tid = server_start(2, "inbox:x");
    int fd = (int)file_open("inbox:a path of some length, which is longer than a short block is, "
                            "and so lies in a long one",
                            O_RDWR);
    char path[128];
    CHECK_EQ(file_path(fd, path, sizeof(path)), 93);
    server_end(tid);
    CHECK_EQ(file_call(fd, FCALL_WHERE, where), -T_ENODEV);
    print_to(line, sizeof(line), "%d inbox dead 0 rwmpa", fd);
    CHECK(sysfile_line("sys:fds", line));
    tid = server_start(2, "inbox:x"); /* the name lives again; the old descriptor does not */
    CHECK_EQ(file_read(fd, path, 8), -T_ENODEV);
    server_end(tid);
    file_close(fd);
}

static volatile uint64_t churn_over;

static void churn(uint64_t unused)
{
    char name[24];

    (void)unused;
    for (unsigned i = 0; i < 400; i++) {
        print_to(name, sizeof(name), ":churn-%u", i);
        int fd = (int)file_open(name, O_CREAT | O_EXCL);
        sys_yield();
        file_close(fd);
    }
    churn_over = 1;
    for (;;)
        sys_sleep(~0ull >> 2);
}

/* Each line is "NAME kernel" or "NAME task TID". */
static bool lines_whole(const char *text, long n)
{
    unsigned words = 0;

    for (long i = 0; i < n; i++) {
        words += text[i] == ' ';
        if (text[i] != '\n')
            continue;
        if (words != 1 && words != 2)
            return false;
        words = 0;
    }
    return n > 0 && text[n - 1] == '\n';
}

static void reports(void)
{
    static char text[65536];
    int fd[40];
    unsigned open = 0, reads = 0, broken = 0;

    SHOWS("V2", "reports are whole lines while schemes come and go; nobody takes all of them");
    CHECK(guest_thread(churn, 0) > 0);
    for (; !churn_over; reads++) {
        broken += !lines_whole(text, file_text("sys:schemes", text, sizeof(text)));
        sys_yield();
    }
    CHECK(reads > 20);
    CHECK_EQ(broken, 0);
    while (open < 40 && (fd[open] = (int)file_open("sys:tasks", O_RDONLY)) >= 0)
        open++;
    CHECK_EQ(open, 16);
    CHECK_EQ(fd[open], -T_EMFILE);
    while (open)
        file_close(fd[--open]);
    CHECK(sysfile_number("sys:counters", "files") > 0);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2 && argv[1][0] == 's')
        return serve_role((uint64_t)(argv[2][0] - '0'));
    if (argc > 2 && argv[1][0] == 'h')
        hoard_role();
    if (argc > 2)
        return names_role((uint64_t)(argv[2][0] - '0'));
    long files = 0, pages = 0;
    for (unsigned round = 0; round < 3; round++) {
        clock_settle();
        files = sysfile_number("sys:counters", "files");
        pages = sysfile_number("sys:memory", "free_pages");
        chain();
        inbox();
        pairs();
        hoarded();
        namespaces();
        metadata();
        routes();
    }
    clock_settle();
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), pages);
    reports();
    return guest_end("passing");
}
