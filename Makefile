# Everything a contributor does. `make help` lists it; CI runs `make test`.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS   += --no-print-directory

# The versions of the tools. They are built from source into .cache/bin.
GOLANGCI_LINT_VERSION := v2.15.0
GOFUMPT_VERSION       := v0.12.0
GOVULNCHECK_VERSION   := v1.8.0

BIN           := $(CURDIR)/.cache/bin
GOLANGCI_LINT := $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION)
GOFUMPT       := $(BIN)/gofumpt-$(GOFUMPT_VERSION)
GOVULNCHECK   := $(BIN)/govulncheck-$(GOVULNCHECK_VERSION)

# The areas of the conformance suite that pass, and must go on passing.
AREAS := core,cookies,hooks,database,social,generic-oauth,two-factor,username,tokens,storage
# What `make conformance` runs: AREA=core, or AREA=core,social.
AREA := $(AREAS)
# How many servers the conformance suite runs side by side.
JOBS := 4
# Scenarios of other areas that pass, by a part of their names.
SCENARIOS := misc/custom-session misc/open-api-paths \
	data/export-encrypted data/export-jwks data/export-password data/export-two data/import-cache data/import-email-token \
	data/import-enc data/import-jwks data/import-magic data/import-password data/import-session data/import-two \
	data/import-verification data/secret-rotation
# How long each fuzz target runs.
FUZZTIME := 30s
# Which benchmarks run, and how often.
BENCH := .
COUNT := 1
# How long each fault of `make chaos` is under load, and what the nodes share:
# postgres, redis-cluster or galera.
PHASE := 10s
ON := postgres
# For how long `make chaos` kills a node every ten seconds, instead of its faults.
KILLING := 0s
# How long `make soak` loads a server.
DURATION := 10m
# Which load tests run, for which contestants (empty: all).
TESTS := session signin signup mixed inproc
ONLY :=
# Flags for `make run`, for example SERVE="--listen :8080".
SERVE :=

# Starts the database servers of the tests around a command, unless they run.
SERVERS := go run ./internal/testservice/run

# The modules of the workspace: the tests of e2e need a browser and run alone.
MODULES    = $(shell go list -m -f '{{.Dir}}')
E2E        = $(filter %/e2e,$(MODULES))
GO_MODULES = $(filter-out %/e2e,$(MODULES))
GO_FILES   = $(shell find . -name node_modules -prune -o -name '*.go' -print)

# each runs a command in every module, also after one in which it failed:
# $(call each,modules,command).
define each
for module in $(1); do echo "# $${module##*/}"; (cd "$$module" && $(2)) || failed=1; done; exit $${failed:-0}
endef

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Start the server on http://localhost:3000 (SERVE="--listen :8080" adds flags)
	go run ./cmd/ostiary serve $(SERVE)

# The parts of `make test`. One that fails does not keep the others from running;
# the conformance suite comes last and ends with the number of its scenarios.
.PHONY: test checks
test: prepare ## Run everything CI runs
	@$(SERVERS) $(MAKE) --keep-going checks
checks: lint unit web e2e records conformance

.PHONY: test-fast
test-fast: ## Run the Go tests that need no servers: SQLite and memory only
	@$(call each,$(GO_MODULES),go test -short ./...)

.PHONY: prepare
prepare: ## Install what the tests need: compiler, database servers, Chromium, Go modules, npm packages, tools
	@scripts/prepare.sh
	@go mod download
	@$(MAKE) conformance/node_modules/.package-lock.json server/web/app/node_modules/.package-lock.json e2e/openid/node_modules/.package-lock.json e2e/sessionpages/node_modules/.package-lock.json internal/betterauth/node_modules/.package-lock.json internal/generate/validation/node_modules/.package-lock.json $(GOLANGCI_LINT) $(GOFUMPT)

.PHONY: unit go-tests
unit: internal/betterauth/node_modules/.package-lock.json internal/generate/validation/node_modules/.package-lock.json ## Run the Go tests of all modules with the race detector
	@$(SERVERS) $(MAKE) go-tests
go-tests:
	@$(call each,$(GO_MODULES),go test -race ./...)
	go test -run TestAllocations . ./server # which the race detector would falsify

.PHONY: lint
lint: $(GOLANGCI_LINT) $(GOFUMPT) ## Check formatting, vet, and run the linters
	@unformatted=$$($(GOFUMPT) -l $(GO_FILES)); \
	if [ -n "$$unformatted" ]; then echo "Not formatted (make fmt does it):"; echo "$$unformatted"; failed=1; fi; \
	$(call each,$(MODULES),go vet ./... && $(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml ./...)

.PHONY: web
web: server/web/app/node_modules/.package-lock.json ## Test the account page, and compare the committed build with a new one
	@scripts/web.sh

.PHONY: e2e
e2e: e2e/openid/node_modules/.package-lock.json e2e/sessionpages/node_modules/.package-lock.json ## Run the tests in a real browser
	@scripts/prepare.sh
	@$(call each,$(E2E),go test -count=1 ./...)

.PHONY: conformance conformance-check
conformance: conformance/node_modules/.package-lock.json ## Compare with the recorded behaviour of the reference (AREA=core,cookies DATABASE=postgres STORAGE=redis)
	go build -o bin/conformance-server ./conformance/server
	@$(if $(filter-out sqlite memory,$(DATABASE) $(STORAGE)),$(SERVERS)) $(MAKE) conformance-check
conformance-check:
	@cd conformance && export TARGET_CMD='$(CURDIR)/bin/conformance-server'; \
	$(if $(filter $(AREAS),$(AREA)),for scenario in $(SCENARIOS); do node run.mjs check --filter "$$scenario" || failed=1; done;) \
	node run.mjs check --area '$(AREA)' --jobs $(JOBS) && exit $${failed:-0}

.PHONY: records
records: ## Check that the conformance suite is unchanged
	@scripts/records.sh

.PHONY: provider-tests
provider-tests: ## Test every provider of social sign-in against a fake of it
	go test -count=1 -v ./internal/providerpages | grep -E '^(---|    ---|ok|FAIL)'

.PHONY: provider-pages
provider-pages: ## Write docs/providers from the code of the providers
	go run ./internal/providerpages

.PHONY: fuzz
fuzz: ## Run every fuzz target for a while (FUZZTIME=30s)
	@$(call each,$(GO_MODULES),$(CURDIR)/scripts/fuzz.sh $(FUZZTIME))

.PHONY: bench
bench: ## Run the benchmarks (BENCH=Session COUNT=10)
	@$(call each,$(GO_MODULES),go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...)

.PHONY: load
load: ## Compare with Better Auth and hand-written handlers under load (TESTS=session ONLY="go-pgx ostiary-db")
	@TESTS='$(TESTS)' ONLY='$(ONLY)' bench/run.sh

.PHONY: chaos
chaos: ## Break one thing after the other under three nodes and their load (ON=postgres, redis-cluster or galera, PHASE=10s; KILLING=3m kills nodes in a loop)
	@scripts/prepare.sh $(if $(filter galera,$(ON)),galera)
	go run ./e2e/chaos -on $(ON) -phase $(PHASE) -killing $(KILLING)

.PHONY: growth
growth: ## Measure what operations cost with a thousand to millions of rows; writes bin/growth.jsonl and bin/growth.svg
	@scripts/prepare.sh
	@mkdir -p bin
	go run ./e2e/growth -json bin/growth.jsonl
	node bench/plot.mjs bin/growth.jsonl bin

.PHONY: footprint
footprint: ## Measure binaries, start-up and the memory of an idle server
	@scripts/prepare.sh
	go run ./e2e/footprint

.PHONY: soak
soak: ## Load a server for long and look whether it grows (DURATION=10m); writes bin/soak.csv and bin/soak.svg
	@scripts/prepare.sh
	@mkdir -p bin
	go run ./e2e/soak -duration $(DURATION) -csv bin/soak.csv -plot bin/soak.svg

.PHONY: vulnerabilities
vulnerabilities: ## Look for known vulnerabilities (needs the Go vulnerability database)
	@if scripts/vulnerability-database.sh; then $(MAKE) $(GOVULNCHECK) && $(call each,$(MODULES),$(GOVULNCHECK) ./...); \
	else echo "NOT RUN: govulncheck, because its database cannot be reached from here"; fi

.PHONY: fmt
fmt: $(GOLANGCI_LINT) $(GOFUMPT) ## Format the Go code
	@$(GOFUMPT) -w $(GO_FILES)
	@$(call each,$(MODULES),$(GOLANGCI_LINT) fmt --config $(CURDIR)/.golangci.yml ./...)

.PHONY: tidy
tidy: ## Tidy the go.mod files of all modules
	@$(call each,$(MODULES),$(CURDIR)/scripts/tidy.sh $(CURDIR))

.PHONY: clean
clean: ## Remove what was built, the tools and the npm packages
	rm -rf bin .cache coverage.out conformance/node_modules server/web/app/node_modules e2e/openid/node_modules e2e/sessionpages/node_modules internal/betterauth/node_modules internal/generate/validation/node_modules

# npm ci removes and writes node_modules, so the file that npm leaves there is
# as new as the latest complete installation.
%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund
	@touch $@

$(GOLANGCI_LINT):
	@echo "Building golangci-lint $(GOLANGCI_LINT_VERSION), which takes minutes the first time"
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv $(BIN)/golangci-lint $@

$(GOFUMPT):
	GOBIN=$(BIN) go install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)
	@mv $(BIN)/gofumpt $@

$(GOVULNCHECK):
	GOBIN=$(BIN) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@mv $(BIN)/govulncheck $@
