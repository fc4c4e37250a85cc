# make demo   a sweep on real data, restarted with one more value   (makes .venv)
# make test   the tests, on both lines of Hydra                       (makes build/hydra-*)
# make test-more   those in a browser, on a cluster, of kills and of programs of all kinds
# make test-full   all of them on both lines, the long ones, too
# make torture     killed at every write, disks that fail, damaged stores: in full, an hour
# make bench  what the runner costs, against its peers   (makes build/bench-*; SIZE=full)
# make vendored  is the JavaScript in the package what npm has?      (needs npm)
# make clean  remove what the two have made

# The first Python of at least 3.10 that can make environments.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.10 python3.14; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' \
		>/dev/null 2>&1 && echo $$name && break; done)

# Each process of the tests would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

PIP = -m pip --disable-pip-version-check --quiet
# What `make test` leaves to `make test-more`, to be done in six minutes by two processors.
MORE = $(addprefix tests/, benchmarks charts cluster page samples torture wild) \
	$(addprefix tests/hydra/test_, deaths.py ends.py search.py stop.py)
# What depends on the line of Hydra; the rest is tested on one of them. (`make test-full` tests
# all on both.)
ON_HYDRA = tests/compose tests/hydra/test_conformance.py tests/scenarios/test_bad_input.py \
	tests/wild/test_grammar.py
MORE_ON_HYDRA = tests/hydra --ignore=tests/hydra/test_conformance.py \
	$(addprefix tests/scenarios/test_, batches.py plan_and_preview.py restart_walk.py secrets.py) \
	tests/wild/test_secrets.py

# A test that has hung for five minutes fails, and says in which call it waits. (None of the small
# size takes half a minute.)
NO_HANG = -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

INSTALL_TEST = install --group dev --editable '.[samples]'

# Guild AI knows no later Python.
GUILD_PYTHON ?= $(shell for name in python3.11 python3.10 $(PYTHON); do \
	$$name -c 'import ensurepip, venv' >/dev/null 2>&1 && echo $$name && break; done)
SIZE ?= full
RESULTS = $(if $(filter full,$(SIZE)),benchmarks/results.json,build/benchmarks.json)
BENCH = build/bench-runner/bin/python -m benchmarks

TEST = -m pytest -n 3 --dist worksteal -m "not long" $(NO_HANG)

.PHONY: bench bench-readme demo test test-more test-full torture vendored clean

demo: .venv/ready
	@PATH="$(CURDIR)/.venv/bin:$$PATH" bash samples/digits/demo.sh

test: build/hydra-1.3/ready build/hydra-1.4/ready
	build/hydra-1.3/bin/python $(TEST) tests $(addprefix --ignore=,$(MORE))
	build/hydra-1.4/bin/python $(TEST) $(ON_HYDRA)

test-more: build/hydra-1.3/ready build/hydra-1.4/ready
	build/hydra-1.3/bin/python $(TEST) $(MORE)
	build/hydra-1.4/bin/python $(TEST) $(MORE_ON_HYDRA)

test-full: build/hydra-1.3/ready build/hydra-1.4/ready
	HYPOTHESIS_PROFILE=full build/hydra-1.3/bin/python -m pytest -n 3 --dist worksteal
	HYPOTHESIS_PROFILE=full build/hydra-1.4/bin/python -m pytest -n 3 --dist worksteal

torture: build/hydra-1.3/ready
	RUNNER_TORTURE=full build/hydra-1.3/bin/python -m pytest -n 3 --dist worksteal tests/torture

vendored: build/hydra-1.3/ready
	build/hydra-1.3/bin/python -m tests.charts.vendored

# Without Guild AI, which may not install everywhere, its row is left out.
bench: $(addprefix build/bench-,$(addsuffix /ready,runner hydra mlflow sweeper browser))
	@$(MAKE) --no-print-directory build/bench-guild/ready || echo "Guild AI is left out"
	build/bench-runner/bin/python $(PIP) install --force-reinstall --no-deps .
	$(BENCH) --size $(SIZE) --json $(RESULTS) --disk build \
		--hydra build/bench-hydra/bin/python --guild build/bench-guild/bin/python \
		--mlflow build/bench-mlflow/bin/python --optuna-sweeper build/bench-sweeper/bin/python \
		--browser build/bench-browser/bin/python

# Write the last results into benchmarks/README.md.
bench-readme:
	$(BENCH) --json benchmarks/results.json --readme

build/bench-runner/ready: pyproject.toml
	$(call environment,$(@D))
	$(@D)/bin/python $(PIP) install '.[samples,optuna,page]' hydra-core==1.3.8 coco-experiment==2.8.2
	@touch $@

build/bench-hydra/ready:
	$(call environment,$(@D))
	$(@D)/bin/python $(PIP) install hydra-core==1.3.8 hydra-joblib-launcher==1.2.0
	@touch $@

build/bench-mlflow/ready:
	$(call environment,$(@D))
	$(@D)/bin/python $(PIP) install mlflow==3.17.2
	@touch $@

build/bench-sweeper/ready:
	$(call environment,$(@D))
	$(@D)/bin/python $(PIP) install hydra-core==1.3.8 hydra-optuna-sweeper==1.3.0
	@touch $@

# What looks at pages in Chromium, and a peer that has one.
build/bench-browser/ready:
	$(call environment,$(@D))
	$(@D)/bin/python $(PIP) install 'playwright>=1.50' 'optuna-dashboard>=0.17'
	@touch $@

build/bench-guild/ready:
	$(GUILD_PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PIP) install guildai==0.9.0 'setuptools<81'
	@touch $@

.venv/ready: pyproject.toml
	$(call environment,$(@D))
	$(@D)/bin/python $(PIP) install --editable '.[samples]'
	@touch $@

build/hydra-1.3/ready: pyproject.toml
	$(call environment,$(@D))
	$(@D)/bin/python $(PIP) $(INSTALL_TEST) hydra-core==1.3.8 \
		hydra-joblib-launcher==1.2.0 hydra-submitit-launcher==1.2.0
	@touch $@

build/hydra-1.4/ready: pyproject.toml
	$(call environment,$(@D))
	$(@D)/bin/python $(PIP) $(INSTALL_TEST) hydra-core==1.4.0rc3 omegaconf==2.4.1rc1 \
		hydra-joblib-launcher==1.4.0rc3 hydra-submitit-launcher==1.4.0rc3
	@touch $@

define environment
	@test -n "$(PYTHON)" || \
		{ echo "Python 3.10 or later with its venv module is needed: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(1)
	$(1)/bin/python $(PIP) install --upgrade 'pip>=25.1'
endef

clean:
	rm -rf .venv build
