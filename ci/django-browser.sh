#!/usr/bin/env bash
# The example of a Django site and the chat box in a real browser, and the README's five lines in a site that was just made.
#
#   PYTHON=…/bin/python ci/django-browser.sh        a Python that has Django and chat_engine
#
# What is given as arguments goes to node's test runner: `ci/django-browser.sh --test-name-pattern=refresh`.
# `CHROMIUM` is the browser's program where it is not /usr/bin/chromium.
set -euo pipefail
cd "$(dirname "$0")/.."

# The oldest node that will do.
wanted=20

missing() {
    echo "error: $1" >&2
    shift
    printf '  %s\n' "$@" >&2
    exit 1
}

PYTHON=${PYTHON:-$PWD/.cache/python/dev/bin/python}
"$PYTHON" -c 'import chat_engine, django' 2>/dev/null || missing "$PYTHON has no Django or no chat_engine" \
    "ci/python.sh develop makes .cache/python/dev, which has both; PYTHON names another one"
PYTHON=$(cd "$(dirname "$PYTHON")" && echo "$PWD/$(basename "$PYTHON")")
export PYTHON

command -v node >/dev/null || missing "there is no node, which the browser tests run in" \
    "node $wanted or newer, with npm: https://nodejs.org (Debian 13, Ubuntu 25.04 or newer: apt-get install nodejs npm)"
version=$(node --version)
major=${version#v}
[ "${major%%.*}" -ge "$wanted" ] 2>/dev/null || missing "node $version is too old" "node $wanted or newer: https://nodejs.org"
command -v npm >/dev/null || missing "there is no npm, which fetches what drives the browser" "Debian, Ubuntu: apt-get install npm"
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

cd examples/django/browser
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
node --test --test-concurrency=2 --test-reporter=spec "$@" tests/*.test.js 2>&1 | tee "$log" || status=$?

# The sums of node's runner, in the line that ci/steps.sh counts.
sum() { sed -n "s/^ℹ $1 //p" "$log" | tail -n 1; }
failed=$(($(sum fail) + $(sum cancelled)))
verdict=ok
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ] || verdict=FAILED
echo "test result: $verdict. $(sum pass) passed; $failed failed; $(($(sum skipped) + $(sum todo))) ignored; 0 measured; 0 filtered out"
[ "$verdict" = ok ]
