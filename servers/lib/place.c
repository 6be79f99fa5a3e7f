/* SPDX-License-Identifier: MIT
 * See place.h. Between two placements in the kernel a word to sys:place does it all; a new server
 * takes the state itself (servers/host/server.c); from a server to the kernel it is carried here,
 * under a deadline. */
#include "servers/lib/place.h"

#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define KMOD_BYTES_MAX (128u << 10)
#define PIECE_BYTES    4096u
#define MOVE_LIMIT_NS  2000000000ull

static long image_give(int from, uint64_t address)
{
    long bytes = file_read_all(from, (void *)address, KMOD_BYTES_MAX);
    long to = bytes < 0 ? bytes : file_open("sys:module", O_WRONLY);
    if (to < 0)
        return to;
    long put = file_write((int)to, (void *)address, (uint64_t)bytes);
    file_close((int)to);
    return put < 0 ? put : 0;
}

long place_module(const char *name)
{
    char path[64];
    print_to(path, sizeof(path), "initfs:/lib/%s.kmod", name);
    long fd = file_open(path, O_RDONLY);
    if (fd < 0)
        return fd;
    long address = sys_fmap(0, KMOD_BYTES_MAX, PROT_READ | PROT_WRITE | MAP_PRIVATE);
    long result = address < 0 ? address : image_give((int)fd, (uint64_t)address);
    if (address >= 0)
        sys_munmap((uint64_t)address, KMOD_BYTES_MAX);
    file_close((int)fd);
    return result;
}

static long to_server(const char *name)
{
    char path[64];
    long tid;
    print_to(path, sizeof(path), "initfs:/bin/svc-%s", name);
    const char *const argv[] = {path, name, "adopt", 0};
    const struct exec what = {.path = path, .args = {argv, 0}, .ready_write = -1};
    long answer = exec_spawn_ready(&what, &tid);
    if (answer < 0 && tid)
        exec_kill((uint32_t)tid);
    return answer;
}

/* Carries the pieces from the server to the kernel. */
static long pieces_carry(int fd, unsigned placement)
{
    static unsigned char piece[PIECE_BYTES] __attribute__((aligned(16)));
    for (;;) {
        uint64_t save[5] = {(uint64_t)piece, sizeof(piece)};
        long n = file_call(fd, FCALL_SAVE, save);
        if (n <= 0)
            return n;
        uint64_t load[5] = {(uint64_t)piece, (uint64_t)n, placement};
        n = file_call(fd, FCALL_LOAD, load);
        if (n < 0)
            return n;
    }
}

static long from_server(const char *name, unsigned placement)
{
    char path[SCHEME_NAME_MAX + 2];
    print_to(path, sizeof(path), ":%s", name);
    long fd = file_open(path, O_CREAT | O_ADOPT);
    if (fd < 0)
        return fd;
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = MOVE_LIMIT_NS});
    long result = pieces_carry((int)fd, placement);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 0});
    uint64_t thaw[5] = {placement};
    if (result >= 0)
        result = file_call((int)fd, FCALL_THAW, thaw);
    file_close((int)fd);
    return result;
}

long place_move(const char *name, unsigned placement)
{
    char word[SCHEME_NAME_MAX + 16];
    if (placement == PLACE_SERVER)
        return to_server(name);
    long result = placement == PLACE_MODULE ? place_module(name) : 0;
    if (result < 0)
        return result == -T_EBUSY ? -T_EEXIST : result;
    print_to(word, sizeof(word), "%s %s", name, placement == PLACE_MODULE ? "module" : "linked");
    result = file_put("sys:place", word);
    return result == -T_EOPNOTSUPP ? from_server(name, placement) : result;
}
