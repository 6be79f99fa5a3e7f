/* SPDX-License-Identifier: MIT
 * A boot without schemes (boot word schemes=off): messages are the primitive, so their test must
 * pass where no name can be opened. The program comes straight out of the blob; it gets the console
 * as inherited descriptors and its own file as shared pages, for the children that it starts.
 * Invariant: nothing here opens anything that exists. Called by start, once. */
#include "servers/bootstrap/bootstrap.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/initfs_read.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define PROGRAM "bin/test-message"
#define PAGE    4096ull
#define SHARED  0x100000000ull /* where the program finds its own file's pages */

/* Counts what answers anything but ENODEV. */
static unsigned names_try(void)
{
    static const char *const names[] = {"sys:boot", "null:", "initfs:bin/init", "trace:"};
    unsigned there = file_open(":mine", O_RDWR | O_CREAT | O_EXCL) != -T_ENODEV;
    int fds[2];
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        there += file_open(names[i], O_RDONLY) != -T_ENODEV;
    return there + (sys_pipe2(0, fds) != -T_ENODEV);
}

static long program_start(const struct initfs_file *file)
{
    char self[48];
    const char *const argv[] = {self, 0};
    const struct exec what = {.path = PROGRAM, .args = {argv, 0}, .ready_write = -1};
    uint64_t begin = (uint64_t)file->data & ~(PAGE - 1);
    uint64_t end = ((uint64_t)file->data + file->size + PAGE - 1) & ~(PAGE - 1);
    print_to(self, sizeof(self), "mem:%lu:%lu",
             (unsigned long)(SHARED + (uint64_t)file->data % PAGE), file->size);
    long tid = exec_memory(&what, file->data, file->size);
    if (tid < 0)
        return tid;
    /* It is ready, but of lower priority: it has not run yet. */
    long error =
        sys_taskctl((uint32_t)tid, TASK_SHARE,
                    (struct taskctl){.a = SHARED, .b = end - begin, .c = begin, .d = PROT_READ});
    return error < 0 ? error : tid;
}

void bare_run(void)
{
    struct initfs fs;
    struct initfs_file file;
    uint64_t status = 1;
    unsigned there = names_try();
    print("bootstrap: schemes are off, %u names answer\n", there);
    if (!initfs_open(&fs, blob_header(), blob_header()->size) ||
        !initfs_find(&fs, PROGRAM, strlen(PROGRAM), &file)) {
        print("bootstrap: %s: %s\n", PROGRAM, error_text(T_ENOENT));
        sys_exit(1);
    }
    long tid = program_start(&file);
    if (tid < 0)
        print("bootstrap: cannot start %s: %s\n", PROGRAM, error_text(tid));
    else
        tid = sys_waitpid((uint32_t)tid, 0, &status);
    print("bootstrap: %s ended with status %lu\n", PROGRAM, status);
    sys_exit(there || tid < 0 || status ? 1 : 0);
}
