/* SPDX-License-Identifier: MIT
 * Which function an address of an ELF file lies in, and which line it came from, by libelf and
 * libdw. Invariant: names are printable ASCII without blanks, ';' and control bytes, whatever the
 * file holds, so that every output may carry them. Called by profile.c. */
#ifndef TACH_BENCH_PROFILE_SYMBOLS_H
#define TACH_BENCH_PROFILE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

#define PLACE_NAME 96u

struct place {
    char name[PLACE_NAME]; /* of the function; "" unknown */
    uint64_t start, end;   /* of the function */
    char source[128];      /* file of the line; "" unknown */
    int line;
};

/* Opens an x86-64 executable. Returns an enum tach_exit and then says in why (one line, without the
 * path) what is wrong: TACH_NOINPUT, TACH_BADDATA (no ELF, a damaged or foreign one),
 * TACH_INTERNAL.
 */
int symbols_open(const char *path, struct symbols **out, char why[160]);
void symbols_close(struct symbols *symbols);

/* Fills all of *place. */
void symbols_find(const struct symbols *symbols, uint64_t address, struct place *place);

/* The last label in the function of *place at or before the address for which `wanted` holds; ""
 * where there is none. It lives as long as the symbols. */
const char *symbols_label(const struct symbols *symbols, const struct place *place,
                          uint64_t address, bool (*wanted)(const char *label));

/* Whether the file has line tables; then code without a source is assembly. */
bool symbols_lines(const struct symbols *symbols);

/* The function of that name; false: there is none. */
bool symbols_named(const struct symbols *symbols, const char *name, struct place *place);

/* Whether the file's build id is those 20 bytes; files without one never are. */
bool symbols_build(const struct symbols *symbols, const uint8_t id[20]);

/* Copies a name as the invariant wants it, what is not fit for it as '_'. */
void symbol_clean(char *to, size_t size, const char *from, size_t length);

#endif
