/* SPDX-License-Identifier: MIT
 * The nameserver as its clients meet it: by message and as name:, with owners that die, impostors,
 * TIDs that are no more, and the nameserver's own end. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/nameserver/protocol.h"

#define NAP_NS 1000000u
#define TRIES  2000u
#define LEVEL  5u

/* The TID of the nameserver of today. */
static uint32_t nameserver(void)
{
    return (uint32_t)sysfile_task("nameserv");
}

static long ask(unsigned op, const char *name, uint64_t *tid)
{
    struct msg m = {.tag = TAG(op, 0, 40, 0), .w = {[4] = LEVEL}};

    memcpy(m.w, name, strlen(name));
    long error = sys_call(&m, nameserver());
    if (tid)
        *tid = m.w[1];
    return error < 0 ? error : (long)m.w[0];
}

/* Until the name's look-up gives that. */
static long ask_until(const char *name, long want, uint64_t *tid)
{
    long have = 1;

    for (unsigned i = 0; i < TRIES && have != want; i++) {
        have = ask(NAME_LOOKUP, name, tid);
        if (have != want)
            clock_nap(NAP_NS);
    }
    return have;
}

static void refused(void)
{
    SHOWS("T15", "names are 1 to 31 characters, unique, and removed by their owner only");
    CHECK_EQ(ask(NAME_REGISTER, "mine", 0), 0);
    CHECK_EQ(ask(NAME_REGISTER, "mine", 0), -T_EEXIST);
    CHECK_EQ(ask(NAME_REGISTER, "0123456789012345678901234567890", 0), 0);
    CHECK_EQ(ask(NAME_UNREGISTER, "0123456789012345678901234567890", 0), 0);
    CHECK_EQ(ask(NAME_REGISTER, "01234567890123456789012345678901", 0), -T_EINVAL);
    CHECK_EQ(ask(NAME_REGISTER, "", 0), -T_EINVAL);
    CHECK_EQ(ask(NAME_REGISTER, "sys.test", 0), 0);
    CHECK_EQ(guest_wait(guest_child("impostor", 0)), 0);
    CHECK_EQ(ask(NAME_UNREGISTER, "sys.test", 0), 0);
    CHECK_EQ(ask(NAME_UNREGISTER, "mine", 0), 0);
    CHECK_EQ(ask(NAME_UNREGISTER, "mine", 0), -T_ENOENT);
}

/* A child of another level: nothing of its parent's names can be had. */
static int impostor(void)
{
    uint64_t tid = 0;

    CHECK_EQ(ask(NAME_REGISTER, "sys.other", 0), 0);
    CHECK_EQ(ask(NAME_UNREGISTER, "sys.other", 0), 0);
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){.a = LEVEL}), 0);
    CHECK_EQ(ask(NAME_REGISTER, "mine", 0), -T_EEXIST);
    CHECK_EQ(ask(NAME_UNREGISTER, "mine", 0), -T_EPERM);
    CHECK_EQ(ask(NAME_REGISTER, "sys.other", 0), -T_EPERM);
    CHECK_EQ(ask(NAME_UNREGISTER, "sys.test", 0), -T_EPERM);
    CHECK_EQ(ask(NAME_LOOKUP, "mine", &tid), 0);
    CHECK_EQ(tid, sys_self(SELF_PARENT));
    CHECK_EQ(sys_taskctl(0, TASK_DEATHS, (struct taskctl){.a = 1, .b = 1}), -T_EPERM);
    CHECK_EQ(sys_taskctl(0, TASK_DEATHS, (struct taskctl){.a = 1, .b = 0}), 0);
    CHECK_EQ(sys_taskctl(0, TASK_LEVEL, (struct taskctl){.a = LEVEL + 1}), 0);
    CHECK_EQ(ask(NAME_LOOKUP, "mine", 0), -T_EPERM);
    return (int)guest_failed();
}

/* Registered, looked up, killed: gone, and what was found before is of no more use. */
static void owner_dies(void)
{
    char text[16];
    struct msg m = {.tag = TAG(0, 0, 0, 0)};
    uint64_t found = 0;
    long tid = guest_child("owner", 0), fd;

    SHOWS("T15", "a name goes with its owner; a TID found before is ESRCH");
    CHECK_EQ(ask_until("owner", 0, &found), 0);
    CHECK_EQ(found, tid);
    fd = file_open("name:owner", O_RDONLY);
    CHECK(fd >= 0);
    CHECK(file_read_all((int)fd, text, sizeof(text)) > 0);
    print_to(text + 8, 8, "%lu", found);
    CHECK(!strncmp(text, text + 8, strlen(text + 8)) && text[strlen(text + 8)] == '\n');
    CHECK(sysfile_line("name:", "owner"));
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(ask(NAME_LOOKUP, "owner", 0), -T_ENOENT);
    CHECK(!sysfile_line("name:", "owner"));
    CHECK_EQ(file_open("name:owner", O_RDONLY), -T_ENOENT);
    CHECK_EQ(file_seek((int)fd, 0, SEEK_SET), 0);
    CHECK_EQ(file_read((int)fd, text, 8), -T_ESRCH);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(sys_call(&m, (uint32_t)found), -T_ESRCH);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

/* Death notices: every child's, once asked for, as bits of one's own choice. */
static void notices(void)
{
    struct msg m = {0};

    SHOWS("T15", "deaths are told by notification to who asked");
    CHECK_EQ(sys_taskctl(0, TASK_DEATHS, (struct taskctl){.a = 6, .b = 2}), -T_EINVAL);
    CHECK_EQ(sys_taskctl(0, TASK_DEATHS, (struct taskctl){.a = 6, .b = 0}), 0);
    long tid = guest_child("exit", 0);
    CHECK(tid > 0);
    CHECK_EQ((uint8_t)sys_receive(&m), KIND_NOTIFY);
    CHECK_EQ(m.w[0], 6);
    CHECK_EQ(guest_wait(tid), 0);
    CHECK_EQ(sys_taskctl(0, TASK_DEATHS, (struct taskctl){.a = 0, .b = 0}), 0);
    CHECK_EQ(guest_wait(guest_child("exit", 0)), 0);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = NAP_NS});
    CHECK_EQ(sys_receive(&m), -T_ETIMEDOUT);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 0});
}

/* The nameserver itself dies: the same slot, the next generation, the scheme, and no names. */
static void nameserver_dies(void)
{
    uint32_t old = nameserver(), now = old;

    SHOWS("T14,T15", "a killed nameserver comes back in its slot, with its scheme and no names");
    CHECK_EQ(old & TID_SLOT_MASK, TID_NAMESERVER);
    CHECK_EQ(ask(NAME_REGISTER, "lost", 0), 0);
    CHECK_EQ(sys_kill(old, SIGKILL), 0);
    CHECK_EQ(sys_spawn(SPAWN_CRITICAL, TID_CONSOLE, 0), -T_EBUSY);
    for (unsigned i = 0; i < TRIES && ((int32_t)now < 0 || now == old); i++) {
        clock_nap(NAP_NS);
        now = nameserver();
    }
    CHECK_EQ(now & TID_SLOT_MASK, TID_NAMESERVER);
    CHECK_EQ(now >> TID_SLOT_BITS, (old >> TID_SLOT_BITS) + 1);
    CHECK_EQ(ask_until("lost", -T_ENOENT, 0), -T_ENOENT);
    long fd = -T_ENODEV;
    for (unsigned i = 0; i < TRIES && fd == -T_ENODEV; i++, clock_nap(NAP_NS))
        fd = file_open("name:", O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQ(file_close((int)fd), 0);
}

static int role(const char *name)
{
    if (!strcmp(name, "impostor"))
        return impostor();
    if (!strcmp(name, "owner")) {
        ask(NAME_REGISTER, "owner", 0);
        for (;;)
            sys_sleep(~0ull);
    }
    return 0;
}

static long pages(void)
{
    return sysfile_number("sys:memory", "free_pages");
}

int main(int argc, char **argv, char **envp)
{
    long left;
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return role(argv[1]);
    refused();
    owner_dies();
    left = pages();
    notices();
    owner_dies();
    for (unsigned i = 0; i < TRIES && pages() != left; i++)
        clock_nap(NAP_NS);
    CHECK_EQ(pages(), left);
    nameserver_dies();
    return guest_end("names");
}
