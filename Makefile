# Assay. `make help` lists the targets; `make demo` and `make check` need nothing installed first.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- variants -----------------------------------------------------------------------------------

VARIANTS := debug release asan tsan cov fuzz afl cmplog mutator package lint
V        ?= debug
ifeq ($(filter $(VARIANTS),$(V)),)
$(error V=$(V) is not a variant; use one of: $(VARIANTS))
endif
B := build/$(V)

PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)

CFLAGS.debug   := -O1 -g3
CFLAGS.release := -O2 -g -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
CFLAGS.asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS.tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS.cov     := -O0 -g --coverage -DASSAY_COVERAGE
CFLAGS.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS.afl     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS.cmplog  := -O1 -g
CFLAGS.mutator := -O2 -g -fPIC
CFLAGS.lint    := -O2
LDFLAGS.release := -pie -Wl,-z,relro,-z,now
LDFLAGS.asan   := -fsanitize=address,undefined
LDFLAGS.tsan   := -fsanitize=thread
LDFLAGS.cov    := --coverage -Wl,--wrap=_exit
LDFLAGS.fuzz   := -fsanitize=address,undefined
# Its flags are those of the engine that asks for it (fuzz/oss-fuzz/build.sh).
LDFLAGS.package := -Wl,-rpath,'$$ORIGIN/lib'
LDFLAGS.afl    := -fsanitize=address,undefined

# ---- flags --------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wwrite-strings -Wcast-qual \
        -Wpointer-arith -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough -Wdouble-promotion \
        -Wswitch-enum -Wredundant-decls -Wno-missing-field-initializers
WARN.gcc   := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init -Wformat-signedness
WARN.clang := -Wconditional-uninitialized -Wcomma -Wassign-enum -Wextra-semi-stmt
COMPILER   := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),clang,gcc)

# STRICT=1, as in .ci/run: warnings are errors; not where a sanitizer changes what gcc can prove, and not
# for those who build Assay in a CI of their own, with a compiler that warns of more.
WERROR := $(if $(filter lint,$(V))$(and $(filter 1,$(STRICT)),$(filter debug release,$(V))),-Werror)

# BLAKE3 is the system's where pkg-config finds it, else built from the C sources of a package.
BLAKE3_SYSTEM := $(shell pkg-config --exists libblake3 2>/dev/null && echo yes)
ifeq ($(BLAKE3_SYSTEM),yes)
BLAKE3_PKG := libblake3
else
BLAKE3_DIR := build/blake3
BLAKE3_H   := $(BLAKE3_DIR)/blake3.h
BLAKE3_O    = $(addprefix $(B)/blake3/,blake3.o blake3_dispatch.o blake3_portable.o)
endif

PKGS       := libcrypto libsecp256k1 jansson libcurl libmicrohttpd libwebsockets sqlite3 libb2 $(BLAKE3_PKG)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) criterion 2>/dev/null) $(addprefix -isystem ,$(BLAKE3_DIR))
LDLIBS     := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -ldl -lm
TEST_LIBS  := $(shell pkg-config --libs criterion 2>/dev/null)

CPPFLAGS_ALL = -std=c11 -D_GNU_SOURCE -Iref -Iharness -I. -Ibuild/gen $(PKG_CFLAGS)
CFLAGS_ALL   = $(CPPFLAGS_ALL) $(WARN) $(WARN.$(COMPILER)) $(WERROR) $(CFLAGS.$(V)) $(CPPFLAGS) $(CFLAGS)
LDFLAGS_ALL  = $(LDFLAGS.$(V)) -Wl,--as-needed $(LDFLAGS)
DEFECTS     := -DASSAY_REF_DEFECTS

# ---- sources ------------------------------------------------------------------------------------

sources = $(sort $(foreach f,$(wildcard $(1)),$(if $(findstring /tests/,$f),,$f)))
REF_C   := $(call sources,ref/*/*.c)
KASPA_C := $(call sources,ref/base/*.c ref/kaspa/*.c)
ASSAY_C := $(call sources,harness/*/*.c harness/peer/*/*.c scenarios/*/*.c reports/*.c)
REF_T   := $(sort $(wildcard ref/tests/*.c))
HARN_T  := $(sort $(wildcard harness/tests/*.c))
FUZZ_C  := $(filter-out fuzz/replay.c,$(sort $(wildcard fuzz/*.c)))
# Mutators are shared with the harness, which fuzz targets do not link for them.
FUZZ_LIB_C := $(sort $(wildcard fuzz/lib/*.c) harness/fuzz/dice.c harness/fuzz/json_edit.c)
# What stands on signatures is fuzzed with a cheap stand-in for them (fuzz/standin/sig.c), which is
# linked before the archive that has the real ones, and into nothing else.
FUZZ_STANDIN := kaspa_script kaspa_sign kx_batch_tx kx_channel kx_exact kx_lineage kx_voucher
STANDIN_C := fuzz/standin/sig.c
RO_C    := $(call sources,ref/base/*.c harness/record/*.c reports/*.c reports/main/*.c)

# The prefix of a fuzz target's program, which says its engine: fuzz-NAME; afl-NAME, cmplog-NAME, and
# mutator-NAME, the library that AFL++ loads where the target has a mutator of its own.
ENGINE := $(if $(filter afl cmplog mutator,$(V)),$(V),fuzz)

# libref.a and what is linked with it alone know no defects; everything else is built with them.
plain   = $(patsubst %.c,$(B)/plain/%.o,$(1))
objs    = $(patsubst %.c,$(B)/%.o,$(1))
LIBHARNESS := $(call objs,$(filter-out harness/cli/main.c,$(ASSAY_C))) $(B)/libref-defects.a

.PHONY: all help deps demo check lint bench cov fuzz-smoke fuzz-engines fuzz-rates fuzz-package interop freshcheck install uninstall deb clean format
.PHONY: built demo-run check-run cov-run bench-run fuzz-run fuzz-built fuzz-rates-run tsan-check tsan-run report-only install-run deb-run FORCE
.PHONY: lint-run lint-text lint-format lint-scripts

SUB = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

all: ## build the program: build/<variant>/assay (V=debug release asan tsan cov)
	@tools/deps.sh --name build
	+@$(SUB) built

built: $(B)/assay $(B)/libref.a $(B)/libassay-kaspa.a

$(B)/assay: $(call objs,$(ASSAY_C)) $(B)/libref-defects.a
	@echo "  LD    $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(LDLIBS)

$(B)/libref.a: $(call plain,$(REF_C)) $(BLAKE3_O)
$(B)/libref-defects.a: $(call objs,$(REF_C)) $(BLAKE3_O)
# The Kaspa library for others: it stands on ref/base alone.
$(B)/libassay-kaspa.a: $(call plain,$(KASPA_C)) $(BLAKE3_O)
$(B)/libref.a $(B)/libref-defects.a $(B)/libassay-kaspa.a:
	@echo "  AR    $@"
	@rm -f $@ && $(AR) rcs $@ $^

$(B)/test-ref: $(call objs,$(REF_T)) $(B)/libref-defects.a
$(B)/test-harness: $(call objs,$(HARN_T)) $(LIBHARNESS)
$(B)/test-ref $(B)/test-harness:
	@echo "  LD    $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(LDLIBS) $(TEST_LIBS)

# Fuzz targets of what the harness reads are linked with all of it.
FUZZ_HARNESS := adapter_line bundle_archive expectations_file record_line target_file
$(FUZZ_HARNESS:%=$(B)/replay-%) $(FUZZ_HARNESS:%=$(B)/$(ENGINE)-%): $(filter %.o,$(LIBHARNESS))

# The reports stand on the record and ref/base alone: that this links is the proof.
report-only: $(B)/assay-report
$(B)/assay-report: $(call plain,$(RO_C)) $(BLAKE3_O)
	@echo "  LD    $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS)

# The pages' templates travel inside the program, as the numbers of their bytes.
TEMPLATE := build/gen/report_template.inc build/gen/audit_template.inc
MADE := $(BLAKE3_H) $(TEMPLATE)
build/gen/report_template.inc: reports/template.html
build/gen/audit_template.inc: reports/audit.html
$(TEMPLATE):
	@mkdir -p $(@D) && od -An -v -tu1 $< | sed 's/[0-9][0-9]*/&,/g' > $@.$$$$ && mv $@.$$$$ $@

# Objects follow the compiler and its flags as well as their sources.
$(B)/flags: FORCE
	@$(shell mkdir -p $(@D))$(file >$@.new,$(CC) $(CFLAGS_ALL))cmp -s $@.new $@ || cp $@.new $@

$(B)/plain/%.o: %.c $(B)/flags | $(MADE)
	@mkdir -p $(@D); echo "  CC    $@"
	@$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(B)/%.o: %.c $(B)/flags | $(MADE)
	@mkdir -p $(@D); echo "  CC    $@"
	@$(CC) $(CFLAGS_ALL) $(DEFECTS) -MMD -MP -c -o $@ $<

# Portable C only: it serves one small hash of a transaction, and so builds on every machine.
$(B)/blake3/%.o: $(B)/flags | $(BLAKE3_H)
	@mkdir -p $(@D)
	@$(CC) -std=c11 -w $(CFLAGS.$(V)) $(CFLAGS) -DBLAKE3_NO_SSE2 -DBLAKE3_NO_SSE41 -DBLAKE3_NO_AVX2 \
	-DBLAKE3_NO_AVX512 -DBLAKE3_USE_NEON=0 -I$(BLAKE3_DIR) -c -o $@ $(BLAKE3_DIR)/$*.c
build/blake3/blake3.h:
	@tools/deps.sh blake3

# ---- the commands -------------------------------------------------------------------------------

deps: ## say what is missing for all of the below and install it with apt (NO_INSTALL=1: only say)
	@tools/deps.sh

demo: ## build, judge the embedded references of every profile, write out/demo/index.html
	@tools/deps.sh build demo
	+@$(SUB) V=release demo-run
demo-run: $(B)/assay
	@rc=0; $(B)/assay run --out out/demo --replace || rc=$$?; \
	if [ $$rc -le 2 ]; then $(B)/assay report out/demo --html out/demo/index.html; \
	echo "the whole report, to be opened in a browser: out/demo/index.html"; fi; exit $$rc

check: ## build and pass every test (V=asan: under the sanitizers; V=tsan: the programs end to end)
	@tools/deps.sh build check $(if $(filter debug,$(V)),fuzz)
	+@$(SUB) $(if $(filter tsan,$(V)),tsan-check,check-run)
	$(if $(filter debug,$(V)),+@$(SUB) fuzz-smoke)

REPLAYS := $(patsubst fuzz/%.c,$(B)/replay-%,$(FUZZ_C))
STANDIN_FLAGS := -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
$(call objs,$(STANDIN_C)): private CPPFLAGS_ALL += $(STANDIN_FLAGS)
$(FUZZ_STANDIN:%=$(B)/replay-%) $(FUZZ_STANDIN:%=$(B)/$(ENGINE)-%): $(call objs,$(STANDIN_C))
$(REPLAYS): $(B)/replay-%: $(B)/fuzz/%.o $(B)/fuzz/replay.o $(call objs,$(FUZZ_LIB_C)) $(B)/libref-defects.a
	@echo "  LD    $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

check-run: $(B)/assay $(B)/libref.a $(B)/libassay-kaspa.a $(B)/test-ref $(B)/test-harness $(B)/assay-report $(REPLAYS)
	@tools/check.sh $(B)
	@tools/standin-test.sh $(B) $(FUZZ_STANDIN)
	@tools/planted-test.sh $(B)
	+@CC='$(CC)' MAKE='$(MAKE)' tools/install-test.sh $(B)
	+@if ! tools/deps.sh --has deb; then echo "check: the Debian package was not tried: dpkg-dev is not installed"; \
	elif [ $(V) = debug ]; then MAKE='$(MAKE)' tools/deb-test.sh $(B) $(VERSION); fi

# Criterion does not run under the thread sanitizer, so the programs do, end to end.
tsan-check:
	@tools/deps.sh build demo
	+@$(SUB) V=tsan tsan-run
tsan-run: $(B)/assay
	@tools/tsan.sh $(B)/assay run --out $(B)/run --replace

cov: ## line and branch coverage as text: of the fuzz targets' inputs, and of these and the tests
	@tools/deps.sh build check
	+@$(SUB) V=cov cov-run
ifeq ($(V),cov)
$(B)/assay $(B)/test-ref $(B)/test-harness $(REPLAYS): $(B)/tools/cov_exit.o
endif
cov-run: $(B)/assay $(B)/test-ref $(B)/test-harness $(REPLAYS)
	@find $(B) -name '*.gcda' -delete
	@for r in $(REPLAYS); do n=$${r#$(B)/replay-}; \
	$$r fuzz/seeds/$$n $$([ ! -d out/fuzz/$$n/corpus ] || echo out/fuzz/$$n/corpus) >/dev/null; done
	@by_inputs=$$(tools/coverage.sh $(B) --ref); rc=0; tools/check.sh $(B) || rc=$$?; tools/coverage.sh $(B); \
	tools/coverage.sh $(B) --missed >$(B)/missed.txt; \
	echo "cov: the fuzz targets' inputs alone: $$by_inputs"; \
	echo "cov: these and the tests:            $$(tools/coverage.sh $(B) --ref)"; \
	echo "cov: $$(wc -l <$(B)/missed.txt) lines of ref/ have branches that nothing took: $(B)/missed.txt"; exit $$rc

BENCH_C := $(sort $(wildcard harness/tests/bench/*.c))
BENCHES := $(patsubst harness/tests/bench/%.c,$(B)/bench-%,$(BENCH_C))
$(BENCHES): $(B)/bench-%: $(B)/harness/tests/bench/%.o $(LIBHARNESS)
	@echo "  LD    $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(LDLIBS) $(BENCH_LIBS)
# One that stands on what the tests have of servers, payers and chains.
$(B)/bench-serve: BENCH_LIBS := $(TEST_LIBS)
$(B)/bench-serve: $(call objs,$(filter-out harness/tests/test_%,$(HARN_T)))

bench: ## measure speed and memory against their limits (reported, never asserted)
	@tools/deps.sh build demo check
	+@$(SUB) V=release bench-run
bench-run: $(B)/assay $(BENCHES)
	@tools/bench.sh $(B)

# libFuzzer comes with clang; each target runs over its seeds, then a bounded number of inputs.
fuzz-smoke: ## two minutes of fuzzing over all targets, also a part of check (needs clang with libFuzzer)
	+@if tools/deps.sh --has fuzz; then $(SUB) V=fuzz CC=clang fuzz-run; \
	else echo "fuzz-smoke: not run: clang with libFuzzer is not installed ('make deps' installs it)"; fi
# The same sources for each engine.
FUZZERS := $(patsubst fuzz/%.c,$(B)/$(ENGINE)-%,\
           $(if $(filter mutator,$(V)),$(shell grep -l '^size_t LLVMFuzzerCustomMutator' $(FUZZ_C)),$(FUZZ_C)))
# Containers and codes compare at every byte, and never with what an input should have: libFuzzer need
# not hear of it, which costs a quarter of a target's time (measured on paid_tools_hash).
ifeq ($(V),fuzz)
$(call objs,$(addprefix ref/base/,arena.c buf.c cursor.c hex.c utf8.c)): private CFLAGS += -fno-sanitize-coverage=trace-cmp
endif
$(FUZZERS): $(B)/$(ENGINE)-%: $(B)/fuzz/%.o $(call objs,$(FUZZ_LIB_C)) $(B)/libref-defects.a
	@echo "  LD    $@"
	@$(FUZZ_LINK) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)
FUZZ_LINK = $(CC) $(CFLAGS_ALL) -fsanitize=fuzzer
ifeq ($(V),package)
FUZZ_LINK = $(CXX) $(CXXFLAGS) $(LIB_FUZZING_ENGINE)
else ifeq ($(V),cmplog)
export AFL_LLVM_CMPLOG := 1
else ifeq ($(V),mutator)
FUZZ_LINK = $(CC) $(CFLAGS_ALL) -shared -Wl,-Bsymbolic -Wl,-z,defs
$(FUZZERS): $(B)/fuzz/afl/mutator.o
endif
fuzz-engines: ## build every fuzz target for libFuzzer, and AFL++ where it is installed, for assay fuzz
	+@if tools/deps.sh --has fuzz; then $(SUB) V=fuzz CC=clang fuzz-built; \
	else echo "fuzz-engines: clang with libFuzzer is not installed ('make deps' installs it)" >&2; exit 1; fi
	+@if tools/deps.sh --has afl; then $(SUB) V=afl CC=afl-clang-fast fuzz-built && \
	$(SUB) V=cmplog CC=afl-clang-fast fuzz-built && $(SUB) V=mutator CC=clang fuzz-built; \
	else echo "fuzz-engines: not built for AFL++: afl-clang-fast is not installed ('make deps' installs it)"; fi
fuzz-built: $(FUZZERS)
$(B)/empty: $(B)/fuzz/empty/empty.o
	@echo "  LD    $@"
	@$(FUZZ_LINK) $(LDFLAGS_ALL) -o $@ $^
fuzz-rates: ## how fast the fuzz targets are, as a share of one that does nothing (reported, never asserted)
	+@if tools/deps.sh --has fuzz; then $(SUB) V=fuzz CC=clang fuzz-rates-run; \
	else echo "fuzz-rates: not run: clang with libFuzzer is not installed ('make deps' installs it)"; fi
fuzz-rates-run: $(FUZZERS) $(B)/empty
	@tools/fuzz-rates.sh $(B)
fuzz-run: $(FUZZERS)
	@tools/standin-test.sh $(B) $(FUZZ_STANDIN)
	@tools/fuzz-smoke.sh $(B)
fuzz-package: ## the fuzz targets as OSS-Fuzz and ClusterFuzzLite build them, made here and checked
	@if tools/deps.sh --has fuzz package; then tools/fuzz-package.sh build/package; \
	else echo "fuzz-package: not run: clang with libFuzzer, zip or unzip is not installed ('make deps' installs them)"; fi

interop: ## compare with outside implementations, where cargo or the like and their packages are there
	@rc=0; for script in harness/targets/*/interop.sh; do bash "$$script" || rc=$$?; done; exit $$rc

RELEASES ?= bookworm trixie
freshcheck: ## make demo and make check in new chroots of RELEASES="bookworm trixie" (root, mmdebstrap)
	@tools/freshcheck.sh $(RELEASES)

# ---- lint ---------------------------------------------------------------------------------------

LINT_C := $(shell find $(wildcard ref harness scenarios reports fuzz) -name '*.c' 2>/dev/null | sort)
LINT_H := $(shell find $(wildcard ref harness scenarios reports fuzz) -name '*.h' 2>/dev/null | sort)
SCRIPTS := .ci/run $(wildcard tools/*.sh) $(shell find $(wildcard harness) -name '*.sh' 2>/dev/null)
SEVERE := $(CPPFLAGS_ALL) $(WARN) -Werror

lint: ## format, static analysis, headers, include direction, banned functions, warnings as errors
	@tools/deps.sh build lint
	+@$(SUB) -k V=lint CC=gcc lint-run || \
	{ echo "lint: failed; each line above names file, line and what is wrong (make format repairs layout)" >&2; exit 1; }
	@echo "lint: clean ($(words $(LINT_C)) sources, $(words $(LINT_H)) headers)"

lint-run: lint-text lint-format lint-scripts
lint-run: $(call objs,$(LINT_C)) $(call plain,$(REF_C) $(RO_C))
lint-run: $(LINT_C:%=$(B)/clang/%.ok) $(LINT_C:%=$(B)/tidy/%.ok) $(LINT_H:%=$(B)/header/%.ok)

lint-text:
	@tools/lint-test.sh
	@awk -f tools/lint.awk tools/include-arrows.txt $(LINT_C) $(LINT_H)
lint-format:
	@tools/format.sh --check $(LINT_C) $(LINT_H)
lint-scripts:
	@for s in $(SCRIPTS); do bash -n $$s; done
	@if command -v shellcheck >/dev/null; then shellcheck -S warning $(SCRIPTS); fi
	@tools/lint-yaml.sh action.yml $(wildcard docs/examples/*.yml)

$(STANDIN_C:%=$(B)/clang/%.ok): private SEVERE += $(STANDIN_FLAGS)
$(STANDIN_C:%=$(B)/tidy/%.ok): private CPPFLAGS_ALL += $(STANDIN_FLAGS)
$(B)/clang/%.c.ok: %.c $(B)/flags | $(MADE)
	@mkdir -p $(@D); echo "  CLANG $<"
	@clang $(SEVERE) $(WARN.clang) $(DEFECTS) -fsyntax-only -MMD -MP -MT $@ -MF $(@:.ok=.d) $<
	@touch $@
$(B)/tidy/%.c.ok: %.c .clang-tidy $(B)/flags | $(MADE)
	@mkdir -p $(@D); echo "  TIDY  $<"
	@clang -MM -MP -MT $@ -MF $(@:.ok=.d) $(CPPFLAGS_ALL) $(DEFECTS) $<
	@clang-tidy --quiet $< -- $(CPPFLAGS_ALL) $(DEFECTS) 2> >(grep -v ' warnings\? generated' >&2)
	@touch $@
$(B)/header/%.h.ok: %.h $(B)/flags | $(MADE)
	@mkdir -p $(@D); printf '#include "%s"\nextern int assay_lint;\n' $< > $(@:.ok=.c)
	@gcc $(SEVERE) $(WARN.gcc) $(DEFECTS) -fsyntax-only -MMD -MP -MT $@ -MF $(@:.ok=.d) $(@:.ok=.c)
	@clang $(SEVERE) $(WARN.clang) -fsyntax-only $(@:.ok=.c)
	@touch $@

format: ## lay all sources out with clang-format
	@tools/format.sh -i $(LINT_C) $(LINT_H)

# ---- installation -------------------------------------------------------------------------------

# What a library keeps to itself stays here.
HEADERS := $(filter-out ref/tests/% %_internal.h ref/kaspa/json_read.h ref/kaspa/address_text.h,$(wildcard ref/*/*.h ref/*/*.def))
VECTORS := $(wildcard vectors/*/*.json vectors/*/*/*.json)
D := $(DESTDIR)$(PREFIX)
VERSION := $(shell sed -n 's/.*ASSAY_VERSION "\(.*\)".*/\1/p' harness/run/version.h)
# Without V= it is the release build that is installed.
install: ## install program, man pages, completions, libraries, headers, vectors (DESTDIR, PREFIX)
	@tools/deps.sh --name build
	+@$(SUB) V=$(if $(filter file,$(origin V)),release,$(V)) install-run
install-run: built
	@install -D -m 755 $(B)/assay $(D)/bin/assay
	@install -D -m 644 $(B)/libref.a $(D)/lib/assay/libref.a
	@install -D -m 644 $(B)/libassay-kaspa.a $(D)/lib/assay/libassay-kaspa.a
	@mkdir -p $(D)/lib/pkgconfig
	@sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@REQUIRES@|libcrypto libsecp256k1 libb2 $(BLAKE3_PKG)|' \
	    ref/kaspa/assay-kaspa.pc.in > $(D)/lib/pkgconfig/assay-kaspa.pc
	@for f in $(HEADERS); do install -D -m 644 $$f $(D)/include/assay/$${f#ref/}; done
	@for f in $(filter ref/base/% ref/kaspa/%,$(HEADERS)); do install -D -m 644 $$f $(D)/include/assay-kaspa/$${f#ref/}; done
	@for f in $(VECTORS); do install -D -m 644 $$f $(D)/share/assay/$$f; done
	@install -D -m 644 LICENSE $(D)/share/doc/assay/LICENSE
	@rm -rf $(B)/man && $(B)/assay man --dir $(B)/man
	@for f in $(B)/man/*.1; do install -D -m 644 $$f $(D)/share/man/man1/$${f##*/}; done
	@mkdir -p $(D)/share/bash-completion/completions $(D)/share/zsh/site-functions
	@$(B)/assay completion bash > $(D)/share/bash-completion/completions/assay
	@$(B)/assay completion zsh > $(D)/share/zsh/site-functions/_assay
	@echo "installed below $(D)"
uninstall: ## remove what install put there
	@rm -f $(D)/bin/assay
	@rm -f $(D)/lib/pkgconfig/assay-kaspa.pc $(D)/share/man/man1/assay.1 $(D)/share/man/man1/assay-*.1
	@rm -f $(D)/share/bash-completion/completions/assay $(D)/share/zsh/site-functions/_assay
	@rm -rf $(D)/lib/assay $(D)/include/assay $(D)/include/assay-kaspa $(D)/share/assay $(D)/share/doc/assay
	@echo "removed from $(D)"
deb: ## a Debian package of the release build: build/<variant>/assay_VERSION_ARCHITECTURE.deb
	@tools/deps.sh --name build deb
	+@$(SUB) V=$(if $(filter file,$(origin V)),release,$(V)) deb-run
deb-run: built
	+@MAKE='$(MAKE)' tools/deb.sh $(B) $(VERSION)

-include $(shell test -d $(B) && find $(B) -name '*.d')

clean: ## remove what was built (out/ and the cached chroots of freshcheck stay)
	find build -mindepth 1 -maxdepth 1 ! -name freshcheck ! -name blake3 -exec rm -rf {} +

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
