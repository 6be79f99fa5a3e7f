/* SPDX-License-Identifier: MIT
 * Whole files in and out for every verb; see bench/file.h. Keeps no state of its own. */
#include "bench/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/exits.h"
#include "traces/say.h"

#define PART ".part" /* behind the name of a file that is not whole yet */

/* Grows as it reads: sizes that stat gives are wrong for pipes and for files in /proc. */
static int stream_read(FILE *file, size_t limit, char **text, size_t *size)
{
    size_t room = 65536, used = 0;
    char *data = malloc(room + 1);

    while (data) {
        used += fread(data + used, 1, room - used, file);
        if (used < room || used > limit)
            break;
        room *= 2;
        char *larger = realloc(data, room + 1);
        if (!larger)
            free(data);
        data = larger;
    }
    if (!data)
        return TACH_INTERNAL;
    data[used] = 0;
    *text = data;
    *size = used;
    return TACH_OK;
}

int file_read(const char *verb, const char *path, size_t limit, char **text, size_t *size)
{
    struct stat facts;

    *text = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return say_error(TACH_NOINPUT, verb, path, "%s", strerror(errno));
    if (!fstat(fileno(file), &facts) && S_ISDIR(facts.st_mode)) {
        fclose(file);
        return say_error(TACH_NOINPUT, verb, path, "%s", strerror(EISDIR));
    }
    errno = 0;
    int status = stream_read(file, limit, text, size);
    if (status)
        say_error(status, verb, path, "%s", "out of memory");
    else if (ferror(file))
        status = say_error(TACH_IOERR, verb, path, "%s", strerror(errno ? errno : EIO));
    else if (*size > limit)
        status = say_error(TACH_BADDATA, verb, path, "%s", "larger than such a file may be");
    fclose(file);
    if (status) {
        free(*text);
        *text = NULL;
    }
    return status;
}

int file_json(const char *verb, const char *path, size_t limit, json_t **out)
{
    char *text, syntax[4 * JSON_ERROR_TEXT_LENGTH];
    json_error_t error;
    size_t size;

    *out = NULL;
    const int status = file_read(verb, path, limit, &text, &size);
    if (status)
        return status;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (*out)
        return TACH_OK;
    say_copy(error.text, syntax, sizeof(syntax)); /* it quotes the file */
    return say_error(TACH_BADDATA, verb, path, "no JSON: line %d column %d: %s", error.line,
                     error.column, syntax);
}

int file_directory(const char *verb, const char *path)
{
    char *copy = strdup(path);

    if (!copy)
        return TACH_INTERNAL;
    for (char *at = copy + 1; *copy && *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        (void)mkdir(copy, 0777); /* the last mkdir tells whether it all worked */
        *at = '/';
    }
    struct stat facts;
    const int failed = mkdir(copy, 0777) && errno != EEXIST;
    const int error = failed ? errno : ENOTDIR;
    const int good = !failed && !stat(copy, &facts) && S_ISDIR(facts.st_mode);
    free(copy);
    return good ? TACH_OK : say_error(TACH_CANTCREATE, verb, path, "%s", strerror(error));
}

bool file_line(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    const bool there = file && fgets(out, (int)size, file);

    if (file)
        fclose(file);
    out[there ? strcspn(out, "\n") : 0] = 0;
    return there;
}

FILE *file_create(const char *verb, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash && slash != path) {
        char *above = strndup(path, (size_t)(slash - path));
        const int status = above ? file_directory(verb, above) : TACH_INTERNAL;
        free(above);
        if (status)
            return NULL;
    }
    FILE *file = fopen(path, "wb");
    if (!file)
        say_error(TACH_CANTCREATE, verb, path, "%s", strerror(errno));
    return file;
}

int file_finish(const char *verb, const char *path, FILE *file)
{
    errno = 0;
    const int failed = fflush(file) || ferror(file);
    const int error = errno;

    if (fclose(file) || failed)
        return say_error(TACH_CANTCREATE, verb, path, "%s", strerror(error ? error : EIO));
    return TACH_OK;
}

FILE *file_replace(const char *verb, const char *path)
{
    char *part;

    if (asprintf(&part, "%s" PART, path) < 0)
        return NULL;
    FILE *file = file_create(verb, part);
    free(part);
    return file;
}

/* A rename is on the disk once its directory is. File systems that cannot say so are believed. */
static void directory_sync(const char *path)
{
    char *above = strdup(path), *slash = above ? strrchr(above, '/') : NULL;

    if (slash)
        slash[slash == above] = 0;
    const int directory =
        above ? open(slash ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (directory >= 0) {
        fsync(directory);
        close(directory);
    }
    free(above);
}

int file_replace_finish(const char *verb, const char *path, FILE *file)
{
    char *part;

    if (asprintf(&part, "%s" PART, path) < 0) {
        fclose(file);
        return TACH_INTERNAL;
    }
    errno = 0;
    int failed = fflush(file) || ferror(file) || fsync(fileno(file));
    int error = errno;
    failed = fclose(file) || failed;
    if (!failed && rename(part, path)) {
        failed = 1;
        error = errno;
    }
    if (failed)
        unlink(part);
    else
        directory_sync(path);
    free(part);
    return failed ? say_error(TACH_CANTCREATE, verb, path, "%s", strerror(error ? error : EIO))
                  : TACH_OK;
}
