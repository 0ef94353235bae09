# The five commands of the project. Each installs what it needs into .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
OUT    ?= tanaoroshi-report
export PIP_NO_WARN_SCRIPT_LOCATION = 1

.PHONY: demo test check docs bench words clean

demo: $(VENV)/.base   ## stocktake of the shipped models, then says where the report lies
	@echo "Installed size: $$(du -sm $(VENV) | cut -f1) MB in $(VENV)"
	@start=$$(date +%s); $(BIN)/tanaoroshi demo --out $(OUT) && echo "Demo: $$(( $$(date +%s) - start )) s"

test: $(VENV)/.dev    ## all tests; browser tests need Chromium, which this installs where it can
	@scripts/ensure-chromium.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.dev   ## format, lint, types, layers, the code blocks of the docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/docs.py

docs: $(VENV)/.dev    ## run every code block of README and docs/
	$(BIN)/python scripts/docs.py

bench: $(VENV)/.dev   ## performance against peers and limits; minutes to hours
	$(BIN)/python bench/encode.py
	$(BIN)/python bench/reevaluate.py
	$(BIN)/python bench/metrics.py --growth
	$(BIN)/python bench/streams.py
	$(BIN)/python bench/coverage.py
	$(BIN)/python bench/false_shelves.py
	$(BIN)/python bench/archive_nulls.py
	$(BIN)/python bench/archive_truth.py
	$(BIN)/python bench/archive_codes.py
	$(BIN)/python bench/archive_table.py
	$(BIN)/python bench/archive_labels.py
	$(BIN)/python bench/archive_whole.py
	$(BIN)/python bench/copies.py
	$(BIN)/python bench/copies.py --emoji
	$(BIN)/python bench/no_change.py
	$(BIN)/python bench/matching.py

words: $(VENV)/.dev   ## extract sentences, update and compile the Japanese catalogue
	$(BIN)/python scripts/words.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	@start=$$(date +%s); $(PIP) --editable . && echo "Installed in $$(( $$(date +%s) - start )) s"
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) --editable '.[dev,train]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
