# SPDX-License-Identifier: MIT
# The front door.  Meson does the building (see meson.build); this file installs
# what is missing, gives the everyday commands a name and Meson its defaults.

PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
ROUNDS ?= 5

# A build must never wait for an answer.
export DEBIAN_FRONTEND = noninteractive
# tools/setup.sh looks in it for a ready-made page
export MESON_ARGS

.PHONY: all static dist deb setup demo quick check check-readme check-slow bench install uninstall clean help

all: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD)

setup:
	@tools/setup.sh build

$(BUILD)/build.ninja: | setup
	@meson setup $(BUILD) --prefix=$(PREFIX) -Dwerror=false $(MESON_ARGS)

# One file without libraries, for a system where nothing can be installed.  -O2 and no symbols: what is distributed.
# Newer linkers warn that glibc's getpwnam() and dlopen() look for libraries there.
static:
	@tools/setup.sh static
	@[ -e $(BUILD)-static/build.ninja ] || meson setup $(BUILD)-static -Dprefer_static=true '-Dc_link_args=-static -s -Wl,--no-fatal-warnings' -Db_pie=false \
	  -Doptimization=2 -Ddebug=false -Dwerror=false -Dbpf=enabled -Ddocs=disabled $(MESON_ARGS)
	@ninja -C $(BUILD)-static compendium
	@ls -l $(BUILD)-static/compendium

# What is committed, and the built page: building from it needs neither Node.js nor network.
dist: setup $(BUILD)/build.ninja
	@meson dist -C $(BUILD) --no-tests
	@ls -l $(BUILD)/meson-dist/compendium-*.tar.xz

deb: dist
	@tools/setup.sh deb
	@tools/deb.sh "$$(ls -t $(BUILD)/meson-dist/compendium-*.tar.xz | head -n 1)" $(BUILD)/deb

demo: all
	@tools/demo.sh $(BUILD)

quick: all
	@tools/setup.sh check
	@meson test -C $(BUILD) --suite unit --suite golden --suite lint

check:
	@tools/setup.sh check
	@tools/check.py

check-readme: all
	@tools/setup.sh readme
	@tools/check-readme.py $(BUILD)/compendium

check-slow:
	@tools/setup.sh check
	@tools/check.py --slow

bench: all
	@tools/setup.sh bench
	@bench/run.py --build $(BUILD) --rounds $(ROUNDS) $(BENCH_ARGS)

install: all
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD)

uninstall:
	@ninja -C $(BUILD) uninstall

clean:
	rm -rf $(BUILD) $(BUILD)-static build-check bench/out report/dist

help:
	@echo 'make                     install what is missing and build $(BUILD)/compendium'
	@echo 'make static              one program without libraries: $(BUILD)-static/compendium'
	@echo 'make dist                source tarball with the built page: $(BUILD)/meson-dist'
	@echo 'make deb                 Debian package: $(BUILD)/deb'
	@echo 'make demo                trace a small real build and write its report'
	@echo 'make quick               unit tests, recordings, lint: a few seconds after a build'
	@echo 'make check               every test and check; ends with the count'
	@echo 'make check-readme        the commands of README.md still work and give what it prints'
	@echo 'make check-slow          the same with the long suites (10 M events, longer fuzzing)'
	@echo 'make bench ROUNDS=N      side by side with strace; prints ratios'
	@echo 'make install             to PREFIX (/usr/local), below DESTDIR when set'
	@echo 'make uninstall           take away what install made'
	@echo 'make clean               remove everything built'
