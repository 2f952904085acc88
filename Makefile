# Each line here is what a person would type.  Every target makes its own venv, from Python and pip alone.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test soak bench bench-t38 conformance check docs clean

demo: $(VENV)/demo
	$(BIN)/python -m sandf.cli.demo

test: $(VENV)/test
	$(BIN)/python -m twisted.trial tests

soak: $(VENV)/test
	SANDF_SOAK=1 $(BIN)/python -m twisted.trial tests

bench: $(VENV)/test
	$(BIN)/python -m tests.bench

# CALLS=100 for another number of calls at once; CAPTURE=0 without packet captures.
bench-t38: $(VENV)/test
	$(BIN)/python -m tests.bench.t38_calls $(CALLS)

conformance: $(VENV)/test
	$(BIN)/python -m tests.conformance

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m twisted.trial tests.test_laws
	$(BIN)/sphinx-build -q -W -b html docs docs/_build

docs: $(VENV)/dev
	$(BIN)/sphinx-build -W -b html docs docs/_build

clean:
	rm -rf $(VENV) docs/_build demo-output build *.egg-info

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: setup.cfg | $(BIN)/pip
	$(BIN)/pip install --quiet --editable . --config-settings editable_mode=compat
	touch $@

$(VENV)/test: setup.cfg | $(BIN)/pip
	$(BIN)/pip install --quiet --editable '.[test]' --config-settings editable_mode=compat
	touch $@

$(VENV)/dev: setup.cfg | $(BIN)/pip
	$(BIN)/pip install --quiet --editable '.[dev]' --config-settings editable_mode=compat
	touch $@
