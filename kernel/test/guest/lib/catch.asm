; SPDX-License-Identifier: MIT
; Runs code that is meant to fault, steps code one instruction at a time, and comes back whatever
; happened to its registers, its stack pointer and its flags. One thread of a task at a time.

            bits    64
%include "build/offsets.inc"

%assign STEPS_MAX   64
%assign RFLAGS_MIN  2

            section .text

; void catch_run(void (*body)(uint64_t argument), uint64_t argument): the call, from which a fault
; returns too.
            global  catch_run:function
catch_run:  push    rbx
            push    rbp
            push    r12
            push    r13
            push    r14
            push    r15
            sub     rsp, 8
            mov     [rel catch_rsp], rsp
            mov     rax, rdi
            mov     rdi, rsi
            call    rax
.done:      add     rsp, 8
            pop     r15
            pop     r14
            pop     r13
            pop     r12
            pop     rbp
            pop     rbx
            ret

; Where a fault goes on: every register is as it was at the fault.
catch_land: mov     [rel catch_regs], rax
            mov     [rel catch_regs + 8], rdi
            mov     [rel catch_regs + 16], rsi
            mov     [rel catch_regs + 24], rdx
            mov     [rel catch_regs + 32], r10
            mov     [rel catch_regs + 40], r8
            mov     [rel catch_regs + 48], r9
            mov     [rel catch_regs + 56], r12
            mov     [rel catch_regs + 64], r13
            mov     [rel catch_regs + 72], rbx
            mov     [rel catch_regs + 80], rbp
            mov     [rel catch_regs + 88], r14
            mov     [rel catch_regs + 96], r15
            mov     [rel catch_regs + 104], rcx
            mov     [rel catch_regs + 112], r11
            mov     [rel catch_stack], rsp
            mov     rsp, [rel catch_rsp]
            pushfq
            pop     qword [rel catch_regs + 120]
            push    RFLAGS_MIN
            popfq
            jmp     catch_run.done

; Task fault handlers. in: rdi address, rsi error, rdx rip, r10 vector. The first fault counts: one
; of catch_land itself would hide it.
            global  catch_handler:function, step_handler:function
step_handler:
            cmp     r10, 1
            jne     catch_handler
            mov     rax, [rel step_count]
            inc     qword [rel step_count]
            cmp     rax, STEPS_MAX
            jae     catch_handler
            lea     rcx, [rel step_rips]
            mov     [rcx + rax * 8], rdx
            xor     r8d, r8d            ; on from where it was
            jmp     handler_end
catch_handler:
            mov     [rel catch_entry], rax
            mov     [rel catch_entry + 8], rbx
            mov     [rel catch_entry + 16], rbp
            mov     [rel catch_entry + 24], r8
            mov     [rel catch_entry + 32], r9
            mov     [rel catch_entry + 40], r12
            mov     [rel catch_entry + 48], r13
            mov     [rel catch_entry + 56], r14
            mov     [rel catch_entry + 64], r15
            inc     qword [rel catch_count]
            mov     [rel catch_fault], r10
            mov     [rel catch_fault + 8], rsi
            mov     [rel catch_fault + 16], rdi
            mov     [rel catch_fault + 24], rdx
            mov     rcx, [rel catch_hook]
            lea     r8, [rel catch_land]
            test    rcx, rcx
            jz      handler_end
            call    rcx                 ; a test's own idea of what to do in a handler
            lea     r8, [rel catch_land]
handler_end:
            mov     rax, [rel catch_flags]
            test    rax, rax
            jz      .plain
            push    rax
            popfq
.plain:     mov     eax, SYS_sigreturn
            syscall
            ud2

            section .bss
            align   16
            global  catch_rsp, catch_regs, catch_fault, catch_stack, catch_entry, catch_count
            global  catch_hook, catch_flags, step_count, step_rips
catch_rsp:  resq    1
catch_stack:
            resq    1
catch_regs: resq    16
catch_fault:
            resq    4
catch_entry:
            resq    9
catch_count:
            resq    1
catch_hook: resq    1
catch_flags:
            resq    1
step_count: resq    1
step_rips:  resq    STEPS_MAX

            section .note.GNU-stack noalloc noexec nowrite progbits
