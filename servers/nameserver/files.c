/* SPDX-License-Identifier: MIT
 * The ops of name:, see files.h. Pure over struct names: called by the nameserver and host tests.
 */
#include "servers/nameserver/files.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/window.h"

#define LISTING        0u /* the kernel's TID, which owns no name */
#define DIRECTORY_MODE 0040555u
#define FILE_MODE      0100444u

static long name_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    uint64_t name[NAME_WORDS] = {0};
    if (req->words[0] & (O_CREAT | O_TRUNC | O_WRONLY))
        return -T_EACCES;
    if (!length)
        return LISTING;
    if (length > NAME_BYTES_MAX)
        return -T_ENAMETOOLONG;
    memcpy(name, path, length);
    return names_find(self->state, name, req->level);
}

static long name_dup(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)path;
    return length ? -T_EOPNOTSUPP : (long)req->handle;
}

/* The whole text of the file, as far as the window shows it; an error when its owner is gone. */
static long name_text(struct names *names, uint64_t handle, struct window *w)
{
    char line[24];
    if (handle != LISTING) {
        if (!names->alive((uint32_t)handle))
            return -T_ESRCH;
        window_put(w, line, print_to(line, sizeof(line), "%lu\n", handle));
        return 0;
    }
    names_sweep(names);
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        const char *name = (const char *)names->entry[i].name;
        if (!*name)
            continue;
        window_put(w, name, strlen(name));
        window_put(w, "\n", 1);
    }
    return 0;
}

static long name_read(struct svc *self, struct svc_req *req)
{
    struct window w = window_of(req, NAMES_STAGE_BYTES);
    long error = name_text(self->state, req->handle, &w);
    return error < 0 ? error : window_bytes(&w);
}

static long name_fcall(struct svc *self, struct svc_req *req)
{
    struct window w = {0, 0, 0, 0};
    if (req->count != FCALL_STAT)
        return -T_EOPNOTSUPP;
    long error = name_text(self->state, req->handle, &w);
    req->words[0] = w.at;
    req->words[1] = req->handle == LISTING ? DIRECTORY_MODE : FILE_MODE;
    return error;
}

const struct service_ops name_service = {
    .name = "name",
    .flags = SVC_POSITIONED,
    .open = name_open,
    .dup = name_dup,
    .read = name_read,
    .fcall = name_fcall,
};
