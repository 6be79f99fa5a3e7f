/* SPDX-License-Identifier: MIT
 * Images of a side; see bench/images.h. */
#include "bench/images.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/figure.h"
#include "bench/file.h"
#include "traces/say.h"

#define IMAGE_MAX (256u << 20)

static const char *const image_files[IMAGE_COUNT] = {"loader.elf", "kernel.elf", "initfs.img"};

int image_path_set(struct image_facts *image, const char *path)
{
    if ((size_t)snprintf(image->path, sizeof(image->path), "%s", path) < sizeof(image->path))
        return TACH_OK;
    image->path[0] = 0;
    return say_error(TACH_NOINPUT, "run", path, "a path of more than %u bytes", IMAGE_PATH_MAX - 1);
}

int images_take(const char *named, struct image_facts images[IMAGE_COUNT])
{
    struct stat facts;
    int status = TACH_OK;

    if (stat(named, &facts) || !S_ISDIR(facts.st_mode))
        return image_path_set(&images[IMAGE_KERNEL], named);
    for (unsigned i = 0; !status && i < IMAGE_COUNT; i++) {
        char *path;
        if (asprintf(&path, "%s/%s", named, image_files[i]) < 0)
            return TACH_INTERNAL;
        status = image_path_set(&images[i], path);
        free(path);
    }
    return status;
}

static int image_read(struct image_facts *image)
{
    char *bytes;

    /* First: of a file that changes meanwhile they are older than what is read, never newer. */
    if (stat(image->path, &image->file))
        image->file = (struct stat){0};
    const int status = file_read("run", image->path, IMAGE_MAX, &bytes, &image->size);
    if (status)
        return status;
    sha256_text(bytes, image->size, image->sha256);
    free(bytes);
    return TACH_OK;
}

int images_read(struct image_facts images[IMAGE_COUNT])
{
    int status = TACH_OK;

    for (unsigned i = 0; !status && i < IMAGE_COUNT; i++)
        status = image_read(&images[i]);
    return status;
}

static bool times_equal(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whether nobody has written to it or put another in its place. */
static bool file_kept(const struct image_facts *image)
{
    const struct stat *was = &image->file;
    struct stat is;

    return !stat(image->path, &is) && is.st_dev == was->st_dev && is.st_ino == was->st_ino &&
           is.st_size == was->st_size && times_equal(&is.st_mtim, &was->st_mtim) &&
           times_equal(&is.st_ctim, &was->st_ctim);
}

/* Says that an image is another, if it is. */
static int image_compare(const struct image_facts *image, const char *digest)
{
    if (digest && !strcmp(digest, image->sha256))
        return TACH_OK;
    return say_error(TACH_BADDATA, "run", image->path,
                     "is not the image that the run began with: its SHA-256 differs");
}

int images_hold(struct image_facts images[IMAGE_COUNT])
{
    int status = TACH_OK;

    for (unsigned i = 0; !status && i < IMAGE_COUNT; i++) {
        struct image_facts now = images[i];
        if (file_kept(&images[i]))
            continue;
        status = image_read(&now);
        status = status ? status : image_compare(&now, images[i].sha256);
        if (!status)
            images[i] = now;
    }
    return status;
}

/* A path that is text stays what it is, so that a resumed run finds the file by it. */
static json_t *path_json(const char *path)
{
    json_t *text = json_string(path);

    return text ? text : json_text(path);
}

json_t *images_json(const struct image_facts images[IMAGE_COUNT])
{
    json_t *list = json_array();

    for (unsigned i = 0; i < IMAGE_COUNT; i++)
        json_array_append_new(list,
                              json_pack("{so sI ss}", "path", path_json(images[i].path), "size",
                                        (json_int_t)images[i].size, "sha256", images[i].sha256));
    return list;
}

int images_again(const json_t *list, struct image_facts images[IMAGE_COUNT])
{
    int status = TACH_OK;

    for (unsigned i = 0; !status && i < IMAGE_COUNT; i++) {
        const char *path = json_string_value(json_object_get(json_array_get(list, i), "path"));
        if (!path)
            return say_error(TACH_BADDATA, "run", "run.json", "an image has no path");
        status = image_path_set(&images[i], path);
    }
    if (!status)
        status = images_read(images);
    for (unsigned i = 0; !status && i < IMAGE_COUNT; i++) {
        const json_t *digest = json_object_get(json_array_get(list, i), "sha256");
        status = image_compare(&images[i], json_string_value(digest));
    }
    return status;
}
