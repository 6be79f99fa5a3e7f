/* SPDX-License-Identifier: MIT
 * See mock.h. Descriptors are places in a table; positions are kept for positioned services.
 * Invariant: requests reach a service through svc_dispatch only, as in both placements. */
#include "servers/services/test/mock.h"

#include <stdlib.h>
#include <string.h>

#include "servers/host/dispatch.h"

#define FILES    256
#define MEMORIES 100
#define SERVICES 5

extern const struct service_ops service_null, service_zero, service_echo, service_ram, service_shm;

struct open_file {
    struct svc *svc;
    uint64_t handle, position;
};

static struct svc services[SERVICES];
static struct open_file files[FILES];
static uint64_t alloc_left, alloc_out, fault_at;
static uint64_t memories[MEMORIES];

static long mock_move(struct svc_req *req, uint64_t at, uint64_t n)
{
    if (at > req->buffer_size || n > req->buffer_size - at || at + n > fault_at)
        return -T_EFAULT;
    return 0;
}

static long mock_get(struct svc_req *req, uint64_t at, void *to, uint64_t n)
{
    long error = mock_move(req, at, n);
    uint64_t good = error && fault_at > at && n > fault_at - at ? fault_at - at : n;
    if (!error || good < n) /* a copy that faults half-way has moved the first half */
        memcpy(to, (const void *)(req->buffer + at), good);
    return error;
}

static long mock_put(struct svc_req *req, uint64_t at, const void *from, uint64_t n)
{
    long error = mock_move(req, at, n);
    if (!error)
        memcpy((void *)(req->buffer + at), from, n);
    return error;
}

static void *mock_alloc(struct svc *self, uint64_t bytes)
{
    (void)self;
    if (bytes > 4096 || bytes > alloc_left)
        return 0;
    alloc_left -= bytes;
    alloc_out += bytes;
    return calloc(1, bytes);
}

static void mock_free(struct svc *self, void *memory, uint64_t bytes)
{
    (void)self;
    alloc_out -= bytes;
    alloc_left += bytes;
    free(memory);
}

/* Objects are numbers here, with a size; how many there are counts as memory that is out. */
static long mock_memory(struct svc *self, uint64_t bytes)
{
    (void)self;
    if (bytes > alloc_left)
        return -T_ENOMEM;
    alloc_left -= bytes;
    alloc_out += bytes;
    for (long i = 0; i < MEMORIES; i++)
        if (!memories[i]) {
            memories[i] = bytes;
            return i;
        }
    return -T_EMFILE;
}

static void mock_memory_free(struct svc *self, long memory)
{
    (void)self;
    alloc_left += memories[memory];
    alloc_out -= memories[memory];
    memories[memory] = 0;
}

static const struct svc_host mock_host = {.get = mock_get,
                                          .put = mock_put,
                                          .alloc = mock_alloc,
                                          .free = mock_free,
                                          .memory = mock_memory,
                                          .memory_free = mock_memory_free};

void mock_start(uint64_t alloc_limit)
{
    const struct service_ops *const all[] = {&service_null, &service_zero, &service_echo,
                                             &service_ram, &service_shm};
    memset(files, 0, sizeof(files));
    alloc_left = alloc_limit;
    alloc_out = 0;
    fault_at = UINT64_MAX;
    for (unsigned i = 0; i < SERVICES; i++) {
        services[i] = (struct svc){all[i], &mock_host, 0};
        if (all[i]->start && all[i]->start(&services[i]) < 0)
            services[i].ops = 0;
    }
}

uint64_t mock_stop(void)
{
    for (unsigned i = 0; i < SERVICES; i++)
        if (services[i].ops && services[i].ops->stop)
            services[i].ops->stop(&services[i]);
    return alloc_out;
}

void mock_fault_at(uint64_t byte)
{
    fault_at = byte;
}

static struct svc *service_find(const char *path, size_t length)
{
    for (unsigned i = 0; i < SERVICES; i++)
        if (services[i].ops && strlen(services[i].ops->name) == length &&
            !memcmp(services[i].ops->name, path, length))
            return &services[i];
    return 0;
}

struct svc *mock_service(const char *name)
{
    return service_find(name, strlen(name));
}

static long file_install(struct svc *svc, long handle)
{
    int fd = 0;
    while (handle >= 0 && fd < FILES && files[fd].svc)
        fd++;
    if (handle < 0 || fd == FILES)
        return handle < 0 ? handle : -T_EMFILE;
    files[fd] = (struct open_file){svc, (uint64_t)handle, 0};
    return fd;
}

static long mock_open(const char *path, unsigned flags)
{
    const char *rest = strchr(path, ':');
    struct svc *svc = rest ? service_find(path, (size_t)(rest - path)) : 0;
    struct svc_req req = {.words = {flags}, .shorts = 1};
    if (!svc)
        return -T_ENODEV;
    return file_install(svc, svc_dispatch(svc, &req, OP_open, rest + 1, strlen(rest + 1)));
}

static struct open_file *file_at(int fd)
{
    return fd >= 0 && fd < FILES && files[fd].svc ? &files[fd] : 0;
}

static long mock_close(int fd)
{
    struct open_file *f = file_at(fd);
    if (!f)
        return -T_EBADF;
    struct svc_req req = {.handle = f->handle, .shorts = 1};
    svc_dispatch(f->svc, &req, OP_close, 0, 0);
    f->svc = 0;
    return 0;
}

static struct svc_req transfer(const struct open_file *f, uint64_t buffer, uint64_t n)
{
    return (struct svc_req){.handle = f->handle,
                            .count = n,
                            .offset = f->position,
                            .shorts = n <= FILE_INLINE_MAX,
                            .buffer = buffer,
                            .buffer_size = n};
}

static long position_move(struct open_file *f, long moved)
{
    if (moved > 0 && f->svc->ops->flags & SVC_POSITIONED)
        f->position += (uint64_t)moved;
    return moved;
}

static long mock_read(int fd, void *buffer, uint64_t n)
{
    struct open_file *f = file_at(fd);
    if (!f)
        return -T_EBADF;
    struct svc_req req = transfer(f, (uint64_t)buffer, n);
    long got = svc_dispatch(f->svc, &req, OP_read, 0, 0);
    if (req.shorts && got > 0)
        memcpy(buffer, req.words, (size_t)got);
    return position_move(f, got);
}

static long mock_write(int fd, const void *buffer, uint64_t n)
{
    struct open_file *f = file_at(fd);
    if (!f)
        return -T_EBADF;
    struct svc_req req = transfer(f, (uint64_t)buffer, n);
    if (req.shorts)
        memcpy(req.words, buffer, n);
    return position_move(f, svc_dispatch(f->svc, &req, OP_write, 0, 0));
}

static long mock_stat(int fd, struct file_stat *out)
{
    struct open_file *f = file_at(fd);
    if (!f)
        return -T_EBADF;
    struct svc_req req = {.handle = f->handle, .count = FCALL_STAT, .shorts = 1};
    long answer = svc_dispatch(f->svc, &req, OP_fcall, 0, 0);
    *out = (struct file_stat){req.words[0], req.words[1]};
    return answer;
}

static long mock_truncate(int fd, uint64_t bytes)
{
    struct open_file *f = file_at(fd);
    if (!f)
        return -T_EBADF;
    struct svc_req req = {.handle = f->handle, .count = FCALL_TRUNCATE, .shorts = 1};
    req.words[1] = bytes;
    return svc_dispatch(f->svc, &req, OP_fcall, 0, 0);
}

static long mock_seek(int fd, long offset, unsigned whence)
{
    struct open_file *f = file_at(fd);
    struct file_stat stat = {0, 0};
    if (!f)
        return -T_EBADF;
    if (!(f->svc->ops->flags & SVC_POSITIONED))
        return -T_ESPIPE;
    if (whence == SEEK_END && mock_stat(fd, &stat) < 0)
        return -T_EINVAL;
    uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? f->position : stat.bytes;
    f->position = base + (uint64_t)offset;
    return (long)f->position;
}

static long mock_dup(int fd)
{
    struct open_file *f = file_at(fd);
    if (!f)
        return -T_EBADF;
    struct svc_req req = {.handle = f->handle, .shorts = 1};
    return file_install(f->svc, svc_dispatch(f->svc, &req, OP_dup, 0, 0));
}

const struct conform_files mock_files = {mock_open, mock_close, mock_read, mock_write,
                                         mock_seek, mock_dup,   mock_stat, mock_truncate};
