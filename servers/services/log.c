/* SPDX-License-Identifier: MIT
 * log: files to which whole lines are appended and nothing else. log:NAME is anybody's, at most
 * LOG_FILES of a page each, of which the oldest lines go first; log:debug, which the machine's own
 * log shows, opens for level 0 only. What a descriptor may do was decided when it was opened: who
 * was handed one may append by it, whatever his level, and no name that he says can widen that.
 * Invariant: the text of a file is whole lines. Called through its table only. */
#include "servers/service.h"

#define LOG_FILES    8u
#define LOG_NAME_MAX 15u
#define LOG_BYTES    4096u
#define LOG_LINE     256u /* longest, its newline included */
#define LOG_DEBUG    LOG_FILES
#define LOG_MODE     0100622u

struct log_file {
    char name[LOG_NAME_MAX + 1]; /* empty: a free place */
    uint64_t bytes;
    char *text;
};

struct log_state {
    struct log_file file[LOG_FILES];
};

static struct log_file *log_find(struct svc *self, uint64_t handle)
{
    struct log_state *state = self->state;
    return handle < LOG_FILES && state->file[handle].name[0] ? &state->file[handle] : 0;
}

static int log_same(const char *name, const char *path, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        if (name[i] != path[i])
            return 0;
    return name[length] == 0;
}

static long log_start(struct svc *self)
{
    self->state = self->host->alloc(self, sizeof(struct log_state));
    return self->state ? 0 : -T_ENOMEM;
}

static void log_stop(struct svc *self)
{
    struct log_state *state = self->state;
    for (uint64_t i = 0; i < LOG_FILES; i++)
        if (state->file[i].text)
            self->host->free(self, state->file[i].text, LOG_BYTES);
    self->host->free(self, state, sizeof(*state));
    self->state = 0;
}

static long log_create(struct svc *self, const char *path, uint64_t length)
{
    struct log_state *state = self->state;
    uint64_t i = 0;
    while (i < LOG_FILES && state->file[i].name[0])
        i++;
    if (i == LOG_FILES)
        return -T_ENOSPC;
    state->file[i].text = self->host->alloc(self, LOG_BYTES);
    if (!state->file[i].text)
        return -T_ENOMEM;
    for (uint64_t j = 0; j < length; j++)
        state->file[i].name[j] = path[j];
    return (long)i;
}

static long log_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    static const char debug[] = "debug";
    if (length > LOG_NAME_MAX)
        return -T_ENAMETOOLONG;
    if (!length || req->words[0] & O_TRUNC)
        return length ? -T_EACCES : -T_EINVAL;
    if (log_same(debug, path, length))
        return req->level ? -T_EACCES : (long)LOG_DEBUG;
    for (uint64_t i = 0; i < LOG_FILES; i++)
        if (log_find(self, i) && log_same(log_find(self, i)->name, path, length))
            return (long)i;
    return req->words[0] & O_CREAT ? log_create(self, path, length) : -T_ENOENT;
}

static long log_dup(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)path;
    if (!log_find(self, req->handle) && req->handle != LOG_DEBUG)
        return -T_EBADF;
    return length ? -T_EOPNOTSUPP : (long)req->handle;
}

static long log_read(struct svc *self, struct svc_req *req)
{
    struct log_file *file = log_find(self, req->handle);
    if (!file)
        return -T_EBADF;
    uint64_t left = req->offset < file->bytes ? file->bytes - req->offset : 0;
    uint64_t n = req->count < left ? req->count : left;
    long error = svc_put(self, req, file->text + req->offset, n);
    return error < 0 ? error : (long)n;
}

/* Whole lines go from the front until n bytes more have room. */
static void log_make_room(struct log_file *file, uint64_t n)
{
    uint64_t cut = 0;
    while (file->bytes - cut + n > LOG_BYTES)
        while (file->text[cut++] != '\n')
            ;
    for (uint64_t i = cut; cut && i < file->bytes; i++)
        file->text[i - cut] = file->text[i];
    file->bytes -= cut;
}

/* One write is one line: bytes that would look like another line's are made dots. */
static long log_write(struct svc *self, struct svc_req *req)
{
    struct log_file *file = log_find(self, req->handle);
    char line[LOG_LINE];
    uint64_t n = req->count < LOG_LINE - 1 ? req->count : LOG_LINE - 1;
    if (!file && req->handle != LOG_DEBUG)
        return -T_EBADF;
    long error = svc_get(self, req, line, n);
    if (error < 0)
        return error;
    uint64_t end = n && line[n - 1] == '\n' ? n - 1 : n;
    for (uint64_t i = 0; i < end; i++)
        if (line[i] < ' ')
            line[i] = '.';
    line[end++] = '\n';
    if (!file) {
        self->host->log(self, line, end);
        return (long)n;
    }
    log_make_room(file, end);
    for (uint64_t i = 0; i < end; i++)
        file->text[file->bytes + i] = line[i];
    file->bytes += end;
    return (long)n;
}

static long log_fcall(struct svc *self, struct svc_req *req)
{
    struct log_file *file = log_find(self, req->handle);
    if (!file && req->handle != LOG_DEBUG)
        return -T_EBADF;
    if (req->count == FCALL_STAT) {
        req->words[0] = file ? file->bytes : 0;
        req->words[1] = LOG_MODE;
        return 0;
    }
    if (req->count == FCALL_TRUNCATE)
        return -T_EACCES;
    return req->count == FCALL_SYNC ? 0 : -T_EOPNOTSUPP;
}

extern const struct service_ops service_log;
const struct service_ops service_log = {
    .name = "log",
    .flags = SVC_POSITIONED,
    .start = log_start,
    .stop = log_stop,
    .open = log_open,
    .dup = log_dup,
    .read = log_read,
    .write = log_write,
    .fcall = log_fcall,
};
