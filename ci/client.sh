#!/usr/bin/env bash
# The JavaScript client: its types and its code are checked, and it is tested against the real server.
#
# What is given as arguments goes to node's test runner: `ci/client.sh --test-name-pattern=token`.
# `CHAT_SERVER` is a server that is built already; `SEED` repeats the chance of an earlier run.
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/node.sh

need_node "the client's tests run" "what the tests are made with"

if [ -z "${CHAT_SERVER:-}" ]; then
    ci/cargo.sh build -p chat-server --locked
    CHAT_SERVER=${CARGO_TARGET_DIR:-$PWD/target}/debug/chat-server
fi
CHAT_SERVER=$(realpath "$CHAT_SERVER")
export CHAT_SERVER

(
    cd chat-ws/client
    # Fetched only if something else is wanted than what is there.
    if ! cmp -s package-lock.json node_modules/.fetched; then
        npm ci --silent --no-audit --no-fund
        cp package-lock.json node_modules/.fetched
    fi
    echo "types"
    node_modules/.bin/tsc
    node_modules/.bin/tsc -p tsconfig.js.json
)

ci/node-tests.sh chat-ws/client "$@"
