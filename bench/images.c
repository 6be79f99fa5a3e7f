/* SPDX-License-Identifier: MIT
 * Images of a side; see bench/images.h. */
#include "bench/images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int images_read(struct image_facts images[IMAGE_COUNT])
{
    for (unsigned i = 0; i < IMAGE_COUNT; i++) {
        char *bytes;
        const int status = file_read("run", images[i].path, IMAGE_MAX, &bytes, &images[i].size);
        if (status)
            return status;
        sha256_text(bytes, images[i].size, images[i].sha256);
        free(bytes);
    }
    return TACH_OK;
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
        const char *digest = json_string_value(json_object_get(json_array_get(list, i), "sha256"));
        if (!digest || strcmp(digest, images[i].sha256))
            status = say_error(TACH_BADDATA, "run", images[i].path,
                               "is not the image that the run began with: its SHA-256 differs");
    }
    return status;
}
