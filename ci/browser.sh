#!/usr/bin/env bash
# The tests of chat-server's pages in a real browser. A Chromium that is missing is installed, if that can be done here (Debian,
# as root or with a sudo that asks nothing); otherwise this says what to install, and fails.
#
# What is given as arguments goes to node's test runner: `ci/browser.sh --test-name-pattern=refresh`.
# `CHROMIUM` is the browser's program where it is not /usr/bin/chromium; `CHAT_SERVER` a server that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/node.sh

need_node "the browser tests run" "what drives the browser"

# The tests of what outlives a server keep their rooms in Redis.
ci/redis.sh

for_chromium=("the pages are tested with a real browser" "Debian: apt-get install chromium fonts-noto-cjk"
    "Fedora: dnf install chromium      others: set CHROMIUM to the program of a Chromium or Chrome")
if [ -z "${CHROMIUM:-}" ]; then
    CHROMIUM=/usr/bin/chromium
    if [ ! -x "$CHROMIUM" ]; then
        command -v apt-get >/dev/null || missing "there is no $CHROMIUM" "${for_chromium[@]}"
        # Ubuntu's package of that name only points to a snap, which has no /usr/bin/chromium.
        grep -qs '^ID=debian' /etc/os-release || missing "there is no $CHROMIUM" "${for_chromium[@]}"
        if [ "$(id -u)" -eq 0 ]; then
            as_root=(env)
        elif sudo -n true 2>/dev/null; then
            as_root=(sudo -n env)
        else
            missing "there is no $CHROMIUM, and who runs this may not install it" "${for_chromium[@]}"
        fi
        echo "there is no chromium: installing it"
        "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get update -qq || echo "the list of packages could not be renewed" >&2
        "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk ||
            missing "chromium could not be installed" "${for_chromium[@]}"
    fi
fi
export CHROMIUM
[ -x "$CHROMIUM" ] || missing "there is no program $CHROMIUM" "${for_chromium[@]}"

if [ -z "${CHAT_SERVER:-}" ]; then
    ci/cargo.sh build -p chat-server --locked
    CHAT_SERVER=${CARGO_TARGET_DIR:-$PWD/target}/debug/chat-server
fi
CHAT_SERVER=$(realpath "$CHAT_SERVER")
export CHAT_SERVER

(cd examples/server/browser && npm ci --silent --no-audit --no-fund)

ci/node-tests.sh examples/server/browser --test-concurrency=2 "$@"
