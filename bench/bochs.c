/* SPDX-License-Identifier: MIT
 * Configuration and image of a boot under Bochs; see bench/bochs.h. The CPU's rate is nominal: with
 * sync=none no clock of the host is looked at, so a tick is an instruction, and the calibration
 * loop of each boot proves it. */
#include "bench/bochs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"

#define SHARE         "/usr/share/bochs/"
#define BIOS          SHARE "BIOS-bochs-latest"
#define VGABIOS       SHARE "VGABIOS-lgpl-latest"
#define GRUB          "grub-mkrescue"
#define GRUB_PC       "/usr/lib/grub/i386-pc/multiboot2.mod"
#define MAKE_LIMIT_S  120.0
#define IMAGE_MAX     (256u << 20)
#define LOG_MAX       (16u << 20)
#define SLOT_BYTES    2048u /* what a boot's command line holds */
#define SLOT_BYTE     '@'
#define SHUTDOWN_LINE ">>PANIC<< Shutdown port: shutdown requested"

/* Texts of one boot's files, below its side's directory. */
struct paths {
    char image[600], log[600];
};

bool bochs_ready(char *reason, size_t size)
{
    static const char *const files[] = {BIOS, VGABIOS, GRUB_PC};
    static const char *const programs[] = {BOCHS_PROGRAM, GRUB, "xorriso", "mformat"};

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (process_found(programs[i]))
            continue;
        snprintf(reason, size, "%s is not in PATH", programs[i]);
        return false;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (!access(files[i], R_OK))
            continue;
        snprintf(reason, size, "%s: %s", files[i], strerror(errno));
        return false;
    }
    snprintf(reason, size, "bochs, its BIOS and " GRUB " are there");
    return true;
}

static int fail(struct boot_run *run, const char *what, const char *why)
{
    snprintf(run->reason, sizeof(run->reason), "%.150s: %.90s", what, why);
    run->state = BOOT_FAILED;
    return -1;
}

static int menu_write(const char *path)
{
    FILE *file = file_create("run", path);

    if (!file)
        return -1;
    fputs("multiboot2 /loader.elf ", file);
    for (unsigned i = 0; i < SLOT_BYTES; i++)
        fputc(SLOT_BYTE, file);
    fputs("\nmodule2 /kernel.elf\nmodule2 /initfs.img\nboot\n", file);
    return file_finish("run", path, file) ? -1 : 0;
}

/* Has GRUB's tool make the side's image; its words stay in a log where it fails. */
static int template_make(struct boot_run *run, const struct boot_setup *setup, const char *image)
{
    char menu[600], part[700], log[700], sources[4][700];

    snprintf(menu, sizeof(menu), "%s/bochs.cfg", setup->directory);
    snprintf(part, sizeof(part), "%s.new", image);
    snprintf(log, sizeof(log), "%s.log", image);
    snprintf(sources[0], sizeof(sources[0]), "/boot/grub/grub.cfg=%s", menu);
    snprintf(sources[1], sizeof(sources[1]), "/loader.elf=%s", setup->loader);
    snprintf(sources[2], sizeof(sources[2]), "/kernel.elf=%s", setup->kernel);
    snprintf(sources[3], sizeof(sources[3]), "/initfs.img=%s", setup->initfs);
    const char *argv[] = {
        GRUB,        "-o",
        part,        "--install-modules=normal multiboot2 iso9660 search part_msdos",
        "--fonts=",  "--locales=",
        "--themes=", sources[0],
        sources[1],  sources[2],
        sources[3],  NULL};
    struct process grub;

    if (menu_write(menu) || process_start(&grub, argv, log, MAKE_LIMIT_S))
        return fail(run, GRUB, "cannot be started");
    process_wait(&grub);
    unlink(menu);
    if (grub.status || rename(part, image))
        return fail(run, GRUB " failed; its words are in", log);
    unlink(log);
    return 0;
}

/* A copy of the side's image with the boot's words over the slot. */
static int image_fill(struct boot_run *run, const char *template, const char *image)
{
    const size_t length = strlen(run->words);
    char slot[SLOT_BYTES], *bytes;
    size_t size;

    if (length > SLOT_BYTES)
        return fail(run, "command line", "longer than the image has room for");
    if (file_read("run", template, IMAGE_MAX, &bytes, &size))
        return fail(run, template, "cannot be read");
    memset(slot, SLOT_BYTE, sizeof(slot));
    char *at = memmem(bytes, size, slot, sizeof(slot));
    FILE *file = at ? file_create("run", image) : NULL;
    if (at) {
        memset(at, ' ', SLOT_BYTES);
        memcpy(at, run->words, length);
    }
    if (file)
        fwrite(bytes, 1, size, file);
    free(bytes);
    if (file && !file_finish("run", image, file))
        return 0;
    return fail(run, image, at ? "cannot be written" : "has no room for a command line");
}

/* Bochs splits what it reads at commas and knows no quotes. */
static bool path_plain(const char *path)
{
    return !path[strcspn(path, ",;\"' \t\r\n$#")];
}

/* The APIC tells of each NMI, so of each sample. Without a speaker there is no sound, hence none of
 * its threads: at the end Bochs frees what they use shortly after it told them to stop, and on a
 * busy host that crashes it. */
static int config_write(const struct boot_run *run, const struct paths *paths,
                        const struct bochs_start *start)
{
    FILE *file = file_create("run", start->config);

    if (!file)
        return -1;
    fprintf(file,
            "cpu: model=" BOCHS_CPU ", count=1, ips=100000000, reset_on_triple_fault=0, "
            "ignore_bad_msrs=0\n"
            "megs: 256\nromimage: file=" BIOS "\nvgaromimage: file=" VGABIOS "\n"
            "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n"
            "ata0-master: type=cdrom, path=%s, status=inserted\nboot: cdrom\n"
            "com1: enabled=1, mode=file, dev=%s\n"
            "clock: sync=none, time0=1767225600\nplugin_ctrl: speaker=false\n"
            "panic: action=fatal\ninfo: action=report, apic0=ignore\nlog: %s\n"
            "display_library: rfb, options=\"timeout=0\"\n",
            paths->image, run->frames, paths->log);
    if (file_finish("run", start->config, file))
        return -1;
    file = file_create("run", start->script); /* of its debugger: go on, without a stop */
    if (!file)
        return -1;
    fputs("c\n", file);
    return file_finish("run", start->script, file) ? -1 : 0;
}

static struct paths paths_make(const struct boot_run *run)
{
    struct paths paths;
    const int stem = (int)(strlen(run->frames) - strlen(".frames"));

    snprintf(paths.image, sizeof(paths.image), "%.*s.iso", stem, run->frames);
    snprintf(paths.log, sizeof(paths.log), "%.*s.bochslog", stem, run->frames);
    return paths;
}

void bochs_command(const struct boot_run *run, const struct boot_setup *setup,
                   struct bochs_start *out)
{
    snprintf(out->config, sizeof(out->config), "%s/boot-%u.bochsrc", setup->directory, run->number);
    snprintf(out->script, sizeof(out->script), "%s/bochs.rc", setup->directory);
    memcpy(out->argv,
           ((const char *[]){BOCHS_PROGRAM, "-q", "-f", out->config, "-rc", out->script, NULL}),
           7 * sizeof(out->argv[0]));
}

int bochs_prepare(struct boot_run *run, const struct boot_setup *setup,
                  const struct bochs_start *start)
{
    const struct paths paths = paths_make(run);
    char template[600];

    snprintf(template, sizeof(template), "%s/bochs.iso", setup->directory);
    if (!path_plain(setup->directory))
        return fail(run, setup->directory, "Bochs takes no path with blanks, commas or quotes");
    if (access(template, R_OK) && template_make(run, setup, template))
        return -1;
    if (image_fill(run, template, paths.image))
        return -1;
    if (config_write(run, &paths, start))
        return fail(run, start->config, "cannot be written");
    return 0;
}

bool bochs_ended(const struct boot_run *run)
{
    const struct paths paths = paths_make(run);
    bool ended = false;
    size_t size;
    char *log;

    unlink(paths.image);
    if (access(paths.log, R_OK) || file_read("run", paths.log, LOG_MAX, &log, &size))
        return false;
    ended = memmem(log, size, SHUTDOWN_LINE, strlen(SHUTDOWN_LINE)) != NULL;
    free(log);
    if (ended)
        unlink(paths.log);
    return ended;
}
