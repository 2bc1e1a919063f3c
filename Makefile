# make demo   speech in, words as they come and their error rate out; nothing but this machine is asked
# make test   the tests, with branch coverage
# make lint   ruff and mypy
# make table  write the table of vendors and features into README.md, from what the vendors' folders say
#
# All of them set up .venv first; a second run installs nothing and needs no network, unless PyAudio could not be built.
# PYTHON=/path/to/python3 chooses the interpreter. 3.11 and 3.13 come first because pocketsphinx has wheels for them.

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
FIND := $(if $(PYTHON),$(PYTHON),python3.11 python3.13 python3 python3.12 python3.14 python)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
DEV := $(VENV)/.installed-dev
MIC := $(VENV)/.installed-mic
CLIENTS := tests/gateway/clients
NODE := $(CLIENTS)/node_modules/.installed
OLD := $(patsubst %,$(CLIENTS)/%/.installed,.deepgram4 .speechmatics5 .assemblyai-v2 .assemblyai-base64)
# Whoever has the tools for the tests has all that the demo needs.
DEMO := $(if $(wildcard $(DEV)),$(DEV),$(VENV)/.installed-demo)
CLIP ?= awb
NEEDS := make: if a package had to be built and could not be: apt-get install build-essential python3-dev
NO_MIC := make: the microphone's tests will be skipped, PyAudio cannot be built: apt-get install build-essential \
	python3-dev portaudio19-dev, or brew install portaudio
NO_NODE := make: tests with Node clients will be skipped: apt-get install nodejs npm, or brew install node
NO_OLD = make: tests with $(PACKAGE) will be skipped, pip could not install it into $(@D)

.PHONY: demo test lint table clean

demo: $(DEMO)
	@$(BIN)/aai-migrate transcribe fixtures/audio/$(CLIP).wav --provider assemblyai-v3 --emulate --text \
		--srt $(VENV)/$(CLIP).srt
	@echo
	@$(BIN)/python fixtures/audio/score.py $(VENV)/$(CLIP).srt

test: $(DEV) $(MIC) $(NODE) $(OLD)
	$(BIN)/python -m pytest --numprocesses=auto --cov=aai_migrate --cov=aai_migrate_providers --cov-branch \
		--cov-report=term-missing:skip-covered --cov-fail-under=95 --durations=25

lint: $(DEV)
	$(BIN)/ruff check . .ci
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy --strict aai_migrate providers/aai_migrate_providers tests benchmarks fixtures/audio/*.py examples/*.py \
		examples/tiny_provider/aai_migrate_tiny .ci/*.py

table: $(DEV)
	$(BIN)/python .ci/table.py

clean:
	rm -rf $(VENV)

$(VENV)/.installed-demo: pyproject.toml | $(BIN)/python
	@echo "Installing the demo's packages into $(VENV) …"
	@$(PIP) --editable '.[all]' || { echo "$(NEEDS)" >&2; exit 1; }
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	@echo "Installing the tests' packages into $(VENV) …"
	@$(PIP) --editable '.[dev]' || { echo "$(NEEDS)" >&2; exit 1; }
	@touch $@

# Not made where it fails, so that the next run tries again.
$(MIC): $(DEV)
	@if $(PIP) --editable '.[mic]' >/dev/null 2>&1; then touch $@; else echo "$(NO_MIC)" >&2; fi

$(NODE): $(CLIENTS)/package.json
	@if npm install --prefix $(CLIENTS) --no-package-lock --no-audit --no-fund --silent >/dev/null 2>&1; \
		then touch $@; else echo "$(NO_NODE)" >&2; fi

# Each in a folder of its own: one environment does not hold two generations of a package.
$(CLIENTS)/.deepgram4/.installed: PACKAGE = deepgram-sdk==4.8.1
$(CLIENTS)/.speechmatics5/.installed: PACKAGE = speechmatics-python==5.0.0.post1
$(CLIENTS)/.assemblyai-v2/.installed: PACKAGE = assemblyai==0.64.2
$(CLIENTS)/.assemblyai-base64/.installed: PACKAGE = assemblyai==0.20.0
$(OLD): $(DEV)
	@if $(PIP) --upgrade --target $(@D) '$(PACKAGE)' >/dev/null 2>&1; then touch $@; else echo "$(NO_OLD)" >&2; fi

$(BIN)/python:
	@venvless=; for candidate in $(FIND); do \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then \
			echo "Making $(VENV) with $$("$$candidate" --version) …"; \
			exec "$$candidate" -m venv $(VENV); \
		fi; \
		venvless="$$venvless $$candidate"; \
	done; \
	if [ -n "$$venvless" ]; then \
		echo "make:$$venvless cannot make a virtual environment: apt-get install python3-venv" >&2; \
	else \
		echo "make: no Python 3.11 or later among: $(FIND); install one, or say PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1
