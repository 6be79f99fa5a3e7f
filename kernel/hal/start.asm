; SPDX-License-Identifier: MIT
; The kernel's first instruction. The loader jumps here in long mode, interrupts off, with the
; physical address of struct bootinfo in rdi and a stack that is not ours.

%define DIRECT_BASE 0xFFFF800000000000
%define BOOT_STACK  16384

%include "build/offsets.inc"
%include "kernel/hal/percpu.inc"

extern hal_main, exit_user

section .text

; in: rdi = bootinfo (physical). Never returns. hal_main moves on to the CPU's own stack before the
; first user instruction; the frames here are the boot's only.
global hal_entry:function (hal_entry.end - hal_entry)
hal_entry:
            cld
            cli
            mov     rsp, boot_stack_top
            mov     rax, DIRECT_BASE
            add     rdi, rax
            xor     ebp, ebp                    ; ends a backtrace
            call    hal_main
.halt:      hlt
            jmp     .halt
.end:

; in: rdi = top of the CPU's kernel stack; the kernel's GS and root, interrupts off.
global hal_leave:function (hal_leave.end - hal_leave)
hal_leave:
            mov     rsp, rdi
            xor     ebp, ebp
            JUMP_INDIRECT [rel exit_user], rax
.end:

extern watchdog_over
; in: rdi = top of the CPU's kernel stack; the kernel's GS and root. Whatever was on it is given up.
global watchdog_leave:function (watchdog_leave.end - watchdog_leave)
watchdog_leave:
            mov     rsp, rdi
            xor     ebp, ebp                    ; ends a backtrace
            call    watchdog_over
.halt:      hlt
            jmp     .halt
.end:

section .bss align=16
boot_stack:
            resb    BOOT_STACK
global boot_stack_top:data
boot_stack_top:
