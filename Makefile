PYTHON ?= python3
BIN := .venv/bin
N ?= 1000
DRAWS ?= 20
SIZE ?= 12
REAL_DRAWS ?= 60

.PHONY: demo test clean

demo: .venv/demo.stamp
	@mkdir -p demo
	@echo "== Gaussian inputs =="
	@$(BIN)/bbpscape compare --p 2 --p-star 1 --a 0.01 --alpha 3 --N $(N) --draws $(DRAWS) --seed 0 \
		--plot demo/gaussian.png --save demo/gaussian.json
	@echo "== real inputs: patches of photographs =="
	@$(BIN)/bbpscape data patches --size $(SIZE) --contrast --out demo/patches.npy
	@$(BIN)/bbpscape compare --p 2 --p-star 1 --a 0.01 --alpha 3 --inputs demo/patches.npy \
		--equal-norms --draws $(REAL_DRAWS) --seed 0 --plot demo/patches.png --save demo/patches.json
	@echo "Figures: demo/gaussian.png, demo/patches.png   JSON: demo/gaussian.json, demo/patches.json"

test: .venv/dev.stamp
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q

clean:
	rm -rf .venv demo

.venv/pip.stamp:
	$(PYTHON) -m venv .venv
	@touch $@

.venv/demo.stamp: .venv/pip.stamp pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[data]'
	@touch $@

.venv/dev.stamp: .venv/pip.stamp pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[data,dev]'
	@touch $@ .venv/demo.stamp
