#!/usr/bin/env bash
# Licences, duplicate versions, sources and known faults of everything we depend on, by cargo-deny and deny.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! ci/cargo.sh deny --version 2>/dev/null; then
    echo "error: cargo-deny is not installed: cargo install cargo-deny --locked" >&2
    exit 1
fi
ci/cargo.sh deny --all-features check bans licenses sources
# The list of known faults comes from the network; without one, say so rather than fail.
if ci/cargo.sh deny fetch db; then
    ci/cargo.sh deny --all-features check --disable-fetch advisories
else
    echo "NOT CHECKED: the list of known faults could not be fetched"
fi
