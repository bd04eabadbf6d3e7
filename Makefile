# heatstream: `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.DEFAULT_GOAL := all
.SUFFIXES:

CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
SAN     ?=
VARIANT ?= $(if $(SAN),san-$(subst $(comma),-,$(SAN)),release)$(if $(filter-out gcc,$(CC)),-$(notdir $(CC)))
comma   := ,
B       := build/$(VARIANT)
Q       := $(if $(V),,@)

PACKAGES := ompi hdf5-openmpi rdkafka yaml-0.1 libxxhash zlib
OPT      := $(if $(SAN),-O1 -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all,-O3)
CFLAGS   := -std=c11 -D_POSIX_C_SOURCE=200809L -g $(OPT) -ffp-contract=off -fno-strict-aliasing \
            -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
CPPFLAGS := -Iinclude -I$(B)/generated $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
LDFLAGS  := $(if $(SAN),-fsanitize=$(SAN))
LDLIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm

SOURCES  := $(filter-out src/main.c,$(wildcard src/*/*.c))
OBJECTS  := $(SOURCES:%.c=$(B)/%.o)
UNIT     := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
MPITESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/mpi/test_*.c))

.PHONY: all help clean test-unit test-mpi
all: $(B)/heatstream ## build build/<variant>/heatstream

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/libheatstream.a: $(OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/heatstream: $(B)/src/main.o $(B)/libheatstream.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libheatstream.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs cunit jansson)

$(B)/tests/mpi/%: $(B)/tests/mpi/%.o $(B)/libheatstream.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs cunit)

.PRECIOUS: $(B)/%.o
-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean: ## remove every build product, keep downloads
	rm -rf build/release* build/san-*
