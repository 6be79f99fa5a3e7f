/* SPDX-License-Identifier: MIT
 * Files as programs use them: each function is one system call that picks the short form (data in
 * registers) for up to FILE_INLINE_MAX bytes and the long form above.
 * Invariant: the kernel's and the service's errors come back alike, as one negated number. */
#ifndef TACH_SERVERS_LIB_FILE_H
#define TACH_SERVERS_LIB_FILE_H

#include <stdint.h>

#include "kernel/abi/abi.h"

struct file_stat {
    uint64_t bytes;
    uint64_t mode;
};

/* path: "scheme:rest", NUL-terminated; flags O_*. A descriptor or an error. */
long file_open(const char *path, unsigned flags);
long file_close(int fd);

/* Bytes moved, which may be fewer than n; 0 at the end of a file. At most MSG_SIZE_MAX at once. */
long file_read(int fd, void *buffer, uint64_t n);
long file_write(int fd, const void *buffer, uint64_t n);

/* Repeats until all is moved: n; for reading less only at the end of the file. */
long file_read_all(int fd, void *buffer, uint64_t n);
long file_write_all(int fd, const void *buffer, uint64_t n);

/* The new position; whence SEEK_*. */
long file_seek(int fd, long offset, unsigned whence);

/* A second descriptor of the same open file. */
long file_dup(int fd);

/* Call of a service's own kind: words[0..3] go in as W2..W5, words[0..4] come out as W1..W5.
 * The service's result. */
long file_call(int fd, uint64_t kind, uint64_t words[5]);
long file_stat(int fd, struct file_stat *out);
long file_truncate(int fd, uint64_t bytes);

/* The same for kinds with data: up to n bytes of `buffer` go in with MSG_OUT, come out with MSG_IN.
 * Then only words[0..1] go in, as W2 and W3. */
struct file_data {
    void *buffer;
    uint64_t n;
    unsigned flags;
};
long file_call_data(int fd, uint64_t kind, uint64_t words[5], struct file_data data);

/* The path as it was opened, NUL-terminated: its bytes, of which at most size - 1 are there. */
long file_path(int fd, char *path, uint64_t size);
/* Names of a directory, one a line, from byte `from` of the listing on: bytes. */
long file_entries(int fd, uint64_t from, void *buffer, uint64_t n);
long file_sync(int fd);
long file_unlink(const char *path);

/* Reads a whole small text file, NUL-terminated: its bytes, at most size - 1. */
long file_text(const char *path, char *buffer, uint64_t size);

/* Opens, writes n bytes, closes: 0 or an error. For the files of sys:. */
long file_put(const char *path, const char *text);

#endif
