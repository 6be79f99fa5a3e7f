/* SPDX-License-Identifier: MIT
 * The three images that a side of a run boots, and what names them: files, sizes, digests. Called
 * by tach run. */
#ifndef TACH_BENCH_IMAGES_H
#define TACH_BENCH_IMAGES_H

#include <jansson.h>
#include <stddef.h>
#include <sys/stat.h>

#include "bench/sha256.h"

#define IMAGE_PATH_MAX 1024u

enum image { IMAGE_LOADER, IMAGE_KERNEL, IMAGE_INITFS, IMAGE_COUNT };

struct image_facts {
    char path[IMAGE_PATH_MAX];
    size_t size;
    char sha256[SHA256_TEXT];
    struct stat file; /* as it was when it was read */
};

/* Takes what the user named, a kernel ELF or a directory with all three (a build's), into images
 * that hold the paths of the present build. Returns an enum tach_exit after a line. */
int images_take(const char *named, struct image_facts images[IMAGE_COUNT]);

/* Sets one path. Returns an enum tach_exit after a line: it may be too long. */
int image_path_set(struct image_facts *image, const char *path);

/* Reads sizes and digests. Returns an enum tach_exit after a line. */
int images_read(struct image_facts images[IMAGE_COUNT]);

/* Holds the files against what was read of them: the bytes of one whose inode, size or times are
 * others. Returns an enum tach_exit after a line. */
int images_hold(struct image_facts images[IMAGE_COUNT]);

/* As a list of path, size and digest; NULL when memory ends. */
json_t *images_json(const struct image_facts images[IMAGE_COUNT]);

/* Takes such a list back and holds it against the files: the same bytes must be there. Returns an
 * enum tach_exit after a line. */
int images_again(const json_t *list, struct image_facts images[IMAGE_COUNT]);

#endif
