# SPDX-License-Identifier: MIT
"""The machines that a boot runs on: how each is started, and how its ISO is made.

A machine is a function of a Boot that returns the command to run and the exit status that stands
for "the guest wrote value v". Nothing here waits or judges: boot.py does. Everything is written to
the boot's own directory."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "kernel/image")]

import menu  # noqa: E402
import rescue  # noqa: E402

IMAGE = os.path.join(ROOT, "build/tach.iso")
CPU = "qemu64,+smep,+smap,+umip,+fsgsbase,+rdtscp,+pdpe1gb,+pku,+xsave,+xsaveopt"
MICROVM = "microvm,acpi=off,rtc=on,pit=on,pic=on,isa-serial=on"
MICROVM_NO_PIT = "microvm,acpi=off,rtc=on,pit=off,pic=on,isa-serial=on"
MICROVM_ACPI = "microvm,acpi=on,rtc=on,pit=on,pic=on,isa-serial=on"
MUTE = "microvm,acpi=off,isa-serial=off"
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01,clock=vm"]
OVMF = ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd")
BOCHS = "/usr/share/bochs/"
SLOT = b"@" * 3000  # room for the command line in grub.cfg, overwritten in each copy of the ISO
# Behind the words, a command of GRUB's: as firmware that has left x2APIC mode on, or an interrupt of its own,
# here one that the local APIC sends itself, without an end; or types of memory as no reset leaves them.
FIRMWARE = {"x2": "wrmsr 0x1b 0xfee00d00", "serving": "write_dword 0xfee00300 0x44058",
            "pat": "wrmsr 0x277 0x0606060606060606"}
GRUB_CFG = b"""serial --unit=0 --speed=115200
terminal_output serial
multiboot2 /loader.elf %s
if [ "$grub_platform" = pc ] ; then set gfxpayload=text ; fi
module2 /kernel.elf
module2 /initfs.img
boot
"""

Unavailable = rescue.Unavailable


class Boot:
    """One boot: its images, its words, and a directory of its own."""

    def __init__(self, directory, loader, modules, memory, words, cpu=None):
        self.directory = directory
        self.loader = loader
        self.modules = modules
        self.memory = memory
        self.words = words
        self.cpu = cpu
        self.port = None  # of @serial=
        self.mcfg = None  # of @mcfg=
        self.firmware = None  # of @firmware=
        self.iso_template = None  # none: the image that a user boots
        self.serial = os.path.join(directory, "serial")
        self.log = os.path.join(directory, "bochs.log")


def megabytes(memory):
    """QEMU's notation in whole MiB, for Bochs."""
    unit = {"M": 1, "G": 1024}.get(memory[-1:].upper())
    if unit is None or not memory[:-1].isdigit():
        raise ValueError("memory is a number with M or G, not %r" % memory)
    return int(memory[:-1]) * unit


def serial(boot, machine):
    """The serial port: COM1, or what the row's @serial= names, and then nothing else."""
    line = ["-chardev", "file,id=line,path=" + boot.serial]
    if machine == MUTE or boot.port == "extra":  # the caller brings its own
        return []
    if boot.port is None:
        return ["-serial", "file:" + boot.serial]
    if boot.port in ("com2", "spcr"):
        return line + ["-device", "isa-serial,index=1,chardev=line"] + \
            (spcr(boot) if boot.port == "spcr" else [])
    if boot.port == "both":  # something else is at COM1
        return ["-serial", "null"] + line + ["-device", "pci-serial,chardev=line"]
    if boot.port == "pci":
        return line + ["-device", "pci-serial,chardev=line"]
    if boot.port == "bridge":  # on another bus
        return line + ["-device", "pcie-pci-bridge,id=bridge", "-device",
                      "pci-serial-2x,chardev1=line,bus=bridge,addr=3"]
    raise ValueError("no serial port %r" % boot.port)


def spcr(boot):
    """A firmware that names COM2: 16550, I/O space, 19200."""
    name = os.path.join(boot.directory, "spcr")
    with open(name, "wb") as f:
        f.write(bytes([0, 0, 0, 0, 1, 8, 0, 0]) + (0x2F8).to_bytes(8, "little") + bytes(6) +
                bytes([4]) + bytes(21))
    return ["-acpitable", "sig=SPCR,rev=2,data=" + name]


def mcfg(boot):
    """A firmware that names 256 buses of segment 0 in memory: at an address that is too high for them, in RAM,
    or where nothing is."""
    if boot.mcfg is None:
        return []
    base = {"high": 0xFFF00000, "ram": 0x2000000, "wrong": 0xC0000000}[boot.mcfg]
    name = os.path.join(boot.directory, "mcfg")
    with open(name, "wb") as f:
        f.write(bytes(8) + base.to_bytes(8, "little") + bytes([0, 0, 0, 255]) + bytes(4))
    return ["-acpitable", "sig=MCFG,rev=1,data=" + name]


def qemu(boot, machine, extra):
    return ["qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-cpu", boot.cpu or CPU,
            "-m", boot.memory, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4"] + serial(boot, machine) + mcfg(boot) + extra


def kernel_arguments(boot):
    """Multiboot 1: QEMU loads the loader and its modules itself."""
    extra = ["-kernel", boot.loader]
    if boot.modules:
        extra += ["-initrd", ",".join(boot.modules)]
    return extra + (["-append", boot.words] if boot.words else [])


def iso_make(boot, template):
    """A hybrid BIOS and EFI ISO of the three images, its command line still to be filled in."""
    files = dict(zip(("loader.elf", "kernel.elf", "initfs.img"), [boot.loader] + boot.modules))
    rescue.make(files, GRUB_CFG % SLOT, template, "wrmsr memrw")


def image_fill(boot):
    """A copy of the image that `make iso` made, which starts the words at once. Only the first lines of
    its menu are written over; everything else is what a user boots."""
    words = boot.words.replace(";", "\\;")
    head = ('set default=words\nset timeout=0\nset more="%s"\n' % words).encode()
    if len(head) >= len(menu.HEAD):
        raise ValueError("command line too long for the image's menu")
    head += b"#" * (len(menu.HEAD) - len(head) - 1) + b"\n"
    target = os.path.join(boot.directory, "boot.iso")
    try:
        with open(IMAGE, "rb") as f:
            image = f.read()
    except OSError:
        raise Unavailable(IMAGE + ": no such file; make iso makes it") from None
    if image.count(menu.HEAD) != 1:
        raise Unavailable(IMAGE + ": the first lines of its menu are not there once")
    with open(target, "wb") as f:
        f.write(image.replace(menu.HEAD, head))
    return target


def iso_fill(template, target, words):
    """A copy of the template with the command line written over its slot."""
    text = words.encode()
    if len(text) > len(SLOT):
        raise ValueError("command line longer than %d bytes" % len(SLOT))
    with open(template, "rb") as f:
        image = f.read()
    if image.count(SLOT) != 1:
        raise Unavailable("%s: the slot of grub.cfg is not there once" % template)
    with open(target, "wb") as f:
        f.write(image.replace(SLOT, text.ljust(len(SLOT))))
    return target


def iso(boot):
    if not boot.iso_template:
        return image_fill(boot)
    words = boot.words + ("\n" + FIRMWARE[boot.firmware] if boot.firmware else "")
    return iso_fill(boot.iso_template, os.path.join(boot.directory, "boot.iso"), words)


def bochs(boot):
    """Without a speaker there is no sound, hence none of its threads: at the end Bochs frees what they use
    20 ms after it told them to stop, and on a busy host they come later and crash it."""
    for name in ("BIOS-bochs-latest", "VGABIOS-lgpl-latest"):
        if not os.path.exists(BOCHS + name):
            raise Unavailable(BOCHS + name + " is missing")
    lines = ["cpu: model=%s, count=1, ips=10000000, reset_on_triple_fault=0, ignore_bad_msrs=0"
             % (boot.cpu or "tigerlake"),
             "megs: %d" % megabytes(boot.memory),
             "romimage: file=" + BOCHS + "BIOS-bochs-latest",
             "vgaromimage: file=" + BOCHS + "VGABIOS-lgpl-latest",
             "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
             "ata0-master: type=cdrom, path=%s, status=inserted" % iso(boot),
             "boot: cdrom",
             "com1: enabled=1, mode=file, dev=" + boot.serial,
             "clock: sync=none, time0=946684800",
             "plugin_ctrl: speaker=false",
             "panic: action=fatal",
             "log: " + boot.log,
             'display_library: rfb, options="timeout=0"']
    config = os.path.join(boot.directory, "bochsrc")
    start = os.path.join(boot.directory, "bochs.rc")
    with open(config, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    with open(start, "w", encoding="ascii") as f:
        f.write("c\n")
    return ["bochs", "-q", "-f", config, "-rc", start]


def bochs_ended(boot):
    """Whether the guest wrote its last byte to the shutdown port: Bochs did all that it asked for."""
    try:
        with open(boot.log, encoding="utf-8", errors="replace") as f:
            return ">>PANIC<< Shutdown port: shutdown requested" in f.read()
    except OSError:
        return False


def efi(boot, medium):
    firmware = next((f for f in OVMF if os.path.exists(f)), None)
    if firmware is None:
        raise Unavailable("no OVMF firmware: " + ", ".join(OVMF))
    return qemu(boot, "q35", ["-bios", firmware] + medium)


def disk(boot):
    """As a USB stick has it: the image is the whole disk."""
    return ["-drive", "if=none,id=stick,format=raw,file=" + iso(boot), "-device", "qemu-xhci",
            "-device", "usb-storage,drive=stick"]


def qemu_status(value):
    return value << 1 | 1


def bochs_status(_):
    return 1


# name: command of a boot, exit status of a value, whether it boots from an ISO. "mute" is a machine
# without a serial port: its exit status is all that it says. "image-" boots what `make iso` made.
MACHINES = {
    "microvm": (lambda b: qemu(b, MICROVM, kernel_arguments(b)), qemu_status, False),
    "microvm-no-pit": (lambda b: qemu(b, MICROVM_NO_PIT, kernel_arguments(b)), qemu_status, False),
    "icount": (lambda b: qemu(b, MICROVM, ICOUNT + kernel_arguments(b)), qemu_status, False),
    "microvm-acpi": (lambda b: qemu(b, MICROVM_ACPI, kernel_arguments(b)), qemu_status, False),
    "mute": (lambda b: qemu(b, MUTE, kernel_arguments(b)), qemu_status, False),
    "pc": (lambda b: qemu(b, "pc", kernel_arguments(b)), qemu_status, False),
    "q35": (lambda b: qemu(b, "q35", kernel_arguments(b)), qemu_status, False),
    "iso-bios": (lambda b: qemu(b, "pc", ["-cdrom", iso(b)]), qemu_status, True),
    "iso-efi": (lambda b: efi(b, ["-cdrom", iso(b)]), qemu_status, True),
    "bochs": (bochs, bochs_status, True),
    "image-pc": (lambda b: qemu(b, "pc", ["-cdrom", iso(b)]), qemu_status, False),
    "image-q35": (lambda b: qemu(b, "q35", ["-cdrom", iso(b)]), qemu_status, False),
    "image-usb": (lambda b: qemu(b, "q35", disk(b)), qemu_status, False),
    "image-efi": (lambda b: efi(b, ["-cdrom", iso(b)]), qemu_status, False),
    "image-efi-usb": (lambda b: efi(b, disk(b)), qemu_status, False),
    "image-bochs": (bochs, bochs_status, False),
}
