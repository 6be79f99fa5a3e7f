; SPDX-License-Identifier: MIT
; The first instructions of user mode. The kernel jumps here with every register zero, rsp included:
; there is no stack until the first system call has made one. The call's arguments lie in
; bootstrap_stack (bootstrap.c), so that the contract's numbers stand in C only.
; The other entry is the initfs daemon's, a task that already has a stack.

            bits    64
            section .text

; purpose    make a stack, enter C
; on entry   all registers 0 (else it fails), interrupts on, the whole blob mapped
; destroyed  everything; never returns
; fails      by ud2, which the kernel reports as the bootstrap's end
            global  _start:function
            extern  start, bootstrap_stack
_start:     or      rax, rbx                ; no register may bring anything along
            or      rax, rcx
            or      rax, rdx
            or      rax, rsi
            or      rax, rdi
            or      rax, rbp
            or      rax, rsp
            or      rax, r8
            or      rax, r9
            or      rax, r10
            or      rax, r11
            or      rax, r12
            or      rax, r13
            or      rax, r14
            or      rax, r15
            jnz     .failed
            lea     rbx, [rel bootstrap_stack]
            mov     rax, [rbx]              ; SYS_fmap
            mov     rdi, [rbx + 8]          ; no file
            mov     rsi, [rbx + 16]         ; address
            mov     rdx, [rbx + 24]         ; bytes
            mov     r10, [rbx + 32]         ; rights and flags
            mov     r8, [rbx + 40]          ; offset
            syscall
            test    rax, rax
            jle     .failed
            mov     rsp, [rbx + 48]         ; end - 16: aligned as a call wants it
            call    start
.failed:    ud2

; purpose    enter the daemon's C
; on entry   rdi the daemon's argument, rsp aligned to 16
; destroyed  everything; never returns
            global  daemon_entry:function
            extern  daemon_main
daemon_entry:
            xor     ebp, ebp
            call    daemon_main
            ud2
            section .note.GNU-stack noalloc noexec nowrite progbits
