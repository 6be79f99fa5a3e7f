; SPDX-License-Identifier: MIT
; Into the path and out of it, in a host process: all sixteen registers are loaded from host_in, the
; entry runs with whatever RSP the test chose, and each of its ways out stores all registers to host_out
; and returns to C. No signal may come meanwhile.

            default abs

; Offsets in struct host_regs.
%assign AT_RAX 0
%assign AT_RSP 56

%macro EACH 1                               ; the registers in the order of struct host_regs, RSP apart
            %1      rbx, 8
            %1      rcx, 16
            %1      rdx, 24
            %1      rsi, 32
            %1      rdi, 40
            %1      rbp, 48
            %1      r8, 64
            %1      r9, 72
            %1      r10, 80
            %1      r11, 88
            %1      r12, 96
            %1      r13, 104
            %1      r14, 112
            %1      r15, 120
%endmacro
%macro FETCH 2
            mov     %1, [host_in + %2]
%endmacro
%macro STORE 2
            mov     [host_out + %2], %1
%endmacro
%macro PARK 1
            mov     [host_out + AT_RAX], rax
            mov     [host_out + AT_RSP], rsp
            EACH    STORE
            mov     dword [host_way], %1
%endmacro

section .text

; void host_enter(void (*entry)(void))
global host_enter
host_enter:
            push    rbx
            push    rbp
            push    r12
            push    r13
            push    r14
            push    r15
            mov     [host_stack], rsp
            mov     [host_target], rdi
            EACH    FETCH
            mov     rax, [host_in + AT_RAX]
            mov     rsp, [host_in + AT_RSP]
            jmp     [host_target]

; To user mode.
global host_sysret
host_sysret:
            PARK    1
host_back:
            mov     rsp, [host_stack]
            cld
            pop     r15
            pop     r14
            pop     r13
            pop     r12
            pop     rbp
            pop     rbx
            ret

; To C; what it returns to must be the exit in force.
global host_core_syscall
host_core_syscall:
            PARK    2
            ret

; The same, with a message in memory.
global host_ipc_memory_call
host_ipc_memory_call:
            PARK    5
            ret

host_exit_taken:
            mov     dword [host_exit], 1
            jmp     host_back

; The barrier between tasks: on the CPU's stack, keeps all registers.
global host_mitig_switch
host_mitig_switch:
            inc     dword [host_switches]
            ret

; The tail of exit.asm as shape.py finds it in the kernel; IRETQ leaves its frame where it is.
global host_exit_root_0, host_exit_root_1
host_exit_root_1:
            mov     [host_spare], rbx
            mov     rbx, [host_roots]
            mov     [host_root + rbx * 8], rax
            inc     qword [host_roots]
            mov     rbx, [host_spare]
            mov     [host_cr3], rax
host_exit_root_0:
            pop     rax
            not     qword [host_gs]
            PARK    3
            jmp     host_back

; To C with a trap.
global host_trap_user
host_trap_user:
            PARK    4
            jmp     host_back

; A service in the kernel: the C function, then every register that it may destroy holds garbage.
global host_service_read
extern service_read
host_service_read:
            sub     rsp, 8
            call    service_read
            add     rsp, 8
            mov     rcx, 0xBAD0BAD0BAD0BAD1
            mov     rdx, rcx
            mov     rsi, rcx
            mov     rdi, rcx
            mov     r8, rcx
            mov     r9, rcx
            mov     r10, rcx
            mov     r11, rcx
            ret

section .data
            align   8
global host_exit_user
host_exit_user: dq host_exit_taken

section .bss align=64
global host_in, host_out, host_way, host_exit
host_in:    resq    16
host_out:   resq    16
host_way:   resd    1
host_exit:  resd    1
global host_switches
host_switches: resd 2
host_stack: resq    1
host_target: resq   1
global host_gs, host_spare, host_roots, host_root, host_root_reads, host_cr3, host_cr2, host_tsc
host_gs:    resq    1
host_spare: resq    1
host_roots: resq    1
host_root:  resq    8
host_root_reads: resq 1
host_cr3:   resq    1
host_cr2:   resq    1
host_tsc:   resq    1

section .note.GNU-stack noalloc noexec nowrite progbits
