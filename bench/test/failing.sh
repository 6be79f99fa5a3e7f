#!/bin/sh
# SPDX-License-Identifier: MIT
# failing.sh: boots of the real kernel that must fail, each in its way. tach run says why in one line,
# ends with 2 and keeps everything; what came over the line decodes. Last line: the sum.
set -u
tach=build/tach name=failing
work=$(mktemp -d /tmp/tach-failing-XXXXXX)
trap 'rm -rf "$work"' EXIT
. bench/test/expect.sh

printf 'axis pti off\naxis trace off\nR0 - -\n' >"$work/one.cfg"
build/mkinitfs -o "$work/nobench.img" -b build/user/bootstrap.elf bin/init=build/user/init.elf \
    bin/nameserver=build/user/nameserver.elf bin/console=build/user/console.elf \
    etc/rc=servers/init/rc || exit 1
head -c 20000 build/kernel.elf >"$work/cut.elf"
head -c 5000 build/initfs.img >"$work/cut.img"
cp build/initfs.img "$work/flipped.img"
printf X | dd of="$work/flipped.img" bs=1 seek=9000 conv=notrunc 2>"$work/dd"
# entry NAME BYTES: a kernel with these over the first instructions of core_entry. The image is linked
# where it is in memory, its first byte stands in the file's second page.
where=$(nm build/kernel.elf | sed -n 's/^ffffffff80\([0-9a-f]*\) T core_entry$/\1/p')
entry() {
    cp build/kernel.elf "$work/$1"
    printf "$2" | dd of="$work/$1" bs=1 seek=$((0x$where - 0x100000 + 4096)) conv=notrunc 2>"$work/dd"
}
entry trap.elf '\314\314\314\314' # int3
entry hang.elf '\353\376'         # jmp to itself

# failing DIR REASON OPTION...: a run whose one boot fails.
failing() {
    run=$work/$1 reason=$2
    shift 2
    expect 2 "boot-1 pti=off trace=off: FAILED: $reason" timeout 240 "$tach" run --class icount \
        --matrix "$work/one.cfg" --timeout 100 --out "$run" "$@"
    check test "$(wc -l <"$work/err")" -eq 4
    check test -e "$run/boot-1.frames"
    check jq -e '.complete == false and (.boots[0].reason | length) > 20' "$run/machine.json"
    check grep -q '"tach_complete": "no"' "$run/ipc.ci.json"
    expect 0 '' "$tach" report "$run"
    check grep -q 'incomplete' "$run/report.html"
    expect 2 'not every boot' "$tach" baseline "$run"
}

failing nobench 'exit FAIL: .* cannot run initfs:/bin/bench: no such name' \
    --initfs "$work/nobench.img"
# Console text behind END belongs to its boot.
expect 0 '' "$tach" dump "$work/nobench/boot-1.frames"
check grep -q 'exit 17 FAIL' "$work/out"
check sh -c 'sed "1,/ END /d" "$1" | grep -q "tach: exit 17 FAIL"' - "$work/out"
expect 65 'no traced call' "$tach" spans "$work/nobench/boot-1.frames"
expect 0 '' "$tach" export --to json "$work/nobench/boot-1.frames"
check jq -e '.boots[0] | .whole and .end.exit_name == "FAIL" and (.text | contains("exit 17"))' \
    "$work/out"

failing trap 'exit PANIC: kernel panic; last text: panic: breakpoint at' --kernel "$work/trap.elf"
expect 65 'no frame in it, only text' "$tach" dump "$work/trap/boot-1.frames"
check grep -q 'panic: cr0' "$work/out"
failing cut 'exit LOADER_ELF_BOUNDS: kernel: segment outside of the file$' --kernel "$work/cut.elf"
failing text 'exit LOADER_ELF_MAGIC: kernel: bad ELF magic$' --kernel LICENSE
failing short 'exit INITFS_BOUNDS: initfs: size or offsets' --initfs "$work/cut.img"
failing flipped 'exit INITFS_CRC: initfs: CRC-32 does not match' --initfs "$work/flipped.img"
failing loader 'QEMU ended with status 1; last text: qemu' --loader LICENSE

# Boots that never end, given the time until the last of them has said something, and one that is
# stopped before its line exists: a line each, no more.
for limit in 0.5 2 8 32; do
    "$tach" run --class icount --kernel "$work/hang.elf" --timeout $limit --out "$work/late-$limit" \
        2>"$work/err"
    [ $? -eq 2 ] && [ -s "$work/late-$limit/boot-4.frames" ] && break
done
late=$work/late-$limit
check grep -q "boot-4 pti=on trace=on: FAILED: no end within $limit s; last text: " "$work/err"
check test "$(grep -c 'FAILED: no end' "$work/err")" -eq "$(jq '.boots | length' "$late/machine.json")"
check test -s "$late/boot-4.frames"
expect 2 'FAILED: no end within 0.001 s' "$tach" run --class icount --kernel "$work/hang.elf" \
    --matrix "$work/one.cfg" --timeout 0.001 --out "$work/never-began"
check test "$(wc -l <"$work/err")" -eq 4
expect 0 '' "$tach" report "$late"
check grep -q 'incomplete' "$late/report.html"

# A cell that the guest does not know: it says so, and the boot fails. The matrix lets none through.
expect 35 '' timeout 120 qemu-system-x86_64 -M microvm -m 64M -accel tcg -icount shift=0,sleep=off \
    -cpu qemu64,+smep,+smap,+umip,+fsgsbase,+rdtscp -nodefaults -no-user-config -display none \
    -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 -serial "file:$work/wrong.frames" \
    -kernel build/loader.elf -initrd build/kernel.elf,build/initfs.img \
    -append 'wire=frames bench=R0,ZZ/size:1'
expect 0 '' "$tach" dump --type text "$work/wrong.frames"
check grep -q 'bench: ZZ/size:1: ' "$work/out"
printf 'axis pti off\naxis trace off\nR0 - -\nZZ 1 -\n' >"$work/wrong.cfg"
expect 65 'wrong.cfg:4:1: no rung of that name' "$tach" run --matrix "$work/wrong.cfg" \
    --out "$work/never"
check one_line
check test ! -e "$work/never"
finish
