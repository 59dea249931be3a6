# Everything runs in .venv, which the first target to need it creates.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
SHAPES := data/shapes/shapes.json
# Left out: what they share, what takes hours, needs a browser or a checkpoint.
NOT_QUICK := suite timing published assembly fcmae_transfer page_redraw latency
BENCHMARKS := $(filter-out $(NOT_QUICK:%=tools/benchmarks/%.py),$(wildcard tools/benchmarks/*.py))

.PHONY: help install demo demo-seg test test-extras faults lint bench clean

help:
	@echo 'make demo         train a Mask R-CNN on generated data, and report on it'
	@echo 'make demo-seg     the same for a UperNet segmentor'
	@echo 'make test         run the tests'
	@echo 'make test-extras  run those of the page, of export and of video'
	@echo 'make faults       kill, fill and corrupt everything, for about half an hour'
	@echo 'make lint         run the linters'
	@echo 'make bench        measure, beside timm, torchvision and the host toolkits'
	@echo 'make install      only set up $(VENV)'
	@echo 'make clean        remove $(VENV) and the generated data'

install: $(VENV)/.installed

$(VENV)/.installed: setup.py constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; ok = (3, 10) <= v <= (3, 12); \
	sys.exit(0 if ok else "error: Python 3.10 to 3.12 is needed, $(PYTHON) is %d.%d; \
	use make PYTHON=python3.12" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'installing the tested packages into $(VENV): about two minutes'
	$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(SHAPES): | $(VENV)/.installed
	$(BIN)/python tools/make_shapes.py

demo: $(VENV)/.installed $(SHAPES)
	$(BIN)/python tools/train.py configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py \
		--work-dir work_dirs/demo
	$(BIN)/python tools/report.py work_dirs/demo

demo-seg: $(VENV)/.installed $(SHAPES)
	$(BIN)/python tools/train.py configs/shapes/upernet_convnext-v2-atto_demo_shapes.py \
		--work-dir work_dirs/demo-seg
	$(BIN)/python tools/report.py work_dirs/demo-seg

# One thread each: two that wait for each other on busy cores take ten times as long.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto \
	--maxprocesses 4 --dist loadfile

test: $(VENV)/.installed-dev
	$(PYTEST)

# The browser's tests need Chromium besides, which is a package of the system.
test-extras: $(VENV)/.installed-extras
	$(PYTEST) tests/app tests/export tests/inference tests/engine/test_loggers.py

$(VENV)/.installed-extras: $(VENV)/.installed-dev
	$(PIP) --constraint constraints.txt --editable '.[browser,export,log,video]' \
		supervision
	@touch $@

faults: $(VENV)/.installed-dev
	CONVNEXT_DENSE_FUZZ=80000 $(BIN)/python -m pytest tests/faults -m '' --durations=20

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

$(VENV)/.installed-bench: $(VENV)/.installed
	$(PIP) --constraint constraints.txt --editable '.[bench]'
	@touch $@

bench: $(VENV)/.installed-bench
	@for benchmark in $(BENCHMARKS); do \
		echo "== $$benchmark"; $(BIN)/python $$benchmark || exit; done

clean:
	rm -rf $(VENV) data/shapes
