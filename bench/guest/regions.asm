; SPDX-License-Identifier: MIT
; The measured regions, client side: `long region_NAME(struct region *r)`, 0 or the error of the call
; that failed (then the stamps are void). What stands between the stamps is what a client's stub does:
; its arguments from memory, the call, the test of its result. The loop over the turns, whose cost is in
; the empty region too, is dec and jnz.
;
; "whole" is everything between the stamps less the empty region; "kernel" has bare regions, in which
; every register is loaded before: those differ from their empty ones by the SYSCALL alone.

%include "build/offsets.inc"

            bits    64
            section .text

; struct region (bench.h)
%assign R_BEGIN     0
%assign R_END       8
%assign R_TURNS     16
%assign R_TARGET    24
%assign R_TAG       32
%assign R_WORD      40
%assign R_PIECES    88

; Places in the tables of bodies: 0 to 6 words, then these.
%assign FORM_BUFFER 7
%assign FORM_PIECES 8
%assign TAG_HEADER  32                          ; first bit of a tag's header

%macro ROUTINE 1
global %1:function (%1.end - %1)
            align   64
%1:
%endmacro

; in: rdi struct region. out: r15 the same.
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
            pop     r15
            pop     r14
            pop     r13
            pop     r12
            pop     rbp
            pop     rbx
            ret
%endmacro

; The second LFENCE keeps what is measured from starting before the stamp, RDTSCP waits for it to end.
%macro STAMP_BEGIN 0
            lfence
            rdtsc
            lfence
            shl     rdx, 32
            or      rax, rdx
            mov     [r15 + R_BEGIN], rax
%endmacro

%macro STAMP_END 0
            rdtscp
            lfence
            shl     rdx, 32
            or      rax, rdx
            mov     [r15 + R_END], rax
%endmacro

%macro REGION 1
            ROUTINE region_%1
            SAVE
            mov     ebx, [r15 + R_TURNS]
            STAMP_BEGIN
.turn:
%endmacro

%macro REGION_END 0
            dec     ebx
            jnz     .turn
            STAMP_END
            xor     eax, eax
.out:       RETURN
.end:
%endmacro

; The end of a stub: an error ends the region.
%macro CHECK 0
            test    rax, rax
            js      .out
%endmacro

%macro CHECK_READ 0
            CHECK
            test    rdx, rdx
            mov     rax, rdx
            js      .out
%endmacro

; Destination, tag and payload of a message; %1 form.
%macro MESSAGE 1
            mov     edi, [r15 + R_TARGET]
    %if %1 == 0
            xor     esi, esi
    %else
            mov     rsi, [r15 + R_TAG]
    %endif
    %if %1 == FORM_BUFFER
            mov     r12, [r15 + R_WORD + 32]
            mov     r13, [r15 + R_WORD + 40]
    %else
        %if %1 > 0
            mov     rdx, [r15 + R_WORD]
        %endif
        %if %1 > 1
            mov     r10, [r15 + R_WORD + 8]
        %endif
        %if %1 > 2
            mov     r8, [r15 + R_WORD + 16]
        %endif
        %if %1 > 3
            mov     r9, [r15 + R_WORD + 24]
        %endif
        %if %1 > 4
            mov     r12, [r15 + R_WORD + 32]
        %endif
        %if %1 > 5
            mov     r13, [r15 + R_WORD + 40]
        %endif
    %endif
%endmacro

; SEND: one message, or a payload cut into pieces whose headers say how many follow.
%macro SEND 1
    %if %1 == FORM_PIECES
            mov     ebp, [r15 + R_PIECES]
            mov     r14, [r15 + R_WORD + 32]    ; r14   next piece
.piece:     dec     ebp
            mov     edi, [r15 + R_TARGET]
            mov     esi, ebp
            shl     rsi, TAG_HEADER
            or      rsi, [r15 + R_TAG]
            mov     r12, r14
            mov     r13, [r15 + R_WORD + 40]
            add     r14, r13
            mov     eax, SYS_send
            syscall
            CHECK
            test    ebp, ebp
            jnz     .piece
    %else
            MESSAGE %1
            mov     eax, SYS_send
            syscall
            CHECK
    %endif
%endmacro

%macro CALL_REGION 1
            REGION  call_%1
            MESSAGE %1
            mov     eax, SYS_call
            syscall
            CHECK
            REGION_END
%endmacro

%macro PAIR_REGION 1
            REGION  pair_%1
            SEND    %1
            mov     eax, SYS_receive
            syscall
            CHECK
            REGION_END
%endmacro

%macro CLASSIC_REGION 1
            REGION  classic_%1
            SEND    %1
            mov     eax, SYS_wait
            syscall
            CHECK
            mov     eax, SYS_recv
            syscall
            CHECK
            REGION_END
%endmacro

            REGION  empty
            REGION_END

            REGION  null
            xor     eax, eax                    ; SYS_null
            syscall
            CHECK
            REGION_END

            REGION  read_short
            mov     edi, [r15 + R_TARGET]
            mov     esi, TAG_READ_SHORT
            mov     r10, [r15 + R_WORD + 8]
            mov     eax, SYS_read
            syscall
            CHECK_READ
            REGION_END

            REGION  read_long
            mov     edi, [r15 + R_TARGET]
            mov     rsi, [r15 + R_TAG]
            mov     r10, [r15 + R_WORD + 8]
            mov     r12, [r15 + R_WORD + 32]
            mov     r13, [r15 + R_WORD + 40]
            mov     eax, SYS_read
            syscall
            CHECK_READ
            REGION_END

; A path in the first two words, bytes to read in the third.
            REGION  open
            mov     rdi, [r15 + R_WORD]
            mov     rsi, [r15 + R_WORD + 8]
            mov     edx, O_RDONLY
            mov     eax, SYS_open
            syscall
            CHECK
            mov     ebp, eax                    ; ebp   descriptor
            mov     edi, eax
            mov     esi, TAG_READ_SHORT
            mov     r10, [r15 + R_WORD + 16]
            mov     eax, SYS_read
            syscall
            CHECK_READ
            mov     edi, ebp
            mov     eax, SYS_close
            syscall
            CHECK
            REGION_END

            REGION  notify
            mov     edi, [r15 + R_TARGET]
            mov     rsi, [r15 + R_WORD]
            mov     eax, SYS_notify
            syscall
            CHECK
            REGION_END

; Wakes who waits on the first word, and waits on the second, a cache line on, until they are equal.
%assign FUTEX_WAIT  0x80
%assign FUTEX_WAKE  0x81
%assign LINE        64
            REGION  futex
            mov     rbp, [r15 + R_WORD]
            inc     dword [rbp]
            mov     rdi, rbp
            mov     esi, FUTEX_WAKE
            mov     edx, 1
            mov     eax, SYS_futex
            syscall
            CHECK
.sleep:     mov     edx, [rbp + LINE]
            cmp     edx, [rbp]
            je      .awake
            lea     rdi, [rbp + LINE]
            mov     esi, FUTEX_WAIT
            xor     r10d, r10d
            mov     eax, SYS_futex
            syscall
            jmp     .sleep
.awake:
            REGION_END

; One word out, one word back.
            REGION  stream
            mov     edi, [r15 + R_TARGET]
            mov     rsi, [r15 + R_TAG]
            mov     r10, [r15 + R_WORD]
            mov     eax, SYS_write
            syscall
            CHECK_READ
            mov     edi, [r15 + R_WORD + 16]
            mov     esi, TAG_READ_SHORT
            mov     r10, [r15 + R_WORD + 8]
            mov     eax, SYS_read
            syscall
            CHECK_READ
            REGION_END

%assign form 0
%rep FORM_PIECES + 1
    %if form <= FORM_BUFFER
            CALL_REGION %[form]
    %endif
            PAIR_REGION %[form]
            CLASSIC_REGION %[form]
    %assign form form + 1
%endrep

; The same for "kernel": all that the stamps leave alone is loaded before; W0 and the number, which they
; do not, are moves that the empty region has too. %1 name, %2 number, %3 with the SYSCALL or not.
%macro BARE 3
            ROUTINE bare_%1
            SAVE
            mov     edi, [r15 + R_TARGET]
            mov     rsi, [r15 + R_TAG]
            mov     rbp, [r15 + R_WORD]
            mov     r10, [r15 + R_WORD + 8]
            mov     r8, [r15 + R_WORD + 16]
            mov     r9, [r15 + R_WORD + 24]
            mov     r12, [r15 + R_WORD + 32]
            mov     r13, [r15 + R_WORD + 40]
            STAMP_BEGIN
            mov     rdx, rbp
            mov     eax, %2
    %if %3
            syscall
    %endif
            mov     rbx, rax
            STAMP_END
            mov     rax, rbx
            RETURN
.end:
%endmacro

            BARE    empty, 0, 0
            BARE    null, SYS_null, 1
            BARE    read, SYS_read, 1
            BARE    call, SYS_call, 1

; long notify_bare(uint64_t tid, uint64_t count): each time the bits are the stamp at which it began, and
; the waiter (waiter_bare) subtracts it from its own. Registers as in C.
            ROUTINE notify_bare
            SAVE
            mov     rbx, rsi
.next:
            lfence
            rdtsc
            lfence
            shl     rdx, 32
            or      rax, rdx
            mov     rsi, rax
            mov     rdi, r15
            mov     eax, SYS_notify
            syscall
            CHECK
            dec     rbx
            jnz     .next
            xor     eax, eax
.out:       RETURN
.end:

; uint64_t notify_empty(void): ticks of the same with the waiter's part behind it and no SYSCALL.
            ROUTINE notify_empty
            SAVE
            lfence
            rdtsc
            lfence
            shl     rdx, 32
            or      rax, rdx
            mov     rsi, rax
            mov     rdi, r15
            mov     eax, SYS_notify
            mov     rdx, rsi                    ; stands for the SYSCALL, which leaves the bits here
            mov     rbp, rdx
            rdtscp
            shl     rdx, 32
            or      rax, rdx
            sub     rax, rbp
            dec     rax                         ; the move that the kernel's own stands for
            RETURN
.end:

; void server_thread(rdi): the first instruction of a thread made by thread_create; rsp is aligned.
extern server_thread_main
            ROUTINE server_thread
            xor     ebp, ebp
            call    server_thread_main
            ud2
.end:

%macro TABLE 2
global %1_bodies:data (%1_bodies.end - %1_bodies)
%1_bodies:
    %assign form 0
    %rep %2 + 1
            dq      region_%1_%[form]
        %assign form form + 1
    %endrep
.end:
%endmacro

            section .rodata
            align   8
            TABLE   call, FORM_BUFFER
            TABLE   pair, FORM_PIECES
            TABLE   classic, FORM_PIECES

            section .note.GNU-stack noalloc noexec nowrite progbits
