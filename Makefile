# Assay. `make help` lists the targets; `make demo` and `make check` need nothing installed first.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- variants -----------------------------------------------------------------------------------

VARIANTS := debug release asan tsan cov fuzz lint
V        ?= debug
ifeq ($(filter $(VARIANTS),$(V)),)
$(error V=$(V) is not a variant; use one of: $(VARIANTS))
endif
B := build/$(V)

PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)

CFLAGS.debug   := -O1 -g3
CFLAGS.release := -O2 -g -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
CFLAGS.asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS.tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS.cov     := -O0 -g --coverage
CFLAGS.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS.lint    := -O2
LDFLAGS.release := -pie -Wl,-z,relro,-z,now
LDFLAGS.asan   := -fsanitize=address,undefined
LDFLAGS.tsan   := -fsanitize=thread
LDFLAGS.cov    := --coverage
LDFLAGS.fuzz   := -fsanitize=address,undefined

# ---- flags --------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wwrite-strings -Wcast-qual \
        -Wpointer-arith -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough -Wdouble-promotion \
        -Wswitch-enum -Wredundant-decls
WARN.gcc   := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init -Wformat-signedness
WARN.clang := -Wconditional-uninitialized -Wcomma -Wassign-enum -Wextra-semi-stmt
COMPILER   := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),clang,gcc)

# A sanitizer changes what gcc can prove, so warnings are errors only where none is at work.
WERROR := $(if $(filter lint,$(V))$(and $(filter true 1,$(CI)),$(filter debug release,$(V))),-Werror)

# BLAKE3 is the system's where pkg-config finds it, else built from the C sources of a package.
BLAKE3_SYSTEM := $(shell pkg-config --exists libblake3 2>/dev/null && echo yes)
ifeq ($(BLAKE3_SYSTEM),yes)
BLAKE3_PKG := libblake3
else
BLAKE3_DIR := build/blake3
BLAKE3_H   := $(BLAKE3_DIR)/blake3.h
BLAKE3_O    = $(addprefix $(B)/blake3/,blake3.o blake3_dispatch.o blake3_portable.o)
endif

PKGS       := libcrypto jansson libcurl libmicrohttpd sqlite3 libb2 $(BLAKE3_PKG)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) criterion 2>/dev/null) $(addprefix -isystem ,$(BLAKE3_DIR))
LDLIBS     := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -ldl
TEST_LIBS  := $(shell pkg-config --libs criterion 2>/dev/null)

CPPFLAGS_ALL = -std=c11 -D_GNU_SOURCE -Iref -Iharness -I. $(PKG_CFLAGS)
CFLAGS_ALL   = $(CPPFLAGS_ALL) $(WARN) $(WARN.$(COMPILER)) $(WERROR) $(CFLAGS.$(V)) $(CPPFLAGS) $(CFLAGS)
LDFLAGS_ALL  = $(LDFLAGS.$(V)) -Wl,--as-needed $(LDFLAGS)
DEFECTS     := -DASSAY_REF_DEFECTS

# ---- sources ------------------------------------------------------------------------------------

sources = $(sort $(foreach f,$(wildcard $(1)),$(if $(findstring /tests/,$f),,$f)))
REF_C   := $(call sources,ref/*/*.c)
ASSAY_C := $(call sources,harness/*/*.c harness/peer/*/*.c scenarios/*/*.c reports/*.c)
REF_T   := $(sort $(wildcard ref/tests/*.c))
HARN_T  := $(sort $(wildcard harness/tests/*.c))
FUZZ_C  := $(filter-out fuzz/replay.c,$(sort $(wildcard fuzz/*.c)))
RO_C    := $(call sources,ref/base/*.c harness/record/*.c reports/*.c reports/main/*.c)

# libref.a and what is linked with it alone know no defects; everything else is built with them.
plain   = $(patsubst %.c,$(B)/plain/%.o,$(1))
objs    = $(patsubst %.c,$(B)/%.o,$(1))

.PHONY: all help deps demo check lint bench cov fuzz-smoke interop freshcheck install uninstall clean
.PHONY: built tested demo-run check-run cov-run fuzz-run tsan-check report-only FORCE

SUB = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

all: ## build the program: build/<variant>/assay (V=debug release asan tsan cov)
	@tools/deps.sh --name build
	@$(SUB) built

built: $(B)/assay $(B)/libref.a

$(B)/assay: $(call objs,$(ASSAY_C)) $(B)/libref-defects.a
	@echo "  LD    $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(LDLIBS)

$(B)/libref.a: $(call plain,$(REF_C)) $(BLAKE3_O)
$(B)/libref-defects.a: $(call objs,$(REF_C)) $(BLAKE3_O)
$(B)/libref.a $(B)/libref-defects.a:
	@echo "  AR    $@"
	@rm -f $@ && $(AR) rcs $@ $^

$(B)/test-ref: $(call objs,$(REF_T)) $(B)/libref-defects.a
$(B)/test-harness: $(call objs,$(HARN_T)) $(call objs,$(filter-out harness/cli/main.c,$(ASSAY_C))) $(B)/libref-defects.a
$(B)/test-ref $(B)/test-harness:
	@echo "  LD    $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -rdynamic -o $@ $^ $(LDLIBS) $(TEST_LIBS)

# The reports stand on the record and ref/base alone: that this links is the proof.
report-only: $(B)/assay-report
$(B)/assay-report: $(call plain,$(RO_C)) $(BLAKE3_O)
	@echo "  LD    $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS)

# Objects follow the compiler and its flags as well as their sources.
$(B)/flags: FORCE
	@mkdir -p $(@D); new='$(CC) $(CFLAGS_ALL)'; \
	[ -e $@ ] && [ "$$(cat $@)" = "$$new" ] || printf '%s\n' "$$new" > $@

$(B)/plain/%.o: %.c $(B)/flags | $(BLAKE3_H)
	@mkdir -p $(@D); echo "  CC    $@"
	@$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(B)/%.o: %.c $(B)/flags | $(BLAKE3_H)
	@mkdir -p $(@D); echo "  CC    $@"
	@$(CC) $(CFLAGS_ALL) $(DEFECTS) -MMD -MP -c -o $@ $<

# Portable C only: it serves one small hash of a transaction, and so builds on every machine.
$(B)/blake3/%.o: $(B)/flags | $(BLAKE3_H)
	@mkdir -p $(@D)
	@$(CC) -std=c11 -w $(CFLAGS.$(V)) $(CFLAGS) -DBLAKE3_NO_SSE2 -DBLAKE3_NO_SSE41 -DBLAKE3_NO_AVX2 \
	-DBLAKE3_NO_AVX512 -DBLAKE3_USE_NEON=0 -I$(BLAKE3_DIR) -c -o $@ $(BLAKE3_DIR)/$*.c
build/blake3/blake3.h:
	@tools/deps.sh blake3

-include $(shell test -d $(B) && find $(B) -name '*.d')

clean: ## remove what was built (out/ and the cached chroots of freshcheck stay)
	find build -mindepth 1 -maxdepth 1 ! -name freshcheck ! -name blake3 -exec rm -rf {} +

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
