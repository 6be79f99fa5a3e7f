/* SPDX-License-Identifier: MIT
 * See guest.h. One thread checks; others only act. */
#include "kernel/test/guest/lib/guest.h"

#include "servers/lib/exec.h"
#include "servers/lib/print.h"

#define GUEST_STACK 16384u

static unsigned passed, failed;

bool guest_check(bool good, const char *what, int line)
{
    passed += good;
    failed += !good;
    if (!good)
        print("FAIL line %d: %s\n", line, what);
    return good;
}

bool guest_check_equal(int64_t have, int64_t want, const char *what, int line)
{
    bool good = guest_check(have == want, what, line);

    if (!good)
        print("     have %lx, want %lx\n", (unsigned long)have, (unsigned long)want);
    return good;
}

unsigned guest_failed(void)
{
    return failed;
}

/* The promise under test, and the counts at its beginning. */
static struct {
    const char *rows, *what;
    unsigned passed, failed;
} shown;

static void shown_end(void)
{
    if (!shown.rows)
        return;
    unsigned checks = passed - shown.passed;
    bool good = failed == shown.failed && checks;
    if (failed == shown.failed && !checks)
        failed++;
    print("shows %s: %s, %u checks: %s\n", shown.rows, good ? "ok" : "FAIL", checks, shown.what);
}

void guest_shows(const char *rows, const char *what)
{
    shown_end();
    shown.rows = rows;
    shown.what = what;
    shown.passed = passed;
    shown.failed = failed;
}

int guest_end(const char *name)
{
    guest_shows(0, 0);
    print("%s: %u passed, %u failed\n", name, passed, failed);
    return failed || !passed;
}

void *guest_memory(uint64_t bytes)
{
    long at = sys_fmap(0, bytes, PROT_READ | PROT_WRITE | MAP_PRIVATE);

    if (at < 0) {
        print("FAIL no memory for %lu bytes: %s\n", (unsigned long)bytes, error_text(at));
        sys_exit(1);
    }
    return (void *)at;
}

long guest_thread(void (*run)(uint64_t argument), uint64_t argument)
{
    uint64_t top = (uint64_t)guest_memory(GUEST_STACK) + GUEST_STACK;

    return sys_thread_create((uint64_t)run, top - 8, argument); /* as after a CALL */
}

static const char *own_path;

void guest_path_set(const char *path)
{
    own_path = path;
}

static uint64_t number_take(const char **at)
{
    uint64_t value = 0;

    for (; **at >= '0' && **at <= '9'; ++*at)
        value = value * 10 + (uint64_t)(**at - '0');
    return value;
}

/* Without schemes there is no initfs: then argv[0] says where the program's own file lies in
 * memory, "mem:ADDRESS:BYTES" (servers/bootstrap/bare.c). */
static long child_of_memory(const struct exec *what)
{
    const char *at = own_path + 4;
    uint64_t address = number_take(&at);

    at++;
    return exec_memory(what, (const void *)address, number_take(&at));
}

long guest_child(const char *role, uint64_t number)
{
    char text[24];
    const char *argv[] = {own_path, role, text, 0};
    const struct exec what = {.path = own_path, .args = {argv, 0}, .ready_write = -1};

    print_to(text, sizeof(text), "%lu", (unsigned long)number);
    return own_path[0] == 'm' ? child_of_memory(&what) : exec_spawn(&what);
}

uint64_t guest_wait(long tid)
{
    uint64_t status = ~0ull;

    if (sys_waitpid((uint32_t)tid, 0, &status) < 0)
        return ~0ull;
    return status;
}

extern char probe_handler[];
extern uint64_t probe_fault[4];
void probe_read(uint64_t address);
void probe_write(uint64_t address);
void probe_jump(uint64_t address);

static struct guest_fault probe(void (*how)(uint64_t address), uint64_t address)
{
    static void *stack;

    if (!stack)
        stack = guest_memory(GUEST_STACK);
    probe_fault[0] = 0;
    sys_taskctl(0, TASK_FAULT,
                (struct taskctl){.a = (uint64_t)probe_handler, .b = (uint64_t)stack + GUEST_STACK});
    how(address);
    sys_taskctl(0, TASK_FAULT, (struct taskctl){0, 0, 0, 0});
    return (struct guest_fault){probe_fault[0], probe_fault[1], probe_fault[2], probe_fault[3]};
}

struct guest_fault guest_probe(uint64_t address)
{
    return probe(probe_read, address);
}

struct guest_fault guest_probe_write(uint64_t address)
{
    return probe(probe_write, address);
}

struct guest_fault guest_probe_jump(uint64_t address)
{
    return probe(probe_jump, address);
}
