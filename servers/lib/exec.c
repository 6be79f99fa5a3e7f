/* SPDX-License-Identifier: MIT
 * The user-space program loader over spawn and taskctl.
 * Invariant: elf_check has passed before anything of an image is used; every piece copied into a
 * new task is at most EXEC_PIECE bytes, so no single kernel call is long. */
#include "servers/lib/exec.h"
#include "kernel/loader/elf.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define EXEC_PIECE MSG_COPY_MAX
/* Programs are linked at 4 MiB; everything that may be mapped on demand lies above this range. */
#define EXEC_BASE 0x400000ull
#define EXEC_END  0x40000000ull

struct image {
    const char *path;
    const uint8_t *bytes;
    uint64_t size, mapped;
};

static uint64_t page_round(uint64_t bytes)
{
    return (bytes + ELF_PAGE - 1) & ~(uint64_t)(ELF_PAGE - 1);
}

static uint64_t prot_of(uint32_t flags)
{
    return (uint64_t)((flags & ELF_R ? PROT_READ : 0u) | (flags & ELF_W ? PROT_WRITE : 0u) |
                      (flags & ELF_X ? PROT_EXEC : 0u));
}

static long task_write(uint32_t tid, uint64_t there, const uint8_t *here, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += EXEC_PIECE) {
        uint64_t piece = bytes - at < EXEC_PIECE ? bytes - at : EXEC_PIECE;
        long error =
            sys_taskctl(tid, TASK_WRITE,
                        (struct taskctl){.a = there + at, .b = piece, .c = (uint64_t)here + at});
        if (error < 0)
            return error;
    }
    return 0;
}

static long segment_load(uint32_t tid, const struct elf_segment *s, const uint8_t *file)
{
    long error = sys_taskctl(
        tid, TASK_MAP,
        (struct taskctl){.a = s->vaddr, .b = page_round(s->bytes), .c = prot_of(s->flags)});
    return error < 0 ? error : task_write(tid, s->vaddr, file + s->file_offset, s->file_bytes);
}

long exec_stack(uint32_t tid)
{
    return sys_taskctl(
        tid, TASK_MAP,
        (struct taskctl){.a = STACK_BASE, .b = STACK_BYTES, .c = PROT_READ | PROT_WRITE});
}

long exec_descriptors(uint32_t tid, int ready_write)
{
    long error = 0;
    for (uint64_t fd = 0; fd < 3 && error >= 0; fd++)
        error = sys_taskctl(tid, TASK_FD, (struct taskctl){.a = fd, .b = fd});
    if (error >= 0 && ready_write >= 0)
        error =
            sys_taskctl(tid, TASK_FD, (struct taskctl){.a = READY_FD, .b = (uint64_t)ready_write});
    return error;
}

void exec_kill(uint32_t tid)
{
    uint64_t status;
    sys_kill(tid, SIGKILL);
    sys_waitpid(tid, WAIT_NO_BLOCK, &status);
}

/* Puts the argument block on the new stack and lets the task go. */
static long task_start(uint32_t tid, const struct exec *what, uint64_t entry)
{
    unsigned char block[ARGS_BYTES_MAX];
    long bytes = args_build(&what->args, USER_END, block);
    if (bytes < 0)
        return bytes;
    uint64_t at = USER_END - (uint64_t)bytes;
    long error = task_write(tid, at, block, (uint64_t)bytes);
    return error < 0 ? error
                     : sys_taskctl(tid, TASK_START, (struct taskctl){.a = entry, .b = at, .c = at});
}

static long task_fill(uint32_t tid, const struct exec *what, const struct elf_image *elf,
                      const uint8_t *file)
{
    long error = exec_stack(tid);
    for (uint32_t i = 0; i < elf->segment_count && error >= 0; i++)
        error = segment_load(tid, &elf->segment[i], file);
    if (error >= 0)
        error = exec_descriptors(tid, what->ready_write);
    if (error >= 0 && what->rights)
        error = sys_taskctl(tid, TASK_RIGHTS, (struct taskctl){.a = what->rights});
    if (error >= 0 && what->cookie)
        error = sys_taskctl(tid, TASK_COOKIE, (struct taskctl){.a = what->cookie});
    return error < 0 ? error : task_start(tid, what, elf->entry);
}

static const char *name_of(const char *path)
{
    const char *name = path;
    for (; *path; path++)
        if (*path == '/' || *path == ':')
            name = path + 1;
    return name;
}

static const char *elf_reason(uint32_t code)
{
    switch (code) {
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        EXITS(X)
#undef X
    default:
        return "unknown";
    }
}

static long image_start(const struct exec *what, const struct image *image)
{
    const struct elf_limits limits = {EXEC_BASE, EXEC_END};
    struct elf_image elf;
    uint32_t bad = elf_check(image->bytes, image->size, &limits, &elf);
    if (bad) { /* the loader's reasons read "kernel: what is wrong" */
        const char *reason = elf_reason(bad), *colon = strchr(reason, ':');
        print("exec: %s%s\n", what->path, colon ? colon : reason);
        return -T_ENOEXEC;
    }
    long tid = sys_spawn(what->flags | (uint64_t)what->level << 8, what->slot,
                         sys_name(name_of(what->path)));
    if (tid < 0)
        return tid;
    long error = task_fill((uint32_t)tid, what, &elf, image->bytes);
    if (error < 0) {
        exec_kill((uint32_t)tid);
        return error;
    }
    return tid;
}

long exec_memory(const struct exec *what, const void *bytes, uint64_t size)
{
    const struct image image = {what->path, bytes, size, 0};
    return image_start(what, &image);
}

/* Reads the whole open file into fresh pages. */
static long image_read(int fd, struct image *image)
{
    struct file_stat stat;
    long error = file_stat(fd, &stat);
    if (error < 0)
        return error;
    if (stat.bytes == 0 || stat.bytes > EXEC_FILE_MAX)
        return stat.bytes ? -T_EFBIG : -T_ENOEXEC;
    image->mapped = page_round(stat.bytes);
    long address = sys_fmap(0, image->mapped, PROT_READ | PROT_WRITE | MAP_PRIVATE);
    if (address < 0)
        return address;
    image->bytes = (const uint8_t *)address;
    long got = file_read_all(fd, (void *)address, stat.bytes);
    image->size = got > 0 ? (uint64_t)got : 0;
    return got;
}

long exec_spawn(const struct exec *what)
{
    struct image image = {what->path, 0, 0, 0};
    long fd = file_open(what->path, O_RDONLY);
    if (fd < 0)
        return fd;
    long answer = image_read((int)fd, &image);
    file_close((int)fd);
    if (answer >= 0)
        answer = image_start(what, &image);
    if (image.bytes)
        sys_munmap((uint64_t)image.bytes, image.mapped);
    return answer;
}

void exec_ready(void)
{
    const char byte = READY_BYTE;
    file_write(READY_FD, &byte, 1);
    file_close(READY_FD);
}

long exec_ready_wait(int fd, uint64_t limit_ns)
{
    char byte = 0;
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = limit_ns});
    long got = file_read(fd, &byte, 1);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 0});
    return got == 1 && byte == READY_BYTE ? 0 : -T_EIO;
}

long exec_spawn_ready(const struct exec *what, long *tid)
{
    int fds[2];
    *tid = 0;
    long error = sys_pipe2(0, fds);
    if (error < 0)
        return error;
    struct exec with = *what;
    with.ready_write = fds[1];
    long child = exec_spawn(&with);
    file_close(fds[1]); /* the child's copy is the last one: its end is the end of the file */
    if (child > 0)
        *tid = child;
    error =
        child < 0 ? child : exec_ready_wait(fds[0], with.ready_ns ? with.ready_ns : READY_LIMIT_NS);
    file_close(fds[0]);
    return error < 0 ? error : child;
}
