/* SPDX-License-Identifier: MIT
 * What is asked of a host, and what it has; see bench/tune/tune.h. */
#include "bench/tune/tune.h"

#include <stdlib.h>
#include <string.h>

#include "bench/figure.h"
#include "bench/file.h"
#include "traces/say.h"

#define PAGE_MIB 2u

/* Sets what a name asks for; false: it is none. */
static bool name_take(const char *name, size_t length, struct tune_wish *out)
{
#define X(member, text)                                                                            \
    if (strlen(text) == length && !strncmp(name, text, length)) {                                  \
        out->member = true;                                                                        \
        return true;                                                                               \
    }
    TUNE_ITEMS(X)
#undef X
    return false;
}

const char *tune_parse(const char *text, struct tune_wish *out)
{
    struct tune_wish wish = {.pin = false};
    const char *at = text;

    memcpy(wish.governor, out->governor, sizeof(wish.governor));
    if (!strcmp(text, "all"))
        wish.pin = wish.priority = wish.hugepages = true;
    else if (strcmp(text, "off"))
        for (bool more = true; more; at += more) {
            const size_t length = strcspn(at, ",");
            if (!name_take(at, length, &wish))
                return "all, off, or some of pin,priority,hugepages";
            at += length;
            more = *at == ',';
        }
    *out = wish;
    return NULL;
}

void tune_text(const struct tune_wish *wish, char *out, size_t size)
{
    size_t used = 0;

    snprintf(out, size, "off");
#define X(member, name)                                                                            \
    if (wish->member && used < size)                                                               \
        used += (size_t)snprintf(out + used, size - used, "%s" name, used ? "," : "");
    TUNE_ITEMS(X)
#undef X
}

static unsigned pages_read(const char *sys, const char *name)
{
    char path[200], text[32];

    snprintf(path, sizeof(path), "%s/kernel/mm/hugepages/hugepages-2048kB/%s", sys, name);
    return file_line(path, text, sizeof(text)) ? (unsigned)strtoul(text, NULL, 10) : 0;
}

unsigned tune_pages_free(const char *sys)
{
    const unsigned kept = pages_read(sys, "resv_hugepages"); /* promised to others */
    const unsigned all = pages_read(sys, "free_hugepages");

    return all > kept ? all - kept : 0;
}

/* What QEMU gets where the pool has too few: it asks for large pages by madvise by itself. */
static void transparent_explain(unsigned free_pages, unsigned wanted, struct tune_item *item)
{
    char modes[64] = "";
    const bool known =
        file_line("/sys/kernel/mm/transparent_hugepage/enabled", modes, sizeof(modes));

    snprintf(item->what, sizeof(item->what),
             "%u of %u pages of 2 MiB free (sysctl vm.nr_hugepages=%u); %s", free_pages, wanted,
             wanted,
             known && !strstr(modes, "[never]") ? "transparent ones where the host finds some"
                                                : "nor are there transparent ones");
}

static void hugepages_look(const struct tune_ask *ask, struct tune *out)
{
    const unsigned wanted = ask->memory_mib / PAGE_MIB * ask->jobs;
    const unsigned free_pages = tune_pages_free("/sys");
    struct tune_item *item = &out->hugepages;

    item->wanted = out->wish.hugepages;
    if (!item->wanted)
        return;
    out->hugetlb = ask->qemu && free_pages >= wanted;
    out->pages = ask->memory_mib / PAGE_MIB;
    snprintf(out->memory, sizeof(out->memory),
             "memory-backend-memfd,id=ram,hugetlb=on,hugetlbsize=2M,prealloc=on,size=%uM",
             ask->memory_mib);
    if (!ask->qemu)
        snprintf(item->what, sizeof(item->what), "Bochs cannot be told");
    else if (!out->hugetlb)
        transparent_explain(free_pages, wanted, item);
}

void tune_open(const struct tune_wish *wish, const struct tune_ask *ask, struct tune *out)
{
    cpu_set_t rest;

    *out = (struct tune){.wish = *wish, .first = ask->cpu, .qemu = ask->qemu};
    snprintf(out->first_why, sizeof(out->first_why), "CPU %d (as the run began)", ask->cpu);
    cpus_read("/sys", &out->cpus);
    cpus_watch(&out->cpus);
    CPU_AND(&rest, &out->cpus.own, &out->cpus.online);
    out->cpu_free = (unsigned)CPU_COUNT(&rest) > ask->jobs;
    hugepages_look(ask, out);
    out->governor.wanted = wish->governor[0] != 0;
    if (out->governor.wanted)
        out->governor.got = governor_set("/sys", wish->governor, &out->changed, out->governor.what);
}

void tune_close(struct tune *tune)
{
    governor_restore(&tune->changed);
}

size_t tune_args(const struct tune *tune, const char **argv, size_t used)
{
    if (!tune || !tune->qemu)
        return used;
    argv[used++] = "-name"; /* threads with names: the guest's is found by it */
    argv[used++] = "tach,debug-threads=on";
    /* a pool that others emptied since would end QEMU at once */
    if (tune->hugetlb && tune_pages_free("/sys") >= tune->pages) {
        argv[used++] = "-object";
        argv[used++] = tune->memory;
        argv[used++] = "-machine";
        argv[used++] = "memory-backend=ram";
    }
    return used;
}

json_t *tune_item_json(const struct tune_item *item)
{
    return json_pack("{sb sb so}", "wanted", item->wanted, "got", item->got, "what",
                     json_text(item->what));
}

json_t *tune_json(const struct tune_boot *boot)
{
    json_t *json = json_object();

#define X(member, name) json_object_set_new(json, name, tune_item_json(&boot->member));
    TUNE_ITEMS(X)
#undef X
    if (boot->cpu >= 0)
        json_object_set_new(json, "cpu", json_integer(boot->cpu));
    if (boot->ran_ms > 0) {
        json_object_set_new(json, "ran_ms", json_number(boot->ran_ms));
        json_object_set_new(json, "waited_ms", json_number(boot->waited_ms));
        json_object_set_new(json, "stolen_ms", json_number(boot->stolen_ms));
    }
    return json;
}

static void item_say(FILE *out, const char *name, const struct tune_item *item)
{
    if (!item->wanted)
        return;
    fprintf(out, "; %s%s: ", name, item->got ? "" : " not got");
    say_name(out, item->what);
}

void tune_say(FILE *out, const struct tune *tune, const struct tune_boot *boot)
{
    char asked[64];

    tune_text(&tune->wish, asked, sizeof(asked));
    fprintf(out, strcmp(asked, "off") ? "host tuned by %s" : "host as it is", asked);
#define X(member, name) item_say(out, name, &boot->member);
    TUNE_ITEMS(X)
#undef X
    item_say(out, "governor", &tune->governor);
}
