# make check   what CI runs: format, vet, staticcheck, tidy, the rules of the house, all tests with the race detector
# make test    all tests; those that need Erlang or Elixir are skipped, by name, where these are not installed
# make erl     only the tests that talk to real Erlang and Elixir nodes; here a missing one is a failure
# make fuzz    every fuzz target for FUZZTIME
# make bench   the benchmarks of the packages
# make deps    installs Erlang and Elixir on Debian and its kin, says what to install elsewhere

GO ?= go
# More than two packages at a time only make the nodes that the tests start wait for each other.
TESTFLAGS ?= -p 2
# Each package; the slowest ones start dozens of real nodes.
TIMEOUT ?= 10m
FUZZTIME ?= 30s
# Run by version, so that it is no dependency of the module.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: check fmt vet staticcheck tidy archtest test racetest erl fuzz bench deps

# The tests come last, so that with -k everything else is known before the long part.
check: fmt vet staticcheck tidy archtest racetest

racetest:
	@$(MAKE) --no-print-directory test TESTFLAGS="-race -shuffle=on $(TESTFLAGS)"

fmt:
	@wrong=$$(gofmt -l .); if [ -n "$$wrong" ]; then echo "not formatted by gofmt:"; echo "$$wrong"; exit 1; fi

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) run $(STATICCHECK) ./...

tidy:
	$(GO) mod tidy -diff

archtest:
	$(GO) test ./internal/archtest

test:
	@lanes=$$(mktemp); status=0; \
	GONODE_SKIPPED_LANES="$$lanes" $(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) ./... || status=$$?; \
	command -v "$${GONODE_ERL:-erl}" >/dev/null || echo "real Erlang node: erl is not installed" >>"$$lanes"; \
	if [ -s "$$lanes" ]; then echo "Skipped lanes (make deps helps):"; sort -u "$$lanes" | sed 's/^/  /'; \
	else echo "Skipped lanes: none"; fi; \
	rm -f "$$lanes"; exit $$status

# Tests that need a real node stand in files whose name has the word erl or live in it, or in one of these packages.
LIVE = ./gonodetest ./integration/...

erl:
	@export CI=true; status=0; \
	for dir in $$(git ls-files -co --exclude-standard '*_test.go' | grep -E '(^|[/_])(erl|live)[^/]*_test\.go$$' \
			| grep -vE '^(gonodetest|integration)/' | xargs -r -n1 dirname | sort -u); do \
		names=$$(cat $$(ls $$dir/*_test.go | grep -E '[/_](erl|live)[^/]*_test\.go$$') \
			| sed -nE 's/^func (Test[A-Z][A-Za-z0-9_]*)\(.*/\1/p' | paste -sd'|' -); \
		[ -z "$$names" ] || $(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) -run "^($$names)$$" ./$$dir || status=1; \
	done; \
	$(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) $(LIVE) || status=1; exit $$status

fuzz:
	@GO="$(GO)" tools/fuzz $(FUZZTIME)

bench:
	$(GO) test -run '^$$' -bench . -benchmem $(TESTFLAGS) ./...

deps:
	@tools/deps
