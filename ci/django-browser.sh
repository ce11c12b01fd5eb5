#!/usr/bin/env bash
# The example of a Django site and the chat box in a real browser, and the README's five lines in a site that was just made.
#
#   PYTHON=…/bin/python ci/django-browser.sh        a Python that has Django and chat_engine
#
# What is given as arguments goes to node's test runner: `ci/django-browser.sh --test-name-pattern=refresh`.
# `CHROMIUM` is the browser's program where it is not /usr/bin/chromium.
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/node.sh

PYTHON=${PYTHON:-$PWD/.cache/python/dev/bin/python}
"$PYTHON" -c 'import chat_engine, django' 2>/dev/null || missing "$PYTHON has no Django or no chat_engine" \
    "ci/python.sh develop makes .cache/python/dev, which has both; PYTHON names another one"
PYTHON=$(cd "$(dirname "$PYTHON")" && echo "$PWD/$(basename "$PYTHON")")
export PYTHON

need_node "the browser tests run" "what drives the browser"
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
[ -x "$CHROMIUM" ] || missing "there is no program $CHROMIUM" \
    "Debian: apt-get install chromium fonts-noto-cjk, or run ci/browser.sh, which does" \
    "others: set CHROMIUM to the program of a Chromium or Chrome"

# The tests of what outlives a server keep their rooms in Redis.
ci/redis.sh

# What drives the browser is that of chat-server's pages. Fetched if it is not there, or another one is wanted since.
(
    cd examples/server/browser
    [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
)

ci/node-tests.sh examples/django/browser --test-concurrency=2 "$@"
