#!/usr/bin/env bash
# The wheel as it goes out: for any Linux with the glibc of 2014 or newer, and for Python 3.10 or newer. Into target/wheels.
#
# zig, which comes from PyPI, links against that glibc; auditwheel says whether that came true.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/pythons.sh

ci/cargo.sh --version >/dev/null
# The oldest policy that Rust itself still runs on.
policy=manylinux2014
target=${CARGO_TARGET_DIR:-$PWD/target}
out=$target/wheels

environment wheel-tools "$python_default" chat-py/tests/requirements-wheel.txt
tools=$pythons_at/wheel-tools/bin
# maturin calls `python3 -m ziglang` of the environment. In a directory of its own, as another linker would have everything
# else built anew.
CARGO_TARGET_DIR=$target/manylinux PATH="$tools:$PATH" "$tools/maturin" build --manifest-path chat-py/Cargo.toml --release --locked --zig \
    --compatibility "$policy" --interpreter "$tools/python" --out "$out"

wheel=$(find "$out" -name 'chat_engine-*-cp310-abi3-manylinux*.whl' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-)
[ -n "$wheel" ] || { echo "error: no wheel for $policy in $out" >&2; exit 1; }
"$tools/auditwheel" show "$wheel"

# What it is for: it can be installed, and it works, on whatever Python comes first here.
"$python_default" -m venv --clear "$pythons_at/wheel-check"
"$pythons_at/wheel-check/bin/python" -m pip install --quiet --no-deps --no-index "$wheel"
(cd "$pythons_at/wheel-check" && bin/python -c '
import chat_engine
with chat_engine.Engine() as engine, engine.connect(user="42", name="Kim") as session:
    session.join("rust", create={"title": "Rust"})')
echo "$wheel"
