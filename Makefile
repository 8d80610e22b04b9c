# make app   sets up on first use, then opens the app on the embedded demo data, offline
# make test  sets up, browser included, then runs every test
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup app test check bench zoo table tune sample-data backbone clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else 1)' || { \
	  echo "Hashlens needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.app: requirements.txt $(VENV)/.python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt $(VENV)/.python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(VENV)/.app $@

$(VENV)/.browser: tests/system_packages.py $(VENV)/.dev
	$(PY) tests/system_packages.py
	@touch $@

setup: $(VENV)/.app ## install what the app needs into .venv

app: $(VENV)/.app ## start the app
	$(PY) -m streamlit run app/main.py

test: $(VENV)/.browser ## run every test, a real browser included
	$(PY) -m pytest -n auto --dist worksteal

check: $(VENV)/.dev ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.browser ## measure speed and memory, write tests/benchmarks/results.md
	$(PY) -m tests.benchmarks

zoo: $(VENV)/.app ## train every method at every length on every embedded set (resumes)
	$(PY) -m models zoo

# FROM: the images, where they cannot be downloaded. MOBILENET, SQUEEZENET: weights of the backbones, likewise.
HEADS = --backbone mobilenet_v2 $(if $(MOBILENET),--weights-file $(MOBILENET))
SMALL = --backbone squeezenet1_0@64 $(if $(SQUEEZENET),--weights-file $(SQUEEZENET))
TABLE = $(PY) -m models table
FINETUNED = dpsh hashnet dsdh dtsh mihash csq greedyhash orthohash dpq
UNSEEN    = dpsh hashnet dtsh mihash csq orthohash sdh itq lsh
table: $(VENV)/.app ## CIFAR-10: every method and length, fine-tuned runs, unseen classes (hours; resumes)
	test -f "$${HASHLENS_LIBRARY:-.library}/datasets/cifar10/dataset.json" || $(PY) -m models fetch cifar10 $(if $(FROM),--from $(FROM))
	$(PY) -m models features cifar10 $(HEADS)
	$(TABLE) --dataset cifar10 $(HEADS)
	$(PY) -m models features cifar10 $(SMALL)
	$(TABLE) --dataset cifar10 $(SMALL) --methods $(FINETUNED) --n-bits 48 --seeds 0
	$(TABLE) --dataset cifar10 $(SMALL) --methods $(FINETUNED) --n-bits 48 --seeds 0 --mode finetune
	$(TABLE) --dataset cifar10@unseen $(HEADS) --methods $(UNSEEN) --n-bits 48
	$(PY) -m models ship cifar10 --whole lsh
	$(PY) -m models ship cifar10@unseen --whole $(UNSEEN)

tune: $(VENV)/.app ## search every method's learning rate on train images, and record it
	$(PY) -m models tune

sample-data: $(VENV)/.dev ## draw the embedded images again, bit for bit
	$(PY) tests/system_packages.py --drawing
	$(PY) -m models.data.generate

backbone: $(VENV)/.dev ## pre-train small_cnn again
	$(PY) tests/system_packages.py --drawing
	$(PY) -m models.engine.pretrain

clean: ## remove the virtual environment and every cache
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
