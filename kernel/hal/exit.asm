; SPDX-License-Identifier: MIT
; The ways out to ring 3 that C takes: isolation x trace x mitigations, one body. Each asks the scheduler for the
; thread to run, loads all of its registers from its block, and leaves: by SYSRET a frame that
; SYSCALL made, by IRET everything else, from a frame whose selectors and flags are constants or
; masked here. A SYSCALL frame shows the same registers and flags by either, but for TF. With isolation
; nothing but the entry area is touched after the write of a user root, so that code lies in
; .entry.text, where every byte is precious; without, it need not.

%include "build/offsets.inc"
%include "kernel/hal/percpu.inc"
%include "fastpath/macros.inc"                  ; STAMP

extern sched_leave, trace_ring

; All but rax, rcx, rdx, r11, rsp of the thread in rax.
%macro LOAD_MOST 0
            mov     rbx, [rax + THREAD_RBX]
            mov     rbp, [rax + THREAD_RBP]
            mov     rsi, [rax + THREAD_RSI]
            mov     rdi, [rax + THREAD_RDI]
            mov     r8, [rax + THREAD_R8]
            mov     r9, [rax + THREAD_R9]
            mov     r10, [rax + THREAD_R10]
            mov     r12, [rax + THREAD_R12]
            mov     r13, [rax + THREAD_R13]
            mov     r14, [rax + THREAD_R14]
            mov     r15, [rax + THREAD_R15]
%endmacro

; The root of the thread in rax; loads its rdx. %1 isolation, %2 trace. Isolation off: only if it
; differs, and the kernel half stays mapped; on: rax is lost with the kernel half.
%macro ROOT_LEAVE 2
    %if %1
            mov     rdx, [rax + THREAD_RDX]
        %if %2
            inc     qword [gs:CPU_CR3_WRITES]
        %endif
            mov     rax, [rax + THREAD_ROOT]
            mov     cr3, rax
    %else
            mov     rdx, cr3
            cmp     rdx, [rax + THREAD_ROOT]
            je      %%same
            mov     rdx, [rax + THREAD_ROOT]
        %if %2
            inc     qword [gs:CPU_CR3_WRITES]
        %endif
            mov     cr3, rdx
%%same:
            mov     rdx, [rax + THREAD_RDX]
    %endif
%endmacro

; in: the kernel's GS and root, the CPU's kernel stack, interrupts off.
%macro EXIT_USER 3-4 0
global %1:function (%1.end - %1)
%1:
    %assign TRACE %3
    %assign HARD %4
            call    sched_leave                 ; rax   thread
    %if HARD
            test    byte [gs:CPU_MITIG], MITIG_IBPB | MITIG_RSB
            jz      .known
            mov     rcx, [rax + THREAD_ROOT]
            cmp     rcx, [gs:CPU_MITIG_ROOT]
            je      .known
            mov     [gs:CPU_MITIG_ROOT], rcx
            call    mitig_switch
.known:
    %endif
            STAMP   EV_ph_exit
            test    byte [rax + THREAD_BLOCKERS], BLOCK_TRACED
            jnz     .iret                       ; TF would not survive a SYSRET
            cmp     byte [rax + THREAD_FRAME], FRAME_SYSCALL
            jne     .iret
            mov     rcx, [rax + THREAD_RIP]
            mov     rdx, rcx
            shr     rdx, 47
            jnz     .iret                       ; SYSRET to it would fault in ring 0, on Intel
            mov     r11d, RFLAGS_USER_SET
            LOAD_MOST
            mov     rsp, [rax + THREAD_RAX]
            mov     [gs:CPU_SCRATCH], rsp       ; interrupts are off and traps have own stacks
            mov     rsp, [rax + THREAD_RSP]
            ROOT_LEAVE %2, %3
            mov     rax, [gs:CPU_SCRATCH]
            MITIGATE_LEAVE
            swapgs
            o64 sysret
.iret:
            mov     rsp, [gs:CPU_SELF]
            add     rsp, ENTRY_STACK_FROM_CPU
            push    SEL_USER_DATA
            push    qword [rax + THREAD_RSP]
            mov     rcx, [rax + THREAD_RIP]     ; rcx, r11: what SYSRET would leave
            mov     r11, [rax + THREAD_RFLAGS]
            and     r11d, RFLAGS_USER
            cmp     byte [rax + THREAD_FRAME], FRAME_SYSCALL
            jne     .frame
            and     r11d, RFLAGS_TF             ; who steps goes on stepping behind its call
.frame:
            or      r11d, RFLAGS_USER_SET
            push    r11
            push    SEL_USER_CODE
            push    rcx
            push    qword [rax + THREAD_RAX]
            LOAD_MOST
            mov     r11d, RFLAGS_USER_SET
            cmp     byte [rax + THREAD_FRAME], FRAME_SYSCALL
            je      .root
            mov     rcx, [rax + THREAD_RCX]
            mov     r11, [rax + THREAD_R11]
.root:
            ROOT_LEAVE %2, %3
            MITIGATE_LEAVE
            jmp     exit_tail
.end:
%endmacro

section .text align=64

            EXIT_USER exit_user_off, 0, 0
            EXIT_USER exit_user_off_trace, 0, 1
            EXIT_USER exit_user_off_hard, 0, 0, 1
            EXIT_USER exit_user_off_trace_hard, 0, 1, 1

; Another task will run: what the CPU predicts must not come from this one. On the CPU's stack, all
; registers are kept but the flags.
%assign RSB_ENTRIES 32
global mitig_switch:function (mitig_switch.end - mitig_switch)
mitig_switch:
            push    rax
            push    rcx
            push    rdx
            test    byte [gs:CPU_MITIG], MITIG_IBPB
            jz      .rsb
            mov     ecx, MSR_PRED_CMD
            mov     eax, 1
            xor     edx, edx
            wrmsr
.rsb:
            test    byte [gs:CPU_MITIG], MITIG_RSB
            jz      .done
            mov     ecx, RSB_ENTRIES / 2
.fill:
            call    .odd
.trap_odd:
            pause
            lfence
            jmp     .trap_odd
.odd:
            call    .even
.trap_even:
            pause
            lfence
            jmp     .trap_even
.even:
            dec     ecx
            jnz     .fill
            add     rsp, RSB_ENTRIES * 8
            lfence
.done:
            pop     rdx
            pop     rcx
            pop     rax
            ret
.end:

section .entry.text progbits alloc exec nowrite align=64

            EXIT_USER exit_user_on, 1, 0
            EXIT_USER exit_user_on_trace, 1, 1
            EXIT_USER exit_user_on_hard, 1, 0, 1
            EXIT_USER exit_user_on_trace_hard, 1, 1, 1

; For the fast path: the frame and rax are on the entry stack, everything else is loaded. With isolation
; rax is the user's root.
global exit_root_1
exit_root_1:
            mov     cr3, rax
global exit_root_0
exit_root_0:
; On the entry stack: rax, then the frame. The one IRETQ to ring 3: if it faults, trap.asm knows the
; place by its label.
exit_tail:
            pop     rax
            swapgs
global exit_iretq
exit_iretq:
            iretq

section .data

; The exit in force, set by hal_entry_select.
align 8
global exit_user:data 8
exit_user:
            dq      exit_user_off
