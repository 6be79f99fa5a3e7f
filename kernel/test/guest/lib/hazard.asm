; SPDX-License-Identifier: MIT
; The instruction sequences of the entry hazards: what no compiler would write. C functions of one
; argument unless said otherwise; most are meant to fault and run below guest_catch.

            bits    64
%include "build/offsets.inc"

%assign FLAG_TF     0x100

            section .text

; uint64_t flags_call(struct guest_regs *regs): regs->rflags is in force at the SYSCALL; the flags
; after it come back in the same place. Returns cs | ss << 16.
            global  flags_call:function
flags_call: push    rbx
            push    rbp
            push    r12
            push    r13
            push    rdi
            mov     rax, [rdi]
            mov     rsi, [rdi + 16]
            mov     rdx, [rdi + 24]
            mov     r10, [rdi + 32]
            mov     r8, [rdi + 40]
            mov     r12, [rdi + 56]
            mov     r13, [rdi + 64]
            push    qword [rdi + 120]
            mov     rdi, [rdi + 8]
            popfq
            syscall
            pushfq
            pop     rbx                 ; rbx   flags after
            push    2
            popfq
            pop     rdi
            mov     [rdi], rax
            mov     [rdi + 24], rdx
            mov     [rdi + 120], rbx
            mov     eax, ss
            shl     eax, 16
            mov     ax, cs
            pop     r13
            pop     r12
            pop     rbp
            pop     rbx
            ret

; Sets the flags given, then #UD, #BP or #PF.
            global  flags_ud:function, flags_bp:function, flags_pf:function
flags_ud:   push    rdi
            popfq
            ud2
flags_bp:   push    rdi
            popfq
            int3
            jmp     $
flags_pf:   push    rdi
            popfq
            mov     rax, [abs 8]

; #UD and #PF with that value in every register that the handler might still see.
            global  poison_ud:function, poison_pf:function
%macro POISON_ALL 0
            mov     rax, rdi
            mov     rbx, rdi
            mov     rcx, rdi
            mov     rdx, rdi
            mov     rsi, rdi
            mov     rbp, rdi
            mov     r8, rdi
            mov     r9, rdi
            mov     r10, rdi
            mov     r11, rdi
            mov     r12, rdi
            mov     r13, rdi
            mov     r14, rdi
            mov     r15, rdi
%endmacro
poison_ud:  POISON_ALL
            ud2
poison_pf:  POISON_ALL
            mov     rax, [abs 8]

; long stack_call(uint64_t rsp): SYS_self with that stack pointer; -1 if it changed.
            global  stack_call:function
stack_call: push    rbx
            mov     rbx, rsp
            mov     rsp, rdi
            mov     rdx, rdi
            mov     eax, SYS_self
            xor     edi, edi
            syscall
            cmp     rsp, rdx
            mov     rsp, rbx
            pop     rbx
            je      .same
            mov     rax, -1
.same:      ret

; #UD with that stack pointer.
            global  stack_ud:function
stack_ud:   mov     rsp, rdi
            ud2

; Each: the watched word becomes SS, which holds the #DB back over one instruction.
; void (uint64_t watched): the word holds the selector of SS.
            global  shadow_syscall:function, shadow_bp:function, shadow_ud:function
            global  shadow_int:function, shadow_none:function, shadow_null:function
            align   64
shadow_syscall:
            mov     eax, SYS_self
            mov     rbx, rdi
            xor     edi, edi
            mov     ss, [rbx]
            syscall
            ret
shadow_null:
            xor     eax, eax
            mov     ss, [rdi]
            syscall
            ret
shadow_bp:  mov     ss, [rdi]
            int3
            ret
shadow_ud:  mov     ss, [rdi]
            ud2
shadow_int: mov     ss, [rdi]
            int     0x80
shadow_none:
            mov     ss, [rdi]
            nop
            ret

; Stepping: void (uint64_t number). TF, then instructions whose addresses the labels name.
            global  step_body:function, step_first, step_syscall, step_after, step_after_2, step_end
step_body:  mov     eax, edi
            xor     edi, edi
            pushfq
            or      qword [rsp], FLAG_TF
            popfq
            nop
step_first: nop
step_syscall:
            syscall
step_after: nop
step_after_2:
            nop
step_end:   pushfq
            and     qword [rsp], ~FLAG_TF
            popfq
            nop
            ret

; TF set by POPF right before the SYSCALL: no step before the kernel, none in it.
            global  step_entry:function
step_entry: mov     eax, edi
            xor     edi, edi
            pushfq
            or      qword [rsp], FLAG_TF
            popfq
            syscall
            nop
            pushfq
            and     qword [rsp], ~FLAG_TF
            popfq
            nop
            ret

; A new thread's registers: all but rsp, rdi and rip are stored, then it notes that it is done.
; in: rdi struct guest_regs, followed by a word
            global  thread_registers:function
thread_registers:
            mov     [rdi], rax
            mov     [rdi + 16], rsi
            mov     [rdi + 24], rdx
            mov     [rdi + 32], r10
            mov     [rdi + 40], r8
            mov     [rdi + 48], r9
            mov     [rdi + 56], r12
            mov     [rdi + 64], r13
            mov     [rdi + 72], rbx
            mov     [rdi + 80], rbp
            mov     [rdi + 88], r14
            mov     [rdi + 96], r15
            mov     [rdi + 104], rcx
            mov     [rdi + 112], r11
            pushfq
            pop     qword [rdi + 120]
            mov     qword [rdi + 128], 1
.sleep:     mov     eax, SYS_sleep
            mov     rdi, -1
            syscall
            jmp     .sleep

; void segment_gs(uint64_t selector), fs, ds, es, ss
            global  segment_gs:function, segment_fs:function, segment_ds:function
            global  segment_es:function, segment_ss:function
segment_gs: mov     gs, di
            ret
segment_fs: mov     fs, di
            ret
segment_ds: mov     ds, di
            ret
segment_es: mov     es, di
            ret
segment_ss: mov     ss, di
            ret

; void far_return(uint64_t selector): to the next instruction in another code segment.
            global  far_return:function, far_iret:function
far_return: push    rdi
            lea     rax, [rel .there]
            push    rax
            o64 retf
.there:     ret
far_iret:   mov     rax, rsp
            push    qword 0x23
            push    rax
            pushfq
            push    rdi
            lea     rax, [rel .there]
            push    rax
            iretq
.there:     ret

; void iret_flags(uint64_t flags): IRETQ of the user's own with those flags; IOPL must not change.
            global  iret_flags:function, popf_flags:function
iret_flags: mov     rax, rsp
            push    qword 0x23
            push    rax
            push    rdi
            push    qword 0x2B
            lea     rcx, [rel flags_kept]
            push    rcx
            iretq
popf_flags: push    rdi
            popfq
flags_kept: pushfq
            pop     qword [rel catch_flags_kept]
            push    2
            popfq
            ret

; What only ring 0 may do. Each entry of the table: code, vectors allowed (a bit each), name.
%macro ATTEMPT 3+
            [section .text]
%%code:     %3
            ret
            [section .rodata]
%%name:     db      %2, 0
            [section .rodata.attempts]
            dq      %%code, %1, %%name
            [section .text]
%endmacro
%assign GP  1 << 13
%assign UD  1 << 6
%assign NM  1 << 7

            section .rodata.attempts progbits alloc noexec nowrite align=8
            global  attempts
attempts:
            ATTEMPT GP, "hlt", hlt
            ATTEMPT GP, "cli", cli
            ATTEMPT GP, "sti", sti
            ATTEMPT GP, "in al, 0x80", in al, 0x80
            ATTEMPT GP, "out 0x80, al", out 0x80, al
            ATTEMPT GP, "out 0xf4, eax", out 0xF4, eax
            ATTEMPT GP, "lgdt", lgdt [rel scratch]
            ATTEMPT GP, "lidt", lidt [rel scratch]
            ATTEMPT GP, "lldt", lldt word [rel scratch]
            ATTEMPT GP, "ltr", ltr word [rel scratch]
            ATTEMPT GP, "lmsw", lmsw word [rel scratch]
            ATTEMPT GP, "clts", clts
            ATTEMPT GP, "invd", invd
            ATTEMPT GP, "wbinvd", wbinvd
            ATTEMPT GP, "invlpg", invlpg [rel scratch]
            ATTEMPT GP, "mov cr0", mov rax, cr0
            ATTEMPT GP, "mov cr3", mov rax, cr3
            ATTEMPT GP, "mov to cr3", mov cr3, rax
            ATTEMPT GP, "mov cr4", mov rax, cr4
            ATTEMPT GP, "mov cr8", mov rax, cr8
            ATTEMPT GP, "mov dr7", mov rax, dr7
            ATTEMPT GP, "mov to dr7", mov dr7, rax
            ATTEMPT GP | UD, "swapgs", swapgs
            ATTEMPT GP | UD, "sysret", o64 sysret
            ATTEMPT GP | UD, "sysexit", o64 sysexit
            ATTEMPT GP | UD, "sysenter", sysenter
            ATTEMPT GP, "rdpmc", rdpmc
            ATTEMPT UD, "wrgsbase", wrgsbase rax
            ATTEMPT UD, "rdfsbase", rdfsbase rax
            ATTEMPT UD | GP, "xsetbv", xsetbv
            ATTEMPT UD, "xgetbv", xgetbv
            ATTEMPT UD, "clac", clac
            ATTEMPT UD, "stac", stac
            ATTEMPT UD | NM, "sse", xorps xmm0, xmm0
            ATTEMPT UD | NM, "fxsave", fxsave [rel scratch]
            ATTEMPT NM, "x87", fninit
            ATTEMPT NM | UD, "mmx", movq mm0, mm0
            ATTEMPT GP, "sgdt", sgdt [rel scratch]
            ATTEMPT GP, "sidt", sidt [rel scratch]
            ATTEMPT GP, "sldt", sldt [rel scratch]
            ATTEMPT GP, "str", str [rel scratch]
            ATTEMPT GP, "smsw", smsw [rel scratch]
            [section .rodata.attempts]
            dq      0

            section .text
; Model-specific registers and ports by number: void (uint64_t number).
            global  attempt_rdmsr:function, attempt_wrmsr:function, attempt_in:function
            global  attempt_out:function, attempt_ins:function, attempt_outs:function
attempt_rdmsr:
            mov     ecx, edi
            rdmsr
            ret
attempt_wrmsr:
            mov     ecx, edi
            xor     eax, eax
            xor     edx, edx
            wrmsr
            ret
attempt_in: mov     edx, edi
            in      al, dx
            ret
attempt_out:
            mov     edx, edi
            xor     eax, eax
            out     dx, al
            ret
attempt_ins:
            mov     edx, edi
            lea     rdi, [rel scratch]
            mov     ecx, 1
            rep insb
            ret
attempt_outs:
            mov     edx, edi
            lea     rsi, [rel scratch]
            outsb
            ret

            section .bss
            align   64
            global  catch_flags_kept
catch_flags_kept:
            resq    1
scratch:    resb    1024

            section .note.GNU-stack noalloc noexec nowrite progbits
