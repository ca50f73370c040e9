# Needs Python 3.11 with pip, make and git; everything else comes from requirements.lock.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= $(shell for p in python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; \
	done)
VENV := .venv
BIN := $(VENV)/bin
SAMPLE_QUARTER ?= 2019Q4

# No tool reports anything home.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := 0
export GX_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp, not the folder: an interrupted installation is taken up again.
$(VENV)/.installed: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 was not found. Install it, or name it: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock (once, a few minutes) ..."
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --requirement requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --editable .
	@touch $@

.PHONY: setup
setup: $(VENV)/.installed ## Set up the environment in .venv

.PHONY: run
# The secret is the throw-away one that the package names: the persons of the sample are invented. It is set for this command only.
run: setup ## Build the sample from deliveries to publication, below build/
	@rm -rf build/sample-deliveries
	@$(BIN)/synerstat synthesise --sample --out build/sample-deliveries
	@SYNERSTAT_PERSON_KEY_SECRET="$$($(BIN)/python -c 'from synerstat.secret import SAMPLE_SECRET; print(SAMPLE_SECRET)')" \
		$(BIN)/synerstat run \
		--deliveries build/sample-deliveries --warehouse build/warehouse \
		--quarter $(SAMPLE_QUARTER) --out build/publication
	@echo "The publication is in $(CURDIR)/build/publication/latest"

.PHONY: test
# A process for each core; the tests of a file stay together, because they share what they build. The slowest files come
# first (tests/python/conftest.py).
test: setup ## Run the tests
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: spark
# What only Spark needs stands in the lock under a mark that pip passes over; without the mark it is installed.
spark: $(VENV)/.spark ## Add Apache Spark to the environment (400 MB; needs Java 17)
$(VENV)/.spark: $(VENV)/.installed
	@sed "s/ ; extra == 'spark'//" requirements.lock > $(VENV)/requirements-spark.lock
	@$(BIN)/python -m pip install -qq --requirement $(VENV)/requirements-spark.lock
	@touch $@

.PHONY: test-spark
test-spark: spark ## Build on DuckDB and on Spark, and compare every cell (some minutes)
	@$(BIN)/python -m pytest tests/spark

.PHONY: bench
bench: setup ## Measure the warehouse and what one would write instead; writes docs/performance.md (half an hour)
	@$(BIN)/python bench/run.py $(BENCH_OPTIONS)

.PHONY: lint
lint: setup ## Check style, types, SQL and the dbt project
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar models tests
	$(BIN)/dbt --quiet parse --profiles-dir profiles --no-partial-parse --warn-error-options '{"error": ["Deprecations"]}'

.PHONY: format
format: setup ## Bring Python and SQL into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --disable-progress-bar models tests

.PHONY: docs
docs: setup ## Write the documentation of the models, one page that needs no network
	@$(BIN)/dbt --quiet build --profiles-dir profiles --exclude-resource-type unit_test
	@$(BIN)/dbt --quiet docs generate --static --profiles-dir profiles
	@echo "The documentation is in $(CURDIR)/target/static_index.html"

.PHONY: lock
# uv lives in a folder of its own, so that it is no part of what it locks. The lock holds all extras; what is in it for Spark
# only gets the mark that `make spark` takes away, so that nobody else has to install it.
LOCK_OPTIONS := --universal --no-strip-extras --python-version 3.11 --no-emit-index-url --no-emit-find-links --quiet
lock: setup ## Write requirements.lock anew from pyproject.toml
	@test -x build/tools/bin/uv || { "$(PYTHON)" -m venv build/tools && build/tools/bin/python -m pip install --quiet uv; }
	@sed "s/ ; extra == 'spark'//" requirements.lock > build/all.lock
	build/tools/bin/uv pip compile pyproject.toml --all-extras $(LOCK_OPTIONS) --generate-hashes \
		--custom-compile-command "make lock" --output-file build/all.lock
	build/tools/bin/uv pip compile pyproject.toml --extra dev $(LOCK_OPTIONS) --no-annotate --no-header \
		--constraint build/all.lock > build/without-spark.txt
	@awk -F '[ =[]' 'FNR == NR { common[$$1]; next } \
		/^[a-z0-9]/ && !($$1 in common) { sub(/ \\$$/, " ; extra == '\''spark'\'' \\") } 1' \
		build/without-spark.txt build/all.lock > requirements.lock

.PHONY: clean
clean: ## Remove everything that was built, but not the environment
	rm -rf build target logs .mypy_cache .pytest_cache .ruff_cache .hypothesis
