/* SPDX-License-Identifier: MIT
 * See port.h. Names such as /dev/serial/by-id/... are links, which the library does not follow;
 * they are resolved at each opening, as a device that was plugged in again may have another number.
 */
#include "traces/port.h"

#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "traces/say.h"

/* The library's port of a path, or NULL. */
static struct sp_port *port_find(const char *path)
{
    char real[PATH_MAX];
    struct sp_port *port = NULL;

    if (!realpath(path, real) || sp_get_port_by_name(real, &port) != SP_OK)
        return NULL;
    return port;
}

bool port_known(const char *path)
{
    struct sp_port *port = port_find(path);

    sp_free_port(port);
    return port != NULL;
}

/* Notes the library's reason. Returns `status`. */
static int why_note(struct source *out, int status, const char *what)
{
    char *said = sp_last_error_message();

    snprintf(out->why, sizeof out->why, "%s%s", what, said ? said : "");
    sp_free_error_message(said);
    return status;
}

static enum sp_return line_set(struct sp_port *port, unsigned baud)
{
    enum sp_return status = sp_set_bits(port, 8);

    status = status == SP_OK ? sp_set_parity(port, SP_PARITY_NONE) : status;
    status = status == SP_OK ? sp_set_stopbits(port, 1) : status;
    status = status == SP_OK ? sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE) : status;
    return status == SP_OK ? sp_set_baudrate(port, (int)baud) : status;
}

int port_open(const char *path, unsigned baud, struct source *out)
{
    char rate[64];

    out->live = true;
    out->port = port_find(path);
    if (!out->port)
        return why_note(out, TACH_NOINPUT, "");
    if (sp_open(out->port, SP_MODE_READ_WRITE) != SP_OK) {
        const int status = why_note(out, TACH_NOINPUT, "");

        sp_free_port(out->port);
        out->port = NULL;
        return status;
    }
    if (sp_get_port_handle(out->port, &out->fd) != SP_OK)
        return why_note(out, TACH_IOERR, "no handle: ");
    snprintf(rate, sizeof rate, "the line cannot be set to %u baud: ", baud);
    return line_set(out->port, baud) == SP_OK ? TACH_OK : why_note(out, TACH_IOERR, rate);
}

void port_close(struct source *source)
{
    sp_close(source->port);
    sp_free_port(source->port);
    source->port = NULL;
    source->fd = -1;
}

static void port_print(const struct sp_port *port)
{
    const char *words[] = {sp_get_port_description(port), sp_get_port_usb_manufacturer(port),
                           sp_get_port_usb_serial(port)};
    int vendor, product;

    say_name(stdout, sp_get_port_name(port));
    if (sp_get_port_usb_vid_pid(port, &vendor, &product) == SP_OK)
        printf("  USB %04x:%04x", (unsigned)vendor, (unsigned)product);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!words[i] || !*words[i])
            continue;
        printf("  ");
        say_name(stdout, words[i]);
    }
    printf("\n");
}

int port_each(void (*each)(void *context, const char *name), void *context)
{
    struct sp_port **ports = NULL;
    int count = 0;

    if (sp_list_ports(&ports) != SP_OK)
        return -1;
    for (; ports[count]; count++)
        each(context, sp_get_port_name(ports[count]));
    sp_free_port_list(ports);
    return count;
}

int port_list(const char *verb)
{
    struct sp_port **ports = NULL;
    int count = 0;

    if (sp_list_ports(&ports) != SP_OK)
        return say_error(TACH_IOERR, verb, "serial ports", "they cannot be listed");
    for (; ports[count]; count++)
        port_print(ports[count]);
    sp_free_port_list(ports);
    return count > 0 ? TACH_OK
                     : say_error(TACH_UNAVAILABLE, verb, "serial ports", "this machine has none");
}
