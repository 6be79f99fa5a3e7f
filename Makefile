# SPDX-License-Identifier: MIT
# The whole build on one page. `make bench` runs the matrix and leaves a report, `make check` passes the
# tests; both install what is missing. `make` alone builds. Everything made goes to build/.

# No built-in rules: servers/init/rc is no program made of rc.c.
MAKEFLAGS += -r

# ---- tools ------------------------------------------------------------------------------------------
ifeq ($(origin CC),default)
CC      = gcc
endif
CXX     = g++
NASM    = nasm
OBJCOPY = objcopy
LD      = ld
FUZZCC  = clang

# Debian packages, for set-up and for nothing else.
PACKAGES = gcc g++ clang libclang-rt-14-dev nasm binutils make python3 git qemu-system-x86 gnuplot-nox \
  libbenchmark-dev libbenchmark-tools python3-scipy libjansson-dev zlib1g-dev libsqlite3-dev libpq-dev postgresql \
  libserialport-dev libdw-dev libelf-dev protobuf-compiler bochs bochs-term bochsbios \
  grub-pc-bin grub-efi-amd64-bin grub-common xorriso mtools ovmf babeltrace2 yamllint jq

# ---- flags ------------------------------------------------------------------------------------------
# Images are the same bytes wherever they are built: no path of the machine goes into them.
WARN    = -Wall -Wextra -Werror -Wmissing-prototypes -Wshadow -Wconversion
BARE    = -std=c11 -O2 -g -I. -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables \
          -mgeneral-regs-only -mno-red-zone -ffile-prefix-map=$(CURDIR)=. $(WARN)
KFLAGS  = $(BARE) -fno-pic -mcmodel=kernel
UFLAGS  = $(BARE) -fno-pic
SFLAGS  = $(BARE) -fPIC -fno-jump-tables -fno-builtin $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)
# no CMOV: the loader says what a CPU lacks
LFLAGS  = $(BARE) -m32 -march=i486 -mno-sse -fno-delete-null-pointer-checks -fno-pic -Os
HFLAGS  = -std=c11 -O2 -g -I. -isystem /usr/include/postgresql -D_GNU_SOURCE $(WARN)
XFLAGS  = -std=c++17 -O2 -g -I. -Wall -Wextra -Werror
SAN     = -fsanitize=address,undefined -fno-sanitize-recover=all
DEP     = -MMD -MP -MF $@.d
HLIBS   = -ljansson -lz -lsqlite3 -lpq -lserialport -ldw -lelf -lm

# ---- files ------------------------------------------------------------------------------------------
LINKED  = null zero echo ram shm log chan
K_SRC   = $(wildcard kernel/hal/*.c kernel/core/*.c) servers/host/linked.c
K_ASM   = $(wildcard kernel/hal/*.asm) fastpath/entry.asm
K_OBJ   = $(patsubst %,build/k/%.o,$(K_SRC) $(K_ASM)) build/k/linked_services.o build/k/font.o
L_OBJ   = $(patsubst %,build/l/%.o,$(wildcard kernel/loader/*.c kernel/loader/*.asm) kernel/hal/terminal.c) build/l/font.o
LIB_OBJ = $(patsubst %,build/u/%.o,$(wildcard servers/lib/*.c servers/lib/*.asm) kernel/loader/elf.c)
SVC_OBJ = $(LINKED:%=build/svc/%.o)
GUESTS  = $(basename $(notdir $(wildcard kernel/test/guest/test_*.c)))
PROGRAMS = init nameserver console bench $(LINKED:%=svc-%) $(GUESTS:test_%=test-%)
ELFS    = $(PROGRAMS:%=build/user/%.elf)
T_SRC   = $(wildcard traces/*.c bench/*.c $(foreach d,chart page judge history compare gate profile received tune,bench/$d/*.c))
T_OBJ   = $(T_SRC:%.c=build/h/%.o)
HOSTBENCH = $(patsubst bench/host/%.cc,build/%,$(wildcard bench/host/bench_*.cc))
KMODS   = $(LINKED:%=build/svc/%.kmod)
FILES   = $(foreach p,$(PROGRAMS),bin/$p=build/user/$p.elf) $(foreach s,$(LINKED),lib/$s.kmod=build/svc/$s.kmod) \
  etc/rc=servers/init/rc
NASM_INC = build/offsets.inc $(wildcard fastpath/*.inc kernel/hal/*.inc kernel/test/guest/*.inc)

all: build/kernel.elf build/loader.elf build/initfs.img build/tach build/probe.elf

# A changed option rebuilds what depends on it: every object depends on the flags in force. Where the tree
# lies is in no image, so a copy of it (kernel/test/mutants) goes on with what is built.
IN_FORCE = $(subst $(CURDIR)=,,$(CC) $(KFLAGS) $(UFLAGS) $(SFLAGS) $(LFLAGS) $(HFLAGS) $(LINKED))
build/flags: FORCE
	@mkdir -p build; echo '$(IN_FORCE)' | cmp -s - $@ || echo '$(IN_FORCE)' > $@
FORCE:

# ---- kernel -----------------------------------------------------------------------------------------
build/kernel.elf: $(K_OBJ) $(SVC_OBJ) kernel/kernel.ld
	@echo "  $@"; $(LD) -T kernel/kernel.ld -z max-page-size=4096 -z noexecstack --build-id=sha1 -o $@ $(K_OBJ) $(SVC_OBJ)
build/k/%.c.o: %.c build/flags
	@mkdir -p $(@D); $(CC) $(KFLAGS) $(DEP) -c $< -o $@
build/k/%.asm.o: %.asm $(NASM_INC) build/flags
	@mkdir -p $(@D); $(NASM) -f elf64 -Wall -Werror -I. $< -o $@
# The same kernel with retpolines; the fast path, which has no stack, uses LFENCE before its one indirect jump.
RETPOLINE = -DTACH_RETPOLINE $(if $(findstring clang,$(CC)),-mretpoline,-mindirect-branch=thunk-inline -mindirect-branch-register)
R_OBJ   = $(patsubst build/%,build/r/%,$(K_OBJ) $(SVC_OBJ))
build/retpoline.elf: $(R_OBJ) kernel/kernel.ld
	@echo "  $@"; $(LD) -T kernel/kernel.ld -z max-page-size=4096 -z noexecstack --build-id=sha1 -o $@ $(R_OBJ)
build/r/k/%.c.o: %.c build/flags
	@mkdir -p $(@D); $(CC) $(KFLAGS) $(RETPOLINE) $(DEP) -c $< -o $@
build/r/k/linked_services.o: build/linked_services.c
	@mkdir -p $(@D); $(CC) $(KFLAGS) $(DEP) -c $< -o $@
build/r/k/%.asm.o: %.asm $(NASM_INC) build/flags
	@mkdir -p $(@D); $(NASM) -f elf64 -Wall -Werror -DRETPOLINE -I. $< -o $@
build/r/svc/%.o: servers/services/%.c servers/services/service.ld build/flags
	@mkdir -p $(@D); $(CC) $(SFLAGS) $(RETPOLINE) $(DEP) -c $< -o $@.part
	@$(LD) -r -T servers/services/service.ld -o $@ $@.part
build/k/kernel/core/wire.c.o build/r/k/kernel/core/wire.c.o: build/abi_hash.h
build/abi_hash.h: $(wildcard kernel/abi/*.h)
	@mkdir -p $(@D); echo "#define ABI_HASH 0x$$(cat $^ | sha256sum | cut -c1-8)u" > $@
build/offsets.inc: fastpath/offsets.c build/flags
	@mkdir -p $(@D); $(CC) $(KFLAGS) -MMD -MP -MF $@.d -MT $@ -c $< -o build/offsets.o
	@$(OBJCOPY) -O binary --only-section=.offsets build/offsets.o $@
build/linked_services.c: build/flags
	@{ echo '#include "kernel/core/services.h"'; \
	for s in $(LINKED); do echo "extern const struct service_ops service_$$s;"; done; \
	echo 'const struct service_ops *const linked_services[] = {'; \
	for s in $(LINKED); do echo "&service_$$s,"; done; echo '0};'; } > $@
build/k/linked_services.o: build/linked_services.c
	@mkdir -p $(@D); $(CC) $(KFLAGS) $(DEP) -c $< -o $@
build/font.c: kernel/hal/font.py
	@mkdir -p $(@D); kernel/hal/font.py $@
build/k/font.o build/r/k/font.o: build/font.c build/flags
	@mkdir -p $(@D); $(CC) $(KFLAGS) $(DEP) -c $< -o $@
build/svc/%.o: servers/services/%.c servers/services/service.ld build/flags
	@mkdir -p $(@D); $(CC) $(SFLAGS) $(DEP) -c $< -o $@.part
	@$(LD) -r -T servers/services/service.ld -o $@ $@.part
build/svc/%.kmod: build/svc/%.o servers/services/module.ld
	@$(LD) -shared -Bsymbolic --strip-debug -z max-page-size=4096 -z noexecstack --hash-style=sysv \
	  -e service_$* -T servers/services/module.ld -o $@ $<

# ---- loader -----------------------------------------------------------------------------------------
build/loader.elf: $(L_OBJ) kernel/loader/loader.ld
	@echo "  $@"; $(LD) -m elf_i386 -T kernel/loader/loader.ld -z max-page-size=4096 -z noexecstack -o $@ $(L_OBJ)
build/l/%.c.o: %.c build/flags
	@mkdir -p $(@D); $(CC) $(LFLAGS) $(DEP) -c $< -o $@
build/l/font.o: build/font.c build/flags
	@mkdir -p $(@D); $(CC) $(LFLAGS) $(DEP) -c $< -o $@
build/l/%.asm.o: %.asm
	@mkdir -p $(@D); $(NASM) -f elf32 -Wall -Werror -I. $< -o $@

build/tiny.elf: build/k/kernel/loader/test/tiny_kernel.asm.o build/k/kernel/loader/test/tiny_kernel.c.o
	@echo "  $@"; $(LD) -T kernel/loader/test/tiny_kernel.ld -z max-page-size=4096 -z noexecstack -o $@ $^

# ---- user programs and initfs -----------------------------------------------------------------------
build/u/%.c.o: %.c build/flags
	@mkdir -p $(@D); $(CC) $(UFLAGS) $(DEP) -c $< -o $@
build/u/%.asm.o: %.asm $(NASM_INC) build/flags
	@mkdir -p $(@D); $(NASM) -f elf64 -Wall -Werror -I. $< -o $@
objects = $(patsubst %,build/u/%.o,$(wildcard $(1)/*.c $(1)/*.asm))
# Beside each program, NAME.elf.debug: the same with its lines, for tach profile. $(1) script, $(2) more.
LINK_USER = @mkdir -p $(@D); for f in '--strip-debug -o $@' '-o $@.debug'; do \
  $(LD) $$f -T $(1) -z max-page-size=4096 $(filter %.o,$^) $(2) || exit 1; done
$(foreach p,init nameserver console,$(eval build/user/$p.elf: $(call objects,servers/$p) \
  build/u/servers/host/request.c.o $(LIB_OBJ)))
build/user/bench.elf: $(call objects,bench/guest) $(LIB_OBJ)
$(foreach g,$(GUESTS),$(eval build/user/$(g:test_%=test-%).elf: build/u/kernel/test/guest/$g.c.o \
  $(call objects,kernel/test/guest/lib) $(LIB_OBJ)))
$(LINKED:%=build/user/svc-%.elf): build/user/svc-%.elf: build/svc/%.o $(patsubst %,build/u/servers/host/%.c.o,server request classic) $(LIB_OBJ)
	$(call LINK_USER,servers/lib/user.ld,--defsym=service=service_$*)
build/user/%.elf: servers/lib/user.ld
	$(call LINK_USER,servers/lib/user.ld)
BOOTSTRAP_OBJ = $(filter-out %/mkinitfs.c.o,$(call objects,servers/bootstrap)) \
  build/u/servers/host/request.c.o $(filter-out %/start.asm.o %/start.c.o,$(LIB_OBJ))
build/user/bootstrap.elf: $(BOOTSTRAP_OBJ) servers/bootstrap/bootstrap.ld
	$(call LINK_USER,servers/bootstrap/bootstrap.ld)
build/mkinitfs: build/h/servers/bootstrap/mkinitfs.o build/h/kernel/loader/elf.o
	@echo "  $@"; $(CC) $(HFLAGS) -o $@ $^ $(HLIBS)
build/initfs.img: build/mkinitfs build/user/bootstrap.elf $(ELFS) $(KMODS) servers/init/rc
	@echo "  $@"; build/mkinitfs -o $@ -b build/user/bootstrap.elf $(FILES)

# ---- host tools -------------------------------------------------------------------------------------
build/tach: $(T_OBJ)
	@echo "  $@"; $(CC) $(HFLAGS) -o $@ $^ $(HLIBS)
build/h/%.o: %.c build/flags
	@mkdir -p $(@D); $(CC) $(HFLAGS) $(DEP) -c $< -o $@
build/probe.elf: bench/probe/probe.asm
	@mkdir -p $(@D); $(NASM) -f bin -I. $< -o $@

# ---- the bootable image ------------------------------------------------------------------------------
iso: build/tach.iso
usb: build/tach.iso
	@kernel/image/usb.py $< $(DEVICE)
build/tach.iso: build/loader.elf build/kernel.elf build/initfs.img bench/matrix.cfg $(wildcard kernel/image/*.py)
	@kernel/image/image.py $@

# ---- tests ------------------------------------------------------------------------------------------
include bench/test/tests.mk
tests: all iso $(TESTS)
check: setup
	$(MAKE) -j2 tests
	@bench/test/check.py bench/test/suites.cfg
# The feature list with its tests, as the last `make check` left them; the second one writes README's table.
features:
	@bench/test/features.py
features-readme:
	@bench/test/features.py --readme README.md
# What the verdicts are worth: simulated runs and histories whose truth is known; takes some minutes.
truth: build/test/truth
	@build/test/truth
# The line's decoder on ten million corrupted frames; takes a minute.
soak: build/test/noise_soak
	@build/test/noise_soak 10000000
# Every mutant of every guard; takes long.
mutants: setup
	$(MAKE) -j2 tests
	@bench/test/check.py bench/test/mutants.cfg

# ---- measuring --------------------------------------------------------------------------------------
# The page shows Bochs beside the run where that machine has it; without it there is a page all the same.
bench: setup
	$(MAKE) -j2 all
	@build/tach run --class bochs --matrix bench/bochs-matrix.cfg || echo "bench: no figures of Bochs on the page, for the reason above"
	build/tach run
	-build/tach history add results/run/latest
	build/tach report --against results/baseline.json results/run/latest
budget: all
	@rm -rf build/budget
	build/tach run --matrix bench/budget-matrix.cfg --class icount --out build/budget
	build/tach budget build/budget
baseline: all
	@rm -rf build/baseline
	build/tach run --class icount --out build/baseline
	build/tach baseline build/baseline --out results/baseline.json
bench-host: setup
	$(MAKE) $(HOSTBENCH)
	for b in $(HOSTBENCH); do $$b --benchmark_out=$$b.json || exit 1; done
	@[ ! -e results/run/latest ] || build/tach report results/run/latest --linux build/bench_linux.json
build/bench_%: bench/host/bench_%.cc $(T_OBJ:build/h/bench/tach.o=) $(HEADERS)
	@echo "  $@"; $(CXX) $(XFLAGS) -o $@ $(filter %.cc %.o,$^) -lbenchmark $(HLIBS) -lpthread

# ---- set-up -----------------------------------------------------------------------------------------
# Installs what is missing of PACKAGES on Debian; elsewhere it says what is needed.
setup:
	@missing=; for p in $(PACKAGES); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | \
	grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "setup: not Debian; please install:$$missing" >&2; exit 1; fi; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; echo "setup: installing$$missing"; \
	$$sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive \
	$$sudo apt-get install -q -y --no-install-recommends $$missing
clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
.PHONY: all FORCE iso usb tests check features features-readme mutants truth soak bench budget baseline bench-host setup clean
