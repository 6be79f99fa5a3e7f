; SPDX-License-Identifier: MIT
; What hal_calibrate times, sixteen times in a row each, without a loop whose turns would count too.
; C functions without arguments; REGION_REPEATS in calibrate.c is the same number.

%include "build/offsets.inc"
%assign TRACE 1
%assign PTI 0
%include "fastpath/macros.inc"

extern trace_ring

%assign REPEATS     16
%assign DELAY_PORT  0x80                        ; a diagnostic display: nobody listens

%macro REGION 1
global %1:function (%1.end - %1)
            align   16
%1:
%endmacro

section .text align=64

            REGION  region_empty
            ret
.end:
            REGION  region_rdtsc
    %rep REPEATS
            rdtsc
    %endrep
            ret
.end:
            REGION  region_out
            xor     eax, eax
    %rep REPEATS
            out     DELAY_PORT, al
    %endrep
            ret
.end:
            REGION  region_cr3
            mov     rax, cr3
    %rep REPEATS
            mov     cr3, rax
    %endrep
            ret
.end:
; The stamp of the trace variants, into the ring: the caller puts the ring's place back.
            REGION  region_stamp
    %rep REPEATS
            STAMP   EV_none
    %endrep
            ret
.end:
