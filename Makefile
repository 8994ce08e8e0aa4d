# make run   set up and start the server on http://127.0.0.1:8080
# make test  set up and pass the tests
# make check format, lint, types, stale documents        make fix   mend what can be mended
# make docs  write the generated reference anew          make bench measure speed and memory
# make test-long     whole ways through a server that is slow or killed
# make test-engines  set up the neural engines' packages (some gigabytes) and pass their tests
# make ci    everything that CI runs

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt

ENGINES ?= .engines
ENGINE_PIP := $(ENGINES)/bin/python -m pip --disable-pip-version-check --quiet install
ENGINE_PACKAGES := six pytest numpy safetensors coqui-tts f5-tts qwen-tts faster-qwen3-tts pypinyin cutlet unidic-lite

.PHONY: run test test-long test-engines check fix docs bench ci

run: $(VENV)/.installed
	@$(BIN)/polyvox serve

test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

test-long: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -n auto --dist loadfile -m long

test-engines: $(VENV)/.installed-dev $(ENGINES)/.installed
	@PYTHONPATH=src OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 \
		$(ENGINES)/bin/python -m pytest -q -c tests/neural/pytest.ini --rootdir tests/neural tests/neural
	@POLYVOX_TEST_ENGINES=$(abspath $(ENGINES)) $(BIN)/python -m pytest -q -m engines

check: $(VENV)/.installed-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m docs.generate --check

fix: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.installed-dev
	@$(BIN)/python -m docs.generate

bench: $(VENV)/.installed-dev
	@$(PIP) --editable '.[bench]'
	@$(BIN)/python -m bench.start
	@$(BIN)/python -m bench.memory
	@$(BIN)/python -m bench.speech

ci:
	@bash .ci/run

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with PYTHON=")'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(ENGINES)/.installed: tests/neural/constraints.txt
	@echo "Setting up $(ENGINES) (some gigabytes) ..."
	@$(PYTHON) -m venv $(ENGINES)
	@$(ENGINE_PIP) --constraint tests/neural/constraints.txt torch
	@$(ENGINE_PIP) --constraint tests/neural/constraints.txt torchaudio torchcodec transformers \
		huggingface-hub fsspec datasets $(ENGINE_PACKAGES)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Adding what the tests need ..."
	@$(PIP) --editable '.[dev]'
	@touch $@
