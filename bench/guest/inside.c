/* SPDX-License-Identifier: MIT
 * Cells of services in the kernel beside the reads of zero: a file of ram, which keeps a position,
 * and open, read of 8 bytes and close of zero in one region. Called by cells.c. */
#include "bench/guest/bench.h"
#include "servers/lib/file.h"
#include "servers/lib/syscall.h"

#define RAM_PATH   "ram:bench"
#define FILE_BYTES 65536u
#define ZERO_PATH  "zero:"
#define WORD_BYTES 8u

long region_open(struct region *r);

static uint64_t position; /* of the open file: it is set back before a read would end short */

static long ram_fill(int fd)
{
    static const unsigned char page[4096] = {1};
    for (unsigned done = 0; done < FILE_BYTES; done += sizeof(page)) {
        long n = file_write(fd, page, sizeof(page));
        if (n != sizeof(page))
            return n < 0 ? n : -T_ENOSPC;
    }
    return 0;
}

long ram_set_up(struct work *w)
{
    int fd = (int)file_open(RAM_PATH, O_RDWR | O_CREAT);
    if (fd < 0)
        return fd;
    long error = ram_fill(fd);
    file_close(fd);
    position = 0;
    return error < 0 ? error : read_set_up(w, RAM_PATH);
}

long ram_run(struct work *w, struct span *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t bytes = w->size * w->region.turns;
        if (position + bytes > FILE_BYTES) {
            long error = sys_lseek(w->fd, 0, SEEK_SET);
            if (error < 0)
                return error;
            position = 0;
            w->aside++;
        }
        position += bytes;
        long error = regions_run(w, to + i, 1);
        if (error < 0)
            return error;
    }
    return 0;
}

uint64_t ram_calls(const struct work *w)
{
    return w->size == 0 ? ~0ull : w->size < FILE_BYTES ? FILE_BYTES / w->size : 1;
}

/* Whoever reads next by ram_run sets it back once more. */
long ram_rewind(struct work *w)
{
    position = FILE_BYTES;
    return sys_lseek(w->fd, 0, SEEK_SET);
}

void ram_tear_down(void)
{
    int fd = (int)file_open(RAM_PATH, O_RDWR | O_TRUNC);
    if (fd >= 0)
        file_close(fd);
}

long open_set_up(struct work *w)
{
    w->body = region_open;
    w->region.word[0] = (uint64_t)ZERO_PATH;
    w->region.word[1] = sizeof(ZERO_PATH) - 1;
    w->region.word[2] = WORD_BYTES;
    return 0;
}
