/* SPDX-License-Identifier: MIT
 * See module.h. A module is placed in a stretch of the window of its own, with at least one absent
 * page behind it. The file is staged in another stretch, and all that is used was checked there
 * before (modelf.h). */
#include "kernel/core/module.h"

#include "kernel/abi/boot.h"
#include "kernel/core/modelf.h"
#include "kernel/core/scheme.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"

#define STRIDE (256u << 10) /* above MODULE_BYTES_MAX and MODULE_FILE_BYTES, guard included */
#define STAGE  MODULES      /* the stretch behind the last module */

_Static_assert(MODULE_BYTES_MAX < STRIDE && MODULE_FILE_BYTES < STRIDE, "a guard page is left");
_Static_assert(MODULE_BASE + (MODULES + 1ull) * STRIDE <= MODULE_END, "the window holds them");

struct module {
    struct module_image image;
    const struct service_ops *ops; /* 0: a free place */
    uint32_t uses;
};

static struct module modules[MODULES];
static uint8_t *frames[MODULE_BYTES_MAX / PAGE_SIZE]; /* of the module that is being placed */

static vaddr_t stretch(uint32_t index)
{
    return MODULE_BASE + (vaddr_t)index * STRIDE;
}

/* Unmaps what is mapped of [at, at + bytes) and frees it. */
static void pages_free(vaddr_t at, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes; done += PAGE_SIZE) {
        paddr_t page = paging_unmap(at + done);
        if (page)
            page_unref(page);
    }
}

/* One fresh page there; its frame as the kernel sees it, 0: ENOMEM. */
static void *page_place(vaddr_t at, unsigned prot)
{
    paddr_t page = page_alloc();

    if (!page)
        return 0;
    if (!paging_map(at, page, prot))
        return page_pointer(page);
    page_unref(page);
    return 0;
}

static struct module *module_of(const struct service_ops *ops)
{
    for (unsigned i = 0; i < MODULES; i++)
        if (ops && modules[i].ops == ops)
            return &modules[i];
    return 0;
}

static void module_unload(struct module *m)
{
    pages_free(stretch((uint32_t)(m - modules)), m->image.bytes);
    *m = (struct module){.ops = 0};
}

/* Copies the part of the file that lies in the page at offset `at` of the module. */
static void page_fill(uint8_t *page, uint32_t at, const struct module_segment *s,
                      const uint8_t *file)
{
    uint32_t from = at - s->at;
    uint32_t left = from < s->file_bytes ? s->file_bytes - from : 0;

    memcpy(page, file + s->file_at + from, left < PAGE_SIZE ? left : PAGE_SIZE);
}

static enum err segment_place(vaddr_t base, const struct module_segment *s, const uint8_t *file)
{
    for (uint32_t at = s->at; at < s->at + s->bytes; at += (uint32_t)PAGE_SIZE) {
        uint8_t *page = page_place(base + at, s->exec ? PROT_READ | PROT_EXEC : PROT_READ);
        if (!page)
            return T_ENOMEM;
        page_fill(page, at, s, file);
        frames[at / PAGE_SIZE] = page;
    }
    return OK;
}

/* Tables are mapped without W: they are written through the frames' other address, while nobody
 * knows of them yet. The relocations come from the stage, which they cannot change. */
static enum err module_place(const struct module *m, const uint8_t *file)
{
    vaddr_t base = stretch((uint32_t)(m - modules));
    const struct module_image *image = &m->image;
    enum err e = OK;

    for (uint32_t i = 0; !e && i < image->segment_count; i++)
        e = segment_place(base, &image->segment[i], file);
    for (uint32_t i = 0; !e && i < image->reloc_count; i++) {
        struct module_reloc r = module_reloc(file, image, i);
        uint64_t word = base + r.addend;
        memcpy(frames[r.at / PAGE_SIZE] + r.at % PAGE_SIZE, &word, sizeof(word));
    }
    return e;
}

static enum err refused(const char *why)
{
    klog("module: refused: %s\n", why);
    return T_ENOEXEC;
}

/* The new module takes its name: from one that nobody uses, or for a scheme that is not there. */
static enum err module_enter(struct module *m, const struct service_ops *ops)
{
    const struct service_ops *older = module_find(ops->name);
    uint64_t length = 0;

    if (older && module_of(older)->uses)
        return T_EBUSY;
    if (older)
        module_unload(module_of(older));
    m->ops = ops;
    while (ops->name[length])
        length++;
    return scheme_find(ops->name, length) ? OK : scheme_link(ops);
}

static enum err module_load(const uint8_t *file, uint64_t size)
{
    struct module *m = modules;

    while (m < modules + MODULES && m->ops)
        m++;
    if (m == modules + MODULES)
        return T_EMFILE;
    const char *bad = module_check(file, size, &m->image);
    if (bad)
        return refused(bad);
    vaddr_t base = stretch((uint32_t)(m - modules));
    const struct service_ops *ops = (const struct service_ops *)(base + m->image.table);
    enum err e = module_place(m, file);
    if (!e && (bad = module_table_check(ops, &m->image, base)))
        e = refused(bad);
    if (!e)
        e = module_enter(m, ops);
    if (e)
        module_unload(m);
    return e;
}

long module_write(struct svc *self, struct svc_req *req)
{
    uint64_t size = req->count;
    enum err e = OK;

    if (req->shorts || size > MODULE_FILE_BYTES)
        return -T_EINVAL;
    for (uint64_t at = 0; !e && at < size; at += PAGE_SIZE)
        e = page_place(stretch(STAGE) + at, PROT_READ | PROT_WRITE) ? OK : T_ENOMEM;
    long result = -(long)e;
    if (!e)
        result = self->host->get(req, 0, (void *)stretch(STAGE), size);
    if (!result)
        result = -(long)module_load((const uint8_t *)stretch(STAGE), size);
    pages_free(stretch(STAGE), size);
    return result ? result : (long)size;
}

const struct service_ops *module_find(const char *name)
{
    for (unsigned i = 0; i < MODULES; i++)
        if (modules[i].ops && !memcmp(modules[i].ops->name, name, sizeof(modules[i].ops->name)))
            return modules[i].ops;
    return 0;
}

void module_use(const struct service_ops *ops)
{
    struct module *m = module_of(ops);

    if (m)
        m->uses++;
}

void module_drop(const struct service_ops *ops)
{
    struct module *m = module_of(ops);

    if (m && !--m->uses)
        module_unload(m);
}

bool module_holds(const struct service_ops *ops)
{
    return module_of(ops) != 0;
}

bool module_view(unsigned index, struct module_view *view)
{
    const struct module *m = &modules[index];

    if (m->ops)
        *view = (struct module_view){m->ops->name, m->image.bytes, m->uses != 0};
    return m->ops != 0;
}
