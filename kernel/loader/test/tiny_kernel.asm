; SPDX-License-Identifier: MIT
; First instructions of the loader's test kernel: note what the registers hold, take a stack, call
; C. Called by the loader only.

    bits    64
    default rel

    extern  tiny_main
    global  hal_entry:function

    section .text progbits alloc exec nowrite align=16

; Purpose: hand over to tiny_main(bootinfo physical, rsp as found, RFLAGS, OR of the other registers).
; State:   long mode, as loader_enter leaves it.
hal_entry:
    mov     rsi, rsp
    lea     rsp, [stack.top]
    mov     rcx, rbx
    or      rcx, rdx
    or      rcx, rbp
    or      rcx, r8
    or      rcx, r9
    or      rcx, r10
    or      rcx, r11
    or      rcx, r12
    or      rcx, r13
    or      rcx, r14
    or      rcx, r15
    pushfq
    pop     rdx
    call    tiny_main
    ud2

    section .bss nobits alloc noexec write align=16
stack:
    resb    8192
.top:
