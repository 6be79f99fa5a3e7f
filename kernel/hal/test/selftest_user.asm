; SPDX-License-Identifier: MIT
; The ring-3 side of the HAL self-test, position independent, copied to a page of its own. Calls:
; rax 0 nothing; 1 end of this thread; 2 check that rdi equals rsi (rdx: number of the check);
; 3 the next trap shall be vector rdi, with error code rsi, and goes on at rdx; 4 the same, either
; #GP or #UD with any error code; 5 sleep for rdi ticks; 6 watch the address rdi; 7 go on at rdi by IRET; 8 how many #DB ring 0
; has swallowed.

%assign CALL_NULL   0
%assign CALL_EXIT   1
%assign CALL_CHECK  2
%assign CALL_EXPECT 3
%assign CALL_ANY    4
%assign CALL_SLEEP  5
%assign CALL_WATCH  6
%assign CALL_GOTO   7
%assign CALL_STEPS  8

%assign V_DE 0
%assign V_DB 1
%assign V_BP 3
%assign V_UD 6
%assign V_NM 7
%assign V_GP 13
%assign V_PF 14

%macro CALL 1
            mov     eax, %1
            syscall
%endmacro

%assign checks 0
; %1 shall be %2 (registers or constants; not rdx)
%macro CHECK 2
    %assign checks checks + 1
            mov     rdi, %1
            mov     rsi, %2
            mov     edx, checks
            CALL    CALL_CHECK
%endmacro

; The code up to DONE raises vector %1 with error code %2.
%macro EXPECT 2
            mov     edi, %1
            mov     rsi, %2
            lea     rdx, [rel %%resume]
            CALL    CALL_EXPECT
    %define resume %%resume
            jmp     %%go
%%resume:
            jmp     %%over
%%go:
    %define over %%over
%endmacro
; Where the two makers' CPUs, or an emulator, differ.
%macro EXPECT_REFUSAL 0
            lea     rdx, [rel %%resume]
            CALL    CALL_ANY
    %define resume %%resume
            jmp     %%go
%%resume:
            jmp     %%over
%%go:
    %define over %%over
%endmacro
%macro DONE 0
            CHECK   0, 1                        ; nothing was raised
over:
%endmacro

section .rodata
global selftest_user_start, selftest_user_end, selftest_user_second
align 16
selftest_user_start:
            ; registers survive, and rcx, r11 are what is documented
            mov     rbx, 0x1111111111111111
            mov     rbp, 0x2222222222222222
            mov     r14, 0x3333333333333333
            mov     r15, 0x4444444444444444
            mov     r8, 0x5555555555555555
            mov     r12, rsp
            CALL    CALL_NULL
.after:     lea     r9, [rel .after]
            mov     r10, r11
            mov     r13, rcx
            CHECK   r13, r9
            CHECK   r10, 0x202
            mov     r9, 0x1111111111111111
            CHECK   rbx, r9
            mov     r9, 0x2222222222222222
            CHECK   rbp, r9
            CHECK   rsp, r12
            mov     r9, 0x5555555555555555
            CHECK   r8, r9

            ; a trap keeps everything, rcx, r11 and the flags too
            mov     rcx, 0x6666666666666666
            mov     r9, rcx
            push    0x40AD7                     ; with AC, DF and CF
            popfq
            int3
            pushfq
            pop     r10
            cld
            and     r10d, 0xDD5
            mov     r13, rcx
            CHECK   r10, 0x8D5
            CHECK   r13, r9

            EXPECT  V_PF, 4
            mov     rax, [0x10]
            DONE
            EXPECT  V_PF, 6
            mov     byte [0], 1
            DONE
            EXPECT  V_PF, 7                     ; own text is not writable
            mov     byte [rel selftest_user_start], 1
            DONE
            EXPECT  V_PF, 0x15                  ; the stack is not executable
            jmp     rsp
            DONE
            EXPECT  V_UD, 0
            ud2
            DONE
            EXPECT  V_DE, 0
            xor     ecx, ecx
            div     ecx
            DONE
            EXPECT_REFUSAL
            int     0x50
            DONE
            EXPECT_REFUSAL
            int     0x30
            DONE
            EXPECT_REFUSAL
            int     14
            DONE
            EXPECT_REFUSAL
            int     2
            DONE
            EXPECT_REFUSAL
            int     0xFF
            DONE
            EXPECT  V_GP, 0
            cli
            DONE
            EXPECT  V_GP, 0
            hlt
            DONE
            EXPECT  V_GP, 0
            in      al, 0x80
            DONE
            EXPECT  V_GP, 0
            out     0x80, al
            DONE
            EXPECT  V_GP, 0
            rdmsr
            DONE
            EXPECT  V_GP, 0
            mov     rax, cr3
            DONE
            EXPECT  V_GP, 0
            mov     rax, dr7
            DONE
            EXPECT  V_UD, 0
            xorps   xmm0, xmm0
            DONE
            EXPECT  V_NM, 0
            fld1
            DONE
            EXPECT  V_NM, 0
            fnsave  [rsp - 512]
            DONE
            EXPECT  V_UD, 0                     ; CR4.FSGSBASE is clear
            rdgsbase rax
            DONE
            EXPECT_REFUSAL                      ; SYSENTER is closed
            sysenter
            DONE

            ; a single step
            EXPECT  V_DB, 0x4000
            pushfq
            or      dword [rsp], 0x100
            popfq
            nop
            DONE

            ; NT set in ring 3 reaches no IRET of the kernel
            pushfq
            or      dword [rsp], 0x4000
            popfq
            CALL    CALL_NULL
            int3
            pushfq
            and     dword [rsp], ~0x4000
            popfq

            ; a step into SYSCALL is harmless: it arrives in ring 0 on some machines, once
            CALL    CALL_STEPS
            mov     r13, rax
            mov     eax, CALL_STEPS
            pushfq
            or      dword [rsp], 0x100
            popfq
            syscall
            mov     r12, rax
            sub     r12, r13
            shr     r12, 1
            CHECK   r12, 0

            ; a return to where no user may be
            EXPECT  V_GP, 0
            mov     rdi, 0x0000800000000000
            CALL    CALL_GOTO
            DONE
            EXPECT  V_GP, 0
            mov     rdi, 0x8000000000000000
            CALL    CALL_GOTO
            DONE

            ; a watchpoint held back by MOV SS to the first instruction of the kernel
            mov     word [rsp - 64], 0x23
            lea     rdi, [rsp - 64]
            mov     r12, rdi
            CALL    CALL_WATCH
            pushfq                              ; this thread leaves by IRET, which NT would fault
            or      dword [rsp], 0x44000        ; and AC, which would open user memory
            popfq
            CALL    CALL_NULL
            xor     eax, eax
            mov     ss, [r12]
            syscall
            xor     edi, edi
            CALL    CALL_WATCH

            ; sleeping lets the other thread run
            mov     edi, 2000000
            CALL    CALL_SLEEP
            mov     edi, 0
            CALL    CALL_EXIT
            ud2

; The second thread: spins for rdi turns, long enough that it must be preempted.
selftest_user_second:
            mov     r15, rdi
.spin:      dec     r15
            jnz     .spin
            CALL    CALL_EXIT
            ud2
selftest_user_end:
