#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Guards the guards: each mutation takes one thing away from the fast path, and fastpath/test/check
must notice. A mutation is a file, a piece of its text, what it becomes, and which occurrence (0: all).

usage: mutate.py [--sample N] OBJECT...   the objects of the harness, without the assembled path
       mutate.py --fit                     which mutations no longer fit the source
Needs nasm, cc and build/offsets.inc; run from the root. Exit status: 0 all caught, 1 some survived,
2 the path as it stands does not pass, or a mutation no longer fits the text."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

PATH, MACROS, SERVICE = 'fastpath/path.inc', 'fastpath/macros.inc', 'fastpath/service.inc'
FAULT = 'fastpath/fault.inc'
WORLDS = '300000'

# name, file, regular expression over one or more whole lines, replacement, part that it must lie in
MUTATIONS = [
    ('call: no length guard', PATH, r'\n +cmp +esi, \(MSG_INLINE_MAX \+ 1\) << 16\n +jae +\.call_memory.*', ''),
    ('call: length guard one too far', PATH, r'(cmp +esi, \(MSG_INLINE_MAX \+ )1(\) << 16\n +jae +\.call_memory)', r'\g<1>2\2'),
    ('call: slot not masked enough', PATH, r'(\.call:(?:.*\n)*? +and +eax, )TID_SLOT_MASK', r'\1TID_SLOT_MASK * 2 + 1'),
    ('call: generation not compared', PATH, r'(cmp +)\[callee \+ THREAD_TID\], edi(.*\n +jne +\.call_slow)', r'\1word [callee + THREAD_TID], di\2'),
    ('call: TID not compared at all', PATH, r'\n +jne +\.call_slow\n', '\n'),
    ('call: gate ignored', PATH, r'\n +jne +\.call_gate.*', ''),
    ('call: gate compared as signed', PATH, r'ja +\.call_commit', 'jg      .call_commit'),
    ('call: gate one too wide', PATH, r'ja +\.call_commit', 'jae     .call_commit'),
    ('call: number not put back', PATH, r'\.call_slow:\n +mov +eax, SYS_call', '.call_slow:'),
    ('memory: calls by the dispatcher', PATH, r'(\.call_memory:.*\n +jmp +)\.memory', r'\1.slow'),
    ('memory: replies by the dispatcher', PATH, r'(\.reply_memory:.*\n +jmp +)\.memory', r'\1.slow'),
    ('reply: no length guard', PATH, r'\n +cmp +esi, \(MSG_INLINE_MAX \+ 1\) << 16\n +jae +\.reply_memory.*', ''),
    ('reply: 32 bits of the token', PATH, r'cmp +\[callee \+ THREAD_STAMP\], rdi', 'cmp     [callee + THREAD_STAMP], edi'),
    ('reply: token not compared', PATH, r'\n +cmp +\[callee \+ THREAD_STAMP\], rdi.*\n +jne +\.reply_memory', ''),
    ('reply: gate ignored', PATH, r'\n +jbe +\.reply_slow', ''),
    ('reply: mail ignored', PATH, r'\n +cmp +qword \[rcx \+ TASK_WAITER\], thread_none\n +jne +\.reply_slow.*', ''),
    ('reply: waiter not stored', PATH, r'\n +mov +\[rcx \+ TASK_WAITER\], caller', ''),
    ('reply: current not stored', PATH, r'(\.reply_commit:(?:.*\n)*?) +mov +\[gs:CPU_CURRENT\], callee\n', r'\1'),
    ('reply: result left in rax', PATH, r'(SWITCH_ROOT\n) +xor +eax, eax\n( +TRANSFER reply)', r'\1\2'),
    ('reply: preserved registers not saved', PATH, r'(\.reply_commit:(?:.*\n)*?) +SAVE_PRESERVED\n', r'\1'),
    ('stamp: an entry without its call', MACROS, r'STAMP +EV_ph_entry, rax', 'STAMP   EV_ph_entry'),
    ('stamp: the number in 32 bits', MACROS, r'(%ifidn %2, rax\n +mov +)\[rcx \+ 8\], rax', r'\1[rcx + 8], eax'),
    ('stamp: rax is the record\'s', MACROS, r'\n +mov +rax, \[gs:CPU_SCRATCH \+ 8\]\n( +%ifidn)', r'\n\1'),
    ('read: 32 bits of the descriptor', PATH, r'cmp +rdi, \[caller \+ THREAD_FD_LIMIT\]', 'cmp     edi, [caller + THREAD_FD_LIMIT]'),
    ('read: descriptor one too far', PATH, r'(cmp +rdi, \[caller \+ THREAD_FD_LIMIT\]\n +)jae', r'\1ja'),
    ('read: 32 bits of the tag', PATH, r'cmp +rsi, TAG_READ_SHORT', 'cmp     esi, TAG_READ_SHORT'),
    ('read: any tag', PATH, r'\n +cmp +rsi, TAG_READ_SHORT\n +jne +\.long', ''),
    ('read: server bit not tested', PATH, r'\n +jz +\.linked\n', '\n'),
    ('read: linked bit not tested', PATH, r'\n +test +byte \[rax \+ FD_FAST\], FD_FAST_LINKED\n +jz +\.read_slow', ''),
    ('read: handle not given', PATH, r'\n +mov +edx, \[rax \+ FD_HANDLE\]', ''),
    ('read: a word not cleared', PATH, r'(THREAD_KIND_SCHEME(?:.*\n)*?) +xor +r12d, r12d\n', r'\1'),
    ('read: kind of a plain call', PATH, 'COMMIT_REQUEST THREAD_KIND_SCHEME', 'COMMIT_REQUEST THREAD_KIND_CALL'),
    ('notify: empty bits pass', PATH, r'\n +test +rsi, rsi\n +jz +\.notify_slow.*', ''),
    ('notify: priority not compared', PATH, r'\n +cmp +al, \[caller \+ THREAD_\w+\]\n +jbe +\.notify_slow.*', ''),
    ('notify: equals switch', PATH, r'(cmp +al, \[caller \+ THREAD_\w+\]\n +)jbe', r'\1jb'),
    ('notify: waiter stays', PATH, r'(\.notify_commit:(?:.*\n)*?) +mov +qword \[rcx \+ TASK_WAITER\], thread_none\n', r'\1'),
    ('notify: a register not saved', PATH, r'\n +mov +\[caller \+ THREAD_R9\], r9', ''),
    ('notify: frame not said', PATH, r'\n +mov +byte \[caller \+ THREAD_FRAME\], FRAME_SYSCALL', ''),
    ('notify: state not said', PATH, r'\n +mov +byte \[caller \+ THREAD_STATE\], STATE_READY', ''),
    ('notify: gate not set', PATH, r'\n +mov +\[gs:CPU_GATE\], al.*', ''),
    ('notify: ready bit not set', PATH, r'\n +bts +ecx, eax', ''),
    ('notify: back link not set', PATH, r'\n +mov +\[rdx \+ 8\], rax', ''),
    ('notify: queue of the wrong priority', PATH, r'shl +eax, 4 +; sizeof', 'shl     eax, 5 ; sizeof'),
    ('null: number in 16 bits', PATH, r'test +[er]ax, [er]ax(.*)\n( +)jz +\.null', r'test    ax, ax\1\n\2jz      .null'),
    ('request: waiter stays', MACROS, r'\n +mov +qword \[rcx \+ TASK_WAITER\], thread_none', ''),
    ('request: not waited for', MACROS, r'\n +mov +\[caller \+ THREAD_WAIT_TASK\], rcx', ''),
    ('request: server does not know its client', MACROS, r'\n +mov +\[callee \+ THREAD_CLIENT\], caller', ''),
    ('reply: token not spent', PATH, r'\n +add +dword \[callee \+ THREAD_STAMP \+ 4\].*', ''),
    ('request: current not stored', MACROS, r'(mov +eax, \[caller \+ %1\]\n) +mov +\[gs:CPU_CURRENT\], callee\n', r'\1'),
    ('words: last one not cleared', MACROS, r'(\.w5_%1:) +xor +r13d, r13d', r'\1'),
    ('words: one too few cleared', MACROS, r'times 8 dq \.w3_%1', 'times 8 dq .w4_%1'),
    ('words: table ends early', MACROS, r'times 8 dq \.w1_%1', 'times 7 dq .w1_%1'),
    ('entry: rsp not saved', MACROS, r'\n +mov +\[caller \+ THREAD_RSP\], rsp', ''),
    ('entry: rip not saved', MACROS, r'\n +mov +\[caller \+ THREAD_RIP\], rcx', ''),
    ('entry: user root bits stay', MACROS, r'\n +and +r11, ~CR3_USER_BITS', ''),
    ('entry: flushes with PCID', MACROS, r'\n +bts +r11, CR3_NOFLUSH_BIT', ''),
    ('switch: root never written', MACROS, r'(cmp +rcx, \[caller \+ THREAD_ROOT\]\n +)je( +%%same)', r'\1jmp\2'),
    ('switch: root always written', MACROS, r'\n +je +%%same', ''),
    ('leave: rbp not loaded', MACROS, r'\n +mov +rbp, \[%1 \+ THREAD_RBP\]', ''),
    ('leave: rip of the caller', MACROS, r'mov +rcx, \[%1 \+ THREAD_RIP\]', 'nop'),
    ('leave: flags not constant', MACROS, r'\n +mov +r11d, RFLAGS_RETURN', ''),
    ('leave: no swapgs', MACROS, r'(RFLAGS_RETURN\n) +swapgs\n', r'\1'),
    ('stamp: a register not kept', MACROS, r'\n +mov +rdx, \[gs:CPU_SCRATCH \+ 16\]', ''),
    ('stamp: ring never wraps', MACROS, r'\n +mov +rcx, trace_ring\n', '\n'),
    ('stamp: not counted', MACROS, r'\n +inc +qword \[gs:CPU_TRACE_COUNT\]', ''),
    ('long: any tag', PATH, r'\n +cmp +esi, TAG_READ_LONG.*\n +jne +\.read_slow', ''),
    ('long: descriptor not bounded', PATH, r'(TAG_READ_LONG.*\n.*\n +cmp +rdi, \[caller \+ THREAD_FD_LIMIT\]\n) +jae +\.read_slow\n', r'\1'),
    ('long: any descriptor', PATH, r'(FD_FAST_LONG\n) +jz +\.read_slow\n', r'\1'),
    ('long: one that steps', PATH, r'(FD_FAST_LONG\n.*\n.*\n) +jne +\.read_slow.*\n', r'\1'),
    ('long: size not bounded', PATH, r'(cmp +r13, MSG_SIZE_MAX\n) +ja .*\n', r'\1'),
    ('long: 32 bits of the size', PATH, r'cmp +r13, MSG_SIZE_MAX', 'cmp     r13d, MSG_SIZE_MAX'),
    ('long: a word not scrubbed', PATH, r'(call +linked_read(?:.*\n)*?) +xor +r12d, r12d\n', r'\1'),
    ('long: thread not fetched again', PATH, r'(call +linked_read\n.*\n) +mov +r11, .*\n', r'\1'),
    ('barrier: never', MACROS, r'(HARD\n +test .*\n +)jz ', r'\1jmp '),
    ('barrier: each time', MACROS, r'\n +mov +\[gs:CPU_MITIG_ROOT\], rcx', ''),
    ('barrier: callee lost', MACROS, r'\n +mov +callee, \[gs:CPU_SCRATCH\]', ''),
    ('barrier: on the callee as stack', MACROS, r'(\[gs:CPU_SCRATCH\], callee)\n +mov +rsp, \[gs:CPU_KERNEL_STACK\]', r'\1'),
    ('service: count not bounded', SERVICE, r'\n +cmp +r10, FILE_INLINE_MAX\n +ja +\.read_slow', ''),
    ('service: 32 bits of the count', SERVICE, r'cmp +r10, FILE_INLINE_MAX', 'cmp     r10d, FILE_INLINE_MAX'),
    ('service: offset not set', SERVICE, r'\n +mov +\[rsp \+ REQ_OFFSET\], rcx', ''),
    ('service: caller not named', SERVICE, r'\n +mov +\[rsp \+ REQ_WHO\], ecx', ''),
    ('service: flags not cleared', SERVICE, r'mov +qword \[rsp \+ REQ_SHORTS\]', 'mov     dword [rsp + REQ_SHORTS]'),
    ('service: miscount passes', SERVICE, r'\n +ja +\.read_odd.*', ''),
    ('service: caller not fetched again', SERVICE, r'\n +mov +r11, \[gs:CPU_CURRENT\]', ''),
    ('service: a word not given', SERVICE, r'\n +mov +r9, \[rsp \+ REQ_WORDS \+ 16\]', ''),
    ('service: error with garbage', SERVICE, r'(\.read_error:(?:.*\n)*?) +xor +r12d, r12d\n', r'\1'),
    ('fault: delivered though it is off', FAULT, r'\n +cmp +byte \[hal_fault_fast\], 0\n +je +\.slow', ''),
    ('fault: no handler, entered at zero', FAULT, r'\n +cmp +qword \[rbx \+ TASK_FAULT_HANDLER\], 0\n +je +\.miss.*', ''),
    ('fault: handler interrupted by its own', FAULT, r'\n +cmp +byte \[rax \+ THREAD_IN_HANDLER\], 0\n +jne +\.miss.*', ''),
    ('fault: blockers ignored', FAULT, r'\n +cmp +byte \[rax \+ THREAD_BLOCKERS\], 0\n +jne +\.miss.*', ''),
    ('fault: in_handler not set', FAULT, r'\n +mov +byte \[rax \+ THREAD_IN_HANDLER\], 1', ''),
    ('fault: a register not saved', FAULT, r'\n +mov +\[rax \+ SAVED_R13\], r13', ''),
    ('fault: rbx of the path saved', FAULT, r'\n +mov +rcx, \[rax \+ THREAD_RBX\]\n( +mov +\[rax \+ SAVED_RBX\], )rcx', r'\n\1rbx'),
    ('fault: rax of the path saved', FAULT, r'\n +mov +rcx, \[gs:CPU_SCRATCH\]', ''),
    ('fault: error not the first argument', FAULT, r'pop +rsi( +; rsi(?:.*\n)+?.*)mov +rdi, cr2', r'pop     rdi\1mov     rsi, cr2'),
    ('fault: flags and cs swapped', FAULT, r'(pop +rcx +; cs.*\n)( +pop +rcx\n)( +mov +\[rax \+ SAVED_RFLAGS\], rcx\n)', r'\1\3\2'),
    ('fault: saved stack is the handler\'s', FAULT, r'\n +mov +\[rax \+ SAVED_RSP\], rcx', ''),
    ('fault: address not given', FAULT, r'\n +mov +rdi, cr2', '\n            xor     edi, edi'),
    ('fault: red zone overwritten', FAULT, r'rcx - 128', 'rcx - 120'),
    ('fault: stack not aligned', FAULT, r'\n +and +rsp, -16', ''),
    ('fault: named stack ignored', FAULT, r'\n +jnz +\.stack', ''),
    ('fault: named stack tested in 32 bits', FAULT, r'test +rsp, rsp', 'test    esp, esp'),
    ('fault: a register left to the handler', FAULT, r'\n +xor +r14d, r14d', ''),
    ('fault: vector not given', FAULT, r'mov +r10d, VECTOR_PF', 'xor     r10d, r10d'),
    ('fault: flags not constant', FAULT, r'\n +mov +r11d, RFLAGS_RETURN', ''),
    ('fault: no swapgs', FAULT, r'(mov +r11d, RFLAGS_RETURN\n) +swapgs\n', r'\1'),
    ('fault: root of the kernel kept', FAULT, r'\n +mov +r11, \[rax \+ THREAD_ROOT\]', '\n            mov     r11, cr3'),
    ('fault: rbx not given back on a miss', FAULT, r'(\.miss:\n) +mov +rbx, \[rax \+ THREAD_RBX\]\n', r'\1'),
    ('fault: other vector to C', FAULT, r'push +VECTOR_PF', 'push    VECTOR_PF - 1'),
    ('fault: rax of the path to C', FAULT, r'push +qword \[gs:CPU_SCRATCH\]', 'push    rax'),
    ('sigreturn: outside of a handler', FAULT, r'\n +cmp +byte \[caller \+ THREAD_IN_HANDLER\], 0\n +je +\.sigreturn_slow', ''),
    ('sigreturn: blockers ignored', FAULT, r'\n +cmp +byte \[caller \+ THREAD_BLOCKERS\], 0\n +jne +\.sigreturn_slow', ''),
    ('sigreturn: steps without C', FAULT, r'\n +jnz +\.sigreturn_slow +; C starts.*', ''),
    ('sigreturn: goes on elsewhere', FAULT, r'\n +test +r8, r8\n +jnz +\.sigreturn_slow.*', ''),
    ('sigreturn: 32 bits of the address', FAULT, r'test +r8, r8', 'test    r8d, r8d'),
    ('sigreturn: in_handler not cleared', FAULT, r'\n +mov +byte \[caller \+ THREAD_IN_HANDLER\], 0', ''),
    ('sigreturn: flags not masked', FAULT, r'\n +and +eax, RFLAGS_USER', '\n            mov     eax, eax'),
    ('sigreturn: interrupts stay off', FAULT, r'\n +or +eax, RFLAGS_USER_SET', ''),
    ('sigreturn: another stack', FAULT, r'\n +add +rsp, ENTRY_STACK_FROM_CPU', '\n            add     rsp, ENTRY_STACK_FROM_CPU - 16'),
    ('sigreturn: selectors swapped', FAULT, r'push +SEL_USER_CODE', 'push    SEL_USER_DATA'),
    ('sigreturn: a register not restored', FAULT, r'\n +mov +rbp, \[caller \+ SAVED_RBP\]', ''),
    ('sigreturn: r11 of the kernel', FAULT, r'\n +mov +r11, \[caller \+ SAVED_R11\]', ''),
    ('sigreturn: rcx as from SYSRET', FAULT, r'mov +rcx, \[caller \+ SAVED_RCX\]', 'mov     rcx, [caller + SAVED_RIP]'),
    ('sigreturn: root not given', FAULT, r'\n +mov +rax, \[caller \+ THREAD_ROOT\]', ''),
    ('sigreturn: write of CR3 not counted', FAULT, r'\n +inc +qword \[gs:CPU_CR3_WRITES\]', ''),
    ('sigreturn: number not put back', FAULT, r'(\.sigreturn_slow:)\n +mov +eax, SYS_sigreturn', r'\1\n            xor     eax, eax'),
]


def run(command, where, seconds=120):
    try:
        return subprocess.run(command, cwd=where, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, b'', b'')


def passes(work, objects):
    """True: check passes. None: the mutated text does not assemble or link."""
    assembled = run(['nasm', '-f', 'elf64', '-I.', '-p', 'fastpath/test/host.inc', 'fastpath/entry.asm',
                     '-o', 'entry.o'], work)
    if assembled.returncode:
        sys.stderr.write(assembled.stderr.decode())
        return None
    if run([os.environ.get('CC', 'cc'), '-no-pie', '-o', 'check', 'entry.o'] + objects, work).returncode:
        return None
    return run(['./check', WORLDS], work).returncode == 0


def tree_copy(work):
    shutil.copytree('fastpath', os.path.join(work, 'fastpath'))
    os.makedirs(os.path.join(work, 'build'))
    shutil.copy('build/offsets.inc', os.path.join(work, 'build'))
    os.makedirs(os.path.join(work, 'kernel/hal'))
    for name in os.listdir('kernel/hal'):
        if name.endswith('.inc'):
            shutil.copy(os.path.join('kernel/hal', name), os.path.join(work, 'kernel/hal'))


def try_one(work, objects, mutation):
    name, file, pattern, replacement = mutation
    where = os.path.join(work, file)
    with open(where) as f:
        text = f.read()
    mutated, count = re.subn(pattern, replacement, text, count=0 if file == MACROS else 1)
    if not count or mutated == text:
        return 'stale'
    with open(where, 'w') as f:
        f.write(mutated)
    result = passes(work, objects)
    with open(where, 'w') as f:
        f.write(text)
    return {True: 'SURVIVED', False: 'caught', None: 'broken'}[result]


def fit_all():
    """Which mutations no longer find their text, without trying any."""
    stale = []
    for name, file, pattern, replacement in MUTATIONS:
        with open(file) as f:
            text = f.read()
        if re.sub(pattern, replacement, text) == text:
            stale.append(name)
            print('FAIL %s: its text is not in %s' % (name, file))
    print('path-mutants-fit: %d passed, %d failed' % (len(MUTATIONS) - len(stale), len(stale)))
    return 1 if stale else 0


def main():
    parser = argparse.ArgumentParser(description='mutates the fast path; its check must notice')
    parser.add_argument('--sample', type=int, default=0, help='every so many mutations only')
    parser.add_argument('--fit', action='store_true', help='try none, but say which no longer fit the source')
    parser.add_argument('objects', nargs='*')
    args = parser.parse_args()
    if args.fit:
        return fit_all()
    if not args.objects:
        parser.error('no objects of the harness')
    objects = [os.path.abspath(o) for o in args.objects]
    chosen = MUTATIONS[::args.sample] if args.sample else MUTATIONS
    results = []
    with tempfile.TemporaryDirectory() as work:
        tree_copy(work)
        if not passes(work, objects):
            print('mutants: the path as it stands does not pass')
            return 2
        for mutation in chosen:
            results.append(try_one(work, objects, mutation))
            print('%-44s %s' % (mutation[0], results[-1]), flush=True)
    caught = results.count('caught')
    print('mutants: %d passed, %d failed' % (caught, len(results) - caught))
    if results.count('stale') or results.count('broken'):
        return 2
    return 1 if caught < len(results) else 0


if __name__ == '__main__':
    sys.exit(main())
