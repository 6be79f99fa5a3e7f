/* SPDX-License-Identifier: MIT
 * Descriptors, descriptions and schemes: at a service in the kernel and at a server in another
 * task. What makes a message and what does not, who hears of a close, what each wrong argument
 * costs, and that nothing is left over. */
#include "kernel/core/test/kit.h"
#include "traces/test/check.h"

#define WHOLE TAG(0, 0, 8, 0)

static struct thread *client, *server;
static uint32_t files_before;

static void begin(void)
{
    files_before = file_count();
    client = kit_task(0, 0);
    server = kit_task(0, 0);
}

static void end(void)
{
    CHECK_TEXT(kit_broken(), 0);
    kit_end_all();
    CHECK(list_empty(&task_list));
    CHECK_EQ(file_count(), files_before);
    CHECK(!scheme_find("test", 4));
}

static long serve(uint64_t flags)
{
    return kit_open(server, ":test", O_CREAT | O_EXCL | flags);
}

/* The server takes the request that waits, which must be of that op, and answers. */
static void answer(enum op op, long result)
{
    sys(server, SYS_recv, (struct args){0});
    CHECK_EQ(server->rax & 0xFF, KIND_SCHEME);
    CHECK_EQ(TAG_OP(server->rsi), op);
    struct args reply = {.rdi = server->rdi, .rsi = WHOLE, .w = {(uint64_t)result}};
    CHECK_EQ(sys(server, SYS_reply, reply), 0);
}

static long open_at_server(const char *path, uint64_t flags, long handle)
{
    kit_open(client, path, flags);
    CHECK(blocked(client));
    answer(OP_open, handle);
    return (long)client->rax;
}

static bool mail(void)
{
    return server->task->waiter == &thread_slow;
}

static long seek(uint64_t fd, int64_t offset, uint64_t whence)
{
    return sys(client, SYS_lseek, (struct args){.rdi = fd, .rsi = (uint64_t)offset, .w = {whence}});
}

static void lowest_number_first(void)
{
    begin();
    CHECK_EQ(kit_open(client, "null:", O_RDWR), 0);
    CHECK_EQ(kit_open(client, "zero:", O_RDWR), 1);
    CHECK_EQ(kit_open(client, "/scheme/null", O_RDWR), 2);
    CHECK_EQ(sys(client, SYS_close, (struct args){.rdi = 1}), 0);
    CHECK_EQ(sys(client, SYS_close, (struct args){.rdi = 1}), -T_EBADF);
    CHECK_EQ(kit_open(client, "null:", O_RDWR), 1);
    for (uint64_t fd = 3; fd < 2 * FDS_CHUNK; fd++)
        CHECK_EQ(kit_open(client, "null:", O_RDWR), fd);
    CHECK_EQ(client->fd_limit, 2 * FDS_CHUNK);
    CHECK_EQ(sys(client, SYS_close, (struct args){.rdi = 2 * FDS_CHUNK}), -T_EBADF);
    CHECK_EQ(sys(client, SYS_close, (struct args){.rdi = 1ull << 32}), -T_EBADF);
    end();
}

static void bad_paths(void)
{
    begin();
    CHECK_EQ(kit_open(client, "nobody:", 0), -T_ENODEV);
    CHECK_EQ(kit_open(client, "null", 0), -T_EINVAL);
    CHECK_EQ(kit_open(client, "", 0), -T_EINVAL);
    const struct args nul = {.rdi = KIT_MEMORY, .rsi = 6};
    poke(client, KIT_MEMORY, "nul\0l:", 6);
    CHECK_EQ(sys(client, SYS_open, nul), -T_EINVAL);
    CHECK_EQ(sys(client, SYS_open, (struct args){.rdi = KIT_MEMORY, .rsi = 1025}), -T_ENAMETOOLONG);
    CHECK_EQ(sys(client, SYS_open, (struct args){.rdi = KIT_MEMORY, .rsi = ~0ull}),
             -T_ENAMETOOLONG);
    CHECK_EQ(sys(client, SYS_open, (struct args){.rdi = 0x10, .rsi = 5}), -T_EFAULT);
    CHECK_EQ(sys(client, SYS_open, (struct args){.rdi = KIT_MEMORY + KIT_BYTES - 2, .rsi = 5}),
             -T_EFAULT);
    end();
}

static void names(void)
{
    begin();
    struct thread *low = kit_task(0, 1);
    CHECK_EQ(kit_open(low, ":test", O_CREAT | O_EXCL), -T_EACCES);
    CHECK_EQ(kit_open(server, ":test", O_CREAT), -T_EINVAL);
    CHECK_EQ(kit_open(server, ":te/st", O_CREAT | O_EXCL), -T_EINVAL);
    CHECK_EQ(kit_open(server, ":Test", O_CREAT | O_EXCL), -T_EINVAL);
    CHECK_EQ(kit_open(server, ":", O_CREAT | O_EXCL), -T_EINVAL);
    CHECK_EQ(kit_open(server, ":a23456789012345678901234567890123", O_CREAT | O_EXCL), -T_EINVAL);
    CHECK_EQ(kit_open(server, ":null", O_CREAT | O_EXCL), -T_EEXIST);
    long fd = serve(0);
    CHECK_EQ(fd, 0);
    CHECK_EQ(serve(0), -T_EEXIST);
    CHECK(scheme_find("test", 4) && !scheme_find("tes", 3) && !scheme_find("test2", 5));
    CHECK_EQ(sys(server, SYS_close, (struct args){.rdi = (uint64_t)fd}), 0);
    CHECK(!scheme_find("test", 4));
    CHECK_EQ(serve(0), 0);
    end();
}

static void handles_and_closes(void)
{
    begin();
    serve(0);
    CHECK_EQ(open_at_server("test:some/path", O_RDWR, 77), 0);
    CHECK_EQ(open_at_server("test:other", O_RDWR, -T_ENOENT), -T_ENOENT);
    CHECK_EQ(open_at_server("test:odd", O_RDWR, -T_EINTR), -T_EIO); /* not its to give */
    CHECK_EQ(open_at_server("test:odd", O_RDWR, -5000), -T_EIO);
    CHECK(!mail());
    sys(client, SYS_dup, (struct args){.rdi = 0, .rsi = WHOLE});
    CHECK_EQ(client->rdx, 1);
    CHECK_EQ(sys(client, SYS_close, (struct args){.rdi = 0}), 0);
    CHECK(!mail()); /* the duplicate lives */
    CHECK_EQ(sys(client, SYS_close, (struct args){.rdi = 1}), 0);
    CHECK_EQ(sys(server, SYS_recv, (struct args){.w = {1, 1, 1, 1, 1, 1}}), KIND_SCHEME);
    CHECK_EQ(server->rsi, TAG(OP_close, 0, 8, 0));
    CHECK_EQ(server->rdx, 77);
    CHECK_EQ(server->rdi | server->r10 | server->r13, 0);
    CHECK(!mail());
    end();
}

static void exit_closes(void)
{
    begin();
    serve(0);
    for (long i = 0; i < 5; i++)
        CHECK_EQ(open_at_server("test:", O_RDWR, 100 + i), i);
    sys(client, SYS_exit, (struct args){.rdi = 0});
    for (uint64_t i = 0; i < 5; i++) {
        CHECK_EQ(sys(server, SYS_recv, (struct args){0}), KIND_SCHEME);
        CHECK_EQ(server->rdx, 100 + i);
    }
    CHECK_EQ(sys(server, SYS_recv, (struct args){0}), -T_EAGAIN);
    end();
}

static void positions(void)
{
    begin();
    serve(O_POSITIONED);
    CHECK_EQ(open_at_server("test:a", O_RDWR, 1), 0);
    CHECK_EQ(open_at_server("test:a", O_RDWR, 2), 1);
    sys(client, SYS_dup, (struct args){.rdi = 0, .rsi = WHOLE});
    CHECK_EQ(client->rdx, 2);
    CHECK_EQ(seek(0, 100, SEEK_SET), 100);
    CHECK_EQ(seek(2, 5, SEEK_CUR), 105); /* shared */
    CHECK_EQ(seek(1, 0, SEEK_CUR), 0);   /* its own */
    CHECK_EQ(seek(0, -106, SEEK_CUR), -T_EINVAL);
    CHECK_EQ(seek(0, -1, SEEK_SET), -T_EINVAL);
    CHECK_EQ(seek(0, 0, 3), -T_EINVAL);
    CHECK(!mail()); /* none of that made a message */
    sys(client, SYS_read, (struct args){.rdi = 0, .rsi = TAG_READ_SHORT, .w = {0, 8}});
    CHECK(blocked(client));
    sys(server, SYS_recv, (struct args){0});
    CHECK_EQ(TAG_HEADER(server->rsi), 105);
    struct args reply = {.rdi = server->rdi, .rsi = WHOLE, .w = {8}};
    CHECK_EQ(sys(server, SYS_reply, reply), 0);
    CHECK_EQ(seek(2, 0, SEEK_CUR), 113);
    sys(client, SYS_lseek, (struct args){.rdi = 0, .rsi = (uint64_t)-3, .w = {SEEK_END}});
    sys(server, SYS_recv, (struct args){0});
    CHECK_EQ(server->r10, FCALL_STAT);
    reply = (struct args){.rdi = server->rdi, .rsi = TAG(0, 0, 16, 0), .w = {0, 1000}};
    CHECK_EQ(sys(server, SYS_reply, reply), 0);
    CHECK_EQ(client->rax, 997);
    CHECK_EQ(seek(0, 1ll << 32, SEEK_SET), 1ull << 32);
    sys(client, SYS_read, (struct args){.rdi = 0, .rsi = TAG_READ_SHORT, .w = {0, 8}});
    CHECK_EQ(client->rax, (uint64_t)-T_EFBIG);
    end();
}

static void rights(void)
{
    begin();
    CHECK_EQ(kit_open(client, "null:", O_RDONLY), 0);
    CHECK_EQ(kit_open(client, "null:", O_WRONLY), 1);
    struct args write = {.rdi = 0, .rsi = TAG(0, 0, 16, 0)};
    CHECK_EQ(sys(client, SYS_write, write), -T_EBADF);
    write.rdi = 1;
    CHECK_EQ(sys(client, SYS_write, write), 0);
    CHECK_EQ(client->rdx, 8);
    CHECK_EQ(sys(client, SYS_read, (struct args){.rdi = 1, .rsi = TAG_READ_SHORT}), -T_EBADF);
    CHECK_EQ(sys(client, SYS_read, (struct args){.rdi = 9, .rsi = TAG_READ_SHORT}), -T_EBADF);
    CHECK_EQ(sys(client, SYS_read, (struct args){.rdi = 0, .rsi = TAG(0, 0, 49, 0)}), -T_EINVAL);
    CHECK_EQ(seek(0, 0, SEEK_SET), -T_ESPIPE);
    CHECK_EQ(seek(7, 0, SEEK_SET), -T_EBADF);
    end();
}

static void server_dies(void)
{
    begin();
    serve(O_POSITIONED);
    CHECK_EQ(open_at_server("test:a", O_RDWR, 1), 0);
    struct thread *opener = kit_task(0, 0);
    kit_open(opener, "test:b", O_RDWR);
    sys(client, SYS_read, (struct args){.rdi = 0, .rsi = TAG_READ_SHORT, .w = {0, 8}});
    CHECK(blocked(opener) && blocked(client));
    sys(server, SYS_recv, (struct args){0}); /* the opener's is taken, the reader's waits */
    sys(server, SYS_exit, (struct args){.rdi = 1});
    CHECK_EQ(opener->rax, (uint64_t)-T_ENODEV);
    CHECK_EQ(client->rax, (uint64_t)-T_ENODEV);
    CHECK_EQ(sys(client, SYS_read, (struct args){.rdi = 0, .rsi = TAG_READ_SHORT}), -T_ENODEV);
    CHECK(client->task->fd.slots[0].scheme->server == &task_none);
    CHECK_EQ(seek(0, 0, SEEK_SET), -T_ENODEV);
    server = kit_task(0, 0);
    CHECK_EQ(serve(0), 0); /* the name is free; the old descriptor is not the new scheme's */
    CHECK_EQ(sys(client, SYS_read, (struct args){.rdi = 0, .rsi = TAG_READ_SHORT}), -T_ENODEV);
    CHECK_EQ(sys(client, SYS_close, (struct args){.rdi = 0}), 0);
    CHECK(!mail());
    end();
}

static void linked_short_and_long(void)
{
    begin();
    CHECK_EQ(kit_open(client, "ram:file", O_RDWR | O_CREAT), 0);
    struct args write = {.rdi = 0, .rsi = TAG(0, 0, 48, 0), .w = {0, 1, 2, 3, 4, 5}};
    CHECK_EQ(sys(client, SYS_write, write), 0);
    CHECK_EQ(client->rdx, 40);
    CHECK_EQ(seek(0, 0, SEEK_CUR), 40);
    CHECK_EQ(seek(0, 8, SEEK_SET), 8);
    struct args read = {.rdi = 0, .rsi = TAG_READ_SHORT, .w = {9, 12, 9, 9, 9, 9}};
    CHECK_EQ(sys(client, SYS_read, read), 0);
    CHECK_EQ(client->rdx, 12);
    CHECK_EQ(client->r10, 2);
    CHECK_EQ((uint32_t)client->r8, 3);
    CHECK_EQ(client->r9 | client->r12 | client->r13, 0);
    struct args into = {.rdi = 0, .rsi = TAG(0, MSG_IN, 0xFFFF, 0), .w = {0, 100}};
    into.w[4] = KIT_MEMORY + 4000, into.w[5] = 100;
    CHECK_EQ(sys(client, SYS_read, into), 0);
    CHECK_EQ(client->rdx, 20);
    uint64_t words[2];
    peek(client, KIT_MEMORY + 4004, words, sizeof(words));
    CHECK_EQ(words[0], 4);
    CHECK_EQ(words[1], 5);
    CHECK_EQ(sys(client, SYS_read, into), 0);
    CHECK_EQ(client->rdx, 0); /* the end */
    end();
}

static void pipes(void)
{
    begin();
    struct thread *second = kit_thread(client->task);
    CHECK_EQ(sys(client, SYS_pipe2, (struct args){0}), 0);
    uint64_t in = client->rdx & 0xFFFFFFFF, out = client->rdx >> 32;
    sys(client, SYS_read, (struct args){.rdi = in, .rsi = TAG_READ_SHORT, .w = {0, 8}});
    CHECK(blocked(client));
    uint64_t rip = client->rip;
    struct args write = {.rdi = out, .rsi = TAG(0, 0, 16, 0), .w = {0, 42}};
    CHECK_EQ(sys(second, SYS_write, write), 0);
    CHECK(!blocked(client));
    CHECK_EQ(client->rip, rip); /* its call was finished where it stood */
    CHECK_EQ(client->rax, 0);
    CHECK_EQ(client->rdx, 8);
    CHECK_EQ(client->r10, 42);
    CHECK_EQ(sys(second, SYS_close, (struct args){.rdi = out}), 0);
    CHECK_EQ(sys(client, SYS_read, (struct args){.rdi = in, .rsi = TAG_READ_SHORT, .w = {0, 8}}),
             0);
    CHECK_EQ(client->rdx, 0);
    end();
}

int main(void)
{
    kit_boot();
    lowest_number_first();
    bad_paths();
    names();
    handles_and_closes();
    exit_closes();
    positions();
    rights();
    server_dies();
    linked_short_and_long();
    pipes();
    check_shows("T41", "CORE's own tests on a mock machine: files");
    return check_end("core files");
}
