#!/usr/bin/env bash
# The documentation of the workspace; a broken link is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
RUSTDOCFLAGS="-D warnings" exec ci/cargo.sh doc --workspace --all-features --no-deps --locked
