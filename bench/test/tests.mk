# SPDX-License-Identifier: MIT
# The test programs, included by the Makefile: what each is made of. Which of them run, and how long they
# may take, is in suites.cfg. Each ends with "NAME: N passed, N failed".

HEADERS = $(wildcard */*.h */*/*.h */*/*/*.h)
# Test objects are compiled once for each set of flags, and shared by the programs that are made of them:
# san, sanm (on the mock machine: its headers before the kernel's), sanl (on the loader's), and for libFuzzer
# fuzzo and fuzzm. -O1 takes gcc half the time of -O2 under the sanitizers; warnings of -O2 come with build/h.
MOCK    = -Ikernel/hal/test/mock
SAN_CC  = @mkdir -p $(@D); $(CC) $(1) $(HFLAGS) -O1 $(SAN) $(DEP) -c $< -o $@
FUZZ_CC = @mkdir -p $(@D); $(FUZZCC) $(1) $(HFLAGS) -Wno-error $(SAN) -fsanitize=fuzzer-no-link $(DEP) -c $< -o $@
build/san/%.o: %.c build/flags
	$(call SAN_CC)
build/sanm/%.o: %.c build/flags
	$(call SAN_CC,$(MOCK))
build/sanl/%.o: %.c build/flags
	$(call SAN_CC,-Ikernel/loader/test/mock)
build/fuzzo/%.o: %.c build/flags
	$(call FUZZ_CC)
build/fuzzm/%.o: %.c build/flags
	$(call FUZZ_CC,$(MOCK))
# $(1) program, $(2) sources, $(3) the set if not san, $(4) more objects: a host test; UNITS collects them.
define UNIT
UNITS += build/test/$(1)
build/test/$(1): $(patsubst %.c,build/$(or $(3),san)/%.o,$(2)) $(4)
	@mkdir -p $$(@D); $$(CC) $$(SAN) -o $$@ $$^ $$(HLIBS)
endef
# $(1) program, $(2) its own source, $(3) shared sources, $(4) the set if not fuzzo, $(5) flags of its own
# source: a libFuzzer program; FUZZERS collects them.
define FUZZ
FUZZERS += build/fuzz/$(1)
build/fuzz/$(1): $(2) $(patsubst %.c,build/$(or $(4),fuzzo)/%.o,$(3)) $$(HEADERS) build/flags
	@mkdir -p $$(@D); $$(FUZZCC) $(5) $$(HFLAGS) -Wno-error $$(SAN) -fsanitize=fuzzer -o $$@ $$(filter %.c %.o,$$^) $$(HLIBS)
endef
TRACE   = $(addprefix traces/,frame.c body.c again.c capture.c series.c boot.c spans.c legs.c words.c)
PURE_L  = $(addprefix kernel/loader/,elf.c map.c modules.c source.c source_mb1.c source_mb2.c serial.c tables.c spcr.c mcfg.c pci.c)
HAL_T   = $(patsubst %,kernel/hal/%.c,madt deadline audit page ptwalk paging thread sched tlb tramp vm vm_copy) kernel/hal/test/mock.c
TERMINAL = kernel/hal/terminal.c build/font.c
PURE_L += $(TERMINAL)
HAL_T  += $(TERMINAL)
BENCH_T = $(filter-out bench/tach.c,$(T_SRC))
$(foreach t,frame between capture samples machine counters spans,$(eval $(call UNIT,$t,traces/test/test_$t.c $(TRACE))))
$(eval $(call UNIT,noise,traces/test/test_noise.c traces/test/line_noise.c traces/frame.c traces/body.c))
$(foreach t,elf map source serial,$(eval $(call UNIT,loader_$t,kernel/loader/test/test_$t.c $(PURE_L))))
$(eval $(call UNIT,loader_port,kernel/loader/test/test_port.c kernel/loader/port.c kernel/loader/config.c,sanl,$(PURE_L:%.c=build/san/%.o)))
$(eval $(call UNIT,loader_config,kernel/loader/test/test_config.c kernel/loader/config.c,sanl,$(PURE_L:%.c=build/san/%.o)))
$(eval $(call UNIT,loader_screen,kernel/loader/test/test_screen.c kernel/loader/screen.c,sanl,$(PURE_L:%.c=build/san/%.o)))
$(eval $(call UNIT,hal_irq,$(addprefix kernel/hal/,test/test_irq.c irq.c madt.c),sanm))
$(eval $(call UNIT,hal_uart,$(addprefix kernel/hal/,test/test_uart.c uart.c),sanm))
$(eval $(call UNIT,hal_apic,$(addprefix kernel/hal/,test/test_apic.c apic.c),sanm))
$(eval $(call UNIT,hal_clock,$(addprefix kernel/hal/,test/test_clock.c clock.c clock_claim.c),sanm))
$(eval $(call UNIT,hal_vendor,$(addprefix kernel/hal/,test/test_vendor.c vendor.c),sanm))
$(eval $(call UNIT,hal_watchdog,$(addprefix kernel/hal/,test/test_watchdog.c watchdog.c hpet.c),sanm))
$(eval $(call UNIT,hal_acpi,$(addprefix kernel/hal/,test/test_acpi.c acpi.c madt.c),sanm))
$(eval $(call UNIT,hal_mitig,$(addprefix kernel/hal/,test/test_mitig.c mitig_need.c)))
$(eval $(call UNIT,hal_trap,$(addprefix kernel/hal/,test/test_trap.c trap.c),sanm))
$(eval $(call UNIT,hal_screen,kernel/hal/test/test_screen.c kernel/hal/screen.c $(TERMINAL),sanm))
$(foreach t,$(filter-out irq screen uart apic clock vendor watchdog trap acpi mitig,$(patsubst kernel/hal/test/test_%.c,%,$(wildcard kernel/hal/test/test_*.c))),\
  $(eval $(call UNIT,hal_$t,kernel/hal/test/test_$t.c $(HAL_T),sanm)))
PMU_T   = $(addprefix kernel/hal/,pmu.c pmu_events.c test/pmu_model.c)
$(eval $(call UNIT,hal_pmu,kernel/hal/test/pmu.c $(PMU_T) kernel/hal/sampler.c,sanm))
$(eval $(call UNIT,hal_pmu_events,kernel/hal/test/pmu_events.c $(PMU_T),sanm))
$(foreach t,$(patsubst bench/test/test_%.c,%,$(wildcard bench/test/test_*.c)),\
  $(eval $(call UNIT,bench_$t,bench/test/test_$t.c,,build/test/bench.a)))
# An archive, of which each test takes what it needs; q: members of the same name stay beside each other.
build/test/bench.a: $(BENCH_T:%.c=build/san/%.o)
	@mkdir -p $(@D); rm -f $@; $(AR) qcs $@ $^
$(eval $(call UNIT,services,$(addprefix servers/services/,test/test_services.c test/mock.c $(LINKED:%=%.c))))
$(eval $(call UNIT,chan,servers/services/test/test_chan.c servers/services/chan.c))
$(eval $(call UNIT,lib,servers/lib/test/test_lib.c $(addprefix servers/lib/,args.c print.c restart.c word.c)))
$(eval $(call UNIT,initfs_read,servers/lib/test/test_initfs_read.c servers/lib/initfs_read.c))
$(eval $(call UNIT,request,servers/host/test/test_request.c servers/host/request.c))
$(eval $(call UNIT,initfs,servers/bootstrap/test/test_initfs.c servers/bootstrap/initfs.c servers/lib/initfs_read.c))
$(eval $(call UNIT,rc,servers/init/test/test_rc.c servers/init/rc.c servers/lib/word.c))
$(eval $(call UNIT,names,$(addprefix servers/nameserver/,test/test_names.c names.c files.c) servers/lib/print.c))
build/test/string: servers/lib/test/test_string.c $(HEADERS) build/flags
	@mkdir -p $(@D); $(CC) $(HFLAGS) $(SAN) -o $@ $<
$(eval $(call FUZZ,frame,traces/test/fuzz_frame.c,$(TRACE)))
$(eval $(call FUZZ,elf,kernel/loader/test/fuzz_elf.c,$(PURE_L)))
$(eval $(call FUZZ,source,kernel/loader/test/fuzz_source.c,$(PURE_L)))
$(eval $(call FUZZ,acpi,kernel/loader/test/fuzz_acpi.c,$(PURE_L) kernel/hal/madt.c,fuzzm,$(MOCK)))
$(eval $(call FUZZ,module,kernel/core/test/fuzz_module.c,kernel/core/modelf.c))
$(eval $(call FUZZ,initfs,servers/lib/test/fuzz_initfs.c,servers/lib/initfs_read.c))
$(eval $(call FUZZ,rc,servers/init/test/fuzz_rc.c,servers/init/rc.c servers/lib/word.c))
$(foreach t,matrix floor,$(eval $(call FUZZ,$t,bench/test/fuzz_$t.c,$(wildcard bench/$t.c bench/compare/$t.c) \
  bench/file.c traces/say.c $(TRACE))))
IMPORT_T = $(patsubst %,bench/history/%.c,import import_csv import_lines import_benchmark entry number arena) \
  bench/figure.c bench/sha256.c $(TRACE)
$(eval $(call FUZZ,csv,bench/test/fuzz_import.c,$(IMPORT_T),,-DFORMAT=IMPORT_CSV))
$(eval $(call FUZZ,lines,bench/test/fuzz_import.c,$(IMPORT_T),,-DFORMAT=IMPORT_AUTO))
build/test/capture_make: traces/test/capture_make.c traces/frame.c traces/body.c $(HEADERS)
	@mkdir -p $(@D); $(CC) $(HFLAGS) -o $@ $(filter %.c,$^) $(HLIBS)
build/test/synth_guest: bench/test/synth_guest.c traces/frame.c traces/body.c $(HEADERS)
	@mkdir -p $(@D); $(CC) $(HFLAGS) -o $@ $(filter %.c,$^) $(HLIBS)
build/test/kill_at.so build/test/no_perf.so: build/test/%.so: bench/test/%.c build/flags
	@mkdir -p $(@D); $(CC) $(HFLAGS) -Wno-redundant-decls -fPIC -shared -o $@ $< -ldl
# Without the sanitizers: for as many frames as one has time for.
build/test/noise_soak: traces/test/test_noise.c traces/test/line_noise.c traces/frame.c traces/body.c $(HEADERS) build/flags
	@mkdir -p $(@D); $(CC) $(HFLAGS) -o $@ $(filter %.c,$^) -lz -lm
build/test/line_proxy: traces/test/line_proxy.c traces/test/line_noise.c $(HEADERS) build/flags
	@mkdir -p $(@D); $(CC) $(HFLAGS) -o $@ $(filter %.c,$^) -lm
build/test/fake_port.so build/test/slow_disk.so: build/test/%.so: traces/test/%.c build/flags
	@mkdir -p $(@D); $(CC) $(HFLAGS) -Wno-redundant-decls -fPIC -shared -o $@ $<
# The statistics by themselves: for scipy to check, and to be asked for the truth many times.
JUDGE   = $(wildcard bench/judge/*.c)
build/test/judge_cli: bench/test/judge_cli.c $(JUDGE) $(HEADERS) build/flags
	@mkdir -p $(@D); $(CC) $(HFLAGS) $(SAN) -o $@ $(filter %.c,$^) -lm
build/test/truth: bench/test/truth.c bench/test/noise.c $(JUDGE) $(HEADERS) build/flags
	@mkdir -p $(@D); $(CC) $(HFLAGS) -o $@ $(filter %.c,$^) -lm
# CORE and the fast path on a mock machine: the path's own source, assembled for a host process.
CORE_T  = $(patsubst %,kernel/core/%.c,ipc ipc_memory message mailbox request classic capture task fd file scheme pool syscall calls taskctl fault \
  pipe event memory trace futex) servers/host/linked.c kernel/hal/sched.c kernel/hal/thread.c
CORE_T += $(patsubst %,kernel/core/%.c,frame signal donate)
CORE_T += kernel/core/deaths.c
CORE_T += $(patsubst %,kernel/core/%.c,object mapping memory_service ranges)
CORE_T += $(patsubst %,kernel/core/%.c,irq irq_attach timer test/mock_irq)
CORE_T += $(patsubst %,kernel/core/%.c,fdtable fcall names opening passing)
CORE_T += $(patsubst %,kernel/core/%.c,place module modelf)
PATH_O  = $(patsubst %,build/ft/%.o,fastpath/test/host.asm $(wildcard fastpath/test/*.c) $(CORE_T))
build/ft/%.c.o: %.c build/flags
	@mkdir -p $(@D); $(CC) $(MOCK) $(HFLAGS) -fno-pie $(DEP) -c $< -o $@
build/ft/%.asm.o: %.asm fastpath/test/host.inc $(NASM_INC)
	@mkdir -p $(@D); $(NASM) -f elf64 -Wall -Werror -I. $(if $(findstring entry,$<),-p fastpath/test/host.inc) $< -o $@
build/test/path: build/ft/fastpath/entry.asm.o $(PATH_O)
	@mkdir -p $(@D); $(CC) -no-pie -o $@ $^
CORE_U  = $(CORE_T) $(LINKED:%=servers/services/%.c) kernel/core/test/kit.c \
  $(patsubst %,kernel/hal/%.c,audit page paging ptwalk vm vm_copy tlb tramp)
build/test/core_mock.o: kernel/hal/test/mock.c $(HEADERS) build/flags
	@mkdir -p $(@D); $(CC) $(MOCK) $(HFLAGS) $(SAN) -Dcore_tick=mock_core_tick -Dcore_leave=mock_core_leave -Dcore_idle=mock_core_idler -c $< -o $@
CORE_TESTS = $(patsubst %,build/test/core_%,classic mappings messages files paths requests soak)
$(CORE_TESTS): build/test/core_%: build/sanm/kernel/core/test/test_%.o $(CORE_U:%.c=build/sanm/%.o) build/test/core_mock.o
	@mkdir -p $(@D); $(CC) $(SAN) -o $@ $^
$(eval $(call UNIT,core_words,kernel/core/test/test_words.c kernel/core/words.c kernel/hal/bootword.c))
$(eval $(call UNIT,core_blob,kernel/core/test/test_blob.c kernel/core/blob.c kernel/core/crc.c))
REPEAT_T = kernel/core/test/repeat_world.c kernel/core/repeat.c kernel/core/words.c traces/frame.c
$(eval $(call UNIT,core_repeat,kernel/core/test/test_repeat.c $(REPEAT_T),sanm))
$(eval $(call FUZZ,repeat,kernel/core/test/fuzz_repeat.c,$(REPEAT_T),fuzzm,$(MOCK)))
$(eval $(call UNIT,core_module,kernel/core/test/test_module.c kernel/core/modelf.c))
$(eval $(call UNIT,guest_counters,bench/guest/test/test_counters.c bench/guest/counters.c kernel/core/counters.c $(PMU_T),sanm))
$(eval $(call UNIT,guest,bench/guest/test/test_guest.c bench/guest/names.c bench/guest/histogram.c))
TESTS   = $(UNITS) $(HOSTBENCH) $(CORE_TESTS) build/test/path $(FUZZERS) build/test/string build/test/capture_make \
  build/test/synth_guest build/test/kill_at.so build/test/no_perf.so \
  build/test/fake_port.so build/test/slow_disk.so build/test/line_proxy build/test/judge_cli build/test/truth build/tiny.elf build/retpoline.elf
