# Two commands do everything on a machine with Rust and Python 3.11+:
#   make serve   builds, gets the models, makes a development certificate and serves
#   make test    builds, gets the models and runs every test
# Those of the browser client need Node 20.19 or later as well, and are left out without it.
PYTHON ?= python3
VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
# What `make bench-compare` compares with.
BASE   ?= main
# How many processes run the tests of Python at once.
PROCESSES ?= 3
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := .stamps
RUST   := $(wildcard rust/src/*.rs) rust/Cargo.toml Cargo.toml Cargo.lock
# Puts sherpa-onnx on a GPU. It lies beside the Python files, so that the wheel takes it along.
SHIM   := $(if $(filter Linux,$(shell uname -s)),python/hwaja/libhwaja_shim.so)

# AsyncAPI's own parser, which checks docs/asyncapi.yaml; without node that test is skipped.
PARSER := $(if $(shell command -v npm 2>/dev/null),$(STAMPS)/parser)

# For the Python of the image, whichever one is here, and for each of its processors.
LOCK   := $(STAMPS)/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 \
          --generate-hashes --no-annotate --custom-compile-command 'make lock'

# What python/hwaja/adapters fits hwaja into; each has an extra of this name.
FRAMEWORKS := livekit pipecat

.PHONY: serve fleet helm test test-rust test-python test-web models adapters test-adapters \
        $(FRAMEWORKS:%=test-%) ray test-ray examples coverage lint asyncapi docs lock bench \
        bench-compare soak wheel browser clean

# HOST=lan serves the phones and other devices of this network, too.
serve: $(STAMPS)/serve
	$(BIN)/hwaja models pull
	$(BIN)/hwaja serve $(if $(filter lan,$(HOST)),--lan,--dev-cert)

# Four nodes behind HAProxy, to try on one machine: docs/fleet.md. Ctrl-C stops all.
fleet: models
	$(BIN)/hwaja bench fleet

test: test-rust test-web test-python

test-rust:
	cargo test --workspace
	cargo bench --workspace -- --test

# Most tests wait for sockets and browsers more than they compute, so some run at once. Those that
# need a machine without other load run afterwards, one after the other.
test-python: models $(PARSER)
	$(BIN)/pytest $(COVER) --numprocesses $(PROCESSES) --dist loadscope --no-loadscope-reorder -m 'not alone'
	$(BIN)/pytest $(COVER) -m alone
	$(BIN)/python -m mypy.stubtest hwaja._pcm

# Gives the property tests examples that `make test` does not have, until one fails.
examples: models
	$(BIN)/pytest --numprocesses $(PROCESSES) --dist loadscope -m 'hypothesis and not alone' \
		--hypothesis-profile search --timeout 1800

models: $(STAMPS)/dev
	$(BIN)/hwaja models pull --for-tests

# Fails below the floor, `fail_under` of [tool.coverage.report] in pyproject.toml.
coverage: $(STAMPS)/dev
	$(BIN)/coverage erase
	$(MAKE) test-python COVER='--cov --cov-append --cov-report='
	$(BIN)/coverage report

ifeq ($(shell command -v npm 2>/dev/null),)
test-web:
	@echo "SKIPPED: the tests of the browser client need Node 20.19 or later, which is not installed." >&2
else
test-web: $(STAMPS)/web
	cd tests/web && npm test && npm run syntax && npm run lint && npm run types
endif

# Each adapter beside its framework, in an environment of its own that has the whole server.
adapters: $(FRAMEWORKS:%=$(STAMPS)/%/ready)

test-adapters: $(FRAMEWORKS:%=test-%)

$(FRAMEWORKS:%=test-%): test-%: $(STAMPS)/%/ready
	$(STAMPS)/$*/bin/hwaja models pull --for-tests
	$(STAMPS)/$*/bin/pytest -W default::DeprecationWarning tests/adapters/test_$*.py
	$(STAMPS)/$*/bin/mypy python/hwaja/adapters/$*.py

# Engines on Ray, and what they have in common with local ones, in an environment of its own.
ray: $(STAMPS)/ray/ready

test-ray: $(STAMPS)/ray/ready
	$(STAMPS)/ray/bin/hwaja models pull --for-tests
	PYTHONPATH=bench $(STAMPS)/ray/bin/pytest -W default::DeprecationWarning \
	    tests/workers/test_transports.py tests/workers/test_ray_engines.py \
	    tests/workers/test_ray_sharing.py

lint: $(STAMPS)/dev
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# docs/asyncapi.yaml and the tables of docs/protocol.md, in both languages, from python/hwaja.
asyncapi: $(STAMPS)/dev
	$(BIN)/python -m tools.asyncapi

# What the image is made of, with digests: the newest that pyproject.toml permits.
lock: $(STAMPS)/lock/ready
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	    | $(LOCK) --output-file deploy/build.lock -
	$(LOCK) --extra cpu --extra files --output-file deploy/requirements.lock pyproject.toml
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["ko"], sep="\n")' \
	    | $(LOCK) --constraint deploy/requirements.lock --output-file deploy/language.lock -

# Checks the chart for Kubernetes (docs/kubernetes.md) with Helm, which Go builds in some minutes.
helm: $(STAMPS)/dev $(STAMPS)/helm/bin/helm
	$(BIN)/pip install --quiet 'kubernetes-validate>=1.37'
	$(BIN)/pytest -n0 tests/project/test_deploy_helm.py

$(STAMPS)/helm/bin/helm:
	GOBIN=$(abspath $(@D)) go install helm.sh/helm/v3/cmd/helm@v3.22.0

# build/site: README and docs/ as a site, in both languages. A broken link is an error.
docs: $(STAMPS)/docs/ready
	NO_MKDOCS_2_WARNING=1 $(STAMPS)/docs/bin/mkdocs build --strict

bench: $(STAMPS)/dev
	cargo bench --workspace
	$(BIN)/pytest bench --benchmark-enable --benchmark-only

bench-compare: $(STAMPS)/dev
	$(BIN)/hwaja bench experiment compare $(BASE)

# Hours: what CI runs for moments (tests/bench/test_soak.py). docs/reliability.md has the figures.
soak: models
	$(BIN)/pip install --quiet --editable 'bench[fuzz]'
	$(BIN)/hwaja bench soak vanished
	$(BIN)/hwaja bench soak capture
	$(BIN)/hwaja bench soak appointment
	$(BIN)/hwaja bench soak restarts --rounds 20
	$(BIN)/hwaja bench soak roaming --rounds 40
	$(BIN)/hwaja bench soak fleet --minutes 15
	$(BIN)/hwaja bench soak isolation --rounds 20
	$(BIN)/hwaja bench soak cycles --cycles 1000
	$(BIN)/hwaja bench soak abuse --seconds 600
	$(BIN)/hwaja bench soak floods --attempts 10000
	$(BIN)/hwaja bench soak deaths --minutes 60 --every 30
	$(BIN)/hwaja bench soak fuzz --inputs 1000000
	PROPTEST_CASES=100000 cargo test --release --workspace

wheel: $(STAMPS)/dev
	$(BIN)/maturin build --release --out dist
	cd packages/client && $(abspath $(BIN))/hatchling build -t wheel -d $(abspath dist)

# The browser client as one file, and as a package for npm.
browser: $(STAMPS)/web
	mkdir -p dist
	cd tests/web && node bundle.js ../../dist/hwaja-$(VERSION).js
	cd python/hwaja/web/client && npm pack --pack-destination $(abspath dist)

clean:
	rm -rf $(VENV) $(STAMPS) $(SHIM) dist build target .coverage* tests/web/node_modules tests/asyncapi/node_modules

# The extension is rebuilt when its source changes; Python files are used in place.
$(STAMPS)/serve: pyproject.toml $(RUST) | $(VENV) $(SHIM)
	$(BIN)/pip install --quiet --editable '.[cpu,ko,files,client,compare]'
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: pyproject.toml bench/pyproject.toml $(RUST) | $(VENV) $(SHIM)
	$(BIN)/pip install --quiet --editable '.[cpu,ko,files,otel,client,dev]' --editable bench
	mkdir -p $(STAMPS) && touch $@ $(STAMPS)/serve

$(STAMPS)/web: tests/web/package-lock.json
	cd tests/web && npm ci --no-audit --no-fund
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/parser: tests/asyncapi/package-lock.json
	cd tests/asyncapi && npm ci --no-audit --no-fund
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/lock/ready:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet 'uv>=0.8,<1'
	touch $@

$(STAMPS)/docs/ready: pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --upgrade pip
	$(@D)/bin/pip install --quiet --group docs
	touch $@

# Each editable build writes target/maturin and _pcm.abi3.so: one after the other, for --jobs.
$(STAMPS)/livekit/ready: | $(STAMPS)/dev
$(STAMPS)/pipecat/ready: | $(STAMPS)/livekit/ready
$(STAMPS)/ray/ready: | $(STAMPS)/pipecat/ready

$(STAMPS)/%/ready: pyproject.toml $(RUST) | $(SHIM)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --upgrade pip
	$(@D)/bin/pip install --quiet --editable '.[cpu,client,dev,$*]'
	touch $@

# Replaced, not overwritten: a server may be running on it.
$(SHIM): $(wildcard shim/src/*.rs) shim/build.rs shim/Cargo.toml Cargo.toml Cargo.lock
	cargo build --release --package hwaja-shim
	install $${CARGO_TARGET_DIR:-target}/release/libhwaja_shim.so $@

# An old pip downloads a whole wheel to tell where it is; a new one asks for its metadata.
$(VENV):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
