# `make` alone says what there is. Everything needs Go and nothing else, but
# where a target's line says more.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# A clone inside somebody's go.work is still a module of its own.
export GOWORK := off

# Go refuses to build when git does not trust the folder (root in a user's
# clone); then the binary goes without the commit's stamp.
BUILDVCS := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)

PKG ?= ./...
RACE ?= auto
LINT := go tool -modfile=.ci/lint.mod golangci-lint
PROOFS := $(notdir $(patsubst %/,%,$(wildcard test/prove/*/))) model linear rls

.PHONY: help
help: ## print this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z-]*:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: build ## open a shop whose assistant answers (Ctrl-C ends it)
	@exec bin/woochat demo

.PHONY: build
build: needs-go ## build bin/woochat
	@test -e bin/woochat || echo "Building woochat: the first build takes a minute or two, later ones seconds."
	@CGO_ENABLED=0 go build -trimpath -buildvcs=$(BUILDVCS) -o bin/woochat ./cmd/woochat

.PHONY: test
test: ## run every test (PKG=./domain/... for some; RACE=on|off); as root installs Chromium and Postgres if they are missing
	@test/harness/need.sh test
	@exec env RACE=$(RACE) test/harness/run.sh -timeout 20m $(TESTFLAGS) $(PKG)

.PHONY: bench
bench: needs-go ## run the benchmarks (BENCH=regexp for some)
	@exec env RACE=off test/harness/run.sh -run '^$$' -bench '$(or $(BENCH),.)' -benchmem -timeout 60m ./test/bench/...

# A proof is a folder of test/prove, test/rls, or a part of test/model. make test runs it
# small; here it runs in full, which may take many minutes. WOOCHAT_SEED says
# where the random numbers of model and linear begin; they tell where they ended.
proof_model := -skip ^TestLinear ./test/model
proof_linear := -run ^TestLinear ./test/model
proof_rls := ./test/rls
.PHONY: prove
prove: ## run a long proof in full: PART=name (no PART: list them)
ifeq ($(PART),)
	@echo "make prove PART=name, where name is one of: $(or $(PROOFS),(there are none yet))"
else ifeq ($(filter $(PART),$(PROOFS)),)
	@echo "there is no proof named $(PART); there are: $(or $(PROOFS),none yet)" >&2; exit 2
else
	@test/harness/need.sh test
	@exec env WOOCHAT_PROVE=full RACE=$(RACE) test/harness/run.sh -v -count=1 -timeout 180m $(TESTFLAGS) $(or $(proof_$(PART)),./test/prove/$(PART)/...)
endif

.PHONY: lint
lint: needs-go ## run the linters (the first run compiles them: about two minutes)
	@$(LINT) run

.PHONY: fmt
fmt: needs-go ## format the Go code as lint wants it
	@$(LINT) fmt

.PHONY: generate
generate: needs-go ## write the mocks and the widget's files anew (commit what changes)
	@go generate ./...
	@if test -x widget/build.sh; then widget/build.sh; fi

.PHONY: glove
glove: needs-go ## make the word vectors of adapters/glove anew (needs npm)
	@adapters/glove/internal/build/build.sh

.PHONY: cover
cover: ## run every test and show what they cover (bin/cover.html)
	@test/harness/need.sh test
	@mkdir -p bin
	@exec env RACE=off test/harness/run.sh -timeout 20m -coverpkg=./... -coverprofile="$(CURDIR)/bin/cover.out" $(PKG)
	@go tool cover -html=bin/cover.out -o bin/cover.html
	@go tool cover -func=bin/cover.out | tail -n 1

.PHONY: clean
clean: ## remove what make built
	@rm -rf bin

.PHONY: needs-go
needs-go:
	@test/harness/need.sh go
