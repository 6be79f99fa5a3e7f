/* SPDX-License-Identifier: MIT
 * The initfs daemon as a task: shares the blob's frames read-only with the bootstrap and runs code
 * that is linked into it. It has no writable memory but its stack, so nothing of it can be lost.
 * Invariant: it says ready only once the scheme stands; an end before that is seen as a failure.
 * daemon_start is the parent's side; daemon_main runs in the new task. */
#include "servers/bootstrap/bootstrap.h"
#include "servers/bootstrap/initfs.h"
#include "servers/host/serve.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"
#include "servers/lib/word.h"

static long share(uint32_t tid, uint64_t begin, uint64_t end, uint64_t prot)
{
    uint64_t address = INITFS_BASE + begin;
    if (begin >= end)
        return 0;
    return sys_taskctl(tid, TASK_SHARE,
                       (struct taskctl){.a = address, .b = end - begin, .c = address, .d = prot});
}

static long daemon_fill(uint32_t tid, int ready_write)
{
    const struct initfs_header *h = blob_header();
    long error = share(tid, 0, h->text_offset, PROT_READ);
    if (error >= 0)
        error = share(tid, h->text_offset, h->rodata_offset, PROT_READ | PROT_EXEC);
    if (error >= 0)
        error = share(tid, h->rodata_offset, h->data_offset, PROT_READ);
    if (error >= 0)
        error = share(tid, h->end_offset, h->size, PROT_READ);
    if (error >= 0)
        error = exec_stack(tid);
    if (error >= 0)
        error = exec_descriptors(tid, ready_write);
    return error < 0 ? error
                     : sys_taskctl(tid, TASK_START,
                                   (struct taskctl){.a = (uint64_t)daemon_entry, .b = USER_END});
}

static long daemon_spawn(int ready_write)
{
    long tid = sys_spawn(SPAWN_CRITICAL, 0, sys_name("initfs"));
    if (tid < 0)
        return tid;
    long error = daemon_fill((uint32_t)tid, ready_write);
    if (error >= 0)
        return tid;
    exec_kill((uint32_t)tid);
    return error;
}

/* The boot word inject=daemon, which the kernel takes in tests only. */
static bool fault_injected(void)
{
    char line[BOOT_CMDLINE + 1], value[8];
    return file_text("sys:boot", line, sizeof(line)) > 0 &&
           word_value(line, "inject", value, sizeof(value)) && !strcmp(value, "daemon");
}

long daemon_start(void)
{
    int fds[2];
    long error = sys_pipe2(0, fds);
    if (error < 0)
        return error;
    long tid = daemon_spawn(fds[1]);
    file_close(fds[1]);
    if (tid > 0 && fault_injected())
        sys_kill((uint32_t)tid, SIGKILL);
    error = tid < 0 ? tid : exec_ready_wait(fds[0], READY_LIMIT_NS);
    file_close(fds[0]);
    return error < 0 ? error : tid;
}

__attribute__((noreturn)) static void fail(const char *what, long error)
{
    print("initfs: %s: %s\n", what, error_text(error));
    sys_exit(1);
}

__attribute__((noreturn)) static void requests_serve(struct svc *self, void *stage)
{
    struct msg m = {0};
    for (;;) {
        long status = sys_reply_wait(&m);
        if (status < 0 && !m.caller)
            fail("cannot receive", status);
        if (status < 0 || (uint8_t)status != KIND_SCHEME) {
            m = (struct msg){.caller = status == KIND_CALL ? m.caller : 0};
            continue;
        }
        request_serve(self, &m, (uint64_t)status, stage);
    }
}

void daemon_main(void)
{
    unsigned char path[4096] __attribute__((aligned(4096))); /* whole pages, >= PATH_MAX_BYTES */
    unsigned char stage[INITFS_LIST_BYTES];
    struct initfs fs;
    struct svc self = {&initfs_service, 0, &fs};
    if (!initfs_open(&fs, blob_header(), blob_header()->size))
        fail("the archive is damaged", -T_EIO);
    long error =
        sys_taskctl(0, TASK_RXBUF, (struct taskctl){.a = (uint64_t)path, .b = sizeof(path)});
    if (error < 0)
        fail("no receive buffer", error);
    error = file_open(":initfs", O_RDWR | O_CREAT | O_EXCL | O_POSITIONED);
    if (error < 0)
        fail("cannot make the scheme", error);
    exec_ready();
    requests_serve(&self, stage);
}
