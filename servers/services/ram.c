/* SPDX-License-Identifier: MIT
 * ram: named files in memory, one flat directory: at most RAM_FILES of up to RAM_FILE_BYTES each,
 * RAM_PAGES pages in all. Names have 1 to RAM_NAME_MAX bytes; a leading slash is skipped. A file's
 * handle number is its place in the table; one that is unlinked keeps it until its last close. The
 * empty name is the directory: FCALL_ENTRIES lists it.
 * Invariant: bytes of a page past the file's end are zero, so growing shows no old data.
 * Called through its table only. */
#include "servers/service.h"

#define RAM_FILES      32u
#define RAM_NAME_MAX   31u
#define RAM_PAGE       4096u
#define RAM_FILE_PAGES 16u
#define RAM_FILE_BYTES (RAM_FILE_PAGES * RAM_PAGE)
#define RAM_PAGES      128u
#define RAM_MODE       0100666u
#define RAM_DIRECTORY  RAM_FILES /* its handle */
#define RAM_DIR_MODE   0040777u

struct ram_file {
    char name[RAM_NAME_MAX + 1]; /* empty: a free place */
    uint32_t uses, gone;         /* open handles; unlinked */
    uint64_t bytes;
    unsigned char *page[RAM_FILE_PAGES]; /* 0: a hole, reads as zeros */
};

/* Files are allocated in groups, because one allocation is at most 4096 bytes. */
#define RAM_GROUP 16u
struct ram_state {
    struct ram_file *file[RAM_FILES]; /* the first of each group names what was allocated */
    uint64_t pages;
};

struct ram_name {
    const char *text;
    uint64_t length;
};

static struct ram_file *ram_place(struct svc *self, uint64_t number)
{
    struct ram_state *state = self->state;
    return state->file[number];
}

static struct ram_file *ram_find(struct svc *self, uint64_t number)
{
    if (number >= RAM_FILES)
        return 0;
    struct ram_file *file = ram_place(self, number);
    return file->name[0] ? file : 0;
}

static int ram_same(const struct ram_file *file, struct ram_name name)
{
    if (file->gone)
        return 0;
    for (uint64_t i = 0; i < name.length; i++)
        if (file->name[i] != name.text[i])
            return 0;
    return file->name[name.length] == 0;
}

/* The number of the file of that name (an empty name: of a free place), or RAM_FILES. */
static uint64_t ram_lookup(struct svc *self, struct ram_name name)
{
    uint64_t i = 0;
    while (i < RAM_FILES && !ram_same(ram_place(self, i), name))
        i++;
    return i;
}

/* Frees what lies past `bytes` and clears the rest of the page that it ends in. */
static void ram_cut(struct svc *self, struct ram_file *file, uint64_t bytes)
{
    struct ram_state *state = self->state;
    uint64_t last = bytes / RAM_PAGE;
    for (uint64_t i = last; i < RAM_FILE_PAGES; i++) {
        unsigned char *page = file->page[i];
        if (!page)
            continue;
        if (i == last && bytes % RAM_PAGE) {
            for (uint64_t at = bytes % RAM_PAGE; at < RAM_PAGE; at++)
                page[at] = 0;
            continue;
        }
        self->host->free(self, page, RAM_PAGE);
        file->page[i] = 0;
        state->pages--;
    }
    file->bytes = bytes;
}

static unsigned char *ram_page(struct svc *self, struct ram_file *file, uint64_t index)
{
    struct ram_state *state = self->state;
    if (!file->page[index] && state->pages < RAM_PAGES) {
        file->page[index] = self->host->alloc(self, RAM_PAGE);
        state->pages += file->page[index] != 0;
    }
    return file->page[index];
}

static void ram_stop(struct svc *self)
{
    struct ram_state *state = self->state;
    for (uint64_t i = 0; i < RAM_FILES && state->file[i]; i += RAM_GROUP) {
        for (uint64_t j = 0; j < RAM_GROUP; j++)
            ram_cut(self, state->file[i + j], 0);
        self->host->free(self, state->file[i], RAM_GROUP * sizeof(struct ram_file));
    }
    self->host->free(self, state, sizeof(*state));
    self->state = 0;
}

static long ram_start(struct svc *self)
{
    struct ram_state *state = self->host->alloc(self, sizeof(*state));
    self->state = state;
    if (!state)
        return -T_ENOMEM;
    for (uint64_t i = 0; i < RAM_FILES; i += RAM_GROUP) {
        struct ram_file *group = self->host->alloc(self, RAM_GROUP * sizeof(struct ram_file));
        if (!group) {
            ram_stop(self);
            return -T_ENOMEM;
        }
        for (uint64_t j = 0; j < RAM_GROUP; j++)
            state->file[i + j] = &group[j];
    }
    return 0;
}

static long ram_create(struct svc *self, struct ram_name name)
{
    uint64_t number = ram_lookup(self, (struct ram_name){0, 0});
    if (number == RAM_FILES)
        return -T_ENOSPC;
    struct ram_file *file = ram_place(self, number);
    for (uint64_t i = 0; i < name.length; i++)
        file->name[i] = name.text[i];
    file->uses = 1;
    return (long)number;
}

static long ram_name_check(struct ram_name name)
{
    if (name.length > RAM_NAME_MAX)
        return -T_ENAMETOOLONG;
    for (uint64_t i = 0; i < name.length; i++)
        if (!name.text[i])
            return -T_EINVAL;
    return 0;
}

static long ram_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    uint64_t skip = length && path[0] == '/';
    struct ram_name name = {path + skip, length - skip};
    if (!name.length)
        return req->words[0] & (O_CREAT | O_TRUNC) ? -T_EINVAL : (long)RAM_DIRECTORY;
    long bad = ram_name_check(name);
    if (bad < 0)
        return bad;
    uint64_t number = ram_lookup(self, name);
    if (number == RAM_FILES)
        return req->words[0] & O_CREAT ? ram_create(self, name) : -T_ENOENT;
    if ((req->words[0] & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -T_EEXIST;
    if (req->words[0] & O_TRUNC)
        ram_cut(self, ram_place(self, number), 0);
    ram_place(self, number)->uses++;
    return (long)number;
}

/* The last handle of an unlinked file went: its place is free. */
static void ram_forget(struct svc *self, struct ram_file *file)
{
    if (!file->gone || file->uses)
        return;
    ram_cut(self, file, 0);
    file->gone = 0;
    for (uint64_t i = 0; i <= RAM_NAME_MAX; i++)
        file->name[i] = 0;
}

static long ram_close(struct svc *self, struct svc_req *req)
{
    struct ram_file *file = ram_find(self, req->handle);
    if (!file)
        return req->handle == RAM_DIRECTORY ? 0 : -T_EBADF;
    file->uses--;
    ram_forget(self, file);
    return 0;
}

static long ram_unlink(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    uint64_t skip = length && path[0] == '/';
    struct ram_name name = {path + skip, length - skip};
    (void)req;
    long bad = name.length ? ram_name_check(name) : -T_EINVAL;
    uint64_t number = bad < 0 ? RAM_FILES : ram_lookup(self, name);
    if (number == RAM_FILES)
        return bad < 0 ? bad : -T_ENOENT;
    ram_place(self, number)->gone = 1;
    ram_forget(self, ram_place(self, number));
    return 0;
}

static long ram_dup(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)path;
    struct ram_file *file = ram_find(self, req->handle);
    if (!file && req->handle != RAM_DIRECTORY)
        return -T_EBADF;
    if (length)
        return -T_EOPNOTSUPP;
    if (file)
        file->uses++;
    return (long)req->handle;
}

/* A part of a transfer that lies in one page: answer or data bytes [at, at + bytes). */
struct ram_piece {
    uint64_t at, bytes;
};

static struct ram_piece ram_next(const struct svc_req *req, uint64_t at, uint64_t total)
{
    uint64_t room = RAM_PAGE - (req->offset + at) % RAM_PAGE;
    return (struct ram_piece){at, total - at < room ? total - at : room};
}

static long ram_piece_out(struct svc *self, struct svc_req *req, struct ram_piece piece,
                          const unsigned char *from)
{
    static const unsigned char hole[RAM_PAGE];
    unsigned char *words = (unsigned char *)req->words;
    if (!from)
        from = hole;
    if (!req->shorts)
        return self->host->put(req, piece.at, from, piece.bytes);
    for (uint64_t i = 0; i < piece.bytes; i++)
        words[piece.at + i] = from[i];
    return 0;
}

static long ram_piece_in(struct svc *self, struct svc_req *req, struct ram_piece piece,
                         unsigned char *to)
{
    const unsigned char *words = (const unsigned char *)req->words;
    if (!req->shorts)
        return self->host->get(req, piece.at, to, piece.bytes);
    for (uint64_t i = 0; i < piece.bytes; i++)
        to[i] = words[piece.at + i];
    return 0;
}

static __attribute__((noinline)) long ram_fetch(struct svc *self, struct svc_req *req,
                                                struct ram_file *file, uint64_t total)
{
    for (uint64_t at = 0; at < total;) {
        struct ram_piece piece = ram_next(req, at, total);
        const unsigned char *page = file->page[(req->offset + at) / RAM_PAGE];
        const unsigned char *from = page ? page + (req->offset + at) % RAM_PAGE : 0;
        long error = ram_piece_out(self, req, piece, from);
        if (error < 0)
            return error;
        at += piece.bytes;
    }
    return (long)total;
}

static long ram_read(struct svc *self, struct svc_req *req)
{
    struct ram_file *file = ram_find(self, req->handle);
    uint64_t offset = req->offset, in = offset % RAM_PAGE;
    if (!file)
        return -T_EBADF;
    if (offset >= file->bytes)
        return 0;
    uint64_t left = file->bytes - offset, total = req->count < left ? req->count : left;
    const unsigned char *page = file->page[offset / RAM_PAGE];
    if (req->shorts || !page || total > RAM_PAGE - in) /* else one piece, as most are */
        return ram_fetch(self, req, file, total);
    long error = self->host->put(req, 0, page + in, total);
    return error < 0 ? error : (long)total;
}

/* Bytes from req->offset on; what was stored before an error counts. */
static long ram_store(struct svc *self, struct svc_req *req, struct ram_file *file, uint64_t total)
{
    for (uint64_t at = 0; at < total;) {
        struct ram_piece piece = ram_next(req, at, total);
        uint64_t position = req->offset + at;
        unsigned char *page = ram_page(self, file, position / RAM_PAGE);
        long error = page ? ram_piece_in(self, req, piece, page + position % RAM_PAGE) : -T_ENOSPC;
        if (error < 0) {
            ram_cut(self, file, file->bytes); /* the copy may have begun past the end */
            return at ? (long)at : error;
        }
        at += piece.bytes;
        if (file->bytes < req->offset + at)
            file->bytes = req->offset + at;
    }
    return (long)total;
}

static long ram_write(struct svc *self, struct svc_req *req)
{
    struct ram_file *file = ram_find(self, req->handle);
    if (!file)
        return -T_EBADF;
    if (!req->count)
        return 0;
    if (req->offset >= RAM_FILE_BYTES)
        return -T_EFBIG;
    uint64_t room = RAM_FILE_BYTES - req->offset;
    return ram_store(self, req, file, req->count < room ? req->count : room);
}

/* A window [from, from + room) on the names, one a line. */
struct ram_list {
    uint64_t from, room, at;
    unsigned char line[RAM_NAME_MAX + 1];
};

/* The line that is in place goes where the window is. */
static long ram_line(struct svc *self, struct svc_req *req, struct ram_list *list, uint64_t n)
{
    uint64_t skip = list->from > list->at ? list->from - list->at : 0;
    uint64_t to = list->at > list->from ? list->at - list->from : 0;
    list->at += n;
    if (skip >= n || to >= list->room)
        return 0;
    n -= skip;
    return self->host->put(req, to, list->line + skip, n < list->room - to ? n : list->room - to);
}

/* Bytes of the whole listing; what of it is in the window is put. */
static long ram_entries(struct svc *self, struct svc_req *req, struct ram_list *list)
{
    for (uint64_t i = 0; i < RAM_FILES; i++) {
        const struct ram_file *file = ram_find(self, i);
        uint64_t n = 0;
        if (!file || file->gone)
            continue;
        for (; file->name[n]; n++)
            list->line[n] = (unsigned char)file->name[n];
        list->line[n] = '\n';
        long error = ram_line(self, req, list, n + 1);
        if (error < 0)
            return error;
    }
    return (long)list->at;
}

static long ram_directory(struct svc *self, struct svc_req *req)
{
    struct ram_list list = {req->words[1], 0, 0, {0}};
    if (req->count == FCALL_SYNC)
        return 0;
    if (req->count == FCALL_STAT) {
        req->words[0] = (uint64_t)ram_entries(self, req, &list);
        req->words[1] = RAM_DIR_MODE;
        return 0;
    }
    if (req->count != FCALL_ENTRIES)
        return -T_EOPNOTSUPP;
    if (req->shorts)
        return -T_EINVAL;
    list.room = req->words[4];
    long all = ram_entries(self, req, &list);
    if (all < 0)
        return all;
    uint64_t left = (uint64_t)all > list.from ? (uint64_t)all - list.from : 0;
    return (long)(left < list.room ? left : list.room);
}

static long ram_fcall(struct svc *self, struct svc_req *req)
{
    struct ram_file *file = ram_find(self, req->handle);
    if (req->handle == RAM_DIRECTORY)
        return ram_directory(self, req);
    if (!file)
        return -T_EBADF;
    if (req->count == FCALL_SYNC)
        return 0;
    if (req->count == FCALL_STAT) {
        req->words[0] = file->bytes;
        req->words[1] = RAM_MODE;
        return 0;
    }
    if (req->count != FCALL_TRUNCATE)
        return -T_EOPNOTSUPP;
    if (req->words[1] > RAM_FILE_BYTES)
        return -T_EFBIG;
    ram_cut(self, file, req->words[1]);
    return 0;
}

/* A file's state travels as one of these without data, which names it, then its pages in halves;
 * holes do not travel. */
#define RAM_HALF   (RAM_PAGE / 2)
#define RAM_HALVES (RAM_FILE_BYTES / RAM_HALF)
#define RAM_STEPS  (RAM_HALVES + 1) /* of the cursor for each file */
struct ram_state_piece {
    uint32_t number, at; /* place in the table; byte of the file, RAM_FILE_BYTES: the naming one */
    uint64_t bytes;      /* of the file */
    uint32_t uses, gone;
    char name[RAM_NAME_MAX + 1];
    unsigned char data[RAM_HALF];
};

static uint64_t ram_part(uint64_t bytes, uint64_t at)
{
    return at >= bytes ? 0 : bytes - at < RAM_HALF ? bytes - at : RAM_HALF;
}

/* By words: nobody is answered meanwhile. */
static void ram_carry(unsigned char *to, const unsigned char *from, uint64_t n)
{
    uint64_t i = 0;
    for (; i + sizeof(uint64_t) <= n; i += sizeof(uint64_t))
        __builtin_memcpy(to + i, from + i, sizeof(uint64_t));
    for (; i < n; i++)
        to[i] = from[i];
}

static long ram_save(struct svc *self, uint64_t *cursor, void *to, uint64_t size)
{
    struct ram_state_piece *piece = to;
    if (size < sizeof(*piece))
        return -T_EINVAL;
    for (uint64_t c = *cursor; c < RAM_FILES * RAM_STEPS; c++) {
        const struct ram_file *file = ram_find(self, c / RAM_STEPS);
        int naming = c % RAM_STEPS == 0;
        uint64_t at = naming ? RAM_FILE_BYTES : (c % RAM_STEPS - 1) * RAM_HALF;
        uint64_t n = file && !naming ? ram_part(file->bytes, at) : 0;
        if (!file || (!naming && (!n || !file->page[at / RAM_PAGE])))
            continue;
        piece->number = (uint32_t)(c / RAM_STEPS);
        piece->at = (uint32_t)at;
        piece->bytes = file->bytes;
        piece->uses = file->uses;
        piece->gone = file->gone;
        for (uint64_t i = 0; i < sizeof(piece->name); i++)
            piece->name[i] = file->name[i];
        if (n)
            ram_carry(piece->data, file->page[at / RAM_PAGE] + at % RAM_PAGE, n);
        *cursor = c + 1;
        return (long)(offsetof(struct ram_state_piece, data) + n);
    }
    return 0;
}

static long ram_load(struct svc *self, const void *from, uint64_t bytes)
{
    const struct ram_state_piece *piece = from;
    uint64_t at = piece->at;
    if (bytes < offsetof(struct ram_state_piece, data) || piece->number >= RAM_FILES ||
        !piece->name[0] || piece->name[RAM_NAME_MAX] || piece->bytes > RAM_FILE_BYTES ||
        at % RAM_HALF || at > RAM_FILE_BYTES)
        return -T_EINVAL;
    struct ram_file *file = ram_place(self, piece->number);
    int naming = at == RAM_FILE_BYTES;
    uint64_t n = naming ? 0 : ram_part(piece->bytes, at);
    if (naming == (file->name[0] != 0) || bytes != offsetof(struct ram_state_piece, data) + n)
        return -T_EINVAL;
    if (naming) {
        for (uint64_t i = 0; i < sizeof(file->name); i++)
            file->name[i] = piece->name[i];
        file->bytes = piece->bytes;
        file->uses = piece->uses;
        file->gone = piece->gone;
        return 0;
    }
    unsigned char *page =
        n && piece->bytes == file->bytes ? ram_page(self, file, at / RAM_PAGE) : 0;
    if (page)
        ram_carry(page + at % RAM_PAGE, piece->data, n);
    return page ? 0 : -T_ENOSPC;
}

extern const struct service_ops service_ram;
const struct service_ops service_ram = {
    .name = "ram",
    .flags = SVC_POSITIONED | SVC_PROMPT,
    .start = ram_start,
    .stop = ram_stop,
    .open = ram_open,
    .close = ram_close,
    .unlink = ram_unlink,
    .dup = ram_dup,
    .read = ram_read,
    .write = ram_write,
    .fcall = ram_fcall,
    .save = ram_save,
    .load = ram_load,
};
