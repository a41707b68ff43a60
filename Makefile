# `make ablation` and `make test` each set up all they need in .venv, from pinned versions.
PYTHON ?= python3
BIN := .venv/bin
PAGES := README.md CONTRIBUTING.md CHANGELOG.md CITATION.cff LICENSE docs tests/bench/RESULTS.md $(wildcard recipes/*.md recipes/*/*.md recipes/*/*.yaml)

.PHONY: ablation test test-all quality base bench docs clean

ablation: .venv/ready
	$(BIN)/reins run recipes/micro/ablation.yaml

test: .venv/ready
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-all: .venv/ready
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest

quality: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy train eval recipes data_builders
	$(BIN)/mypy --strict eval/io eval/stats eval/verify eval/score eval/export eval/analyse

base: .venv/ready
	$(BIN)/python -m reins.recipes.micro_base recipes/micro/base.yaml --out recipes/micro/base

bench: .venv/ready
	for script in tests/bench/*.py; do $(BIN)/python $$script || exit 1; done

docs: .venv/docs
	rm -rf build/pages build/code build/site
	mkdir -p build/pages build/code/reins
	@tar -cf - $(PAGES) | tar -xf - -C build/pages
	tar -cf - __init__.py data_builders train eval recipes | tar -xf - -C build/code/reins
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

clean:
	rm -rf .venv build dist *.egg-info

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch .venv/ready

.venv/docs: .venv/ready
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[docs]"
	touch .venv/docs
