#!/usr/bin/env bash
# cargo, found and checked: `ci/cargo.sh ARGUMENTS…` is `cargo ARGUMENTS…`, or says what has to be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

# A shell without a login has neither HOME nor rustup's directory in its PATH.
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
export HOME
PATH="${CARGO_HOME:-$HOME/.cargo}/bin:${PATH:-/usr/local/bin:/usr/bin:/bin}"
export PATH

missing() {
    echo "error: $1" >&2
    echo "  $2" >&2
    exit 1
}

command -v cc >/dev/null || missing "there is no C compiler, which Rust links with" \
    "apt-get install build-essential (or your system's package of gcc or clang)"
command -v cargo >/dev/null || missing "there is no cargo" \
    "install Rust from https://rustup.rs (Debian: apt-get install rustup && rustup default stable)"

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
there=$(rustc --version | cut -d' ' -f2)
oldest=$(printf '%s\n%s\n' "$wanted" "$there" | sort -V | head -n 1)
[ "$oldest" = "$wanted" ] || missing "Rust $there is too old: $wanted or newer is needed" "rustup update stable"

exec cargo "$@"
