# Greenline: `make demo` and `make test` set up all they need; both are quick the second time.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# tflite-runtime has no wheels for newer versions.
TFLITE := $(shell $(PYTHON) -c 'import sys; print("yes" * (sys.version_info < (3, 12)))')
PRINTS ?=
DPI ?=
DEMO_OPTIONS := $(if $(PRINTS),--prints '$(PRINTS)') $(if $(DPI),--dpi '$(DPI)')
FOLDERS := prints protocol drivers models link firmware matcher centre ota cli
CODE := $(FOLDERS) tests $(wildcard bench)

.PHONY: demo demo-once demo-update demo-update-once test lint format typing setup setup-dev setup-update clean bench-sensor bench-sensor-peers bench-faults bench-ota-power

demo: setup
	@$(BIN)/greenline demo $(DEMO_OPTIONS)

# Without interaction: one enrolled and one unknown finger; fails unless both answers are right.
demo-once: setup
	@$(BIN)/greenline demo --once --folder .demo-once $(DEMO_OPTIONS)

# The running kiosk is updated over a bad link, and a release that breaks its sensor is undone.
demo-update: setup-update
	@$(BIN)/greenline demo-update $(DEMO_OPTIONS)

# The same without interaction, as a test.
demo-update-once: setup-update
	@$(BIN)/greenline demo-update --once --folder .demo-update-once $(DEMO_OPTIONS)

# Files side by side, the tests of a file one after the other: its fixtures are made once.
test: setup-dev
	$(BIN)/python -m pytest -q --numprocesses auto --dist loadfile
	@$(if $(TFLITE),,echo "tflite-runtime ends with Python 3.11: the models were tested with LiteRT alone")
	$(if $(TFLITE),.venv-tflite/bin/python -m pytest -q tests/models --ignore tests/models/training)

lint: setup-dev typing
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/lint-imports
	MYPYPATH=.typing $(BIN)/mypy

format: setup-dev
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

# mypy does not follow the editable install's mapping: it is shown the tree as it is imported.
typing:
	@mkdir -p .typing/greenline
	@for folder in $(FOLDERS); do ln -sfn ../../$$folder .typing/greenline/$$folder; done

setup: $(VENV)/.installed
	@.ci/debian mosquitto

setup-dev: $(VENV)/.installed-dev $(VENV)/.axe $(if $(TFLITE),.venv-tflite/.installed)
	@.ci/debian mosquitto chromium libusb-1.0-0 umockdev libfaketime swtpm curl openssl \
		squashfs-tools dosfstools mtools cog

setup-update: setup $(VENV)/.installed-update
	@.ci/debian squashfs-tools

$(VENV)/.installed-update: pyproject.toml | $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[device,litert,matcher,update,release]'
	@touch $@

$(VENV)/.made:
	@.ci/venv $(PYTHON) $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml | $(VENV)/.made
	$(BIN)/pip install --quiet --editable '.[device,litert,matcher]'
	$(BIN)/python -m greenline.matcher.kernel.warm
	@touch $@

# tpm2-pytss has no wheels: it is built here.
$(VENV)/.installed-dev: pyproject.toml | $(VENV)/.installed
	@.ci/debian gcc python3-dev libtss2-dev pkg-config
	$(BIN)/pip install --quiet --editable '.[device,litert,matcher,dev,tpm,update,release]'
	@touch $@

# What tests/firmware/page asks whether everybody can use the page; it skips that without npm.
$(VENV)/.axe: | $(VENV)/.made
	@if command -v npm > /dev/null; then npm install --prefix $(VENV)/axe --no-save \
		--ignore-scripts --no-audit --no-fund --loglevel error axe-core@4; \
		else echo "npm is not here: the page is not tested with axe-core"; fi
	@touch $@

# The other runtime needs an older NumPy, so an environment of its own.
.venv-tflite/.installed: pyproject.toml
	@.ci/venv $(PYTHON) .venv-tflite
	.venv-tflite/bin/pip install --quiet --editable '.[tflite]' pytest hypothesis
	@touch $@

# Our serial driver: how much of the line it uses, and what faults make of it (half an hour).
bench-sensor: setup-dev
	$(BIN)/python bench/zfm_transfer.py --real
	nice $(BIN)/python bench/zfm_faults.py

# The same faults for two other libraries, side by side.
bench-sensor-peers: setup-dev .venv-peers/.installed
	nice $(BIN)/python bench/peers/compare.py

.venv-peers/.installed: bench/peers/requirements.txt
	@PYTHON=$(PYTHON) bench/peers/make-venv
	@touch $@

# Everything that can be broken, broken at least a hundred times (docs/faults.md; an hour). As root
# it also cuts the power and fills disks.
bench-faults: setup-dev
	@.ci/debian e2fsprogs iproute2
	nice $(BIN)/python -m bench.faults --out build/faults

# 200 power cuts of an emulated arm64 kiosk while it updates itself (docs/updates.md; an hour and a
# half).
bench-ota-power: setup-dev
	@.ci/debian qemu-system-arm device-tree-compiler e2fsprogs dosfstools mtools
	nice $(BIN)/python -m bench.ota_power --cuts 200 --seed 1 --out build/ota-power

clean:
	rm -rf .venv .venv-tflite .venv-peers .typing .demo .demo-prints .demo-once .demo-once-prints \
		.demo-update .demo-update-prints .demo-update-once .demo-update-once-prints
