; SPDX-License-Identifier: MIT
; The plainest system call entry, for the HAL self-test: all registers to the thread's block, then C.
; The kernel proper has fastpath/entry.asm in its place.

%include "build/offsets.inc"
%include "kernel/hal/percpu.inc"

extern core_syscall, exit_user, trap_user

%macro ENTRY 1
entry_%1:
            swapgs
            mov     [gs:CPU_SCRATCH + 8], rsp
            mov     [gs:CPU_SCRATCH + 16], rax
    %if %1
            ROOT_ENTER rsp, %1
    %endif
            mov     rsp, [gs:CPU_CURRENT]       ; rsp   thread
            mov     [rsp + THREAD_RIP], rcx
            mov     [rsp + THREAD_RBX], rbx
            mov     [rsp + THREAD_RBP], rbp
            mov     [rsp + THREAD_RSI], rsi
            mov     [rsp + THREAD_RDI], rdi
            mov     [rsp + THREAD_RDX], rdx
            mov     [rsp + THREAD_R8], r8
            mov     [rsp + THREAD_R9], r9
            mov     [rsp + THREAD_R10], r10
            mov     [rsp + THREAD_R12], r12
            mov     [rsp + THREAD_R13], r13
            mov     [rsp + THREAD_R14], r14
            mov     [rsp + THREAD_R15], r15
            mov     byte [rsp + THREAD_FRAME], FRAME_SYSCALL
            mov     rdi, rsp
            mov     rax, [gs:CPU_SCRATCH + 8]
            mov     [rdi + THREAD_RSP], rax
            mov     rax, [gs:CPU_SCRATCH + 16]
            mov     [rdi + THREAD_RAX], rax
            mov     rsp, [gs:CPU_KERNEL_STACK]
            xor     ebp, ebp
            call    core_syscall
            jmp     [rel exit_user]
%endmacro

section .entry.text progbits alloc exec nowrite align=64

            ENTRY   0
            ENTRY   1
            ENTRY   2

; Page faults all go to C: see fastpath/fault.inc for what is on the stack.
section .text
global fault_entry_0, fault_entry_1
fault_entry_0:
fault_entry_1:
            push    14
            push    qword [gs:CPU_SCRATCH]
            jmp     trap_user

section .rodata
align 8
global entry_table
entry_table:
    %rep 2
            dq      entry_0, entry_0, entry_1, entry_1, entry_2, entry_2
    %endrep
