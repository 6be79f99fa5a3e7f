/* SPDX-License-Identifier: MIT
 * libFuzzer harness of the file of floors. Whatever the bytes are: no crash, no leak, and floors that
 * are taken have texts that end, numbers in their range, and cells that are found by their names. */
#include <stdlib.h>
#include <string.h>

#include "bench/compare/floor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void text_check(const char *text, size_t size)
{
    require(*text && memchr(text, 0, size));
}

static void floors_check(const struct floors *floors)
{
    text_check(floors->class, sizeof(floors->class));
    text_check(floors->machine, sizeof(floors->machine));
    require(floors->floor >= 0 && floors->floor <= FLOOR_MAX);
    require(floors->rate >= 0 && floors->rate <= 1 && floors->count <= FIGURES_MAX);
    for (size_t i = 0; i < floors->count; i++) {
        const struct cell_floor *cell = &floors->cells[i];
        text_check(cell->name, sizeof(cell->name));
        require(cell->floor >= 0 && cell->floor <= FLOOR_MAX);
        require(!i || strcmp(floors->cells[i - 1].name, cell->name) < 0);
        require(floors_find(floors, cell->name, -1) == cell->floor);
    }
    require(floors_find(floors, "", -1) == floors->floor);
    require(floors_find(NULL, "", -1) == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *root = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    struct floors floors = {0};

    if (root && !floors_take(root, &floors))
        floors_check(&floors);
    floors_free(&floors);
    json_decref(root);
    return 0;
}
