/* SPDX-License-Identifier: MIT
 * Opens a source of frames by what its path is (see source.h). */
#include "traces/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "bench/exits.h"
#include "traces/say.h"

static const struct {
    unsigned baud;
    speed_t speed;
} speeds[] = {
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
    {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},
    {921600, B921600},   {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000},
    {3000000, B3000000}, {4000000, B4000000},
};

/* Finds a rate's constant; B0 where there is none. */
static speed_t speed_find(unsigned baud)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
        if (speeds[i].baud == baud)
            return speeds[i].speed;
    return B0;
}

/* 8N1, no flow control, no translation of any byte. */
static int line_set(int fd, speed_t speed)
{
    struct termios line;

    if (tcgetattr(fd, &line) != 0)
        return -1;
    cfmakeraw(&line);
    line.c_cflag &= (tcflag_t) ~(CSTOPB | CRTSCTS);
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    if (cfsetspeed(&line, speed) != 0)
        return -1;
    return tcsetattr(fd, TCSANOW, &line);
}

static int device_open(const char *verb, const char *path, unsigned baud, struct source *out)
{
    speed_t speed = speed_find(baud);

    if (speed == B0)
        return say_error(TACH_USAGE, verb, path, "%u baud is no rate of a serial line", baud);
    /* Not blocking: opening a modem line would wait for a carrier that never comes. */
    out->fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (out->fd < 0)
        return say_error(TACH_NOINPUT, verb, path, "%s", strerror(errno));
    out->live = isatty(out->fd);
    if (out->live && line_set(out->fd, speed) != 0)
        return say_error(TACH_IOERR, verb, path, "the line cannot be set to %u baud: %s", baud,
                         strerror(errno));
    return TACH_OK;
}

static int socket_open(const char *verb, const char *path, struct source *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path)
        return say_error(TACH_NOINPUT, verb, path, "longer than the path of a socket may be");
    strcpy(address.sun_path, path);
    out->live = true;
    out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (out->fd >= 0 && connect(out->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return TACH_OK;
    return say_error(TACH_NOINPUT, verb, path, "%s", strerror(errno));
}

static int path_open(const char *verb, const char *path, struct source *out)
{
    out->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (out->fd < 0)
        return say_error(TACH_NOINPUT, verb, path, "%s", strerror(errno));
    return TACH_OK;
}

int source_open(const char *verb, const char *path, unsigned baud, struct source *out)
{
    struct stat status;

    *out = (struct source){.fd = -1};
    if (strcmp(path, "-") == 0) {
        out->fd = STDIN_FILENO;
        out->file = fstat(out->fd, &status) == 0 && S_ISREG(status.st_mode);
        return TACH_OK;
    }
    if (stat(path, &status) != 0)
        return say_error(TACH_NOINPUT, verb, path, "%s", strerror(errno));
    if (S_ISDIR(status.st_mode))
        return say_error(TACH_NOINPUT, verb, path, "%s", strerror(EISDIR));
    if (S_ISSOCK(status.st_mode))
        return socket_open(verb, path, out);
    if (S_ISCHR(status.st_mode))
        return device_open(verb, path, baud, out);
    out->file = S_ISREG(status.st_mode);
    return path_open(verb, path, out);
}
