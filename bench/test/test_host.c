/* SPDX-License-Identifier: MIT
 * The runner's tools: digests against FIPS 180-4's own examples, children and their bounds, files,
 * and the probe's guest, which must pass on an emulator that is right about ring 3. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "bench/probe.h"
#include "bench/process.h"
#include "bench/sha256.h"
#include "bench/test/unit.h"
#include "bench/uprobe.h"

static int digest_is(const char *text, size_t size, const char *wanted)
{
    char digest[SHA256_TEXT];

    sha256_text(text, size, digest);
    return !strcmp(digest, wanted);
}

static void test_sha256(void)
{
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    char *million = malloc(1000000);

    EXPECT(digest_is("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    EXPECT(digest_is("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    EXPECT(digest_is(two, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
    memset(million, 'a', 1000000);
    EXPECT(digest_is(million, 1000000,
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    free(million);
}

static void test_process(const char *log)
{
    const char *good[] = {"sh", "-c", "echo heard; exit 7", NULL};
    const char *slow[] = {"sleep", "60", NULL}, *absent[] = {"tach-no-such-program", NULL};
    struct process process;
    char *text;
    size_t size;

    EXPECT(!process_start(&process, good, log, 10));
    process_wait(&process);
    EXPECT(process.status == 7 && !process.timed_out && process.took_s < 10);
    EXPECT(!file_read("test", log, 100, &text, &size) && !strcmp(text, "heard\n"));
    free(text);
    EXPECT(!process_start(&process, slow, log, 0.05));
    process_wait(&process);
    EXPECT(process.status == -1 && process.timed_out && process.took_s < 10 && !process.pid);
    EXPECT(!process_start(&process, absent, log, 10));
    process_wait(&process);
    EXPECT(process.status == 127 && !process.timed_out);
    EXPECT(process_start(&process, good, "/no/such/directory/log", 10) == -1 && !process.pid);
    EXPECT(process_found("sh") && !process_found("tach-no-such-program"));
}

static void test_file(const char *directory)
{
    char path[200];
    char *text;
    size_t size;

    snprintf(path, sizeof(path), "%s/a/b/file", directory);
    FILE *file = file_create("test", path);
    EXPECT(file && fputs("12345", file) >= 0 && file_finish("test", path, file) == TACH_OK);
    EXPECT(!file_read("test", path, 5, &text, &size) && size == 5 && !strcmp(text, "12345"));
    free(text);
    EXPECT(file_read("test", path, 4, &text, &size) == TACH_BADDATA && !text);
    EXPECT(file_read("test", directory, 4, &text, &size) == TACH_NOINPUT && !text);
    file = file_create("test", "/dev/full");
    EXPECT(file && fputs("x", file) >= 0);
    EXPECT(file_finish("test", "/dev/full", file) == TACH_CANTCREATE);
    snprintf(path, sizeof(path), "%s/a/b/file/c", directory);
    EXPECT(file_directory("test", path) == TACH_CANTCREATE && !file_create("test", path));
}

static void test_probe(void)
{
    struct probe probe;

    probe_run(PROBE_IMAGE, "tcg", &probe);
    EXPECT(probe.passed && probe.ring0_ticks && probe.ring3_ticks && probe.took_s < PROBE_LIMIT_S);
    if (!probe.passed)
        printf("  %s\n", probe.reason);
    probe_run("LICENSE", "tcg", &probe);
    EXPECT(!probe.passed && probe.reason[0] && !probe.ring0_ticks);
    probe_run("build/no-such-image", "tcg", &probe);
    EXPECT(!probe.passed && strstr(probe.reason, "run make"));
    /* On a machine with a true hypervisor this passes; everywhere it ends in time, with a reason.
     */
    probe_run(PROBE_IMAGE, "kvm", &probe);
    EXPECT(probe.reason[0] && probe.took_s < PROBE_LIMIT_S + 1);
    printf("  kvm: %s: %s\n", probe.passed ? "passes" : "refused", probe.reason);
}

/* The functions of this very program; then of files that are damaged or foreign. */
static void test_symbols(void)
{
    struct uprobe probes[] = {{.name = "none", .symbol = "tach_no_such_function"}};
    struct uprobe wanted[] = {{.name = "a", .symbol = "cpu_x86_update_cr3"},
                              {.name = "b", .symbol = "do_interrupt_all"}};
    char program[4096], *file;
    size_t size, found = 0;

    EXPECT(process_path(QEMU_PROGRAM, program, sizeof(program)) && program[0] == '/');
    EXPECT(!file_read("test", program, 256u << 20, &file, &size));
    EXPECT(!uprobe_symbols((const uint8_t *)file, size, probes, 1) && !probes[0].offset);
    EXPECT(uprobe_symbols((const uint8_t *)file, size, wanted, 2) == 2);
    EXPECT(wanted[0].offset && wanted[0].offset < size && wanted[0].offset != wanted[1].offset);
    srandom(12);
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t damaged[4096];
        const size_t cut = (size_t)random() % sizeof(damaged);
        memcpy(damaged, file, sizeof(damaged));
        for (unsigned i = 0; i < 8; i++)
            damaged[(size_t)random() % 1024] = (uint8_t)random();
        wanted[0].offset = 0;
        found += uprobe_symbols(damaged, cut, wanted, 1);
    }
    EXPECT(found == 0); /* the sanitizers judge the rest */
    for (unsigned round = 0; round < 40; round++) {
        uint8_t *at = (uint8_t *)file + (round % 2 ? size - 64 * 40 : 0);
        for (unsigned i = 0; i < 4; i++)
            at[(size_t)random() % (round % 2 ? 64 * 40 : 64)] = (uint8_t)random();
        wanted[0].offset = 0;
        uprobe_symbols((const uint8_t *)file, size, wanted, 1);
    }
    free(file);
}

/* A held child does nothing before it is released, and killing one that is held leaves nothing. */
static void test_held(const char *log)
{
    const char *good[] = {"sh", "-c", "echo heard", NULL};
    struct process process;
    char *text;
    size_t size;

    EXPECT(!process_start_held(&process, good, log, 10));
    usleep(30000);
    EXPECT(!process_ended(&process) && !file_read("test", log, 100, &text, &size) && !size);
    free(text);
    process_release(&process);
    process_wait(&process);
    EXPECT(process.status == 0 && !file_read("test", log, 100, &text, &size) && size == 6);
    free(text);
    EXPECT(!process_start_held(&process, good, log, 10));
    process_kill(&process);
    EXPECT(!process.pid && process.status == -1);
}

/* What is moved into place is whole; where it cannot be, the old file stays. */
static void test_replace(const char *directory)
{
    char path[200], part[220];
    char *text;
    size_t size;

    snprintf(path, sizeof(path), "%s/r/file", directory);
    snprintf(part, sizeof(part), "%s.part", path);
    for (unsigned round = 0; round < 2; round++) {
        FILE *file = file_replace("test", path);
        EXPECT(file && fputs(round ? "new" : "old", file) >= 0);
        EXPECT(access(path, F_OK) == (round ? 0 : -1) && !access(part, F_OK));
        EXPECT(file_replace_finish("test", path, file) == TACH_OK && access(part, F_OK));
    }
    EXPECT(!file_read("test", path, 10, &text, &size) && !strcmp(text, "new"));
    free(text);
    EXPECT(!symlink("/dev/full", part));
    FILE *file = file_replace("test", path);
    EXPECT(file && fputs("lost", file) >= 0);
    EXPECT(file_replace_finish("test", path, file) == TACH_CANTCREATE && access(part, F_OK));
    EXPECT(!file_read("test", path, 10, &text, &size) && !strcmp(text, "new"));
    free(text);
}

int main(void)
{
    char directory[] = "/tmp/tach-test-XXXXXX", log[64];

    EXPECT(mkdtemp(directory) != NULL);
    snprintf(log, sizeof(log), "%s/log", directory);
    test_sha256();
    test_process(log);
    test_file(directory);
    test_held(log);
    test_replace(directory);
    test_symbols();
    test_probe();
    const char *clean[] = {"rm", "-rf", directory, NULL};
    struct process process;
    EXPECT(!process_start(&process, clean, "/dev/null", 10));
    process_wait(&process);
    return unit_done("host");
}
