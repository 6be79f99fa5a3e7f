; SPDX-License-Identifier: MIT
; The loader's first and last instructions: both multiboot headers, the 32-bit entry, and the step
; into long mode. Invariant: interrupts stay off from here to the kernel's first instruction.
; Called by the boot loader (_start) and by main.c (loader_enter).

    bits    32

MB1_MAGIC   equ     0x1BADB002
MB1_FLAGS   equ     0x3                         ; modules on page borders, memory map
MB2_MAGIC   equ     0xE85250D6
CR0_KERNEL  equ     0x80010031                  ; PG WP NE ET PE, caches on
CR4_KERNEL  equ     0x20                        ; PAE and nothing else
MSR_PAT     equ     0x277
PAT_LOW     equ     0x00070406                  ; entries 0 to 3 as after reset: WB WT UC- UC
PAT_HIGH    equ     0x00070401                  ; 4: write combining; the rest as after reset
MSR_EFER    equ     0xC0000080
EFER_KERNEL equ     0x900                       ; LME NXE
CPUID_TSC   equ     1 << 4
CPUID_SYSC  equ     1 << 11
FLAG_ID     equ     1 << 21
SEL_CODE64  equ     0x08
SEL_DATA    equ     0x10
SEL_CODE32  equ     0x18

    extern  loader_main, loader_no_syscall
    global  _start:function, loader_enter:function

; Within the first 8 KiB (multiboot 1) and 32 KiB (multiboot 2) of the file, so in front of all text.
    section .multiboot progbits alloc noexec nowrite align=8
    align   8
mb2:
    dd      MB2_MAGIC, 0, mb2.end - mb2, -(MB2_MAGIC + (mb2.end - mb2))
    dw      6, 1                                ; modules on page borders; optional
    dd      8
    dw      0, 0                                ; end of tags
    dd      8
.end:
mb1:
    dd      MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

    section .rodata progbits alloc noexec nowrite align=8
; The accessed bits are set already: the CPU would write them, and this page is read-only by then.
gdt:
    dq      0
    dq      0x00AF9B000000FFFF                  ; code, 64-bit
    dq      0x00CF93000000FFFF                  ; data
    dq      0x00CF9B000000FFFF                  ; code, 32-bit
.end:
gdt_pointer:
    dw      gdt.end - gdt - 1
    dd      gdt, 0

    section .bss nobits alloc noexec write align=16
stack:
    resb    8192                                ; the deepest path takes about 1 KiB
.top:

    section .text progbits alloc exec nowrite align=16

; Purpose: take the TSC as early as can be, find a stack, call C.
; State:   32-bit protected mode, flat segments, paging off (multiboot).
; In:      eax boot loader's magic, ebx its information. Never returns.
_start:
    cli
    cld
    mov     esp, stack.top
    mov     esi, eax                            ; esi   magic
    mov     edi, ebx                            ; edi   information
    ; A CPU that cannot toggle ID has no CPUID, and may have no RDTSC: main reports it.
    pushfd
    pop     eax
    mov     ecx, eax
    xor     eax, FLAG_ID
    push    eax
    popfd
    pushfd
    pop     eax
    xor     ecx, eax                            ; ecx   bit 21 set: CPUID is there
    and     ecx, FLAG_ID
    mov     ebp, ecx                            ; ebp   the same, kept over CPUID
    xor     eax, eax
    xor     edx, edx
    test    ebp, ebp
    jz      .no_tsc
    mov     eax, 1
    cpuid
    test    edx, CPUID_TSC
    mov     eax, 0
    mov     edx, 0
    jz      .no_tsc
    rdtsc
.no_tsc:
    push    ebp
    push    edx
    push    eax
    push    edi
    push    esi
    call    loader_main
.halt:
    hlt
    jmp     .halt

; Purpose: long mode and the kernel. The tables map this code one to one besides the kernel.
; In:      [esp+4] PML4, [esp+8] struct bootinfo, [esp+12] entry (64 bits).
; Out:     rdi bootinfo, rax entry, everything else 0. Never returns.
loader_enter:
    mov     esi, [esp + 4]
    mov     edi, [esp + 8]
    mov     ebx, [esp + 12]
    mov     ebp, [esp + 16]
    lgdt    [gdt_pointer]
    mov     eax, CR4_KERNEL
    mov     cr4, eax
    mov     cr3, esi
    ; While paging is off no page has a type, so none changes: whatever firmware made of the table.
    mov     ecx, MSR_PAT
    mov     eax, PAT_LOW
    mov     edx, PAT_HIGH
    wrmsr
    ; NX must be on before paging is: the bit is reserved without it.
    mov     ecx, MSR_EFER
    mov     eax, EFER_KERNEL
    xor     edx, edx
    wrmsr
    mov     eax, CR0_KERNEL
    mov     cr0, eax
    jmp     SEL_CODE64:.long

    bits    64
.long:
    ; Upper halves are undefined after the switch: write each register once as 32 bits.
    mov     esp, esp
    mov     edi, edi
    mov     ebx, ebx
    mov     ebp, ebp
    shl     rbp, 32
    or      rbp, rbx                            ; rbp   entry
    xor     eax, eax
    mov     ds, ax
    mov     es, ax
    mov     fs, ax
    mov     gs, ax
    mov     ss, ax
    ; Intel reports SYSCALL in 64-bit mode only, so this check could not be made earlier.
    mov     eax, 0x80000001
    cpuid
    test    edx, CPUID_SYSC
    jz      .no_syscall
    mov     rax, rbp
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    xor     esi, esi
    xor     ebp, ebp
    xor     esp, esp
    xor     r8d, r8d
    xor     r9d, r9d
    xor     r10d, r10d
    xor     r11d, r11d
    xor     r12d, r12d
    xor     r13d, r13d
    xor     r14d, r14d
    xor     r15d, r15d
    jmp     rax

    ; The message is printed by 32-bit code, which runs as well in a compatibility segment.
.no_syscall:
    push    SEL_CODE32
    push    .compat
    retfq
    bits    32
.compat:
    mov     eax, SEL_DATA
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
    call    loader_no_syscall
.stop:
    hlt
    jmp     .stop
