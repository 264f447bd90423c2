# sbx - see README.md.  'make help' lists the targets.
#
#   O=DIR            where to build (default build)
#   CC=clang         another compiler
#   SAN=address,undefined   sanitizers; use another O with it
#   WERROR=1         warnings are errors (CI does this)
#   T=test_buf       only these unit tests
#   VTERM_CFLAGS, VTERM_LIBS   another libvterm than pkg-config's
#   WITH_HTTP=0      without sbx-serve and the libraries it needs
#   V=1              show the whole commands

ifndef V
Q := @
say = @echo "  $(1)	$(patsubst $O/%,%,$@)"
else
say = @:
endif

O ?= build
CC ?= cc
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

OPT ?= -O2 -g
WARN := -Wall -Wextra -Wshadow
ifdef WERROR
WARN += -Werror
endif
HARDEN ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2
ifdef SAN
OPT := -O1 -g -fno-omit-frame-pointer
HARDEN := -fsanitize=$(SAN) -fno-sanitize-recover=all
LDSAN := -fsanitize=$(SAN)
endif
VTERM_CFLAGS ?= $(shell pkg-config --cflags vterm 2>/dev/null)
VTERM_LIBS ?= $(shell pkg-config --libs vterm 2>/dev/null || echo -lvterm)

CPPFLAGS += -D_GNU_SOURCE -DSBX_VERSION='"$(VERSION)"' \
	-DSBX_DATADIR='"$(PREFIX)/share/sbx"' -I. -Iengine
ALL_CFLAGS = -std=c11 $(OPT) $(WARN) $(HARDEN) $(VTERM_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LDSAN) $(LDFLAGS)
# The engine never links curses: a curses call in it fails to link.
ENGINE_LIBS := $(VTERM_LIBS) -lpcre2-8 -ljansson -lyaml -lm -ldl
TUI_LIBS := -lncursesw -ltinfo

WITH_HTTP ?= 1
export WITH_HTTP
HTTP_LIBS := -lmicrohttpd -lwslay -lnettle

# sbx-serve is a program of its own: its libraries are in no other one.
http_src := $(wildcard engine/http/*.c)
engine_src := $(filter-out $(http_src),$(wildcard engine/*/*.c))
tui_src := $(wildcard tui/*.c)
engine_obj := $(engine_src:%.c=$O/%.o)
http_obj := $(http_src:%.c=$O/%.o)
http_lib_obj := $(filter-out $O/engine/http/http_main.o,$(http_obj))
# main.c and what it alone needs stay out of the library of the tests.
tui_obj := $(tui_src:%.c=$O/%.o)
tui_lib_obj := $(filter-out $O/tui/main.o,$(tui_obj))

unit_src := $(wildcard tests/unit/test_*.c)
ifdef T
unit_src := $(T:%=tests/unit/%.c)
endif
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c)
ifeq ($(WITH_HTTP),0)
unit_src := $(filter-out tests/unit/test_http_%.c,$(unit_src))
fuzz_src := $(filter-out tests/fuzz/fuzz_http_%.c,$(fuzz_src))
endif
unit_bin := $(unit_src:%.c=$O/%)
tool_bin := $(patsubst tests/lib/%.c,$O/tests/lib/%,$(wildcard tests/lib/*.c))
replay_bin := $(fuzz_src:tests/fuzz/fuzz_%.c=$O/tests/fuzz/replay_%)
fuzz_bin := $(fuzz_src:tests/fuzz/fuzz_%.c=$O/fuzz/fuzz_%)
bench_bin := $(patsubst tests/bench/%.c,$O/tests/bench/%,$(wildcard tests/bench/bench_*.c))

all: $O/sbx $(if $(filter 0,$(WITH_HTTP)),,$O/sbx-serve)	## build build/sbx and build/sbx-serve

$O/sbx-serve: $(http_obj) $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(http_obj) $O/libengine.a $(HTTP_LIBS) $(ENGINE_LIBS)

$O/sbx: $(tui_obj) $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(tui_obj) $O/libengine.a $(TUI_LIBS) $(ENGINE_LIBS)

$O/libengine.a: $(engine_obj)
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $(engine_obj)

$O/%.o: %.c | $O/.deps
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$O/tests/unit/%: $O/tests/unit/%.o $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $O/libengine.a $(ENGINE_LIBS)

# Those of the server link its modules too.
$O/tests/unit/test_http_%: $O/tests/unit/test_http_%.o $(http_lib_obj) $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(http_lib_obj) $O/libengine.a $(HTTP_LIBS) $(ENGINE_LIBS)

# Tests of screen modules that do not draw link the tui objects too.
$O/tests/unit/test_tui_%: $O/tests/unit/test_tui_%.o $(tui_lib_obj) $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(tui_lib_obj) $O/libengine.a $(TUI_LIBS) $(ENGINE_LIBS)

$O/tests/lib/%: $O/tests/lib/%.o $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $O/libengine.a $(ENGINE_LIBS) -lutil

$O/tests/bench/%: $O/tests/bench/%.o $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $O/libengine.a $(ENGINE_LIBS) -lutil

$O/tests/fuzz/replay_%: $O/tests/fuzz/fuzz_%.o $O/tests/fuzz/replay.o $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $O/tests/fuzz/replay.o $O/libengine.a $(ENGINE_LIBS)

$O/tests/fuzz/replay_http_%: $O/tests/fuzz/fuzz_http_%.o $O/tests/fuzz/replay.o $(http_lib_obj) $O/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $O/tests/fuzz/replay.o $(http_lib_obj) $O/libengine.a $(HTTP_LIBS) $(ENGINE_LIBS)

$O/fuzz/fuzz_http_%: tests/fuzz/fuzz_http_%.c tests/fuzz/fuzz.h tests/fuzz/must.h $(engine_src) $(http_src) $(wildcard engine/*/*.h)
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)clang -std=c11 -g -O1 $(CPPFLAGS) $(VTERM_CFLAGS) -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=all -o $@ $< $(engine_src) \
	    $(filter-out engine/http/http_main.c,$(http_src)) $(HTTP_LIBS) $(ENGINE_LIBS)

# Coverage-guided fuzzing wants clang for everything.
$O/fuzz/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h tests/fuzz/must.h $(engine_src) $(wildcard engine/*/*.h)
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)clang -std=c11 -g -O1 $(CPPFLAGS) $(VTERM_CFLAGS) -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=all -o $@ $< $(engine_src) $(ENGINE_LIBS)

$O/.deps:
	@sh tests/lib/deps.sh check
	@mkdir -p $O && touch $@

.SECONDARY:

-include $(shell find $O -name '*.d' 2>/dev/null)

deps:		## install what the build needs (asks sudo only if it is needed)
	@sh tests/lib/deps.sh build
test-deps:	## install what the tests need
	@sh tests/lib/deps.sh test

run:		## install what is missing, build, open sbx on sbxrc.example
	@sh tests/lib/deps.sh build
	@$(MAKE) --no-print-directory -j2 all
	$O/sbx -f sbxrc.example

test:		## install what is missing, build, run every test (< 10 min)
	@sh tests/lib/deps.sh test
	@$(MAKE) --no-print-directory -j2 WERROR=1 all check-build
	@$(MAKE) --no-print-directory faults-build
	@$(MAKE) --no-print-directory check-layers check-style check-doc
	@sh tests/lib/runtests.sh $O

check-build: $(unit_bin) $(replay_bin) $(tool_bin)
check-unit: $(unit_bin) $(tool_bin)	## run the unit tests only
	prove --exec '' $(unit_bin)
check-tty: all $(tool_bin)	## run the end-to-end tests only
	SBX=$(abspath $O/sbx) O=$(abspath $O) prove -j2 tests/tty
bench-build: $(bench_bin) all $(tool_bin)

asan:		## unit, script and end-to-end tests under ASan and UBSan
	$(MAKE) -j2 O=$O-asan SAN=address,undefined all check-build
	sh tests/lib/runtests.sh $O-asan
ubsan:		## the same under UBSan alone
	$(MAKE) -j2 O=$O-ubsan SAN=undefined all check-build
	sh tests/lib/runtests.sh $O-ubsan
valgrind:	## unit tests and a walk through the command line under valgrind
	$(MAKE) -j2 O=$O-valgrind CFLAGS='-O1 -g -DREGEX_JIT=0' all check-build
	sh tests/lib/valgrind.sh $O-valgrind
fuzz: $(fuzz_bin)	## fuzz each target FUZZ_SECONDS (60) with libFuzzer
	sh tests/fuzz/run.sh $O $${FUZZ_SECONDS:-60}
faults-build:	# where calls fail on demand, for tests/torture/faults.t
	$(MAKE) -j2 O=$O-faults SAN=address,undefined CFLAGS=-DSBX_FAULTS all
torture: faults-build	## every fault of the catalogue, long forms
	$(MAKE) -j2 all $(tool_bin)
	SBX=$(abspath $O/sbx) O=$(abspath $O) LONG=1 prove --timer tests/torture
soak:		## random commands, kills and reloads for SOAK_SECONDS (3600)
	$(MAKE) -j2 all $(tool_bin)
	SBX=$(abspath $O/sbx) O=$(abspath $O) sh tests/torture/soak.sh
bench:		## figures as ratios in one run
	$(MAKE) -j2 bench-build
	SBX=$(abspath $O/sbx) O=$(abspath $O) sh tests/bench/run.sh

check-layers:	## who may include what
	@sh tests/lib/check-layers.sh
check-style:	## lengths, tabs, banned calls
	@sh tests/lib/check-style.sh
check-doc: all	## manuals and generated tables are true
	@sh tests/lib/check-doc.sh $O
doc: all	## regenerate the generated sections of the manuals
	@sh tests/lib/gendoc.sh $O

install: all	## install under PREFIX (/usr/local)
	install -D -m 755 $O/sbx $(DESTDIR)$(PREFIX)/bin/sbx
	[ $(WITH_HTTP) = 0 ] || install -D -m 755 $O/sbx-serve $(DESTDIR)$(PREFIX)/libexec/sbx/sbx-serve
	install -D -m 644 doc/sbx.1 $(DESTDIR)$(PREFIX)/share/man/man1/sbx.1
	[ $(WITH_HTTP) = 0 ] || install -D -m 644 doc/sbx-serve.1 $(DESTDIR)$(PREFIX)/share/man/man1/sbx-serve.1
	install -D -m 644 doc/sbxrc.5 $(DESTDIR)$(PREFIX)/share/man/man5/sbxrc.5
	for t in themes/*.theme; do install -D -m 644 $$t $(DESTDIR)$(PREFIX)/share/sbx/$$t; done
	for k in tui/keys/*; do install -D -m 644 $$k $(DESTDIR)$(PREFIX)/share/sbx/keys/$${k##*/}; done
	install -D -m 644 sbxrc.example $(DESTDIR)$(PREFIX)/share/doc/sbx/sbxrc.example
uninstall:	## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/sbx $(DESTDIR)$(PREFIX)/share/man/man1/sbx.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/sbx-serve.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man5/sbxrc.5
	rm -rf $(DESTDIR)$(PREFIX)/libexec/sbx $(DESTDIR)$(PREFIX)/share/sbx $(DESTDIR)$(PREFIX)/share/doc/sbx
clean:		## remove the build directories
	rm -rf $O $O-asan $O-ubsan $O-faults $O-valgrind
help:		## this list
	@sed -n 's/^\([a-z-]*\):.*## *\(.*\)/  \1\t\2/p' Makefile | expand -t 18

.PHONY: all deps test-deps run test check-build check-unit check-tty bench-build asan \
	faults-build ubsan valgrind fuzz torture soak bench check-layers check-style check-doc doc \
	install uninstall clean help
