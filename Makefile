# make check   what CI runs: format, vet, staticcheck, tidy, the rules of the house, all tests with the race detector
# make cross   the command for each system it is built for
# make test    all tests; those that need Erlang or Elixir are skipped, by name, where these are not installed
# make soak    all tests with full sizes, repetitions and durations, and those that are left to it alone
# make erl     only the tests that talk to real Erlang and Elixir nodes; here a missing one is a failure
#              make erl OTP=27: the same with Erlang/OTP 27 (or 23, 29), which is fetched, not installed; without Elixir
# make phoenix GONODE_PHOENIX=<ebin of phoenix_pubsub 2.x>: the tests that talk to Phoenix, with the real one in place of
#              the stand-in
# make matrix  the suites of integration/erlang/ct from containers with every release of Erlang/OTP and with Elixir, and what came
#              of it into docs/compat.md and README.md. Needs Go and Docker. MATRIXFLAGS="-peers otp27" is only that one
# make faults  containers paused, killed and cut off from each other under load, and the accounts afterwards into docs/faults.md
# make images  what the containers are made of: pulled, or made from Debian's packages where no registry can be reached
# make fuzz    every fuzz target for FUZZTIME
# make bench   a gonode server beside one on a BEAM node, then the benchmarks of the packages
# make api     writes the exported API down in internal/archtest/testdata/api.txt, to which archtest holds the code
# make release the archives of a release and their checksums into build/release; RELEASING.md says how
# make image   a container image of the program, gonode:latest, made without a registry
# make deps    installs Erlang and Elixir on Debian and its kin, says what to install elsewhere

GO ?= go
# More than two packages at a time only make the nodes that the tests start wait for each other. Tests that call
# t.Parallel mostly wait.
TESTFLAGS ?= -p 2 -parallel 4
# The longest one comes first, so that the others run beside it.
PACKAGES = ./integration/erlang ./...
# Each package; the slowest ones start dozens of real nodes.
TIMEOUT ?= 15m
FUZZTIME ?= 30s
MATRIXFLAGS ?= -write -reference
FAULTFLAGS ?= -write -long
# Modules of their own beside the one at the root, which go's patterns leave out.
NESTED = ergohost examples/depo
# Run by version, so that it is no dependency of the module.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: phoenix check fmt vet staticcheck tidy archtest cross reproducible test racetest soak erl images matrix faults \
	fuzz bench api release image deps

# The tests come last, so that with -k everything else is known before the long part.
check: fmt vet staticcheck tidy archtest cross reproducible racetest

racetest:
	@$(MAKE) --no-print-directory test TESTFLAGS="-race -shuffle=on $(TESTFLAGS)"

fmt:
	@wrong=$$(gofmt -l .); if [ -n "$$wrong" ]; then echo "not formatted by gofmt:"; echo "$$wrong"; exit 1; fi

vet:
	$(GO) vet ./...
	@for m in $(NESTED); do echo "go vet in $$m"; (cd $$m && $(GO) vet ./...) || exit 1; done

staticcheck:
	$(GO) run $(STATICCHECK) ./...
	@for m in $(NESTED); do echo "staticcheck in $$m"; (cd $$m && $(GO) run $(STATICCHECK) ./...) || exit 1; done

tidy:
	$(GO) mod tidy -diff
	@for m in $(NESTED); do echo "go mod tidy in $$m"; (cd $$m && $(GO) mod tidy -diff) || exit 1; done

archtest:
	$(GO) test ./internal/archtest

api:
	$(GO) test -count=1 ./internal/archtest -run '^TestTheExportedAPIIsTheOneThatIsWrittenDown$$' -update

# The files for other systems are compiled nowhere else.
SYSTEMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

cross:
	@for s in $(SYSTEMS); do echo "go build for $$s"; \
		CGO_ENABLED=0 GOOS=$${s%/*} GOARCH=$${s#*/} $(GO) build -o /dev/null ./cmd/gonode || exit 1; done

# One system stands for all: the archive has everything in it that a release has.
reproducible:
	$(GO) run ./internal/release -check -only linux/amd64

release:
	$(GO) run ./internal/release -out build/release

# The processor of this machine, or IMAGEARCH.
IMAGEARCH ?= $(shell $(GO) env GOARCH)

image:
	$(GO) run ./internal/release -image -out build/image -only linux/$(IMAGEARCH)
	docker build --build-arg TARGETARCH=$(IMAGEARCH) -t gonode .

test:
	@lanes=$${GONODE_SKIPPED_LANES:-$$(mktemp)}; status=0; \
	GONODE_SKIPPED_LANES="$$lanes" $(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) $(PACKAGES) || status=$$?; \
	for m in $(NESTED); do \
		(cd $$m && GONODE_SKIPPED_LANES="$$lanes" $(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) ./...) || status=$$?; \
	done; \
	command -v "$${GONODE_ERL:-erl}" >/dev/null || echo "real Erlang node: erl is not installed" >>"$$lanes"; \
	[ -z "$$GONODE_SKIPPED_LANES" ] || exit $$status; \
	if [ -s "$$lanes" ]; then echo "Skipped lanes (make deps helps):"; sort -u "$$lanes" | sed 's/^/  /'; \
	else echo "Skipped lanes: none"; fi; \
	rm -f "$$lanes"; exit $$status

phoenix:
	@test -d "$(GONODE_PHOENIX)" || { echo "GONODE_PHOENIX names no folder"; exit 2; }
	@GONODE_PHOENIX="$(GONODE_PHOENIX)" go test -count=1 ./phoenix/... ./examples/tracker/...

soak:
	@GONODE_SOAK=1 $(MAKE) --no-print-directory test TIMEOUT=1h

# Tests that need a real node stand in one of these packages, in a file whose name has the word erl or live in it, or in
# one that starts such a node.
LIVE = ./gonodetest/... ./integration/...

erl:
	@export CI=true; status=0; lanes=$$(mktemp); export GONODE_SKIPPED_LANES="$$lanes"; \
	if [ -n "$(OTP)" ]; then \
		bin=$$(tools/otp $(OTP)) || exit 1; \
		export PATH="$$bin:$$PATH" GONODE_ERL="$$bin/erl" GONODE_EPMD="$$bin/epmd" GONODE_ELIXIR=none GONODE_IEX=none; \
	fi; \
	live() { ls "$$1"/*_test.go | grep -E '[/_](erl|live)[^/]*_test\.go$$'; grep -lE 'beam\.Start(Erl|Elixir|ErlShell|IEx)\(' "$$1"/*_test.go; }; \
	for dir in $$(git ls-files -co --exclude-standard '*_test.go' | grep -vE '^(gonodetest|integration|internal)/' \
			| xargs -r -n1 dirname | sort -u); do \
		names=$$(live "$$dir" | sort -u | xargs -r cat | sed -nE 's/^func (Test[A-Z][A-Za-z0-9_]*)\(.*/\1/p' \
			| grep -vx TestMain | paste -sd'|' -); \
		[ -z "$$names" ] || (cd $$dir && $(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) -run "^($$names)$$" .) || status=1; \
	done; \
	$(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) $(LIVE) || status=1; \
	if [ -s "$$lanes" ]; then echo "Skipped lanes:"; sort -u "$$lanes" | sed 's/^/  /'; fi; \
	rm -f "$$lanes"; exit $$status

images:
	@tools/images

matrix:
	@$(GO) run ./integration/erlang/matrix $(MATRIXFLAGS)

# Not go run: the program is run once more in the network of a container.
faults:
	@dir=$$(mktemp -d); status=0; \
	{ CGO_ENABLED=0 $(GO) build -o $$dir/faults ./integration/erlang/faults && $$dir/faults $(FAULTFLAGS); } || status=$$?; \
	rm -rf $$dir; exit $$status

fuzz:
	@GO="$(GO)" tools/fuzz $(FUZZTIME)

bench:
	$(GO) run ./bench
	$(GO) test -run '^$$' -bench . -benchmem $(TESTFLAGS) ./...

deps:
	@tools/deps
