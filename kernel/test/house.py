#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""house.py: what the tree and its build products promise about themselves, held by looking.

Layers by undefined symbols, one object file in two placements by its bytes, the contract by a hash, the
measured image by what is absent from it, sizes by counting. Run from the root after `make tests`.
Last line: the sum.
"""
import glob
import hashlib
import os
import re
import subprocess
import sys
import tempfile

UPCALLS = {"core_syscall", "core_trap", "core_tick", "core_interrupt", "core_idle", "core_leave", "core_entry"}
CORE_PREFIX = re.compile(r"^(core|ipc|file|fd|scheme|task|mailbox|message|call|linked|wire|words)_")
CORE_SHARED = {"task_none"}  # named by the TCB; an address only
LINES_MAX = 500
results = []


def check(good, what):
    results.append(bool(good))
    if not good:
        print(f"FAIL {what}")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def layers():
    """HAL calls CORE by the six upcalls and the boot order's core_entry."""
    for path in glob.glob("build/k/kernel/hal/*.o"):
        for line in output("nm", "-u", path).splitlines():
            name = line.split()[-1]
            up = CORE_PREFIX.match(name) and name not in UPCALLS | CORE_SHARED
            check(not up, f"{path} calls up: {name}")


def section(path, name):
    """The bytes of a section of an ELF file."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["objcopy", "-O", "binary", "--only-section=" + name, path, out.name], check=True)
        return open(out.name, "rb").read()


def one_object():
    """A service's text is the same, byte for byte, in the kernel, in its module and in its server."""
    kernel = section("build/kernel.elf", ".svc")
    for path in glob.glob("build/svc/*.o"):
        name = os.path.basename(path)[:-2]
        server = section(f"build/user/svc-{name}.elf", ".svc")
        module = section(f"build/svc/{name}.kmod", ".svc")
        digest = hashlib.sha256(server).hexdigest()
        at = kernel.find(server)
        linked = hashlib.sha256(kernel[at:at + len(server)]).hexdigest()
        check(len(server) > 16 and at >= 0 and linked == digest,
              f"text of {name} differs between kernel and server")
        check(hashlib.sha256(module).hexdigest() == digest,
              f"text of {name} differs between module and server")
        print(f"service {name}: {len(server)} bytes, sha256 {digest[:16]} in all placements")
        relocations = output("readelf", "-r", path)
        for line in re.findall(r"R_X86_64_\S+\s.*", relocations.split(".rela.data")[0]):
            check("PC32" in line and ".svc" in line, f"{path}: {line}")
    for path in glob.glob("servers/services/*.c"):
        with open(path, encoding="utf-8") as lines:
            text = lines.read()
        check(not re.search(r"^\s*#\s*(if|ifdef|ifndef|elif|undef|pragma)\b", text, re.M),
              f"{path}: conditional code")
        check(not re.search(r"\b(__KERNEL__|PLACE_\w+|LINKED|MODULE|SERVER|KFLAGS|UFLAGS)\b", text),
              f"{path}: knows where it runs")
        includes = set(re.findall(r'#include\s+[<"]([^>"]+)', text))
        check(includes <= {"servers/service.h", "servers/ring.h", "servers/waiting.h"}, f"{path}: includes {includes}")


def public_calls():
    """A service is made of nothing but service.h and its host's functions: no symbol is missing in its
    object, not one of the kernel, and its server has the user library's alone."""
    for path in sorted(glob.glob("build/svc/*.o")):
        check(not output("nm", "-u", path), f"{path}: imports something")
        name = os.path.basename(path)[:-2]
        defined = re.findall(r"^\w+ [A-Z] (\w+)$", output("nm", "-g", path), re.M)
        check(defined == [f"service_{name}"], f"{path}: exports {defined}")
        server = output("nm", f"build/user/svc-{name}.elf")
        check(f" service_{name}\n" in server, f"svc-{name}.elf: has no table")
        check(not re.search(r" (?:core|sched|ipc|space|page|hal)_\w+\n", server),
              f"svc-{name}.elf: has a symbol of the kernel")


def contract():
    """A change of the contract's values is either a new ABI_VERSION or a mistake."""
    text = "".join(open(path, encoding="utf-8").read() for path in sorted(glob.glob("kernel/abi/*.h")))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    digest = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]
    version = re.search(r"ABI_VERSION\s+(\d+)u", text)[1]
    with open("kernel/test/abi.cfg", encoding="utf-8") as lines:
        known = dict(line.split() for line in lines if not line.startswith("#"))
    check(known.get(version) == digest,
          f"kernel/abi changed: bump ABI_VERSION and add a line '{version} {digest}' to kernel/test/abi.cfg")
    calls = len(re.findall(r"X\(\w+, SYS_CLASS", text))
    check(0 < calls <= 48, f"{calls} system calls")
    for compiler, flags in (("gcc", ["-std=c11"]), ("g++", ["-std=c++17", "-x", "c++"])):
        run = subprocess.run([compiler, *flags, "-I.", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                              "kernel/abi/abi.h"], capture_output=True, text=True, check=False)
        run_errors = [line for line in run.stderr.splitlines() if "error" in line and "pragma" not in line]
        check(not run_errors, f"{compiler}: {run_errors[:1]}")


def measured_image():
    """Nothing of a test, a sanitizer or a mock is in what is measured."""
    symbols = output("nm", "build/kernel.elf")
    check(not re.search(r"asan|ubsan|sancov|mock|mutant|selftest", symbols), "kernel.elf has test symbols")
    check(not re.search(r"\b[BDC] stamp_|profil", symbols), "kernel.elf has hooks")
    for path in ["build/kernel.elf", *glob.glob("build/user/*.elf")]:
        headers = output("readelf", "-lW", path)
        check(not re.search(r"LOAD.*RWE", headers), f"{path}: a segment is writable and executable")


def configuration():
    """PCI's memory is read and written by EAX, or not at all on AMD's family 10h."""
    code = output("objdump", "-d", "--no-show-raw-insn", "build/loader.elf")
    parts = "".join(re.findall(r"<config_(?:open|read|write)>:\n(?:.+\n)+", code))
    moves = re.findall(r"\s(?:(%\w+),\(%\w+\)|\(%\w+\),(%\w+))$", parts, re.M)
    check(len(moves) >= 3 and all("".join(m) == "%eax" for m in moves), f"loader.elf: PCI's memory by {moves}")


def sizes():
    """No file above 500 lines; nothing of another workplace."""
    for path in output("git", "ls-files").split():
        if not path.endswith((".c", ".h", ".asm", ".inc", ".cc", ".py", ".sh", "Makefile")):
            continue
        with open(path, encoding="utf-8") as lines:
            text = lines.read()
        check(text.count("\n") <= LINES_MAX, f"{path}: {text.count(chr(10))} lines")
        check(not re.search(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b", text), f"{path}: unfinished")
        check("SPDX-License-Identifier: MIT" in text[:400], f"{path}: no licence line")


SHOWN = {layers: ("T10", "HAL calls CORE by its upcalls only"),
         one_object: ("T2", "one object file, the same bytes linked, as module and as server; it "
                            "does not know where it runs"),
         public_calls: ("V29", "symbols of services, pipes and channels among them: only their "
                               "host's functions, given at the start, and no import")}


def main():
    for part in (layers, one_object, public_calls, contract, measured_image, configuration, sizes):
        before = len(results)
        part()
        if part in SHOWN:
            own = results[before:]
            good = "ok" if own and all(own) else "FAIL"
            print(f"shows {SHOWN[part][0]}: {good}, {len(own)} checks: {SHOWN[part][1]}")
    print(f"house: {sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
