#!/usr/bin/env bash
# Whether the engine has become slower or larger than it was, in ways that do not depend on the machine: instructions of
# its hot operations, ratios to the limit taken in one run, memory of who is idle. What is looked at, and how, is told in
# benches/src/guard; the bounds are in benches/guard.json.
#
#   ci/guard.sh                      all of it
#   ci/guard.sh --only instructions  a part: instructions, ratios, memory
#   ci/guard.sh --record             takes the instructions of now as those that are to be kept to
set -euo pipefail
cd "$(dirname "$0")/.."

# The instructions of one compiler are not those of another, so what was recorded is allowed to be exceeded a little.
# Redis is not looked at here, and without it the programs are built in half the time.
ci/cargo.sh build --quiet --profile guard --locked --no-default-features -p chat-server -p chat-benches --bins
exec "${CARGO_TARGET_DIR:-target}/guard/chat-guard" "$@"
