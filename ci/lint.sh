#!/usr/bin/env bash
# What the compiler says beyond errors. Warnings are errors here and nowhere else: while working they only warn.
set -euo pipefail
cd "$(dirname "$0")/.."
ci/cargo.sh clippy --workspace --all-targets --all-features --locked -- -D warnings
# What is unused without the features is seen only without them.
ci/cargo.sh clippy -p chat-core --lib --locked -- -D warnings
ci/cargo.sh clippy -p chat-ws --lib --locked -- -D warnings
ci/cargo.sh clippy -p chat-server --all-targets --no-default-features --locked -- -D warnings
# The Python package, its tests, its examples.
ci/python.sh lint
