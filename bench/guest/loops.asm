; SPDX-License-Identifier: MIT
; The other side of the measured calls: one loop a rung. `long server_NAME(void *buffer)` serves until
; something comes that is no call of level 0 (kind and level are 0 in rax then) and returns what it was.
; buffer holds PAYLOAD_MAX bytes, its first part is the thread's receive buffer. Started by servers.c.

%include "build/offsets.inc"

            bits    64
            section .text

%assign TRUNC       0x80 << 8                   ; MSG_TRUNC in a tag
%assign PAYLOAD_MAX 65536

%macro ROUTINE 1
global %1:function (%1.end - %1)
            align   64
%1:
%endmacro

%macro SAVE 0
            push    rbx
            push    rbp
            push    r12
            push    r13
            push    r14
            push    r15
            mov     r15, rdi
%endmacro

%macro RETURN 0
            movsxd  rax, eax
            pop     r15
            pop     r14
            pop     r13
            pop     r12
            pop     rbp
            pop     rbx
            ret
%endmacro

; What was received is an ordinary call, or out.
%macro CHECK 0
            test    eax, eax
            jnz     .odd
%endmacro

; Fetches a payload that did not fit the receive buffer, from its blocked sender.
; in, out: rdi caller word; in: r13 its bytes.
%macro PULL 0
            mov     rbx, rdi
            mov     rbp, r13
            xor     r14d, r14d                  ; r14   bytes that are here
            mov     eax, -7                     ; E2BIG
            cmp     rbp, PAYLOAD_MAX
            ja      .odd
.pull:      mov     rdi, rbx
            xor     esi, esi
            mov     rdx, r14
            lea     r10, [r15 + r14]
            mov     r8, rbp
            sub     r8, r14
            mov     eax, SYS_xfer
            syscall
            test    rax, rax
            jle     .odd
            add     r14, rax
            cmp     r14, rbp
            jb      .pull
            mov     rdi, rbx
%endmacro

; D3, D4: answer and wait in one call
            ROUTINE server_call
            SAVE
            xor     edi, edi                    ; nobody to answer yet
.answer:    xor     esi, esi
            mov     eax, SYS_reply_wait
            syscall
            CHECK
            test    esi, TRUNC
            jz      .answer
            PULL
            jmp     .answer
.odd:       RETURN
.end:

; D2: receive, reply
            ROUTINE server_reply
            SAVE
.next:      mov     eax, SYS_receive
            syscall
            CHECK
            test    esi, TRUNC
            jnz     .rest
.answer:    xor     esi, esi
            mov     eax, SYS_reply
            syscall
            CHECK
            jmp     .next
.rest:      PULL
            jmp     .answer
.odd:       RETURN
.end:

; D1: receive, send; a header says that pieces follow
            ROUTINE server_pair
            SAVE
.next:      mov     eax, SYS_receive
            syscall
            CHECK
            shr     rsi, 32
            jnz     .next
            mov     eax, SYS_send
            syscall
            CHECK
            jmp     .next
.odd:       RETURN
.end:

; D0: wait, recv, send
            ROUTINE server_classic
            SAVE
.next:      mov     eax, SYS_wait
            syscall
            CHECK
            mov     eax, SYS_recv
            syscall
            CHECK
            shr     rsi, 32
            jnz     .next
            mov     eax, SYS_send
            syscall
            CHECK
            jmp     .next
.odd:       RETURN
.end:

; notify: takes notifications only
            ROUTINE server_waiter
            SAVE
.next:      mov     eax, SYS_receive
            syscall
            cmp     eax, KIND_NOTIFY
            je      .next
            RETURN
.end:

; void crowd_member(void): a task that only waits; lies within one page, and needs no stack.
            ROUTINE crowd_member
            mov     eax, SYS_receive
            syscall
            jmp     crowd_member
.end:

; long server_stream(uint64_t read_fd, uint64_t write_fd): answers each word with the same one until the
; stream ends.
            ROUTINE server_stream
            SAVE
            mov     r14, rsi
.next:      mov     edi, r15d
            mov     esi, TAG_READ_SHORT
            mov     r10d, 8
            mov     eax, SYS_read
            syscall
            CHECK
            test    rdx, rdx
            jle     .odd
            mov     edi, r14d
            mov     esi, 16 << 16               ; r10 is the word that came
            mov     eax, SYS_write
            syscall
            CHECK
            jmp     .next
.odd:       RETURN
.end:

; Instructions of a loop that are the user's: counted where they stand, so that the number follows the
; code. The SYSCALL between them is the kernel's, by the definition of "kernel".
%assign user_count  0
%macro USER 1+
            %1
    %assign user_count user_count + 1
%endmacro

; void server_bare(const struct msg *first): answers with what it finds in the registers, for "kernel".
; The first answer is given: tag, W0, then the caller word at its end.
            ROUTINE server_bare
            mov     rsi, [rdi]
            mov     rdx, [rdi + 8]
            mov     rdi, [rdi + 56]
.next:      USER    mov eax, SYS_reply_wait
            syscall
            USER    jmp .next
.end:

; void waiter_bare(uint64_t *samples, uint64_t count): ticks from the notifier's stamp, which the bits
; are, to the one after the first instruction here.
            ROUTINE waiter_bare
            push    rbx
            push    rbp
            push    r12
            push    r13
            push    r14
            push    r15
            mov     r15, rdi
            mov     rbx, rsi
.next:      mov     eax, SYS_receive
            syscall
            mov     rbp, rdx
            rdtscp
            shl     rdx, 32
            or      rax, rdx
            sub     rax, rbp
            mov     [r15], rax
            add     r15, 8
            dec     rbx
            jnz     .next
            RETURN
.end:

            section .rodata
            align   4
; Instructions of the bare server in one round trip.
global bare_user:data 4
bare_user:  dd      user_count

            section .note.GNU-stack noalloc noexec nowrite progbits
