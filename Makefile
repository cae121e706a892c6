# Everything a developer needs; `make test` works on a fresh clone.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready
# Two OpenMP threads on a busy machine wait for each other by spinning: one is faster and repeatable.
export OMP_NUM_THREADS = 1
export OMP_WAIT_POLICY = PASSIVE

.PHONY: setup check test test-all clean

setup: $(READY)

# torch first and by itself: a looser request may bring gigabytes of GPU libraries.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,test,dev]'
	touch $@

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python

test: $(READY)
	$(BIN)/python -m pytest -n 2

test-all: $(READY) check
	$(BIN)/python -m pytest -m 'slow or not slow' --timeout=1800

clean:
	rm -rf $(VENV) dist
