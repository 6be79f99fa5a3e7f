/* SPDX-License-Identifier: MIT
 * The ops of initfs:. A file's handle is its number in the archive. A directory's handle names the
 * first file below it and how long the common prefix is, so no open file needs any memory.
 * A listing is one line a name, a directory's with a slash at its end.
 * Invariant: a handle is checked against the archive each time: it came through a client. */
#include "servers/bootstrap/initfs.h"
#include "servers/lib/string.h"
#include "servers/lib/window.h"

#define DIRECTORY      (1u << 31)
#define DIRECTORY_MODE 0040555u
#define FILE_MODE      0100000u

struct directory {
    uint32_t first;
    uint64_t prefix; /* bytes, its slash included; 0: the root */
};

static uint64_t directory_handle(struct directory d)
{
    return DIRECTORY | (uint64_t)d.first << 8 | d.prefix;
}

/* False: the handle is no directory's. */
static bool directory_take(const struct initfs *fs, uint64_t handle, struct directory *d)
{
    struct initfs_file file;
    if (handle >> 32 || !(handle & DIRECTORY))
        return false;
    *d = (struct directory){(uint32_t)(handle & ~DIRECTORY) >> 8, handle & 0xFF};
    return d->prefix == 0 || (initfs_at(fs, d->first, &file) && strlen(file.path) >= d->prefix);
}

static long directory_open(const struct initfs *fs, const char *path, uint64_t length)
{
    struct initfs_file file;
    while (length && path[length - 1] == '/')
        length--;
    if (!length)
        return (long)directory_handle((struct directory){0, 0});
    for (uint32_t i = 0; length < INITFS_PATH_MAX && initfs_at(fs, i, &file); i++)
        if (strlen(file.path) > length && !memcmp(file.path, path, length) &&
            file.path[length] == '/')
            return (long)directory_handle((struct directory){i, length + 1});
    return -T_ENOENT;
}

static long initfs_service_open(struct svc *self, struct svc_req *req, const char *path,
                                uint64_t length)
{
    const struct initfs *fs = self->state;
    struct initfs_file file;
    if (req->words[0] & (O_CREAT | O_TRUNC | O_WRONLY))
        return -T_EACCES;
    if (length && path[0] == '/')
        path++, length--;
    for (uint32_t i = 0; initfs_at(fs, i, &file); i++)
        if (strlen(file.path) == length && !memcmp(file.path, path, length))
            return (long)i;
    return directory_open(fs, path, length);
}

static long initfs_service_dup(struct svc *self, struct svc_req *req, const char *path,
                               uint64_t length)
{
    (void)self, (void)path;
    return length ? -T_EOPNOTSUPP : (long)req->handle;
}

/* Bytes of a name below the prefix, with the slash of a directory. */
static uint64_t name_length(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash ? (uint64_t)(slash - name) + 1 : strlen(name);
}

/* Files are sorted by path, so the same directory's names follow each other. Total bytes. */
static uint64_t directory_list(const struct initfs *fs, struct directory d, struct window *w)
{
    struct initfs_file first = {0}, file, before = {0};
    if (d.prefix)
        initfs_at(fs, d.first, &first);
    for (uint32_t i = d.first; initfs_at(fs, i, &file); i++) {
        if (d.prefix && strncmp(file.path, first.path, d.prefix) != 0)
            break;
        const char *name = file.path + d.prefix;
        uint64_t length = name_length(name);
        if (before.path && !strncmp(before.path + d.prefix, name, length))
            continue;
        window_put(w, name, length);
        window_put(w, "\n", 1);
        before = file;
    }
    return w->at;
}

static long directory_read(const struct initfs *fs, struct directory d, struct svc_req *req)
{
    struct window w = window_of(req, INITFS_LIST_BYTES);
    directory_list(fs, d, &w);
    return window_bytes(&w);
}

static long directory_entries(const struct initfs *fs, struct directory d, struct svc_req *req)
{
    uint64_t from = req->words[1], room = req->words[4];
    struct window w = {(unsigned char *)req->buffer, from,
                       room < INITFS_LIST_BYTES ? room : INITFS_LIST_BYTES, 0};
    if (req->shorts || !req->buffer)
        return -T_EINVAL;
    uint64_t total = directory_list(fs, d, &w), left = total > from ? total - from : 0;
    req->buffer_size = left < w.size ? left : w.size;
    return (long)req->buffer_size;
}

static long file_answer(const struct initfs_file *file, struct svc_req *req)
{
    uint64_t left = file->size > req->offset ? file->size - req->offset : 0;
    uint64_t n = req->count < left ? req->count : left;
    if (req->shorts) {
        memcpy(req->words, file->data + req->offset, n);
        return (long)n;
    }
    req->buffer = (uint64_t)(file->data + req->offset);
    return (long)(n < INITFS_READ_MAX ? n : INITFS_READ_MAX);
}

static long initfs_service_read(struct svc *self, struct svc_req *req)
{
    const struct initfs *fs = self->state;
    struct directory d;
    struct initfs_file file;
    if (directory_take(fs, req->handle, &d))
        return directory_read(fs, d, req);
    if (req->handle >> 32 || !initfs_at(fs, (uint32_t)req->handle, &file))
        return -T_EBADF;
    return req->offset < file.size ? file_answer(&file, req) : 0;
}

static long initfs_service_fcall(struct svc *self, struct svc_req *req)
{
    const struct initfs *fs = self->state;
    struct directory d;
    struct initfs_file file;
    struct window nothing = {0, 0, 0, 0};
    if (req->count == FCALL_SYNC)
        return 0;
    if (req->count == FCALL_ENTRIES && directory_take(fs, req->handle, &d))
        return directory_entries(fs, d, req);
    if (req->count != FCALL_STAT)
        return -T_EOPNOTSUPP;
    if (directory_take(fs, req->handle, &d)) {
        req->words[0] = directory_list(fs, d, &nothing);
        req->words[1] = DIRECTORY_MODE;
        return 0;
    }
    if (req->handle >> 32 || !initfs_at(fs, (uint32_t)req->handle, &file))
        return -T_EBADF;
    req->words[0] = file.size;
    req->words[1] = FILE_MODE | file.mode;
    return 0;
}

const struct service_ops initfs_service = {
    .name = "initfs",
    .flags = SVC_POSITIONED,
    .open = initfs_service_open,
    .dup = initfs_service_dup,
    .read = initfs_service_read,
    .fcall = initfs_service_fcall,
};
