# SPDX-License-Identifier: MIT
"""The boot menu of the image: grub.cfg, made of the benchmark matrix.

Every cell of the matrix is in it, in as many entries as a command line is too short for. What a
user chooses (cells, other words) lives in exported variables, and the menu is read again.
Called by image.py and by its test."""

import re

CELLS_MAX = 1500  # bytes of one bench= word: a command line has 2047, and the user adds words
GROUPS = (("Null and file calls (R)", r"R\d"), ("Messages (D)", r"D\d"), ("Schemes (T)", r"T\d"),
          ("Interrupts", r"irq-"), ("Moving a service", r"move"), ("The rest", r""))
# Isolation: the words, how people say it, and in identities. A CPU that lacks PCID ends the last one's boots at once.
POINTS = (("pti=on pcid=off", "on", "on"), ("pti=off", "off", "off"), ("pti=on pcid=on", "on with PCID", "pcid"))
# Seconds of a boot that nobody attends to. The longest part that was ever seen, of an emulator whose clock jitters,
# was 1.04 MB: 1080 s by the slowest line of the menu.
LIMIT_S = 1800
# The first lines of grub.cfg. The tests write their own over them, which may be as long.
HEAD = b"""set default=all
set timeout=5
#%s
""" % (b"-" * 600)
TERMINALS = """
# The firmware's screen and keyboard, and the first serial port where there is one.
if serial --unit=0 --speed=115200 ; then
    terminal_input console serial
    terminal_output console serial
fi
# EFI firmware has pixels only, which GRUB hands over only with a driver; of a BIOS its text will do
if [ "$grub_platform" = efi ] ; then insmod all_video ; fi
function tach {
    multiboot2 /loader.elf $port $rate "$@" $more
    if [ "$grub_platform" = pc ] ; then set gfxpayload=text ; fi
    module2 /kernel.elf
    module2 /initfs.img
}
if [ -z "$cells" ] ; then set cells=R0 ; fi
# who has chosen something wants to choose on
if [ -n "$chosen" ] ; then set timeout=-1 ; fi
export cells more chosen port rate
"""
LAST = """
menuentry "Cells (n): $cells" --hotkey=n --id cells { tach pti=on wire=frames bench=$cells }
menuentry "Console (k)" --hotkey=k --id console { tach pti=on }
menuentry "Only the words below (o)" --hotkey=o --id words { tach }
menuentry "Change the cells (x), now: $cells" --hotkey=x {
    echo -n "Cells, parted by commas: "
    read cells
    set chosen=1
    configfile /boot/grub/grub.cfg
}
submenu "Serial port (s) ..., now: $port $rate" --hotkey=s {
%s}
menuentry "Change the boot words of every entry (w), now: $more" --hotkey=w {
    echo -n "Boot words: "
    read more
    set chosen=1
    configfile /boot/grub/grub.cfg
}
"""


class BadMatrix(Exception):
    """The matrix cannot be read; the text says where."""


def cells_read(text):
    """Names of all cells, in the matrix's order: RUNG[/size:N][/space:S][/WORD]."""
    names = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words or words[0] == "axis":
            continue
        if not 3 <= len(words) <= 4:
            raise BadMatrix("line %d: %d columns" % (number, len(words)))
        parts = [words[0]]
        parts += ["size:" + words[1]] * (words[1] != "-") + ["space:" + words[2]] * (words[2] != "-")
        names.append("/".join(parts + words[3:]))
    return names


def batches(names):
    """The same names in lists that fit one boot word each."""
    lists = [[]]
    for name in names:
        if len(",".join(lists[-1] + [name])) > CELLS_MAX:
            lists.append([])
        lists[-1].append(name)
    return lists


def entry(title, identity, words):
    return 'menuentry "%s" --id %s { tach %s }\n' % (title, identity, words)


def parts(names):
    """The words of each boot that the whole matrix takes: every point of the axes, every batch."""
    boots = [(words, trace, batch) for trace in ("off", "on") for words, _, _ in POINTS
             for batch in batches(names)]
    return ["%s trace=%s wire=frames part=%d/%d bench=%s" % (words, trace, number, len(boots), ",".join(batch))
            for number, (words, trace, batch) in enumerate(boots, 1)]


def branches(pattern, form, count):
    """Shell of GRUB: sets `part` by a byte of $ticks, whose values are dealt to the parts in blocks:
    its highest bits decide, as the lowest ones of a counter may stand still."""
    text = ""
    for part in range(count):
        block = range(256 * part // count, 256 * (part + 1) // count)
        text += "        %s regexp '%s' \"$ticks\" ; then set part=%d\n" % (
            "elif" if part else "if", pattern % "|".join(form % value for value in block), part + 1)
    return text + "        fi\n"


def draw(count):
    """A function that picks a part by chance: by that byte of the CPU's clock that goes round within
    microseconds. Where GRUB cannot read it (it is 0 then), by that of the PIT. The time of day
    would not do: boots that all take as long land on the same part again and again."""
    return """function draw {
    set part=1
    rdmsr -v ticks 0x10
    if regexp '[1-9a-f]....$' "$ticks" ; then
%s    else
        outb 0x43 0
        inb -v ticks 0x40
%s    fi
}
""" % (branches("(%s)..$", "%02x", count), branches("^(%s)$", "%x", count))


def every(names):
    """Boot after boot: each picks a part, measures it and starts the machine anew."""
    words = parts(names)
    text = draw(len(words)) + 'menuentry "Measure everything, boot after boot (a)" --hotkey=a --id all {\n    draw\n'
    for number, line in enumerate(words, 1):
        text += '    if [ $part = %d ] ; then tach %s end=reset limit=%d ; fi\n' % (number, line, LIMIT_S)
    return text + "}\n"


def measure(title, identity, names, trace):
    """Entries for these cells, at each point of isolation, one for each part that fits."""
    lists, text = batches(names), ""
    for words, name, short in POINTS:
        for number, batch in enumerate(lists, 1):
            say = title if len(lists) == 1 else "%s, part %d of %d" % (title, number, len(lists))
            text += entry("%s, isolation %s" % (say, name), "%s-%s-%d" % (identity, short, number),
                          "%s trace=%s wire=frames bench=%s" % (words, trace, ",".join(batch)))
    return text


def grouped(names):
    """(title, names) of each group; a cell belongs to the first that it matches."""
    left = list(names)
    for title, pattern in GROUPS:
        chosen = [n for n in left if re.match(pattern, n)]
        left = [n for n in left if n not in chosen]
        if chosen:
            yield title, chosen


def serial_ports():
    """Entries that choose the port, or its rate, of every other entry."""
    again = '    set chosen=1\n    configfile /boot/grub/grub.cfg\n}\n'
    words = [("port", "serial=" + w) for w in ("com1", "com2", "com3", "com4", "pci")]
    words += [("rate", "baud=%d" % b) for b in (9600, 19200, 38400, 57600, 115200)]
    text = "".join('menuentry "%s (%d)" --hotkey=%d {\n    set %s=%s\n%s' %
                   (word, key % 10, key % 10, name, word, again)
                   for key, (name, word) in enumerate(words, 1))
    return text + ('menuentry "Another (0xPORT or mmio:0xADDRESS)" {\n    echo -n "serial="\n'
                   '    read answer\n    set port=serial=$answer\n' + again)


def submenu(title, body):
    return 'submenu "%s ..." {\n%s}\n' % (title, body)


def menu(matrix):
    """grub.cfg as bytes, of the matrix's text."""
    names = cells_read(matrix)
    if not names:
        raise BadMatrix("no cells")
    # a terminal of 24 lines shows eleven entries, and all of them are to be seen
    text = TERMINALS + every(names)
    text += submenu("Measure one part", measure("Measure everything", "once", names, "off"))
    text += submenu("Measure one group", "".join(
        measure(title, "group%d" % number, chosen, "off")
        for number, (title, chosen) in enumerate(grouped(names))))
    text += submenu("Profile: phases and counts of each call",
                    measure("Profile everything", "profile", names, "on"))
    return HEAD + (text + LAST % serial_ports()).encode("ascii")
