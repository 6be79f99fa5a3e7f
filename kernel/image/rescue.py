# SPDX-License-Identifier: MIT
"""Makes hybrid images: a tree of files in, an ISO out that BIOS and EFI start from a CD or a disk.

The image is replaced whole or not at all. Used by image.py and by the tests' machines."""

import os
import shutil
import subprocess
import tempfile

# What the menus and multiboot2 need on either firmware; the rest of GRUB stays at home.
MODULES = ("normal multiboot2 serial iso9660 search search_fs_file terminal part_msdos part_gpt "
           "part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_plan part_sun "
           "part_sunpc configfile read echo test regexp rdmsr "
           "iorw all_video")


class Unavailable(Exception):
    """This host lacks what is needed; the text says what."""


def make(files, menu, target, modules=""):
    """files: {name in the image: path}; menu: grub.cfg as bytes; target: the image; modules: more of GRUB's."""
    with tempfile.TemporaryDirectory(prefix="tach-image-") as tree:
        os.makedirs(os.path.join(tree, "boot/grub"))
        for name, source in files.items():
            shutil.copyfile(source, os.path.join(tree, name))
        with open(os.path.join(tree, "boot/grub/grub.cfg"), "wb") as f:
            f.write(menu)
        command = ["grub-mkrescue", "-o", target + ".new", "--install-modules=" + MODULES + " " + modules,
                   "--fonts=", "--locales=", "--themes=", tree]
        try:
            made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL, timeout=120, check=False)
        except FileNotFoundError:
            raise Unavailable("grub-mkrescue is not installed") from None
    if made.returncode:
        raise Unavailable("grub-mkrescue: " + made.stdout.decode(errors="replace")[-300:])
    os.replace(target + ".new", target)
