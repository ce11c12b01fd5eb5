#!/usr/bin/env bash
# All figures in one run, and the page of them: benches/RESULTS.md. `ci/bench.sh --quick` is a look of two minutes, into
# target/bench-quick; `ci/bench.sh --help` says what else there is. Built first, so that the time is for measuring.
set -euo pipefail
cd "$(dirname "$0")/.."
ci/cargo.sh build --release --locked -p chat-server -p chat-benches --bins
ci/cargo.sh bench --locked -p chat-benches --no-run --quiet
# The peers too; where one cannot be had, the rest is measured, and the page says so.
ci/peers.sh >&2 || true
exec "${CARGO_TARGET_DIR:-target}/release/chat-bench" "$@"
