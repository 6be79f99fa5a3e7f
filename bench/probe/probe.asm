; SPDX-License-Identifier: MIT
; The guest that says whether a hypervisor is one. It owns the whole machine for a few milliseconds:
; a loop timed in ring 0, the same loop in ring 3, and a SYSCALL from there that must arrive in ring
; 0. Invariant: it passes only by writing PASS to the debug-exit port from its SYSCALL entry; there
; is no IDT, so every fault is a triple fault and a reset, which is no pass.
; Assembled with -f bin: the ELF header is written out by hand. Run by bench/probe.c.

%define BASE        0x100000
%define PML4        0x110000            ; three tables and a stack, outside of the file
%define PDPT        0x111000
%define PD          0x112000
%define STACK       0x114000
%define COM1        0x3F8
%define EXIT_PORT   0xF4
%define EXIT_PASS   0x10
%define EXIT_FAIL   0x11
%define EFER        0xC0000080
%define STAR        0xC0000081
%define LSTAR       0xC0000082
%define FMASK       0xC0000084
%define TURNS       10000
%define TRIES       8
%define RATIO       4                   ; ring 0 and ring 3 may differ by this factor
%define PTE_ALL     7                   ; present, writable, user
%define PTE_LARGE   0x80
%define CODE        0x08
%define DATA        0x10
%define USER        0x18                ; SYSRET adds 8 for the stack, 16 for the code

; Leaves the fewest TSC ticks that TURNS turns took in TRIES tries in r8. Destroys rax rcx rdx r9 r10.
%macro loop_time 0
        mov     r8, -1
        mov     r10d, TRIES
%%try:
        rdtsc
        shl     rdx, 32
        lea     r9, [rdx + rax]
        mov     ecx, TURNS
%%turn: dec     ecx
        jnz     %%turn
        rdtsc
        shl     rdx, 32
        add     rax, rdx
        sub     rax, r9
        cmp     rax, r8
        cmovb   r8, rax
        dec     r10d
        jnz     %%try
%endmacro

        bits    32
        org     BASE

elf:    db      0x7F, "ELF", 1, 1, 1, 0
        dq      0
        dw      2, 3                    ; executable, i386: multiboot wants a 32-bit file
        dd      1, start, header - elf, 0, 0
        dw      52, 32, 1, 0, 0, 0
header:
        dd      1, 0, BASE, BASE, file_end - elf, file_end - elf, 7, 0x1000

        align   4
        dd      0x1BADB002, 0, -0x1BADB002

start:  cli
        cld
        mov     esp, STACK
        mov     edi, PML4
        mov     ecx, 3 * 1024
        xor     eax, eax
        rep stosd
        mov     dword [PML4], PDPT + PTE_ALL
        mov     dword [PDPT], PD + PTE_ALL
        mov     dword [PD], PTE_ALL + PTE_LARGE
        mov     eax, PML4
        mov     cr3, eax
        mov     eax, 0x20               ; CR4.PAE
        mov     cr4, eax
        mov     ecx, EFER
        rdmsr
        or      eax, 0x101              ; LME, SCE
        wrmsr
        mov     eax, cr0
        or      eax, 0x80000001
        mov     cr0, eax
        lgdt    [gdt_pointer]
        jmp     CODE:long_start

        bits    64
long_start:
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     ecx, STAR
        xor     eax, eax
        mov     edx, (USER | 3) << 16 | CODE
        wrmsr
        mov     ecx, LSTAR
        mov     eax, entry
        xor     edx, edx
        wrmsr
        mov     ecx, FMASK
        mov     eax, 0x200
        wrmsr
        mov     esi, text_ring0
        call    text_print
        loop_time
        mov     r14, r8                 ; r14 ring 0's ticks
        mov     rax, r14
        call    number_print
        mov     esi, text_syscall       ; on the line before the step that may kill the guest
        call    text_print
        mov     ecx, user
        mov     r11d, 2
        o64 sysret

user:   loop_time
        mov     r15, r8                 ; r15 ring 3's ticks
        syscall
        ud2

; Where the SYSCALL must land: in ring 0, with its return address in rcx.
entry:  mov     eax, cs
        test    al, 3
        jnz     .lost
        mov     esp, STACK
        mov     esi, text_ring3
        call    text_print
        mov     rax, r15
        call    number_print
        mov     esi, text_end
        call    text_print
        mov     ebx, EXIT_FAIL
        lea     rax, [r15 * RATIO]
        cmp     r14, rax
        ja      .exit
        lea     rax, [r14 * RATIO]
        cmp     r15, rax
        ja      .exit
        mov     ebx, EXIT_PASS
.exit:  mov     eax, ebx
        mov     dx, EXIT_PORT
        out     dx, eax
        hlt
.lost:  ud2                             ; still in ring 3, where no port is ours: the reset tells

; rsi text, ended by a zero byte. Destroys rax rdx rsi.
text_print:
        lodsb
        test    al, al
        jz      .done
        call    byte_print
        jmp     text_print
.done:  ret

; rax a number, printed as 16 hexadecimal digits. Destroys rax rcx rdx rdi.
number_print:
        mov     rdi, rax
        mov     ecx, 16
.digit: rol     rdi, 4
        mov     eax, edi
        and     eax, 15
        mov     al, [digits + rax]
        call    byte_print
        dec     ecx
        jnz     .digit
        ret

; al a byte for the serial line. Destroys rdx. A UART that never gets ready is waited for in vain:
; the host's bound ends that too.
byte_print:
        push    rax
        mov     dx, COM1 + 5
.wait:  in      al, dx
        test    al, 0x20
        jz      .wait
        pop     rax
        mov     dx, COM1
        out     dx, al
        ret

        align   8
gdt:    dq      0
        dq      0x00AF9B000000FFFF      ; CODE
        dq      0x00CF93000000FFFF      ; DATA
        dq      0                       ; USER: 32-bit code, not used
        dq      0x00CFF3000000FFFF      ; user data
        dq      0x00AFFB000000FFFF      ; user code
gdt_pointer:
        dw      gdt_pointer - gdt - 1
        dd      gdt

digits: db      "0123456789abcdef"
text_ring0:
        db      "probe: ring0=", 0
text_syscall:
        db      " syscall", 0
text_ring3:
        db      " ring3=", 0
text_end:
        db      10, 0
file_end:
