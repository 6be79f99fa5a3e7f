; SPDX-License-Identifier: MIT
; Where a user program begins. The kernel starts the first thread with rdi at the argument block
; that exec_spawn laid on top of the stack and every other register zero; the stack pointer is
; 16-byte aligned, so this calls and never falls through. Used by every program but the bootstrap.

            bits    64
            section .text

; purpose    enter C; start_main ends the task
; on entry   rdi argument block, rsp aligned
; destroyed  everything: there is nobody to return to
            global  _start:function
            extern  start_main
_start:     xor     ebp, ebp                ; ends the frame chain for whoever walks it
            call    start_main
            ud2
            section .note.GNU-stack noalloc noexec nowrite progbits
