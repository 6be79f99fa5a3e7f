/* SPDX-License-Identifier: MIT
 * Opens a source of frames by what its name is (see source.h). Serial ports are port.c's; termios
 * here serves the terminals that no library knows, ptys. */
#include "traces/source.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "bench/exits.h"
#include "traces/port.h"

#define TCP       "tcp:"
#define CONNECT_S 5 /* a host that is down says nothing for minutes */

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

static int fail(struct source *out, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct source *out, int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out->why, sizeof out->why, format, arguments);
    va_end(arguments);
    return status;
}

/* One reader at a time: of two, each would get some of the bytes. The advisory lock holds against
 * another tach even of root, the other against everybody else. */
static int line_claim(struct source *out)
{
    if (flock(out->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail(out, TACH_NOINPUT, "another program reads this line");
    if (ioctl(out->fd, TIOCEXCL) != 0)
        return fail(out, TACH_IOERR, "cannot be claimed: %s", strerror(errno));
    return TACH_OK;
}

static int terminal_open(const char *path, unsigned baud, struct source *out)
{
    speed_t speed = speed_find(baud);
    int status;

    if (speed == B0)
        return fail(out, TACH_USAGE, "%u baud is no rate of a serial line", baud);
    /* Not blocking: opening a modem line would wait for a carrier that never comes. */
    out->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (out->fd < 0)
        return fail(out, TACH_NOINPUT, "%s", strerror(errno));
    out->live = isatty(out->fd);
    status = out->live ? line_claim(out) : TACH_OK;
    if (status == TACH_OK && out->live && line_set(out->fd, speed) != 0)
        return fail(out, TACH_IOERR, "the line cannot be set to %u baud: %s", baud,
                    strerror(errno));
    return status;
}

static int device_open(const char *path, unsigned baud, struct source *out)
{
    int status;

    if (!port_known(path))
        return terminal_open(path, baud, out);
    status = port_open(path, baud, out);
    return status == TACH_OK ? line_claim(out) : status;
}

static int unix_open(const char *path, struct source *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path)
        return fail(out, TACH_NOINPUT, "longer than the path of a socket may be");
    strcpy(address.sun_path, path);
    out->live = true;
    out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (out->fd >= 0 && connect(out->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return TACH_OK;
    return fail(out, TACH_NOINPUT, "%s", strerror(errno));
}

/* Connects to one address of a host. */
static int address_connect(const struct addrinfo *address, struct source *out)
{
    const struct timeval limit = {.tv_sec = CONNECT_S};

    out->fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
    /* The cable may be cut without a word: then the kernel's own probes find out. */
    if (out->fd >= 0 && setsockopt(out->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(out->fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int)) == 0 &&
        connect(out->fd, address->ai_addr, address->ai_addrlen) == 0)
        return TACH_OK;
    fail(out, TACH_NOINPUT, "%s", errno == EINPROGRESS ? "does not answer" : strerror(errno));
    if (out->fd >= 0)
        close(out->fd);
    out->fd = -1;
    return TACH_NOINPUT;
}

/* `name` is HOST:PORT or [HOST]:PORT. */
static int tcp_open(const char *name, struct source *out)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const char *colon = strrchr(name, ':');
    char host[256];
    int status = TACH_NOINPUT, error;

    out->live = true;
    if (!colon || colon == name || !colon[1] || (size_t)(colon - name) >= sizeof host)
        return fail(out, TACH_USAGE, "not tcp:HOST:PORT");
    const bool bracket = name[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(colon - name) - 2 * bracket, name + bracket);
    error = getaddrinfo(host, colon + 1, &hints, &list);
    if (error)
        return fail(out, TACH_NOINPUT, "%s",
                    error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    for (const struct addrinfo *at = list; at && status != TACH_OK; at = at->ai_next)
        status = address_connect(at, out);
    freeaddrinfo(list);
    return status;
}

static int path_open(const char *path, struct source *out)
{
    out->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (out->fd < 0)
        return fail(out, TACH_NOINPUT, "%s", strerror(errno));
    return TACH_OK;
}

int source_open(const char *path, unsigned baud, struct source *out)
{
    struct stat status;

    *out = (struct source){.fd = -1};
    if (strcmp(path, "-") == 0) {
        out->fd = STDIN_FILENO;
        out->file = fstat(out->fd, &status) == 0 && S_ISREG(status.st_mode);
        return TACH_OK;
    }
    if (strncmp(path, TCP, strlen(TCP)) == 0)
        return tcp_open(path + strlen(TCP), out);
    if (stat(path, &status) != 0)
        return fail(out, TACH_NOINPUT, "%s", strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fail(out, TACH_NOINPUT, "%s", strerror(EISDIR));
    if (S_ISSOCK(status.st_mode))
        return unix_open(path, out);
    if (S_ISCHR(status.st_mode))
        return device_open(path, baud, out);
    out->file = S_ISREG(status.st_mode);
    return path_open(path, out);
}

void source_close(struct source *source)
{
    if (source->port)
        port_close(source);
    else if (source->fd > STDIN_FILENO)
        close(source->fd);
    source->fd = -1;
}
