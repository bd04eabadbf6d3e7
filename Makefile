# heatstream: `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

VERSION := 0.1.0
comma   := ,
ifeq ($(origin CC),default)
CC      := gcc
endif
SAN     ?=
VARIANT ?= $(if $(SAN),san-$(subst $(comma),-,$(SAN)),release)$(if $(filter-out gcc,$(CC)),-$(notdir $(CC)))
B       := build/$(VARIANT)
PREFIX  ?= /usr/local
Q       := $(if $(V),,@)
SAY     := @$(if $(V),:,printf '%-5s %s\n')

# These goals set up what they need. It happens here, before pkg-config is asked below.
GROUPS_demo := build
GROUPS_test := build test
$(foreach goal,test-unit test-planted test-mpi test-broker test-system test-kafka4 test-cluster soak soak-kill bench profile experiments,$(eval GROUPS_$(goal) := build test))
$(foreach goal,lint reference deps,$(eval GROUPS_$(goal) := build test lint))
GROUPS_fuzz := build test fuzz
GROUPS_test-vtk := build test vtk
GROUPS := $(sort $(foreach goal,$(MAKECMDGOALS),$(GROUPS_$(goal))))
ifneq ($(GROUPS),)
$(shell DEPS=$(DEPS) tests/tools/deps.sh $(GROUPS) >&2)
$(if $(filter-out 0,$(.SHELLSTATUS)),$(error required packages are missing, see above))
endif

# Debian's names; elsewhere HDF5='hdf5 hdf5_hl' HDF5_HL=
HDF5     := hdf5-openmpi
HDF5_HL  := -lhdf5_openmpi_hl
PACKAGES := ompi $(HDF5) rdkafka yaml-0.1 jansson libxxhash zlib libmicrohttpd
OPT      := $(if $(SAN),-O1 -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all,-O3)
CFLAGS   := -std=c11 -D_POSIX_C_SOURCE=200809L -g $(OPT) -ffp-contract=off -fno-strict-aliasing \
            -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
CPPFLAGS := -Iinclude -I$(B)/generated $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
LDFLAGS  := $(if $(SAN),-fsanitize=$(SAN))
LDLIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) $(HDF5_HL) -lpthread -lm

SOURCES  := $(filter-out src/main.c,$(wildcard src/*/*.c))
OBJECTS  := $(SOURCES:%.c=$(B)/%.o)
PROGRAMS  = $(patsubst %.c,$(B)/%,$(wildcard tests/$(1)/$(2)_*.c))
UNIT     := $(call PROGRAMS,unit,test)
MPITESTS := $(call PROGRAMS,mpi,test)
BROKERS  := $(call PROGRAMS,broker,test)
BENCHES  := $(foreach kind,bench raw part,$(call PROGRAMS,bench,$(kind)))
PROFILES := $(call PROGRAMS,profile,profile)
FUZZERS  := $(call PROGRAMS,fuzz,fuzz)
FAILOBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/failpoints/*.c))
TESTOBJS := $(addsuffix .o,$(UNIT) $(MPITESTS) $(BROKERS) $(BENCHES) $(PROFILES) $(FUZZERS)) $(FAILOBJS)
# The steps that heatstream-failing leads through tests/failpoints.
STEPS    := $(shell sed -nE 's/^STEP(_VOID|_SPOILED)?.([a-z_0-9]+),.*/\2/p' tests/failpoints/points.def)
GENERATED := $(B)/generated/build_info.h
VENV     := build/venv
PYTHON   := $(VENV)/bin/python
PYTESTS  := tests/oracle analysis/tests tests/system
# Of the system tests, which mostly wait: a file of them each at a time, with a broker each.
WORKERS  ?= $(shell n=$$(nproc); echo $$((n < 4 ? n : 4)))
STYLED   := $(shell find src include tests -name '*.[ch]' 2>/dev/null)

# What the sanitizers report of Open MPI itself is no leak of ours.
export UBSAN_OPTIONS := print_stacktrace=1
# Out of memory is an answer, which the tests ask for.
LEAKS     = ASAN_OPTIONS=detect_leaks=$(1):allocator_may_return_null=1
SYSTEM    = $(call LEAKS,0) HEATSTREAM=$(abspath $(B)/heatstream) MPIRUN=$(abspath jobs/mpirun-local.sh)

.PHONY: all help deps demo test test-unit test-planted test-mpi test-broker test-system test-kafka4 test-cluster test-vtk soak soak-kill soak-fence fuzz fuzzers lint profile objects \
        reference bench experiments install clean present FORCE

all: $(B)/heatstream ## build build/<variant>/heatstream (variants: CC=clang, SAN=address,undefined)

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16
	@echo 'variables: V=1 (show commands)  NP="2 3" (ranks of test-mpi)  TESTS="-k name" (of test-system)  N= SEED= (of soak-kill)'
	@echo '           SAN=address,undefined  CC=clang  DEPS=no (install no packages)  PREFIX= DESTDIR=  SECONDS=60 (of fuzz)  ROW= (of bench)'

deps: ## install every Debian package that building, testing and linting need

demo: $(B)/heatstream $(VENV)/analysis.stamp ## the main job on two ranks, through an in-process broker, to a picture
	$(Q)tests/tools/demo.sh $(B)/heatstream $(PYTHON)

test: ## all tests: unit, then MPI, then with a broker, each whatever came of the one before
	$(Q)status=0; for stage in unit mpi broker system; do \
	    $(MAKE) --no-print-directory test-$$stage || status=1; \
	done; exit $$status

test-unit: $(UNIT) ## CUnit programs of tests/unit
	$(Q)$(call LEAKS,1) tests/tools/run-tests.sh unit $(UNIT)

test-planted: ## prove that the simulation of event time catches planted defects
	$(Q)tests/tools/planted-defects.sh $(CC)

test-mpi: $(MPITESTS) ## CUnit programs of tests/mpi on 1, 2, 3, 4 and 6 ranks
	$(Q)$(call LEAKS,0) NP="$(NP)" tests/tools/run-tests.sh mpi $(MPITESTS)

test-broker: $(BROKERS) build/broker/3.9/libs/.complete ## CUnit programs of tests/broker, with a real Apache Kafka
	$(Q)$(call LEAKS,1) tests/tools/run-broker-tests.sh 3.9 $(BROKERS)

test-system: $(B)/heatstream $(B)/heatstream-failing $(VENV)/tests.stamp build/broker/3.9/libs/.complete ## the whole program, with a real Apache Kafka
	$(Q)$(SYSTEM) KAFKA=3.9 tests/tools/run-pytest.sh system $(B)/test-system.xml $(PYTHON) -n $(WORKERS) --dist loadfile $(PYTESTS) $(TESTS)

soak-kill: $(B)/heatstream $(B)/heatstream-failing $(VENV)/tests.stamp build/broker/3.9/libs/.complete ## N=200 kills at all failure points
	$(Q)$(SYSTEM) KAFKA=3.9 PYTHONPATH=tests $(PYTHON) -m system.soak $(or $(N),200) $(or $(SEED),1)

test-kafka4: $(B)/heatstream $(B)/heatstream-failing $(BROKERS) $(VENV)/tests.stamp build/broker/4/libs/.complete ## the Kafka tests on Apache Kafka 4.x
	$(Q)tests/tools/run-broker-tests.sh 4 $(BROKERS)
	$(Q)$(SYSTEM) KAFKA=4 tests/tools/run-pytest.sh kafka4 $(B)/test-kafka4.xml $(PYTHON) -m kafka tests/system $(TESTS)

test-cluster: $(B)/heatstream $(VENV)/tests.stamp build/broker/3.9/libs/.complete ## SLURM and two hosts in all forms, some minutes
	$(Q)HEATSTREAM_LONG=1 $(SYSTEM) KAFKA=3.9 tests/tools/run-pytest.sh cluster $(B)/test-cluster.xml $(PYTHON) \
	    tests/system/test_slurm.py tests/system/test_hosts.py $(TESTS)

test-vtk: $(B)/heatstream $(VENV)/tests.stamp ## frames files in VTK's netCDF reader, which is ParaView's
	$(Q)HEATSTREAM_VTK=1 $(SYSTEM) tests/tools/run-pytest.sh vtk $(B)/test-vtk.xml $(PYTHON) tests/system/test_frames_file.py -k vtk

soak-fence: $(B)/heatstream $(B)/heatstream-failing $(VENV)/tests.stamp build/broker/3.9/libs/.complete ## N= (50) times each case of two runs on one directory
	$(Q)HEATSTREAM_FENCES=$(or $(N),50) $(SYSTEM) KAFKA=3.9 tests/tools/run-pytest.sh soak-fence $(B)/soak-fence.xml $(PYTHON) \
	    tests/system/test_fence.py $(TESTS)

soak: $(B)/heatstream $(VENV)/tests.stamp build/broker/3.9/libs/.complete ## MINUTES= (60) of live running with a kill every two minutes
	$(Q)$(SYSTEM) PYTHONPATH=tests $(PYTHON) -m soak.steady out/soak $(or $(MINUTES),60) $(or $(SEED),1)

fuzz: ## coverage-guided fuzzing of every decoder, SECONDS= each (60)
	$(Q)$(MAKE) --no-print-directory B=build/fuzz CC=clang SAN=fuzzer-no-link,address,undefined fuzzers
	$(Q)tests/fuzz/run.sh $(or $(SECONDS),60) $(FUZZERS:$(B)/%=build/fuzz/%)

fuzzers: $(FUZZERS)

lint: $(B)/heatstream $(VENV)/tests.stamp ## format, include rules, sizes, compiler warnings, scripts, stale generated files
	$(Q)clang-format --dry-run -Werror $(STYLED)
	$(Q)$(PYTHON) tests/tools/lint_sources.py
	$(Q)$(PYTHON) tests/tools/reference.py --check $(B)/heatstream
	$(Q)shellcheck $$(grep -rlE '^#!.*[/ ](ba)?sh$$' jobs tests .ci)
	$(Q)$(VENV)/bin/ruff check -q analysis tests && $(VENV)/bin/ruff format -q --check analysis tests
	$(Q)cd analysis && $(abspath $(VENV))/bin/mypy
	$(Q)tests/tools/selftest.sh
	$(Q)$(MAKE) --no-print-directory B=build/lint-gcc SAN= CC=gcc WERROR=-Werror objects
	$(Q)$(MAKE) --no-print-directory B=build/lint-clang SAN= CC=clang WERROR=-Werror objects
	@echo 'lint: clean'

objects: $(OBJECTS) $(B)/src/main.o $(TESTOBJS)

reference: $(B)/heatstream $(VENV)/tests.stamp ## regenerate the deck reference of README.md and input/deck.schema.json
	$(Q)$(PYTHON) tests/tools/reference.py --write $(B)/heatstream

bench: $(BENCHES) $(B)/heatstream $(VENV)/tests.stamp build/broker/3.9/libs/.complete ## speed as ratios against baselines beside it; ROW= one row
	$(Q)$(SYSTEM) NP=$(or $(NP),1) KAFKA=3.9 PYTHONPATH=tests $(PYTHON) -m bench $(B)/tests/bench out/bench $(ROW)

profile: $(PROFILES) ## count the instructions of the hot paths against tests/profile/budget.txt; BUDGET=write sets it
	$(Q)tests/profile/run.sh $(PROFILES) $(BUDGET)

experiments: $(B)/heatstream $(VENV)/tests.stamp ## coupled streams in random order: events, runs, a table of errors
	$(Q)$(SYSTEM) PYTHONPATH=tests $(PYTHON) -m experiments.triangle out/triangle

SHARE = $(DESTDIR)$(PREFIX)/share
install: $(B)/heatstream ## program, manual pages, completion, decks and job scripts to PREFIX (default /usr/local), below DESTDIR
	install -D -m 755 $(B)/heatstream $(DESTDIR)$(PREFIX)/bin/heatstream
	install -d $(SHARE)/heatstream $(SHARE)/man/man1 $(SHARE)/man/man5 $(SHARE)/bash-completion/completions
	set -e; for page in $$($< generate list | grep '\.[15]$$'); do \
	    $< generate $$page >$(SHARE)/man/man$${page##*.}/$$page; \
	done
	$< generate heatstream.bash >$(SHARE)/bash-completion/completions/heatstream
	cp -R input jobs $(SHARE)/heatstream

clean: ## remove what was built, keep what was downloaded
	rm -rf $(filter-out $(VENV) build/broker%,$(wildcard build/*))

present:
	@pkg-config --exists $(PACKAGES) 2>/dev/null || { echo 'packages are missing: make deps, or install by hand' \
	    'those of the group "build" in tests/tools/packages.txt' >&2; exit 1; }

# Rewritten only when the text changes, so that nothing else is compiled again.
REWRITE = mkdir -p $(@D) && printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) >$@
GIT_ID  = $(shell git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null || echo unknown)
DATE    = $(shell git log -1 --format=%cd --date='format:%B %-d, %Y' 2>/dev/null || LC_ALL=C date '+%B %-d, %Y')
define BUILD_INFO
'#define HEATSTREAM_VERSION "$(VERSION)"' '#define HEATSTREAM_GIT_ID "$(GIT_ID)"' '#define HEATSTREAM_DATE "$(DATE)"' \
'#define HEATSTREAM_COMPILER "$(shell $(CC) --version 2>/dev/null | head -n 1)"' '#define HEATSTREAM_FLAGS "$(strip $(CFLAGS))"'
endef

$(GENERATED): FORCE
	@$(call REWRITE,$(BUILD_INFO))

$(B)/command: FORCE
	@$(call REWRITE,'$(CC) $(CPPFLAGS) $(CFLAGS)')

$(TESTOBJS): private CPPFLAGS += -Itests

# A record is read right after it was written, field by field: a vector of two fields would wait
# until both writes have reached the cache.
$(B)/src/window/classify.o: private CFLAGS += -fno-tree-slp-vectorize

$(B)/%.o: %.c $(B)/command | $(GENERATED) present
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/src/watch/assets.o: $(wildcard src/watch/page/*)

$(B)/libheatstream.a: $(OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/heatstream: $(B)/src/main.o $(B)/libheatstream.a
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/heatstream-failing: $(B)/src/main.o $(FAILOBJS) $(B)/libheatstream.a
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS) -rdynamic $(STEPS:%=-Wl,--wrap=%) -o $@ $^ $(LDLIBS)

$(UNIT) $(MPITESTS) $(BROKERS) $(BENCHES) $(PROFILES): $(B)/%: $(B)/%.o $(B)/libheatstream.a
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcunit

$(FUZZERS): $(B)/%: $(B)/%.o $(B)/libheatstream.a
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

$(VENV)/analysis.stamp: analysis/requirements.txt
	$(Q)tests/tools/venv.sh $(VENV) $< && touch $@

$(VENV)/tests.stamp: tests/requirements.txt $(VENV)/analysis.stamp
	$(Q)tests/tools/venv.sh $(VENV) $< && touch $@

build/broker/3.9/libs/.complete: tests/broker/pom.xml
build/broker/4/libs/.complete: tests/broker/pom-4.xml
build/broker/%/libs/.complete:
	$(Q)tests/broker/broker.sh jars --version $* && touch $@

.PRECIOUS: $(B)/%.o
-include $(shell find $(B) -name '*.d' 2>/dev/null)
