# Short names for what is done often; the work is in ci/.

.DEFAULT_GOAL := help
.PHONY: help test lint fmt docs bench bench-quick load guard wheel deny ci

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

test: ## all tests; the one command that has to pass
	@ci/test.sh

lint: ## formatting and clippy, warnings being errors
	@ci/cargo.sh fmt --all --check
	@ci/lint.sh

fmt: ## formats the code
	@ci/cargo.sh fmt --all

docs: ## the documentation, into target/doc
	@ci/docs.sh

bench: ## all figures in 15 minutes, into benches/RESULTS.md; ONLY=drain: the benches of that name, on the terminal
ifdef ONLY
	@ci/cargo.sh bench --locked -p chat-benches --bench '*' -- '$(ONLY)'
else
	@ci/bench.sh $(ARGS)
endif

bench-quick: ## a look of two minutes at some of them, into target/bench-quick
	@ci/bench.sh --quick $(ARGS)

load: ## through the whole server, beside the least that a server could cost
	@ci/cargo.sh build --release --locked -p chat-server -p chat-benches --bins
	@target/release/chat-load compare $(ARGS)

guard: ## has anything become slower or larger? ARGS='--only instructions' for a part, '--record' to keep to what is now
	@ci/guard.sh $(ARGS)

wheel: ## the Python package for any Linux, into target/wheels
	@ci/wheel.sh

deny: ## licences, duplicate versions and known faults of dependencies
	@ci/deny.sh

ci: ## everything that must hold before a change goes in
	@.ci/run
