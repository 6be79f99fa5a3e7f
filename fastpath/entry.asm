; SPDX-License-Identifier: MIT
; Every way in by SYSCALL: isolation x trace x mitigations, fast and plain. Each is one assembly of the same text;
; kernel/hal writes the address of the one in force to LSTAR, so nothing is patched and nothing is tested
; at run time. Those for isolation lie in the trampoline, which the user's page tables map.

%include "build/offsets.inc"
%include "kernel/hal/percpu.inc"
%include "fastpath/macros.inc"
%include "fastpath/fault.inc"

%if FD_SIZE != 16 || LIST_SIZE != 16 || REQ_SIZE % 16
    %error "the path shifts by 4 for descriptors and list heads, and keeps the stack aligned by 16"
%endif

extern hal_fault_fast, trap_user, exit_root_0, exit_root_1
extern linked_read, core_syscall, ipc_memory_call, tasks, thread_none, trace_ring
extern exit_user, mitig_switch

; C's way: all registers to the TCB, then %1 on the CPU's stack, then the exit in force: the call
; may have changed it.
; in: caller, its rip and rsp saved, everything else the user's.
%macro SLOW 1
            STAMP   EV_ph_slow, rax
            mov     [caller + THREAD_RAX], rax
            mov     [caller + THREAD_RDI], rdi
            mov     [caller + THREAD_RSI], rsi
            mov     [caller + THREAD_RDX], rdx
            mov     [caller + THREAD_R10], r10
            mov     [caller + THREAD_R8], r8
            mov     [caller + THREAD_R9], r9
            mov     [caller + THREAD_R12], r12
            mov     [caller + THREAD_R13], r13
            mov     [caller + THREAD_RBX], rbx
            mov     [caller + THREAD_RBP], rbp
            mov     [caller + THREAD_R14], r14
            mov     [caller + THREAD_R15], r15
            mov     byte [caller + THREAD_FRAME], FRAME_SYSCALL
            mov     rsp, [gs:CPU_KERNEL_STACK]
            mov     rdi, caller
            call    %1
            JUMP_INDIRECT [rel exit_user], rax
%endmacro

%macro VARIANT 3-4 0                        ; name suffix, PTI, TRACE, HARD
    %assign PTI     %2
    %assign TRACE   %3
    %assign HARD    %4
    %assign PTI_ON  (PTI != 0)

            GATEWAY
            align   64
global entry_fast_%1
entry_fast_%1:
    %include "fastpath/path.inc"
            GATEWAY
.plain:
            ENTER
.slow:
            SLOW    core_syscall
.memory:
            SLOW    ipc_memory_call
            LEAVE_GATE

            GATEWAY
            align   64
global entry_plain_%1
entry_plain_%1:
            swapgs
            ENTER
.slow:
            SLOW    core_syscall
%endmacro

            VARIANT off, 0, 0
            VARIANT off_trace, 0, 1
            VARIANT on, 1, 0
            VARIANT on_trace, 1, 1
            VARIANT pcid, 2, 0
            VARIANT pcid_trace, 2, 1
            VARIANT off_hard, 0, 0, 1
            VARIANT off_trace_hard, 0, 1, 1
            VARIANT on_hard, 1, 0, 1
            VARIANT on_trace_hard, 1, 1, 1
            VARIANT pcid_hard, 2, 0, 1
            VARIANT pcid_trace_hard, 2, 1, 1
    %assign HARD 0

section .text
            FAULT_PATH 0
            FAULT_PATH 1

section .rodata
            align   8
global entry_table
entry_table: ; HARD * 12 + (fast ? 6 : 0) + PTI * 2 + TRACE
            dq      entry_plain_off, entry_plain_off_trace, entry_plain_on, entry_plain_on_trace
            dq      entry_plain_pcid, entry_plain_pcid_trace
            dq      entry_fast_off, entry_fast_off_trace, entry_fast_on, entry_fast_on_trace
            dq      entry_fast_pcid, entry_fast_pcid_trace
            dq      entry_plain_off_hard, entry_plain_off_trace_hard, entry_plain_on_hard
            dq      entry_plain_on_trace_hard, entry_plain_pcid_hard, entry_plain_pcid_trace_hard
            dq      entry_fast_off_hard, entry_fast_off_trace_hard, entry_fast_on_hard
            dq      entry_fast_on_trace_hard, entry_fast_pcid_hard, entry_fast_pcid_trace_hard

section .note.GNU-stack noalloc noexec nowrite progbits
