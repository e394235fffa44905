PYTHON ?= python3
BIN := .venv/bin
N ?= 1000
DRAWS ?= 20
SIZE ?= 12
REAL_DRAWS ?= 60

LOWEST := .venv-lowest

.PHONY: demo test test-lowest bench docs figures figures-quick figures-full clean

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

# All tests, or some: make test TESTS=tests/theory.
test: .venv/dev.stamp
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q $(TESTS)

# With the lowest versions that pyproject.toml allows; what they warn of is not ours to mend.
test-lowest: $(LOWEST)/stamp
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -q \
		-o filterwarnings=default

# One table of speeds, benchmarks/RESULTS.md: all sections, 40 minutes beside other programs, or some:
# make bench SECTIONS="engine many". PRIMME, curvlinops and hessian-eigenthings are used if installed.
bench: .venv/dev.stamp
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks --out benchmarks/RESULTS.md $(SECTIONS)

# The site, in build/docs: warnings are errors.
docs: .venv/docs.stamp
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/sphinx-build -q -W --keep-going -j 2 -d build/doctrees \
		docs build/docs
	@echo "The site: build/docs/index.html"

# Under a minute, from the committed data; ten minutes on two cores; fifteen hours, and it resumes.
figures: .venv/demo.stamp
	$(BIN)/python -m figures draw

figures-quick: .venv/demo.stamp
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m figures quick

figures-full: .venv/demo.stamp
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m figures full

clean:
	rm -rf .venv $(LOWEST) demo build docs/made docs/reference/api docs/reference/cli.md docs/reference/figures.md

.venv/pip.stamp:
	$(PYTHON) -m venv .venv
	@touch $@

.venv/demo.stamp: .venv/pip.stamp pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[data]'
	@touch $@

.venv/dev.stamp: .venv/pip.stamp pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[data,dev]'
	@touch $@ .venv/demo.stamp

.venv/docs.stamp: .venv/pip.stamp pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[data,docs]'
	@touch $@ .venv/demo.stamp

$(LOWEST)/stamp: pyproject.toml .ci/lowest.py
	$(PYTHON) -m venv --clear $(LOWEST)
	$(PYTHON) .ci/lowest.py > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check -r $(LOWEST)/lowest.txt
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@
