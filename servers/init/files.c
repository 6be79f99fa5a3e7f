/* SPDX-License-Identifier: MIT
 * The scheme init:, one file in one directory: init:servers lists the servers that init looks after
 * and their states. Read-only; made at each read, so it is kept nowhere.
 * Invariant: a request is answered at once. While init waits for a server to begin, readers wait.
 */
#include "servers/init/init.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"

#define FILE_NAME "servers"

enum { ROOT, LIST };

static long init_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self;
    if (req->words[0] & (O_CREAT | O_TRUNC | O_WRONLY))
        return -T_EACCES;
    if (!length)
        return ROOT;
    return length == sizeof(FILE_NAME) - 1 && !memcmp(path, FILE_NAME, length) ? LIST : -T_ENOENT;
}

static void text_make(uint64_t handle, struct window *w)
{
    if (handle == LIST)
        servers_list(w);
    else
        window_put(w, FILE_NAME "\n", sizeof(FILE_NAME));
}

static long init_read(struct svc *self, struct svc_req *req)
{
    struct window w = window_of(req, INIT_STAGE_BYTES);
    (void)self;
    text_make(req->handle, &w);
    return window_bytes(&w);
}

static long init_fcall(struct svc *self, struct svc_req *req)
{
    struct window w = {0, 0, 0, 0};
    (void)self;
    if (req->count != FCALL_STAT)
        return -T_EOPNOTSUPP;
    text_make(req->handle, &w);
    req->words[0] = w.at;
    req->words[1] = req->handle == LIST ? 0100444u : 0040555u;
    return 0;
}

const struct service_ops init_service = {.name = "init",
                                         .flags = SVC_POSITIONED,
                                         .open = init_open,
                                         .read = init_read,
                                         .fcall = init_fcall};

void files_serve(void)
{
    static unsigned char path[4096] __attribute__((aligned(4096)));
    long error =
        sys_taskctl(0, TASK_RXBUF, (struct taskctl){.a = (uint64_t)path, .b = sizeof(path)});
    if (error >= 0)
        error = file_open(":init", O_RDWR | O_CREAT | O_EXCL | O_POSITIONED);
    if (error < 0)
        print("init: cannot serve init: %s\n", error_text(error));
}
