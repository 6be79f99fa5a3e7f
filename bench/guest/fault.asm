; SPDX-License-Identifier: MIT
; Faults that repeat. The handler stamps, and goes back to the instruction that faulted; nothing has
; changed, so it faults again, and from one stamp to the next lie exactly one sigreturn and one delivery
; of a page fault. Only the last one opens the page. Set up by fault.c.

            bits    64
            section .text

%include "build/offsets.inc"

%assign PROT_READ_WRITE 3
%assign PAGE            4096

; Instructions of the handler, counted where they stand: those that only record, and all.
%assign record_count 0
%assign user_count   0
%macro USER 1+
            %1
    %assign user_count user_count + 1
%endmacro
%macro RECORD 1+
            USER %1
    %assign record_count record_count + 1
%endmacro

; Entered by the kernel with rdi address, rsi error, rdx rip, r10 vector, rsp the handler's stack.
global fault_handler:function (fault_handler.end - fault_handler)
            align   64
fault_handler:
            RECORD  rdtscp
            RECORD  shl rdx, 32
            RECORD  or rax, rdx
            RECORD  mov rcx, [rel fault_next]
            RECORD  mov [rcx], rax
            RECORD  add qword [rel fault_next], 8
            RECORD  dec qword [rel fault_left]
            RECORD  jz .last
            USER    mov eax, SYS_sigreturn
            syscall
.last:      mov     rdi, [rel fault_page]
            mov     esi, PAGE
            mov     edx, PROT_READ_WRITE
            mov     eax, SYS_mprotect
            syscall
            mov     eax, SYS_sigreturn
            syscall
            ud2
.end:

; void fault_touch(const void *page)
global fault_touch:function (fault_touch.end - fault_touch)
            align   64
fault_touch:
            mov     al, [rdi]
            ret
.end:

            section .rodata
            align   4
global fault_user:data 4, fault_record:data 4
fault_user:     dd  user_count
fault_record:   dd  record_count

            section .bss align=8
global fault_next:data 8, fault_left:data 8, fault_page:data 8
fault_next:     resq 1                          ; where the next stamp goes
fault_left:     resq 1                          ; stamps to take
fault_page:     resq 1

            section .note.GNU-stack noalloc noexec nowrite progbits
