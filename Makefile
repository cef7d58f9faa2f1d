# Cofferdam. Every target installs what it needs and says so; see README.md and CONTRIBUTING.md.

PREFIX ?= /usr/local
DESTDIR ?=
PYTHON ?= python3
VENV = .venv
RELEASE = .build-release

# Debian packages, by what needs them: the build; the sandbox; the editors and their tests; the compilers and linters
# that the end-to-end tests work with; the end-to-end tests.
PACKAGES = libgit2-dev libsqlite3-dev libarchive-dev pkg-config \
	bubblewrap ripgrep gcc make git \
	neovim emacs-nox lua-check lua-busted texinfo tmux \
	cmake shellcheck golang-go nodejs node-typescript openjdk-17-jdk-headless python3-pytest \
	python3-venv openssl procps util-linux iproute2 curl busybox-static umoci rsync \
	nginx-light fcgiwrap openssh-server openssh-client

# Rust has an installer of its own, whose programs are newer.
ifeq ($(shell command -v cargo),)
PACKAGES += cargo
endif

# Beside them, by what only make test-all runs: the virtual machine of the limits.
LONG_PACKAGES = qemu-system-x86 cpio binutils

# And what make bench compares the parsers with.
BENCH_PACKAGES = vim

.PHONY: help deps venv build demo test test-all bench parsers-table format lint install uninstall clean
.DEFAULT_GOAL := help

help:
	@grep -hE '^## ' $(MAKEFILE_LIST) | sed 's/^## //'

## make deps      install the Debian packages (as root) that are missing
deps:
	@missing=""; for package in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ]; then echo "please install as root: apt-get install$$missing" >&2; exit 1; fi; \
	echo "installing the Debian packages$$missing"; \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing
	@command -v swift >/dev/null || { echo "Swift 6.2 or later is needed: https://swift.org/install" >&2; exit 1; }

## make venv      make the local Python environment of the tests, pinned versions
venv: $(VENV)/.stamp
$(VENV)/.stamp: Tests/EndToEnd/requirements.txt
	@echo "installing Python packages into $(VENV): $$(tr '\n' ' ' < $<)"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

## make build     debug build
build: deps
	swift build

## make demo      fix a broken C program and a broken Swift package, live
demo: build
	@Tests/EndToEnd/demo.sh

## make test      everything that runs in minutes
test: deps venv
	@Tests/run.sh fast

## make test-all  also long fuzz runs, fault campaigns and a real small model
test-all: PACKAGES += $(LONG_PACKAGES)
test-all: deps venv
	@Tests/run.sh all

## make bench     figures with medians and spread
bench: PACKAGES += $(BENCH_PACKAGES)
bench: deps venv $(RELEASE)/.stamp
	$(VENV)/bin/python Tests/Benchmarks/run.py

## make parsers-table  run the tools on planted faults again; print how well they are read
parsers-table: deps venv
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PYTHON) Tests/DiagnosticsTests/PlantedFaults/record.py
	swift build --build-tests
	COFFERDAM_RECORD_TABLE=1 swift test --skip-build --disable-xctest --filter '^DiagnosticsTests\.PlantedFaultsTests/'
	sed -n '/^| parser | tools /,/^| all /p' Protocol/README.md

## make format    format the Swift sources; make lint checks them
format:
	swift format format --in-place --parallel --recursive Package.swift Sources Tests
lint:
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

# Everything links the Swift runtime statically: faster to start, and nothing of it is needed in a sandbox. Packed
# relocations (glibc 2.36, which Debian 12 has) spare two megabytes of resident memory and some of the start. The supervisor
# starts with every sandbox and needs no library at all then, which halves its start; a program that is static and in no
# fixed place at once must have no path of libraries, which would be $ORIGIN.
RELEASE_FLAGS = -c release --static-swift-stdlib --disable-local-rpath -Xswiftc -use-ld=lld \
	-Xlinker -z -Xlinker pack-relative-relocs
$(RELEASE)/.stamp: Package.swift $(shell find Sources Tests/Benchmarks/Swift -name '*.swift' -o -name '*.c' -o -name '*.h')
	COFFERDAM_STATIC_SUPERVISOR=1 swift build $(RELEASE_FLAGS) --scratch-path $(RELEASE)
	@touch $@

## make install   release build into PREFIX (default /usr/local)
install: deps $(RELEASE)/.stamp
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/cofferdam $(DESTDIR)$(PREFIX)/share/info
	for program in cofferdam cofferdamd cofferdam-supervisor cofferdam-git; do \
		install -m 755 -s $(RELEASE)/release/$$program $(DESTDIR)$(PREFIX)/bin/$$program; \
	done
	cp -R EditorClients Protocol $(DESTDIR)$(PREFIX)/share/cofferdam/
	makeinfo --no-split -o $(DESTDIR)$(PREFIX)/share/info/cofferdam.info EditorClients/emacs/cofferdam.texi
	@echo "installed into $(DESTDIR)$(PREFIX); try: cofferdam doctor"

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,cofferdam cofferdamd cofferdam-supervisor cofferdam-git)
	rm -rf $(DESTDIR)$(PREFIX)/share/cofferdam $(DESTDIR)$(PREFIX)/share/info/cofferdam.info

## make clean     remove what was built
clean:
	rm -rf .build $(RELEASE) $(VENV)
