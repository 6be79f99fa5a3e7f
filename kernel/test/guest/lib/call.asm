; SPDX-License-Identifier: MIT
; Raw system calls and probes for ring-3 tests: nothing between the registers that a test chose and the
; instruction that it tests.

            bits    64
%include "build/offsets.inc"
            section .text

; void guest_syscall(struct guest_regs *regs): rax rdi rsi rdx r10 r8 r9 r12 r13 rbx rbp r14 r15 rcx r11
; rflags. All are loaded (rflags stays), SYSCALL, all are stored.
            global  guest_syscall:function
guest_syscall:
            push    rbx
            push    rbp
            push    r12
            push    r13
            push    r14
            push    r15
            push    rdi
            mov     rax, [rdi]
            mov     rsi, [rdi + 16]
            mov     rdx, [rdi + 24]
            mov     r10, [rdi + 32]
            mov     r8, [rdi + 40]
            mov     r9, [rdi + 48]
            mov     r12, [rdi + 56]
            mov     r13, [rdi + 64]
            mov     rbx, [rdi + 72]
            mov     rbp, [rdi + 80]
            mov     r14, [rdi + 88]
            mov     r15, [rdi + 96]
            mov     rdi, [rdi + 8]
            syscall
            xchg    rdi, [rsp]          ; rdi: regs; the result's rdi on the stack
            mov     [rdi], rax
            mov     [rdi + 16], rsi
            mov     [rdi + 24], rdx
            mov     [rdi + 32], r10
            mov     [rdi + 40], r8
            mov     [rdi + 48], r9
            mov     [rdi + 56], r12
            mov     [rdi + 64], r13
            mov     [rdi + 72], rbx
            mov     [rdi + 80], rbp
            mov     [rdi + 88], r14
            mov     [rdi + 96], r15
            mov     [rdi + 104], rcx
            mov     [rdi + 112], r11
            pushfq
            pop     qword [rdi + 120]
            pop     rax
            mov     [rdi + 8], rax
            pop     r15
            pop     r14
            pop     r13
            pop     r12
            pop     rbp
            pop     rbx
            ret

; One access each, after which control is at probe_resume whether it faulted or not.
            global  probe_read:function, probe_write:function, probe_jump:function
probe_read: mov     al, [rdi]
            ret
probe_write:
            mov     byte [rdi], 0x5A
            ret
probe_jump: call    rdi
            ret

; The task's fault handler: notes vector, error, address, rip; goes on as if the probe had returned.
; in: rdi address, rsi error, rdx rip, r10 vector
            global  probe_handler:function
probe_handler:
            mov     [rel probe_fault], r10
            mov     [rel probe_fault + 8], rsi
            mov     [rel probe_fault + 16], rdi
            mov     [rel probe_fault + 24], rdx
            lea     r8, [rel probe_return]
            cmp     rdx, rdi            ; a jump that faulted at its target has a return address more
            jne     .go
            lea     r8, [rel probe_return_2]
.go:        mov     eax, SYS_sigreturn
            syscall
            ud2
probe_return_2:
            add     rsp, 8
probe_return:
            ret

            section .bss
            align   8
            global  probe_fault
probe_fault:
            resq    4

            section .note.GNU-stack noalloc noexec nowrite progbits
