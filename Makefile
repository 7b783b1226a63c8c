# Two commands for a newcomer: `make demo` and `make test`. Both install first; nothing else is needed but Python 3.11+.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: install demo test check format lock bench clean

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install
	$(BIN)/sandhan demo

# Two tests run at once already: threads of BLAS and OpenMP below them would only wait for each other.
test: install
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder --cov=matcher --cov=indexing --cov-report=term:skip-covered --cov-fail-under=90

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Needs uv; dlib-bin's wheels stand in for dlib, whose source build takes ten minutes and a compiler.
lock:
	uv pip compile pyproject.toml --extra postgres --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --override .ci/overrides.txt --output-file requirements.lock
	uv pip compile pyproject.toml --extra postgres --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --override .ci/overrides.txt --constraint requirements.lock \
		--output-file deploy/requirements.lock

bench: install
	$(BIN)/python -m benchmarks.quality.rescues
	$(BIN)/python -m benchmarks.quality.names --cldr
	$(BIN)/python -m benchmarks.quality.name_pairs
	$(BIN)/python -m benchmarks.speed.names
	$(BIN)/python -m benchmarks.scale --reports 10000 --corruption usual

clean:
	rm -rf .venv var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
