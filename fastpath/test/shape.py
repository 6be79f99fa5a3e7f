#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shape of the assembled fast path, read back from the linked kernel.

After each *_commit label nothing leads to C, no call is made, and no address comes from a register of
the user. The trampoline touches no memory but GS before it has the kernel's root, and none at all after
it has given it up. The straight paths are as long as fastpath/budget says. Of the C code one order of
two accesses is held, which no emulator would miss.

usage: shape.py [--update] [build/kernel.elf]   Exit status: 0 as promised, 1 not, 2 no such file."""
import argparse
import bisect
import re
import subprocess
import sys

BUDGET = 'fastpath/budget'
VARIANTS = ['off', 'off_trace', 'on', 'on_trace', 'pcid', 'pcid_trace']
VARIANTS += [v + '_hard' for v in VARIANTS]
# name: labels at which a conditional jump is taken; all others fall through (ring ends apart)
PATHS = [('null', ['other', 'low', 'null']), ('call-0', ['w0_call']), ('call-48', ['w6_call']),
         ('reply-0', ['other', 'w0_reply']), ('reply-48', ['other', 'w6_reply']),
         ('read', ['other', 'low']), ('read-linked', ['other', 'low', 'linked']), ('read-long', ['other', 'low', 'long']),
         ('notify', ['other', 'notify']), ('sigreturn', ['other', 'low', 'core'])]
# what the guards left in registers: pointers of the kernel at each commit
POINTERS = {'call': {'r11', 'rsp', 'rcx'}, 'reply': {'r11', 'rsp', 'rcx'}, 'notify': {'r11', 'rsp', 'rcx'},
            'read': {'r11', 'rsp', 'rcx', 'rax'}, 'sigreturn': {'r11', 'rsp'}, 'fault': {'rax', 'rbx', 'rsp'}}
# The page fault's own way, of isolation off and on; its registers at the commit are thread, task, stack.
FAULTS = [('fault_entry_0', 'off'), ('fault_entry_1', 'on')]
FAULT_PATHS = [('fault', []), ('fault-stack', ['stack'])]
TIMER_DEADLINE, MSR_TSC_DEADLINE = 0x400f0, 0x6e0  # the timer's entry: its vector and the mode
ALIASES = {}
for base in 'abcd':
    for alias in (base + 'l', base + 'x', 'e' + base + 'x', 'r' + base + 'x'):
        ALIASES[alias] = 'r' + base + 'x'
for base in ('si', 'di', 'bp', 'sp'):
    for alias in (base + 'l', base, 'e' + base, 'r' + base):
        ALIASES[alias] = 'r' + base
for number in range(8, 16):
    for suffix in ('', 'd', 'w', 'b'):
        ALIASES['r%d%s' % (number, suffix)] = 'r%d' % number

failures, passes = [], 0


def check(good, text):
    global passes
    if good:
        passes += 1
    else:
        failures.append(text)
        print('shape: ' + text, file=sys.stderr)
    return good


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Image:
    """Instructions by address, labels by name and by address."""

    def __init__(self, file):
        self.labels, self.names, self.code = {}, {}, {}
        for line in output('nm', file).splitlines():
            parts = line.split()
            if len(parts) == 3:
                self.labels[parts[2]] = int(parts[0], 16)
                self.names.setdefault(int(parts[0], 16), []).append(parts[2])
        text = output('objdump', '-d', '--no-show-raw-insn', '-w', '-M', 'intel', '-j', '.text', '-j',
                      '.entry.text', file)
        for line in text.splitlines():
            match = re.match(r' *([0-9a-f]+):\t(.*)', line)
            if match:
                words = re.sub(r'\s*(<.*>|#.*)$', '', match.group(2)).split(None, 1)
                if words and words[0] in ('rex.W', 'cs', 'ds', 'data16', 'notrack', 'bnd') and len(words) > 1:
                    words = words[1].split(None, 1)
                self.code[int(match.group(1), 16)] = (words[0], words[1] if len(words) > 1 else '')
        self.order = sorted(self.code)

    def following(self, at):
        return self.order[bisect.bisect_right(self.order, at)]

    def local(self, at, entry):
        """The labels of the entry at this address, without its name."""
        prefix = entry + '.'
        return [n[len(prefix):] for n in self.names.get(at, []) if n.startswith(prefix)]


def memory(operands):
    """The registers and the segment of the memory operand, None if there is none."""
    match = re.search(r'((?:[c-gs]s:)?)(\[[^\]]*\]|0x[0-9a-f]+)', operands)
    if not match or (not match.group(1) and not match.group(2).startswith('[')):
        return None
    return match.group(1), [ALIASES[r] for r in re.findall(r'[a-z]\w+', match.group(2)) if r in ALIASES]


def target(operands):
    return int(operands, 16) if re.fullmatch(r'(0x)?[0-9a-f]+', operands) else None


def words_table(image, entry, operation):
    return [image.labels['%s.w%d_%s' % (entry, n, operation)] for n in range(7)]


def pointers_after(known, name, operands):
    """Which registers hold a pointer of the kernel after this instruction."""
    parts = [p.strip() for p in operands.split(',')]
    to = ALIASES.get(parts[0])
    if to is None or name in ('cmp', 'test', 'push') or name.startswith('j'):
        return known
    source = parts[-1]
    wide = parts[0] == to
    if name == 'mov' and wide and memory(source):
        return known | {to}
    if name in ('mov', 'lea') and wide and source in ALIASES:
        return known | {to} if ALIASES[source] in known else known - {to}
    if name == 'lea' and wide:
        return known | {to} if set(memory(source)[1]) & known else known - {to}
    if name == 'add' and wide:
        return known
    return known - {to}


def commit_check(image, entry, label):
    """Everything that can be reached after a commit."""
    operation = label.split('_')[0] if label != 'commit' else 'fault'
    forbidden = {'slow', 'memory', 'plain', 'miss', operation + '_slow', operation + '_memory'}
    where = '%s.%s' % (entry, label)
    todo, seen, left = [(image.labels[where], frozenset(POINTERS[operation]))], set(), False
    while todo:
        at, known = todo.pop()
        if (at, known) in seen:
            continue
        seen.add((at, known))
        name, operands = image.code[at]
        spot = '%s: at %x %s %s' % (where, at, name, operands)
        if not check(not forbidden & set(image.local(at, entry)), spot + ': leads to C'):
            continue
        barrier = name == 'call' and target(operands) == image.labels['mitig_switch'] and entry.endswith('_hard')
        check(name != 'call' or barrier, spot + ': a call')
        used = memory(operands)
        if used and name != 'lea':
            check(used[0] == 'gs:' or not used[1] or set(used[1]) & known or name == 'jmp',
                  spot + ': an address that is not the kernel\'s')
        if name in ('sysret', 'sysretq', 'iretq', 'iret'):
            left = True
            continue
        after = frozenset(pointers_after(set(known), name, operands))
        if name == 'jmp' and target(operands) is None:
            todo += [(w, after) for w in words_table(image, entry, operation)]
            continue
        if name.startswith('j'):
            todo.append((target(operands), after))
        if name != 'jmp':
            todo.append((image.following(at), after))
    check(left, where + ': no way to user mode')


def gateway_check(image, entry):
    """From the entry with the user's root: only GS until CR3 is written, all in the trampoline."""
    start, end = image.labels['__entry_text_start'], image.labels['__entry_text_end']
    todo, seen, written = [(image.labels[entry], False)], set(), 0
    while todo:
        at, swapped = todo.pop()
        if (at, swapped) in seen:
            continue
        seen.add((at, swapped))
        name, operands = image.code[at]
        spot = '%s: at %x %s %s' % (entry, at, name, operands)
        check(start <= at < end, spot + ': outside of the trampoline')
        used = memory(operands)
        check(not used or (used[0] == 'gs:' and swapped), spot + ': memory before the kernel\'s root')
        swapped ^= name == 'swapgs'
        check(name not in ('call', 'push', 'pop', 'sysret', 'sysretq'), spot + ': before the kernel\'s root')
        if name == 'mov' and operands.startswith('cr3'):
            written += 1
            continue
        if name.startswith('j'):
            todo.append((target(operands), swapped))
        if name != 'jmp':
            todo.append((image.following(at), swapped))
    check(written, entry + ': no CR3 write')


def fence_check(image, entry):
    """A hardened entry loads nothing by GS before the LFENCE behind its SWAPGS."""
    todo, seen, found = [image.labels[entry]], set(), 0
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        name, operands = image.code[at]
        if name == 'lfence':
            found += 1
            continue
        used = memory(operands)
        if not check(not used or used[0] != 'gs:', '%s: at %x %s: GS before the fence' % (entry, at, operands)):
            continue
        if name.startswith('j'):
            todo.append(target(operands))
        if name != 'jmp':
            todo.append(image.following(at))
    check(found, entry + ': no fence')


def last_check(image, at, where):
    """From the last CR3 write to SYSRET: straight, in the trampoline, no memory, swapgs just before."""
    start, end = image.labels['__entry_text_start'], image.labels['__entry_text_end']
    check(image.code[at][1].startswith('cr3'), where + ': does not write CR3')
    before, hard, verw = '', '_hard.' in where, False
    while image.code[at][0] not in ('sysret', 'sysretq'):
        name, operands = image.code[at]
        spot = '%s: at %x %s %s' % (where, at, name, operands)
        used = memory(operands)
        own = hard and before != 'swapgs' and (not used or used[0] == 'gs:')  # VERW and its test: the entry area
        if not check(start <= at < end and ((not used and not name.startswith('j')) or own), spot):
            return
        verw |= name == 'verw'
        before, at = name, image.following(at)
    check(verw or not hard, where + ': no VERW')
    check(before == 'swapgs' or (where.endswith('.null') and not hard), where + ': no swapgs before sysret')


def null_last(image, variant):
    """The second CR3 write of null."""
    at, last = image.labels['entry_fast_%s.null' % variant], 0
    while image.code[at][0] not in ('sysret', 'sysretq'):
        if image.code[at][1].startswith('cr3'):
            last = at
        at = image.following(at)
    return last


def tail_check(image):
    """The end of exit.asm is what fastpath/test/host.asm puts in its place."""
    at, tail = image.labels['exit_root_1'], []
    for _ in range(4):
        tail.append(' '.join(image.code[at]).strip())
        at = image.following(at)
    check(tail == ['mov cr3,rax', 'pop rax', 'swapgs', 'iretq'], 'exit_root_1: is %s' % tail)
    check(image.labels['exit_root_0'] == image.following(image.labels['exit_root_1']), 'exit_root_0: is elsewhere')


def straight(image, entry, taken):
    """Instructions and bytes from the entry to the return, and none of a service's own."""
    at, instructions, size = image.labels[entry], 0, 0
    while instructions < 2000:
        name, operands = image.code[at]
        following = image.following(at)
        instructions += 1
        size += following - at if name not in ('sysret', 'sysretq') else 3
        if name in ('sysret', 'sysretq', 'iretq', 'iret'):
            return instructions, size
        to = target(operands) if name.startswith('j') else None
        if name == 'jmp' and to is None:
            at = image.labels['%s.%s' % (entry, taken[-1])]
        elif name == 'jmp':
            at = to
        elif to is not None and (set(image.local(to, entry)) & set(taken) or
                                 any(n.endswith('.kept') for n in image.names.get(to, []))):
            at = to
        else:
            at = following
    return 0, 0


def reached(image, entry):
    """Every instruction that an entry can lead to, up to what it calls and to user mode."""
    todo, seen = [image.labels[entry]], set()
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        name, operands = image.code[at]
        to = target(operands) if name.startswith('j') else None
        if to is not None:
            todo.append(to)
        elif name == 'jmp':
            todo += [at for label, at in image.labels.items() if re.match(re.escape(entry) + r'\.w\d_', label)]
        if name not in ('jmp', 'ud2', 'sysret', 'sysretq', 'iret', 'iretq'):
            todo.append(image.following(at))
    return seen


def percpu_words(*names):
    """How the disassembly writes these words of the CPU's block."""
    with open('build/offsets.inc') as f:
        words = dict(line.split()[1:3] for line in f if line.startswith('%assign'))
    return ['gs:0x%x' % int(words[name]) for name in names]


def stamp_check(image):
    """An entry that traces stamps; one that does not has no clock, no ring and no counter in it: what
    tracing costs when it is off is nothing, as in a build without it."""
    before = len(failures), passes
    traces = percpu_words('CPU_TRACE_NEXT', 'CPU_TRACE_COUNT', 'CPU_TRAPS')
    for variant in VARIANTS:
        for entry in ('entry_fast_' + variant, 'entry_plain_' + variant):
            code = [image.code[at] for at in reached(image, entry)]
            used = [word for name, operands in code for word in [name] + operands.split(',')]
            stamps = [word for word in used if word == 'rdtsc' or any(word.endswith(t) for t in traces)]
            check(bool(stamps) == ('trace' in variant), '%s: of %d instructions these trace: %s' % (entry, len(code), stamps))
            check(len(code) > 20, entry + ': is followed')
    print('shows X12: %s, %d checks: no stamp, no counter and no clock in an entry without tracing' %
          ('ok' if len(failures) == before[0] else 'FAIL', passes - before[1]))


def deadline_check(image):
    """Between the timer's entry in the APIC in deadline mode, which may be a store to memory, and the
    first deadline stands MFENCE on every way: a WRMSR waits for no store, and no emulator shows it."""
    todo = [image.following(at) for at in image.order if image.code[at][1].endswith(',0x%x' % TIMER_DEADLINE)]
    seen, fences = set(), 0
    check(todo, 'timer: no entry in deadline mode')
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        name, operands = image.code[at]
        if name == 'mfence':
            fences += 1
            continue
        if not check(name not in ('ret', 'call') and '0x%x' % MSR_TSC_DEADLINE not in operands,
                     'timer: at %x %s %s: no MFENCE behind the entry' % (at, name, operands)):
            continue
        if name.startswith('j'):
            todo.append(target(operands))
        if name != 'jmp':
            todo.append(image.following(at))
    check(fences, 'timer: no fence')


def budget_read():
    rows = {}
    try:
        with open(BUDGET) as f:
            for line in f:
                if line.strip() and not line.startswith('#'):
                    variant, path, instructions, size = line.split()
                    rows[variant, path] = (int(instructions), int(size))
    except FileNotFoundError:
        pass
    return rows


def budget_write(rows):
    with open(BUDGET, 'w') as f:
        f.write('# The straight paths of the entries of system calls and page faults, to SYSRET or IRETQ:\n'
                '# variant, path, instructions, bytes. Written by fastpath/test/shape.py --update.\n')
        for (variant, path), (instructions, size) in rows.items():
            f.write('%-15s %-12s %4d %5d\n' % (variant, path, instructions, size))


def budget_check(image, update):
    rows = {(v, p): straight(image, 'entry_fast_' + v, taken) for v in VARIANTS for p, taken in PATHS
            if p != 'sigreturn' or not v.endswith('_hard')}
    rows.update({(v, p): straight(image, e, taken) for e, v in FAULTS for p, taken in FAULT_PATHS})
    if update:
        budget_write(rows)
    want = budget_read()
    for key in sorted(set(rows) | set(want)):
        check(rows.get(key) == want.get(key),
              '%s %s: instructions, bytes are %s, %s says %s' % (*key, rows.get(key), BUDGET, want.get(key)))


def main():
    parser = argparse.ArgumentParser(description='checks the shape of the assembled fast path')
    parser.add_argument('--update', action='store_true', help='rewrite ' + BUDGET)
    parser.add_argument('kernel', nargs='?', default='build/kernel.elf')
    args = parser.parse_args()
    try:
        image = Image(args.kernel)
    except (OSError, subprocess.CalledProcessError) as e:
        print('shape: %s: cannot be read: %s' % (args.kernel, e), file=sys.stderr)
        return 2
    for variant in VARIANTS:
        prefix = 'entry_fast_%s.' % variant
        commits = [n[len(prefix):] for n in image.labels if n.startswith(prefix) and n.endswith('_commit')]
        left = {'fault', 'sigreturn'} if variant.endswith('_hard') else {'fault'}
        check(set(commits) == {o + '_commit' for o in POINTERS if o not in left}, variant + ': commits are %s' % commits)
        for label in commits:
            commit_check(image, 'entry_fast_' + variant, label)
        if variant.endswith('_hard'):
            fence_check(image, 'entry_fast_' + variant)
            fence_check(image, 'entry_plain_' + variant)
        if not variant.startswith('off'):
            gateway_check(image, 'entry_fast_' + variant)
            gateway_check(image, 'entry_plain_' + variant)
            last_check(image, image.labels[prefix + 'leave'], prefix + 'leave')
            last_check(image, null_last(image, variant), prefix + 'null')
    for entry, _ in FAULTS:
        commit_check(image, entry, 'commit')
    tail_check(image)
    deadline_check(image)
    stamp_check(image)
    budget_check(image, args.update)
    print('shape: %d passed, %d failed' % (passes, len(failures)))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
