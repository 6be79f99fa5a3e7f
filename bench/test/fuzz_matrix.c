/* SPDX-License-Identifier: MIT
 * libFuzzer harness of the matrix parser. Whatever the bytes are: no crash, no leak, an accepted
 * matrix keeps its invariant, and a refused one says where, inside of the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/matrix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void accepted_check(const struct matrix *matrix)
{
    require(matrix->cell_count > 0 && matrix->cell_count <= MATRIX_CELLS_MAX);
    require(matrix->pti && matrix->trace && !((matrix->pti | matrix->trace) & ~3u));
    for (size_t i = 0; i < matrix->cell_count; i++) {
        const char *name = matrix->cells[i].name;
        const size_t length = strnlen(name, sizeof(matrix->cells[i].name));
        require(length > 0 && length <= MATRIX_NAME_MAX);
        for (size_t at = 0; at < length; at++)
            require(name[at] > ' ' && name[at] < 127 && name[at] != ',');
    }
}

static void refused_check(const struct matrix *matrix, const struct matrix_error *error,
                          size_t size)
{
    require(!matrix->cells && !matrix->cell_count);
    require(error->line >= 1 && error->line <= size + 1);
    require(error->column >= 1 && error->column <= size + 1);
    require(error->text[0] && memchr(error->text, 0, sizeof(error->text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct matrix_error error = {0};
    struct matrix matrix;

    if (matrix_parse((const char *)data, size, &matrix, &error))
        refused_check(&matrix, &error, size);
    else
        accepted_check(&matrix);
    matrix_free(&matrix);
    return 0;
}
