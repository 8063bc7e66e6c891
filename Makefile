# Two commands for users: make rehearsal, make test. The rest are for people who change the code.
.PHONY: help setup browser rehearsal test check unit fuzz judge matrix soak twins bench bench-overhead bench-finish bench-registry bench-export bench-packages bench-fetch bench-pipeline bench-report bench-updates lock clean
.DEFAULT_GOAL := help

JUDGE ?= 1 20000
RUN := .venv/bin/builder host run --

help:  ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup:  ## Install what is missing: OS packages and .venv
	@sh builder/host/setup.sh

browser:  ## Install Chromium and Playwright too, by which tests look at pages
	@sh builder/host/setup.sh browser

rehearsal:  ## Make a template by a real installation of the rehearsal release
	@sh builder/host/setup.sh rehearsal
	@.venv/bin/builder build rehearsal

# Folder by folder: guests first, so that the quick tests after them keep every worker busy.
test: setup check  ## Lint, then run every test, with a worker for each processor
	@$(RUN) .venv/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder tests

check: setup  ## Lint only
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports
	@.venv/bin/mypy
	@shellcheck builder/host/setup.sh .ci/run

unit: setup  ## Run the unit tests: a minute or two, no privileges
	@.venv/bin/pytest tests/unit

fuzz: setup  ## Remaster damaged ISOs for FUZZ_SECONDS (600)
	@nice .venv/bin/python tests/integration/fuzz_iso.py

judge: setup  ## Change fields of ISOs where our check must be as strict as others; JUDGE="SEED COUNT --boots EVERY"
	@PYTHONPATH=tests/integration nice .venv/bin/python -m tests.integration.judge $(JUDGE)

matrix: setup  ## Each rehearsal with each firmware, each way to boot a medium, whole tables: an hour
	@$(RUN) .venv/bin/pytest --numprocesses auto --maxprocesses 4 -m matrix tests

soak: setup  ## Kill 60 builds and their libvirtd at random moments: hours; ARGS=--help
	@.venv/bin/python -m tests.e2e.soak $(ARGS)

twins: setup  ## Install one kickstart twice, and name the files that differ; ARGS="RELEASE", --help
	@$(RUN) .venv/bin/python -m tests.twins $(ARGS)

bench: setup  ## Time the remaster against other tools: a quarter of an hour; ARGS=--help
	@PYTHONPATH=tests/integration .venv/bin/python -m tests.bench.remaster $(ARGS)

bench-overhead: setup  ## Time builds against virt-install and Packer: a quarter of an hour; ARGS=--help
	@.venv/bin/python -m tests.bench.overhead $(ARGS)

bench-finish: setup  ## Time seal, trim and compression against virt-sysprep and its kin; ARGS=--help
	@.venv/bin/python -m tests.bench.finish $(ARGS)

bench-registry: setup  ## Time finding templates among 5,000 versions of one; ARGS=--help
	@.venv/bin/python -m tests.bench.registry $(ARGS)

bench-export: setup  ## Time writing a VMDK against qemu-img's own; ARGS=--help
	@.venv/bin/python -m tests.bench.export $(ARGS)

bench-packages: setup  ## Time reading lists of packages against createrepo_c's reader; ARGS=--help
	@.venv/bin/python -m tests.bench.packages $(ARGS)

bench-fetch: setup  ## Time download and verification against curl, then sha256sum; ARGS=--help
	@.venv/bin/python -m tests.bench.fetch $(ARGS)

bench-pipeline: setup  ## Time builds at once against one after the other, longest first; ARGS=--help
	@.venv/bin/python -m tests.bench.pipeline $(ARGS)

bench-report: setup  ## Time the report of 30 images and 90 nights, and measure it; ARGS=--help
	@.venv/bin/python -m tests.bench.report $(ARGS)

bench-updates: setup  ## Time finding a template's updates against createrepo_c's reader; ARGS=--help
	@.venv/bin/python -m tests.bench.updates $(ARGS)

lock: setup  ## Choose the newest versions that pyproject.toml allows, into requirements.lock
	@.venv/bin/python -m venv .venv/lock
	@.venv/lock/bin/pip install --quiet uv
	@.venv/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate \
	    --group dev pyproject.toml --output-file requirements.lock

clean:  ## Remove .venv and caches; pools and artifacts stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find builder tests -name __pycache__ -prune -exec rm -rf {} +
