/* SPDX-License-Identifier: MIT
 * A library for LD_PRELOAD in the place of libserialport's ports: a pty passes for a serial port,
 * and what is asked of its line is noted in the file TACH_FAKE_PORT, a word and a number a line.
 * Everything above the library is the tool's own. */
#include <fcntl.h>
#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct sp_port {
    char path[64];
    int fd;
};

static enum sp_return note(const char *word, int number)
{
    FILE *log = fopen(getenv("TACH_FAKE_PORT"), "a");

    if (!log)
        abort();
    fprintf(log, "%s %d\n", word, number);
    fclose(log);
    return SP_OK;
}

enum sp_return sp_get_port_by_name(const char *name, struct sp_port **out)
{
    if (strncmp(name, "/dev/pts/", 9) != 0 || strlen(name) >= sizeof(*out)->path)
        return SP_ERR_ARG;
    *out = calloc(1, sizeof **out);
    if (!*out)
        return SP_ERR_MEM;
    strcpy((*out)->path, name);
    return SP_OK;
}

void sp_free_port(struct sp_port *port)
{
    free(port);
}

enum sp_return sp_open(struct sp_port *port, enum sp_mode mode)
{
    struct termios line;

    port->fd = open(port->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->fd < 0 || tcgetattr(port->fd, &line) != 0)
        return SP_ERR_FAIL;
    cfmakeraw(&line);
    if (tcsetattr(port->fd, TCSANOW, &line) != 0)
        return SP_ERR_FAIL;
    return note("open", mode);
}

enum sp_return sp_get_port_handle(const struct sp_port *port, void *out)
{
    *(int *)out = port->fd;
    return SP_OK;
}

enum sp_return sp_close(struct sp_port *port)
{
    close(port->fd);
    return note("close", 0);
}

enum sp_return sp_set_baudrate(struct sp_port *port, int baud)
{
    (void)port;
    note("baud", baud);
    return baud == 12345 ? SP_ERR_ARG : SP_OK;
}

enum sp_return sp_set_bits(struct sp_port *port, int bits)
{
    (void)port;
    return note("bits", bits);
}

enum sp_return sp_set_parity(struct sp_port *port, enum sp_parity parity)
{
    (void)port;
    return note("parity", (int)parity);
}

enum sp_return sp_set_stopbits(struct sp_port *port, int bits)
{
    (void)port;
    return note("stopbits", bits);
}

enum sp_return sp_set_flowcontrol(struct sp_port *port, enum sp_flowcontrol control)
{
    (void)port;
    return note("flowcontrol", (int)control);
}
