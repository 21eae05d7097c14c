# Tools are in go.mod's tool lines, at the versions there, and run by "go tool".
GO       ?= go
FUZZTIME ?= 30s
SOURCES  := abi cmd examples guest host
PACKAGES := $(SOURCES:%=./%/...)

export BENCH_JSON

.DEFAULT_GOAL := help
.PHONY: help build run test test-flyte check bench fuzz generate

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/wasmsql, bin/wasmsql-flyte, which has the storage of buckets, and bin/wasmsql-server
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/ ./cmd/wasmsql ./cmd/wasmsql-flyte ./cmd/wasmsql-server

run: build ## make the database of examples/tracks and print rows of it
	cd examples/tracks && ../../bin/wasmsql run setup.yaml
	cd examples/tracks && ../../bin/wasmsql run 'tracks.yaml#after' -i after=10

test: ## run every test, with private PostgreSQL and MariaDB servers
	$(GO) run ./host/sqldb/sqldbtest/servers $(GO) test $(PACKAGES)

test-flyte: ## let the real flytekit, in a virtual environment, open what we write
	WASMSQL_TEST_FLYTEKIT=1 $(GO) run ./host/sqldb/sqldbtest/servers $(GO) test -count=1 ./host/flyte/flytekit

check: ## what must hold of the source: format, vet, staticcheck, imports, go.mod, generated files
	@before=$$(git status --porcelain) && \
	$(MAKE) --no-print-directory check-source && \
	after=$$(git status --porcelain) && \
	if [ "$$before" != "$$after" ]; then printf 'make check changed the tree:\n%s\n' "$$after"; exit 1; fi

.PHONY: check-source
check-source:
	@bad=$$(gofmt -l $(SOURCES)); if [ -n "$$bad" ]; then printf 'not as gofmt has it:\n%s\n' "$$bad"; exit 1; fi
	$(GO) vet $(PACKAGES)
	GOOS=wasip1 GOARCH=wasm $(GO) vet ./abi/... ./guest/...
	$(GO) tool staticcheck $(PACKAGES)
	$(GO) test -count=1 -run '^TestBoundary' ./cmd/wasmsql
	$(GO) mod tidy -diff
	$(GO) test -count=1 -run '^TestReproducible$$' ./host/builtin

bench: build ## measure, or PARTS=peers,growth of it; BENCH_JSON=FILE also writes the figures as JSON, PROFILE=DIR pprof files
	$(GO) run ./cmd/wasmsql/bench -binary bin/wasmsql $(if $(PARTS),-parts '$(PARTS)') $(if $(PROFILE),-profile '$(PROFILE)')

fuzz: ## run each fuzz target for FUZZTIME (30s)
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' $(SOURCES) | sed 's|/[^/]*:func | |' | sort -u | \
	while read -r dir target; do \
		echo "$$dir $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$dir" </dev/null || exit 1; \
	done

generate: ## rebuild what is generated: the template module, the C header
	$(GO) generate ./host/builtin ./abi/cheader
