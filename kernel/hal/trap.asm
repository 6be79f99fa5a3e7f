; SPDX-License-Identifier: MIT
; The IDT's targets. Vectors differ in two instructions, isolation in one macro: three sets of stubs
; (0 off, 1 on, 2 on with PCID), of which idt.c installs one. From ring 3 all registers go to the
; current thread's block, so that hal_trap sees nothing but threads. From ring 0 only three things
; may come: an interrupt while idle, a fault of the one IRETQ, and a broken kernel. NMI, #MC, #DF
; and #DB have stacks of their own and trust neither GS nor CR3 ("paranoid"). What runs before the
; root is switched lies in .entry.text, which both page tables map.

%include "build/offsets.inc"
%include "kernel/hal/percpu.inc"

extern hal_trap, hal_trap_kernel, hal_trap_paranoid, hal_trap_iret
extern exit_iretq, exit_user
extern fault_entry_0, fault_entry_1

; A trap's words from the top of its stack: the stub's two, then the hardware's five.
%assign T_VECTOR    0
%assign T_ERROR     8
%assign T_RIP       16
%assign T_CS        24
%assign T_WORDS     7

%assign V_DB        1
%assign V_NMI       2
%assign V_DF        8
%assign V_PF        14
%assign V_MC        18
%assign V_DEVICE    0x20                        ; below it, the CPU's exceptions
%assign V_DEVICES   25
%assign V_TIMER     0xF0
%assign V_SPURIOUS  0xFF

; The registers of struct trap_frame.
%assign SAVED       15

%macro SAVE_ALL 0
            push    rax
            push    rbx
            push    rcx
            push    rdx
            push    rsi
            push    rdi
            push    rbp
            push    r8
            push    r9
            push    r10
            push    r11
            push    r12
            push    r13
            push    r14
            push    r15
%endmacro

; Takes the stub's two words too.
%macro RESTORE_ALL 0
            pop     r15
            pop     r14
            pop     r13
            pop     r12
            pop     r11
            pop     r10
            pop     r9
            pop     r8
            pop     rbp
            pop     rdi
            pop     rsi
            pop     rdx
            pop     rcx
            pop     rbx
            pop     rax
            add     rsp, 16
%endmacro

; Vectors with an error code (Intel SDM 3A table 6-1; 21 is #CP).
%define HAS_ERROR(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 30)

; %1 vector, %2 set
%macro STUB 2
trap_stub_%2_%1:
    %if !HAS_ERROR(%1)
            push    0
    %endif
            push    byte (%1) - 256 * ((%1) >> 7)
            jmp     trap_common_%2
%endmacro

; From ring 3 by whatever stack the gate gave: on it, below the hardware's frame, the error code and
; the vector. IF is clear, all else is the user's.
%macro TRAP_SET 1
    %assign v 0
    %rep V_DEVICE + V_DEVICES
        %if v == V_DB
trap_stub_%1_1:
            push    0
            push    V_DB
            test    byte [rsp + T_CS], 3
            jz      trap_paranoid
            jmp     trap_common_%1
        %elif v == V_PF
; A page fault of the user goes to fastpath/fault.inc, which gives back to trap_user what C must see.
trap_stub_%1_14:
            test    byte [rsp + T_CS - T_ERROR], 3
            jz      .kernel
            swapgs
            lfence                              ; no load by GS before it is known to be swapped
            mov     [gs:CPU_SCRATCH], rax
    %if %1 != 0
            ROOT_ENTER rax, %1
            jmp     fault_entry_1
    %else
            jmp     fault_entry_0
    %endif
.kernel:
            push    V_PF
            jmp     trap_kernel
        %elif v != V_NMI && v != V_DF && v != V_MC
            STUB    %[v], %1
        %endif
        %assign v v + 1
    %endrep
            STUB    240, %1                     ; V_TIMER
            STUB    255, %1                     ; V_SPURIOUS

trap_common_%1:
            test    byte [rsp + T_CS], 3
            jz      trap_kernel
            swapgs
            lfence                              ; no load by GS before it is known to be swapped
            push    rax
    %if %1 != 0
            ROOT_ENTER rax, %1
    %endif
            jmp     trap_user
%endmacro

section .entry.text progbits alloc exec nowrite align=64

            TRAP_SET 0
            TRAP_SET 1
            TRAP_SET 2

; On their own stacks, from either ring.
trap_stub_nmi:
            push    0
            push    V_NMI
            jmp     trap_paranoid
trap_stub_df:
            push    V_DF
            jmp     trap_paranoid
trap_stub_mc:
            push    0
            push    V_MC

; The interrupted code may have been anywhere: before or after a SWAPGS, before or after a root
; switch, or at the IRETQ. Both are saved as they are, taken from the stack's top, and put back.
trap_paranoid:
            SAVE_ALL
            mov     rbx, cr3                    ; rbx   CR3 as found
            mov     ecx, MSR_GS_BASE
            rdmsr
            mov     r12d, eax                   ; r12   GS base as found, low half
            mov     r13d, edx                   ; r13   high half
            mov     rax, [rsp + (SAVED + T_WORDS) * 8 + 8]
            mov     cr3, rax
            mov     eax, [rsp + (SAVED + T_WORDS) * 8]
            mov     edx, [rsp + (SAVED + T_WORDS) * 8 + 4]
            wrmsr
            FLAGS_CLEAN
            mov     rdi, rsp
            mov     rsi, rbx
            call    hal_trap_paranoid
            mov     eax, r12d
            mov     edx, r13d
            mov     ecx, MSR_GS_BASE
            wrmsr
            mov     cr3, rbx
            RESTORE_ALL
            iretq

; From ring 0, on the stack that was in use.
trap_kernel:
            lfence                              ; no load by GS on the path that did not swap it
            cmp     qword [rsp + T_RIP], exit_iretq
            je      trap_iret
            SAVE_ALL
            mov     rsi, cr3                    ; rsi   root as found, for the record
            cmp     byte [rsp + SAVED * 8 + T_VECTOR], V_DEVICE
            jae     .sane                       ; only idling is interrupted: GS and root are ours
            mov     ecx, MSR_GS_BASE            ; a broken kernel may be broken anywhere
            rdmsr
            test    edx, edx                    ; a user's GS base is never in the upper half
            js      .root
            swapgs
.root:
            mov     rax, [gs:CPU_KERNEL_ROOT]   ; the boot root: may be odd, so no mask finds it
            mov     cr3, rax
.sane:
            FLAGS_CLEAN
            mov     rdi, rsp
            mov     rbx, rsp                    ; rbx   struct trap_frame
            and     rsp, -16
            call    hal_trap_kernel
            mov     rsp, rbx
            RESTORE_ALL
            iretq

; An exit's IRETQ faulted: GS and root are the user's already, the stack is the entry stack, and the
; thread's block still holds every register that C's exit loaded from it (the fast sigreturn only goes
; where a fault came from, and IRETQ does not fault for that).
trap_iret:
            swapgs
            lfence
            ROOT_ENTER rax, 1
            movzx   esi, byte [rsp + T_VECTOR]
            mov     rdx, [rsp + T_ERROR]
            mov     rdi, [gs:CPU_CURRENT]
            mov     rsp, [gs:CPU_KERNEL_STACK]
            FLAGS_CLEAN
            xor     ebp, ebp                    ; ends a backtrace
            call    hal_trap_iret
            JUMP_INDIRECT [rel exit_user], rax

; SYSCALL out of compatibility mode: there are no 32-bit user segments, so only a broken machine
; comes here. Nothing is touched; ENOSYS.
global entry_cstar:function (entry_cstar.end - entry_cstar)
entry_cstar:
            mov     rax, -38
            o64 sysret
.end:

section .text

global trap_user
; Root and GS are the kernel's. On the stack: the user's rax, vector, error, rip, cs, rflags, rsp.
trap_user:
            mov     rax, [gs:CPU_CURRENT]       ; rax   thread
            mov     [rax + THREAD_RBX], rbx
            mov     [rax + THREAD_RCX], rcx
            mov     [rax + THREAD_RDX], rdx
            mov     [rax + THREAD_RSI], rsi
            mov     [rax + THREAD_RDI], rdi
            mov     [rax + THREAD_RBP], rbp
            mov     [rax + THREAD_R8], r8
            mov     [rax + THREAD_R9], r9
            mov     [rax + THREAD_R10], r10
            mov     [rax + THREAD_R11], r11
            mov     [rax + THREAD_R12], r12
            mov     [rax + THREAD_R13], r13
            mov     [rax + THREAD_R14], r14
            mov     [rax + THREAD_R15], r15
            mov     rdi, rax                    ; rdi   thread
            pop     qword [rdi + THREAD_RAX]
            pop     rsi                         ; rsi   vector, sign-extended
            pop     rdx                         ; rdx   error code
            pop     qword [rdi + THREAD_RIP]
            pop     rax                         ; cs: one value only
            pop     qword [rdi + THREAD_RFLAGS]
            pop     qword [rdi + THREAD_RSP]
            movzx   esi, sil
            mov     byte [rdi + THREAD_FRAME], FRAME_FULL
            mov     rsp, [gs:CPU_KERNEL_STACK]
            FLAGS_CLEAN
            xor     ebp, ebp                    ; ends a backtrace
            call    hal_trap
            JUMP_INDIRECT [rel exit_user], rax

; bool msr_read_safe(uint32_t msr, uint64_t *value): false where RDMSR faults. hal_trap_kernel moves
; a #GP at msr_read_rdmsr and msr_write_wrmsr to msr_fault.
global msr_read_safe:function (msr_read_end - msr_read_safe)
global msr_read_rdmsr, msr_write_wrmsr, msr_fault
msr_read_safe:
            mov     ecx, edi
msr_read_rdmsr:
            rdmsr
            shl     rdx, 32
            or      rax, rdx
            mov     [rsi], rax
            mov     eax, 1
            ret
msr_fault:
            xor     eax, eax
            ret
msr_read_end:

; bool msr_write_safe(uint32_t msr, uint64_t value): false where WRMSR faults, by the same way.
global msr_write_safe:function (msr_write_end - msr_write_safe)
msr_write_safe:
            mov     ecx, edi
            mov     rax, rsi
            mov     rdx, rsi
            shr     rdx, 32
msr_write_wrmsr:
            wrmsr
            mov     eax, 1
            ret
msr_write_end:

; Where each vector of a set goes, for idt.c: exceptions and devices by number, then timer, spurious.
section .rodata
%macro TRAP_TABLE 1
    %assign v 0
    %rep V_DEVICE + V_DEVICES
        %if v == V_NMI
            dq      trap_stub_nmi
        %elif v == V_DF
            dq      trap_stub_df
        %elif v == V_MC
            dq      trap_stub_mc
        %else
            dq      trap_stub_%1_%[v]
        %endif
        %assign v v + 1
    %endrep
            dq      trap_stub_%1_240, trap_stub_%1_255
%endmacro

align 8
global trap_table:data (trap_table.end - trap_table)
trap_table:
            TRAP_TABLE 0
            TRAP_TABLE 1
            TRAP_TABLE 2
.end:
