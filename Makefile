# `make demo` plays the main use, `make test` runs all checks and tests. Both set up .venv first; outside this folder
# only a browser is installed, if there is none.

BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lint setup lock bench clean

demo: $(READY)
	@$(BIN)/firstbell demo

# The tests start hundreds of processes. Where PYTHONDONTWRITEBYTECODE is set, as in many containers, each would compile
# the package again.
test: lint
	@$(BIN)/python -m compileall -q artifacts journeys runner
	@$(BIN)/pytest -n 2 --dist loadfile

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

setup: $(READY)

$(READY): requirements.lock pyproject.toml deploy/set-up
	@deploy/set-up
	@touch $@

# The lock file has hashes and no addresses: pip uses the package index that this machine is configured for.
lock:
	@uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --extra dev --extra postgres pyproject.toml -o requirements.lock

# Lists the benchmarks. Run one with .venv/bin/python -m benchmarks.NAME; some take an hour.
bench:
	@for file in $$(grep -l __main__ benchmarks/*.py); do \
		printf 'benchmarks.%-14s%s\n' "$$(basename "$$file" .py)" "$$(sed -n '1s/"""//gp' "$$file")"; done

clean:
	@rm -rf .venv .firstbell evidence .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
